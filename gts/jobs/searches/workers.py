"""The worker processes of a search, as its coordinator sees them, and their number."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gts.errors import WorkError, reason
from gts.formats.durable import write_durably
from gts.jobs.launch import worker_environment
from gts.store.workspace import StudyFolder

END_SECONDS = 120.0


@dataclass
class WorkerProcess:
    """One worker."""

    number: int
    process: subprocess.Popen[bytes]
    tasks: dict[str, Path] = field(default_factory=dict)
    """Folders of its trainings by key."""
    pending: bytes = b""


class WorkerPool:
    """All workers of one search."""

    def __init__(self, count: int, *, threads: int, save_every: float, log: Path) -> None:
        """Start `count` workers that share `threads` CPUs; raises WorkError if that is impossible."""
        self._threads, self._save_every = threads, save_every
        self._log = log
        self._selector = selectors.DefaultSelector()
        self._leaving: list[WorkerProcess] = []
        self.processes: list[WorkerProcess] = []
        self.resize(count)

    def resize(self, count: int) -> bool:
        """Change the number of workers; surplus ones save and end. Returns whether it changed. Raises WorkError."""
        if count == len(self.processes):
            return False
        for worker in self.processes[count:]:
            self._leaving.append(worker)
            with suppress(OSError):
                assert worker.process.stdin is not None
                worker.process.stdin.close()
        del self.processes[count:]
        for number in range(len(self.processes), count):
            self.processes.append(self._start(number, max(1, self._threads // count)))
        return True

    def remove_if_leaving(self, worker: WorkerProcess) -> bool:
        """Forget a worker that has ended because it was surplus; False for any other worker."""
        if worker not in self._leaving:
            return False
        self._leaving.remove(worker)
        self._close_pipes(worker)
        return True

    def assign(self, worker: WorkerProcess, key: str, folder: Path) -> None:
        """Give a training to a worker."""
        worker.tasks[key] = folder
        self._send(worker, {"do": "train", "key": key, "folder": str(folder.absolute())})

    def unassign(self, key: str) -> None:
        """Withdraw a training from its worker."""
        for worker in (*self.processes, *self._leaving):
            if worker.tasks.pop(key, None) is not None:
                self._send(worker, {"do": "drop", "key": key})

    def read_messages(self, seconds: float) -> list[tuple[WorkerProcess, Mapping[str, Any]]]:
        """Messages of the workers within `seconds`; `{"event": "exited"}` for one that has ended."""
        found: list[tuple[WorkerProcess, Mapping[str, Any]]] = []
        for key, _ in self._selector.select(seconds):
            worker: WorkerProcess = key.data
            data = os.read(key.fd, 1 << 16)
            if not data:
                self._selector.unregister(key.fileobj)
                found.append((worker, {"event": "exited", "code": worker.process.wait()}))
                continue
            *lines, worker.pending = (worker.pending + data).split(b"\n")
            found += [(worker, json.loads(line)) for line in lines]
        return found

    def restart(self, worker: WorkerProcess) -> WorkerProcess:
        """Start a worker in place of one that has ended; its trainings are not reassigned here."""
        self._close_pipes(worker)
        self.processes[self.processes.index(worker)] = fresh = self._start(
            worker.number, max(1, self._threads // len(self.processes))
        )
        return fresh

    def shut_down(self) -> None:
        """Have every worker save and end, and wait for that."""
        here = [*self.processes, *self._leaving]
        for worker in here:
            with suppress(OSError):
                assert worker.process.stdin is not None
                worker.process.stdin.close()
        for worker in here:
            try:
                worker.process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
            self._close_pipes(worker)
        self._selector.close()

    def _start(self, number: int, threads: int) -> WorkerProcess:
        with self._log.open("ab") as log:
            try:
                process = subprocess.Popen(
                    [sys.executable, "-m", "gts.jobs.searches.search_worker", str(threads), str(self._save_every)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    cwd=self._log.parent,
                    # Only the coordinator opens the storage.
                    env={name: value for name, value in worker_environment().items() if name != "PGPASSWORD"},
                )
            except OSError as error:
                raise WorkError(f"cannot start a worker: {reason(error)}") from error
        worker = WorkerProcess(number, process)
        assert process.stdout is not None
        self._selector.register(process.stdout, selectors.EVENT_READ, worker)
        return worker

    def _send(self, worker: WorkerProcess, message: Mapping[str, Any]) -> None:
        with suppress(OSError, ValueError):  # an ended worker is noticed in `read_messages`
            assert worker.process.stdin is not None
            worker.process.stdin.write((json.dumps(message) + "\n").encode())
            worker.process.stdin.flush()

    def _close_pipes(self, worker: WorkerProcess) -> None:
        for pipe in (worker.process.stdin, worker.process.stdout):
            with suppress(OSError, ValueError, KeyError):
                if pipe is not None:
                    pipe.close()


def describe_worker_exit(code: int) -> str:
    """Describe an exit code within a sentence."""
    return f"signal {-code}" if code < 0 else f"exit {code}"


def set_worker_count(folder: StudyFolder, count: int) -> None:
    """Set the number of workers of a search, also for after it is resumed; raises FileError.

    The number has a file of its own, since only the holder of the job's lock writes `job.json`.
    """
    write_durably(_worker_count_file(folder), (json.dumps({"workers": count}) + "\n").encode())


def read_worker_count(folder: StudyFolder, default: int) -> int:
    """The number of workers that was set; `default` if there is none or it cannot be read."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return max(1, int(json.loads(_worker_count_file(folder).read_bytes())["workers"]))
    return default


def clear_worker_count(folder: StudyFolder) -> None:
    """Forget the number that was set: the search was started again with its own."""
    with suppress(OSError):
        _worker_count_file(folder).unlink(missing_ok=True)


def _worker_count_file(folder: StudyFolder) -> Path:
    return folder.path / "workers.json"
