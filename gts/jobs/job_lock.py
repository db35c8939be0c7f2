"""The lock on a job's folder, which shows whether the job's process exists.

The process that runs a job holds an flock on a file; the kernel releases it when the process ends in any way. The content of
the file, the holder and its activity, is valid only while the lock is held. It is overwritten in place, which works on a full
disk too.
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
from gts.store.records import parse_record
from gts.system import ProcessIdentity, is_running, own_identity

Activity = Literal["queued", "running", "stopping", "paused"]

STARTING = "starting"
"""Reason of a queued job during the start of its process."""

LOCK_TIMEOUT_SECONDS = 1.0
"""How long to try for the lock: readers hold it for an instant."""

_SIZE = 4096
_LONGEST_REASON = 500
_TRY_SECONDS = 0.01
_ERRNOS_LOCKED = (errno.EAGAIN, errno.EACCES)
_ERRNOS_UNSUPPORTED = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)


class BusyError(UsageError):
    """Another process is running the job."""


@dataclass(frozen=True)
class LockInfo:
    """Content of a lock file."""

    worker: ProcessIdentity
    group: bool
    """Whether the process leads a process group of its own, which can be killed as a whole."""
    activity: Activity
    reason: str
    since: str
    """When the activity began; UTC."""


class JobLock:
    """A held lock."""

    def __init__(self, descriptor: int, *, group: bool) -> None:
        self.descriptor = descriptor
        self._leads_group = group
        self._worker = own_identity()

    @classmethod
    def acquire(cls, path: Path, *, group: bool = False, timeout: float = LOCK_TIMEOUT_SECONDS) -> Self:
        """Take the lock. Raises BusyError if another process holds it, FileError if the file cannot be locked."""
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
        """The lock inherited from the process that started this one."""
        os.set_inheritable(descriptor, False)
        return cls(descriptor, group=True)

    def set_activity(self, activity: Activity, reason: str = "") -> None:
        """Publish the activity of this process; errors of the disk are ignored."""
        info = LockInfo(self._worker, self._leads_group, activity, reason[:_LONGEST_REASON], utc_now())
        data = json.dumps(asdict(info)).encode()
        with suppress(OSError):
            os.pwrite(self.descriptor, data.ljust(_SIZE - 1) + b"\n", 0)

    def transfer_to(self, worker: ProcessIdentity) -> None:
        """Name the process that has inherited the lock as its holder."""
        self._worker, self._leads_group = worker, True
        self.set_activity("queued", STARTING)

    def release(self) -> None:
        """Release the lock, as the end of the process does."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def read_lock(path: Path) -> tuple[bool, LockInfo | None]:
    """Return (is locked, info); info is None if the file is missing or unreadable."""
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
            # A disk without locks: check the process instead.
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
    return BusyError(f"{path.parent.name} is already running ({who})", hint=f"follow it: gts tail {path.parent.name}")


def _read_info(descriptor: int) -> LockInfo | None:
    try:
        data: Any = json.loads(os.pread(descriptor, _SIZE, 0))
        return parse_record(LockInfo, {**data, "worker": parse_record(ProcessIdentity, data["worker"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None
