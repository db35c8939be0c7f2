"""The end of a log, live, with words that a line must have.

The end of what a training has said, as far as there is room for it.
"""

from __future__ import annotations

import os
import re
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Resize
from textual.widgets import Log, Static

from gts.commands.views.formatting import plain
from gts.errors import GtsError
from gts_tui.polling import changed
from gts_tui.screens.training.run_list import log_end, log_stamp
from gts_tui.widgets.filter_input import FilterLine

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from gts_tui.app import GtsApp


MOST_LINES = 1000
_BYTES = 200_000


@dataclass(frozen=True)
class LogEnd:
    """The last lines of a log."""

    lines: tuple[str, ...]
    whole: bool
    """Whether there were none before them."""


class LogLines(Log):
    """The lines."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "search", key_display="/", id="log.search"),
        Binding("g", "scroll_home", "first", show=False, id="log.first"),
        Binding("G", "scroll_end", "last", show=False, id="log.last"),
    ]
    DEFAULT_CSS = """
    LogLines { height: 1fr; background: $background; scrollbar-size: 1 1; }
    """

    def action_search(self) -> None:
        """Write words that the lines shall have."""
        pane = self.parent
        assert isinstance(pane, LogPane)
        pane.query_one(FilterLine).begin()


class LogPane(Vertical):
    """The log of one job after another."""

    DEFAULT_CSS = """
    LogPane { border-top: solid $panel; height: 1fr; }
    LogPane #title { height: 1; color: $text-muted; }
    """

    def __init__(self, key: str) -> None:
        """`key`: under which the watcher knows it."""
        super().__init__()
        self._key = key
        self._path: Path | None = None
        self._end = LogEnd((), True)
        self._shown: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        """A title, lines, and the words to look for."""
        lines = LogLines(max_lines=MOST_LINES, auto_scroll=True)
        yield Static(id="title")
        yield lines
        yield FilterLine(lines, "words that a line must have")

    @property
    def program(self) -> GtsApp:
        """The program that this is a part of."""
        return self.app  # type: ignore[return-value]

    def follow(self, path: Path, title: str) -> None:
        """Show the end of this log from now on, and what comes."""
        self.query_one("#title", Static).update(plain(title))
        if path != self._path:
            self._path, self._end, self._shown = path, LogEnd((), True), ()
            self.query_one(LogLines).clear()
        self.program.watcher.follow(self._key, lambda: changed(path), lambda: end_of(path), self._take)

    def forget(self) -> None:
        """Look no more; what is shown stays."""
        self.program.watcher.forget(self._key)

    def blank(self, title: str = "") -> None:
        """Show nothing."""
        self.forget()
        self._path, self._end = None, LogEnd((), True)
        self.query_one("#title", Static).update(plain(title))
        self._show()

    def _take(self, reading: LogEnd | GtsError) -> None:
        self._end = LogEnd((reading.message,), True) if isinstance(reading, GtsError) else reading
        self._show()

    def on_filter_line_filtered(self, event: FilterLine.Filtered) -> None:
        """Show the lines that have the words."""
        event.stop()
        self._show()

    def _show(self) -> None:
        """Add what is new; begin anew where lines went."""
        admits = self.query_one(FilterLine).admits
        lines = tuple(line for line in self._end.lines if admits(line))
        log = self.query_one(LogLines)
        kept = len(self._shown)
        if kept and lines[:kept] == self._shown:
            if len(lines) > kept:
                log.write_lines(lines[kept:])
        elif lines != self._shown:
            log.clear()
            log.write_lines(lines)
        self._shown = lines


def end_of(path: Path) -> LogEnd:
    """The last whole lines of a log, without what would steer the terminal; none where there is no log."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _BYTES))
            data = file.read(_BYTES)
    except FileNotFoundError:
        return LogEnd((), True)
    lines = data.decode(errors="replace").split("\n")
    if size > _BYTES:
        lines = lines[1:]
    kept = deque((_clean(line) for line in lines if line), MOST_LINES)
    return LogEnd(tuple(kept), size <= _BYTES and len(kept) < MOST_LINES)


def _clean(line: str) -> str:
    # Of a line that was written over and over, a progress bar say, the last state counts.
    return plain(Text.from_ansi(line.rstrip("\r").rpartition("\r")[2]).plain.expandtabs()).plain


_DAY = re.compile(r"^\d{4}-\d\d-\d\d ")


class LogTail(Static):
    """The newest lines, newest last."""

    DEFAULT_CSS = """
    LogTail { height: 30%; min-height: 4; background: $surface; padding: 0 1; }
    """

    def __init__(self, key: str, *, id: str | None = None) -> None:
        """`key`: what the watcher calls it."""
        super().__init__(id=id)
        self._key = key
        self._folder: Path | None = None
        self._lines: tuple[str, ...] = ()

    @property
    def program(self) -> GtsApp:
        """The program that this is a part of."""
        return self.app  # type: ignore[return-value]

    def follow(self, folder: Path | None) -> None:
        """Show the log of a job; None: none."""
        if folder == self._folder:
            return
        self._folder = folder
        if folder is None:
            self.program.watcher.forget(self._key)
        else:
            self.program.watcher.follow(self._key, lambda: log_stamp(folder), lambda: log_end(folder), self._take)

    def on_resize(self, event: Resize) -> None:
        """As many lines as there is room for."""
        self._draw()

    def _take(self, lines: tuple[str, ...] | GtsError) -> None:
        self._lines = (lines.message,) if isinstance(lines, GtsError) else lines
        self._draw()

    def _draw(self) -> None:
        shown = self._lines[-max(1, self.content_size.height) :]
        # The hour is enough: what is shown is new, and a line has little room.
        lines = [plain(_DAY.sub("", line)) for line in shown or ("it has said nothing yet",)]
        for line in lines:
            line.truncate(max(1, self.content_size.width))
        self.update(Text("\n").join(lines))
