"""The end of what a training has said, as far as there is room for it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text
from textual.events import Resize
from textual.widgets import Static

from gts.commands.views.formatting import plain
from gts.errors import GtsError
from gts_tui.curves.listing import log_end, log_stamp

if TYPE_CHECKING:
    from gts_tui.app import GtsApp

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
