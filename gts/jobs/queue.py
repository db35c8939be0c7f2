"""The job queue of one machine, without a daemon: one locked file per job in the user's state folder.

Every queued or running job of any workspace has a file there and holds a lock on it until its process ends. A queued job
checks at intervals, under a lock that all jobs share, whether all jobs before it have started and whether there is room: either
the CPUs of the running jobs and its own fit this machine, or fewer jobs run than the user allowed slots. Jobs started without
`--queue` start at once, and are counted too.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from gts.errors import FileError, reason
from gts.formats.durable import write_durably
from gts.jobs.stop_request import StopRequest
from gts.store.records import parse_record
from gts.system import this_system
from gts.system.threads import available_cpus

QUEUE_POLL_SECONDS = 0.5

_DIGITS = 20  # of a time in microseconds
_SIZE = 1024


@dataclass(frozen=True)
class QueueEntry:
    """A job in the queue."""

    job: str
    workspace: str
    threads: int
    is_running: bool
    created: str = ""
    """Creation time of the job: the order of the queue, also after a reboot."""

    @property
    def file_name(self) -> str:
        """Name of its file; sorts by creation time."""
        return "".join(filter(str.isdigit, self.created)).ljust(_DIGITS, "0")[:_DIGITS] + f"-{self.job}"


class JobQueue:
    """The queue of one user on one machine. Every method may raise FileError."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or this_system().state_folder() / "queue"

    @property
    def slots(self) -> int | None:
        """How many jobs may run at the same time; None: as many as there are CPUs for."""
        try:
            return max(1, int((self.folder / "slots").read_text()))
        except (OSError, ValueError):
            return None

    def set_slots(self, slots: int | None) -> None:
        """Set how many jobs may run at the same time; None: as many as there are CPUs for."""
        with self._translate_os_errors():
            if slots is None:
                (self.folder / "slots").unlink(missing_ok=True)
                return
            self.folder.mkdir(parents=True, exist_ok=True)
            write_durably(self.folder / "slots", f"{slots}\n".encode())

    def entries(self) -> list[QueueEntry]:
        """The queued and running jobs, in order."""
        return [entry for path in self._entry_paths() if (entry := _read_live_entry(path)) is not None]

    @contextmanager
    def enter(self, entry: QueueEntry) -> Iterator[QueuePlace]:
        """Hold a place in the queue while the block runs."""
        path = self.folder / entry.file_name
        with self._translate_os_errors():
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._locked():
                descriptor = _create_entry(path, entry)
        try:
            yield QueuePlace(self, path, descriptor, entry)
        finally:
            # A file that cannot be removed counts no longer once its lock is gone.
            with suppress(OSError):
                path.unlink(missing_ok=True)
            os.close(descriptor)

    def try_start(self, own_path: Path, descriptor: int, entry: QueueEntry) -> tuple[bool, str]:
        """Mark the job of a place as running if it may start; returns (may start, the reason why not)."""
        with self._translate_os_errors(), self._locked():
            may_start, reason_to_wait = self.check_turn(own_path, entry)
            if may_start:
                _write_entry(descriptor, replace(entry, is_running=True))
            return may_start, reason_to_wait

    def check_turn(self, own_path: Path, entry: QueueEntry) -> tuple[bool, str]:
        """Whether the job of a place may start, and the reason why not; removes the files of ended processes."""
        before: list[QueueEntry] = []
        others: list[QueueEntry] = []
        for path in self._entry_paths():
            if path == own_path:
                before = list(others)
                continue
            living = _read_live_entry(path)
            if living is None:
                path.unlink(missing_ok=True)
            else:
                others.append(living)
        queued = sum(not one.is_running for one in before)
        if queued:
            return False, f"its turn: {queued} before it"
        return self._check_capacity(entry, [one for one in others if one.is_running])

    def _check_capacity(self, entry: QueueEntry, running: list[QueueEntry]) -> tuple[bool, str]:
        # Read once: another process may delete the file in between.
        slots = self.slots
        if slots is not None:
            return len(running) < slots, f"a slot: {len(running)} of {slots} are taken"
        used, cpus = sum(one.threads for one in running), available_cpus()
        return not running or used + entry.threads <= cpus, f"CPUs: {used} of {cpus} are taken, it uses {entry.threads}"

    def _entry_paths(self) -> list[Path]:
        try:
            return sorted(path for path in self.folder.iterdir() if path.name[:_DIGITS].isdigit())
        except OSError:
            return []

    @contextmanager
    def _translate_os_errors(self) -> Iterator[None]:
        """Raise FileError for what a full disk, missing rights or a file system without locks refuses."""
        try:
            yield
        except OSError as error:
            raise FileError(
                f"cannot use the folder of the queue, {self.folder}: {reason(error)}",
                hint="choose another one with the environment variable GTS_STATE",
            ) from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


class QueuePlace:
    """The place of one job in the queue."""

    def __init__(self, queue: JobQueue, path: Path, descriptor: int, entry: QueueEntry) -> None:
        self._queue = queue
        self._path = path
        self._descriptor = descriptor
        self._entry = entry

    def wait(self, stop_request: StopRequest, on_reason: Callable[[str], None]) -> bool:
        """Wait until the job may start, reporting each new reason to wait; False if a stop was requested. Raises FileError."""
        reported = ""
        while True:
            may_start, reason_to_wait = self._queue.try_start(self._path, self._descriptor, self._entry)
            if may_start:
                return True
            if reason_to_wait != reported:
                reported = reason_to_wait
                on_reason(f"for {reason_to_wait}")
            if stop_request.wait(QUEUE_POLL_SECONDS):
                return False


def _create_entry(path: Path, entry: QueueEntry) -> int:
    """Write and lock the file of an entry; returns its descriptor. Raises OSError, and then there is no file."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        _write_entry(descriptor, entry)
    except BaseException:
        os.close(descriptor)
        path.unlink(missing_ok=True)
        raise
    return descriptor


def _read_live_entry(path: Path) -> QueueEntry | None:
    """Read an entry; None if its process has ended."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return None
        return parse_record(QueueEntry, json.loads(os.pread(descriptor, _SIZE, 0)))
    except (OSError, ValueError):
        return None
    finally:
        os.close(descriptor)


def _write_entry(descriptor: int, entry: QueueEntry) -> None:
    os.pwrite(descriptor, json.dumps(asdict(entry)).encode().ljust(_SIZE), 0)
