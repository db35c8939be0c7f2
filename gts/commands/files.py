"""`gts delete`: files, runs and studies into the trash of the workspace."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gts.commands.command import Argument, Command, Context, Note, Result
from gts.commands.job_progress import read_facts
from gts.commands.naming import ENDINGS, keeps_its_place, refuse_missing
from gts.commands.resolve import find_study, refer
from gts.errors import FileError, UsageError
from gts.store.workspace import JobFolder, StudyFolder


@dataclass(frozen=True)
class DeletedThing:
    """One thing that is in the trash now."""

    path: str
    """Where it was, relative to the workspace where that is inside."""
    kind: str
    name: str
    """As `gts restore` knows it."""


@dataclass(frozen=True)
class Deleted(Result):
    """What was deleted."""

    things: tuple[DeletedThing, ...]
    trash: str


def run(context: Context, *, references: Sequence[str]) -> Iterator[Any]:
    """Move things to the trash; either all of them or, where one of them must stay, none."""
    from gts.store.trash import Trash

    trash, together = Trash(context.workspace), time.time_ns()
    found = dict.fromkeys(_thing(context, word) for word in references)
    things = []
    with ExitStack() as held:
        for path, kind in found:
            if kind in ("run", "study"):
                _hold(JobFolder(path), held)
        for path, kind in found:
            storage = _storage(path) if kind == "study" else ""
            one = trash.put(path, kind, together=together)
            things.append(DeletedThing(one.origin, kind, one.name))
            if storage:
                yield Note(f"the trials of {path.name} stay where they are: {storage}")
    yield Deleted(tuple(things), str(trash.folder))


def _thing(context: Context, word: str) -> tuple[Path, str]:
    """What a word names, and what that is; raises UsageError for what is not to be deleted so."""
    study = find_study(context, word)
    if study is not None:
        return study.path, "study"
    reference = refer(context, word)
    path = reference.path
    if reference.kind == "run":
        return path.absolute(), "run"
    refuse_missing(path)
    if keeps_its_place(context, path):
        raise UsageError(f"{path} belongs to the workspace, a run or a study", hint="delete the run or the study as a whole")
    if path.suffix not in ENDINGS:
        raise UsageError(f"{path} is no spec, space or checkpoint by its name", hint=f"remove it with rm: rm {path}")
    return path.absolute(), path.suffix[1:]


def _hold(folder: JobFolder, held: ExitStack) -> None:
    """Take the lock of a job, so that nobody begins to work on it; raises UsageError where somebody does."""
    from gts.jobs.job_lock import BusyError, Life, look

    try:
        life = Life.take(folder.lock)
    except BusyError as error:
        name = folder.path.name
        raise UsageError(f"{name} is at work; nothing was deleted", hint=f"stop it first: gts stop {name}") from error
    held.callback(life.release)
    if any(look(path)[0] for path in folder.path.glob("trials/*/lock")):
        raise UsageError(f"workers of {folder.path.name} are still saving what they have", hint="try again in a moment")


def _storage(path: Path) -> str:
    """Where the trials of a study are, if not in its folder."""
    try:
        return str(read_facts(StudyFolder(path).facts).get("storage") or "")
    except FileError:
        return ""


COMMAND = Command(
    name="delete",
    summary="Put files, runs or studies into the trash of the workspace.",
    group="workspace",
    run=run,
    help="`gts restore` brings them back. The trash is the folder `.trash` of the workspace; what is in there is gone for good "
    "when you remove it. A run or a study that is at work is stopped first: `gts stop`.",
    arguments=(
        Argument("references", "Specs, spaces, checkpoints; ids of runs; names of studies.", "reference", multiple=True),
    ),
    examples=("gts delete quick.spec", "gts delete k3f && gts restore"),
)
