"""`gts copy`: a spec, a space or a checkpoint under another name as well."""

from __future__ import annotations

from dataclasses import dataclass

from gts.commands.command import Argument, Command, Context, Result
from gts.commands.naming import file_named, new_place


@dataclass(frozen=True)
class Copied(Result):
    """A file that is there twice now."""

    source: str
    path: str


def run(context: Context, *, file: str, name: str) -> Copied:
    """Copy a file, byte for byte; never over another one."""
    from gts.store.transfer import copy_file

    old = file_named(context, file, does="copied")
    new = new_place(context, old, name)
    copy_file(old, new)
    return Copied(str(old), str(new))


COMMAND = Command(
    name="copy",
    summary="Copy a spec, a space or a checkpoint.",
    group="workspace",
    run=run,
    help="The copy has the same content, byte for byte, and never takes the place of a file that is there.",
    arguments=(
        Argument("file", "What to copy.", "document"),
        Argument("name", "Its new name, beside the old one where no folder is said; or a folder.", "file"),
    ),
    examples=("gts copy hopper/hopperPPO.spec quick", "gts copy hopper/hopperPPO.spec walker/"),
)
