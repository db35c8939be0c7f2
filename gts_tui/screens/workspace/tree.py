"""The tree: one line a row, drawn only where it is seen and only when it has changed.

The lines of the tree: what of a workspace is shown, given what is open, what is filtered and what is marked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
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

INITIAL_ROWS = 20
"""How many of a kind are shown until somebody wants more: the newest runs are those that matter."""
MORE_ROWS = 200
MAX_FILTERED_ROWS = 1000
"""Of one kind, by a filter."""
UNREADABLE_LABEL = "not readable"


@dataclass(frozen=True)
class TreeRow:
    """One line."""

    key: RowKey
    depth: int
    label: str
    is_open: bool | None = None
    """None for what cannot be opened."""
    item: WorkspaceItem | None = None
    is_marked: bool = False


@dataclass
class TreeState:
    """What a person has opened, filtered and marked."""

    closed_keys: set[RowKey] = field(default_factory=set)
    shown_counts: dict[RowKey, int] = field(default_factory=dict)
    """How many things of a kind are shown, where more than the first."""
    filter_text: str = ""
    marked_keys: set[RowKey] = field(default_factory=set)


def item_key(item: WorkspaceItem) -> RowKey:
    """What stays the same of a thing while it changes."""
    return ("thing", item.kind, item.reference)


def build_tree_rows(listing: WorkspaceListing, state: TreeState, progress: Mapping[str, ItemProgress]) -> list[TreeRow]:
    """All lines, from top to bottom: figures by name, then what belongs to none."""
    by_figure: dict[str, dict[ItemKind, list[WorkspaceItem]]] = {}
    words = state.filter_text.lower().split()
    for thing in listing.items:
        if _matches_filter(thing, words):
            thing = _with_progress(thing, progress)
            by_figure.setdefault(thing.figure, {}).setdefault(thing.kind, []).append(_with_progress(thing, progress))
    rows: list[TreeRow] = []
    for figure in sorted(by_figure, key=lambda one: (not one, one.lower())):
        opened = bool(words) or ("figure", figure) not in state.closed_keys
        rows.append(TreeRow(("figure", figure), 0, figure or UNREADABLE_LABEL, opened))
        if opened:
            for kind in ITEM_KINDS:
                rows += _kind_rows(figure, kind, by_figure[figure].get(kind, []), state)
    return rows


def _kind_rows(figure: str, kind: ItemKind, items: list[WorkspaceItem], state: TreeState) -> Iterable[TreeRow]:
    """One kind of things of a figure."""
    if not items:
        return
    key = ("shelf", figure, kind)
    opened = bool(state.filter_text) or key not in state.closed_keys
    yield TreeRow(key, 1, f"{KIND_PLURALS[kind]} {len(items)}", opened)
    if not opened:
        return
    limit = MAX_FILTERED_ROWS if state.filter_text else state.shown_counts.get(key, INITIAL_ROWS)
    names = Counter(thing.name for thing in items)
    for thing in items[:limit]:
        # Two files of one name are told apart by their folders.
        label = thing.reference.rpartition(".")[0] if thing.is_file and names[thing.name] > 1 else thing.name
        yield TreeRow(item_key(thing), 2, label, item=thing, is_marked=item_key(thing) in state.marked_keys)
    if len(items) > limit:
        yield TreeRow(("more", figure, kind), 2, f"{len(items) - limit} {'more' if items[0].is_file else 'older'}")


def show_more_rows(state: TreeState, key: RowKey) -> None:
    """Show more of a shelf, for the row that stands for the rest of it."""
    kind_key = ("shelf", *key[1:])
    state.shown_counts[kind_key] = state.shown_counts.get(kind_key, INITIAL_ROWS) + MORE_ROWS


def reveal_item(listing: WorkspaceListing, state: TreeState, reference: str) -> RowKey | None:
    """Open what a thing is in, and take a filter away that hides it; its key, None where there is no such thing."""
    thing = next(
        (one for one in listing.items if reference in (one.reference, f"runs/{one.reference}", f"studies/{one.reference}")),
        None,
    )
    if thing is None:
        return None
    if not _matches_filter(thing, state.filter_text.lower().split()):
        state.filter_text = ""
    kind_key = ("shelf", thing.figure, thing.kind)
    state.closed_keys -= {("figure", thing.figure), kind_key}
    place = [one.reference for one in listing.items if (one.figure, one.kind) == (thing.figure, thing.kind)].index(
        thing.reference
    )
    state.shown_counts[kind_key] = max(state.shown_counts.get(kind_key, INITIAL_ROWS), place + 1)
    return item_key(thing)


def _matches_filter(item: WorkspaceItem, words: list[str]) -> bool:
    """Whether every word of a filter is somewhere in what the tree says of a thing."""
    text = f"{item.reference} {item.figure} {item.technique} {item.kind} {KIND_PLURALS[item.kind]} {item.state}".lower()
    return all(word in text for word in words)


def _with_progress(item: WorkspaceItem, progress: Mapping[str, ItemProgress]) -> WorkspaceItem:
    pulse = progress.get(item.reference) if item.alive else None
    return replace(item, state=pulse.state, share=pulse.share) if pulse else item


_LINE_BREAKS = {9: " ", 10: " "}
"""A row has one line, whatever the name."""


class WorkspaceTree(ScrollView, can_focus=True):
    """Shows rows and has a cursor; what they mean is the affair of whoever gave them."""

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
        Binding("left", "fold", "close", show=False, id="tree.close"),
        Binding("right", "unfold", "unfold", show=False, id="tree.unfold"),
        Binding("enter", "choose", "open", id="tree.open"),
    ]

    class CursorMoved(Message):
        """The cursor stands on another row."""

    class RowSelected(Message):
        """Somebody wants to see what a row stands for."""

        def __init__(self, row: TreeRow) -> None:
            super().__init__()
            self.row = row

    class RowToggled(Message):
        """Somebody wants a row open, or closed."""

        def __init__(self, key: RowKey, opened: bool) -> None:
            super().__init__()
            self.key, self.is_open = key, opened

    def __init__(self, status_styles: StatusStyles) -> None:
        super().__init__()
        self._rows: Sequence[TreeRow] = ()
        self._cursor_row = 0
        self.has_no_rows = False
        """Whether there are no rows because nothing fits."""
        self.status_styles = status_styles

    @property
    def current_row(self) -> TreeRow | None:
        """The row that the cursor is on."""
        return self._rows[self._cursor_row] if self._cursor_row < len(self._rows) else None

    @property
    def rows(self) -> Sequence[TreeRow]:
        """All of them."""
        return self._rows

    def show_rows(self, rows: Sequence[TreeRow], at: RowKey | None = None) -> None:
        """Show other rows; the cursor goes to `at`, or stays on what it is on, or near where that was."""
        old, self._rows = self._rows, rows
        if self.has_no_rows != (not rows):
            self.has_no_rows = not rows
            self._refresh_row(0)
        key = at or (old[self._cursor_row].key if self._cursor_row < len(old) else None)
        places = {row.key: place for place, row in enumerate(rows)}
        before = self._cursor_row
        self._cursor_row = places.get(key, min(before, max(0, len(rows) - 1))) if key else 0
        self.virtual_size = Size(self.size.width, len(rows))
        first, last = self._visible_range()
        for place in range(first, last):
            if place in (before, self._cursor_row) or old[place : place + 1] != rows[place : place + 1]:
                self._refresh_row(place)
        if at is not None or before != self._cursor_row:
            self._scroll_to_cursor()

    def move_cursor(self, row: int) -> None:
        """Put the cursor on a row."""
        row = max(0, min(row, len(self._rows) - 1))
        if row == self._cursor_row or not self._rows:
            return
        before, self._cursor_row = self._cursor_row, row
        self._refresh_row(before)
        self._refresh_row(row)
        self._scroll_to_cursor()

    def set_status_styles(self, status_styles: StatusStyles) -> None:
        """Show everything in another way."""
        self.status_styles = status_styles
        self.refresh()

    def action_move(self, by: int) -> None:
        """Some rows on."""
        self.move_cursor(self._cursor_row + by)

    def action_page(self, by: int) -> None:
        """Some pages on."""
        self.move_cursor(self._cursor_row + by * max(1, self.size.height - 1))

    def action_jump(self, place: int) -> None:
        """To the first or the last row."""
        self.move_cursor(place if place >= 0 else len(self._rows) - 1)

    def action_fold(self) -> None:
        """Close what is open; from a row inside, go to what it is in."""
        row = self.current_row
        if row is None:
            return
        if row.is_open:
            self.post_message(self.RowToggled(row.key, False))
            return
        outer = [place for place in range(self._cursor_row) if self._rows[place].depth < row.depth]
        if outer:
            self.move_cursor(outer[-1])

    def action_unfold(self) -> None:
        """Open what is closed."""
        row = self.current_row
        if row is not None and row.is_open is False:
            self.post_message(self.RowToggled(row.key, True))
        elif row is not None and row.is_open:
            self.move_cursor(self._cursor_row + 1)

    def action_choose(self) -> None:
        """Open or close what can be; show the rest."""
        row = self.current_row
        if row is not None and row.is_open is not None:
            self.post_message(self.RowToggled(row.key, not row.is_open))
        elif row is not None:
            self.post_message(self.RowSelected(row))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor there; a second click on the same row chooses it."""
        place = event.y + self.scroll_offset.y
        if place >= len(self._rows):
            return
        if place == self._cursor_row or self._rows[place].is_open is not None:
            self.move_cursor(place)
            self.action_choose()
        else:
            self.move_cursor(place)

    def on_resize(self) -> None:
        """The cursor stays in sight."""
        self.virtual_size = Size(self.size.width, len(self._rows))
        self._scroll_to_cursor()

    def on_focus(self) -> None:
        """The cursor looks another way."""
        self._refresh_row(self._cursor_row)

    def on_blur(self) -> None:
        """The cursor looks another way."""
        self._refresh_row(self._cursor_row)

    def render_line(self, y: int) -> Strip:
        """One line of what is seen."""
        place = y + self.scroll_offset.y
        width = self.size.width
        base = self.rich_style
        if place >= len(self._rows):
            said = " nothing fits" if not place and self.has_no_rows else ""
            return Strip([Segment(said, base + self.get_component_rich_style("tree--dim", partial=True))]).adjust_cell_length(
                width, base
            )
        row = self._rows[place]
        under = base + (self.get_component_rich_style("tree--cursor", partial=True) if place == self._cursor_row else Style())
        text = self._render_row(row, width)
        console = self.app.console
        segments = [Segment(part.text, under + part.style if part.style else under) for part in text.render(console)]
        return Strip(segments).adjust_cell_length(width, under)

    def _render_row(self, row: TreeRow, width: int) -> Text:
        """A row: what it is to the left, how it stands to the right."""
        looks = self.status_styles
        dim = self.get_component_rich_style("tree--dim", partial=True)
        if row.item is None:
            sign = {None: " ", True: looks.glyphs.branch, False: ">" if looks.is_ascii else "▸"}[row.is_open]
            style = dim if row.depth else self.get_component_rich_style("tree--head", partial=True)
            return looks.adapt_text(Text(f"{' ' * row.depth}{sign} {plain_text(row.label).plain}", style))
        right = self._right_text(row.item)
        room = max(4, width - 5 - cell_len(right) - 1)
        mark = looks.glyphs.mark if row.is_marked else " "
        sign = looks.symbol(row.item.state) + " " if row.item.state else ""
        label = _crop_text(
            looks.adapt_text(plain_text(row.label)).plain.translate(_LINE_BREAKS),
            room - len(sign),
            "~" if looks.is_ascii else "…",
        )
        text = Text("  ")
        text.append(f"{mark} ", self.get_component_rich_style("tree--mark", partial=True))
        text.append(sign, looks.state_style(row.item.state))
        text.append(set_cell_size(label, room - len(sign)))
        text.append(f" {right}", dim)
        return text

    def _right_text(self, item: WorkspaceItem) -> str:
        if item.kind in ("run", "study"):
            share = f"{item.share:4.0%}" if item.share is not None and item.state != "done" else "    "
            return f"{share} {format_time(item.created):>6}" if self.size.width >= 32 else share.strip()
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
