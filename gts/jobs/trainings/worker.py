"""Working on a run: from where it stands to its end, and what is written down if that is not reached.

This module and `attempt` are those of the room that know torch; whoever imports them pays for that.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from gts.errors import FullDiskError, GtsError, WorkError
from gts.jobs.interruption import StopRequest
from gts.jobs.job_lock import JobLock
from gts.jobs.job_store import STOPPED, Job, write_job
from gts.jobs.trainings.attempt import RunEvent, TrainingAttempt
from gts.jobs.trainings.request import TrainingOutcome, TrainingRequest
from gts.jobs.trainings.resume_state import ResumeState, find_resume_state, remove_later_states, remove_unfinished_files
from gts.jobs.trainings.runs import read_training_request
from gts.store.workspace import RunFolder, Workspace
from gts.system.versions import cpu_name, package_versions
from gts.training.trainer import Trainer


def run_training(
    workspace: Workspace, job: Job, lock: JobLock, stop_request: StopRequest, *, request: TrainingRequest | None = None
) -> Iterator[RunEvent | TrainingOutcome]:
    """Work on a run from where it stands to its end, telling what happens; the outcome comes last.

    For the one who holds the lock of the job. Everything told of is on the disk already. While the disk is full the run
    stands still, and goes on when there is room. Raises FileError where the run's folder or the outcome cannot be written or
    a checkpoint does not fit, WorkError where memory runs out.
    """
    request = request or read_training_request(workspace, job)
    folder = RunFolder(job.folder)
    versions = package_versions(peers=False) | {"threads": str(job.threads), "cpu": cpu_name()}
    attempt: TrainingAttempt | None = None
    try:
        remove_unfinished_files(folder, request.results)
        resume_state = find_resume_state(folder, len(request.specs), versions)
        trainer = _make_trainer(request, job, resume_state)
        attempt = TrainingAttempt(job, request, trainer, lock, stop_request, resume_state, versions)
        with stop_request.listening(attempt.stop):
            yield from attempt.train()
        yield from attempt.finish()
    except BaseException as error:
        if attempt is not None and attempt.is_end_recorded:
            raise  # how it ended is written down already
        explained = _translate_error(error, attempt.step if attempt else 0)
        _record_failure(workspace, job, attempt, explained)
        if explained is error:
            raise
        raise explained from error
    finally:
        if attempt is not None:
            attempt.close()


def _make_trainer(request: TrainingRequest, job: Job, resume_state: ResumeState | None) -> Trainer:
    """A trainer at the step where the run stands."""
    if resume_state is None:
        start = [request.start] * len(request.specs) if request.start is not None else None
        return Trainer(request.specs, threads=job.threads or None, checkpoints=start)
    trainer = Trainer(request.specs, threads=job.threads or None, checkpoints=resume_state.checkpoints, resume=True)
    remove_later_states(RunFolder(job.folder), resume_state.step)
    for member, best in enumerate(resume_state.best_checkpoints):
        if best is not None:
            trainer.set_best_checkpoint(member, best)
    return trainer


def _translate_error(error: BaseException, step: int) -> BaseException:
    """An error in the words of this program, where they fit."""
    text = str(error)
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and "memory" in text):
        return WorkError(
            f"memory ran out at step {step}",
            hint="use fewer environments, fewer seeds at a time or smaller networks; what was saved is kept",
        )
    return error


def _record_failure(workspace: Workspace, job: Job, attempt: TrainingAttempt | None, error: BaseException) -> None:
    """Write down that the training ended in the middle, as far as what ended it allows."""
    deliberate = isinstance(error, (KeyboardInterrupt, GeneratorExit))
    reason = STOPPED if deliberate else str(error) or type(error).__name__
    step = attempt.step if attempt else 0
    if attempt is not None:
        attempt.writer.log(f"ended at step {max(step, 0)}: {reason}")
        if not isinstance(error, (GtsError, KeyboardInterrupt, GeneratorExit)):
            attempt.writer.log("".join(traceback.format_exception(error)))
    # A full disk is no failure of the run: what it claims stays as it was, and it can go on from its newest state.
    if isinstance(error, FullDiskError):
        return
    with suppress(GtsError):
        write_job(workspace, replace(job, recorded_state="paused" if deliberate else "failed", reason=reason, attempts=()))
