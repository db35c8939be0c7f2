"""Stopping jobs and going on with them."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import replace

from gts.errors import UsageError
from gts.jobs.job_lock import PATIENCE_SECONDS, Life, Sign, look
from gts.jobs.job_store import STOPPED, Job, Standing, at_rest, read_job, write_job
from gts.jobs.launch import launch
from gts.jobs.states import Done, Failed, Interrupted, State
from gts.jobs.trainings.runs import ends_in_failure
from gts.store.filesystem import file_system
from gts.store.workspace import RunFolder, Workspace
from gts.system import lives, own_identity, this_system

_LOOK_SECONDS = 0.05
_KILL_SECONDS = 10.0


def ask_to_stop(standing: Standing) -> None:
    """Ask a job to end after its present update and to save. Raises UsageError where its process is not there to be asked."""
    _signal(standing, signal.SIGTERM)


def kill(workspace: Workspace, standing: Standing) -> None:
    """End a job at once, with everything that it started; what came after its newest state is lost.

    Raises UsageError where its process is not there, or does not go.
    """
    sign = standing.sign
    if standing.state.alive and sign is not None and sign.group and lives(sign.worker):
        with suppress(ProcessLookupError):
            os.killpg(sign.worker.pid, signal.SIGKILL)
    else:
        _signal(standing, signal.SIGKILL)
    if not wait_for_end(standing.job, _KILL_SECONDS):
        raise UsageError(f"{standing.job.id} does not end", hint="look for its process with `ps`")
    settle(workspace, standing.job)


def settle(workspace: Workspace, job: Job) -> None:
    """Write down that a person wanted the end of a job that could not do so itself: nothing starts it again unasked."""
    life = Life.take(job.lock)
    try:
        fresh = read_job(job.folder)
        if fresh.claim == "active":
            write_job(workspace, replace(fresh, claim="paused", reason=STOPPED, attempts=()))
    finally:
        life.release()


def wait_for_end(job: Job, seconds: float) -> bool:
    """Wait until nobody works on a job; False where the time is over first."""
    until = time.monotonic() + seconds
    while look(job.lock)[0]:
        if time.monotonic() >= until:
            return False
        time.sleep(_LOOK_SECONDS)
    return True


def claim_to_resume(
    workspace: Workspace, job: Job, *, by_name: bool, queued: bool | None = None, threads: int | None = None
) -> tuple[Job, Life]:
    """Take the lock of a job that stands still, to go on with it.

    `by_name`: a person asks for just this one, so that earlier deaths do not count against it; otherwise only those are taken
    that were interrupted. `queued` and `threads` take the place of what the job was begun with. Raises BusyError where it is
    at work, UsageError where there is nothing to go on with or it may be at work on another machine.
    """
    held, sign = look(job.lock)
    life = Life.take(job.lock, patience=0.0 if held else PATIENCE_SECONDS)
    try:
        fresh = read_job(job.folder)
        _refuse(fresh, at_rest(fresh, sign), by_name)
        _refuse_elsewhere(fresh, sign)
        attempts = () if by_name else fresh.attempts
        changed = replace(fresh, queued=fresh.queued if queued is None else queued, threads=threads or fresh.threads)
        return write_job(workspace, replace(changed, claim="active", reason="", attempts=attempts)), life
    except BaseException:
        life.release()
        raise


def resume(workspace: Workspace, job: Job, *, by_name: bool, queued: bool | None = None, threads: int | None = None) -> Job:
    """Go on with a job in a process of its own. Raises what `claim_to_resume` and `launch` raise."""
    claimed, life = claim_to_resume(workspace, job, by_name=by_name, queued=queued, threads=threads)
    launch(claimed, life)
    return claimed


def _refuse(job: Job, state: State, by_name: bool) -> None:
    """Raise UsageError where going on makes no sense."""
    if isinstance(state, Done):
        further = "to train what it learned further: gts train CHECKPOINT"
        if job.kind == "search":
            further = f"for more trials: gts search {job.request.get('source', 'SPACE')} TRIALS"
        raise UsageError(f"{job.id} is done", hint=further)
    if isinstance(state, Failed) and ends_in_failure(RunFolder(job.folder)):
        raise UsageError(
            f"{job.id} failed and would fail again in the same way: {state.reason}",
            hint="train its spec anew with a smaller learning rate, or from one of its checkpoints",
        )
    if not by_name and not isinstance(state, Interrupted):
        raise UsageError(f"{job.id} is {state.word}: {state.reason}", hint=f"go on with it by name: gts resume {job.id}")


def _refuse_elsewhere(job: Job, sign: Sign | None) -> None:
    """Raise UsageError where a worker on another machine may be alive that this machine cannot see."""
    own = own_identity()
    if sign is None or sign.worker.host == own.host or sign.worker.boot == own.boot or not file_system(job.folder).network:
        return
    raise UsageError(
        f"{job.id} was last worked on by {sign.worker.host}, and whether that still goes on cannot be seen from here",
        hint=f"resume it on {sign.worker.host}; or, if that machine is gone, remove {job.lock}",
    )


def _signal(standing: Standing, number: int) -> None:
    """Signal the process of a job, and no other that may have got its number since."""
    sign = standing.sign
    try:
        reached = standing.state.alive and sign is not None and this_system().signal(sign.worker, number)
    except PermissionError as error:
        raise UsageError(f"{standing.job.id} is another user's", hint="ask whoever started it") from error
    if not reached:
        raise UsageError(
            f"{standing.job.id} is not at work, it is {standing.state.word}", hint="`gts jobs` lists those that are"
        )
