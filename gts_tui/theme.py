"""Themes: theme files become Textual themes, edited files are applied at once, and the chosen theme is remembered."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from rich.terminal_theme import TerminalTheme
from textual.app import App
from textual.color import Color
from textual.filter import LineFilter
from textual.theme import Theme

from gts.commands.themes import read_themes, theme_folders, theme_paths
from gts.errors import GtsError, UsageError
from gts.formats.durable import write_durably
from gts.formats.theme_file import ThemeFile
from gts.store.workspace import Workspace
from gts.system import this_system
from gts_tui.command_syntax import suggest_nearest
from gts_tui.polling import Poller, stat_stamp
from gts_tui.terminal import AsciiFilter, MonochromeFilter

ColorDepth = Literal["many", "few", "none"]
"""Number of colours of the terminal; the chosen theme is remembered for each."""

DEFAULT_THEMES: Mapping[ColorDepth, str] = {"many": "dark", "few": "16-colour", "none": "monochrome"}
"""Theme at each colour depth if none was chosen."""

_STATE_FILE = "terminal.json"

THEME_VARIABLE_DEFAULTS = {
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
    # Textual's style sheet uses these, and its 16-colour themes do not define them.
    "ansi-background": "ansi_default",
    "ansi-foreground": "ansi_default",
}
"""Values of theme variables that a theme may omit: those of this program, and two that Textual's style sheet needs."""


@dataclass(frozen=True)
class ThemeSet:
    """The valid themes, and the errors of invalid theme files."""

    themes: Mapping[str, ThemeFile]
    problems: tuple[str, ...]
    """One sentence per error, with file and line."""


def read_theme_set(workspace: Workspace) -> ThemeSet:
    """Read all theme files."""
    found, bad = read_themes(workspace)
    problems = tuple(problem.format_at(file.path) for file in bad for problem in file.errors)
    return ThemeSet({name: theme for name, (_, theme) in found.items()}, problems)


def detect_color_depth(colour_system: str | None, *, no_color: bool) -> ColorDepth:
    """Return the colour depth for rich's name of a colour system."""
    if no_color or colour_system is None:
        return "none"
    return "few" if colour_system in ("standard", "windows") else "many"


def make_textual_theme(file: ThemeFile) -> Theme:
    """Convert a theme file to a Textual theme with the variables of this program."""
    chart = file.chart or tuple(THEME_VARIABLE_DEFAULTS[f"chart-{number}"] for number in range(1, 9))
    own = {f"chart-{number + 1}": chart[number % len(chart)] for number in range(8)}
    own |= {f"state-{name}": colour for name, colour in file.state.items()}
    return Theme(name=file.name, dark=file.dark, ansi=file.ansi, **file.colours, variables={**own, **file.variables})  # type: ignore[arg-type]


def make_terminal_theme(file: ThemeFile) -> TerminalTheme:
    """Map rich's eight colours to the theme's: red in a table of the shell becomes the theme's colour for bad states."""
    variables = {**THEME_VARIABLE_DEFAULTS, **make_textual_theme(file).variables}
    meant = ("state-bad", "state-good", "state-wait", "chart-1", "chart-4", "state-busy")
    foreground, background = (Color.parse(file.colours[name]).rgb for name in ("foreground", "background"))
    colours = [background, *(Color.parse(variables[name]).rgb for name in meant), foreground]
    return TerminalTheme(background, foreground, colours, colours)


def is_monochrome(file: ThemeFile) -> bool:
    """Return whether a theme has no colours but the terminal's foreground and background."""
    return file.ansi and set(file.colours.values()) == {"ansi_default"}


def load_chosen_theme(depth: ColorDepth) -> str:
    """Return the theme chosen last at this colour depth, or the default."""
    name = _load_state().get("themes", {}).get(depth)
    return name if isinstance(name, str) else DEFAULT_THEMES[depth]


def save_chosen_theme(depth: ColorDepth, name: str) -> None:
    """Remember the chosen theme; errors are ignored."""
    memory = _load_state()
    themes = {**memory.get("themes", {}), depth: name}
    path = this_system().state_folder() / _STATE_FILE
    with suppress(OSError, GtsError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, json.dumps({**memory, "themes": themes}, indent=2).encode())


def _load_state() -> dict[str, dict[str, str]]:
    try:
        memory = json.loads((this_system().state_folder() / _STATE_FILE).read_bytes())
    except (OSError, ValueError):
        return {}
    return memory if isinstance(memory, dict) and isinstance(memory.get("themes", {}), dict) else {}


class ThemeManager:
    """Applies themes to an app and follows changes of their files."""

    def __init__(self, app: App[Any], workspace: Workspace, *, ascii_only: bool) -> None:
        self._app = app
        self.depth = detect_color_depth(app.console.color_system, no_color=app.no_color)
        self.theme_set = read_theme_set(workspace)
        self._report_problems: Callable[[tuple[str, ...]], None] = lambda problems: None
        self._monochrome_filter, self._ascii_filter = MonochromeFilter(enabled=False), AsciiFilter(enabled=ascii_only)

    def apply_initial(self, requested: str) -> None:
        """Apply the requested theme, else the last one chosen at this colour depth, else the default."""
        self._register(self.theme_set)
        wanted = requested or (DEFAULT_THEMES["none"] if self.depth == "none" else load_chosen_theme(self.depth))
        if wanted not in self.theme_set.themes:
            if requested:
                self._app.notify(self._unknown_theme_error(requested).message, severity="warning", markup=False)
            wanted = DEFAULT_THEMES[self.depth]
        self._apply(wanted)

    def watch_files(self, workspace: Workspace, poller: Poller, report_problems: Callable[[tuple[str, ...]], None]) -> None:
        """Apply changes of the theme files of a workspace from now on."""
        self._report_problems = report_problems
        self._report_problems(self.theme_set.problems)

        def stamp() -> Hashable:
            folders = (folder for _, folder in theme_folders(workspace))
            return stat_stamp(*folders, *(path for _, path in theme_paths(workspace)))

        poller.watch("themes", stamp, lambda: read_theme_set(workspace), self._apply_reading)

    def choose(self, name: str) -> None:
        """Apply and remember a theme; raises UsageError if it does not exist."""
        if name not in self.theme_set.themes:
            raise self._unknown_theme_error(name)
        self._apply(name)
        save_chosen_theme(self.depth, name)

    def line_filters(self) -> tuple[LineFilter, ...]:
        """Return the filters that the theme and the glyph level need."""
        return tuple(one for one in (self._monochrome_filter, self._ascii_filter) if one.enabled)

    def _apply_reading(self, reading: object) -> None:
        if not isinstance(reading, ThemeSet):
            return
        before, self.theme_set = self.theme_set, reading
        self._report_problems(reading.problems)
        self._register(reading)
        current = self._app.theme
        if current not in reading.themes:
            # The file was deleted or is invalid: keep the theme until another is chosen.
            return
        if before.themes.get(current) != reading.themes[current]:
            # Assigning the current name again would not repaint.
            self._app.set_reactive(App.theme, "textual-dark")
            self._apply(current)

    def _register(self, theme_set: ThemeSet) -> None:
        for file in theme_set.themes.values():
            self._app.register_theme(make_textual_theme(file))

    def _apply(self, name: str) -> None:
        file = self.theme_set.themes[name]
        self._monochrome_filter.enabled = is_monochrome(file)
        if not file.ansi:
            self._app.ansi_theme_dark = self._app.ansi_theme_light = make_terminal_theme(file)
        self._app.theme = name

    def _unknown_theme_error(self, name: str) -> UsageError:
        known = self.theme_set.themes
        return UsageError(f"there is no theme `{name[:40]}`{suggest_nearest(name, known)}", hint=f"themes: {', '.join(known)}")


def theme_style(app: App[Any], name: str) -> str:
    """Return the colour of a theme variable as a rich style; empty if the theme lacks it."""
    return app.theme_variables.get(name, "").removeprefix("ansi_")
