"""Working on a run: from where it stands to its end, and what is written down if that is not reached.

This module and `attempt` are those of the room that know torch; whoever imports them pays for that.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from gts.errors import FullDiskError, GtsError, WorkError
from gts.formats.checkpoint import current_versions
from gts.jobs.interruption import Interruption
from gts.jobs.job_lock import Life
from gts.jobs.job_store import STOPPED, Job, write_job
from gts.jobs.trainings.attempt import Attempt, Told
from gts.jobs.trainings.request import TrainingOutcome, TrainingRequest
from gts.jobs.trainings.resume_state import Restart, drop_later, restart_of, sweep
from gts.jobs.trainings.runs import request_of
from gts.store.workspace import RunFolder, Workspace
from gts.system import this_system
from gts.training.trainer import Trainer


def work(
    workspace: Workspace, job: Job, life: Life, interruption: Interruption, *, request: TrainingRequest | None = None
) -> Iterator[Told | TrainingOutcome]:
    """Work on a run from where it stands to its end, telling what happens; the outcome comes last.

    For the one who holds the lock of the job. Everything told of is on the disk already. While the disk is full the run
    stands still, and goes on when there is room. Raises FileError where the run's folder or the outcome cannot be written or
    a checkpoint does not fit, WorkError where memory runs out.
    """
    request = request or request_of(workspace, job)
    folder = RunFolder(job.folder)
    versions = current_versions() | {"threads": str(job.threads), "cpu": this_system().cpu_name()}
    run: Attempt | None = None
    try:
        sweep(folder, request.results)
        restart = restart_of(folder, len(request.specs), versions)
        trainer = _trainer(request, job, restart)
        run = Attempt(job, request, trainer, life, interruption, restart, versions)
        with interruption.heard_by(run.stop):
            yield from run.train()
        yield from run.finish()
    except BaseException as error:
        if run is not None and run.ended:
            raise  # how it ended is written down already
        explained = _explained(error, run.step if run else 0)
        _abandon(workspace, job, run, explained)
        if explained is error:
            raise
        raise explained from error
    finally:
        if run is not None:
            run.close()


def _trainer(request: TrainingRequest, job: Job, restart: Restart | None) -> Trainer:
    """A trainer at the step where the run stands."""
    if restart is None:
        start = [request.start] * len(request.specs) if request.start is not None else None
        return Trainer(request.specs, threads=job.threads or None, checkpoints=start)
    trainer = Trainer(request.specs, threads=job.threads or None, checkpoints=restart.checkpoints, resume=True)
    drop_later(RunFolder(job.folder), restart.step)
    for member, best in enumerate(restart.bests):
        if best is not None:
            trainer.keep_best(member, best)
    return trainer


def _explained(error: BaseException, step: int) -> BaseException:
    """An error in the words of this program, where they fit."""
    text = str(error)
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and "memory" in text):
        return WorkError(
            f"memory ran out at step {step}",
            hint="use fewer environments, fewer seeds at a time or smaller networks; what was saved is kept",
        )
    return error


def _abandon(workspace: Workspace, job: Job, run: Attempt | None, error: BaseException) -> None:
    """Write down that the training ended in the middle, as far as what ended it allows."""
    deliberate = isinstance(error, (KeyboardInterrupt, GeneratorExit))
    reason = STOPPED if deliberate else str(error) or type(error).__name__
    step = run.step if run else 0
    if run is not None:
        run.recorder.log(f"ended at step {max(step, 0)}: {reason}")
        if not isinstance(error, (GtsError, KeyboardInterrupt, GeneratorExit)):
            run.recorder.log("".join(traceback.format_exception(error)))
    # A full disk is no failure of the run: what it claims stays as it was, and it can go on from its newest state.
    if isinstance(error, FullDiskError):
        return
    with suppress(GtsError):
        write_job(workspace, replace(job, claim="paused" if deliberate else "failed", reason=reason, attempts=()))
