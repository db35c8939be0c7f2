"""What every line of the screen goes through before it is written, on terminals that show less than others."""

from __future__ import annotations

import re
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

_IN_ASCII = {
    **dict.fromkeys("─━┄┅┈┉╌╍═╴╶╸╺▁▔▂▃", "-"),
    **dict.fromkeys("│┃┆┇┊┋╎╏║╵╷╹╻▏▎▍▌▋▊▉▕▐", "|"),
    **dict.fromkeys("╭╮╯╰┌┐└┘├┤┬┴┼┏┓┗┛┣┫┳┻╋╔╗╚╝╠╣╦╩╬", "+"),
    **dict.fromkeys("█▓▒░▄▅▆▇▀■", "#"),
    **dict.fromkeys("●•✓▪", "*"),
    **dict.fromkeys("✗×", "x"),
    **dict.fromkeys("▸▶→›»⏵⏎↵", ">"),
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


_NO_LETTER = re.compile("[\ud800-\udfff]")


class Writable(LineFilter):
    """What no terminal takes, since it is no Unicode: halves of letters, which stand for the odd bytes of names on a disk."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments, as wide as they were."""
        return [
            Segment(_NO_LETTER.sub(_replaced, segment.text), segment.style, segment.control)
            if not segment.text.isascii() and _NO_LETTER.search(segment.text)
            else segment
            for segment in segments
        ]


def _replaced(found: re.Match[str]) -> str:
    return "\N{REPLACEMENT CHARACTER}" * cell_len(found[0])


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


class InkOnly(LineFilter):
    """No colour at all: what had a background of its own is reversed, so that a cursor can still be seen."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments without colours."""
        return [
            segment if segment.style is None else Segment(segment.text, _ink(segment.style), segment.control)
            for segment in segments
        ]


@lru_cache(1024)
def _ink(style: Style) -> Style:
    own = style.bgcolor is not None and not style.bgcolor.is_default
    return style.without_color + Style(reverse=bool(style.reverse) != own)
