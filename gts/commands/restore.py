"""`gts restore`: back from the trash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gts.commands.command import Argument, Command, Context, Option, Result
from gts.errors import UsageError

if TYPE_CHECKING:
    from gts.store.trash import Discarded


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


def run(context: Context, *, names: Sequence[str], listed: bool) -> Result:
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


COMMAND = Command(
    name="restore",
    summary="Bring back what was deleted.",
    group="workspace",
    run=run,
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
