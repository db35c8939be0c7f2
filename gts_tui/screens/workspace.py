"""The mode `workspace`."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import OptionList

from gts_tui.mode import Mode


class WorkspaceMode(Mode):
    """To come."""

    NAME = "workspace"
    TITLE = "WorkspaceMode"

    def compose(self) -> ComposeResult:
        """To come."""
        yield OptionList("workspace")


MODE = WorkspaceMode
