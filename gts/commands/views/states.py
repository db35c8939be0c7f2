"""States as they are shown: a sign and a word."""

from __future__ import annotations

from rich.text import Text

SIGNS = {
    "waiting": ("…", "cyan"),
    "running": ("▶", "green"),
    "stopping": ("■", "yellow"),
    "paused": ("‖", "yellow"),
    "done": ("✓", "green"),
    "failed": ("✗", "red"),
    "interrupted": ("!", "red"),
}
"""Sign and colour."""


def state(word: str) -> Text:
    """The word of a state, with a sign that says the same without colours."""
    mark, colour = SIGNS[word]
    return Text(f"{mark} {word}", style=colour)
