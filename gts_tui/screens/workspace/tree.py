"""Tree of a workspace: its rows (figures, kinds, items), and the widget that draws them.

A widget of its own instead of Textual's Tree: rows are drawn only when visible and changed, and each has right-aligned columns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from gts.commands.views.formatting import format_number, format_time, plain_text
from gts_tui.screens.workspace.model import ITEM_KINDS, KIND_PLURALS, ItemKind, ItemProgress, WorkspaceItem, WorkspaceListing
from gts_tui.widgets.status import StatusStyles

RowKey = tuple[str, ...]
"""("figure", figure), ("kind", figure, kind), ("item", kind, reference) or ("more", figure, kind)."""

INITIAL_ROWS = 20
"""Items of a kind shown at first; the newest runs matter most."""
MORE_ROWS = 200
MAX_FILTERED_ROWS = 1000
"""Items of a kind shown while a filter is set."""
UNREADABLE_LABEL = "not readable"
"""Heading of items without a figure."""
_MIN_WIDTH_FOR_TIME = 32
_SINGLE_LINE = {9: " ", 10: " "}
"""Translation that keeps a name with tabs or line breaks on one row."""


@dataclass(frozen=True)
class TreeRow:
    """One row of the tree."""

    key: RowKey
    depth: int
    label: str
    is_open: bool | None = None
    """None for rows that cannot be opened."""
    item: WorkspaceItem | None = None
    is_marked: bool = False

    @property
    def is_more(self) -> bool:
        """Whether this row counts hidden items."""
        return self.key[0] == "more"


@dataclass
class TreeState:
    """Folding, filter and marks of the tree."""

    closed_keys: set[RowKey] = field(default_factory=set)
    shown_counts: dict[RowKey, int] = field(default_factory=dict)
    """Number of items shown per kind, if more than `INITIAL_ROWS`."""
    filter_text: str = ""
    marked_keys: set[RowKey] = field(default_factory=set)


def item_key(item: WorkspaceItem) -> RowKey:
    """Row key of an item; the same for all its states."""
    return ("item", item.kind, item.reference)


def build_tree_rows(listing: WorkspaceListing, state: TreeState, progress: Mapping[str, ItemProgress]) -> list[TreeRow]:
    """Build the visible rows: figures by name, items without a figure last."""
    by_figure: dict[str, dict[ItemKind, list[WorkspaceItem]]] = {}
    words = state.filter_text.lower().split()
    for item in listing.items:
        if _matches_filter(item, words):
            by_figure.setdefault(item.figure, {}).setdefault(item.kind, []).append(_with_progress(item, progress))
    rows: list[TreeRow] = []
    for figure in sorted(by_figure, key=lambda name: (not name, name.lower())):
        is_open = bool(words) or ("figure", figure) not in state.closed_keys
        rows.append(TreeRow(("figure", figure), 0, figure or UNREADABLE_LABEL, is_open))
        if is_open:
            for kind in ITEM_KINDS:
                rows += _kind_rows(figure, kind, by_figure[figure].get(kind, []), state)
    return rows


def _kind_rows(figure: str, kind: ItemKind, items: list[WorkspaceItem], state: TreeState) -> Iterable[TreeRow]:
    """Yield the heading of a kind and the rows of its items."""
    if not items:
        return
    key = ("kind", figure, kind)
    is_open = bool(state.filter_text) or key not in state.closed_keys
    yield TreeRow(key, 1, f"{KIND_PLURALS[kind]} {len(items)}", is_open)
    if not is_open:
        return
    limit = MAX_FILTERED_ROWS if state.filter_text else state.shown_counts.get(key, INITIAL_ROWS)
    names = Counter(item.name for item in items)
    for item in items[:limit]:
        # Files with the same name are distinguished by their folders.
        label = item.reference.rpartition(".")[0] if item.is_file and names[item.name] > 1 else item.name
        yield TreeRow(item_key(item), 2, label, item=item, is_marked=item_key(item) in state.marked_keys)
    if len(items) > limit:
        yield TreeRow(("more", figure, kind), 2, f"{len(items) - limit} {'more' if items[0].is_file else 'older'}")


def show_more_rows(state: TreeState, key: RowKey) -> None:
    """Show `MORE_ROWS` more items of a kind; `key` is that of the "more" row."""
    kind_key = ("kind", *key[1:])
    state.shown_counts[kind_key] = state.shown_counts.get(kind_key, INITIAL_ROWS) + MORE_ROWS


def reveal_item(listing: WorkspaceListing, state: TreeState, reference: str) -> RowKey | None:
    """Open the headings of an item, and clear a filter that hides it. Returns its key, None if there is no such item."""
    item = next(
        (one for one in listing.items if reference in (one.reference, f"runs/{one.reference}", f"studies/{one.reference}")),
        None,
    )
    if item is None:
        return None
    if not _matches_filter(item, state.filter_text.lower().split()):
        state.filter_text = ""
    kind_key = ("kind", item.figure, item.kind)
    state.closed_keys -= {("figure", item.figure), kind_key}
    siblings = [one.reference for one in listing.items if (one.figure, one.kind) == (item.figure, item.kind)]
    state.shown_counts[kind_key] = max(state.shown_counts.get(kind_key, INITIAL_ROWS), siblings.index(item.reference) + 1)
    return item_key(item)


def _matches_filter(item: WorkspaceItem, words: list[str]) -> bool:
    """Whether the item's names, kind or state contain every word."""
    text = f"{item.reference} {item.figure} {item.technique} {item.kind} {KIND_PLURALS[item.kind]} {item.state}".lower()
    return all(word in text for word in words)


def _with_progress(item: WorkspaceItem, progress: Mapping[str, ItemProgress]) -> WorkspaceItem:
    newest = progress.get(item.reference) if item.alive else None
    return replace(item, state=newest.state, progress=newest.progress) if newest else item


class WorkspaceTree(ScrollView, can_focus=True):
    """Draws rows and has a cursor; the parent widget folds, filters and opens."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"tree--cursor", "tree--dim", "tree--head", "tree--mark"}
    DEFAULT_CSS = """
    WorkspaceTree { background: $surface; scrollbar-size-vertical: 1; overflow-x: hidden; }
    WorkspaceTree > .tree--cursor { background: $panel; color: $foreground; }
    WorkspaceTree:focus > .tree--cursor { background: $primary; color: $text; text-style: bold; }
    WorkspaceTree > .tree--dim { color: $text-muted; }
    WorkspaceTree > .tree--head { color: $foreground; text-style: bold; }
    WorkspaceTree > .tree--mark { color: $accent; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "down", show=False, id="tree.down"),
        Binding("up,k", "move(-1)", "up", show=False, id="tree.up"),
        Binding("pagedown", "page(1)", "page down", show=False, id="tree.pagedown"),
        Binding("pageup", "page(-1)", "page up", show=False, id="tree.pageup"),
        Binding("g,home", "jump(0)", "first", show=False, id="tree.first"),
        Binding("G,end", "jump(-1)", "last", show=False, id="tree.last"),
        Binding("left", "collapse", "close", show=False, id="tree.close"),
        Binding("right", "expand", "unfold", show=False, id="tree.unfold"),
        Binding("enter", "select_row", "open", id="tree.open"),
    ]

    class CursorMoved(Message):
        """The cursor is on another row, or the row has other content."""

    class RowSelected(Message):
        """An item, or a row for more items, was selected."""

        def __init__(self, row: TreeRow) -> None:
            super().__init__()
            self.row = row

    class RowToggled(Message):
        """A heading is to be opened or closed."""

        def __init__(self, key: RowKey, is_open: bool) -> None:
            super().__init__()
            self.key, self.is_open = key, is_open

    def __init__(self, status_styles: StatusStyles) -> None:
        super().__init__()
        self._rows: Sequence[TreeRow] = ()
        self._cursor_row = 0
        self.has_no_rows = False
        """Whether the filter matches nothing."""
        self.status_styles = status_styles

    @property
    def current_row(self) -> TreeRow | None:
        """The row under the cursor."""
        return self._rows[self._cursor_row] if self._cursor_row < len(self._rows) else None

    @property
    def rows(self) -> Sequence[TreeRow]:
        """All rows, visible or not."""
        return self._rows

    def show_rows(self, rows: Sequence[TreeRow], cursor_key: RowKey | None = None) -> None:
        """Replace the rows. The cursor moves to `cursor_key`; without it, it stays on its row or at its line."""
        old, self._rows = self._rows, rows
        if self.has_no_rows != (not rows):
            self.has_no_rows = not rows
            self._refresh_row(0)
        key = cursor_key or (old[self._cursor_row].key if self._cursor_row < len(old) else None)
        indices = {row.key: index for index, row in enumerate(rows)}
        before = self._cursor_row
        self._cursor_row = indices.get(key, min(before, max(0, len(rows) - 1))) if key else 0
        self.virtual_size = Size(self.size.width, len(rows))
        first, last = self._visible_range()
        for index in range(first, last):
            if index in (before, self._cursor_row) or old[index : index + 1] != rows[index : index + 1]:
                self._refresh_row(index)
        if cursor_key is not None or before != self._cursor_row:
            self._scroll_to_cursor()

    def move_cursor(self, row: int) -> None:
        """Move the cursor to a row, clamped to the last one."""
        row = max(0, min(row, len(self._rows) - 1))
        if row == self._cursor_row or not self._rows:
            return
        before, self._cursor_row = self._cursor_row, row
        self._refresh_row(before)
        self._refresh_row(row)
        self._scroll_to_cursor()

    def set_status_styles(self, status_styles: StatusStyles) -> None:
        """Redraw with other styles."""
        self.status_styles = status_styles
        self.refresh()

    def action_move(self, rows: int) -> None:
        """Move the cursor by rows."""
        self.move_cursor(self._cursor_row + rows)

    def action_page(self, pages: int) -> None:
        """Move the cursor by pages."""
        self.move_cursor(self._cursor_row + pages * max(1, self.size.height - 1))

    def action_jump(self, row: int) -> None:
        """Move the cursor to a row; -1 is the last one."""
        self.move_cursor(row if row >= 0 else len(self._rows) - 1)

    def action_collapse(self) -> None:
        """Close the heading under the cursor; on other rows, move to their heading."""
        row = self.current_row
        if row is None:
            return
        if row.is_open:
            self.post_message(self.RowToggled(row.key, False))
            return
        headings = [index for index in range(self._cursor_row) if self._rows[index].depth < row.depth]
        if headings:
            self.move_cursor(headings[-1])

    def action_expand(self) -> None:
        """Open the heading under the cursor; if it is open, move to its first row."""
        row = self.current_row
        if row is not None and row.is_open is False:
            self.post_message(self.RowToggled(row.key, True))
        elif row is not None and row.is_open:
            self.move_cursor(self._cursor_row + 1)

    def action_select_row(self) -> None:
        """Toggle a heading, select any other row."""
        row = self.current_row
        if row is not None and row.is_open is not None:
            self.post_message(self.RowToggled(row.key, not row.is_open))
        elif row is not None:
            self.post_message(self.RowSelected(row))

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to the clicked row; clicking the current row or a heading selects it."""
        index = event.y + self.scroll_offset.y
        if index >= len(self._rows):
            return
        is_selected = index == self._cursor_row or self._rows[index].is_open is not None
        self.move_cursor(index)
        if is_selected:
            self.action_select_row()

    def on_resize(self) -> None:
        """Keep the cursor visible."""
        self.virtual_size = Size(self.size.width, len(self._rows))
        self._scroll_to_cursor()

    def on_focus(self) -> None:
        """Redraw the cursor."""
        self._refresh_row(self._cursor_row)

    def on_blur(self) -> None:
        """Redraw the cursor."""
        self._refresh_row(self._cursor_row)

    def render_line(self, y: int) -> Strip:
        """Render one visible line."""
        index = y + self.scroll_offset.y
        width = self.size.width
        base = self.rich_style
        if index >= len(self._rows):
            hint = " no match" if not index and self.has_no_rows else ""
            dim = base + self.get_component_rich_style("tree--dim", partial=True)
            return Strip([Segment(hint, dim)]).adjust_cell_length(width, base)
        if index == self._cursor_row:
            base += self.get_component_rich_style("tree--cursor", partial=True)
        text = self._render_row(self._rows[index], width)
        segments = [Segment(part.text, base + part.style if part.style else base) for part in text.render(self.app.console)]
        return Strip(segments).adjust_cell_length(width, base)

    def _render_row(self, row: TreeRow, width: int) -> Text:
        """Render mark, state symbol and name, and on the right progress and time, score or technique."""
        styles = self.status_styles
        dim = self.get_component_rich_style("tree--dim", partial=True)
        if row.item is None:
            symbol = {None: " ", True: styles.glyphs.branch, False: ">" if styles.is_ascii else "▸"}[row.is_open]
            style = dim if row.depth else self.get_component_rich_style("tree--head", partial=True)
            return styles.adapt_text(Text(f"{' ' * row.depth}{symbol} {plain_text(row.label).plain}", style))
        right = self._right_text(row.item)
        symbol = styles.symbol(row.item.state) + " " if row.item.state else ""
        room = max(4, width - 5 - cell_len(right) - 1) - len(symbol)
        label = styles.adapt_text(plain_text(row.label)).plain.translate(_SINGLE_LINE)
        text = Text("  ")
        text.append(
            f"{styles.glyphs.mark if row.is_marked else ' '} ", self.get_component_rich_style("tree--mark", partial=True)
        )
        text.append(symbol, styles.state_style(row.item.state))
        text.append(set_cell_size(_crop_text(label, room, "~" if styles.is_ascii else "…"), room))
        text.append(f" {right}", dim)
        return text

    def _right_text(self, item: WorkspaceItem) -> str:
        if item.kind in ("run", "study"):
            progress = f"{item.progress:4.0%}" if item.progress is not None and item.state != "done" else "    "
            has_room = self.size.width >= _MIN_WIDTH_FOR_TIME
            return f"{progress} {format_time(item.created):>6}" if has_room else progress.strip()
        if item.kind == "checkpoint" and item.score is not None:
            return format_number(item.score)
        return item.technique

    def _visible_range(self) -> tuple[int, int]:
        first = self.scroll_offset.y
        return first, first + self.size.height

    def _refresh_row(self, row: int) -> None:
        first, last = self._visible_range()
        if first <= row < last:
            self.refresh(Region(0, row - first, self.size.width, 1))

    def _scroll_to_cursor(self) -> None:
        if self.size.height:
            self.scroll_to_region(Region(0, self._cursor_row, self.size.width, 1), animate=False, force=True)
        self.post_message(self.CursorMoved())


def _crop_text(text: str, width: int, ellipsis: str) -> str:
    return text if cell_len(text) <= width else set_cell_size(text, max(0, width - 1)).rstrip() + ellipsis
