"""Signs and inks of states: a state is always a sign and a word, and its colour is the theme's."""

from __future__ import annotations

from gts_tui.glyphs import Glyphs

INKS = {
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

_SIGNS = {
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
_ASCII = str.maketrans({"…": ".", "▶": ">", "■": "#", "‖": "=", "✓": "+", "✗": "x", "✂": "/", "–": "-", "▴": "-", "▾": "+"})


def signed(state: str) -> str:
    """A state with its sign; a word that is no state stays as it is."""
    return f"{_SIGNS[state]} {state}" if state in _SIGNS else state


def shown(text: str, glyphs: Glyphs) -> str:
    """A text with the signs that the terminal can show."""
    return text.translate(_ASCII) if glyphs.level == "ascii" else text
