"""The folder of one training of a search, for the one process that works on it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from gts.errors import FileError
from gts.formats.checkpoint import Checkpoint, read_checkpoint
from gts.formats.spec_file import read_spec
from gts.jobs.job_lock import Life
from gts.jobs.log import Story
from gts.jobs.trainings.member import MemberFiles
from gts.jobs.trainings.resume_state import drop_later, newest_steps, sweep
from gts.store.metrics import open_or_set_aside
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
        self.log = Story(folder.log).line
        self.life = Life.take(folder.lock, patience=_PATIENCE_SECONDS)
        try:
            self.life.say("running")
            sweep(folder)
            self.spec = read_spec(folder.spec(0))
            self.state = self._newest()
            self.best = _readable(folder.best(0))
            curve = self.state.history if self.state else ()
            self._files = MemberFiles(folder, 0, self.spec, kept=KEPT_STATES, history=curve)
            self.metrics, lost = open_or_set_aside(
                folder.metrics,
                rounds=Plan.of(self.spec.params).epochs,
                resume=int(self.state.counters["step"]) if self.state else None,
            )
            self.log(f"going on from step {self.state.counters['step']}" if self.state else "training begins")
            if lost:
                self.log(lost)
        except BaseException:
            self.life.release()
            raise

    def round(self, step: int, epoch: int, metrics: Mapping[str, float], seconds: Mapping[str, float]) -> None:
        """Take in the numbers of a round."""
        self.metrics.round(step, epoch, [metrics], seconds)

    def tried(self, step: int, score: Score, *, best: bool) -> None:
        """Take in an evaluation."""
        self.metrics.evaluated(0, step, score.as_dict(), best=best)
        self.log(f"step {step}: evaluated, mean return {score.mean:.1f}")
        self._files.evaluated(step, score)

    def keep(self, best: Checkpoint | None) -> None:
        """Bring what was taken in to the disk, and the best policy where there is a new one."""
        self.metrics.flush()
        if best is not None:
            self._files.save(self.folder.best(0), best)

    def save(self, state: Checkpoint) -> None:
        """Write the complete state."""
        self.metrics.flush()
        self._files.save(self.folder.last(0, int(state.counters["step"])), state)
        self._files.prune()

    def bury(self, step: int, reason: str, remains: Mapping[str, NDArray[Any]]) -> None:
        """Keep what a failed training leaves."""
        self.metrics.failed(0, step, reason)
        self.log(f"failed at step {step}: {reason}")
        self._files.bury(step, reason, remains)

    def let_go(self, *, complete: bool = False) -> None:
        """Close everything; `complete` where the training has come to its end."""
        try:
            self.metrics.close(complete=complete)
        finally:
            self.life.release()

    def _newest(self) -> Checkpoint | None:
        for step in newest_steps(self.folder):
            state = _readable(self.folder.last(0, step))
            if state is not None:
                drop_later(self.folder, step)
                return state
        return None


def _readable(path: Path) -> Checkpoint | None:
    try:
        return read_checkpoint(path) if path.exists() else None
    except FileError:
        return None
