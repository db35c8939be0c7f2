"""`gts jobs`: what works, waits, was interrupted or is done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gts.commands.command import Command, Context, Note, Option, Result
from gts.commands.listing import ListedJob, describe
from gts.errors import FileError, UsageError
from gts.jobs.states import WORDS

if TYPE_CHECKING:
    from gts.jobs.queue import Entry

EVERY = 1_000_000
"""More jobs than a workspace has."""

_NEWEST = 10


@dataclass(frozen=True)
class Row:
    """The jobs of this machine, of all workspaces."""

    working: int
    waiting: int
    elsewhere: int
    """How many of both belong to other workspaces."""
    threads: int
    """CPUs that those at work use."""
    cpus: int
    slots: int | None
    """How many may work at a time; None: as many as there are CPUs for."""


@dataclass(frozen=True)
class Jobs(Result):
    """Jobs, newest first, and the row that they stand in."""

    workspace: str
    jobs: tuple[ListedJob, ...]
    more: bool
    """Whether there are older ones."""
    row: Row


def run(context: Context, *, every: bool, state: str | None, number: int | None, slots: str | None) -> Iterator[Any]:
    """List the jobs of the workspace; those at work first of all, then the newest others."""
    from gts.jobs.job_store import jobs_of
    from gts.jobs.queue import Queue

    queue = Queue()
    if slots is not None:
        yield _set_slots(queue, slots)
    entries = queue.entries()
    limit = number if number is not None else EVERY if every else _NEWEST
    found = jobs_of(context.workspace, alive=True, limit=EVERY)
    known = {standing.job.id for standing in found}
    more = False
    for standing in jobs_of(context.workspace, limit=EVERY if state else limit + len(found) + 1):
        if standing.job.id in known or (state and standing.state.word != state):
            continue
        if limit == 0:
            more = True
            break
        found.append(standing)
        limit -= 1
    found = [standing for standing in found if not state or standing.state.word == state]
    found.sort(key=lambda standing: (standing.job.created, standing.job.id), reverse=True)
    yield Jobs(str(context.workspace.root), tuple(describe(found, entries)), more, row_of(context, queue, entries))


def row_of(context: Context, queue: Any, entries: Sequence[Entry]) -> Row:
    """The jobs of this machine, as its row has them."""
    from gts.system.threads import available_cpus

    runs, studies = context.workspace.runs, context.workspace.studies
    working = [entry for entry in entries if entry.working]
    return Row(
        working=len(working),
        waiting=len(entries) - len(working),
        elsewhere=sum(not (runs / entry.job).exists() and not (studies / entry.job).exists() for entry in entries),
        threads=sum(entry.threads for entry in working),
        cpus=available_cpus(),
        slots=queue.slots,
    )


def _set_slots(queue: Any, word: str) -> Note:
    """Set how many jobs may work at a time."""
    if word == "auto":
        queue.set_slots(None)
        return Note("from now on as many jobs work at a time as there are CPUs for")
    if not word.isdecimal() or not 1 <= int(word) <= EVERY:
        raise UsageError(f"`{word[:40]}` is no number of slots", hint="name 1 or more, or auto: as many as there are CPUs for")
    try:
        queue.set_slots(int(word))
    except OSError as error:
        raise FileError(f"cannot write {queue.folder}: {(error.strerror or str(error)).lower()}") from error
    return Note(f"from now on at most {int(word)} job{'s' if int(word) > 1 else ''} that wait for a slot work at a time")


COMMAND = Command(
    name="jobs",
    summary="List what works, waits, was interrupted or is done.",
    group="jobs",
    run=run,
    looks=True,
    help="Those at work or waiting, and the ten newest others. Jobs that were told to wait (`--queue`) begin when the CPUs "
    "that the others use leave room for them, or, where a number of slots is set, when one of those is free; this counts the "
    "jobs of all workspaces on this machine.",
    options=(
        Option(("--all",), "List every job.", "flag", name="every"),
        Option(("--state",), "Only those that stand so.", "choice", choices=WORDS),
        Option(("-n", "--number"), "How many of those that are not at work.", "integer", minimum=0, metavar="N"),
        Option(
            ("--slots",),
            "Set how many jobs may work at a time; auto: as many as there are CPUs for.",
            writes=True,
            metavar="N|auto",
        ),
    ),
    examples=("gts jobs", "gts jobs --all --state interrupted", "gts jobs --slots 2"),
)
