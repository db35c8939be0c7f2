"""What the command lines said: the newest lines, kept for the whole evening, in a pane that opens above the command line."""

from __future__ import annotations

from typing import Any, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import RichLog

MOST_LINES = 5000


class Scrollback(RichLog):
    """The pane."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "close", id="scrollback.close"),
    ]

    def __init__(self) -> None:
        super().__init__(max_lines=MOST_LINES, wrap=False, markup=False, highlight=False, auto_scroll=True)

    def add(self, shown: Any, *, error: bool = False) -> None:
        """Add a renderable, or a text that may come from anywhere."""
        if isinstance(shown, str):
            text = Text.from_ansi(shown)
            shown = Text.assemble(("error: ", "bold red"), text) if error else text
        self.write(shown, expand=False)

    def action_close(self) -> None:
        """Hide it."""
        self.display = False
        self.app.query_one("#modes").focus_mode()  # type: ignore[attr-defined]
