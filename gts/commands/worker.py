"""`gts worker`: search with others, on another machine.

`gts workers`: another number of workers for a search, also while it works.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gts.commands.command import Argument, Command, Context, Note, Option, Result
from gts.commands.resolve import resolve_job
from gts.commands.search import COMMAND as SEARCH
from gts.commands.search import allocate_workers, create_log_folder, run_search, storage_without_password
from gts.errors import FormatError, UsageError
from gts.jobs.requests import SearchRequest

if TYPE_CHECKING:
    from gts.formats.space_file import SearchSpace
    from gts.search.storage_url import StorageLocation


_STUDY_USAGE = "--study postgresql+psycopg://USER@HOST/DATABASE#NAME"
_SEARCH_FLAGS = ("--workers", "--cohort", "--logdir", "--save-every", "--detach", "--queue")


def run_worker(
    context: Context,
    *,
    study: str | None,
    workers: int | None,
    cohort: int,
    logdir: Path | None,
    save_every: float,
    detach: bool,
    queue: bool,
) -> Iterator[Any]:
    """Work on a study that others share; its space and its settings come from there. Yields events, then the result."""
    from gts.search.storage_url import parse_storage_url, split_study_name

    if not study:
        raise UsageError("the study to work on is missing", hint=f"name it: {_STUDY_USAGE}")
    word, name = split_study_name(study)
    if not parse_storage_url(word).is_shared:
        hint = "`gts search SPACE` goes on with it here; several machines share one on a server: postgresql+psycopg://…"
        raise UsageError(f"{word} is a file, and trials in a file have one owner at a time", hint=hint)
    storage, secret = storage_without_password(word)
    yield from secret
    space = _read_shared_space(parse_storage_url(storage), name)
    allocation = allocate_workers(context, workers)
    yield from allocation.notes
    request = SearchRequest(
        workspace=context.workspace,
        space=space,
        source=f"{storage}#{space.name}",
        storage=storage,
        workers=allocation.workers,
        cohort=cohort,
        threads=allocation.threads,
        logdir=create_log_folder(logdir, space) if logdir is not None else None,
        save_every=save_every,
        queued=queue,
    )
    yield from run_search(context, request, detach=detach)


def _read_shared_space(storage: StorageLocation, name: str) -> SearchSpace:
    """The space that a shared study searches. Raises as reading a study does, UsageError where the study has none."""
    from gts.formats.space_file import parse_space
    from gts.formats.strict_json import parse_json
    from gts.search.study_reader import read_study

    view = read_study(storage, name)
    if view.space is None:
        raise UsageError(f"the study `{view.name}` does not say what it searches", hint="another program has made it")
    text = json.dumps({**view.space, "name": view.name})
    try:
        return parse_space(parse_json(text, f"the space of {view.name}"))
    except FormatError as error:
        hint = "see that this machine has the same version of gts as the one that began the search"
        raise FormatError(error.path, error.problems, hint=hint) from error


WORKER = Command(
    name="worker",
    summary="Search with others: work on a study that machines share.",
    group="learning",
    run=run_worker,
    needs_torch=True,
    help="The study is on a PostgreSQL server; `gts search SPACE postgresql+psycopg://USER@HOST/DATABASE` began it there. Its "
    "space and its settings come from the study. This machine gets a study's folder of its own for the trials that it trains; "
    "trials of a machine that dies are taken over by the others after five minutes.",
    options=(
        Option(("--study",), "The study: address of the server, #, and its name.", metavar="URL#NAME"),
        *(option for option in SEARCH.options if option.flags[-1] in _SEARCH_FLAGS),
    ),
    threads=True,
    streams_events=True,
    examples=("gts worker --study postgresql+psycopg://me@server/searches#hopper -n 8",),
)


@dataclass(frozen=True)
class WorkersResult(Result):
    """How many workers a search has from now on."""

    study: str
    workers: int
    at_work: bool
    """Whether it works now; otherwise the number is that of its next attempt."""


def run_workers(context: Context, *, study: str, number: str) -> Iterator[Any]:
    """Write the wish down; the search looks at it every moment."""
    from gts.jobs.searches.workers import set_worker_count
    from gts.store.workspace import StudyFolder

    if not number.isascii() or not number.isdecimal() or int(number) < 1:
        raise UsageError(f"`{number[:40]}` is no number of workers", hint="name 1 or more")
    standing = resolve_job(context, study)
    job, count = standing.job, int(number)
    if job.kind != "search":
        raise UsageError(f"{job.id} is a training, which has no workers", hint="name a search: `gts jobs` lists them")
    if job.threads and count > job.threads:
        yield Note(f"{count} workers would share {job.threads} CPUs: {job.threads} work")
        count = job.threads
    set_worker_count(StudyFolder(job.folder), count)
    yield WorkersResult(job.id, count, standing.state.alive)


WORKERS = Command(
    name="workers",
    summary="Give a search more workers, or fewer, also while it works.",
    group="jobs",
    run=run_workers,
    help="Trainings of a worker that is one too many are saved and go on with the others. The number stays when the search "
    "is stopped and goes on. Machines that share a study on a server have a search each, with workers of its own: see "
    "`gts worker`.",
    arguments=(
        Argument("study", "The search: the name of its study.", "study"),
        Argument("number", "How many workers from now on.", metavar="N"),
    ),
    examples=("gts workers hopper 8", "gts workers hopper 1"),
)
