"""Filter inputs: words that visible rows must contain; enter keeps the filter, esc clears it."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input


class FilterInput(Input):
    """Filter of a table or log; hidden while it is empty and unfocused."""

    DEFAULT_CSS = """
    FilterInput { height: 1; border: none; padding: 0; background: $surface; display: none; }
    FilterInput:focus { border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave(True)", "clear", id="filter.clear")]

    class FilterChanged(Message):
        """The words have changed."""

        def __init__(self, filter_input: FilterInput) -> None:
            super().__init__()
            self.filter_input = filter_input

        @property
        def control(self) -> FilterInput:
            """The input."""
            return self.filter_input

    def __init__(self, return_focus_to: Widget, placeholder: str = "words to look for", *, id: str | None = None) -> None:
        super().__init__(placeholder=placeholder, compact=True, id=id)
        self.cursor_blink = False
        self._return_focus_to = return_focus_to

    @property
    def terms(self) -> tuple[str, ...]:
        """Words that a row must contain, case-folded."""
        return tuple(self.value.casefold().split())

    def matches(self, text: str) -> bool:
        """Return whether a text contains all words."""
        folded = text.casefold()
        return all(word in folded for word in self.terms)

    def open(self) -> None:
        """Show and focus the input."""
        self.display = True
        # Not `focus()`, which defers: keys from the same read belong here.
        self.screen.set_focus(self)

    def clear_filter(self) -> bool:
        """Clear and hide the input; returns whether it had any text."""
        had_text = bool(self.value)
        self.value = ""
        self.display = False
        return had_text

    def action_leave(self, clear: bool = False) -> None:
        """Return the focus to the filtered widget."""
        if clear:
            self.clear_filter()
        self.display = bool(self.value)
        self._return_focus_to.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the words and leave."""
        event.stop()
        self.action_leave()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while typing."""
        event.stop()
        self.post_message(self.FilterChanged(self))


class WorkspaceFilter(Input):
    """Filter of the workspace tree; the screen applies it."""

    DEFAULT_CSS = """
    WorkspaceFilter { height: 1; border: none; padding: 0 1; background: $panel; display: none; }
    WorkspaceFilter:focus { border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear", "clear", id="filter.clear"),
        Binding("enter,down", "leave", "to the tree", id="filter.leave"),
    ]

    class TextChanged(Message):
        """The text has changed."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Closed(Message):
        """The user returned to the tree."""

    def __init__(self) -> None:
        super().__init__(placeholder="words of names, figures, states", id="filter", compact=True)
        self.cursor_blink = False

    def start_editing(self) -> None:
        """Show and focus the input."""
        self.display = True
        # Not `focus()`, which defers: keys from the same read belong here.
        self.screen.set_focus(self)

    def show_text(self, text: str) -> None:
        """Show the current filter, unless the user is editing it."""
        if self.has_focus:
            return
        self.display = bool(text)
        if self.value != text:
            with self.prevent(Input.Changed):
                self.value = text

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while typing."""
        event.stop()
        self.post_message(self.TextChanged(self.value))

    def action_clear(self) -> None:
        """Clear the filter and leave."""
        self.value = ""
        self.action_leave()

    def action_leave(self) -> None:
        """Keep the filter and leave."""
        self.display = bool(self.value)
        self.post_message(self.Closed())
