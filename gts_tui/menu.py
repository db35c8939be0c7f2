"""A menu over the command line: what a word can become, or which line was meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from gts_tui.console.formatting import clean
from gts_tui.textual_fixes import SteadyList

_WIDEST = 44


@dataclass(frozen=True)
class Row:
    """What is offered, and what is said about it."""

    text: str
    help: str = ""


class Menu(SteadyList, can_focus=False):
    """Rows above the command line, which keeps the cursor; hidden until there is something to choose."""

    DEFAULT_CSS = """
    Menu {
        layer: above; dock: bottom; margin: 0 0 2 0; display: none;
        height: auto; max-height: 10; width: 100%; min-width: 24; border: none; padding: 0; background: $panel;
        scrollbar-size-vertical: 1; overflow-x: hidden;
    }
    """

    class Taken(Message):
        """A row was clicked."""

        def __init__(self, at: int) -> None:
            super().__init__()
            self.at = at

    def __init__(self) -> None:
        super().__init__(id="menu")
        self._above = 0

    @property
    def is_open(self) -> bool:
        """Whether it is shown."""
        return bool(self.display)

    @property
    def chosen(self) -> int | None:
        """The number of the row that is highlighted."""
        return None if self.highlighted is None else self.highlighted - self._above

    def show(self, rows: Sequence[Row], above: str = "") -> None:
        """Offer rows, the first of them highlighted, under a line that says what they are."""
        self.clear_options()
        self._above = 1 if above else 0
        column = min(_WIDEST, max((cell_len(clean(row.text)) for row in rows), default=0))
        options = [Option(Text(clean(above), "dim italic", no_wrap=True, overflow="ellipsis"), disabled=True)] if above else []
        self.add_options([*options, *(Option(_drawn(row, column)) for row in rows)])
        self.highlighted = self._above if rows else None
        self.display = bool(rows or above)

    def close(self) -> None:
        """Hide it."""
        self.display = False

    def move(self, way: int) -> None:
        """Highlight another row."""
        if way > 0:
            self.action_cursor_down()
        else:
            self.action_cursor_up()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take what was clicked."""
        event.stop()
        self.post_message(self.Taken(event.option_index - self._above))


def _drawn(row: Row, column: int) -> Text:
    shown = clean(row.text)
    if not row.help:
        return Text(shown, no_wrap=True, overflow="ellipsis")
    if cell_len(shown) > column:
        shown = set_cell_size(shown, column - 1) + "…"
    return Text.assemble(set_cell_size(shown, column), "  ", (clean(row.help), "dim"), no_wrap=True, overflow="ellipsis")
