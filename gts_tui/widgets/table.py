"""A table that makes only the rows that are seen, so that thousands of trials cost no more than a screenful."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from gts_tui.glyphs import BRAILLE, Glyphs
from gts_tui.trials.signs import shown

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
