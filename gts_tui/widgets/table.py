"""A table that makes only the rows that are seen, so that thousands of trials cost no more than a screenful.

A table whose rows have names: it is shown again and again, and only what has changed is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import set_cell_size
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from gts_tui.terminal import BRAILLE, Glyphs
from gts_tui.textual_fixes import SteadyTable
from gts_tui.widgets.status import shown

Cell = tuple[str, str]
"""A text, and its ink: `good`, `busy`, `wait` or `bad` of the theme's states, `dim`, or nothing."""

_GAP = "  "


@dataclass(frozen=True)
class Column:
    """A column."""

    title: str
    width: int
    right: bool = False


class Table(ScrollView, can_focus=True):
    """Rows under a head line, one of them under the cursor, some of them marked."""

    DEFAULT_CSS = """
    Table { height: 1fr; width: 1fr; scrollbar-size: 1 1; background: $surface; }
    Table > .table--head { color: $text-muted; text-style: bold; }
    Table > .table--cursor { background: $block-cursor-blurred-background; color: $block-cursor-blurred-foreground; }
    Table:focus > .table--cursor {
        background: $block-cursor-background; color: $block-cursor-foreground; text-style: $block-cursor-text-style;
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"table--head", "table--cursor"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", show=False, id="table.up"),
        Binding("down,j", "move(1)", "down", show=False, id="table.down"),
        Binding("pageup", "page(-1)", "page up", show=False, id="table.page_up"),
        Binding("pagedown", "page(1)", "page down", show=False, id="table.page_down"),
        Binding("g,home", "move(-1000000000)", "first", show=False, id="table.first"),
        Binding("G,end", "move(1000000000)", "last", show=False, id="table.last"),
        Binding("left", "scroll_left", "left", show=False, id="table.left"),
        Binding("right", "scroll_right", "right", show=False, id="table.right"),
        Binding("enter", "choose", "open", id="table.choose"),
        Binding("space", "mark", "mark", show=False, id="table.mark"),
    ]

    class Moved(Message):
        """The cursor is on another row."""

        def __init__(self, table: Table) -> None:
            super().__init__()
            self.table = table

        @property
        def control(self) -> Table:
            """The table."""
            return self.table

    class Chosen(Moved):
        """The row under the cursor is wanted."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.columns: tuple[Column, ...] = ()
        self.keys: tuple[str, ...] = ()
        self.marked: set[str] = set()
        self.cursor = 0
        self._cells: Callable[[str], Sequence[Cell]] = lambda key: ()
        self._drawn: list[Strip] = []

    @property
    def key(self) -> str | None:
        """What the cursor is on."""
        return self.keys[self.cursor] if self.keys else None

    def show(self, columns: Sequence[Column], keys: Sequence[str], cells: Callable[[str], Sequence[Cell]]) -> None:
        """Show rows; the cursor stays on the row that it is on, and lines that look as before are not drawn again."""
        before, drawn = self.key, self._drawn
        self.columns, self.keys, self._cells = tuple(columns), tuple(keys), cells
        self.marked &= set(self.keys)
        if before in self.keys:
            self.cursor = self.keys.index(before)
        self.cursor = max(0, min(self.cursor, len(self.keys) - 1))
        width = sum(column.width + len(_GAP) for column in self.columns) + 2
        size = Size(width, len(self.keys) + 1)
        if size != self.virtual_size:
            self.virtual_size = size
        self._drawn = self._lines()
        if len(drawn) != len(self._drawn):
            self.refresh()
        else:
            changed = [at for at, strip in enumerate(self._drawn) if strip != drawn[at]]
            if changed:
                self.refresh(*(Region(0, at, self.size.width, 1) for at in changed))
        if self.key != before:
            self._tell()

    def go_to(self, key: str) -> None:
        """Put the cursor on a row, where there is one."""
        if key in self.keys:
            self._move_to(self.keys.index(key))

    def action_move(self, rows: int) -> None:
        """Move the cursor."""
        self._move_to(self.cursor + rows)

    def action_page(self, pages: int) -> None:
        """Move the cursor by a screenful."""
        self._move_to(self.cursor + pages * max(1, self.size.height - 2))

    def action_choose(self) -> None:
        """Want the row."""
        if self.keys:
            self.post_message(self.Chosen(self))

    def action_mark(self) -> None:
        """Mark the row, or mark it no more, and go to the next one."""
        if self.key is not None:
            self.marked ^= {self.key}
            self._move_to(self.cursor + 1)
            self.refresh()

    def on_click(self, event: events.Click) -> None:
        """The row that is clicked gets the cursor; it is wanted where it has it."""
        at = event.y - 1 + self.scroll_offset.y
        if event.y > 0 and at < len(self.keys):
            if at == self.cursor:
                self.action_choose()
            self._move_to(at)

    def render_line(self, y: int) -> Strip:
        """A line of what is seen."""
        strip = self._line(y)
        while len(self._drawn) <= y:
            self._drawn.append(Strip([]))
        self._drawn[y] = strip
        return strip

    def watch_has_focus(self, _has_focus: bool) -> None:
        """The cursor looks otherwise then."""
        super().watch_has_focus(_has_focus)
        self.refresh()

    def _move_to(self, row: int) -> None:
        row = max(0, min(row, len(self.keys) - 1))
        if row == self.cursor:
            return
        self.cursor = row
        first, seen = self.scroll_offset.y, max(1, self.size.height - 1)
        if row < first:
            self.scroll_to(y=row, animate=False)
        elif row >= first + seen:
            self.scroll_to(y=row - seen + 1, animate=False)
        self.refresh()
        self._tell()

    def _tell(self) -> None:
        self.post_message(self.Moved(self))

    def _lines(self) -> list[Strip]:
        return [self._line(y) for y in range(self.size.height)]

    def _line(self, y: int) -> Strip:
        left, top = self.scroll_offset
        width = self.size.width
        at = top + y - 1
        if y == 0:
            style = self.rich_style + self.get_component_rich_style("table--head", partial=True)
            segments = self._row("  ", [(column.title, "") for column in self.columns], style)
        elif at >= len(self.keys):
            return Strip.blank(width, self.rich_style)
        else:
            style, key = self.rich_style, self.keys[at]
            here = at == self.cursor
            if here:
                style += self.get_component_rich_style("table--cursor", partial=True)
            segments = self._row(f"{self._glyphs.mark} " if key in self.marked else "  ", self._cells(key), style, plain=here)
        return Strip(segments).crop_extend(left, left + width, style)

    def _row(self, mark: str, cells: Sequence[Cell], style: Style, *, plain: bool = False) -> list[Segment]:
        segments = [Segment(mark, style)]
        for column, (text, ink) in zip(self.columns, cells, strict=False):
            text = shown(text, self._glyphs)
            room = column.width
            made = set_cell_size(text, room) if not column.right or len(text) > room else text.rjust(room)
            segments.append(Segment(made + _GAP, style if plain else style + self._ink(ink)))
        return segments

    def _ink(self, ink: str) -> Style:
        if ink in ("", "dim"):
            return Style(dim=True) if ink else Style()
        colour = self.app.theme_variables.get(f"state-{ink}", "ansi_default")
        return Style(color=Color.parse(colour).rich_color)

    @property
    def _glyphs(self) -> Glyphs:
        return getattr(self.app, "glyphs", BRAILLE)


MOST_ROWS = 500
"""More would hold up the keys when the table is filled."""

_PLAINER = str.maketrans("…–×−", "~-x-")


@dataclass(frozen=True)
class ColumnKeyedTable:
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
        self._titles: tuple[ColumnKeyedTable, ...] = ()
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

    def show(self, columns: Sequence[ColumnKeyedTable], rows: Sequence[Row]) -> None:
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

    def _fitted(self, text: Text, column: ColumnKeyedTable) -> Text:
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
