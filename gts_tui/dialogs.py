"""Questions in the middle of the screen; esc always answers no."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from gts_tui.textual_fixes import Dialog, SteadyList


class Confirm(Dialog[bool]):
    """A question that has yes and no for answers."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "answer(True)", "yes", id="confirm.yes"),
        Binding("n,escape", "answer(False)", "no", id="confirm.no"),
    ]

    def __init__(self, question: str) -> None:
        super().__init__(classes="dialog")
        self._question = question

    def compose(self) -> ComposeResult:
        """The question, and the keys that answer it."""
        with Vertical():
            yield Static(Text(self._question))
            yield Static(Text("y yes   n no", "dim"), classes="keys")

    def action_answer(self, yes: bool) -> None:
        """Answer."""
        self.dismiss(yes)


class Ask(Dialog[str | None]):
    """A question that is answered by a word; None where nobody wants to."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "never mind", id="ask.leave")]

    def __init__(self, question: str, value: str = "") -> None:
        super().__init__(classes="dialog")
        self._question, self._value = question, value

    def compose(self) -> ComposeResult:
        """The question, and a line for the answer."""
        with Vertical():
            yield Static(Text(self._question))
            field = Input(self._value)
            field.cursor_blink = False
            yield field
            yield Static(Text("enter done   esc never mind", "dim"), classes="keys")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer."""
        event.stop()
        self.dismiss(event.value.strip() or None)


class Choose(Dialog[str | None]):
    """A list to choose from; None where nobody wants to. `choices`: what is answered, and what is shown for it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "never mind", id="choose.leave")]

    def __init__(self, question: str, choices: Sequence[tuple[str, str]]) -> None:
        super().__init__(classes="dialog")
        self._question, self._choices = question, choices

    def compose(self) -> ComposeResult:
        """The question, and what there is."""
        with Vertical():
            yield Static(Text(self._question))
            yield SteadyList(*(Option(Text(shown)) for _, shown in self._choices))
            yield Static(Text("enter choose   esc never mind", "dim"), classes="keys")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Answer."""
        event.stop()
        self.dismiss(self._choices[event.option_index][0])
