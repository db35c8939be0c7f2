"""The mode `editor`."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import OptionList

from gts_tui.mode import Mode


class EditorMode(Mode):
    """To come."""

    NAME = "editor"
    TITLE = "EditorMode"

    def compose(self) -> ComposeResult:
        """To come."""
        yield OptionList("editor")


MODE = EditorMode
