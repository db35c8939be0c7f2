"""Themes at work: files of colours become what the screen is drawn with, and the one that was chosen is remembered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from rich.terminal_theme import TerminalTheme
from textual.color import Color
from textual.theme import Theme

from gts.commands.themes import read_themes
from gts.errors import GtsError
from gts.formats.durable import write_durably
from gts.formats.theme_file import ThemeFile
from gts.store.workspace import Workspace
from gts.system import this_system

Depth = Literal["many", "few", "none"]
"""How many colours a terminal has; a theme is remembered for each."""

DEFAULTS: Mapping[Depth, str] = {"many": "dark", "few": "16-colour", "none": "monochrome"}
"""The theme where nobody chose one."""

_REMEMBERED = "terminal.json"

THEME_DEFAULTS = {
    "chart-1": "#5aa9e6",
    "chart-2": "#f2b134",
    "chart-3": "#6cc183",
    "chart-4": "#c792ea",
    "chart-5": "#f0777e",
    "chart-6": "#56c8d8",
    "chart-7": "#e6dc6a",
    "chart-8": "#b0bac4",
    "state-good": "#6cc183",
    "state-busy": "#5aa9e6",
    "state-wait": "#f2b134",
    "state-bad": "#f0777e",
    # Textual's own style sheet has these, and its themes of sixteen colours do not.
    "ansi-background": "ansi_default",
    "ansi-foreground": "ansi_default",
}
"""Variables for themes that leave them out: those of this program, and two more."""


@dataclass(frozen=True)
class Wardrobe:
    """The themes that can be chosen, and what is wrong with files that are none."""

    themes: Mapping[str, ThemeFile]
    problems: tuple[str, ...]
    """A sentence a problem, with its file and line."""


def wardrobe(workspace: Workspace) -> Wardrobe:
    """The themes as their files are now."""
    found, bad = read_themes(workspace)
    problems = tuple(problem.at(file.path) for file in bad for problem in file.errors)
    return Wardrobe({name: theme for name, (_, theme) in found.items()}, problems)


def depth_of(colour_system: str | None, *, no_color: bool) -> Depth:
    """How many colours there are, by the name that rich has for them."""
    if no_color or colour_system is None:
        return "none"
    return "few" if colour_system in ("standard", "windows") else "many"


def textual_theme(file: ThemeFile) -> Theme:
    """A theme as Textual has it, with the variables of this program."""
    chart = file.chart or tuple(THEME_DEFAULTS[f"chart-{number}"] for number in range(1, 9))
    own = {f"chart-{number + 1}": chart[number % len(chart)] for number in range(8)}
    own |= {f"state-{name}": colour for name, colour in file.state.items()}
    return Theme(name=file.name, dark=file.dark, ansi=file.ansi, **file.colours, variables={**own, **file.variables})  # type: ignore[arg-type]


def named_colours(file: ThemeFile) -> TerminalTheme:
    """What the colours mean that the tables of the shell name: red is what is bad in this theme, whatever that looks like."""
    variables = {**THEME_DEFAULTS, **textual_theme(file).variables}
    meant = ("state-bad", "state-good", "state-wait", "chart-1", "chart-4", "state-busy")
    foreground, background = (Color.parse(file.colours[name]).rgb for name in ("foreground", "background"))
    colours = [background, *(Color.parse(variables[name]).rgb for name in meant), foreground]
    return TerminalTheme(background, foreground, colours, colours)


def colourless(file: ThemeFile) -> bool:
    """Whether it has no colour but those of the letters and of the paper."""
    return file.ansi and set(file.colours.values()) == {"ansi_default"}


def remembered(depth: Depth) -> str:
    """The theme that was chosen last on a terminal with so many colours; else the usual one."""
    name = _memory().get("themes", {}).get(depth)
    return name if isinstance(name, str) else DEFAULTS[depth]


def remember(depth: Depth, name: str) -> None:
    """Remember what was chosen; nothing happens where that is impossible."""
    memory = _memory()
    themes = {**memory.get("themes", {}), depth: name}
    path = this_system().state_folder() / _REMEMBERED
    with suppress(OSError, GtsError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, json.dumps({**memory, "themes": themes}, indent=2).encode())


def _memory() -> dict[str, dict[str, str]]:
    try:
        memory = json.loads((this_system().state_folder() / _REMEMBERED).read_bytes())
    except (OSError, ValueError):
        return {}
    return memory if isinstance(memory, dict) and isinstance(memory.get("themes", {}), dict) else {}
