"""The mode `search`."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import OptionList

from gts_tui.mode import Mode


class SearchMode(Mode):
    """To come."""

    NAME = "search"
    TITLE = "SearchMode"

    def compose(self) -> ComposeResult:
        """To come."""
        yield OptionList("search")


MODE = SearchMode
