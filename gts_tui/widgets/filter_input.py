"""A line for words that what is shown must have: enter keeps them, esc takes them away."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input


class FilterLine(Input):
    """Hidden while it is empty and nobody writes in it."""

    DEFAULT_CSS = """
    FilterLine { height: 1; border: none; padding: 0; background: $surface; display: none; }
    FilterLine:focus { border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave(True)", "clear", id="filter.clear")]

    class Filtered(Message):
        """There are other words than before."""

        def __init__(self, line: FilterLine) -> None:
            super().__init__()
            self.line = line

        @property
        def control(self) -> FilterLine:
            """The line."""
            return self.line

    def __init__(self, back_to: Widget, placeholder: str = "words to look for", *, id: str | None = None) -> None:
        super().__init__(placeholder=placeholder, compact=True, id=id)
        self.cursor_blink = False
        self._back_to = back_to

    @property
    def words(self) -> tuple[str, ...]:
        """What must be there, in small letters."""
        return tuple(self.value.casefold().split())

    def admits(self, text: str) -> bool:
        """Whether a text has all the words."""
        folded = text.casefold()
        return all(word in folded for word in self.words)

    def begin(self) -> None:
        """Let the person write."""
        self.display = True
        # At once: what is typed meanwhile belongs here already.
        self.screen.set_focus(self)

    def drop(self) -> bool:
        """Take the words away; whether there were any."""
        there = bool(self.value)
        self.value = ""
        self.display = False
        return there

    def action_leave(self, drop: bool = False) -> None:
        """Go back to what is filtered."""
        if drop:
            self.drop()
        self.display = bool(self.value)
        self._back_to.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the words."""
        event.stop()
        self.action_leave()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while it is written."""
        event.stop()
        self.post_message(self.Filtered(self))
