"""`gts init`: a new workspace."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gts.commands.command import Argument, Command, Context, Result
from gts.errors import FileError, MissingError, reason

_RUNTIME_FILES = ("runs", "studies", "gts.db", "__pycache__")

_OUTSIDE_LINK = re.compile(r"\[([^]]*)\]\(\.\./[^)]*\)")
"""A link to a page outside the examples, which a workspace elsewhere does not have; its words stay."""


@dataclass(frozen=True)
class InitResult(Result):
    """A workspace that was made or completed."""

    root: str
    made: tuple[str, ...]
    """Files that were laid into it."""
    kept: tuple[str, ...]
    """Files that were there already, and stayed as they were."""


def run(context: Context, *, folder: Path) -> InitResult:
    """Lay the example files into a folder; what is there already stays as it is."""
    from gts.store.catalogue import Catalogue

    source = example_workspace()
    made: list[str] = []
    kept: list[str] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in _example_files(source):
            target = folder / name
            if target.exists() or target.is_symlink():
                kept.append(str(name))
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            if name.suffix == ".md":
                target.write_text(_OUTSIDE_LINK.sub(r"\1", (source / name).read_text(encoding="utf-8")), encoding="utf-8")
            else:
                shutil.copyfile(source / name, target)
            made.append(str(name))
    except OSError as error:
        raise FileError(f"cannot make a workspace in `{folder}`: {reason(error)}", hint="name another folder") from error
    Catalogue(folder / "gts.db").close()
    return InitResult(str(folder), tuple(made), tuple(kept))


def example_workspace() -> Path:
    """The folder of the example files: in the installed package, or in the repository beside it. Raises MissingError."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "_workspace", package.parent / "workspace"):
        if folder.is_dir():
            return folder
    raise MissingError("this installation lacks the example files", hint="install GTS again: pip install --force-reinstall gts")


def _example_files(source: Path) -> Iterator[Path]:
    """The example files, by name, without what use has made beside them."""
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source)
        used = name.parts[0].startswith(_RUNTIME_FILES) or any(part.startswith(".") for part in name.parts)
        if path.is_file() and not used:
            yield name


COMMAND = Command(
    name="init",
    summary="Make a workspace with examples that work.",
    group="workspace",
    run=run,
    help="A workspace is a folder with specs, spaces and checkpoints; runs and their numbers are kept in it. "
    "Files that are there already stay as they are.",
    arguments=(
        Argument("folder", "Where; the current folder if it is left out.", "folder", "path", required=False, default=Path()),
    ),
    examples=("gts init w && cd w && gts train inverted/invertedPPO.spec",),
)
