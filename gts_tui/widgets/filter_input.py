"""A line for words that what is shown must have: enter keeps them, esc takes them away.

The line above the tree in which a filter is written.
"""

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
