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

from gts.commands.views.formatting import moment, number, plain
from gts_tui.screens.workspace.model import KINDS, PLURALS, Contents, Kind, Pulse, Thing
from gts_tui.widgets.status import Looks

Key = tuple[str, ...]

FIRST = 20
"""How many of a kind are shown until somebody wants more: the newest runs are those that matter."""
MORE = 200
MOST_FOUND = 1000
"""Of one kind, by a filter."""
UNREADABLE = "not readable"


@dataclass(frozen=True)
class Row:
    """One line."""

    key: Key
    depth: int
    label: str
    opened: bool | None = None
    """None for what cannot be opened."""
    thing: Thing | None = None
    marked: bool = False


@dataclass
class View:
    """What a person has opened, filtered and marked."""

    closed: set[Key] = field(default_factory=set)
    shown: dict[Key, int] = field(default_factory=dict)
    """How many things of a kind are shown, where more than the first."""
    filter: str = ""
    marked: set[Key] = field(default_factory=set)


def key_of(thing: Thing) -> Key:
    """What stays the same of a thing while it changes."""
    return ("thing", thing.kind, thing.word)


def rows_of(contents: Contents, view: View, pulses: Mapping[str, Pulse]) -> list[Row]:
    """All lines, from top to bottom: figures by name, then what belongs to none."""
    shelves: dict[str, dict[Kind, list[Thing]]] = {}
    words = view.filter.lower().split()
    for thing in contents.things:
        if _fits(thing, words):
            thing = _beating(thing, pulses)
            shelves.setdefault(thing.figure, {}).setdefault(thing.kind, []).append(_beating(thing, pulses))
    rows: list[Row] = []
    for figure in sorted(shelves, key=lambda one: (not one, one.lower())):
        opened = bool(words) or ("figure", figure) not in view.closed
        rows.append(Row(("figure", figure), 0, figure or UNREADABLE, opened))
        if opened:
            for kind in KINDS:
                rows += _shelf(figure, kind, shelves[figure].get(kind, []), view)
    return rows


def _shelf(figure: str, kind: Kind, things: list[Thing], view: View) -> Iterable[Row]:
    """One kind of things of a figure."""
    if not things:
        return
    key = ("shelf", figure, kind)
    opened = bool(view.filter) or key not in view.closed
    yield Row(key, 1, f"{PLURALS[kind]} {len(things)}", opened)
    if not opened:
        return
    most = MOST_FOUND if view.filter else view.shown.get(key, FIRST)
    names = Counter(thing.name for thing in things)
    for thing in things[:most]:
        # Two files of one name are told apart by their folders.
        label = thing.word.rpartition(".")[0] if thing.is_file and names[thing.name] > 1 else thing.name
        yield Row(key_of(thing), 2, label, thing=thing, marked=key_of(thing) in view.marked)
    if len(things) > most:
        yield Row(("more", figure, kind), 2, f"{len(things) - most} {'more' if things[0].is_file else 'older'}")


def show_more(view: View, key: Key) -> None:
    """Show more of a shelf, for the row that stands for the rest of it."""
    shelf = ("shelf", *key[1:])
    view.shown[shelf] = view.shown.get(shelf, FIRST) + MORE


def reveal(contents: Contents, view: View, word: str) -> Key | None:
    """Open what a thing is in, and take a filter away that hides it; its key, None where there is no such thing."""
    thing = next((one for one in contents.things if word in (one.word, f"runs/{one.word}", f"studies/{one.word}")), None)
    if thing is None:
        return None
    if not _fits(thing, view.filter.lower().split()):
        view.filter = ""
    shelf = ("shelf", thing.figure, thing.kind)
    view.closed -= {("figure", thing.figure), shelf}
    place = [one.word for one in contents.things if (one.figure, one.kind) == (thing.figure, thing.kind)].index(thing.word)
    view.shown[shelf] = max(view.shown.get(shelf, FIRST), place + 1)
    return key_of(thing)


def _fits(thing: Thing, words: list[str]) -> bool:
    """Whether every word of a filter is somewhere in what the tree says of a thing."""
    said = f"{thing.word} {thing.figure} {thing.technique} {thing.kind} {PLURALS[thing.kind]} {thing.state}".lower()
    return all(word in said for word in words)


def _beating(thing: Thing, pulses: Mapping[str, Pulse]) -> Thing:
    pulse = pulses.get(thing.word) if thing.alive else None
    return replace(thing, state=pulse.state, share=pulse.share) if pulse else thing


_BREAKS = {9: " ", 10: " "}
"""A row has one line, whatever the name."""


class ShelfTree(ScrollView, can_focus=True):
    """Shows rows and has a cursor; what they mean is the affair of whoever gave them."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"shelf--cursor", "shelf--dim", "shelf--head", "shelf--mark"}
    DEFAULT_CSS = """
    ShelfTree { background: $surface; scrollbar-size-vertical: 1; overflow-x: hidden; }
    ShelfTree > .shelf--cursor { background: $panel; color: $foreground; }
    ShelfTree:focus > .shelf--cursor { background: $primary; color: $text; text-style: bold; }
    ShelfTree > .shelf--dim { color: $text-muted; }
    ShelfTree > .shelf--head { color: $foreground; text-style: bold; }
    ShelfTree > .shelf--mark { color: $accent; text-style: bold; }
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

    class Moved(Message):
        """The cursor stands on another row."""

    class Chosen(Message):
        """Somebody wants to see what a row stands for."""

        def __init__(self, row: Row) -> None:
            super().__init__()
            self.row = row

    class Folded(Message):
        """Somebody wants a row open, or closed."""

        def __init__(self, key: Key, opened: bool) -> None:
            super().__init__()
            self.key, self.opened = key, opened

    def __init__(self, looks: Looks) -> None:
        super().__init__()
        self._rows: Sequence[Row] = ()
        self._at = 0
        self.empty = False
        """Whether there are no rows because nothing fits."""
        self.looks = looks

    @property
    def row(self) -> Row | None:
        """The row that the cursor is on."""
        return self._rows[self._at] if self._at < len(self._rows) else None

    @property
    def rows(self) -> Sequence[Row]:
        """All of them."""
        return self._rows

    def show_rows(self, rows: Sequence[Row], at: Key | None = None) -> None:
        """Show other rows; the cursor goes to `at`, or stays on what it is on, or near where that was."""
        old, self._rows = self._rows, rows
        if self.empty != (not rows):
            self.empty = not rows
            self._redraw(0)
        key = at or (old[self._at].key if self._at < len(old) else None)
        places = {row.key: place for place, row in enumerate(rows)}
        before = self._at
        self._at = places.get(key, min(before, max(0, len(rows) - 1))) if key else 0
        self.virtual_size = Size(self.size.width, len(rows))
        first, last = self._seen()
        for place in range(first, last):
            if place in (before, self._at) or old[place : place + 1] != rows[place : place + 1]:
                self._redraw(place)
        if at is not None or before != self._at:
            self._follow()

    def put_cursor(self, place: int) -> None:
        """Put the cursor on a row."""
        place = max(0, min(place, len(self._rows) - 1))
        if place == self._at or not self._rows:
            return
        before, self._at = self._at, place
        self._redraw(before)
        self._redraw(place)
        self._follow()

    def dress(self, looks: Looks) -> None:
        """Show everything in another way."""
        self.looks = looks
        self.refresh()

    def action_move(self, by: int) -> None:
        """Some rows on."""
        self.put_cursor(self._at + by)

    def action_page(self, by: int) -> None:
        """Some pages on."""
        self.put_cursor(self._at + by * max(1, self.size.height - 1))

    def action_jump(self, place: int) -> None:
        """To the first or the last row."""
        self.put_cursor(place if place >= 0 else len(self._rows) - 1)

    def action_fold(self) -> None:
        """Close what is open; from a row inside, go to what it is in."""
        row = self.row
        if row is None:
            return
        if row.opened:
            self.post_message(self.Folded(row.key, False))
            return
        outer = [place for place in range(self._at) if self._rows[place].depth < row.depth]
        if outer:
            self.put_cursor(outer[-1])

    def action_unfold(self) -> None:
        """Open what is closed."""
        row = self.row
        if row is not None and row.opened is False:
            self.post_message(self.Folded(row.key, True))
        elif row is not None and row.opened:
            self.put_cursor(self._at + 1)

    def action_choose(self) -> None:
        """Open or close what can be; show the rest."""
        row = self.row
        if row is not None and row.opened is not None:
            self.post_message(self.Folded(row.key, not row.opened))
        elif row is not None:
            self.post_message(self.Chosen(row))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor there; a second click on the same row chooses it."""
        place = event.y + self.scroll_offset.y
        if place >= len(self._rows):
            return
        if place == self._at or self._rows[place].opened is not None:
            self.put_cursor(place)
            self.action_choose()
        else:
            self.put_cursor(place)

    def on_resize(self) -> None:
        """The cursor stays in sight."""
        self.virtual_size = Size(self.size.width, len(self._rows))
        self._follow()

    def on_focus(self) -> None:
        """The cursor looks another way."""
        self._redraw(self._at)

    def on_blur(self) -> None:
        """The cursor looks another way."""
        self._redraw(self._at)

    def render_line(self, y: int) -> Strip:
        """One line of what is seen."""
        place = y + self.scroll_offset.y
        width = self.size.width
        base = self.rich_style
        if place >= len(self._rows):
            said = " nothing fits" if not place and self.empty else ""
            return Strip([Segment(said, base + self.get_component_rich_style("shelf--dim", partial=True))]).adjust_cell_length(
                width, base
            )
        row = self._rows[place]
        under = base + (self.get_component_rich_style("shelf--cursor", partial=True) if place == self._at else Style())
        text = self._drawn(row, width)
        console = self.app.console
        segments = [Segment(part.text, under + part.style if part.style else under) for part in text.render(console)]
        return Strip(segments).adjust_cell_length(width, under)

    def _drawn(self, row: Row, width: int) -> Text:
        """A row: what it is to the left, how it stands to the right."""
        looks = self.looks
        dim = self.get_component_rich_style("shelf--dim", partial=True)
        if row.thing is None:
            sign = {None: " ", True: looks.glyphs.branch, False: ">" if looks.ascii else "▸"}[row.opened]
            style = dim if row.depth else self.get_component_rich_style("shelf--head", partial=True)
            return looks.shown(Text(f"{' ' * row.depth}{sign} {plain(row.label).plain}", style))
        right = self._right(row.thing)
        room = max(4, width - 5 - cell_len(right) - 1)
        mark = looks.glyphs.mark if row.marked else " "
        sign = looks.sign(row.thing.state) + " " if row.thing.state else ""
        label = _cropped(looks.shown(plain(row.label)).plain.translate(_BREAKS), room - len(sign), "~" if looks.ascii else "…")
        text = Text("  ")
        text.append(f"{mark} ", self.get_component_rich_style("shelf--mark", partial=True))
        text.append(sign, looks.style(row.thing.state))
        text.append(set_cell_size(label, room - len(sign)))
        text.append(f" {right}", dim)
        return text

    def _right(self, thing: Thing) -> str:
        if thing.kind in ("run", "study"):
            share = f"{thing.share:4.0%}" if thing.share is not None and thing.state != "done" else "    "
            return f"{share} {moment(thing.created):>6}" if self.size.width >= 32 else share.strip()
        if thing.kind == "checkpoint" and thing.score is not None:
            return number(thing.score)
        return thing.technique

    def _seen(self) -> tuple[int, int]:
        first = self.scroll_offset.y
        return first, first + self.size.height

    def _redraw(self, place: int) -> None:
        first, last = self._seen()
        if first <= place < last:
            self.refresh(Region(0, place - first, self.size.width, 1))

    def _follow(self) -> None:
        if self.size.height:
            self.scroll_to_region(Region(0, self._at, self.size.width, 1), animate=False, force=True)
        self.post_message(self.Moved())


def _cropped(text: str, width: int, end: str) -> str:
    return text if cell_len(text) <= width else set_cell_size(text, max(0, width - 1)).rstrip() + end
