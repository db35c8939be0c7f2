"""`gts import`: conversion of the original program's checkpoints."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from gts.commands.command import Argument, Command, Context, Result
from gts.commands.resolve import resolve_path
from gts.errors import FileError


@dataclass(frozen=True)
class ImportResult(Result):
    """A converted checkpoint."""

    view: ClassVar[str] = "files:render_import"
    source: str
    path: str
    figure: str
    technique: str
    networks: tuple[dict[str, Any], ...]


def run_import(context: Context, *, old: str, new: Path | None) -> ImportResult:
    """Convert an old checkpoint without executing anything in it."""
    from dataclasses import asdict

    from gts.formats.checkpoint import write_checkpoint
    from gts.formats.durable import check_writable
    from gts.formats.legacy import read_legacy_checkpoint

    source = resolve_path(context, old)
    target = new or Path(f"{source.stem}-imported.checkpoint")
    if target.exists() and source.exists() and target.samefile(source):
        raise FileError(f"`{target}` would overwrite itself", hint="name another file for the imported checkpoint")
    check_writable(target)
    checkpoint = read_legacy_checkpoint(source)
    write_checkpoint(target, checkpoint)
    networks = tuple(asdict(network) for network in checkpoint.describe_networks())
    return ImportResult(str(source), str(target), checkpoint.spec.figure, checkpoint.spec.technique, networks)


COMMAND = Command(
    name="import",
    summary="Convert a checkpoint of the original program.",
    group="workspace",
    run=run_import,
    needs_torch=True,
    help="Only the objects that such a checkpoint needs are read; anything else is refused, and nothing is ever executed.",
    arguments=(
        Argument("old", "The checkpoint of the original program.", "file"),
        Argument("new", "The file to write; default: <OLD>-imported.checkpoint.", "file", "path", required=False),
    ),
    examples=("gts import hopperA2C.checkpoint imported.checkpoint && gts score imported.checkpoint",),
)
