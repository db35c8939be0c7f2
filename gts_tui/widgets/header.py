"""AppHeader: the top line with the modes and their keys, the number of running jobs, and the workspace's name."""

from __future__ import annotations

import time
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual import getters
from textual.widgets import Static

from gts.store.workspace import Workspace
from gts_tui.app_base import BaseApp
from gts_tui.command_syntax import MODES
from gts_tui.polling import stat_stamp
from gts_tui.theme import theme_style

_FULL_LABELS = {name: name for name in MODES}
_SHORT_LABELS = _FULL_LABELS | {"workspace": "files", "editor": "edit", "training": "train", "compare": "comp"}
_MIN_NAME_WIDTH = 6
"""Columns of the workspace's name that are kept when labels are chosen; the name may be up to 24 columns wide."""
_MAX_NAME_WIDTH = 24
_RECOUNT_SECONDS = 10.0
"""Interval for counting jobs even if no file changes: a killed process writes nothing."""


@dataclass(frozen=True)
class RunningJobs:
    """Number of jobs with a live process."""

    count: int


class AppHeader(Static):
    """Top line of the screen."""

    DEFAULT_CSS = """
    AppHeader { height: 1; background: $panel; color: $foreground; link-style: none; link-color: $foreground; }
    """
    app = getters.app(BaseApp)

    def __init__(self) -> None:
        super().__init__(id="bar")
        self._running_jobs: int | None = None

    def on_mount(self) -> None:
        """Start counting jobs; redraw when the theme changes."""
        self.app.theme_changed_signal.subscribe(self, lambda theme: self.redraw())
        self.poll_jobs()

    def poll_jobs(self) -> None:
        """Count the running jobs of the open workspace from now on."""
        workspace = self.app.workspace
        self.app.poller.watch(
            "bar.jobs", lambda: _jobs_stamp(workspace), lambda: _count_running_jobs(workspace), self._apply_job_count
        )

    def on_resize(self) -> None:
        """Choose labels that fit the width."""
        self.redraw()

    def _apply_job_count(self, reading: object) -> None:
        count = reading.count if isinstance(reading, RunningJobs) else None
        if count != self._running_jobs:
            self._running_jobs = count
            self.redraw()

    def redraw(self) -> None:
        """Redraw the line."""
        width = self.size.width or self.app.size.width
        current = self.app.mode_name
        right = self._status_text()
        left = self._fit_labels(current, width - right.cell_len)
        room = width - left.cell_len
        right.truncate(max(0, room - 1), overflow="ellipsis")
        gap = max(0, room - right.cell_len)
        self.update(Text.assemble(left, " " * gap, right, no_wrap=True, overflow="crop"))

    def _fit_labels(self, current: str, room: int) -> Text:
        """Return the longest mode labels that fit: full, short, short with a truncated workspace name, or numbers only."""
        slack = _MAX_NAME_WIDTH - _MIN_NAME_WIDTH
        for labels, extra in ((_FULL_LABELS, 0), (_SHORT_LABELS, 0), (_SHORT_LABELS, slack)):
            line = _render_labels(labels, current)
            if line.cell_len < room + extra:
                return line
        return _render_labels({current: current}, current)

    def _status_text(self) -> Text:
        """Return the number of running jobs, the readonly mark, and the workspace's name."""
        parts = Text()
        if self._running_jobs:
            parts.append(f"▶ {self._running_jobs}", theme_style(self.app, "state-busy"))
            parts.append(f" job{'s' if self._running_jobs > 1 else ''}  ")
        if self.app.settings.readonly:
            parts.append("readonly", "bold reverse")
            parts.append("  ")
        name = self.app.workspace.root.resolve().name or "/"
        parts.append(name if cell_len(name) <= _MAX_NAME_WIDTH else f"…{name[1 - _MAX_NAME_WIDTH :]}")
        parts.append(" ")
        return parts


def _render_labels(labels: Mapping[str, str], current: str) -> Text:
    """Return the clickable keys of all modes, with labels for the modes in `labels`."""
    line = Text()
    for number, name in enumerate(MODES, start=1):
        style = Style(bold=name == current, reverse=name == current) + Style.from_meta({"@click": f"app.mode('{name}')"})
        line.append(f" {number} {labels[name]} " if name in labels else f" {number} ", style)
    return line


def _jobs_stamp(workspace: Workspace) -> Hashable:
    return stat_stamp(workspace.catalogue, workspace.runs, workspace.studies), int(time.monotonic() / _RECOUNT_SECONDS)


def _count_running_jobs(workspace: Workspace) -> RunningJobs:
    from gts.jobs.job_store import list_jobs

    return RunningJobs(len(list_jobs(workspace, alive=True)))
