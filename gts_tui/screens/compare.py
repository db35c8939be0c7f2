"""The mode `compare`."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import OptionList

from gts_tui.mode import Mode


class CompareMode(Mode):
    """To come."""

    NAME = "compare"
    TITLE = "CompareMode"

    def compose(self) -> ComposeResult:
        """To come."""
        yield OptionList("compare")


MODE = CompareMode
