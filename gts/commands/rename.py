"""`gts rename`: another name for a spec, a space or a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass

from gts.commands.command import Argument, Command, Context, Result
from gts.commands.naming import file_named, keeps_its_place, new_place
from gts.errors import UsageError


@dataclass(frozen=True)
class Renamed(Result):
    """A file that has another name now."""

    source: str
    path: str


def run(context: Context, *, file: str, name: str) -> Renamed:
    """Rename or move a file; never over another one."""
    from gts.store.transfer import move

    old = file_named(context, file, does="renamed")
    if keeps_its_place(context, old):
        raise UsageError(f"{old} is where its run or study looks for it", hint=f"copy it: gts copy {old} NAME")
    new = new_place(context, old, name)
    move(old, new)
    return Renamed(str(old), str(new))


COMMAND = Command(
    name="rename",
    summary="Give a spec, a space or a checkpoint another name.",
    group="workspace",
    run=run,
    help="It stays in its folder where the new name says no other, and never takes the place of a file that is there. "
    "Runs and studies keep their names.",
    arguments=(
        Argument("file", "What to rename.", "document"),
        Argument("name", "Its new name; or a folder to move it to.", "file"),
    ),
    examples=("gts rename hopper/hopperPPO.spec steady",),
)
