"""Playback inside the program: processes play, a thread draws what they send, a widget shows it."""

from gts_tui.widgets.player import Player

__all__ = ["Player"]
