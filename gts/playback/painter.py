"""From cells to the bytes that a terminal needs: only what has changed, in as few bytes as it takes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache

import numpy as np

from gts.playback.cell_buffer import DEFAULT_COLOUR, CellBuffer
from gts.playback.drawing import CellGlyphs

_DEEP = ("256color", "alacritty", "ghostty", "foot", "wezterm", "kitty", "direct", "konsole")
_NONE = ("dumb", "vt100", "vt102", "vt220")
# What xterm shows for its sixteen colours; terminals differ, the hues do not.
_SIXTEEN = (
    *(0x000000, 0xCD0000, 0x00CD00, 0xCDCD00, 0x0000EE, 0xCD00CD, 0x00CDCD, 0xE5E5E5),
    *(0x7F7F7F, 0xFF0000, 0x00FF00, 0xFFFF00, 0x5C5CFF, 0xFF00FF, 0x00FFFF, 0xFFFFFF),
)
_STEPS = (0, 95, 135, 175, 215, 255)


def colours_of(environment: Mapping[str, str]) -> int:
    """How many colours a terminal has, as far as it says: 0, 16, 256 or 2²⁴."""
    name = environment.get("TERM", "")
    if environment.get("NO_COLOR") or name in _NONE:
        return 0
    if environment.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return 2**24
    return 256 if any(word in name for word in _DEEP) else 16


class Painter:
    """Knows what a terminal shows, and what to send so that it shows something else."""

    def __init__(self, colours: int) -> None:
        self._colours = colours
        self._shown: CellBuffer | None = None

    def forget(self) -> None:
        """Somebody else wrote to the terminal: the next picture is sent whole."""
        self._shown = None

    def paint(self, cells: CellBuffer) -> bytes:
        """What makes the terminal show these cells. They are kept: nobody writes to them afterwards."""
        shown, parts = self._shown, []
        if shown is None or shown.chars.shape != cells.chars.shape:
            parts.append("\x1b[0m\x1b[2J")
            shown = CellBuffer.blank(cells.rows, cells.columns)
        changed = (shown.chars != cells.chars) | (shown.bg != cells.bg)
        changed |= (shown.fg != cells.fg) & (cells.chars != ord(" "))
        style = (DEFAULT_COLOUR, DEFAULT_COLOUR)
        for row in np.flatnonzero(changed.any(axis=1)).tolist():
            style = self._row(parts, cells, row, np.flatnonzero(changed[row]).tolist(), style)
        if style != (DEFAULT_COLOUR, DEFAULT_COLOUR):
            parts.append("\x1b[0m")
        self._shown = cells
        return "".join(parts).encode(errors="replace")

    def _row(
        self, parts: list[str], cells: CellBuffer, row: int, columns: list[int], style: tuple[int, int]
    ) -> tuple[int, int]:
        letters, inks, papers = (array[row].tolist() for array in (cells.chars, cells.fg, cells.bg))
        at = -1
        for column in columns:
            if at < 0:
                parts.append(f"\x1b[{row + 1};{column + 1}H")
            elif at < column:
                between = range(at, column)
                plain = all(letters[one] < 0x80 and (inks[one], papers[one]) == style for one in between)
                if plain and column - at <= 3:
                    parts.extend(chr(letters[one]) for one in between)
                else:
                    parts.append(f"\x1b[{column - at}C" if column - at > 1 else "\x1b[C")
            wanted = (style[0] if letters[column] == ord(" ") else inks[column], papers[column])
            if wanted != style:
                parts.append(_style(style, wanted, self._colours))
                style = wanted
            parts.append(chr(letters[column]))
            at = column + 1
        return style


def _style(now: tuple[int, int], wanted: tuple[int, int], colours: int) -> str:
    if colours == 0:
        return ""
    codes = []
    if wanted[0] != now[0]:
        codes.append("39" if wanted[0] == DEFAULT_COLOUR else _code(wanted[0], 38, colours))
    if wanted[1] != now[1]:
        codes.append("49" if wanted[1] == DEFAULT_COLOUR else _code(wanted[1], 48, colours))
    return f"\x1b[{';'.join(codes)}m"


@cache
def _code(colour: int, kind: int, colours: int) -> str:
    """The parameters of the sequence that sets a colour; `kind` 38 for letters, 48 for what is behind them."""
    red, green, blue = colour >> 16, colour >> 8 & 255, colour & 255
    if colours > 256:
        return f"{kind};2;{red};{green};{blue}"
    if colours == 256:
        return f"{kind};5;{_of_256(red, green, blue)}"
    number = min(range(16), key=lambda one: _distance(colour, _SIXTEEN[one]))
    # Dark grey is invisible on some backgrounds, and black on most.
    number = 7 if number in (0, 8) else number
    return str(kind - 8 + number if number < 8 else kind + 52 + number - 8)


def _of_256(red: int, green: int, blue: int) -> int:
    cube = [min(range(6), key=lambda step: abs(_STEPS[step] - part)) for part in (red, green, blue)]
    grey = min(range(24), key=lambda step: abs(8 + 10 * step - (red + green + blue) / 3))
    level = 8 + 10 * grey
    from_cube = _STEPS[cube[0]] << 16 | _STEPS[cube[1]] << 8 | _STEPS[cube[2]]
    colour = red << 16 | green << 8 | blue
    if _distance(colour, level << 16 | level << 8 | level) < _distance(colour, from_cube):
        return 232 + grey
    return 16 + 36 * cube[0] + 6 * cube[1] + cube[2]


def _distance(one: int, other: int) -> int:
    return sum(((one >> shift & 255) - (other >> shift & 255)) ** 2 for shift in (0, 8, 16))


def glyphs_for(environment: Mapping[str, str], encoding: str) -> CellGlyphs:
    """What a terminal can show, as far as it says: `braille`, `half` on a console, `ascii` without Unicode."""
    if "utf" not in encoding.lower().replace("-", "") or environment.get("TERM") in _NONE:
        return "ascii"
    return "half" if environment.get("TERM") == "linux" else "braille"


def can_paint(environment: Mapping[str, str], descriptor: int) -> str:
    """Why nothing can be drawn there; empty where it can."""
    if not os.isatty(descriptor):
        return "standard output is not a terminal"
    if environment.get("TERM", "dumb") in ("", "dumb"):
        return "this terminal cannot place letters (TERM is " + (environment.get("TERM") or "not set") + ")"
    return ""
