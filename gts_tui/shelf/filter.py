"""The line above the tree in which a filter is written."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input


class Filter(Input):
    """Shown while somebody writes in it, and as long as it filters."""

    DEFAULT_CSS = """
    Filter { height: 1; border: none; padding: 0 1; background: $panel; display: none; }
    Filter:focus { border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear", "clear", id="filter.clear"),
        Binding("enter,down", "leave", "to the tree", id="filter.leave"),
    ]

    class Written(Message):
        """Another filter."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Left(Message):
        """The person goes on in the tree."""

    def __init__(self) -> None:
        super().__init__(placeholder="words of names, figures, states", id="filter", compact=True)
        self.cursor_blink = False

    def take(self) -> None:
        """Write here."""
        self.display = True
        # At once: letters that come in the same moment are for this line.
        self.screen.set_focus(self)

    def tell(self, text: str) -> None:
        """The filter of now."""
        if self.has_focus:
            return
        self.display = bool(text)
        if self.value != text:
            with self.prevent(Input.Changed):
                self.value = text

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while it is written."""
        event.stop()
        self.post_message(self.Written(self.value))

    def action_clear(self) -> None:
        """No filter."""
        self.value = ""
        self.action_leave()

    def action_leave(self) -> None:
        """Keep it."""
        self.display = bool(self.value)
        self.post_message(self.Left())
