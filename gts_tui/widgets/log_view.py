"""LogPane (scrollable log of a job with a filter) and LogTail (its newest lines), both updated while the job runs."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import getters, on
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Resize
from textual.widgets import Log, Static

from gts.commands.views.formatting import plain_text
from gts.errors import GtsError
from gts.store.workspace import JobFolder
from gts_tui.app_base import BaseApp
from gts_tui.polling import stat_stamp
from gts_tui.terminal import strip_overwritten
from gts_tui.widgets.filter_input import FilterInput

if TYPE_CHECKING:
    from textual.app import ComposeResult

MAX_LOG_LINES = 1000
_MAX_LOG_BYTES = 200_000
_TAIL_BYTES = 16_384
_DATE_PREFIX = re.compile(r"^\d{4}-\d\d-\d\d ")


@dataclass(frozen=True)
class LogExcerpt:
    """Last lines of a log."""

    lines: tuple[str, ...]
    is_complete: bool
    """Whether the excerpt begins at the beginning of the file."""


def read_log_excerpt(path: Path, max_bytes: int = _MAX_LOG_BYTES) -> LogExcerpt:
    """Read the last whole lines of a log, without control characters; no lines if the file does not exist."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - max_bytes))
            data = file.read(max_bytes)
    except FileNotFoundError:
        return LogExcerpt((), True)
    lines = data.decode(errors="replace").split("\n")
    if size > max_bytes:
        # The first line is cut off.
        lines = lines[1:]
    kept = deque((_clean_line(line) for line in lines if line), MAX_LOG_LINES)
    return LogExcerpt(tuple(kept), size <= max_bytes and len(kept) < MAX_LOG_LINES)


def _clean_line(line: str) -> str:
    return plain_text(Text.from_ansi(strip_overwritten(line)).plain.expandtabs()).plain


def count_overlap(before: Sequence[str], now: Sequence[str]) -> int:
    """Return the largest k for which the last k lines of `before` are the first k lines of `now`."""
    if not before or not now:
        return 0
    for start, line in enumerate(before):
        if line == now[0] and len(before) - start <= len(now) and list(before[start:]) == list(now[: len(before) - start]):
            return len(before) - start
    return 0


class LogLines(Log):
    """Lines of a log; at most MAX_LOG_LINES, the oldest are dropped."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "search", key_display="/", id="log.search"),
        Binding("g", "scroll_home", "first", show=False, id="log.first"),
        Binding("G", "scroll_end", "last", show=False, id="log.last"),
    ]
    DEFAULT_CSS = """
    LogLines { height: 1fr; background: $background; scrollbar-size: 1 1; }
    """

    def append_lines(self, lines: Sequence[str]) -> None:
        """Add lines: follow the end if it is visible, else keep the visible lines in place."""
        follows = self.is_vertical_scroll_end
        count, offset = self.line_count + len(lines), self.scroll_offset.y
        self.write_lines(lines, scroll_end=follows)
        if not follows and count > MAX_LOG_LINES:
            self.scroll_to(y=max(0, offset - (count - MAX_LOG_LINES)), animate=False, immediate=True)

    def action_search(self) -> None:
        """Open the filter."""
        pane = self.parent
        assert isinstance(pane, LogPane)
        pane.filter_input.open()


class LogPane(Vertical):
    """Title, log and filter; shows the log of one job at a time."""

    DEFAULT_CSS = """
    LogPane { border-top: solid $panel; height: 1fr; }
    LogPane #title { height: 1; color: $text-muted; }
    """
    app = getters.app(BaseApp)
    log_lines = getters.query_one(LogLines)
    filter_input = getters.query_one(FilterInput)

    def __init__(self, poll_key: str) -> None:
        """`poll_key`: key of its source in the poller."""
        super().__init__()
        self._poll_key = poll_key
        self._path: Path | None = None
        self._excerpt = LogExcerpt((), True)
        self._shown_lines: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        """Yield the title, the lines and the filter."""
        lines = LogLines(max_lines=MAX_LOG_LINES, auto_scroll=True)
        yield Static(id="title")
        yield lines
        yield FilterInput(lines, "words that a line must have")

    def show_log(self, path: Path, title: str) -> None:
        """Show the end of a log and keep it up to date."""
        self.query_one("#title", Static).update(plain_text(title))
        if path != self._path:
            self._path, self._excerpt, self._shown_lines = path, LogExcerpt((), True), ()
            self.log_lines.clear()
        self.app.poller.watch(self._poll_key, lambda: stat_stamp(path), lambda: read_log_excerpt(path), self._apply_excerpt)

    def stop_polling(self) -> None:
        """Stop updating; the lines stay."""
        self.app.poller.unwatch(self._poll_key)

    def clear_log(self, title: str = "") -> None:
        """Stop updating and remove all lines."""
        self.stop_polling()
        self._path, self._excerpt = None, LogExcerpt((), True)
        self.query_one("#title", Static).update(plain_text(title))
        self._update_lines()

    def _apply_excerpt(self, reading: LogExcerpt | GtsError) -> None:
        self._excerpt = LogExcerpt((reading.message,), True) if isinstance(reading, GtsError) else reading
        self._update_lines()

    @on(FilterInput.FilterChanged)
    def _apply_filter(self, event: FilterInput.FilterChanged) -> None:
        event.stop()
        self._shown_lines = ()
        self._update_lines()

    def _update_lines(self) -> None:
        """Append the new lines; rewrite all lines only if none of the shown ones remain."""
        lines = tuple(filter(self.filter_input.matches, self._excerpt.lines))
        if lines and lines == self._shown_lines:
            return
        overlap = count_overlap(self._shown_lines, lines)
        if overlap:
            self.log_lines.append_lines(lines[overlap:])
        else:
            self.log_lines.clear()
            self.log_lines.write_lines(lines)
        self._shown_lines = lines


class LogTail(Static):
    """The newest lines of a job's log that fit, newest last."""

    DEFAULT_CSS = """
    LogTail { height: 30%; min-height: 4; background: $surface; padding: 0 1; }
    """
    app = getters.app(BaseApp)

    def __init__(self, poll_key: str, *, id: str | None = None) -> None:
        """`poll_key`: key of its source in the poller."""
        super().__init__(id=id)
        self._poll_key = poll_key
        self._folder: Path | None = None
        self._log_lines: tuple[str, ...] = ()

    def show_log(self, folder: Path | None) -> None:
        """Show the log of a job's folder; None stops updating."""
        if folder == self._folder:
            return
        self._folder = folder
        if folder is None:
            self.app.poller.unwatch(self._poll_key)
        else:
            path = JobFolder(folder).log
            self.app.poller.watch(
                self._poll_key, lambda: stat_stamp(path), lambda: read_log_excerpt(path, _TAIL_BYTES), self._apply_excerpt
            )

    def on_resize(self, event: Resize) -> None:
        """Show as many lines as fit."""
        self._update_text()

    def _apply_excerpt(self, reading: LogExcerpt | GtsError) -> None:
        self._log_lines = (reading.message,) if isinstance(reading, GtsError) else reading.lines
        self._update_text()

    def _update_text(self) -> None:
        shown = self._log_lines[-max(1, self.content_size.height) :]
        # Without the date, which is the same for all lines of a running job.
        lines = [plain_text(_DATE_PREFIX.sub("", line)) for line in shown or ("no output yet",)]
        for line in lines:
            line.truncate(max(1, self.content_size.width))
        self.update(Text("\n").join(lines))
