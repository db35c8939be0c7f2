"""The jobs of this machine in a row, without anybody who minds it.

Every job at work or waiting has a file in one folder of the user's state, and holds a lock on it for as long as it lives. One
that waits looks now and then, under a lock that all share, whether those before it have begun and whether there is room: the
CPUs that the jobs at work use and its own are no more than there are, or fewer jobs are at work than the slots that somebody
set. A job that was not told to wait takes its place at once, and counts as well.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from gts.errors import FileError, reason
from gts.formats.durable import write_durably
from gts.jobs.interruption import StopRequest
from gts.system import this_system
from gts.system.threads import available_cpus

QUEUE_POLL_SECONDS = 0.5

_DIGITS = 20  # of a time in microseconds
_SIZE = 1024


@dataclass(frozen=True)
class QueueEntry:
    """A job in the row."""

    job: str
    workspace: str
    threads: int
    is_running: bool
    created: str = ""
    """When the job was asked for, as its folder says: the order of the row, also after a reboot."""

    @property
    def file_name(self) -> str:
        """Of its file; sorts by the time."""
        return "".join(filter(str.isdigit, self.created)).ljust(_DIGITS, "0")[:_DIGITS] + f"-{self.job}"


class JobQueue:
    """The row of one user on one machine; every method may raise FileError."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or this_system().state_folder() / "queue"

    @property
    def slots(self) -> int | None:
        """How many jobs may work at a time; None: as many as there are CPUs for."""
        try:
            return max(1, int((self.folder / "slots").read_text()))
        except (OSError, ValueError):
            return None

    def set_slots(self, slots: int | None) -> None:
        """Set how many jobs may work at a time; None goes back to counting CPUs."""
        if slots is None:
            (self.folder / "slots").unlink(missing_ok=True)
            return
        self._make_folder()
        write_durably(self.folder / "slots", f"{slots}\n".encode())

    def entries(self) -> list[QueueEntry]:
        """The jobs in the row that live, in their order."""
        return [entry for path in self._entry_paths() if (entry := _read_live_entry(path)) is not None]

    @contextmanager
    def enter(self, entry: QueueEntry) -> Iterator[QueuePlace]:
        """A place in the row while the block runs."""
        self._make_folder()
        with self._locked():
            path = self.folder / entry.file_name
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            _write_entry(descriptor, entry)
        try:
            yield QueuePlace(self, path, descriptor, entry)
        finally:
            path.unlink(missing_ok=True)
            os.close(descriptor)

    def check_turn(self, own_path: Path, entry: QueueEntry) -> tuple[bool, str]:
        """Whether the job of a place may begin, and what it waits for; sweeps away those who died."""
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
        waiting = sum(not one.is_running for one in before)
        if waiting:
            return False, f"its turn: {waiting} before it"
        return self._check_capacity(entry, [one for one in others if one.is_running])

    def _check_capacity(self, entry: QueueEntry, working: list[QueueEntry]) -> tuple[bool, str]:
        if self.slots is not None:
            return len(working) < self.slots, f"a slot: {len(working)} of {self.slots} are taken"
        used, cpus = sum(one.threads for one in working), available_cpus()
        return not working or used + entry.threads <= cpus, f"CPUs: {used} of {cpus} are taken, it uses {entry.threads}"

    def _entry_paths(self) -> list[Path]:
        try:
            return sorted(path for path in self.folder.iterdir() if path.name[:_DIGITS].isdigit())
        except OSError:
            return []

    def _make_folder(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileError(
                f"cannot make the folder of the queue, {self.folder}: {reason(error)}",
                hint="name another place for it in the environment variable GTS_STATE",
            ) from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Only one process at a time is in here."""
        try:
            descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise FileError(f"cannot use the queue in {self.folder}: {reason(error)}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


class QueuePlace:
    """A job's own place in the row."""

    def __init__(self, queue: JobQueue, path: Path, descriptor: int, entry: QueueEntry) -> None:
        self._queue = queue
        self._path = path
        self._descriptor = descriptor
        self._entry = entry

    def wait(self, stop_request: StopRequest, on_reason: Callable[[str], None]) -> bool:
        """Wait until the job may begin, telling what for whenever that changes; False where somebody ended the waiting."""
        told = ""
        while True:
            with self._queue._locked():
                begins, reason = self._queue.check_turn(self._path, self._entry)
                if begins:
                    _write_entry(self._descriptor, QueueEntry(**{**self._entry.__dict__, "working": True}))
                    return True
            if reason != told:
                told = reason
                on_reason(f"for {reason}")
            if stop_request.wait(QUEUE_POLL_SECONDS):
                return False


def _read_live_entry(path: Path) -> QueueEntry | None:
    """What an entry says; None where the job behind it has ended."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return None
        return QueueEntry(**json.loads(os.pread(descriptor, _SIZE, 0)))
    except (OSError, ValueError, TypeError):
        return None
    finally:
        os.close(descriptor)


def _write_entry(descriptor: int, entry: QueueEntry) -> None:
    os.pwrite(descriptor, json.dumps(entry.__dict__).encode().ljust(_SIZE), 0)
