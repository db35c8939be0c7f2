"""A line for words that what is shown must have: enter keeps them, esc takes them away.

The line above the tree in which a filter is written.
"""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input


class FilterInput(Input):
    """Hidden while it is empty and nobody writes in it."""

    DEFAULT_CSS = """
    FilterInput { height: 1; border: none; padding: 0; background: $surface; display: none; }
    FilterInput:focus { border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave(True)", "clear", id="filter.clear")]

    class FilterChanged(Message):
        """There are other words than before."""

        def __init__(self, filter_input: FilterInput) -> None:
            super().__init__()
            self.filter_input = filter_input

        @property
        def control(self) -> FilterInput:
            """The line."""
            return self.filter_input

    def __init__(self, return_focus_to: Widget, placeholder: str = "words to look for", *, id: str | None = None) -> None:
        super().__init__(placeholder=placeholder, compact=True, id=id)
        self.cursor_blink = False
        self._return_focus_to = return_focus_to

    @property
    def terms(self) -> tuple[str, ...]:
        """What must be there, in small letters."""
        return tuple(self.value.casefold().split())

    def matches(self, text: str) -> bool:
        """Whether a text has all the words."""
        folded = text.casefold()
        return all(word in folded for word in self.terms)

    def open(self) -> None:
        """Let the person write."""
        self.display = True
        # At once: what is typed meanwhile belongs here already.
        self.screen.set_focus(self)

    def clear_filter(self) -> bool:
        """Take the words away; whether there were any."""
        there = bool(self.value)
        self.value = ""
        self.display = False
        return there

    def action_leave(self, clear: bool = False) -> None:
        """Go back to what is filtered."""
        if clear:
            self.clear_filter()
        self.display = bool(self.value)
        self._return_focus_to.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the words."""
        event.stop()
        self.action_leave()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while it is written."""
        event.stop()
        self.post_message(self.FilterChanged(self))


class WorkspaceFilter(Input):
    """Shown while somebody writes in it, and as long as it filters."""

    DEFAULT_CSS = """
    WorkspaceFilter { height: 1; border: none; padding: 0 1; background: $panel; display: none; }
    WorkspaceFilter:focus { border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear", "clear", id="filter.clear"),
        Binding("enter,down", "leave", "to the tree", id="filter.leave"),
    ]

    class TextChanged(Message):
        """Another filter."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Closed(Message):
        """The person goes on in the tree."""

    def __init__(self) -> None:
        super().__init__(placeholder="words of names, figures, states", id="filter", compact=True)
        self.cursor_blink = False

    def start_editing(self) -> None:
        """Write here."""
        self.display = True
        # At once: letters that come in the same moment are for this line.
        self.screen.set_focus(self)

    def show_text(self, text: str) -> None:
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
        self.post_message(self.TextChanged(self.value))

    def action_clear(self) -> None:
        """No filter."""
        self.value = ""
        self.action_leave()

    def action_leave(self) -> None:
        """Keep it."""
        self.display = bool(self.value)
        self.post_message(self.Closed())
