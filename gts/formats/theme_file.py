"""Theme files: the colours of the terminal program, as TOML.

```toml
name = "dark"
about = "Light letters on dark grey."
dark = true

[colours]
primary = "#5aa9e6"      # and the others of COLOURS; only the first three are needed
background = "#16191d"
foreground = "#e6e6e6"

[variables]              # what a person wants otherwise than it follows from the colours
footer-key-foreground = "#f2b134"

[chart]
colours = ["#5aa9e6", "#f2b134"]

[state]
good = "#6cc183"
```

Reading is strict: an unknown key or a colour that is none is an error with its line and a remedy, and all errors of a file are
found at once.
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
from gts.formats.toml_positions import Places

ENDING = ".toml"

COLOURS = (
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
NEEDED = COLOURS[:3]
STATES = ("good", "busy", "wait", "bad")
MOST_CHART_COLOURS = 8

STYLED = ("block-cursor", "block-cursor-blurred", "input-cursor")
VARIABLES: Mapping[str, str] = {
    **{f"{name}-{part}": "colour" for name in STYLED for part in ("foreground", "background")},
    **{f"{name}-text-style": "style" for name in (*STYLED, "button-focus")},
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
"""What a theme may set besides its colours, and what of: a colour or a style of letters."""

_LIMIT = 100_000
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_HEX = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_ANSI = ("default", "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
ANSI_COLOURS = frozenset((*(f"ansi_{name}" for name in _ANSI), *(f"ansi_bright_{name}" for name in _ANSI[1:])))
STYLES = frozenset(("none", "bold", "dim", "italic", "reverse", "underline", "strike"))
_COLOUR_REMEDY = "write it as #rrggbb, or as one of the terminal's own, such as ansi_bright_blue"
_TOP = ("name", "about", "dark", "ansi", "colours", "variables", "chart", "state")


@dataclass(frozen=True)
class ThemeFile:
    """A theme as its file has it."""

    path: str
    name: str
    about: str
    dark: bool
    ansi: bool
    """Whether it leaves the background to the terminal and has its sixteen colours only."""
    colours: Mapping[str, str]
    variables: Mapping[str, str] = field(default_factory=dict)
    chart: tuple[str, ...] = ()
    state: Mapping[str, str] = field(default_factory=dict)


def read_theme(path: Path) -> ThemeFile:
    """The theme of a file. Raises FileError where it cannot be read, FormatError with everything that is wrong in it."""
    text = read_bytes(path, "theme", _LIMIT).decode("utf-8", errors="replace")
    try:
        said = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise FormatError(str(path), (_broken(str(error)),), hint="`gts themes` lists files that are good") from error
    reader = _Reader(Places(text))
    theme = reader.theme(str(path), path.stem, said)
    if reader.problems:
        problems = sorted(reader.problems, key=lambda problem: problem.line)
        raise FormatError(str(path), problems, hint="`gts themes` lists files that are good")
    return theme


def _broken(message: str) -> Problem:
    place = re.search(r" \(at line (\d+), column (\d+)\)$", message)
    said = message[: place.start()] if place else message.removesuffix(" (at end of document)")
    line, column = (int(place[1]), int(place[2])) if place else (0, 0)
    return Problem(f"this is no TOML: {said[:1].lower()}{said[1:]}", line=line, column=column)


class _Reader:
    """Reads one file, and gathers what is wrong."""

    def __init__(self, places: Places) -> None:
        self.problems: list[Problem] = []
        self._places = places

    def theme(self, path: str, stem: str, said: Mapping[str, Any]) -> ThemeFile:
        self._known(("",), said, _TOP)
        ansi = self._flag(said, "ansi", False)
        colours = self._values(said, "colours", dict.fromkeys(COLOURS, "colour"))
        if isinstance(said.get("colours", {}), dict):
            for name in NEEDED:
                if name not in colours:
                    self._wrong(("colours",), f"the colour `{name}` is missing from [colours]")
        return ThemeFile(
            path=path,
            name=self._text(said, "name", stem, _NAME, "write it with small letters, digits and -, 40 at most"),
            about=self._text(said, "about", ""),
            dark=self._flag(said, "dark", True),
            ansi=ansi,
            colours=colours,
            variables=self._values(said, "variables", VARIABLES),
            chart=self._chart(said),
            state=self._values(said, "state", dict.fromkeys(STATES, "colour")),
        )

    def _chart(self, said: Mapping[str, Any]) -> tuple[str, ...]:
        chart = self._table(said, "chart")
        self._known(("chart",), chart, ("colours",))
        colours = chart.get("colours", [])
        place = ("chart", "colours")
        if not isinstance(colours, list) or len(colours) > MOST_CHART_COLOURS:
            self._wrong(place, f"`colours` of [chart] must be a list of {MOST_CHART_COLOURS} colours at most")
            return ()
        for colour in colours:
            self._check(place, "a colour of [chart]", colour, "colour")
        return tuple(map(str, colours))

    def _values(self, said: Mapping[str, Any], table: str, known: Mapping[str, str]) -> dict[str, str]:
        values = self._table(said, table)
        self._known((table,), values, known)
        for key, value in values.items():
            if key in known:
                self._check((table, key), f"`{key}`", value, known[key])
        return {key: str(value) for key, value in values.items()}

    def _check(self, place: tuple[str, ...], what: str, value: Any, kind: str) -> None:
        good: Mapping[str, Callable[[str], Any]] = {
            "colour": lambda text: text in ANSI_COLOURS or _HEX.fullmatch(text),
            "style": lambda text: text.split() and STYLES.issuperset(text.split()),
        }
        remedy = _COLOUR_REMEDY if kind == "colour" else f"there are {', '.join(sorted(STYLES))}"
        if not isinstance(value, str) or not good[kind](value):
            noun = "a colour" if kind == "colour" else "a style"
            self._wrong(place, f"{what} is {str(value)[:40]!r}, which is not {noun}; {remedy}")

    def _table(self, said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        table = said.get(name, {})
        if isinstance(table, dict):
            return table
        self._wrong((name,), f"`{name}` must be a table: write [{name}], and its keys below it")
        return {}

    def _known(self, place: tuple[str, ...], table: Mapping[str, Any], known: Iterable[str]) -> None:
        names = tuple(known)
        for key in table:
            if key not in names:
                close = difflib.get_close_matches(key, names, n=1, cutoff=0.5)
                where = f" in [{place[0]}]" if place[0] else ""
                remedy = f"did you mean `{close[0]}`?" if close else f"there are {', '.join(names[:12])}"
                self._wrong((*filter(None, place), key), f"unknown key `{key[:40]}`{where}; {remedy}")

    def _flag(self, said: Mapping[str, Any], key: str, default: bool) -> bool:
        value = said.get(key, default)
        if not isinstance(value, bool):
            self._wrong((key,), f"`{key}` must be true or false")
        return bool(value)

    def _text(
        self, said: Mapping[str, Any], key: str, default: str, form: re.Pattern[str] | None = None, remedy: str = ""
    ) -> str:
        value = said.get(key, default)
        if not isinstance(value, str):
            self._wrong((key,), f"`{key}` must be a text")
        elif form is not None and not form.fullmatch(value):
            self._wrong((key,), f"`{key}` is {value[:40]!r}; {remedy}")
        return str(value)

    def _wrong(self, place: tuple[str, ...], message: str) -> None:
        line, column = self._places.of(place)
        self.problems.append(Problem(message, key=".".join(place), line=line, column=column))
