"""The mode `play`."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import OptionList

from gts_tui.mode import Mode


class PlayMode(Mode):
    """To come."""

    NAME = "play"
    TITLE = "PlayMode"

    def compose(self) -> ComposeResult:
        """To come."""
        yield OptionList("play")


MODE = PlayMode
