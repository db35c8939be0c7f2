"""The workers of a search, as its owner holds them: processes that it talks to by pipes, and starts again when they die."""

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
from gts.jobs.launch import worker_environment

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
        """Start them, with so many CPUs for all of them; raises WorkError where that is impossible."""
        self._threads, self._save_every = threads, save_every
        self._log = log
        self._selector = selectors.DefaultSelector()
        self._leaving: list[WorkerProcess] = []
        self.processes: list[WorkerProcess] = []
        self.resize(count)

    def resize(self, count: int) -> bool:
        """Have so many from now on; those that are too many save and end. Whether that is a change. Raises WorkError."""
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
        """Whether a worker that has ended was one too many; then it is forgotten."""
        if worker not in self._leaving:
            return False
        self._leaving.remove(worker)
        self._close_pipes(worker)
        return True

    def assign(self, worker: WorkerProcess, key: str, folder: Path) -> None:
        """Give a worker a training."""
        worker.tasks[key] = folder
        self._send(worker, {"do": "train", "key": key, "folder": str(folder.absolute())})

    def unassign(self, key: str) -> None:
        """Take a training away from whoever has it."""
        for worker in (*self.processes, *self._leaving):
            if worker.tasks.pop(key, None) is not None:
                self._send(worker, {"do": "drop", "key": key})

    def read_messages(self, seconds: float) -> list[tuple[WorkerProcess, Mapping[str, Any]]]:
        """What the workers have said, waiting at most that long; `{"what": "died"}` of one that has ended."""
        found: list[tuple[WorkerProcess, Mapping[str, Any]]] = []
        for key, _ in self._selector.select(seconds):
            worker: WorkerProcess = key.data
            data = os.read(key.fd, 1 << 16)
            if not data:
                self._selector.unregister(key.fileobj)
                found.append((worker, {"what": "died", "code": worker.process.wait()}))
                continue
            *lines, worker.pending = (worker.pending + data).split(b"\n")
            found += [(worker, json.loads(line)) for line in lines]
        return found

    def restart(self, worker: WorkerProcess) -> WorkerProcess:
        """Start a worker in place of one that died; its trainings are not given to anybody yet."""
        self._close_pipes(worker)
        self.processes[self.processes.index(worker)] = fresh = self._start(
            worker.number, max(1, self._threads // len(self.processes))
        )
        return fresh

    def shut_down(self) -> None:
        """Let every worker save and end, and wait for it."""
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
                    [sys.executable, "-m", "gts.jobs.searches.worker", str(threads), str(self._save_every)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    cwd=self._log.parent,
                    env=worker_environment(),
                )
            except OSError as error:
                raise WorkError(f"cannot start a worker: {reason(error)}") from error
        worker = WorkerProcess(number, process)
        assert process.stdout is not None
        self._selector.register(process.stdout, selectors.EVENT_READ, worker)
        return worker

    def _send(self, worker: WorkerProcess, message: Mapping[str, Any]) -> None:
        with suppress(OSError, ValueError):  # one that has died or leaves is noticed where its answers are read
            assert worker.process.stdin is not None
            worker.process.stdin.write((json.dumps(message) + "\n").encode())
            worker.process.stdin.flush()

    def _close_pipes(self, worker: WorkerProcess) -> None:
        for pipe in (worker.process.stdin, worker.process.stdout):
            with suppress(OSError, ValueError, KeyError):
                if pipe is not None:
                    pipe.close()


def describe_worker_exit(code: int) -> str:
    """How a process has ended, for a sentence."""
    return f"signal {-code}" if code < 0 else f"exit {code}"
