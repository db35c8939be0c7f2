"""The folder of one training of a search, for the one process that works on it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import safetensors.numpy
from numpy.typing import NDArray

from gts.errors import DamagedError, FileError
from gts.formats.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from gts.formats.durable import write_durably
from gts.formats.spec_file import read_spec
from gts.jobs.life import Life
from gts.jobs.resuming import drop_later, newest_steps
from gts.store.metrics import MetricsWriter, set_aside
from gts.store.workspace import RunFolder
from gts.training.plan import Plan
from gts.training.score import Score

KEPT_STATES = 2

_PATIENCE_SECONDS = 60.0


class TrainingFolder:
    """The training that a folder holds: its state, its numbers, its lock."""

    def __init__(self, folder: RunFolder) -> None:
        """Take the lock, which one that is about to end may still hold, and find where the training stands.

        Raises BusyError where another process works on it, FileError where the folder cannot be used.
        """
        self.folder = folder
        self.life = Life.take(folder.lock, patience=_PATIENCE_SECONDS)
        try:
            self.life.say("running")
            self.spec = read_spec(folder.spec(0))
            self.state = self._newest()
            self.best = _readable(folder.best(0))
            self._history = [dict(row) for row in self.state.history] if self.state else []
            self.metrics = self._open_metrics()
            self.log(f"going on from step {self.state.counters['step']}" if self.state else "training begins")
        except BaseException:
            self.life.release()
            raise

    def log(self, text: str) -> None:
        """A line in the story of the training; a disk that cannot take it does without."""
        with suppress(OSError), self.folder.log.open("a", encoding="utf-8") as log:
            log.write(f"{datetime.now():%Y-%m-%d %H:%M:%S}  {text}\n")

    def round(self, step: int, epoch: int, metrics: Mapping[str, float], seconds: Mapping[str, float]) -> None:
        """Take in the numbers of a round."""
        self.metrics.round(step, epoch, [metrics], seconds)

    def tried(self, step: int, score: Score, *, best: bool) -> None:
        """Take in an evaluation."""
        self.metrics.evaluated(0, step, score.as_dict(), best=best)
        self.log(f"step {step}: evaluated, mean return {score.mean:.1f}")
        row = {"step": step, "mean": score.mean, "deviation": score.deviation}
        self._history.append({**row, "score": score.score, "length": score.length})

    def keep(self, best: Checkpoint | None) -> None:
        """Bring what was taken in to the disk, and the best policy where there is a new one."""
        self.metrics.flush()
        if best is not None:
            write_checkpoint(self.folder.best(0), self._full(best))

    def save(self, state: Checkpoint) -> None:
        """Write the complete state."""
        self.metrics.flush()
        write_checkpoint(self.folder.last(0, int(state.counters["step"])), self._full(state))
        for path in self.folder.lasts(0)[:-KEPT_STATES]:
            path.unlink(missing_ok=True)

    def bury(self, step: int, reason: str, remains: Mapping[str, NDArray[Any]]) -> None:
        """Keep what a failed training leaves."""
        self.metrics.failed(0, step, reason)
        self.log(f"failed at step {step}: {reason}")
        about = {"step": step, "reason": reason, "spec": self.spec.document(), "values": self.spec.values()}
        data = safetensors.numpy.save(dict(remains), metadata={"gts": json.dumps(about, ensure_ascii=False)})
        write_durably(self.folder.remains(0, step), data)

    def let_go(self, *, complete: bool = False) -> None:
        """Close everything; `complete` where the training has come to its end."""
        try:
            self.metrics.close(complete=complete)
        finally:
            self.life.release()

    def _full(self, checkpoint: Checkpoint) -> Checkpoint:
        return Checkpoint(**{**checkpoint.__dict__, "history": tuple(self._history)})

    def _newest(self) -> Checkpoint | None:
        for step in newest_steps(self.folder):
            state = _readable(self.folder.last(0, step))
            if state is not None:
                drop_later(self.folder, step)
                return state
        return None

    def _open_metrics(self) -> MetricsWriter:
        rounds = Plan.of(self.spec.params).epochs
        step = int(self.state.counters["step"]) if self.state else None
        try:
            return MetricsWriter(self.folder.metrics, rounds=rounds, resume=step)
        except DamagedError:
            set_aside(self.folder.metrics)
            return MetricsWriter(self.folder.metrics, rounds=rounds, resume=step)


def _readable(path: Path) -> Checkpoint | None:
    try:
        return read_checkpoint(path) if path.exists() else None
    except FileError:
        return None
