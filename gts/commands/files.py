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
from typing import TYPE_CHECKING, Any, ClassVar

from gts.commands.command import Argument, Command, Context, Note, Option, Result
from gts.commands.job_progress import read_json_object
from gts.commands.resolve import (
    DOCUMENT_SUFFIXES,
    find_study,
    is_managed,
    require_exists,
    resolve,
    resolve_file,
    resolve_new_path,
)
from gts.errors import FileError, UsageError
from gts.store.workspace import JobFolder, StudyFolder

if TYPE_CHECKING:
    from gts.store.trash import TrashEntry


@dataclass(frozen=True)
class DeletedItem:
    """One thing that is in the trash now."""

    path: str
    """Where it was, relative to the workspace where that is inside."""
    kind: str
    name: str
    """As `gts restore` knows it."""


@dataclass(frozen=True)
class DeleteResult(Result):
    """What was deleted."""

    view: ClassVar[str] = "files:render_delete"
    things: tuple[DeletedItem, ...]
    trash: str


def run_delete(context: Context, *, references: Sequence[str]) -> Iterator[Any]:
    """Move things to the trash; either all of them or, where one of them must stay, none."""
    from gts.store.trash import Trash

    trash, together = Trash(context.workspace), time.time_ns()
    found = dict.fromkeys(_resolve_deletable(context, word) for word in references)
    things = []
    with ExitStack() as held:
        for path, kind in found:
            if kind in ("run", "study"):
                _lock_job(JobFolder(path), held)
        for path, kind in found:
            storage = _external_storage(path) if kind == "study" else ""
            one = trash.discard(path, kind, batch=together)
            things.append(DeletedItem(one.origin, kind, one.name))
            if storage:
                yield Note(f"the trials of {path.name} stay where they are: {storage}")
    yield DeleteResult(tuple(things), str(trash.folder))


def _resolve_deletable(context: Context, word: str) -> tuple[Path, str]:
    """What a word names, and what that is; raises UsageError for what is not to be deleted so."""
    study = find_study(context, word)
    if study is not None:
        return study.path, "study"
    reference = resolve(context, word)
    path = reference.path
    if reference.kind == "run":
        return path.absolute(), "run"
    require_exists(path)
    if is_managed(context, path):
        raise UsageError(f"{path} belongs to the workspace, a run or a study", hint="delete the run or the study as a whole")
    if path.suffix not in DOCUMENT_SUFFIXES:
        raise UsageError(f"{path} is no spec, space or checkpoint by its name", hint=f"remove it with rm: rm {path}")
    return path.absolute(), path.suffix[1:]


def _lock_job(folder: JobFolder, stack: ExitStack) -> None:
    """Take the lock of a job, so that nobody begins to work on it; raises UsageError where somebody does."""
    from gts.jobs.job_lock import BusyError, JobLock, read_lock

    try:
        lock = JobLock.acquire(folder.lock)
    except BusyError as error:
        name = folder.path.name
        raise UsageError(f"{name} is at work; nothing was deleted", hint=f"stop it first: gts stop {name}") from error
    stack.callback(lock.release)
    if any(read_lock(path)[0] for path in folder.path.glob("trials/*/lock")):
        raise UsageError(f"workers of {folder.path.name} are still saving what they have", hint="try again in a moment")


def _external_storage(path: Path) -> str:
    """Where the trials of a study are, if not in its folder."""
    try:
        return str(read_json_object(StudyFolder(path).study_file).get("storage") or "")
    except FileError:
        return ""


DELETE = Command(
    name="delete",
    summary="Put files, runs or studies into the trash of the workspace.",
    group="workspace",
    run=run_delete,
    help="`gts restore` brings them back. The trash is the folder `.trash` of the workspace; what is in there is gone for good "
    "when you remove it. A run or a study that is at work is stopped first: `gts stop`.",
    arguments=(
        Argument("references", "Specs, spaces, checkpoints; ids of runs; names of studies.", "reference", multiple=True),
    ),
    examples=("gts delete quick.spec", "gts delete k3f && gts restore"),
)


@dataclass(frozen=True)
class CopyResult(Result):
    """A file that is there twice now."""

    view: ClassVar[str] = "files:render_copy"
    source: str
    path: str


def run_copy(context: Context, *, file: str, name: str) -> CopyResult:
    """Copy a file, byte for byte; never over another one."""
    from gts.store.transfer import copy_file

    old = resolve_file(context, file, action="copied")
    new = resolve_new_path(context, old, name)
    copy_file(old, new)
    return CopyResult(str(old), str(new))


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
class RenameResult(Result):
    """A file that has another name now."""

    view: ClassVar[str] = "files:render_rename"
    source: str
    path: str


def run_rename(context: Context, *, file: str, name: str) -> RenameResult:
    """Rename or move a file; never over another one."""
    from gts.store.transfer import move_path

    old = resolve_file(context, file, action="renamed")
    if is_managed(context, old):
        raise UsageError(f"{old} is where its run or study looks for it", hint=f"copy it: gts copy {old} NAME")
    new = resolve_new_path(context, old, name)
    move_path(old, new)
    return RenameResult(str(old), str(new))


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
class ListedTrashItem:
    """One thing in the trash."""

    name: str
    kind: str
    path: str
    """Where it was."""
    deleted: str
    """When; UTC."""


@dataclass(frozen=True)
class TrashResult(Result):
    """What is in the trash, newest first."""

    view: ClassVar[str] = "files:render_trash"
    things: tuple[ListedTrashItem, ...]
    trash: str


@dataclass(frozen=True)
class RestoreResult(Result):
    """What is where it was again."""

    view: ClassVar[str] = "files:render_restore"
    things: tuple[ListedTrashItem, ...]


def run_restore(context: Context, *, names: Sequence[str], listed: bool) -> Result:
    """Bring back what is named, else what was deleted last; or list what there is."""
    from gts.store.trash import Trash

    trash = Trash(context.workspace)
    if listed:
        if names:
            raise UsageError("--list shows all of the trash", hint="leave the names out, or --list")
        return TrashResult(tuple(map(_list_item, trash.entries())), str(trash.folder))
    chosen = list(dict.fromkeys(trash.find(word).name for word in names))
    found = [trash.find(name) for name in chosen] if names else trash.last_batch()
    if not found:
        raise UsageError(f"the trash of `{context.workspace.root}` is empty", hint="there is nothing to bring back")
    trash.check_restorable(found)
    for one in found:
        trash.restore(one)
    return RestoreResult(tuple(map(_list_item, found)))


def _list_item(one: TrashEntry) -> ListedTrashItem:
    return ListedTrashItem(one.name, one.kind, one.origin, one.deleted)


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
