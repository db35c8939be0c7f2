"""Signs and colours of states, at each level of glyphs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rich.style import Style
from rich.text import Text
from textual.app import App
from textual.color import Color, ColorParseError

from gts.commands.views.states import state as shell_state
from gts.jobs.states import WORDS
from gts_tui.glyphs import BRAILLE, Glyphs

_ASCII_SIGNS = {
    "waiting": ".",
    "running": ">",
    "stopping": "#",
    "paused": "=",
    "done": "+",
    "failed": "x",
    "interrupted": "!",
}
_MEANING = {"running": "busy", "done": "good", "failed": "bad", "interrupted": "bad"}
_PLAIN = str.maketrans({"–": "-", "…": "~", "×": "x", "→": ">", "·": "-", "≥": ">", "≤": "<", "≠": "!", "’": "'"})
"""One letter each, so that styles stay where they are."""


@dataclass(frozen=True)
class Looks:
    """How things look in the theme and the terminal of now."""

    glyphs: Glyphs = BRAILLE
    colours: Mapping[str, Style] = field(default_factory=dict)
    """By meaning: good, busy, wait, bad."""

    @property
    def ascii(self) -> bool:
        """Whether only ASCII may be shown."""
        return self.glyphs.level == "ascii"

    def sign(self, state: str) -> str:
        """A sign that tells a state without colours; a space where there is no such state."""
        if state not in WORDS:
            return " "
        return _ASCII_SIGNS[state] if self.ascii else shell_state(state).plain[0]

    def style(self, state: str) -> Style:
        """The colour of a state."""
        return self.colours.get(_MEANING.get(state, "wait"), Style())

    def shown(self, text: Text) -> Text:
        """A text as this terminal can show it; names on a disk need not be Unicode, what is written to a terminal must."""
        plain = text.plain.encode(errors="replace").decode()
        if self.ascii:
            plain = "".join(letter if letter.isascii() else "?" for letter in plain.translate(_PLAIN))
        if plain != text.plain:
            text.plain = plain
        return text


def looks_of(app: App[object], glyphs: Glyphs) -> Looks:
    """How things look now."""
    colours = {}
    for meaning in ("good", "busy", "wait", "bad"):
        try:
            colours[meaning] = Style(color=Color.parse(app.theme_variables.get(f"state-{meaning}", "")).rich_color)
        except ColorParseError:
            colours[meaning] = Style()
    return Looks(glyphs, colours)
