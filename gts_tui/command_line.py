"""The command line: a line at the foot of the screen, reached by `:` from everywhere."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input


class CommandLine(Input):
    """One line, hidden until it is wanted."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back", id="line.leave"),
        Binding("ctrl+c", "clear_or_leave", "clear", id="line.clear", priority=True),
    ]

    class Left(Message):
        """The person wants to go back to the mode."""

    def __init__(self) -> None:
        super().__init__(id="line", compact=True)
        self.cursor_blink = False
        self.display = False

    def take(self, text: str = "") -> None:
        """Show it, with a beginning."""
        self.display = True
        self.value = text
        self.cursor_position = len(text)
        # At once: letters that come in the same moment are for this line.
        self.screen.set_focus(self)

    def action_leave(self) -> None:
        """Go back."""
        self.post_message(self.Left())

    def action_clear_or_leave(self) -> None:
        """Empty it; where it is empty, go back."""
        if self.value:
            self.value = ""
        else:
            self.action_leave()
