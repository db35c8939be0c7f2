"""`gts import`: checkpoints of the original program."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from gts.commands.command import Argument, Command, Context, Result
from gts.commands.resolve import resolve_path
from gts.errors import FileError


@dataclass(frozen=True)
class ImportResult(Result):
    """A checkpoint in today's format."""

    view: ClassVar[str] = "files:render_import"
    source: str
    path: str
    figure: str
    technique: str
    networks: tuple[dict[str, Any], ...]


def run(context: Context, *, old: str, new: Path | None) -> ImportResult:
    """Read an old checkpoint, without executing what is in it, and write a new one beside it."""
    from dataclasses import asdict

    from gts.formats.checkpoint import write_checkpoint
    from gts.formats.durable import check_writable
    from gts.formats.legacy import read_legacy_checkpoint

    source = resolve_path(context, old)
    target = new or Path(f"{source.stem}-imported.checkpoint")
    if target.exists() and source.exists() and target.samefile(source):
        raise FileError(f"`{target}` would be written over itself", hint="name another file for the imported checkpoint")
    check_writable(target)
    checkpoint = read_legacy_checkpoint(source)
    write_checkpoint(target, checkpoint)
    networks = tuple(asdict(network) for network in checkpoint.describe_networks())
    return ImportResult(str(source), str(target), checkpoint.spec.figure, checkpoint.spec.technique, networks)


COMMAND = Command(
    name="import",
    summary="Bring a checkpoint of the original program here.",
    group="workspace",
    run=run,
    needs_torch=True,
    help="The old file is read with a list of what may be in it; anything else is refused, and nothing in it is ever executed.",
    arguments=(
        Argument("old", "The checkpoint of the original program.", "file"),
        Argument("new", "Where to write; <OLD>-imported.checkpoint here if it is left out.", "file", "path", required=False),
    ),
    examples=("gts import hopperA2C.checkpoint imported.checkpoint && gts score imported.checkpoint",),
)
