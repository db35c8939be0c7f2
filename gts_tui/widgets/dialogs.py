"""A list to find something in: what is typed narrows it, enter chooses. The palette and the help are such lists.

Questions in the middle of the screen; esc always answers no.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.fuzzy import FuzzySearch
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from gts_tui.textual_fixes import Dialog, SteadyList

MOST_SHOWN = 200


@dataclass(frozen=True)
class Entry:
    """A line of the list."""

    label: str
    """What is looked for first, and stands to the left."""
    words: str
    """What it is, in a few words."""
    remark: str = ""
    """At the right, and found too: an id, a command."""
    answer: Any = None
    """What the screen answers when it is chosen."""


class Find(Dialog[Any]):
    """The list in the middle of the screen. It answers with the `answer` of what was chosen, None where nobody chose."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "never mind", id="find.leave"),
        Binding("down,ctrl+n", "move('cursor_down')", "next", show=False, id="find.next"),
        Binding("up,ctrl+p", "move('cursor_up')", "previous", show=False, id="find.previous"),
        Binding("pagedown", "move('page_down')", "a page down", show=False, id="find.page-down"),
        Binding("pageup", "move('page_up')", "a page up", show=False, id="find.page-up"),
    ]

    def __init__(self, title: str, entries: Sequence[Entry], *, foot: str = "enter choose   esc never mind") -> None:
        super().__init__(classes="dialog find")
        self._title, self._foot = title, foot
        self._entries = list(entries)
        self._shown: list[Entry] = []
        self._fuzzy = FuzzySearch()

    def compose(self) -> ComposeResult:
        """What is typed, and what is found."""
        with Vertical():
            field = Input(placeholder=self._title, id="find-what")
            field.cursor_blink = False
            yield field
            found = SteadyList(id="found", markup=False)
            found.can_focus = False
            yield found
            yield Static(Text(self._foot), classes="foot")

    def on_mount(self) -> None:
        """Show everything."""
        # Widths are known after the first layout.
        self.call_after_refresh(self._narrow)

    def on_resize(self) -> None:
        """Columns follow the width."""
        self.call_after_refresh(self._narrow)

    def add(self, entries: Iterable[Entry]) -> None:
        """More to find, which came later, perhaps when nobody looks any more."""
        self._entries += entries
        self._narrow()

    def on_input_changed(self, event: Input.Changed) -> None:
        """What is typed narrows the list."""
        event.stop()
        self._narrow()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Choose what the cursor is on."""
        event.stop()
        at = self.query_one(OptionList).highlighted
        if at is not None and at < len(self._shown):
            self._choose(self._shown[at])

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Choose what was clicked on."""
        event.stop()
        # What is shown may be other than what was chosen from.
        if event.option_index < len(self._shown):
            self._choose(self._shown[event.option_index])

    def _choose(self, entry: Entry) -> None:
        if entry.answer is not None:
            self.dismiss(entry.answer)

    def action_leave(self) -> None:
        """Empty the line; where it is empty, leave."""
        field = self.query_one(Input)
        if field.value:
            field.value = ""
        else:
            self.dismiss(None)

    def action_move(self, how: str) -> None:
        """Move the cursor in the list, while the line keeps the letters."""
        getattr(self.query_one(OptionList), f"action_{how}")()

    def _narrow(self) -> None:
        found, field = next(iter(self.query(OptionList)), None), next(iter(self.query(Input)), None)
        if found is None or field is None:
            # It is not there yet, or closed.
            return
        self._shown = self._matching(field.value.strip())[:MOST_SHOWN]
        # A blank to each side, and a bar that scrolls.
        width = max(20, found.size.width - 3)
        left = min(max((cell_len(entry.label) for entry in self._shown), default=0), width * 2 // 5)
        found.clear_options()
        found.add_options([Option(_line(entry, left, width)) for entry in self._shown])
        if self._shown:
            found.highlighted = 0

    def _matching(self, wanted: str) -> list[Entry]:
        """The entries that have what is wanted, best first."""
        if not wanted:
            return list(self._entries)
        scored = []
        for entry in self._entries:
            label = self._score(wanted, entry.label)
            score = max(2 * label, self._score(wanted, entry.words), self._score(wanted, entry.remark))
            if score > 0:
                scored.append((score, entry))
        scored.sort(key=lambda pair: -pair[0])
        return [entry for _, entry in scored]

    def _score(self, wanted: str, text: str) -> float:
        """How well a text has every word that is wanted: letters in their order, better where they stand together."""
        low, total = text.lower(), 0.0
        for word in wanted.lower().split():
            at = low.find(word)
            if at >= 0:
                total += 100 + (50 if at == 0 else 25 if not low[at - 1].isalnum() else 0) - len(low) / 10
            else:
                # Letters that are strewn over a sentence are no find.
                score = self._fuzzy.match(word, low)[0] if len(word) > 2 and len(low) <= 40 else 0.0
                if score <= 0:
                    return 0.0
                total += min(score, 20)
        return total


def _line(entry: Entry, left: int, width: int) -> Text:
    """A line: label, words, and to the right the remark where there is room."""
    # A long label takes the room of the words beside it.
    label = set_cell_size(entry.label, min(max(left, cell_len(entry.label)), width))
    room = max(0, width - cell_len(label) - 2)
    remark = entry.remark if cell_len(entry.remark) + 8 <= room else ""
    words = set_cell_size(entry.words, max(0, room - (cell_len(remark) + 1 if remark else 0)))
    line = Text(no_wrap=True, overflow="ellipsis", end="")
    line.append(label, "bold")
    line.append(f"  {words}")
    if remark:
        line.append(f" {remark}", "dim")
    return line


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
