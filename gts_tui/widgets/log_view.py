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

from gts.commands.views.formatting import plain_text
from gts.errors import GtsError
from gts_tui.polling import stat_stamp
from gts_tui.screens.training.run_list import log_stamp, read_log_tail
from gts_tui.widgets.filter_input import FilterInput

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from gts_tui.app import GtsApp


MAX_LOG_LINES = 1000
_MAX_LOG_BYTES = 200_000


@dataclass(frozen=True)
class LogExcerpt:
    """The last lines of a log."""

    lines: tuple[str, ...]
    is_complete: bool
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
        pane.query_one(FilterInput).open()


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
        self._excerpt = LogExcerpt((), True)
        self._shown_lines: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        """A title, lines, and the words to look for."""
        lines = LogLines(max_lines=MAX_LOG_LINES, auto_scroll=True)
        yield Static(id="title")
        yield lines
        yield FilterInput(lines, "words that a line must have")

    @property
    def program(self) -> GtsApp:
        """The program that this is a part of."""
        return self.app  # type: ignore[return-value]

    def show_log(self, path: Path, title: str) -> None:
        """Show the end of this log from now on, and what comes."""
        self.query_one("#title", Static).update(plain_text(title))
        if path != self._path:
            self._path, self._excerpt, self._shown_lines = path, LogExcerpt((), True), ()
            self.query_one(LogLines).clear()
        self.program.poller.watch(self._key, lambda: stat_stamp(path), lambda: read_log_excerpt(path), self._apply_excerpt)

    def stop_polling(self) -> None:
        """Look no more; what is shown stays."""
        self.program.poller.unwatch(self._key)

    def clear_log(self, title: str = "") -> None:
        """Show nothing."""
        self.stop_polling()
        self._path, self._excerpt = None, LogExcerpt((), True)
        self.query_one("#title", Static).update(plain_text(title))
        self._update_lines()

    def _apply_excerpt(self, reading: LogExcerpt | GtsError) -> None:
        self._excerpt = LogExcerpt((reading.message,), True) if isinstance(reading, GtsError) else reading
        self._update_lines()

    def on_filter_input_filter_changed(self, event: FilterInput.FilterChanged) -> None:
        """Show the lines that have the words."""
        event.stop()
        self._update_lines()

    def _update_lines(self) -> None:
        """Add what is new; begin anew where lines went."""
        admits = self.query_one(FilterInput).matches
        lines = tuple(line for line in self._excerpt.lines if admits(line))
        log = self.query_one(LogLines)
        kept = len(self._shown_lines)
        if kept and lines[:kept] == self._shown_lines:
            if len(lines) > kept:
                log.write_lines(lines[kept:])
        elif lines != self._shown_lines:
            log.clear()
            log.write_lines(lines)
        self._shown_lines = lines


def read_log_excerpt(path: Path) -> LogExcerpt:
    """The last whole lines of a log, without what would steer the terminal; none where there is no log."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _MAX_LOG_BYTES))
            data = file.read(_MAX_LOG_BYTES)
    except FileNotFoundError:
        return LogExcerpt((), True)
    lines = data.decode(errors="replace").split("\n")
    if size > _MAX_LOG_BYTES:
        lines = lines[1:]
    kept = deque((_clean_line(line) for line in lines if line), MAX_LOG_LINES)
    return LogExcerpt(tuple(kept), size <= _MAX_LOG_BYTES and len(kept) < MAX_LOG_LINES)


def _clean_line(line: str) -> str:
    # Of a line that was written over and over, a progress bar say, the last state counts.
    return plain_text(Text.from_ansi(line.rstrip("\r").rpartition("\r")[2]).plain.expandtabs()).plain


_DATE_PREFIX = re.compile(r"^\d{4}-\d\d-\d\d ")


class LogTail(Static):
    """The newest lines, newest last."""

    DEFAULT_CSS = """
    LogTail { height: 30%; min-height: 4; background: $surface; padding: 0 1; }
    """

    def __init__(self, poll_key: str, *, id: str | None = None) -> None:
        """`key`: what the watcher calls it."""
        super().__init__(id=id)
        self._poll_key = poll_key
        self._folder: Path | None = None
        self._log_lines: tuple[str, ...] = ()

    @property
    def program(self) -> GtsApp:
        """The program that this is a part of."""
        return self.app  # type: ignore[return-value]

    def show_log(self, folder: Path | None) -> None:
        """Show the log of a job; None: none."""
        if folder == self._folder:
            return
        self._folder = folder
        if folder is None:
            self.program.poller.unwatch(self._poll_key)
        else:
            self.program.poller.watch(
                self._poll_key, lambda: log_stamp(folder), lambda: read_log_tail(folder), self._apply_lines
            )

    def on_resize(self, event: Resize) -> None:
        """As many lines as there is room for."""
        self._update_text()

    def _apply_lines(self, lines: tuple[str, ...] | GtsError) -> None:
        self._log_lines = (lines.message,) if isinstance(lines, GtsError) else lines
        self._update_text()

    def _update_text(self) -> None:
        shown = self._log_lines[-max(1, self.content_size.height) :]
        # The hour is enough: what is shown is new, and a line has little room.
        lines = [plain_text(_DATE_PREFIX.sub("", line)) for line in shown or ("it has said nothing yet",)]
        for line in lines:
            line.truncate(max(1, self.content_size.width))
        self.update(Text("\n").join(lines))
