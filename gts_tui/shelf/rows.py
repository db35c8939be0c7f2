"""The lines of the tree: what of a workspace is shown, given what is open, what is filtered and what is marked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from gts_tui.shelf.contents import KINDS, PLURALS, Contents, Kind, Pulse, Thing

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
