"""`gts new`: a new spec or space with the most important parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from gts.commands.command import Argument, Command, Context, Option, Result
from gts.errors import FileError

_COMMON_PARAMETERS = ("seed", "nSteps", "nEpochs", "nEnvironments")
_TECHNIQUE_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "reinforce": ("policy.learningRate", "policy.nHidden", "policy.hiddenSize", "policy.hiddenActivation", "baseline"),
    "a2c": ("actor.learningRate", "actor.nHidden", "actor.hiddenSize", "critic.learningRate", "critic.hiddenSize", "lambda"),
    "ppo": ("actor.learningRate", "actor.nHidden", "actor.hiddenSize", "critic.learningRate", "critic.hiddenSize", "clipRatio"),
}
"""Most important parameters of each technique, written with their defaults."""
_SEARCH_RANGES: Mapping[str, Mapping[str, Any]] = {
    "reinforce": {"policy.learningRate": {"min": 1e-4, "max": 1e-2, "log": True}, "policy.hiddenSize": [32, 64, 128]},
    "a2c": {"actor.learningRate": {"min": 1e-4, "max": 3e-3, "log": True}, "lambda": {"min": 0.8, "max": 1.0}},
    "ppo": {"actor.learningRate": {"min": 5e-5, "max": 2e-3, "log": True}, "clipRatio": {"min": 0.1, "max": 0.4}},
}
"""Searched parameters of a new space."""


@dataclass(frozen=True)
class NewFileResult(Result):
    """A new file."""

    view: ClassVar[str] = "files:render_new"
    path: str
    kind: str
    figure: str
    technique: str


def run(context: Context, *, kind: str, name: Path, figure: str, technique: str) -> NewFileResult:
    """Write a new file with the most important parameters; raises FileError if it exists."""
    from gts.formats.durable import write_durably
    from gts.formats.spec_file import format_json
    from gts.params.spec import spec_parameters

    path = name if name.suffix == f".{kind}" else name.with_name(f"{name.name}.{kind}")
    known = {parameter.key: parameter for parameter in spec_parameters(figure, technique)}
    rewards = [key for key in known if "/" in key][:2]
    params = {key: known[key].default for key in (*_COMMON_PARAMETERS, *_TECHNIQUE_PARAMETERS[technique], *rewards)}
    if path.exists():
        raise FileError(f"`{path}` exists already", hint="choose another name")
    document = _spec(figure, technique, params) if kind == "spec" else _space(path.stem, figure, technique, params)
    write_durably(path, format_json(document).encode())
    return NewFileResult(str(path), kind, figure, technique)


def _spec(figure: str, technique: str, params: dict[str, Any]) -> dict[str, Any]:
    return {
        "comment": f"A {figure} trained by {technique}. Parameters that are not given have their defaults.\n"
        "`gts info FILE` lists every parameter; the editor of `gts` explains the one under the cursor.",
        "physicalModel": figure,
        "technique": technique,
        "params": params,
    }


def _space(name: str, figure: str, technique: str, params: dict[str, Any]) -> dict[str, Any]:
    ranges = _SEARCH_RANGES[technique]
    return {
        "comment": f"Searches the parameters of {technique} for a {figure}.\n"
        "A list gives values; min and max give a range, with log on a logarithmic scale.",
        "physicalModel": figure,
        "name": name,
        "technique": technique,
        "params": {key: value for key, value in params.items() if key not in ranges},
        "paramSpace": dict(ranges),
    }


COMMAND = Command(
    name="new",
    summary="Create a spec or a space.",
    group="workspace",
    run=run,
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
