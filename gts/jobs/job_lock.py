"""The sign of life of a job: a lock on a file in its folder.

The process that works on a job holds the lock, and the system takes it away when the process ends, however it ends; no other
sign of life is as sure. What the file says, who holds it and what the holder is doing, counts only while it is held. It is
written over in place, so that it can be told even on a full disk.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Self

from gts.errors import FileError, UsageError
from gts.store.catalogue import now
from gts.system import ProcessIdentity, lives, own_identity

Doing = Literal["waiting", "running", "stopping", "paused"]

PATIENCE_SECONDS = 1.0
"""How long one who wants the lock tries: a look at it holds it for an instant."""

_SIZE = 4096
_LONGEST_REASON = 500
_TRY_SECONDS = 0.01
_HELD = (errno.EAGAIN, errno.EACCES)
_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)


class BusyError(UsageError):
    """Another process works on this already."""


@dataclass(frozen=True)
class Sign:
    """What a lock file says."""

    worker: ProcessIdentity
    group: bool
    """Whether the process leads a group of its own, which may be killed as a whole."""
    doing: Doing
    reason: str
    since: str
    """When it began to do so; UTC."""


class Life:
    """The lock of one folder, held."""

    def __init__(self, descriptor: int, *, group: bool) -> None:
        self.descriptor = descriptor
        self._group = group
        self._worker = own_identity()

    @classmethod
    def take(cls, path: Path, *, group: bool = False, patience: float = PATIENCE_SECONDS) -> Self:
        """Take the lock; raises BusyError where another process has it, FileError where there can be no lock file."""
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise FileError(f"cannot lock {path}: {(error.strerror or str(error)).lower()}") from error
        try:
            _lock(path, descriptor, time.monotonic() + patience)
        except BaseException:
            os.close(descriptor)
            raise
        return cls(descriptor, group=group)

    @classmethod
    def inherited(cls, descriptor: int) -> Self:
        """The lock that the starter of this process took for it."""
        os.set_inheritable(descriptor, False)
        return cls(descriptor, group=True)

    def say(self, doing: Doing, reason: str = "") -> None:
        """Tell whoever looks what this process does; a disk that cannot even take this is passed over."""
        sign = Sign(self._worker, self._group, doing, reason[:_LONGEST_REASON], now())
        data = json.dumps(asdict(sign)).encode()
        with suppress(OSError):
            os.pwrite(self.descriptor, data.ljust(_SIZE - 1) + b"\n", 0)

    def pass_to(self, worker: ProcessIdentity) -> None:
        """Let the sign be that of the process that has inherited the lock: it is the one to talk to from now on."""
        self._worker, self._group = worker, True
        self.say("waiting", "it starts")

    def release(self) -> None:
        """Let go of the lock, as the end of the process does."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def look(path: Path) -> tuple[bool, Sign | None]:
    """Whether somebody holds a lock file, and what it says; None where it says nothing that can be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False, None
    try:
        sign = _read(descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _HELD:
                return True, sign
            # A disk without locks: the process itself is all there is to look for.
            return sign is not None and lives(sign.worker), sign
        return False, sign
    finally:
        os.close(descriptor)


def _lock(path: Path, descriptor: int, until: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError as error:
            if error.errno in _NO_LOCKS:
                sign = _read(descriptor)
                if sign is None or sign.worker == own_identity() or not lives(sign.worker):
                    return
            elif error.errno not in _HELD:
                raise FileError(f"cannot lock {path}: {(error.strerror or str(error)).lower()}") from error
            if time.monotonic() >= until:
                raise _busy(path, descriptor) from error
        time.sleep(_TRY_SECONDS)


def _busy(path: Path, descriptor: int) -> BusyError:
    sign = _read(descriptor)
    who = f"process {sign.worker.pid} on {sign.worker.host}" if sign else "another process"
    return BusyError(f"{who} is working on {path.parent.name} already", hint=f"follow it: gts tail {path.parent.name}")


def _read(descriptor: int) -> Sign | None:
    try:
        said: Any = json.loads(os.pread(descriptor, _SIZE, 0))
        return Sign(**{**said, "worker": ProcessIdentity(**said["worker"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None
