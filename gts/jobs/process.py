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
from gts.jobs.interruption import Interruption
from gts.jobs.job_lock import Life
from gts.jobs.job_store import STOPPED, Job, read_job, write_job
from gts.jobs.queue import Entry, Place, Queue
from gts.jobs.trainings.request import TrainingRequest
from gts.jobs.trainings.resume_state import newest_steps
from gts.store.workspace import JobFolder, RunFolder, Workspace

_PATIENCE_SECONDS = 10.0
"""How long it waits for the lock where it did not inherit it: whoever started it is about to let it go."""


def main(arguments: Sequence[str]) -> int:
    """Work on the job of a folder until it ends; 0 where it came to its end or was stopped."""
    folder = Path(arguments[0])
    life = (
        Life.inherited(int(arguments[2]))
        if "--life" in arguments
        else Life.take(JobFolder(folder).lock, group=True, patience=_PATIENCE_SECONDS)
    )
    life.say("waiting", "it starts")
    interruption = Interruption()
    _listen(interruption, life)
    try:
        for _ in attend(Workspace(folder.parent.parent), read_job(folder), life, interruption):
            pass
    except GtsError as error:
        print(f"error: {error.message}", file=sys.stderr, flush=True)
        return error.exit_code
    return 0


def attend(
    workspace: Workspace, job: Job, life: Life, interruption: Interruption, *, request: TrainingRequest | None = None
) -> Iterator[Any]:
    """Work on a job in this process, from its place in the row to its end; tells and raises what `work` or `search` does.

    The lock is let go of at the end. Nothing is told by one that was stopped while it waited.
    """
    with ExitStack() as stack:
        stack.callback(life.release)
        try:
            job = begin_attempt(workspace, job)
            begins = take_place(workspace, job, life, interruption, stack)
        except GtsError as error:
            with suppress(GtsError):
                write_job(workspace, replace(job, claim="failed", reason=error.message, attempts=()))
            raise
        if not begins:
            write_job(workspace, replace(job, claim="paused", reason=STOPPED, attempts=()))
            return
        # Only now, after any waiting: this loads torch, or Optuna.
        if job.kind == "search":
            from gts.jobs.searches.job import search

            yield from search(workspace, job, life, interruption)
        else:
            from gts.jobs.trainings.worker import work

            yield from work(workspace, job, life, interruption, request=request)


def begin_attempt(workspace: Workspace, job: Job) -> Job:
    """Count an attempt, so that one that dies at the same step again and again is known."""
    step = progress_of(job)
    attempts = (*(one for one in job.attempts if one == step), step)
    return write_job(workspace, replace(job, claim="active", reason="", attempts=attempts))


def progress_of(job: Job) -> int:
    """How far a job is by the states that are on the disk, in environment steps."""
    folders = sorted((job.folder / "trials").glob("*/")) if job.kind == "search" else [job.folder]
    return sum(next(iter(newest_steps(RunFolder(folder))), 0) for folder in folders)


def take_place(workspace: Workspace, job: Job, life: Life, interruption: Interruption, stack: ExitStack) -> bool:
    """Enter this machine's row of jobs for as long as `stack` is open, and wait where the job was told to; False if stopped."""
    entry = Entry(job.id, str(workspace.root), job.threads, not job.queued, job.created)
    try:
        place: Place = stack.enter_context(Queue().place(entry))
    except FileError:
        if job.queued:
            raise
        return True  # a home folder that cannot be written to: nobody waits for this job, but it works
    return not job.queued or place.wait(interruption, lambda reason: life.say("waiting", reason))


def _listen(interruption: Interruption, life: Life) -> None:
    """End in order when asked to; the end of a terminal is no such request."""

    def ask(number: int, frame: Any) -> None:
        life.say("stopping")
        interruption.request()

    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
