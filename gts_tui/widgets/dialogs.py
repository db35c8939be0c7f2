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

from gts_tui.textual_fixes import OnceDialog, SafeOptionList

MAX_RESULTS = 200


@dataclass(frozen=True)
class SearchItem:
    """A line of the list."""

    label: str
    """What is looked for first, and stands to the left."""
    description: str
    """What it is, in a few words."""
    detail: str = ""
    """At the right, and found too: an id, a command."""
    value: Any = None
    """What the screen answers when it is chosen."""


class SearchDialog(OnceDialog[Any]):
    """The list in the middle of the screen. It answers with the `answer` of what was chosen, None where nobody chose."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "never mind", id="find.leave"),
        Binding("down,ctrl+n", "move('cursor_down')", "next", show=False, id="find.next"),
        Binding("up,ctrl+p", "move('cursor_up')", "previous", show=False, id="find.previous"),
        Binding("pagedown", "move('page_down')", "a page down", show=False, id="find.page-down"),
        Binding("pageup", "move('page_up')", "a page up", show=False, id="find.page-up"),
    ]

    def __init__(self, title: str, items: Sequence[SearchItem], *, hint: str = "enter choose   esc never mind") -> None:
        super().__init__(classes="dialog find")
        self._title, self._hint = title, hint
        self._items = list(items)
        self._results: list[SearchItem] = []
        self._fuzzy = FuzzySearch()

    def compose(self) -> ComposeResult:
        """What is typed, and what is found."""
        with Vertical():
            field = Input(placeholder=self._title, id="find-what")
            field.cursor_blink = False
            yield field
            found = SafeOptionList(id="found", markup=False)
            found.can_focus = False
            yield found
            yield Static(Text(self._hint), classes="foot")

    def on_mount(self) -> None:
        """Show everything."""
        # Widths are known after the first layout.
        self.call_after_refresh(self._update_results)

    def on_resize(self) -> None:
        """Columns follow the width."""
        self.call_after_refresh(self._update_results)

    def add_items(self, items: Iterable[SearchItem]) -> None:
        """More to find, which came later, perhaps when nobody looks any more."""
        self._items += items
        self._update_results()

    def on_input_changed(self, event: Input.Changed) -> None:
        """What is typed narrows the list."""
        event.stop()
        self._update_results()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Choose what the cursor is on."""
        event.stop()
        at = self.query_one(OptionList).highlighted
        if at is not None and at < len(self._results):
            self._select_item(self._results[at])

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Choose what was clicked on."""
        event.stop()
        # What is shown may be other than what was chosen from.
        if event.option_index < len(self._results):
            self._select_item(self._results[event.option_index])

    def _select_item(self, item: SearchItem) -> None:
        if item.value is not None:
            self.dismiss(item.value)

    def action_leave(self) -> None:
        """Empty the line; where it is empty, leave."""
        field = self.query_one(Input)
        if field.value:
            field.value = ""
        else:
            self.dismiss(None)

    def action_move(self, action: str) -> None:
        """Move the cursor in the list, while the line keeps the letters."""
        getattr(self.query_one(OptionList), f"action_{action}")()

    def _update_results(self) -> None:
        found, field = next(iter(self.query(OptionList)), None), next(iter(self.query(Input)), None)
        if found is None or field is None:
            # It is not there yet, or closed.
            return
        self._results = self._find_matches(field.value.strip())[:MAX_RESULTS]
        # A blank to each side, and a bar that scrolls.
        width = max(20, found.size.width - 3)
        left = min(max((cell_len(entry.label) for entry in self._results), default=0), width * 2 // 5)
        found.clear_options()
        found.add_options([Option(_format_item(entry, left, width)) for entry in self._results])
        if self._results:
            found.highlighted = 0

    def _find_matches(self, query: str) -> list[SearchItem]:
        """The entries that have what is wanted, best first."""
        if not query:
            return list(self._items)
        scored = []
        for entry in self._items:
            label = self._score_text(query, entry.label)
            score = max(2 * label, self._score_text(query, entry.description), self._score_text(query, entry.detail))
            if score > 0:
                scored.append((score, entry))
        scored.sort(key=lambda pair: -pair[0])
        return [entry for _, entry in scored]

    def _score_text(self, query: str, text: str) -> float:
        """How well a text has every word that is wanted: letters in their order, better where they stand together."""
        low, total = text.lower(), 0.0
        for word in query.lower().split():
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


def _format_item(item: SearchItem, label_width: int, width: int) -> Text:
    """A line: label, words, and to the right the remark where there is room."""
    # A long label takes the room of the words beside it.
    label = set_cell_size(item.label, min(max(label_width, cell_len(item.label)), width))
    room = max(0, width - cell_len(label) - 2)
    remark = item.detail if cell_len(item.detail) + 8 <= room else ""
    words = set_cell_size(item.description, max(0, room - (cell_len(remark) + 1 if remark else 0)))
    line = Text(no_wrap=True, overflow="ellipsis", end="")
    line.append(label, "bold")
    line.append(f"  {words}")
    if remark:
        line.append(f" {remark}", "dim")
    return line


class ConfirmDialog(OnceDialog[bool]):
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

    def action_answer(self, confirmed: bool) -> None:
        """Answer."""
        self.dismiss(confirmed)


class InputDialog(OnceDialog[str | None]):
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


class ChoiceDialog(OnceDialog[str | None]):
    """A list to choose from; None where nobody wants to. `choices`: what is answered, and what is shown for it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "never mind", id="choose.leave")]

    def __init__(self, question: str, choices: Sequence[tuple[str, str]]) -> None:
        super().__init__(classes="dialog")
        self._question, self._choices = question, choices

    def compose(self) -> ComposeResult:
        """The question, and what there is."""
        with Vertical():
            yield Static(Text(self._question))
            yield SafeOptionList(*(Option(Text(shown)) for _, shown in self._choices))
            yield Static(Text("enter choose   esc never mind", "dim"), classes="keys")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Answer."""
        event.stop()
        self.dismiss(self._choices[event.option_index][0])
