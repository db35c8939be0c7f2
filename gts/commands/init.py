"""`gts init`: a new workspace with examples."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from gts.commands.command import Argument, Command, Context, Result
from gts.errors import FileError, MissingError, reason

_RUNTIME_FILES = ("runs", "studies", "gts.db", "__pycache__")

_OUTSIDE_LINK = re.compile(r"\[([^]]*)\]\(\.\./[^)]*\)")
"""A link out of the example folder, dead in a workspace elsewhere; only its text is kept."""


@dataclass(frozen=True)
class InitResult(Result):
    """A created or completed workspace."""

    view: ClassVar[str] = "files:render_init"
    root: str
    made: tuple[str, ...]
    """Files that were written."""
    kept: tuple[str, ...]
    """Files that existed already and were left unchanged."""


def run_init(context: Context, *, folder: Path) -> InitResult:
    """Copy the example files into a folder; existing files are left unchanged."""
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
    """Find the example files, in the installed package or the repository; raises MissingError."""
    return packaged_folder("workspace", "example files")


def packaged_folder(name: str, contents: str) -> Path:
    """Find a folder that ships with GTS: `gts/_NAME` in the installed package, `NAME` in the repository.

    `contents` names what is missing in the message of MissingError.
    """
    package = Path(__file__).resolve().parent.parent
    for folder in (package / f"_{name}", package.parent / name):
        if folder.is_dir():
            return folder
    raise MissingError(f"the {contents} are missing", hint="reinstall GTS: pip install --force-reinstall gts")


def _example_files(source: Path) -> Iterator[Path]:
    """List the example files, relative to their folder and sorted, without runs and other products of use."""
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source)
        used = name.parts[0].startswith(_RUNTIME_FILES) or any(part.startswith(".") for part in name.parts)
        if path.is_file() and not used:
            yield name


COMMAND = Command(
    name="init",
    summary="Create a workspace with examples.",
    group="workspace",
    run=run_init,
    help="A workspace is a folder with specs, spaces and checkpoints; runs and studies are stored in it. "
    "Existing files are left unchanged.",
    arguments=(Argument("folder", "The folder; default: the current one.", "folder", "path", required=False, default=Path()),),
    examples=("gts init w && cd w && gts train inverted/invertedPPO.spec",),
)
