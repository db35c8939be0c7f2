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

from gts.errors import FileError, UsageError, reason
from gts.store.catalogue import utc_now
from gts.system import ProcessIdentity, is_running, own_identity

Activity = Literal["waiting", "running", "stopping", "paused"]

LOCK_TIMEOUT_SECONDS = 1.0
"""How long one who wants the lock tries: a look at it holds it for an instant."""

_SIZE = 4096
_LONGEST_REASON = 500
_TRY_SECONDS = 0.01
_ERRNOS_LOCKED = (errno.EAGAIN, errno.EACCES)
_ERRNOS_UNSUPPORTED = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)


class BusyError(UsageError):
    """Another process works on this already."""


@dataclass(frozen=True)
class LockInfo:
    """What a lock file says."""

    worker: ProcessIdentity
    group: bool
    """Whether the process leads a group of its own, which may be killed as a whole."""
    activity: Activity
    reason: str
    since: str
    """When it began to do so; UTC."""


class JobLock:
    """The lock of one folder, held."""

    def __init__(self, descriptor: int, *, group: bool) -> None:
        self.descriptor = descriptor
        self._leads_group = group
        self._worker = own_identity()

    @classmethod
    def acquire(cls, path: Path, *, group: bool = False, timeout: float = LOCK_TIMEOUT_SECONDS) -> Self:
        """Take the lock; raises BusyError where another process has it, FileError where there can be no lock file."""
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise FileError(f"cannot lock {path}: {reason(error)}") from error
        try:
            _flock_until(path, descriptor, time.monotonic() + timeout)
        except BaseException:
            os.close(descriptor)
            raise
        return cls(descriptor, group=group)

    @classmethod
    def from_descriptor(cls, descriptor: int) -> Self:
        """The lock that the starter of this process took for it."""
        os.set_inheritable(descriptor, False)
        return cls(descriptor, group=True)

    def set_activity(self, activity: Activity, reason: str = "") -> None:
        """Tell whoever looks what this process does; a disk that cannot even take this is passed over."""
        sign = LockInfo(self._worker, self._leads_group, activity, reason[:_LONGEST_REASON], utc_now())
        data = json.dumps(asdict(sign)).encode()
        with suppress(OSError):
            os.pwrite(self.descriptor, data.ljust(_SIZE - 1) + b"\n", 0)

    def transfer_to(self, worker: ProcessIdentity) -> None:
        """Let the sign be that of the process that has inherited the lock: it is the one to talk to from now on."""
        self._worker, self._leads_group = worker, True
        self.set_activity("waiting", "it starts")

    def release(self) -> None:
        """Let go of the lock, as the end of the process does."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def read_lock(path: Path) -> tuple[bool, LockInfo | None]:
    """Whether somebody holds a lock file, and what it says; None where it says nothing that can be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False, None
    try:
        info = _read_info(descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _ERRNOS_LOCKED:
                return True, info
            # A disk without locks: the process itself is all there is to look for.
            return info is not None and is_running(info.worker), info
        return False, info
    finally:
        os.close(descriptor)


def _flock_until(path: Path, descriptor: int, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError as error:
            if error.errno in _ERRNOS_UNSUPPORTED:
                info = _read_info(descriptor)
                if info is None or info.worker == own_identity() or not is_running(info.worker):
                    return
            elif error.errno not in _ERRNOS_LOCKED:
                raise FileError(f"cannot lock {path}: {reason(error)}") from error
            if time.monotonic() >= deadline:
                raise _busy_error(path, descriptor) from error
        time.sleep(_TRY_SECONDS)


def _busy_error(path: Path, descriptor: int) -> BusyError:
    info = _read_info(descriptor)
    who = f"process {info.worker.pid} on {info.worker.host}" if info else "another process"
    return BusyError(f"{who} is working on {path.parent.name} already", hint=f"follow it: gts tail {path.parent.name}")


def _read_info(descriptor: int) -> LockInfo | None:
    try:
        data: Any = json.loads(os.pread(descriptor, _SIZE, 0))
        return LockInfo(**{**data, "worker": ProcessIdentity(**data["worker"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None
