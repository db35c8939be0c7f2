"""States as the screen shows them: a sign and a word, in the colours of the theme."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from gts.commands.views.states import state
from gts_tui.inks import ink

if TYPE_CHECKING:
    from gts_tui.app import GtsApp

_COLOURS = {
    "waiting": "state-wait",
    "running": "state-busy",
    "stopping": "state-wait",
    "paused": "state-wait",
    "done": "state-good",
    "failed": "state-bad",
    "interrupted": "state-bad",
}
_PLAIN = {"waiting": ".", "running": ">", "stopping": "]", "paused": "=", "done": "+", "failed": "x", "interrupted": "!"}
"""Signs for a terminal that has ASCII alone."""


def state_text(program: GtsApp, word: str) -> Text:
    """A state, told by a sign and a word, and by colour only besides."""
    return state_sign(program, word).append(f" {word}")


def state_sign(program: GtsApp, word: str) -> Text:
    """The sign of a state alone, where there is no room for its word."""
    sign = _PLAIN[word] if program.glyphs.level == "ascii" else state(word).plain.partition(" ")[0]
    return Text(sign, style=ink(program, _COLOURS[word]))
