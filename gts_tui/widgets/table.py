"""VirtualTable: a table with a cursor and marks that renders visible rows only, so it can have any number of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

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

StyledCell = tuple[str, str]
"""Text, and its style: `good`, `busy`, `wait` or `bad` for a colour of the theme, `dim`, or an empty string."""

TableCell = StyledCell | Text

_MARK_WIDTH = 2


@dataclass(frozen=True)
class VirtualTableColumn:
    """Column of a VirtualTable."""

    title: str
    width: int
    align_right: bool = False


class TableMessage(Message):
    """Message of a VirtualTable."""

    def __init__(self, table: VirtualTable) -> None:
        super().__init__()
        self.table = table

    @property
    def control(self) -> VirtualTable:
        """The table."""
        return self.table


class VirtualTable(ScrollView, can_focus=True):
    """Rows by key below a header line; the cursor and the marks stay with their keys when the rows change."""

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

    class CursorMoved(TableMessage):
        """The cursor moved to another row."""

    class RowSelected(TableMessage):
        """The row under the cursor was chosen with enter or a click."""

    class MarksChanged(TableMessage):
        """Other rows are marked."""

    def __init__(self, *, id: str, gap: int = 2, marks: bool = True) -> None:
        """`gap`: blank columns after each column; `marks`: whether rows can be marked."""
        super().__init__(id=id)
        self.columns: tuple[VirtualTableColumn, ...] = ()
        self.row_keys: tuple[str, ...] = ()
        self.marked_keys: set[str] = set()
        self.cursor_row = 0
        self._gap = " " * gap
        self._has_marks = marks
        self._get_cells: Callable[[str], Sequence[TableCell]] = lambda key: ()
        self._drawn_strips: list[Strip] = []

    # -- contents -----------------------------------------------------------------------------------------------------

    @property
    def current_key(self) -> str | None:
        """Key of the row under the cursor."""
        return self.row_keys[self.cursor_row] if self.row_keys else None

    @property
    def selected_keys(self) -> tuple[str, ...]:
        """Keys of the marked rows, else of the row under the cursor."""
        marked = tuple(key for key in self.row_keys if key in self.marked_keys)
        return marked or ((self.current_key,) if self.current_key is not None else ())

    def show_rows(
        self, columns: Sequence[VirtualTableColumn], keys: Sequence[str], cells: Callable[[str], Sequence[TableCell]]
    ) -> None:
        """Show rows; `cells` returns the cells of a key when its row is drawn. Only changed lines are repainted."""
        before, drawn = self.current_key, self._drawn_strips
        self.columns, self.row_keys, self._get_cells = tuple(columns), tuple(keys), cells
        self.marked_keys &= set(self.row_keys)
        if before in self.row_keys:
            self.cursor_row = self.row_keys.index(before)
        self.cursor_row = max(0, min(self.cursor_row, len(self.row_keys) - 1))
        width = sum(column.width + len(self._gap) for column in self.columns) + (_MARK_WIDTH if self._has_marks else 0)
        size = Size(width, len(self.row_keys) + 1)
        if size != self.virtual_size:
            self.virtual_size = size
        self._drawn_strips = [self._render_strip(y) for y in range(self.size.height)]
        if len(drawn) != len(self._drawn_strips):
            self.refresh()
        else:
            changed = [at for at, strip in enumerate(self._drawn_strips) if strip != drawn[at]]
            if changed:
                self.refresh(*(Region(0, at, self.size.width, 1) for at in changed))
        if self.current_key != before:
            self.post_message(self.CursorMoved(self))

    # -- cursor and marks ---------------------------------------------------------------------------------------------

    def move_to_key(self, key: str) -> bool:
        """Move the cursor to a row; returns whether it exists."""
        if key not in self.row_keys:
            return False
        self._move_cursor(self.row_keys.index(key))
        return True

    def clear_marks(self) -> bool:
        """Remove all marks; returns whether there were any."""
        had_marks = bool(self.marked_keys)
        self.marked_keys.clear()
        self._marks_changed()
        return had_marks

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
        if self.current_key is not None and self._has_marks:
            self.marked_keys ^= {self.current_key}
            self._move_cursor(self.cursor_row + 1)
            self._marks_changed()

    def _marks_changed(self) -> None:
        self.refresh()
        self.post_message(self.MarksChanged(self))

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to the clicked row; clicking the current row selects it."""
        row = event.y - 1 + self.scroll_offset.y
        if event.y > 0 and row < len(self.row_keys):
            if row == self.cursor_row:
                self.action_choose()
            self._move_cursor(row)

    def _move_cursor(self, row: int) -> None:
        row = max(0, min(row, len(self.row_keys) - 1))
        if row == self.cursor_row:
            return
        self.cursor_row = row
        first, height = self.scroll_offset.y, max(1, self.size.height - 1)
        if row < first:
            self.scroll_to(y=row, animate=False)
        elif row >= first + height:
            self.scroll_to(y=row - height + 1, animate=False)
        self.refresh()
        self.post_message(self.CursorMoved(self))

    # -- drawing ------------------------------------------------------------------------------------------------------

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

    def _render_strip(self, y: int) -> Strip:
        left, top = self.scroll_offset
        width = self.size.width
        row = top + y - 1
        style = self.rich_style
        if y == 0:
            style += self.get_component_rich_style("table--head", partial=True)
            segments = self._row_segments(" ", [(column.title, "") for column in self.columns], style)
        elif row >= len(self.row_keys):
            return Strip.blank(width, style)
        else:
            key, is_current = self.row_keys[row], row == self.cursor_row
            if is_current:
                style += self.get_component_rich_style("table--cursor", partial=True)
            mark = self._glyphs.mark if key in self.marked_keys else " "
            segments = self._row_segments(mark, self._get_cells(key), style, use_colours=not is_current)
        return Strip(segments).crop_extend(left, left + width, style)

    def _row_segments(self, mark: str, cells: Sequence[TableCell], style: Style, *, use_colours: bool = True) -> list[Segment]:
        segments = [Segment(mark.ljust(_MARK_WIDTH), style)] if self._has_marks else []
        for column, cell in zip(self.columns, cells, strict=False):
            text = cell if isinstance(cell, Text) else Text(cell[0], self._cell_style(cell[1]), end="")
            for part in _fit_cell(text, column).render(self.app.console):
                own = part.style if use_colours and isinstance(part.style, Style) else Style.null()
                segments.append(Segment(part.text, style + own))
            segments.append(Segment(self._gap, style))
        return segments

    def _cell_style(self, name: str) -> Style:
        if name in ("", "dim"):
            return Style(dim=True) if name else Style()
        colour = self.app.theme_variables.get(f"state-{name}", "ansi_default")
        return Style(color=Color.parse(colour).rich_color)

    @property
    def _glyphs(self) -> Glyphs:
        return getattr(self.app, "glyphs", BRAILLE)


def _fit_cell(text: Text, column: VirtualTableColumn) -> Text:
    """Return a text exactly as wide as its column, with an ellipsis if it was cut."""
    fitted = text.copy()
    fitted.no_wrap, fitted.end = True, ""
    if fitted.cell_len > column.width:
        fitted.truncate(column.width, overflow="ellipsis")
    padding = column.width - fitted.cell_len
    if column.align_right:
        fitted.pad_left(padding)
    else:
        fitted.pad_right(padding)
    return fitted
