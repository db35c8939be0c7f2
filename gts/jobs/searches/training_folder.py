"""The folder of one training of a search, held by the one process that trains it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from gts.errors import FileError
from gts.formats.checkpoint import Checkpoint, read_checkpoint
from gts.formats.spec_file import read_spec
from gts.jobs.job_lock import JobLock
from gts.jobs.job_store import JobLog
from gts.jobs.trainings.resume_state import remove_later_states, remove_unfinished_files, saved_steps
from gts.jobs.trainings.run_writer import MemberFiles
from gts.store.metrics import open_metrics_writer
from gts.store.workspace import RunFolder
from gts.training.plan import TrainingPlan
from gts.training.score import Score

KEPT_TRIAL_STATES = 2

_LOCK_TIMEOUT_SECONDS = 60.0


class TrainingFolder:
    """State, metrics and lock of a training."""

    def __init__(self, folder: RunFolder) -> None:
        """Take the lock, waiting for a process that is about to end, and find the newest state.

        Raises BusyError if another process keeps it, FileError if the folder cannot be used.
        """
        self.folder = folder
        self.log = JobLog(folder.log).append
        self.lock = JobLock.acquire(folder.lock, timeout=_LOCK_TIMEOUT_SECONDS)
        try:
            self.lock.set_activity("running")
            remove_unfinished_files(folder)
            self.spec = read_spec(folder.spec(0))
            self.state = self._newest_state()
            self.best = _read_checkpoint_if_whole(folder.best_checkpoint(0))
            curve = self.state.history if self.state else ()
            self._files = MemberFiles(folder, 0, self.spec, kept=KEPT_TRIAL_STATES, history=curve)
            self.metrics, lost = open_metrics_writer(
                folder.metrics,
                rounds=TrainingPlan.from_params(self.spec.params).n_epochs,
                resume=int(self.state.counters["step"]) if self.state else None,
            )
            self.log(f"resuming from step {self.state.counters['step']}" if self.state else "training started")
            if lost:
                self.log(lost)
        except BaseException:
            self.lock.release()
            raise

    def add_round(self, step: int, epoch: int, metrics: Mapping[str, float], seconds: Mapping[str, float]) -> None:
        """Record the metrics of a round."""
        self.metrics.add_round(step, epoch, [metrics], seconds)

    def add_evaluation(self, step: int, score: Score, *, best: bool) -> None:
        """Record an evaluation."""
        self.metrics.add_evaluation(0, step, score.as_dict(), best=best)
        self.log(f"step {step}: evaluated, mean return {score.mean:.1f}")
        self._files.add_evaluation(step, score)

    def flush(self, best: Checkpoint | None) -> None:
        """Write the recorded metrics to the disk, and the best policy if there is a new one."""
        self.metrics.flush()
        if best is not None:
            self._files.save(self.folder.best_checkpoint(0), best)

    def save(self, state: Checkpoint) -> None:
        """Write the complete state."""
        self.metrics.flush()
        self._files.save(self.folder.last_checkpoint(0, int(state.counters["step"])), state)
        self._files.prune()

    def write_failure_dump(self, step: int, reason: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Record a failure and keep its arrays."""
        self.metrics.add_failure(0, step, reason)
        self.log(f"failed at step {step}: {reason}")
        self._files.write_failure_dump(step, reason, arrays)

    def close(self, *, complete: bool = False) -> None:
        """Close the files and release the lock; `complete`: the training has reached its end."""
        try:
            self.metrics.close(complete=complete)
        finally:
            self.lock.release()

    def _newest_state(self) -> Checkpoint | None:
        for step in saved_steps(self.folder):
            state = _read_checkpoint_if_whole(self.folder.last_checkpoint(0, step))
            if state is not None:
                remove_later_states(self.folder, step)
                return state
        return None


def _read_checkpoint_if_whole(path: Path) -> Checkpoint | None:
    try:
        return read_checkpoint(path) if path.exists() else None
    except FileError:
        return None
