"""A worker of a search: trains what its owner says, and never sees the study.

`python -m gts.jobs.searches.worker THREADS SAVE_EVERY` is how the owner starts it.
The owner writes a line of JSON for each training that joins or leaves: `{"do": "train", "key": …, "folder": …}`, `{"do":
"drop", "key": …}`. The worker answers with lines of JSON: `tried` with step and score, `ended`, `broke` with the reason. When
the owner is gone, however it went, its end of the pipe closes: the worker saves everything and ends. Everything told of is on
the disk already, so nothing is lost if the line is.
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
from gts.jobs.searches.training_folder import TrainingFolder
from gts.jobs.searches.trials import close
from gts.search.cohort_pool import Broke, Crew, CrewEvent, Ended, Rounded, Task, Tried
from gts.store.workspace import RunFolder

FULL_DISK_SECONDS = 2.0


class Worker:
    """The crew of one process, with the folders of its trainings."""

    def __init__(self, threads: int, save_every: float, answers: int) -> None:
        """`answers`: the descriptor that the owner listens to."""
        self._crew = Crew(threads=threads)
        self._folders: dict[str, TrainingFolder] = {}
        self._save_every = save_every
        self._saved_at = time.monotonic()
        self._answers = answers
        self._halted = False
        self.stopping = False

    def work(self, orders: int) -> None:
        """Train until the owner is gone, or somebody wants an end; then save."""
        pending = b""
        while not self.stopping:
            ready = select.select([orders], [], [], 0.0 if self._crew.keys else 0.5)[0]
            if ready:
                data = os.read(orders, 1 << 16)
                if not data:
                    break
                *lines, pending = (pending + data).split(b"\n")
                for line in lines:
                    self._obey(json.loads(line))
            for event in self._crew.round():
                self._take(event)
            if time.monotonic() - self._saved_at >= self._save_every:
                self._save()
        self._save()
        for folder in self._folders.values():
            folder.let_go()

    def _obey(self, order: Mapping[str, Any]) -> None:
        key = order["key"]
        if order["do"] == "drop":
            if key in self._crew.keys:
                state = self._crew.checkpoint(key)
                self._crew.leave(key)
                self._close(key, "pruned", int(state.counters["step"]) if state else 0)
            return
        try:
            folder = TrainingFolder(RunFolder(Path(order["folder"])))
        except GtsError as error:
            self._tell({"what": "broke", "key": key, "step": 0, "reason": error.message})
            return
        self._folders[key] = folder
        self._crew.join(Task(key, folder.spec, folder.state, folder.best))

    def _take(self, event: CrewEvent) -> None:
        folder = self._folders[event.key]
        if isinstance(event, Rounded):
            self._persist(lambda: folder.round(event.step, event.epoch, event.metrics, event.seconds), folder.metrics.flush)
        elif isinstance(event, Tried):
            best = self._crew.best(event.key) if event.best else None
            folder.tried(event.step, event.score, best=event.best)
            self._persist(lambda: folder.keep(best))
            self._tell({"what": "tried", "key": event.key, "step": event.step, "score": event.score.as_dict()})
        elif isinstance(event, Broke):
            self._persist(lambda: folder.bury(event.step, event.reason, event.remains))
            self._close(event.key, "failed", event.step, event.reason)
            self._tell({"what": "broke", "key": event.key, "step": event.step, "reason": event.reason})
        elif isinstance(event, Ended):
            state = self._crew.checkpoint(event.key)
            assert state is not None
            self._persist(lambda: folder.save(state))
            self._close(event.key, "done", event.step)
            self._tell({"what": "ended", "key": event.key, "step": event.step})

    def _close(self, key: str, state: str, step: int, reason: str = "") -> None:
        folder = self._folders.pop(key)
        self._persist(lambda: close(folder.folder, state, step, reason))
        folder.let_go(complete=state == "done")

    def _save(self) -> None:
        for key, folder in self._folders.items():
            state = self._crew.checkpoint(key)
            if state is not None:
                self._persist(lambda folder=folder, state=state: folder.save(state))
        self._saved_at = time.monotonic()

    def _persist(self, write: Any, again: Any = None) -> None:
        """Do something that writes; on a full disk stand still until there is room."""
        attempt = write
        while True:
            try:
                attempt()
            except FullDiskError as error:
                if self.stopping:
                    return  # what stands on the disk is what can be gone on from
                if not self._halted:
                    self._halted = True
                    self._tell({"what": "halted", "key": "", "reason": error.message})
                time.sleep(FULL_DISK_SECONDS)
                attempt = again or write
                continue
            if self._halted:
                self._halted = False
                self._tell({"what": "went on", "key": ""})
            return

    def _tell(self, answer: Mapping[str, Any]) -> None:
        with suppress(BrokenPipeError):  # an owner that is gone reads it from the disk when it comes back
            os.write(self._answers, (json.dumps(answer) + "\n").encode())


def main(arguments: Sequence[str]) -> int:
    """Work for the owner that holds the other ends of standard input and output."""
    threads, save_every = int(arguments[0]), float(arguments[1])
    # What a library prints must not stand between the answers.
    answers = os.dup(1)
    os.dup2(2, 1)
    worker = Worker(threads, save_every, answers)

    def ask(number: int, frame: Any) -> None:
        worker.stopping = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    try:
        worker.work(0)
    except GtsError as error:
        print(f"error: {error.message}", file=sys.stderr, flush=True)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
