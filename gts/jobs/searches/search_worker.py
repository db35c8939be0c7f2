"""A worker process of a search: trains what its coordinator assigns, and never opens the study.

`python -m gts.jobs.searches.search_worker THREADS SAVE_EVERY`, started by the coordinator. The coordinator writes a line of
JSON per training that is added or removed: `{"do": "train", "key": …, "folder": …}`, `{"do": "drop", "key": …}`. The worker
answers with lines of JSON: `evaluated` with step and score, `finished`, `failed` with the reason, `disk_full`,
`disk_full_cleared`. When the coordinator ends in any way, its end of the pipe closes: the worker saves everything and ends.
Everything reported is on the disk already, so that a lost line loses nothing.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from gts.errors import FullDiskError, GtsError
from gts.jobs.searches.active_trials import record_training_end
from gts.jobs.searches.training_folder import TrainingFolder
from gts.search.cohort_pool import (
    CohortPool,
    CohortPoolEvent,
    TaskDiverged,
    TaskEvaluated,
    TaskFinished,
    TaskRoundDone,
    TrainingTask,
)
from gts.store.workspace import RunFolder

WORKER_DISK_FULL_RETRY_SECONDS = 2.0


class SearchWorker:
    """The cohort pool of one process, with the folders of its trainings."""

    def __init__(self, threads: int, save_every: float, output: int) -> None:
        """`output`: descriptor of the pipe to the coordinator."""
        self._pool = CohortPool(threads=threads)
        self._folders: dict[str, TrainingFolder] = {}
        self._save_every = save_every
        self._saved_at = time.monotonic()
        self._output = output
        self._is_disk_full = False
        self.is_stopping = False

    def run(self, descriptor: int) -> None:
        """Train until the coordinator is gone or a stop is requested; then save."""
        pending = b""
        while not self.is_stopping:
            ready = select.select([descriptor], [], [], 0.0 if self._pool.keys else 0.5)[0]
            if ready:
                data = os.read(descriptor, 1 << 16)
                if not data:
                    break
                *lines, pending = (pending + data).split(b"\n")
                for line in lines:
                    self._handle_command(json.loads(line))
            for event in self._pool.run_round():
                self._handle_event(event)
            if time.monotonic() - self._saved_at >= self._save_every:
                self._save()
        self._save()
        for folder in self._folders.values():
            folder.close()

    def _handle_command(self, command: Mapping[str, Any]) -> None:
        key = command["key"]
        if command["do"] == "drop":
            if key in self._pool.keys:
                state = self._pool.checkpoint(key)
                self._pool.remove(key)
                self._close_training(key, "pruned", int(state.counters["step"]) if state else 0)
            return
        try:
            folder = TrainingFolder(RunFolder(Path(command["folder"])))
        except GtsError as error:
            self._send({"event": "failed", "key": key, "step": 0, "reason": error.message})
            return
        self._folders[key] = folder
        self._pool.add(TrainingTask(key, folder.spec, folder.state, folder.best))

    def _handle_event(self, event: CohortPoolEvent) -> None:
        folder = self._folders[event.key]
        if isinstance(event, TaskRoundDone):
            self._retry_while_disk_full(
                lambda: folder.add_round(event.step, event.epoch, event.metrics, event.seconds), folder.metrics.flush
            )
        elif isinstance(event, TaskEvaluated):
            best = self._pool.best_checkpoint(event.key) if event.is_best else None
            folder.add_evaluation(event.step, event.score, best=event.is_best)
            self._retry_while_disk_full(lambda: folder.flush(best))
            self._send({"event": "evaluated", "key": event.key, "step": event.step, "score": event.score.as_dict()})
        elif isinstance(event, TaskDiverged):
            self._retry_while_disk_full(lambda: folder.write_failure_dump(event.step, event.reason, event.failure_dump))
            self._close_training(event.key, "failed", event.step, event.reason)
            self._send({"event": "failed", "key": event.key, "step": event.step, "reason": event.reason})
        elif isinstance(event, TaskFinished):
            state = self._pool.checkpoint(event.key)
            assert state is not None
            self._retry_while_disk_full(lambda: folder.save(state))
            self._close_training(event.key, "done", event.step)
            self._send({"event": "finished", "key": event.key, "step": event.step})

    def _close_training(self, key: str, state: str, step: int, reason: str = "") -> None:
        folder = self._folders.pop(key)
        self._retry_while_disk_full(lambda: record_training_end(folder.folder, state, step, reason))
        folder.close(complete=state == "done")

    def _save(self) -> None:
        for key, folder in self._folders.items():
            state = self._pool.checkpoint(key)
            if state is not None:
                self._retry_while_disk_full(lambda folder=folder, state=state: folder.save(state))
        self._saved_at = time.monotonic()

    def _retry_while_disk_full(self, write: Any, retry: Any = None) -> None:
        """Call a function that writes; on a full disk, wait and retry until there is room."""
        attempt = write
        while True:
            try:
                attempt()
            except FullDiskError as error:
                if self.is_stopping:
                    return  # the run can be resumed from what is on the disk
                if not self._is_disk_full:
                    self._is_disk_full = True
                    self._send({"event": "disk_full", "key": "", "reason": error.message})
                time.sleep(WORKER_DISK_FULL_RETRY_SECONDS)
                attempt = retry or write
                continue
            if self._is_disk_full:
                self._is_disk_full = False
                self._send({"event": "disk_full_cleared", "key": ""})
            return

    def _send(self, message: Mapping[str, Any]) -> None:
        with suppress(BrokenPipeError):  # the next coordinator reads it from the disk
            os.write(self._output, (json.dumps(message) + "\n").encode())


def main(arguments: Sequence[str]) -> int:
    """Work for the coordinator at the other ends of standard input and output."""
    threads, save_every = int(arguments[0]), float(arguments[1])
    # Output of libraries must not mix with the messages.
    output = os.dup(1)
    os.dup2(2, 1)
    worker = SearchWorker(threads, save_every, output)

    def ask(number: int, frame: Any) -> None:
        worker.is_stopping = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    try:
        worker.run(0)
    except GtsError as error:
        print(f"error: {error.message}", file=sys.stderr, flush=True)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
