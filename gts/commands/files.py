"""`gts copy`, `gts rename`, `gts delete` and `gts restore`: files, and the trash of the workspace."""

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
class ListedTrashItem:
    """One item in the trash."""

    name: str
    """Name for `gts restore`."""
    kind: str
    path: str
    """Old path, relative to the workspace if inside."""
    deleted: str
    """UTC."""


@dataclass(frozen=True)
class DeleteResult(Result):
    """Deleted items."""

    view: ClassVar[str] = "files:render_delete"
    things: tuple[ListedTrashItem, ...]
    trash: str


def _list_item(one: TrashEntry) -> ListedTrashItem:
    return ListedTrashItem(one.name, one.kind, one.origin, one.deleted)


def run_delete(context: Context, *, references: Sequence[str]) -> Iterator[Any]:
    """Move items to the trash, all of them or, if one cannot be deleted, none."""
    from gts.store.trash import Trash

    trash, batch = Trash(context.workspace), time.time_ns()
    found = dict.fromkeys(_resolve_deletable(context, word) for word in references)
    things = []
    with ExitStack() as held:
        for path, kind in found:
            if kind in ("run", "study"):
                _lock_job(JobFolder(path), held)
        for path, kind in found:
            storage = _external_storage(path) if kind == "study" else ""
            things.append(_list_item(trash.discard(path, kind, batch=batch)))
            if storage:
                yield Note(f"the trials of {path.name} are kept in {storage}")
    yield DeleteResult(tuple(things), str(trash.folder))


def _resolve_deletable(context: Context, word: str) -> tuple[Path, str]:
    """Return path and kind of what a word names; raises UsageError if it must not be deleted."""
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
        raise UsageError(f"{path} is not a spec, a space or a checkpoint", hint=f"remove it with rm: rm {path}")
    return path.absolute(), path.suffix[1:]


def _lock_job(folder: JobFolder, stack: ExitStack) -> None:
    """Hold the lock of a job while it is deleted; raises UsageError if the job is running."""
    from gts.jobs.job_lock import BusyError, JobLock, read_lock

    try:
        lock = JobLock.acquire(folder.lock)
    except BusyError as error:
        name = folder.path.name
        raise UsageError(f"{name} is running; nothing was deleted", hint=f"stop it first: gts stop {name}") from error
    stack.callback(lock.release)
    if any(read_lock(path)[0] for path in folder.path.glob("trials/*/lock")):
        raise UsageError(f"workers of {folder.path.name} are still saving", hint="try again in a moment")


def _external_storage(path: Path) -> str:
    """Return the storage of a study's trials; empty if that is its own folder."""
    try:
        return str(read_json_object(StudyFolder(path).study_file).get("storage") or "")
    except FileError:
        return ""


DELETE = Command(
    name="delete",
    summary="Move files, runs or studies to the trash of the workspace.",
    group="workspace",
    run=run_delete,
    help="`gts restore` brings them back. The trash is the folder `.trash` of the workspace; remove it to delete its contents "
    "for good. Stop a running run or study first: `gts stop`.",
    arguments=(
        Argument("references", "Specs, spaces or checkpoints; ids of runs; names of studies.", "reference", multiple=True),
    ),
    examples=("gts delete quick.spec", "gts delete k3f && gts restore"),
)


@dataclass(frozen=True)
class CopyResult(Result):
    """A copied file."""

    view: ClassVar[str] = "files:render_copy"
    source: str
    path: str


def run_copy(context: Context, *, file: str, name: str) -> CopyResult:
    """Copy a file; raises FileError if the new name is taken."""
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
    help="The copy has the same content, byte for byte. An existing file is never overwritten.",
    arguments=(
        Argument("file", "The file to copy.", "document"),
        Argument("name", "The new name, in the same folder unless it names another; or a folder.", "file"),
    ),
    examples=("gts copy hopper/hopperPPO.spec quick", "gts copy hopper/hopperPPO.spec walker/"),
)


@dataclass(frozen=True)
class RenameResult(Result):
    """A renamed file."""

    view: ClassVar[str] = "files:render_rename"
    source: str
    path: str


def run_rename(context: Context, *, file: str, name: str) -> RenameResult:
    """Rename or move a file; raises FileError if the new name is taken."""
    from gts.store.transfer import move_path

    old = resolve_file(context, file, action="renamed")
    if is_managed(context, old):
        raise UsageError(f"{old} belongs to a run or a study and cannot be renamed", hint=f"copy it: gts copy {old} NAME")
    new = resolve_new_path(context, old, name)
    move_path(old, new)
    return RenameResult(str(old), str(new))


RENAME = Command(
    name="rename",
    summary="Rename or move a spec, a space or a checkpoint.",
    group="workspace",
    run=run_rename,
    help="The file stays in its folder unless the new name gives another one. An existing file is never overwritten. "
    "Runs and studies cannot be renamed.",
    arguments=(
        Argument("file", "The file to rename.", "document"),
        Argument("name", "The new name, or a folder to move the file to.", "file"),
    ),
    examples=("gts rename hopper/hopperPPO.spec steady",),
)


@dataclass(frozen=True)
class TrashResult(Result):
    """Items in the trash, newest first."""

    view: ClassVar[str] = "files:render_trash"
    things: tuple[ListedTrashItem, ...]
    trash: str


@dataclass(frozen=True)
class RestoreResult(Result):
    """Restored items."""

    view: ClassVar[str] = "files:render_restore"
    things: tuple[ListedTrashItem, ...]


def run_restore(context: Context, *, names: Sequence[str], listed: bool) -> Result:
    """Restore the named items, by default those deleted last; or list the trash."""
    from gts.store.trash import Trash

    trash = Trash(context.workspace)
    if listed:
        if names:
            raise UsageError("--list takes no names: it lists the whole trash", hint="leave out the names or --list")
        return TrashResult(tuple(map(_list_item, trash.entries())), str(trash.folder))
    chosen = list(dict.fromkeys(trash.find(word).name for word in names))
    found = [trash.find(name) for name in chosen] if names else trash.last_batch()
    if not found:
        raise UsageError(f"the trash of `{context.workspace.root}` is empty", hint="there is nothing to restore")
    trash.check_restorable(found)
    for one in found:
        trash.restore(one)
    return RestoreResult(tuple(map(_list_item, found)))


RESTORE = Command(
    name="restore",
    summary="Restore deleted files, runs or studies.",
    group="workspace",
    run=run_restore,
    help="Moves items back to their old places; an existing file is never overwritten. Without a name it restores what the "
    "last `gts delete` removed.",
    arguments=(
        Argument(
            "names",
            "The item to restore: its name in the trash, its old path, or a part of it.",
            multiple=True,
            required=False,
            metavar="NAME",
        ),
    ),
    options=(Option(("--list",), "List the trash.", "flag", name="listed"),),
    examples=("gts restore", "gts restore --list", "gts restore quick.spec"),
)
