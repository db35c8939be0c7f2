"""A table whose rows have names: it is shown again and again, and only what has changed is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message

from gts_tui.textual_fixes import SteadyTable

MOST_ROWS = 500
"""More would hold up the keys when the table is filled."""

_PLAINER = str.maketrans("…–×−", "~-x-")


@dataclass(frozen=True)
class Column:
    """A column; a table is filled anew where these differ."""

    title: str
    width: int
    right: bool = False


@dataclass(frozen=True)
class Row:
    """A row, and what it is called."""

    key: str
    cells: tuple[Text, ...]


class KeyedTable(SteadyTable):
    """Rows by name, a cursor that stays on its row, and marks."""

    DEFAULT_CSS = """
    KeyedTable { height: 1fr; background: $background; }
    KeyedTable > .datatable--header { background: $background; color: $text-muted; text-style: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "mark", show=False, id="table.mark"),
        Binding("g", "scroll_top", "first", show=False, id="table.first"),
        Binding("G", "scroll_bottom", "last", show=False, id="table.last"),
    ]

    class Marked(Message):
        """Other rows are marked than before."""

    def __init__(self, *, id: str | None = None, marks: bool = True) -> None:
        super().__init__(id=id, cursor_type="row", cell_padding=0, zebra_stripes=False)
        self.marked: set[str] = set()
        self._with_marks = marks
        self._titles: tuple[Column, ...] = ()
        self._shown: dict[str, Row] = {}
        self._hidden: set[str] = set()

    @property
    def current(self) -> str | None:
        """The row under the cursor."""
        keys = list(self._shown)
        return keys[self.cursor_row] if 0 <= self.cursor_row < len(keys) else None

    @property
    def keys(self) -> tuple[str, ...]:
        """The rows that are shown, from the top."""
        return tuple(self._shown)

    @property
    def chosen(self) -> tuple[str, ...]:
        """The marked rows, else the one under the cursor."""
        marked = tuple(key for key in self._shown if key in self.marked)
        return marked or ((self.current,) if self.current is not None else ())

    def show(self, columns: Sequence[Column], rows: Sequence[Row]) -> None:
        """Show these rows, of which the first `MOST_ROWS` count."""
        rows = rows[:MOST_ROWS]
        wanted = {row.key: row for row in rows}
        self.marked &= wanted.keys()
        if tuple(columns) == self._titles and list(wanted) == list(self._shown):
            for at, row in enumerate(wanted.values()):
                self._update(at, self._shown[row.key], row)
            self._shown = wanted
            return
        kept, top = self.current, self.cursor_row
        offset = self.scroll_offset.y
        self.clear(columns=True)
        self._titles = tuple(columns)
        if self._with_marks:
            self.add_column("", width=2, key="mark")
        for at, column in enumerate(columns):
            title = Text(column.title, justify="right" if column.right else "left")
            self.add_column(title, width=column.width + 1, key=str(at))
        self._shown = wanted
        for row in wanted.values():
            self.add_row(*self._cells(row), key=row.key)
        at = list(wanted).index(kept) if kept in wanted else min(top, len(wanted) - 1)
        if wanted:
            self.move_cursor(row=max(at, 0), animate=False)
            self.scroll_to(y=offset, animate=False, immediate=True)

    def go_to(self, key: str) -> bool:
        """Put the cursor on a row; whether there is such a row."""
        if key not in self._shown:
            return False
        self.move_cursor(row=list(self._shown).index(key), animate=False)
        return True

    def unmark(self) -> bool:
        """Mark nothing; whether anything was marked."""
        marked, self.marked = self.marked, set()
        self._draw_marks(marked)
        return bool(marked)

    def action_mark(self) -> None:
        """Mark the row under the cursor or take its mark away, and go on to the next."""
        key = self.current
        if key is None or not self._with_marks:
            return
        self.marked ^= {key}
        self._draw_marks({key})
        self.action_cursor_down()

    def _draw_marks(self, keys: set[str]) -> None:
        for key in keys & self._shown.keys():
            self.update_cell(key, "mark", self._mark(key))
        self.post_message(self.Marked())

    def _mark(self, key: str) -> Text:
        return Text(self.app.glyphs.mark if key in self.marked else " ", "bold")  # type: ignore[attr-defined]

    def _cells(self, row: Row) -> list[Text]:
        cells = [self._fitted(text, column) for text, column in zip(row.cells, self._titles, strict=True)]
        return [self._mark(row.key), *cells] if self._with_marks else cells

    def _update(self, at: int, before: Row, now: Row) -> None:
        for number, (one, other) in enumerate(zip(before.cells, now.cells, strict=True)):
            if _same(one, other):
                continue
            self.update_cell(now.key, str(number), self._fitted(other, self._titles[number]))

    def _fitted(self, text: Text, column: Column) -> Text:
        """A cell no wider than its column, so that a change of it never makes the table measure itself anew."""
        fitted = text.copy()
        fitted.no_wrap, fitted.overflow = True, "ellipsis"
        fitted.truncate(column.width, overflow="ellipsis")
        if self.app.glyphs.level == "ascii":  # type: ignore[attr-defined]
            fitted.plain = fitted.plain.translate(_PLAINER)
        if column.right:
            fitted.pad_left(column.width - fitted.cell_len)
        return fitted


def _same(one: Text, other: Text) -> bool:
    return one is other or (one == other and one.style == other.style)
