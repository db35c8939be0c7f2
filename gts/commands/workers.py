"""`gts workers`: another number of workers for a search, also while it works."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gts.commands.command import Argument, Command, Context, Note, Result
from gts.commands.resolve import refer_job
from gts.errors import UsageError


@dataclass(frozen=True)
class WorkersSet(Result):
    """How many workers a search has from now on."""

    study: str
    workers: int
    at_work: bool
    """Whether it works now; otherwise the number is that of its next attempt."""


def run(context: Context, *, study: str, number: str) -> Iterator[Any]:
    """Write the wish down; the search looks at it every moment."""
    from gts.jobs.searches.worker_count import want_workers
    from gts.store.workspace import StudyFolder

    if not number.isascii() or not number.isdecimal() or int(number) < 1:
        raise UsageError(f"`{number[:40]}` is no number of workers", hint="name 1 or more")
    standing = refer_job(context, study)
    job, count = standing.job, int(number)
    if job.kind != "search":
        raise UsageError(f"{job.id} is a training, which has no workers", hint="name a search: `gts jobs` lists them")
    if job.threads and count > job.threads:
        yield Note(f"{count} workers would share {job.threads} CPUs: {job.threads} work")
        count = job.threads
    want_workers(StudyFolder(job.folder), count)
    yield WorkersSet(job.id, count, standing.state.alive)


COMMAND = Command(
    name="workers",
    summary="Give a search more workers, or fewer, also while it works.",
    group="jobs",
    run=run,
    help="Trainings of a worker that is one too many are saved and go on with the others. The number stays when the search "
    "is stopped and goes on. Machines that share a study on a server have a search each, with workers of its own: see "
    "`gts worker`.",
    arguments=(
        Argument("study", "The search: the name of its study.", "study"),
        Argument("number", "How many workers from now on.", metavar="N"),
    ),
    examples=("gts workers hopper 8", "gts workers hopper 1"),
)
