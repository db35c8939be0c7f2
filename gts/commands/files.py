"""`gts delete`: files, runs and studies into the trash of the workspace.

`gts copy`: a spec, a space or a checkpoint under another name as well.

`gts rename`: another name for a spec, a space or a checkpoint.

`gts restore`: back from the trash.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gts.commands.command import Argument, Command, Context, Note, Option, Result
from gts.commands.job_progress import read_facts
from gts.commands.resolve import ENDINGS, file_named, find_study, keeps_its_place, new_place, refer, refuse_missing
from gts.errors import FileError, UsageError
from gts.store.workspace import JobFolder, StudyFolder

if TYPE_CHECKING:
    from gts.store.trash import Discarded


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


@dataclass(frozen=True)
class Copied(Result):
    """A file that is there twice now."""

    source: str
    path: str


def run_copy(context: Context, *, file: str, name: str) -> Copied:
    """Copy a file, byte for byte; never over another one."""
    from gts.store.transfer import copy_file

    old = file_named(context, file, does="copied")
    new = new_place(context, old, name)
    copy_file(old, new)
    return Copied(str(old), str(new))


COPY = Command(
    name="copy",
    summary="Copy a spec, a space or a checkpoint.",
    group="workspace",
    run=run_copy,
    help="The copy has the same content, byte for byte, and never takes the place of a file that is there.",
    arguments=(
        Argument("file", "What to copy.", "document"),
        Argument("name", "Its new name, beside the old one where no folder is said; or a folder.", "file"),
    ),
    examples=("gts copy hopper/hopperPPO.spec quick", "gts copy hopper/hopperPPO.spec walker/"),
)


@dataclass(frozen=True)
class Renamed(Result):
    """A file that has another name now."""

    source: str
    path: str


def run_rename(context: Context, *, file: str, name: str) -> Renamed:
    """Rename or move a file; never over another one."""
    from gts.store.transfer import move

    old = file_named(context, file, does="renamed")
    if keeps_its_place(context, old):
        raise UsageError(f"{old} is where its run or study looks for it", hint=f"copy it: gts copy {old} NAME")
    new = new_place(context, old, name)
    move(old, new)
    return Renamed(str(old), str(new))


RENAME = Command(
    name="rename",
    summary="Give a spec, a space or a checkpoint another name.",
    group="workspace",
    run=run_rename,
    help="It stays in its folder where the new name says no other, and never takes the place of a file that is there. "
    "Runs and studies keep their names.",
    arguments=(
        Argument("file", "What to rename.", "document"),
        Argument("name", "Its new name; or a folder to move it to.", "file"),
    ),
    examples=("gts rename hopper/hopperPPO.spec steady",),
)


@dataclass(frozen=True)
class InTrash:
    """One thing in the trash."""

    name: str
    kind: str
    path: str
    """Where it was."""
    deleted: str
    """When; UTC."""


@dataclass(frozen=True)
class TrashShown(Result):
    """What is in the trash, newest first."""

    things: tuple[InTrash, ...]
    trash: str


@dataclass(frozen=True)
class Restored(Result):
    """What is where it was again."""

    things: tuple[InTrash, ...]


def run_restore(context: Context, *, names: Sequence[str], listed: bool) -> Result:
    """Bring back what is named, else what was deleted last; or list what there is."""
    from gts.store.trash import Trash

    trash = Trash(context.workspace)
    if listed:
        if names:
            raise UsageError("--list shows all of the trash", hint="leave the names out, or --list")
        return TrashShown(tuple(map(_shown, trash.entries())), str(trash.folder))
    chosen = list(dict.fromkeys(trash.find(word).name for word in names))
    found = [trash.find(name) for name in chosen] if names else trash.newest()
    if not found:
        raise UsageError(f"the trash of `{context.workspace.root}` is empty", hint="there is nothing to bring back")
    trash.check(found)
    for one in found:
        trash.restore(one)
    return Restored(tuple(map(_shown, found)))


def _shown(one: Discarded) -> InTrash:
    return InTrash(one.name, one.kind, one.origin, one.deleted)


RESTORE = Command(
    name="restore",
    summary="Bring back what was deleted.",
    group="workspace",
    run=run_restore,
    help="Everything goes where it was, and never over something else. Without a name it is what the last `gts delete` took.",
    arguments=(
        Argument(
            "names",
            "What to bring back: its name in the trash, where it was, or a part of that.",
            multiple=True,
            required=False,
            metavar="NAME",
        ),
    ),
    options=(Option(("--list",), "Show what is in the trash.", "flag", name="listed"),),
    examples=("gts restore", "gts restore --list", "gts restore quick.spec"),
)
