"""The process of a job: `python -m gts.jobs.process FOLDER [--life DESCRIPTOR]`.

It stands alone: it has the folder of its job and needs nothing of whoever started it. What it prints goes into the job's log.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from gts.errors import FileError, GtsError
from gts.jobs.interruption import Interruption
from gts.jobs.ledger import STOPPED, Job, read_job, write_job
from gts.jobs.life import Life
from gts.jobs.queue import Entry, Place, Queue
from gts.jobs.resuming import newest_steps
from gts.store.workspace import RunFolder, Workspace

_PATIENCE_SECONDS = 10.0


def main(arguments: Sequence[str]) -> int:
    """Work on the job of a folder until it ends; 0 where it came to its end or was stopped."""
    folder = Path(arguments[0])
    life = Life.inherited(int(arguments[2])) if "--life" in arguments else _take(folder)
    interruption = Interruption()
    _listen(interruption, life)
    workspace = Workspace(folder.parent.parent)
    try:
        job = begin_attempt(workspace, read_job(folder))
        with ExitStack() as stack:
            if not take_place(workspace, job, life, interruption, stack):
                write_job(workspace, replace(job, claim="paused", reason=STOPPED, attempts=()))
                return 0
            _work(workspace, job, life, interruption)
    except GtsError as error:
        print(f"error: {error.message}", file=sys.stderr, flush=True)
        return error.exit_code
    finally:
        life.release()
    return 0


def begin_attempt(workspace: Workspace, job: Job) -> Job:
    """Count an attempt, so that one that dies at the same step again and again is known."""
    step = next(iter(newest_steps(RunFolder(job.folder))), 0)
    attempts = (*(one for one in job.attempts if one == step), step)
    return write_job(workspace, replace(job, claim="active", reason="", attempts=attempts))


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


def _work(workspace: Workspace, job: Job, life: Life, interruption: Interruption) -> None:
    # Only now, after any waiting: this loads torch.
    from gts.jobs.worker import work

    for _ in work(workspace, job, life, interruption):
        pass


def _take(folder: Path) -> Life:
    """The lock of the job, which whoever started this process is about to let go."""
    life = Life.take(folder / "lock", group=True, patience=_PATIENCE_SECONDS)
    life.say("waiting", "it starts")
    return life


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
