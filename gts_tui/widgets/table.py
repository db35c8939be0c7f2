"""Tables with a cursor and marks: VirtualTable draws visible rows only, KeyedTable is a DataTable with rows by key."""

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
from gts_tui.textual_fixes import SafeDataTable
from gts_tui.widgets.status import adapt_symbols

StyledCell = tuple[str, str]
"""Text, and its style: `good`, `busy`, `wait` or `bad` for a colour of the theme, `dim`, or an empty string."""

_COLUMN_GAP = "  "


@dataclass(frozen=True)
class VirtualTableColumn:
    """Column of a VirtualTable."""

    title: str
    width: int
    align_right: bool = False


class VirtualTable(ScrollView, can_focus=True):
    """Table of any size below a header line."""

    DEFAULT_CSS = """
    VirtualTable { height: 1fr; width: 1fr; scrollbar-size: 1 1; background: $surface; }
    VirtualTable > .table--head { color: $text-muted; text-style: bold; }
    VirtualTable > .table--cursor { background: $block-cursor-blurred-background; color: $block-cursor-blurred-foreground; }
    VirtualTable:focus > .table--cursor {
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

    class CursorMoved(Message):
        """The cursor moved to another row."""

        def __init__(self, table: VirtualTable) -> None:
            super().__init__()
            self.table = table

        @property
        def control(self) -> VirtualTable:
            """The table."""
            return self.table

    class RowSelected(CursorMoved):
        """The row under the cursor was chosen with enter or a click."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.columns: tuple[VirtualTableColumn, ...] = ()
        self.row_keys: tuple[str, ...] = ()
        self.marked_keys: set[str] = set()
        self.cursor_row = 0
        self._cells_of: Callable[[str], Sequence[StyledCell]] = lambda key: ()
        self._drawn_strips: list[Strip] = []

    @property
    def current_key(self) -> str | None:
        """Key of the row under the cursor."""
        return self.row_keys[self.cursor_row] if self.row_keys else None

    def show_rows(
        self, columns: Sequence[VirtualTableColumn], keys: Sequence[str], cells: Callable[[str], Sequence[StyledCell]]
    ) -> None:
        """Show rows; the cursor stays on its key, and only changed lines are repainted."""
        before, drawn = self.current_key, self._drawn_strips
        self.columns, self.row_keys, self._cells_of = tuple(columns), tuple(keys), cells
        self.marked_keys &= set(self.row_keys)
        if before in self.row_keys:
            self.cursor_row = self.row_keys.index(before)
        self.cursor_row = max(0, min(self.cursor_row, len(self.row_keys) - 1))
        width = sum(column.width + len(_COLUMN_GAP) for column in self.columns) + 2
        size = Size(width, len(self.row_keys) + 1)
        if size != self.virtual_size:
            self.virtual_size = size
        self._drawn_strips = self._render_strips()
        if len(drawn) != len(self._drawn_strips):
            self.refresh()
        else:
            changed = [at for at, strip in enumerate(self._drawn_strips) if strip != drawn[at]]
            if changed:
                self.refresh(*(Region(0, at, self.size.width, 1) for at in changed))
        if self.current_key != before:
            self._post_cursor_moved()

    def move_to_key(self, key: str) -> None:
        """Move the cursor to a row if it exists."""
        if key in self.row_keys:
            self._move_cursor(self.row_keys.index(key))

    def action_move(self, rows: int) -> None:
        """Move the cursor by some rows."""
        self._move_cursor(self.cursor_row + rows)

    def action_page(self, pages: int) -> None:
        """Move the cursor by some pages."""
        self._move_cursor(self.cursor_row + pages * max(1, self.size.height - 2))

    def action_choose(self) -> None:
        """Select the row under the cursor."""
        if self.row_keys:
            self.post_message(self.RowSelected(self))

    def action_mark(self) -> None:
        """Toggle the mark of the row under the cursor and move down."""
        if self.current_key is not None:
            self.marked_keys ^= {self.current_key}
            self._move_cursor(self.cursor_row + 1)
            self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to the clicked row; clicking the current row selects it."""
        at = event.y - 1 + self.scroll_offset.y
        if event.y > 0 and at < len(self.row_keys):
            if at == self.cursor_row:
                self.action_choose()
            self._move_cursor(at)

    def render_line(self, y: int) -> Strip:
        """Return a visible line."""
        strip = self._render_strip(y)
        while len(self._drawn_strips) <= y:
            self._drawn_strips.append(Strip([]))
        self._drawn_strips[y] = strip
        return strip

    def watch_has_focus(self, _has_focus: bool) -> None:
        """Repaint the cursor."""
        super().watch_has_focus(_has_focus)
        self.refresh()

    def _move_cursor(self, row: int) -> None:
        row = max(0, min(row, len(self.row_keys) - 1))
        if row == self.cursor_row:
            return
        self.cursor_row = row
        first, seen = self.scroll_offset.y, max(1, self.size.height - 1)
        if row < first:
            self.scroll_to(y=row, animate=False)
        elif row >= first + seen:
            self.scroll_to(y=row - seen + 1, animate=False)
        self.refresh()
        self._post_cursor_moved()

    def _post_cursor_moved(self) -> None:
        self.post_message(self.CursorMoved(self))

    def _render_strips(self) -> list[Strip]:
        return [self._render_strip(y) for y in range(self.size.height)]

    def _render_strip(self, y: int) -> Strip:
        left, top = self.scroll_offset
        width = self.size.width
        at = top + y - 1
        if y == 0:
            style = self.rich_style + self.get_component_rich_style("table--head", partial=True)
            segments = self._row_segments("  ", [(column.title, "") for column in self.columns], style)
        elif at >= len(self.row_keys):
            return Strip.blank(width, self.rich_style)
        else:
            style, key = self.rich_style, self.row_keys[at]
            here = at == self.cursor_row
            if here:
                style += self.get_component_rich_style("table--cursor", partial=True)
            segments = self._row_segments(
                f"{self._glyphs.mark} " if key in self.marked_keys else "  ", self._cells_of(key), style, without_colours=here
            )
        return Strip(segments).crop_extend(left, left + width, style)

    def _row_segments(
        self, marker: str, cells: Sequence[StyledCell], style: Style, *, without_colours: bool = False
    ) -> list[Segment]:
        segments = [Segment(marker, style)]
        for column, (text, ink) in zip(self.columns, cells, strict=False):
            text = adapt_symbols(text, self._glyphs)
            room = column.width
            made = set_cell_size(text, room) if not column.align_right or len(text) > room else text.rjust(room)
            segments.append(Segment(made + _COLUMN_GAP, style if without_colours else style + self._cell_style(ink)))
        return segments

    def _cell_style(self, state_colour: str) -> Style:
        if state_colour in ("", "dim"):
            return Style(dim=True) if state_colour else Style()
        colour = self.app.theme_variables.get(f"state-{state_colour}", "ansi_default")
        return Style(color=Color.parse(colour).rich_color)

    @property
    def _glyphs(self) -> Glyphs:
        return getattr(self.app, "glyphs", BRAILLE)


MAX_ROWS = 500
"""Rows that a KeyedTable shows; DataTable blocks the app for too long with more."""

_ASCII_REPLACEMENTS = str.maketrans("…–×−", "~-x-")


@dataclass(frozen=True)
class KeyedColumn:
    """Column of a KeyedTable; the table is rebuilt if columns change."""

    title: str
    width: int
    right: bool = False


@dataclass(frozen=True)
class KeyedRow:
    """Row and its key."""

    key: str
    cells: tuple[Text, ...]


class KeyedTable(SafeDataTable):
    """DataTable with a cursor and marks that stay with the keys of their rows."""

    DEFAULT_CSS = """
    KeyedTable { height: 1fr; background: $background; }
    KeyedTable > .datatable--header { background: $background; color: $text-muted; text-style: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "mark", show=False, id="table.mark"),
        Binding("g", "scroll_top", "first", show=False, id="table.first"),
        Binding("G", "scroll_bottom", "last", show=False, id="table.last"),
    ]

    class MarksChanged(Message):
        """Other rows are marked."""

    def __init__(self, *, id: str | None = None, marks: bool = True) -> None:
        super().__init__(id=id, cursor_type="row", cell_padding=0, zebra_stripes=False)
        self.marked: set[str] = set()
        self._has_marks = marks
        self._shown_columns: tuple[KeyedColumn, ...] = ()
        self._shown_rows: dict[str, KeyedRow] = {}
        self._hidden: set[str] = set()

    @property
    def current_key(self) -> str | None:
        """Key of the row under the cursor."""
        keys = list(self._shown_rows)
        return keys[self.cursor_row] if 0 <= self.cursor_row < len(keys) else None

    @property
    def row_keys(self) -> tuple[str, ...]:
        """Keys of the shown rows, from the top."""
        return tuple(self._shown_rows)

    @property
    def selected_keys(self) -> tuple[str, ...]:
        """Keys of the marked rows, else of the row under the cursor."""
        marked = tuple(key for key in self._shown_rows if key in self.marked)
        return marked or ((self.current_key,) if self.current_key is not None else ())

    def show_rows(self, columns: Sequence[KeyedColumn], rows: Sequence[KeyedRow]) -> None:
        """Show the first MAX_ROWS rows; only changed cells are updated if the keys are the same."""
        rows = rows[:MAX_ROWS]
        wanted = {row.key: row for row in rows}
        self.marked &= wanted.keys()
        if tuple(columns) == self._shown_columns and list(wanted) == list(self._shown_rows):
            for at, row in enumerate(wanted.values()):
                self._update_changed_cells(at, self._shown_rows[row.key], row)
            self._shown_rows = wanted
            return
        kept, top = self.current_key, self.cursor_row
        offset = self.scroll_offset.y
        self.clear(columns=True)
        self._shown_columns = tuple(columns)
        if self._has_marks:
            self.add_column("", width=2, key="mark")
        for at, column in enumerate(columns):
            title = Text(column.title, justify="right" if column.right else "left")
            self.add_column(title, width=column.width + 1, key=str(at))
        self._shown_rows = wanted
        for row in wanted.values():
            self.add_row(*self._row_cells(row), key=row.key)
        at = list(wanted).index(kept) if kept in wanted else min(top, len(wanted) - 1)
        if wanted:
            self.move_cursor(row=max(at, 0), animate=False)
            self.scroll_to(y=offset, animate=False, immediate=True)

    def move_to_key(self, key: str) -> bool:
        """Move the cursor to a row; returns whether it exists."""
        if key not in self._shown_rows:
            return False
        self.move_cursor(row=list(self._shown_rows).index(key), animate=False)
        return True

    def clear_marks(self) -> bool:
        """Remove all marks; returns whether there were any."""
        marked, self.marked = self.marked, set()
        self._update_marks(marked)
        return bool(marked)

    def action_mark(self) -> None:
        """Toggle the mark of the row under the cursor and move down."""
        key = self.current_key
        if key is None or not self._has_marks:
            return
        self.marked ^= {key}
        self._update_marks({key})
        self.action_cursor_down()

    def _update_marks(self, keys: set[str]) -> None:
        for key in keys & self._shown_rows.keys():
            self.update_cell(key, "mark", self._mark_cell(key))
        self.post_message(self.MarksChanged())

    def _mark_cell(self, key: str) -> Text:
        return Text(self.app.glyphs.mark if key in self.marked else " ", "bold")  # type: ignore[attr-defined]

    def _row_cells(self, row: KeyedRow) -> list[Text]:
        cells = [self._fit_cell(text, column) for text, column in zip(row.cells, self._shown_columns, strict=True)]
        return [self._mark_cell(row.key), *cells] if self._has_marks else cells

    def _update_changed_cells(self, index: int, before: KeyedRow, now: KeyedRow) -> None:
        for number, (one, other) in enumerate(zip(before.cells, now.cells, strict=True)):
            if _is_same_cell(one, other):
                continue
            self.update_cell(now.key, str(number), self._fit_cell(other, self._shown_columns[number]))

    def _fit_cell(self, text: Text, column: KeyedColumn) -> Text:
        """Return a cell cut to its column's width, so that DataTable need not measure its columns again."""
        fitted = text.copy()
        fitted.no_wrap, fitted.overflow = True, "ellipsis"
        fitted.truncate(column.width, overflow="ellipsis")
        if self.app.glyphs.level == "ascii":  # type: ignore[attr-defined]
            fitted.plain = fitted.plain.translate(_ASCII_REPLACEMENTS)
        if column.right:
            fitted.pad_left(column.width - fitted.cell_len)
        return fitted


def _is_same_cell(one: Text, other: Text) -> bool:
    return one is other or (one == other and one.style == other.style)
