"""`gts new`: a new spec or space with the most important parameters."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from gts.commands.command import Argument, Command, Context, Option, Result
from gts.errors import FileError


@dataclass(frozen=True)
class NewFileResult(Result):
    """A new file."""

    view: ClassVar[str] = "files:render_new"
    path: str
    kind: str
    figure: str
    technique: str


def run_new(context: Context, *, kind: str, name: Path, figure: str, technique: str) -> NewFileResult:
    """Write a new file from a template; never replaces a file."""
    from gts.formats.durable import write_durably
    from gts.formats.templates import make_space_template, make_spec_template

    path = name if name.suffix == f".{kind}" else name.with_name(f"{name.name}.{kind}")
    text = make_spec_template(figure, technique) if kind == "spec" else make_space_template(figure, technique, path.stem)
    if path.exists():
        raise FileError(f"`{path}` exists already", hint="choose another name; nothing was changed")
    write_durably(path, text.encode())
    return NewFileResult(str(path), kind, figure, technique)


COMMAND = Command(
    name="new",
    summary="Create a spec or a space.",
    group="workspace",
    run=run_new,
    arguments=(
        Argument("kind", "Kind of file.", type="choice", choices=("spec", "space"), metavar="spec|space"),
        Argument("name", "Name of the file; a missing suffix is added.", "file", "path"),
    ),
    options=(
        Option(("-f", "--figure"), "The figure to train.", completion="figure", default="hopper", metavar="FIGURE"),
        Option(("-t", "--technique"), "The learning technique.", completion="technique", default="ppo", metavar="TECHNIQUE"),
    ),
    examples=("gts new spec hop --figure hopper --technique ppo",),
)
