"""The process of a job: `python -m gts.jobs.process FOLDER [--life DESCRIPTOR]`.

It stands alone: it has the folder of its job and needs nothing of whoever started it. What it prints goes into the job's log.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from gts.errors import FileError, GtsError
from gts.jobs.job_lock import STARTING, JobLock
from gts.jobs.job_store import STOPPED, Job, read_job, write_job
from gts.jobs.queue import JobQueue, QueueEntry, QueuePlace
from gts.jobs.requests import TrainingRequest
from gts.jobs.stop_request import StopRequest
from gts.jobs.trainings.resume_state import saved_steps
from gts.store.workspace import JobFolder, RunFolder, Workspace

_LOCK_TIMEOUT_SECONDS = 10.0
"""How long it waits for the lock where it did not inherit it: whoever started it is about to let it go."""


def main(arguments: Sequence[str]) -> int:
    """Work on the job of a folder until it ends; 0 where it came to its end or was stopped."""
    folder = Path(arguments[0])
    lock = (
        JobLock.from_descriptor(int(arguments[2]))
        if "--life" in arguments
        else JobLock.acquire(JobFolder(folder).lock, group=True, timeout=_LOCK_TIMEOUT_SECONDS)
    )
    lock.set_activity("queued", STARTING)
    stop_request = StopRequest()
    _install_signal_handlers(stop_request, lock)
    try:
        for _ in run_job(Workspace(folder.parent.parent), read_job(folder), lock, stop_request):
            pass
    except GtsError as error:
        print(f"error: {error.message}", file=sys.stderr, flush=True)
        return error.exit_code
    return 0


def run_job(
    workspace: Workspace, job: Job, lock: JobLock, stop_request: StopRequest, *, request: TrainingRequest | None = None
) -> Iterator[Any]:
    """Work on a job in this process, from its place in the row to its end; tells and raises what `work` or `search` does.

    The lock is let go of at the end. Nothing is told by one that was stopped while it waited.
    """
    with ExitStack() as stack:
        stack.callback(lock.release)
        try:
            job = record_attempt(workspace, job)
            is_admitted = enter_queue(workspace, job, lock, stop_request, stack)
        except GtsError as error:
            with suppress(GtsError):
                write_job(workspace, replace(job, recorded_state="failed", reason=error.message, attempts=()))
            raise
        if not is_admitted:
            write_job(workspace, replace(job, recorded_state="paused", reason=STOPPED, attempts=()))
            return
        # Only now, after any waiting: this loads torch, or Optuna.
        if job.kind == "search":
            from gts.jobs.searches.job import run_search_job

            yield from run_search_job(workspace, job, lock, stop_request)
        else:
            from gts.jobs.trainings.attempt import run_training

            yield from run_training(workspace, job, lock, stop_request, request=request)


def record_attempt(workspace: Workspace, job: Job) -> Job:
    """Count an attempt, so that one that dies at the same step again and again is known."""
    step = total_saved_steps(job)
    attempts = (*(one for one in job.attempts if one == step), step)
    return write_job(workspace, replace(job, recorded_state="running", reason="", attempts=attempts))


def total_saved_steps(job: Job) -> int:
    """How far a job is by the states that are on the disk, in environment steps."""
    folders = sorted((job.folder / "trials").glob("*/")) if job.kind == "search" else [job.folder]
    return sum(next(iter(saved_steps(RunFolder(folder))), 0) for folder in folders)


def enter_queue(workspace: Workspace, job: Job, lock: JobLock, stop_request: StopRequest, stack: ExitStack) -> bool:
    """Enter this machine's row of jobs for as long as `stack` is open, and wait where the job was told to; False if stopped."""
    entry = QueueEntry(job.id, str(workspace.root), job.threads, not job.queued, job.created)
    try:
        place: QueuePlace = stack.enter_context(JobQueue().enter(entry))
    except FileError:
        if job.queued:
            raise
        return True  # a home folder that cannot be written to: nobody waits for this job, but it works
    return not job.queued or place.wait(stop_request, lambda reason: lock.set_activity("queued", reason))


def _install_signal_handlers(stop_request: StopRequest, lock: JobLock) -> None:
    """End in order when asked to; the end of a terminal is no such request."""

    def ask(number: int, frame: Any) -> None:
        lock.set_activity("stopping")
        stop_request.request()

    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
