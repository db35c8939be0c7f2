"""Theme files: colours of the terminal program, as TOML.

```toml
name = "dark"
about = "Light text on dark grey."
dark = true

[colours]
primary = "#5aa9e6"      # any of THEME_COLOURS; the first three are required
background = "#16191d"
foreground = "#e6e6e6"

[variables]              # overrides of values that are derived from the colours
footer-key-foreground = "#f2b134"

[chart]
colours = ["#5aa9e6", "#f2b134"]

[state]
good = "#6cc183"
```

Reading is strict: unknown keys and invalid colours are errors with a line and a remedy, all of a file at once.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gts.errors import FormatError, Problem
from gts.formats.file_checks import read_bytes
from gts.formats.toml_positions import TomlPositions

THEME_COLOURS = (
    "primary",
    "background",
    "foreground",
    "secondary",
    "surface",
    "panel",
    "boost",
    "accent",
    "success",
    "warning",
    "error",
)
REQUIRED_COLOURS = THEME_COLOURS[:3]
THEME_STATES = ("good", "busy", "wait", "bad")
MAX_CHART_COLOURS = 8

STYLED_CURSORS = ("block-cursor", "block-cursor-blurred", "input-cursor")
THEME_VARIABLES: Mapping[str, str] = {
    **{f"{name}-{part}": "colour" for name in STYLED_CURSORS for part in ("foreground", "background")},
    **{f"{name}-text-style": "style" for name in (*STYLED_CURSORS, "button-focus")},
    **dict.fromkeys(("text", "text-muted", "text-disabled", "foreground-muted", "foreground-disabled"), "colour"),
    **dict.fromkeys((f"text-{name}" for name in ("primary", "secondary", "accent", "success", "warning", "error")), "colour"),
    **dict.fromkeys((f"{name}-muted" for name in ("primary", "secondary", "accent", "success", "warning", "error")), "colour"),
    **dict.fromkeys(("border", "border-blurred", "block-hover-background", "surface-active"), "colour"),
    **{f"scrollbar{part}": "colour" for part in ("", "-hover", "-active", "-background", "-corner-color")},
    **{f"scrollbar-background-{part}": "colour" for part in ("hover", "active")},
    **{f"footer-{part}": "colour" for part in ("foreground", "background", "key-foreground", "key-background")},
    **{f"footer-description-{part}": "colour" for part in ("foreground", "background")},
    **{f"{name}-selection-{part}": "colour" for name in ("input", "screen") for part in ("foreground", "background")},
    **{f"link-{part}": "colour" for part in ("color", "color-hover", "background", "background-hover")},
    **{f"link-{part}": "style" for part in ("style", "style-hover")},
    **dict.fromkeys(("button-foreground", "button-color-foreground"), "colour"),
}
"""Variables that a theme may set besides its colours, with their kind: a colour or a text style."""

_MAX_BYTES = 100_000
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_HEX = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_ANSI = ("default", "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
ANSI_COLOURS = frozenset((*(f"ansi_{name}" for name in _ANSI), *(f"ansi_bright_{name}" for name in _ANSI[1:])))
TEXT_STYLES = frozenset(("none", "bold", "dim", "italic", "reverse", "underline", "strike"))
_COLOUR_REMEDY = "write it as #rrggbb, or as one of the terminal's own, such as ansi_bright_blue"
_TOP_KEYS = ("name", "about", "dark", "ansi", "colours", "variables", "chart", "state")


@dataclass(frozen=True)
class ThemeFile:
    """Content of a theme file."""

    path: str
    name: str
    about: str
    dark: bool
    ansi: bool
    """Whether it uses the terminal's own background and sixteen colours."""
    colours: Mapping[str, str]
    variables: Mapping[str, str] = field(default_factory=dict)
    chart: tuple[str, ...] = ()
    state: Mapping[str, str] = field(default_factory=dict)


def read_theme(path: Path) -> ThemeFile:
    """Read a theme. Raises FileError if the file cannot be read, FormatError with all errors in it."""
    text = read_bytes(path, "theme", _MAX_BYTES).decode("utf-8", errors="replace")
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise FormatError(str(path), (_make_syntax_problem(str(error)),), hint="`gts themes` lists valid files") from error
    reader = _ThemeReader(TomlPositions(text))
    theme = reader.read_theme(str(path), path.stem, content)
    if reader.problems:
        problems = sorted(reader.problems, key=lambda problem: problem.line)
        raise FormatError(str(path), problems, hint="`gts themes` lists valid files")
    return theme


def _make_syntax_problem(message: str) -> Problem:
    position = re.search(r" \(at line (\d+), column (\d+)\)$", message)
    text = message[: position.start()] if position else message.removesuffix(" (at end of document)")
    line, column = (int(position[1]), int(position[2])) if position else (0, 0)
    return Problem(f"not valid TOML: {text[:1].lower()}{text[1:]}", line=line, column=column)


class _ThemeReader:
    """Reads one file and collects its errors."""

    def __init__(self, positions: TomlPositions) -> None:
        self.problems: list[Problem] = []
        self._positions = positions

    def read_theme(self, path: str, stem: str, content: Mapping[str, Any]) -> ThemeFile:
        self._check_keys(("",), content, _TOP_KEYS)
        ansi = self._read_bool(content, "ansi", False)
        colours = self._read_values(content, "colours", dict.fromkeys(THEME_COLOURS, "colour"))
        if isinstance(content.get("colours", {}), dict):
            for name in REQUIRED_COLOURS:
                if name not in colours:
                    self._add_problem(("colours",), f"the colour `{name}` is missing from [colours]")
        return ThemeFile(
            path=path,
            name=self._read_text(content, "name", stem, _NAME, "use at most 40 lower-case letters, digits and -"),
            about=self._read_text(content, "about", ""),
            dark=self._read_bool(content, "dark", True),
            ansi=ansi,
            colours=colours,
            variables=self._read_values(content, "variables", THEME_VARIABLES),
            chart=self._read_chart(content),
            state=self._read_values(content, "state", dict.fromkeys(THEME_STATES, "colour")),
        )

    def _read_chart(self, content: Mapping[str, Any]) -> tuple[str, ...]:
        chart = self._read_table(content, "chart")
        self._check_keys(("chart",), chart, ("colours",))
        colours = chart.get("colours", [])
        key_path = ("chart", "colours")
        if not isinstance(colours, list) or len(colours) > MAX_CHART_COLOURS:
            self._add_problem(key_path, f"`colours` of [chart] must be a list of at most {MAX_CHART_COLOURS} colours")
            return ()
        for colour in colours:
            self._check_value(key_path, "a colour of [chart]", colour, "colour")
        return tuple(map(str, colours))

    def _read_values(self, content: Mapping[str, Any], table: str, known: Mapping[str, str]) -> dict[str, str]:
        values = self._read_table(content, table)
        self._check_keys((table,), values, known)
        for key, value in values.items():
            if key in known:
                self._check_value((table, key), f"`{key}`", value, known[key])
        return {key: str(value) for key, value in values.items()}

    def _check_value(self, key_path: tuple[str, ...], subject: str, value: Any, kind: str) -> None:
        is_valid: Mapping[str, Callable[[str], Any]] = {
            "colour": lambda text: text in ANSI_COLOURS or _HEX.fullmatch(text),
            "style": lambda text: text.split() and TEXT_STYLES.issuperset(text.split()),
        }
        remedy = _COLOUR_REMEDY if kind == "colour" else f"allowed: {', '.join(sorted(TEXT_STYLES))}"
        if not isinstance(value, str) or not is_valid[kind](value):
            noun = "a colour" if kind == "colour" else "a style"
            self._add_problem(key_path, f"{subject} is {str(value)[:40]!r}, which is not {noun}; {remedy}")

    def _read_table(self, content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        table = content.get(name, {})
        if isinstance(table, dict):
            return table
        self._add_problem((name,), f"`{name}` must be a table: write [{name}] and its keys below it")
        return {}

    def _check_keys(self, key_path: tuple[str, ...], table: Mapping[str, Any], known: Iterable[str]) -> None:
        names = tuple(known)
        for key in table:
            if key not in names:
                close = difflib.get_close_matches(key, names, n=1, cutoff=0.5)
                table_name = f" in [{key_path[0]}]" if key_path[0] else ""
                remedy = f"did you mean `{close[0]}`?" if close else f"allowed: {', '.join(names[:12])}"
                self._add_problem((*filter(None, key_path), key), f"unknown key `{key[:40]}`{table_name}; {remedy}")

    def _read_bool(self, content: Mapping[str, Any], key: str, default: bool) -> bool:
        value = content.get(key, default)
        if not isinstance(value, bool):
            self._add_problem((key,), f"`{key}` must be true or false")
        return bool(value)

    def _read_text(
        self, content: Mapping[str, Any], key: str, default: str, pattern: re.Pattern[str] | None = None, remedy: str = ""
    ) -> str:
        value = content.get(key, default)
        if not isinstance(value, str):
            self._add_problem((key,), f"`{key}` must be a text")
        elif pattern is not None and not pattern.fullmatch(value):
            self._add_problem((key,), f"`{key}` is {value[:40]!r}; {remedy}")
        return str(value)

    def _add_problem(self, key_path: tuple[str, ...], message: str) -> None:
        line, column = self._positions.find_position(key_path)
        self.problems.append(Problem(message, key=".".join(key_path), line=line, column=column))
