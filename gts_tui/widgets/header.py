"""The line above everything: the modes with their keys, and to the right what is at work and where one is."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual.widgets import Static

from gts.store.workspace import Workspace
from gts_tui.command_syntax import MODES
from gts_tui.polling import stat_stamp
from gts_tui.theme import theme_style

if TYPE_CHECKING:
    from gts_tui.app_base import BaseApp

_SHORT_NAMES = {"workspace": "files", "editor": "edit", "training": "train", "compare": "comp"}
_RECOUNT_SECONDS = 10.0
"""How often jobs are counted where nothing else says that one has ended: a process that was killed writes nothing."""


@dataclass(frozen=True)
class RunningJobs:
    """Jobs with a process."""

    count: int


class AppHeader(Static):
    """The line."""

    DEFAULT_CSS = """
    AppHeader { height: 1; background: $panel; color: $foreground; link-style: none; link-color: $foreground; }
    """

    def __init__(self) -> None:
        super().__init__(id="bar")
        self._running_jobs: int | None = None

    @property
    def program(self) -> BaseApp:
        """The program that this is a part of."""
        return self.app  # type: ignore[return-value]

    def on_mount(self) -> None:
        """Follow the jobs."""
        self.poll_jobs()

    def poll_jobs(self) -> None:
        """Follow the jobs of the workspace that is open now."""
        workspace = self.program.workspace
        self.program.poller.watch(
            "bar.jobs", lambda: _jobs_stamp(workspace), lambda: _count_running_jobs(workspace), self._apply_job_count
        )

    def on_resize(self) -> None:
        """Names follow the width."""
        self.redraw()

    def _apply_job_count(self, reading: object) -> None:
        at_work = reading.count if isinstance(reading, RunningJobs) else None
        if at_work != self._running_jobs:
            self._running_jobs = at_work
            self.redraw()

    def redraw(self) -> None:
        """Write the line anew."""
        width = self.size.width or self.app.size.width
        here = self.program.mode.NAME if self.program.mode is not None else ""
        right = self._status_text()
        # Names are shortened before the workspace's own is, and left out last.
        choices = ((how, slack) for slack in (0, 18) for how in (MODES, _SHORT_NAMES) if not slack or how is _SHORT_NAMES)
        left = next(
            (
                line
                for how, slack in choices
                if (line := _make_mode_formatter(here)(how)).cell_len + right.cell_len - slack < width
            ),
            _make_mode_formatter(here)(()),
        )
        room = width - left.cell_len
        right.truncate(max(0, room - 1), overflow="ellipsis")
        gap = max(0, room - right.cell_len)
        self.update(Text.assemble(left, " " * gap, right, no_wrap=True, overflow="crop"))

    def _status_text(self) -> Text:
        """Jobs at work, whether anything can be changed, the workspace."""
        parts = Text()
        if self._running_jobs:
            sign = ">" if self.program.glyphs.level == "ascii" else "▶"
            parts.append(f"{sign} {self._running_jobs}", theme_style(self.program, "state-busy"))
            parts.append(f" job{'s' if self._running_jobs > 1 else ''}  ")
        if self.program.settings.readonly:
            parts.append("readonly", "bold reverse")
            parts.append("  ")
        name = self.program.workspace.root.resolve().name or "/"
        parts.append(name if cell_len(name) <= 24 else f"…{name[-23:]}")
        parts.append(" ")
        return parts


def _make_mode_formatter(active: str) -> Callable[[object], Text]:
    """Draws the modes: with their names, with short ones, or numbers alone but for the one that is shown."""

    def draw(how: object) -> Text:
        line = Text()
        for at, name in enumerate(MODES, start=1):
            word = (
                name
                if how is MODES
                else _SHORT_NAMES.get(name, name)
                if how is _SHORT_NAMES
                else name
                if name == active
                else ""
            )
            style = Style(bold=name == active, reverse=name == active) + Style.from_meta({"@click": f"app.mode('{name}')"})
            line.append(f" {at} {word} " if word else f" {at} ", style)
        return line

    return draw


def _jobs_stamp(workspace: Workspace) -> Hashable:
    return stat_stamp(workspace.catalogue, workspace.runs, workspace.studies), int(time.monotonic() / _RECOUNT_SECONDS)


def _count_running_jobs(workspace: Workspace) -> RunningJobs:
    from gts.jobs.job_store import list_jobs

    return RunningJobs(len(list_jobs(workspace, alive=True)))
