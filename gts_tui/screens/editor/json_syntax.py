"""What stands where in a JSON text, also in one that is being typed and not JSON yet.

The pieces of a JSON text, also of one that is being typed: nothing here fails, whatever the text is.

Small changes of a JSON text: only what is meant to change changes; order, spaces and everything else stay.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from gts.formats.strict_json import JsonPath

Kind = Literal["string", "number", "word", "mark", "other"]
Colour = Literal["key", "text", "number", "word", "mark", "other"]

_PIECE = re.compile(
    r'(?P<string>"(?:[^"\\\n]|\\[^\n])*(?:"|(?=\n)|\Z|\\))'
    r"|(?P<number>[-+.]?\d[\w.+-]*)"
    r"|(?P<word>[^\W\d][\w./]*)"
    r"|(?P<mark>[{}\[\]:,])"
    r"|(?P<other>\S)"
)
_WORDS = ("true", "false", "null")
_COLON = re.compile(r"\s*:")


@dataclass(frozen=True, slots=True)
class Token:
    """One piece; spaces are none."""

    kind: Kind
    start: int
    end: int
    text: str


def tokens(text: str, start: int = 0) -> Iterator[Token]:
    """The pieces from `start` on. A string ends with its line at the latest, so one missing quote spoils one line only."""
    for match in _PIECE.finditer(text, start):
        kind: Kind = match.lastgroup or "other"  # type: ignore[assignment]
        yield Token(kind, match.start(), match.end(), match.group())


def colours(line: str) -> Iterator[tuple[int, int, Colour]]:
    """Where in a line which kind of thing stands. No piece of JSON is longer than its line."""
    for token in tokens(line):
        colour: Colour = token.kind if token.kind != "string" else "text"
        if token.kind == "string" and _COLON.match(line, token.end):
            colour = "key"
        elif token.kind == "word" and token.text not in _WORDS:
            colour = "other"
        yield token.start, token.end, colour


_OPENS = {"{": "object", "[": "array"}


@dataclass(frozen=True)
class Entry:
    """A member of an object or an element of an array."""

    path: JsonPath
    key_start: int
    """Of an element: where its value begins."""
    key_end: int
    start: int
    """Where its value begins."""
    end: int


@dataclass(frozen=True)
class Place:
    """Where a cursor is."""

    path: JsonPath
    """Of what is there; a key that is being written is its last word."""
    role: Literal["key", "value", "between"]
    start: int
    """Of what is being written there, up to `end`."""
    end: int
    typed: str
    """What of it is before the cursor, without quotes."""
    comma_at: int | None = None
    """Where a comma is missing before what is written here."""


@dataclass
class _Frame:
    """An object or array that is open."""

    kind: str
    state: Literal["key", "colon", "value", "comma"]
    key: str | None = None
    key_start: int = 0
    key_end: int = 0
    value_start: int = 0
    value_end: int = 0
    index: int = 0
    last: Token | None = None


@dataclass
class _Walk:
    """Goes through a text piece by piece."""

    frames: list[_Frame] = field(default_factory=lambda: [_Frame("top", "value")])
    entries: list[Entry] = field(default_factory=list)

    def path(self) -> JsonPath:
        """Of what is there now."""
        found: list[str | int] = []
        for frame in self.frames:
            if frame.kind == "array":
                found.append(frame.index)
            elif frame.kind == "object" and frame.key is not None:
                found.append(frame.key)
        return tuple(found)

    def take(self, token: Token) -> None:
        """Go past a piece."""
        frame = self.frames[-1]
        if token.text in _OPENS:
            frame.value_start = token.start
            kind = _OPENS[token.text]
            self.frames.append(_Frame(kind, "key" if kind == "object" else "value"))
        elif token.text in ("}", "]"):
            if len(self.frames) > 1:
                self.frames.pop()
                self.ended(token)
        elif token.text == ":":
            if frame.state == "comma" and frame.kind == "object" and frame.last is not None:
                # The value before was forgotten, and what was taken for it is the next key.
                self.key(frame, frame.last)
            frame.state = "value"
        elif token.text == ",":
            frame.index += 1
            frame.key, frame.state = None, "value" if frame.kind == "array" else "key"
        elif frame.kind == "object" and frame.state != "value":
            self.key(frame, token)
        else:
            frame.value_start = token.start
            self.ended(token)
        frame.last = token

    def key(self, frame: _Frame, token: Token) -> None:
        """A key was read."""
        frame.key, frame.key_start, frame.key_end, frame.state = _plain(token.text), token.start, token.end, "colon"

    def ended(self, token: Token) -> None:
        """A value was read, whose last piece this is."""
        frame = self.frames[-1]
        if frame.kind == "array":
            frame.key_start = frame.key_end = frame.value_start
        frame.state, frame.value_end = "comma", token.end
        self.entries.append(Entry(self.path(), frame.key_start, frame.key_end, frame.value_start, token.end))


def outline(text: str) -> list[Entry]:
    """Everything that has a value, in the order in which the values end; the whole text is the last, with an empty path."""
    walk = _Walk()
    for token in tokens(text):
        walk.take(token)
    return walk.entries


def values_in(text: str, entries: Iterable[Entry] | None = None) -> dict[JsonPath, Any]:
    """What the plain values in a text are: texts, numbers, true, false, null; and lists and objects of such."""
    found: dict[JsonPath, Any] = {}
    for entry in outline(text) if entries is None else entries:
        try:
            found[entry.path] = json.loads(text[entry.start : entry.end])
        except (ValueError, RecursionError):
            continue
    return found


def place_at(text: str, offset: int) -> Place:
    """What is at a cursor that stands before the letter at `offset`."""
    walk = _Walk()
    here: Token | None = None
    for token in tokens(text):
        if token.start > offset:
            break
        if token.end >= offset and token.kind in ("string", "number", "word") and token.start < max(offset, 1):
            here = token
            break
        if token.end > offset:
            break
        walk.take(token)
    frame = walk.frames[-1]
    start, end = (here.start, here.end) if here else (offset, offset)
    typed = text[start:offset].lstrip('"')
    if here is not None and frame.kind == "object" and frame.state != "value":
        # What is typed here is a key, and the one before it has ended.
        path = (*_parent(walk), _plain(here.text))
        comma = frame.value_end if frame.state == "comma" else None
        return Place(path, "key", start, end, typed, comma)
    if frame.state == "key" or (frame.state == "comma" and frame.kind == "object" and "\n" in text[frame.value_end : offset]):
        comma = frame.value_end if frame.state == "comma" else None
        return Place(_parent(walk), "key", start, end, typed, comma)
    return Place(walk.path(), "value" if frame.state == "value" else "between", start, end, typed)


def path_at(text: str, offset: int) -> JsonPath:
    """What a person means whose cursor is there: before the first letter of a line it is what the line begins with."""
    begin = text.rfind("\n", 0, offset) + 1
    line = text[begin:].partition("\n")[0]
    first = begin + len(line) - len(line.lstrip())
    return place_at(text, max(offset, min(first + 1, begin + len(line)))).path


def _parent(walk: _Walk) -> JsonPath:
    """The object in which a key is written."""
    path = walk.path()
    return path[:-1] if walk.frames[-1].key is not None else path


def _plain(text: str) -> str:
    """What a piece says."""
    try:
        said = json.loads(text) if text.startswith('"') else text
    except ValueError:
        said = text.strip('"')
    return str(said)


def with_value(text: str, path: JsonPath, value: str) -> str:
    """The text with a member of this value, a JSON text; a new one comes last in its object, which is made where needed."""
    entries = outline(text)
    there = _find(entries, path)
    if there is not None:
        return text[: there.start] + value + text[there.end :]
    parent = _find(entries, path[:-1])
    if parent is None:
        return with_value(text, path[:-1], _nested(text, path, value)) if len(path) > 1 else text
    before = _members(entries, path[:-1])
    key = json.dumps(str(path[-1]), ensure_ascii=False)
    if before:
        last = before[-1]
        gap = _gap(text, before, parent)
        colon = text[last.key_end : last.start]
        return f"{text[: last.end]},{gap}{key}{colon}{value}{text[last.end :]}"
    margin = _margin(text, parent.start)
    return f"{text[: parent.start]}{{\n{margin}  {key}: {value}\n{margin}}}{text[parent.end :]}"


def with_axis(text: str, path: JsonPath, value: str) -> str:
    """The text with another range or list, laid out as the one before it: of a range only the members that differ change."""
    there = _find(outline(text), path)
    old, new = _read(text[there.start : there.end]) if there else None, _read(value)
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() & new.keys():
        for key in old.keys() - new.keys() - {"when", "comment"}:
            text = without(text, (*path, key))
        for key, entry in ((str(one.path[0]), one) for one in outline(value) if len(one.path) == 1):
            if key not in old or repr(old[key]) != repr(new[key]):
                text = with_value(text, (*path, key), value[entry.start : entry.end])
        return text
    if there and isinstance(old, list) and isinstance(new, list) and old and new:
        items = [one for one in outline(text) if one.path[:-1] == path]
        first, last = items[0], items[-1]
        comma = text[items[0].end : items[1].start] if len(items) > 1 else ", "
        written = [value[one.start : one.end] for one in outline(value) if len(one.path) == 1]
        return text[: first.start] + comma.join(written) + text[last.end :]
    return with_value(text, path, value)


def without(text: str, path: JsonPath) -> str:
    """The text without a member; the comma that parted it goes too."""
    entries = outline(text)
    there = _find(entries, path)
    parent = _find(entries, path[:-1])
    if there is None or parent is None:
        return text
    members = _members(entries, path[:-1])
    at = members.index(there)
    if at + 1 < len(members):
        return text[: there.key_start] + text[members[at + 1].key_start :]
    if at:
        return text[: members[at - 1].end] + text[there.end :]
    return f"{text[: parent.start]}{{}}{text[parent.end :]}"


def difference(old: str, new: str) -> tuple[int, int, str]:
    """The one stretch in which two texts differ: its beginning and end in the old one, and what is there in the new one."""
    start = 0
    shortest = min(len(old), len(new))
    while start < shortest and old[start] == new[start]:
        start += 1
    tail = 0
    while tail < shortest - start and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    return start, len(old) - tail, new[start : len(new) - tail]


def _read(text: str) -> Any:
    """What a text means; None where it is no JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def _find(entries: list[Entry], path: JsonPath) -> Entry | None:
    """Of a key that is there twice the last, which counts."""
    found = [entry for entry in entries if entry.path == path]
    return found[-1] if found else None


def _members(entries: list[Entry], parent: JsonPath) -> list[Entry]:
    return [entry for entry in entries if entry.path and entry.path[:-1] == parent]


def _gap(text: str, members: list[Entry], parent: Entry) -> str:
    """What stands between the comma and the next key, as the text has it elsewhere."""
    last = members[-1]
    begin = text.index(",", members[-2].end) + 1 if len(members) > 1 else parent.start + 1
    gap = text[begin : last.key_start]
    return gap if gap.isspace() else " "


def _margin(text: str, offset: int) -> str:
    """The spaces at the beginning of a line."""
    line = text[text.rfind("\n", 0, offset) + 1 : offset]
    return line[: len(line) - len(line.lstrip())]


def _nested(text: str, path: JsonPath, value: str) -> str:
    """An object with one member, as it stands inside the one that it will be in."""
    margin = "  " * (len(path) - 1)
    key = json.dumps(str(path[-1]), ensure_ascii=False)
    return f"{{\n{margin}  {key}: {value}\n{margin}}}"
