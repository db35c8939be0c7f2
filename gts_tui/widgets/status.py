"""Signs and colours of states, at each level of glyphs.

Signs and inks of states: a state is always a sign and a word, and its colour is the theme's.

States as the screen shows them: a sign and a word, in the colours of the theme.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.style import Style
from rich.text import Text
from textual.app import App
from textual.color import Color, ColorParseError

from gts.commands.views.formatting import job_state_text
from gts.commands.views.formatting import job_state_text as shell_state
from gts.jobs.states import STATE_NAMES
from gts_tui.terminal import BRAILLE, Glyphs
from gts_tui.theme import theme_style

if TYPE_CHECKING:
    from gts_tui.app_base import BaseApp


_ASCII_STATE_SYMBOLS = {
    "waiting": ".",
    "running": ">",
    "stopping": "#",
    "paused": "=",
    "done": "+",
    "failed": "x",
    "interrupted": "!",
}
_STATE_MEANINGS = {"running": "busy", "done": "good", "failed": "bad", "interrupted": "bad"}
_ASCII_TEXT = str.maketrans({"–": "-", "…": "~", "×": "x", "→": ">", "·": "-", "≥": ">", "≤": "<", "≠": "!", "’": "'"})
"""One letter each, so that styles stay where they are."""


@dataclass(frozen=True)
class StatusStyles:
    """How things look in the theme and the terminal of now."""

    glyphs: Glyphs = BRAILLE
    meaning_styles: Mapping[str, Style] = field(default_factory=dict)
    """By meaning: good, busy, wait, bad."""

    @property
    def is_ascii(self) -> bool:
        """Whether only ASCII may be shown."""
        return self.glyphs.level == "ascii"

    def symbol(self, state: str) -> str:
        """A sign that tells a state without colours; a space where there is no such state."""
        if state not in STATE_NAMES:
            return " "
        return _ASCII_STATE_SYMBOLS[state] if self.is_ascii else shell_state(state).plain[0]

    def state_style(self, state: str) -> Style:
        """The colour of a state."""
        return self.meaning_styles.get(_STATE_MEANINGS.get(state, "wait"), Style())

    def adapt_text(self, text: Text) -> Text:
        """A text as this terminal can show it; names on a disk need not be Unicode, what is written to a terminal must."""
        plain = text.plain.encode(errors="replace").decode()
        if self.is_ascii:
            plain = "".join(letter if letter.isascii() else "?" for letter in plain.translate(_ASCII_TEXT))
        if plain != text.plain:
            text.plain = plain
        return text


def make_status_styles(app: App[object], glyphs: Glyphs) -> StatusStyles:
    """How things look now."""
    colours = {}
    for meaning in ("good", "busy", "wait", "bad"):
        try:
            colours[meaning] = Style(color=Color.parse(app.theme_variables.get(f"state-{meaning}", "")).rich_color)
        except ColorParseError:
            colours[meaning] = Style()
    return StatusStyles(glyphs, colours)


STATE_COLOURS = {
    "waiting": "wait",
    "running": "busy",
    "stopping": "wait",
    "paused": "wait",
    "done": "good",
    "complete": "good",
    "pruned": "wait",
    "failed": "bad",
    "interrupted": "bad",
    "damaged": "bad",
}
"""Which of the theme's `state-…` colours a state has."""

_STATE_SYMBOLS = {
    "waiting": "…",
    "running": "▶",
    "stopping": "■",
    "paused": "‖",
    "done": "✓",
    "complete": "✓",
    "pruned": "✂",
    "failed": "✗",
    "interrupted": "!",
    "damaged": "!",
}
_ASCII_SYMBOLS = str.maketrans(
    {"…": ".", "▶": ">", "■": "#", "‖": "=", "✓": "+", "✗": "x", "✂": "/", "–": "-", "▴": "-", "▾": "+"}
)


def format_state(state: str) -> str:
    """A state with its sign; a word that is no state stays as it is."""
    return f"{_STATE_SYMBOLS[state]} {state}" if state in _STATE_SYMBOLS else state


def adapt_symbols(text: str, glyphs: Glyphs) -> str:
    """A text with the signs that the terminal can show."""
    return text.translate(_ASCII_SYMBOLS) if glyphs.level == "ascii" else text


_COLOURS = {
    "waiting": "state-wait",
    "running": "state-busy",
    "stopping": "state-wait",
    "paused": "state-wait",
    "done": "state-good",
    "failed": "state-bad",
    "interrupted": "state-bad",
}
_ASCII_STATE_SIGNS = {
    "waiting": ".",
    "running": ">",
    "stopping": "]",
    "paused": "=",
    "done": "+",
    "failed": "x",
    "interrupted": "!",
}
"""Signs for a terminal that has ASCII alone."""


def state_text(program: BaseApp, word: str) -> Text:
    """A state, told by a sign and a word, and by colour only besides."""
    return state_sign(program, word).append(f" {word}")


def state_sign(program: BaseApp, word: str) -> Text:
    """The sign of a state alone, where there is no room for its word."""
    sign = _ASCII_STATE_SIGNS[word] if program.glyphs.level == "ascii" else job_state_text(word).plain.partition(" ")[0]
    return Text(sign, style=theme_style(program, _COLOURS[word]))
