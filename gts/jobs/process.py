"""The process of a job: `python -m gts.jobs.process FOLDER [--lock-fd DESCRIPTOR]`.

It needs nothing but the job's folder. Its output goes into the job's log.
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
"""How long to wait for a lock that was not inherited: the starter is about to release it."""


def main(arguments: Sequence[str]) -> int:
    """Run the job of a folder to its end; 0 if it is done or was stopped."""
    folder = Path(arguments[0])
    lock = (
        JobLock.from_descriptor(int(arguments[2]))
        if "--lock-fd" in arguments
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
    """Run a job in this process, first waiting in the queue; yields and raises what its kind does.

    Releases the lock at the end. Yields nothing if it is stopped while it is queued.
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
        # Imported after the wait in the queue: this loads torch or Optuna.
        if job.kind == "search":
            from gts.jobs.searches.job import run_search_job

            yield from run_search_job(workspace, job, lock, stop_request)
        else:
            from gts.jobs.trainings.attempt import run_training

            yield from run_training(workspace, job, lock, stop_request, request=request)


def record_attempt(workspace: Workspace, job: Job) -> Job:
    """Count an attempt, to detect repeated crashes at one step."""
    step = total_saved_steps(job)
    attempts = (*(one for one in job.attempts if one == step), step)
    return write_job(workspace, replace(job, recorded_state="running", reason="", attempts=attempts))


def total_saved_steps(job: Job) -> int:
    """Environment steps of the job's saved states."""
    folders = sorted((job.folder / "trials").glob("*/")) if job.kind == "search" else [job.folder]
    return sum(next(iter(saved_steps(RunFolder(folder))), 0) for folder in folders)


def enter_queue(workspace: Workspace, job: Job, lock: JobLock, stop_request: StopRequest, stack: ExitStack) -> bool:
    """Enter the queue until `stack` closes, and wait there if the job asks for it; False if it was stopped meanwhile."""
    entry = QueueEntry(job.id, str(workspace.root), job.threads, not job.queued, job.created)
    try:
        place: QueuePlace = stack.enter_context(JobQueue().enter(entry))
    except FileError:
        if job.queued:
            raise
        return True  # without a writable state folder the job runs outside the queue
    return not job.queued or place.wait(stop_request, lambda reason: lock.set_activity("queued", reason))


def _install_signal_handlers(stop_request: StopRequest, lock: JobLock) -> None:
    """Stop in order on SIGTERM and SIGINT; ignore SIGHUP, the end of the terminal."""

    def ask(number: int, frame: Any) -> None:
        lock.set_activity("stopping")
        stop_request.request()

    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
