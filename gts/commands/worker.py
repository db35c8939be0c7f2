"""`gts worker`: join a shared search from another machine. `gts workers`: set the number of workers of a search."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from gts.commands.command import Argument, Command, Context, Note, Option, Result
from gts.commands.resolve import resolve_job
from gts.commands.search import COMMAND as SEARCH
from gts.commands.search import allocate_workers, create_log_folder, start_search, storage_without_password
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
    """Search a shared study, with its space and settings; yields events, then the result."""
    from gts.search.storage_url import parse_storage_url, split_study_name

    if not study:
        raise UsageError("the option --study is missing", hint=f"name the study: {_STUDY_USAGE}")
    word, name = split_study_name(study)
    if not parse_storage_url(word).is_shared:
        hint = "`gts search SPACE` continues it here; to share a study, keep it on a server: postgresql+psycopg://…"
        raise UsageError(f"{word} is a file, which machines cannot share", hint=hint)
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
    yield from start_search(context, request, detach=detach)


def _read_shared_space(storage: StorageLocation, name: str) -> SearchSpace:
    """Read the space of a shared study; raises UsageError if the study has none, FileError or WorkError if unreadable."""
    from gts.formats.space_file import parse_space
    from gts.formats.strict_json import parse_json
    from gts.search.study_reader import read_study

    view = read_study(storage, name)
    if view.space is None:
        raise UsageError(f"the study `{view.name}` has no space", hint="it was not made by `gts search`")
    text = json.dumps({**view.space, "name": view.name})
    try:
        return parse_space(parse_json(text, f"the space of {view.name}"))
    except FormatError as error:
        hint = "install the version of gts with which the search was started"
        raise FormatError(error.path, error.problems, hint=hint) from error


WORKER = Command(
    name="worker",
    summary="Join a search that several machines share.",
    group="training",
    run=run_worker,
    needs_torch=True,
    help="The study is on a PostgreSQL server, started by `gts search SPACE postgresql+psycopg://USER@HOST/DATABASE`. Space "
    "and settings are read from the study. This machine gets its own study folder for the trials that it trains; trials of a "
    "machine that dies are taken over by the others after five minutes.",
    options=(
        Option(("--study",), "The study: URL of the server, #, and name of the study.", metavar="URL#NAME"),
        *(option for option in SEARCH.options if option.flags[-1] in _SEARCH_FLAGS),
    ),
    threads=True,
    streams_events=True,
    examples=("gts worker --study postgresql+psycopg://me@server/searches#hopper -n 8",),
)


@dataclass(frozen=True)
class WorkersResult(Result):
    """New number of workers of a search."""

    view: ClassVar[str] = "jobs:render_workers"
    study: str
    workers: int
    at_work: bool
    """Whether the search is running; if not, the number applies when it is resumed."""


def run_workers(context: Context, *, study: str, number: str) -> Iterator[Any]:
    """Write the number into the study's folder, which a running search polls."""
    from gts.jobs.searches.workers import set_worker_count
    from gts.store.workspace import StudyFolder

    if not number.isascii() or not number.isdecimal() or int(number) < 1:
        raise UsageError(f"`{number[:40]}` is not a number of workers", hint="give 1 or more")
    status = resolve_job(context, study)
    job, count = status.job, int(number)
    if job.kind != "search":
        raise UsageError(f"{job.id} is a training, which has no workers", hint="name a search: `gts jobs` lists them")
    if job.threads and count > job.threads:
        yield Note(f"{count} workers for {job.threads} CPUs: using {job.threads} workers")
        count = job.threads
    set_worker_count(StudyFolder(job.folder), count)
    yield WorkersResult(job.id, count, status.state.alive)


WORKERS = Command(
    name="workers",
    summary="Set the number of workers of a search, also while it runs.",
    group="jobs",
    run=run_workers,
    help="Trainings of a removed worker are saved and continued by the others. The number is kept when the search is resumed. "
    "Machines that share a study on a server each run their own search, with their own workers: see `gts worker`.",
    arguments=(
        Argument("study", "The search: the name of its study.", "study"),
        Argument("number", "The new number of workers.", metavar="N"),
    ),
    examples=("gts workers hopper 8", "gts workers hopper 1"),
)
