"""What is sent to the terminal for a part of the screen, in as few bytes as it takes.

Textual sends a changed piece of a line from the left edge of its widget on, and names the colours anew for every segment. Over
ssh, with a figure at play, that is three times as much as is needed.
"""

from __future__ import annotations

from functools import lru_cache

from rich.color import ColorSystem
from rich.console import Console, RenderableType
from rich.style import Style
from textual._compositor import ChopsUpdate
from textual.strip import Strip

_RESET = "\x1b[0m"


class FrugalUpdate(ChopsUpdate):
    """An update of spans of lines that sends these spans, and colours where they change."""

    def render_segments(self, console: Console) -> str:
        """What to send."""
        colours = console._color_system or ColorSystem.TRUECOLOR
        parts: list[str] = []
        current = ""
        for y, x1, x2 in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                if strip is None or x >= x2 or end <= x1:
                    continue
                # A letter that is two columns wide cannot be cut in half.
                first = x if x >= x1 or strip.cell_length != len(strip.text) else x1
                parts.append(f"\x1b[{y + 1};{first + 1}H")
                for text, style, _ in strip.crop(first - x, min(end, x2) - x):
                    before, after = _around(style or Style.null(), colours)
                    if before != current:
                        parts.append((_RESET if current else "") + before)
                    parts.append(text)
                    current = before
                    if after not in ("", _RESET):
                        parts.append(after)
                        current = ""
        return "".join(parts) + (_RESET if current else "")


@lru_cache(4096)
def _around(style: Style, colours: ColorSystem) -> tuple[str, str]:
    """What is sent before and after a text of a style."""
    before, _, after = Strip.render_style(style, "\0", color_system=colours).partition("\0")
    return before, after


def frugal(update: RenderableType | None) -> RenderableType | None:
    """The same update of the screen, sent in fewer bytes where it is a partial one."""
    if type(update) is ChopsUpdate:
        return FrugalUpdate(update.chops, update.spans, update.chop_ends)
    return update
