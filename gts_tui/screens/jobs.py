"""The mode `jobs`."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import OptionList

from gts_tui.mode import Mode


class JobsMode(Mode):
    """To come."""

    NAME = "jobs"
    TITLE = "JobsMode"

    def compose(self) -> ComposeResult:
        """To come."""
        yield OptionList("jobs")


MODE = JobsMode
