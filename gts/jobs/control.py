"""Stops and resumes jobs."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import replace

from gts.errors import UsageError
from gts.jobs.job_lock import LOCK_TIMEOUT_SECONDS, JobLock, LockInfo, read_lock
from gts.jobs.job_store import STOPPED, Job, JobStatus, inactive_state, read_job, write_job
from gts.jobs.launch import launch
from gts.jobs.states import Done, Failed, Interrupted, JobState
from gts.jobs.trainings.runs import have_all_members_failed
from gts.store.workspace import RunFolder, Workspace
from gts.system import is_running, own_identity, this_system
from gts.system.filesystem import file_system

_LOOK_SECONDS = 0.05
_KILL_SECONDS = 10.0


def request_stop(status: JobStatus) -> None:
    """Ask a job to save and end after its current update. Raises UsageError if its process cannot be signalled."""
    _signal_worker(status, signal.SIGTERM)


def kill_job(workspace: Workspace, status: JobStatus) -> None:
    """Kill a job with all its child processes; what came after its newest saved state is lost.

    Raises UsageError if its process is gone or does not end.
    """
    lock_info = status.lock_info
    if status.state.alive and lock_info is not None and lock_info.group and is_running(lock_info.worker):
        with suppress(ProcessLookupError):
            os.killpg(lock_info.worker.pid, signal.SIGKILL)
    else:
        _signal_worker(status, signal.SIGKILL)
    if not wait_for_end(status.job, _KILL_SECONDS):
        raise UsageError(f"{status.job.id} does not end", hint="find its process with `ps`")
    mark_stopped(workspace, status.job)


def mark_stopped(workspace: Workspace, job: Job) -> None:
    """Record that the user ended a killed job, so that it is not resumed automatically."""
    lock = JobLock.acquire(job.lock_path)
    try:
        fresh = read_job(job.folder)
        if fresh.recorded_state == "running":
            write_job(workspace, replace(fresh, recorded_state="paused", reason=STOPPED, attempts=()))
    finally:
        lock.release()


def wait_for_end(job: Job, seconds: float) -> bool:
    """Wait until the job's process has released its lock; False after `seconds`."""
    deadline = time.monotonic() + seconds
    while read_lock(job.lock_path)[0]:
        if time.monotonic() >= deadline:
            return False
        time.sleep(_LOOK_SECONDS)
    return True


def acquire_for_resume(
    workspace: Workspace, job: Job, *, by_name: bool, queued: bool | None = None, threads: int | None = None
) -> tuple[Job, JobLock]:
    """Take the lock of a job that is not running, and record it as running.

    `by_name`: the user named this job, so earlier crashes do not count; otherwise only interrupted jobs are accepted. `queued`
    and `threads` replace the job's own values. Raises BusyError if the job is running, UsageError if it cannot be resumed or
    may be running on another machine.
    """
    held, lock_info = read_lock(job.lock_path)
    lock = JobLock.acquire(job.lock_path, timeout=0.0 if held else LOCK_TIMEOUT_SECONDS)
    try:
        fresh = read_job(job.folder)
        _check_resumable(fresh, inactive_state(fresh, lock_info), by_name)
        _check_same_machine(fresh, lock_info)
        attempts = () if by_name else fresh.attempts
        changed = replace(fresh, queued=fresh.queued if queued is None else queued, threads=threads or fresh.threads)
        return write_job(workspace, replace(changed, recorded_state="running", reason="", attempts=attempts)), lock
    except BaseException:
        lock.release()
        raise


def resume_job(workspace: Workspace, job: Job, *, by_name: bool, queued: bool | None = None, threads: int | None = None) -> Job:
    """Resume a job in a process of its own. Raises what `acquire_for_resume` and `launch` raise."""
    claimed, lock = acquire_for_resume(workspace, job, by_name=by_name, queued=queued, threads=threads)
    launch(claimed, lock)
    return claimed


def _check_resumable(job: Job, state: JobState, by_name: bool) -> None:
    """Raise UsageError if resuming makes no sense."""
    if isinstance(state, Done):
        further = "to train its result further: gts train CHECKPOINT"
        if job.kind == "search":
            further = f"for more trials: gts search {job.request.get('source', 'SPACE')} TRIALS"
        raise UsageError(f"{job.id} is done", hint=further)
    if isinstance(state, Failed) and have_all_members_failed(RunFolder(job.folder)):
        raise UsageError(
            f"{job.id} failed in all its members: {state.reason}",
            hint="train its spec again with a smaller learning rate, or from one of its checkpoints",
        )
    if not by_name and not isinstance(state, Interrupted):
        raise UsageError(f"{job.id} is {state.name}: {state.reason}", hint=f"resume it by name: gts resume {job.id}")


def _check_same_machine(job: Job, lock_info: LockInfo | None) -> None:
    """Raise UsageError if the job may be running on another machine that shares this disk."""
    own = own_identity()
    if (
        lock_info is None
        or lock_info.worker.host == own.host
        or lock_info.worker.boot == own.boot
        or not file_system(job.folder).is_network
    ):
        return
    raise UsageError(
        f"{job.id} was last run on {lock_info.worker.host} and may still be running there",
        hint=f"resume it on {lock_info.worker.host}; or, if that machine is gone, remove {job.lock_path}",
    )


def _signal_worker(status: JobStatus, number: int) -> None:
    """Signal the job's process; the identity check excludes another process with the same pid."""
    lock_info = status.lock_info
    try:
        reached = status.state.alive and lock_info is not None and this_system().signal_process(lock_info.worker, number)
    except PermissionError as error:
        raise UsageError(f"{status.job.id} is another user's", hint="ask that user") from error
    if not reached:
        raise UsageError(f"{status.job.id} is not running, it is {status.state.name}", hint="`gts jobs` lists the running ones")
