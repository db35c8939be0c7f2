"""Three levels of glyphs, for terminals that can show more or less."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Literal

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

Level = Literal["braille", "block", "ascii"]


@dataclass(frozen=True)
class Glyphs:
    """What is drawn with; every sign is one column wide."""

    level: Level
    branch: str
    leaf: str
    mark: str
    bar: str
    """A full cell of a bar."""
    spark: str
    """From low to high."""
    vertical: str
    horizontal: str
    corner: str


BRAILLE = Glyphs("braille", "▾", "·", "●", "█", "▁▂▃▄▅▆▇█", "│", "─", "└")
BLOCK = Glyphs("block", "▾", "·", "*", "█", "▁▂▃▄▅▆▇█", "│", "─", "└")
ASCII = Glyphs("ascii", "v", "-", "*", "#", "_.-=+*#@", "|", "-", "+")
LEVELS = {glyphs.level: glyphs for glyphs in (BRAILLE, BLOCK, ASCII)}


def glyphs_for(asked: str = "") -> Glyphs:
    """The level that was asked for, else what this terminal can show."""
    if asked:
        return LEVELS[asked]  # type: ignore[index]
    encoding = (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "")
    if "utf8" not in encoding or os.environ.get("TERM") in ("dumb", "vt100"):
        return ASCII
    return BLOCK if os.environ.get("TERM") == "linux" else BRAILLE


_IN_ASCII = {
    **dict.fromkeys("─━┄┅┈┉╌╍═╴╶╸╺▁▔▂▃", "-"),
    **dict.fromkeys("│┃┆┇┊┋╎╏║╵╷╹╻▏▎▍▌▋▊▉▕▐", "|"),
    **dict.fromkeys("╭╮╯╰┌┐└┘├┤┬┴┼┏┓┗┛┣┫┳┻╋╔╗╚╝╠╣╦╩╬", "+"),
    **dict.fromkeys("█▓▒░▄▅▆▇▀■", "#"),
    **dict.fromkeys("●•✓▪", "*"),
    **dict.fromkeys("✗×", "x"),
    **dict.fromkeys("▸▶→›»⏵", ">"),
    **dict.fromkeys("◂◀←‹«", "<"),
    **dict.fromkeys("▾▼↓⌄", "v"),
    **dict.fromkeys("▴▲↑", "^"),
    **dict.fromkeys("–—−", "-"),
    **dict.fromkeys("·…", "."),
    **dict.fromkeys("‘’", "'"),
    **dict.fromkeys("“”„", '"'),
    **dict.fromkeys("○◦◌", "o"),
    "‖": "=",
    "Ø": "O",
    "±": "~",
    "\N{NO-BREAK SPACE}": " ",
}
"""Signs that this program and its libraries draw, for terminals that have letters only."""


class AsciiOnly(LineFilter):
    """The last thing that happens to a line of the screen at the ascii level: nothing else reaches the terminal."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments, as wide as they were."""
        return [
            segment if segment.text.isascii() else Segment(in_ascii(segment.text), segment.style, segment.control)
            for segment in segments
        ]


def in_ascii(text: str) -> str:
    """A text in ASCII, as wide as it was."""
    if text.isascii():
        return text
    return "".join(letter if letter.isascii() else _IN_ASCII.get(letter) or "?" * cell_len(letter) for letter in text)
