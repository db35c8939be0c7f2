"""Dialogs: a searchable list, a yes-no question, a text prompt, and a choice; esc always cancels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual import on
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
    """Entry of a searchable list."""

    label: str
    """Left column; matches in it count twice."""
    description: str
    """Middle column."""
    detail: str = ""
    """Right column, searched too: an id or a kind."""
    value: Any = None
    """Result of the dialog if this entry is chosen."""


class SearchDialog(OnceDialog[Any]):
    """List that is narrowed by typing. Returns the `value` of the chosen entry, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "cancel", id="find.leave"),
        Binding("down,ctrl+n", "move('cursor_down')", "next", show=False, id="find.next"),
        Binding("up,ctrl+p", "move('cursor_up')", "previous", show=False, id="find.previous"),
        Binding("pagedown", "move('page_down')", "a page down", show=False, id="find.page-down"),
        Binding("pageup", "move('page_up')", "a page up", show=False, id="find.page-up"),
    ]

    def __init__(self, title: str, items: Sequence[SearchItem], *, hint: str = "enter choose   esc cancel") -> None:
        super().__init__(classes="dialog find")
        self._title, self._hint = title, hint
        self._items = list(items)
        self._results: list[SearchItem] = []
        self._fuzzy = FuzzySearch()

    def compose(self) -> ComposeResult:
        """Yield the input, the list and a hint."""
        with Vertical():
            field = Input(placeholder=self._title, id="find-what")
            field.cursor_blink = False
            yield field
            found = SafeOptionList(id="found", markup=False)
            found.can_focus = False
            yield found
            yield Static(Text(self._hint), classes="foot")

    def on_mount(self) -> None:
        """Show all entries."""
        # Widths are known after the first layout.
        self.call_after_refresh(self._update_results)

    def on_resize(self) -> None:
        """Fit the columns to the width."""
        self.call_after_refresh(self._update_results)

    def add_items(self, items: Iterable[SearchItem]) -> None:
        """Add entries that were found later; the dialog may be closed already."""
        self._items += items
        self._update_results()

    @on(Input.Changed)
    def _narrow_list(self, event: Input.Changed) -> None:
        event.stop()
        self._update_results()

    @on(Input.Submitted)
    def _select_highlighted(self, event: Input.Submitted) -> None:
        event.stop()
        at = self.query_one(OptionList).highlighted
        if at is not None and at < len(self._results):
            self._select_item(self._results[at])

    @on(OptionList.OptionSelected)
    def _select_clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        # The list may have been narrowed since the click.
        if event.option_index < len(self._results):
            self._select_item(self._results[event.option_index])

    def _select_item(self, item: SearchItem) -> None:
        if item.value is not None:
            self.dismiss(item.value)

    def action_leave(self) -> None:
        """Clear the input; if it is empty, close the dialog."""
        field = self.query_one(Input)
        if field.value:
            field.value = ""
        else:
            self.dismiss(None)

    def action_move(self, action: str) -> None:
        """Move the highlight; the input keeps the focus."""
        getattr(self.query_one(OptionList), f"action_{action}")()

    def _update_results(self) -> None:
        found, field = next(iter(self.query(OptionList)), None), next(iter(self.query(Input)), None)
        if found is None or field is None:
            # Not composed yet, or closed.
            return
        self._results = self._find_matches(field.value.strip())[:MAX_RESULTS]
        # One column of padding on each side, and the scroll bar.
        width = max(20, found.size.width - 3)
        left = min(max((cell_len(entry.label) for entry in self._results), default=0), width * 2 // 5)
        found.clear_options()
        found.add_options([Option(_format_item(entry, left, width)) for entry in self._results])
        if self._results:
            found.highlighted = 0

    def _find_matches(self, query: str) -> list[SearchItem]:
        """Return the entries that match, best first."""
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
        """Score how well a text matches every word of the query: substrings before fuzzy matches; 0 for no match."""
        low, total = text.lower(), 0.0
        for word in query.lower().split():
            at = low.find(word)
            if at >= 0:
                total += 100 + (50 if at == 0 else 25 if not low[at - 1].isalnum() else 0) - len(low) / 10
            else:
                # Letters scattered over a sentence are not a match.
                score = self._fuzzy.match(word, low)[0] if len(word) > 2 and len(low) <= 40 else 0.0
                if score <= 0:
                    return 0.0
                total += min(score, 20)
        return total


def _format_item(item: SearchItem, label_width: int, width: int) -> Text:
    """Format an entry: label, description, and the detail if there is room."""
    # A long label extends into the description.
    label = set_cell_size(item.label, min(max(label_width, cell_len(item.label)), width))
    room = max(0, width - cell_len(label) - 2)
    detail = item.detail if cell_len(item.detail) + 8 <= room else ""
    description = set_cell_size(item.description, max(0, room - (cell_len(detail) + 1 if detail else 0)))
    line = Text(no_wrap=True, overflow="ellipsis", end="")
    line.append(label, "bold")
    line.append(f"  {description}")
    if detail:
        line.append(f" {detail}", "dim")
    return line


class ConfirmDialog(OnceDialog[bool]):
    """Yes-no question."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "answer(True)", "yes", id="confirm.yes"),
        Binding("n,escape", "answer(False)", "no", id="confirm.no"),
    ]

    def __init__(self, question: str) -> None:
        super().__init__(classes="dialog")
        self._question = question

    def compose(self) -> ComposeResult:
        """Yield the question and its keys."""
        with Vertical():
            yield Static(Text(self._question))
            yield Static(Text("y yes   n no", "dim"), classes="keys")

    def action_answer(self, confirmed: bool) -> None:
        """Close with an answer."""
        self.dismiss(confirmed)


class InputDialog(OnceDialog[str | None]):
    """Prompt for one line of text; None if cancelled."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "cancel", id="ask.leave")]

    def __init__(self, question: str, value: str = "") -> None:
        super().__init__(classes="dialog")
        self._question, self._value = question, value

    def compose(self) -> ComposeResult:
        """Yield the question and the input."""
        with Vertical():
            yield Static(Text(self._question))
            field = Input(self._value)
            field.cursor_blink = False
            yield field
            yield Static(Text("enter done   esc cancel", "dim"), classes="keys")

    @on(Input.Submitted)
    def _dismiss_with_text(self, event: Input.Submitted) -> None:
        event.stop()
        self.dismiss(event.value.strip() or None)


class ChoiceDialog(OnceDialog[str | None]):
    """Choice from a list of (value, label); None if cancelled."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "cancel", id="choose.leave")]

    def __init__(self, question: str, choices: Sequence[tuple[str, str]]) -> None:
        super().__init__(classes="dialog")
        self._question, self._choices = question, choices

    def compose(self) -> ComposeResult:
        """Yield the question and the list."""
        with Vertical():
            yield Static(Text(self._question))
            yield SafeOptionList(*(Option(Text(shown)) for _, shown in self._choices))
            yield Static(Text("enter choose   esc cancel", "dim"), classes="keys")

    @on(OptionList.OptionSelected)
    def _dismiss_with_choice(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(self._choices[event.option_index][0])
