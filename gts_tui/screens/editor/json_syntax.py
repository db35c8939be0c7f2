"""What stands where in a JSON text, also in one that is being typed and not JSON yet."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from gts.formats.strict_json import JsonPath
from gts_tui.editing.tokens import Token, tokens

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
