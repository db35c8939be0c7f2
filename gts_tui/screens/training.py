"""The mode `training`."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import OptionList

from gts_tui.mode import Mode


class TrainingMode(Mode):
    """To come."""

    NAME = "training"
    TITLE = "TrainingMode"

    def compose(self) -> ComposeResult:
        """To come."""
        yield OptionList("training")


MODE = TrainingMode
