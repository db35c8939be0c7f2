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
from gts_tui.polling import changed
from gts_tui.theme import ink

if TYPE_CHECKING:
    from gts_tui.app_base import Everywhere

_SHORT = {"workspace": "files", "editor": "edit", "training": "train", "compare": "comp"}
_LOOK_SECONDS = 10.0
"""How often jobs are counted where nothing else says that one has ended: a process that was killed writes nothing."""


@dataclass(frozen=True)
class AtWork:
    """Jobs with a process."""

    jobs: int


class Bar(Static):
    """The line."""

    DEFAULT_CSS = """
    Bar { height: 1; background: $panel; color: $foreground; link-style: none; link-color: $foreground; }
    """

    def __init__(self) -> None:
        super().__init__(id="bar")
        self._at_work: int | None = None

    @property
    def program(self) -> Everywhere:
        """The program that this is a part of."""
        return self.app  # type: ignore[return-value]

    def on_mount(self) -> None:
        """Follow the jobs."""
        self.follow()

    def follow(self) -> None:
        """Follow the jobs of the workspace that is open now."""
        workspace = self.program.workspace
        self.program.watcher.follow("bar.jobs", lambda: _stamp(workspace), lambda: _count(workspace), self._counted)

    def on_resize(self) -> None:
        """Names follow the width."""
        self.draw()

    def _counted(self, counted: object) -> None:
        at_work = counted.jobs if isinstance(counted, AtWork) else None
        if at_work != self._at_work:
            self._at_work = at_work
            self.draw()

    def draw(self) -> None:
        """Write the line anew."""
        width = self.size.width or self.app.size.width
        here = self.program.mode.NAME if self.program.mode is not None else ""
        right = self._right()
        # Names are shortened before the workspace's own is, and left out last.
        choices = ((how, slack) for slack in (0, 18) for how in (MODES, _SHORT) if not slack or how is _SHORT)
        left = next(
            (line for how, slack in choices if (line := _modes(here)(how)).cell_len + right.cell_len - slack < width),
            _modes(here)(()),
        )
        room = width - left.cell_len
        right.truncate(max(0, room - 1), overflow="ellipsis")
        gap = max(0, room - right.cell_len)
        self.update(Text.assemble(left, " " * gap, right, no_wrap=True, overflow="crop"))

    def _right(self) -> Text:
        """Jobs at work, whether anything can be changed, the workspace."""
        parts = Text()
        if self._at_work:
            sign = ">" if self.program.glyphs.level == "ascii" else "▶"
            parts.append(f"{sign} {self._at_work}", ink(self.program, "state-busy"))
            parts.append(f" job{'s' if self._at_work > 1 else ''}  ")
        if self.program.settings.readonly:
            parts.append("readonly", "bold reverse")
            parts.append("  ")
        name = self.program.workspace.root.resolve().name or "/"
        parts.append(name if cell_len(name) <= 24 else f"…{name[-23:]}")
        parts.append(" ")
        return parts


def _modes(here: str) -> Callable[[object], Text]:
    """Draws the modes: with their names, with short ones, or numbers alone but for the one that is shown."""

    def draw(how: object) -> Text:
        line = Text()
        for at, name in enumerate(MODES, start=1):
            word = name if how is MODES else _SHORT.get(name, name) if how is _SHORT else name if name == here else ""
            style = Style(bold=name == here, reverse=name == here) + Style.from_meta({"@click": f"app.mode('{name}')"})
            line.append(f" {at} {word} " if word else f" {at} ", style)
        return line

    return draw


def _stamp(workspace: Workspace) -> Hashable:
    return changed(workspace.catalogue, workspace.runs, workspace.studies), int(time.monotonic() / _LOOK_SECONDS)


def _count(workspace: Workspace) -> AtWork:
    from gts.jobs.job_store import jobs_of

    return AtWork(len(jobs_of(workspace, alive=True)))
