"""JSON as it is being typed: tokens, paths and positions, and edits that change nothing else in the text.

It is written by hand because no library tolerates invalid text and gives positions and duplicate keys at the same time
(tree-sitter-json, json-source-map). No function here raises, whatever the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from gts.formats.strict_json import JsonPath

TokenKind = Literal["string", "number", "word", "mark", "other"]
HighlightKind = Literal["key", "text", "number", "word", "mark", "other"]

_TOKEN_PATTERN = re.compile(
    r'(?P<string>"(?:[^"\\\n]|\\[^\n])*(?:"|(?=\n)|\Z|\\))'
    r"|(?P<number>[-+.]?\d[\w.+-]*)"
    r"|(?P<word>[^\W\d][\w./]*)"
    r"|(?P<mark>[{}\[\]:,])"
    r"|(?P<other>\S)"
)
_LITERALS = ("true", "false", "null")
_COLON = re.compile(r"\s*:")


@dataclass(frozen=True, slots=True)
class Token:
    """One token; white space is not a token."""

    kind: TokenKind
    start: int
    end: int
    text: str


def tokenize(text: str, start: int = 0) -> Iterator[Token]:
    """Yield the tokens from offset `start` on. A string ends with its line, so a missing quote affects one line only."""
    for match in _TOKEN_PATTERN.finditer(text, start):
        kind: TokenKind = match.lastgroup or "other"  # type: ignore[assignment]
        yield Token(kind, match.start(), match.end(), match.group())


def highlight_spans(line: str) -> Iterator[tuple[int, int, HighlightKind]]:
    """Yield start, end and kind of the tokens in a line; no JSON token spans lines."""
    for token in tokenize(line):
        colour: HighlightKind = token.kind if token.kind != "string" else "text"
        if token.kind == "string" and _COLON.match(line, token.end):
            colour = "key"
        elif token.kind == "word" and token.text not in _LITERALS:
            colour = "other"
        yield token.start, token.end, colour


_CONTAINER_KINDS = {"{": "object", "[": "array"}


@dataclass(frozen=True)
class JsonEntry:
    """A member of an object or an element of an array, with offsets in the text."""

    path: JsonPath
    key_start: int
    """For an element, the start of its value."""
    key_end: int
    start: int
    """Start of the value."""
    end: int


@dataclass(frozen=True)
class CursorContext:
    """JSON context of a cursor."""

    path: JsonPath
    """Path at the cursor; its last part may be a key that is being typed."""
    role: Literal["key", "value", "between"]
    start: int
    """Start of the token that is being typed; `end` is its end."""
    end: int
    prefix: str
    """Part of the token before the cursor, without quotes."""
    missing_comma_at: int | None = None
    """Offset of a comma that is missing before the key; None if none is."""


@dataclass
class _OpenContainer:
    """An object or array that has not been closed yet."""

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
class _OutlineParser:
    """Tracks open containers token by token and collects entries."""

    open_containers: list[_OpenContainer] = field(default_factory=lambda: [_OpenContainer("top", "value")])
    entries: list[JsonEntry] = field(default_factory=list)

    def current_path(self) -> JsonPath:
        """Return the path after the last token."""
        parts: list[str | int] = []
        for container in self.open_containers:
            if container.kind == "array":
                parts.append(container.index)
            elif container.kind == "object" and container.key is not None:
                parts.append(container.key)
        return tuple(parts)

    def feed(self, token: Token) -> None:
        """Process a token."""
        container = self.open_containers[-1]
        if token.text in _CONTAINER_KINDS:
            container.value_start = token.start
            kind = _CONTAINER_KINDS[token.text]
            self.open_containers.append(_OpenContainer(kind, "key" if kind == "object" else "value"))
        elif token.text in ("}", "]"):
            if len(self.open_containers) > 1:
                self.open_containers.pop()
                self.end_value(token)
        elif token.text == ":":
            if container.state == "comma" and container.kind == "object" and container.last is not None:
                # Two strings and a colon: the value is missing, and the second string is the next key.
                self.begin_member(container, container.last)
            container.state = "value"
        elif token.text == ",":
            container.index += 1
            container.key, container.state = None, "value" if container.kind == "array" else "key"
        elif container.kind == "object" and container.state != "value":
            self.begin_member(container, token)
        else:
            container.value_start = token.start
            self.end_value(token)
        container.last = token

    def begin_member(self, container: _OpenContainer, token: Token) -> None:
        """Record a key."""
        container.key, container.key_start, container.key_end, container.state = (
            _unquote(token.text),
            token.start,
            token.end,
            "colon",
        )

    def end_value(self, token: Token) -> None:
        """Record an entry whose value ends with this token."""
        container = self.open_containers[-1]
        if container.kind == "array":
            container.key_start = container.key_end = container.value_start
        container.state, container.value_end = "comma", token.end
        self.entries.append(
            JsonEntry(self.current_path(), container.key_start, container.key_end, container.value_start, token.end)
        )


def parse_outline(text: str) -> list[JsonEntry]:
    """Return all entries in the order in which their values end; the root value is last, with an empty path."""
    parser = _OutlineParser()
    for token in tokenize(text):
        parser.feed(token)
    return parser.entries


def parse_values(text: str, entries: Iterable[JsonEntry] | None = None) -> dict[JsonPath, Any]:
    """Return the values by path; values that are not valid JSON are left out."""
    found: dict[JsonPath, Any] = {}
    for entry in parse_outline(text) if entries is None else entries:
        try:
            found[entry.path] = json.loads(text[entry.start : entry.end])
        except (ValueError, RecursionError):
            continue
    return found


def find_cursor_context(text: str, offset: int) -> CursorContext:
    """Return the JSON context of a cursor at an offset."""
    parser = _OutlineParser()
    current: Token | None = None
    for token in tokenize(text):
        if token.start > offset:
            break
        if token.end >= offset and token.kind in ("string", "number", "word") and token.start < max(offset, 1):
            current = token
            break
        if token.end > offset:
            break
        parser.feed(token)
    container = parser.open_containers[-1]
    start, end = (current.start, current.end) if current else (offset, offset)
    prefix = text[start:offset].lstrip('"')
    if current is not None and container.kind == "object" and container.state != "value":
        # The string under the cursor is a key; the member before it is complete.
        path = (*_parent_path(parser), _unquote(current.text))
        comma = container.value_end if container.state == "comma" else None
        return CursorContext(path, "key", start, end, prefix, comma)
    if container.state == "key" or (
        container.state == "comma" and container.kind == "object" and "\n" in text[container.value_end : offset]
    ):
        comma = container.value_end if container.state == "comma" else None
        return CursorContext(_parent_path(parser), "key", start, end, prefix, comma)
    return CursorContext(parser.current_path(), "value" if container.state == "value" else "between", start, end, prefix)


def find_path(text: str, offset: int) -> JsonPath:
    """Return the path at a cursor; in the indentation of a line it is that of the first token."""
    line_start = text.rfind("\n", 0, offset) + 1
    line = text[line_start:].partition("\n")[0]
    first_letter = line_start + len(line) - len(line.lstrip())
    return find_cursor_context(text, max(offset, min(first_letter + 1, line_start + len(line)))).path


def _parent_path(parser: _OutlineParser) -> JsonPath:
    """Return the path of the object that contains the current key."""
    path = parser.current_path()
    return path[:-1] if parser.open_containers[-1].key is not None else path


def _unquote(text: str) -> str:
    """Return the value of a string token; other tokens are returned unchanged."""
    try:
        value = json.loads(text) if text.startswith('"') else text
    except ValueError:
        value = text.strip('"')
    return str(value)


def to_json(value: Any) -> str:
    """Format a value as a file has it, on one line, with non-ASCII characters as they are."""
    return json.dumps(value, ensure_ascii=False)


def set_json_value(text: str, path: JsonPath, value: str) -> str:
    """Return the text with JSON text set as the value at a path.

    A new member is added last; missing objects are created.
    """
    entries = parse_outline(text)
    entry = _find_entry(entries, path)
    if entry is not None:
        return text[: entry.start] + value + text[entry.end :]
    parent = _find_entry(entries, path[:-1])
    if parent is None:
        return set_json_value(text, path[:-1], _nested_object(text, path, value)) if len(path) > 1 else text
    siblings = _members_of(entries, path[:-1])
    key = to_json(str(path[-1]))
    if siblings:
        last = siblings[-1]
        separator = _key_separator(text, siblings, parent)
        colon = text[last.key_end : last.start]
        return f"{text[: last.end]},{separator}{key}{colon}{value}{text[last.end :]}"
    indent = _line_indent(text, parent.start)
    return f"{text[: parent.start]}{{\n{indent}  {key}: {value}\n{indent}}}{text[parent.end :]}"


def set_search_range(text: str, path: JsonPath, value: str) -> str:
    """Return the text with a search range or list, given as JSON text, set at a path.

    The layout of the old value is kept; of a range, only members that differ are changed.
    """
    existing = _find_entry(parse_outline(text), path)
    old, new = _parse_or_none(text[existing.start : existing.end]) if existing else None, _parse_or_none(value)
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() & new.keys():
        for key in old.keys() - new.keys() - {"when", "comment"}:
            text = remove_member(text, (*path, key))
        for key, entry in ((str(one.path[0]), one) for one in parse_outline(value) if len(one.path) == 1):
            if key not in old or repr(old[key]) != repr(new[key]):
                text = set_json_value(text, (*path, key), value[entry.start : entry.end])
        return text
    if existing and isinstance(old, list) and isinstance(new, list) and old and new:
        items = [one for one in parse_outline(text) if one.path[:-1] == path]
        first, last = items[0], items[-1]
        separator = text[items[0].end : items[1].start] if len(items) > 1 else ", "
        item_texts = [value[one.start : one.end] for one in parse_outline(value) if len(one.path) == 1]
        return text[: first.start] + separator.join(item_texts) + text[last.end :]
    return set_json_value(text, path, value)


def remove_member(text: str, path: JsonPath) -> str:
    """Return the text without a member and the comma next to it."""
    entries = parse_outline(text)
    entry = _find_entry(entries, path)
    parent = _find_entry(entries, path[:-1])
    if entry is None or parent is None:
        return text
    members = _members_of(entries, path[:-1])
    index = members.index(entry)
    if index + 1 < len(members):
        return text[: entry.key_start] + text[members[index + 1].key_start :]
    if index:
        return text[: members[index - 1].end] + text[entry.end :]
    return f"{text[: parent.start]}{{}}{text[parent.end :]}"


def find_changed_span(old: str, new: str) -> tuple[int, int, str]:
    """Return the single span that differs between two texts: start and end in `old`, and the replacement."""
    start = 0
    shortest = min(len(old), len(new))
    while start < shortest and old[start] == new[start]:
        start += 1
    suffix_length = 0
    while suffix_length < shortest - start and old[-1 - suffix_length] == new[-1 - suffix_length]:
        suffix_length += 1
    return start, len(old) - suffix_length, new[start : len(new) - suffix_length]


def _parse_or_none(text: str) -> Any:
    """Parse JSON text; None if it is invalid."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def _find_entry(entries: list[JsonEntry], path: JsonPath) -> JsonEntry | None:
    """Return the entry at a path, or None; of duplicate keys the last, which counts in JSON."""
    found = [entry for entry in entries if entry.path == path]
    return found[-1] if found else None


def _members_of(entries: list[JsonEntry], parent: JsonPath) -> list[JsonEntry]:
    return [entry for entry in entries if entry.path and entry.path[:-1] == parent]


def _key_separator(text: str, members: list[JsonEntry], parent: JsonEntry) -> str:
    """Return the white space between a comma and the next key, as used elsewhere in the object."""
    last = members[-1]
    begin = text.index(",", members[-2].end) + 1 if len(members) > 1 else parent.start + 1
    separator = text[begin : last.key_start]
    return separator if separator.isspace() else " "


def _line_indent(text: str, offset: int) -> str:
    """Return the indentation of the line that contains an offset."""
    line = text[text.rfind("\n", 0, offset) + 1 : offset]
    return line[: len(line) - len(line.lstrip())]


def _nested_object(text: str, path: JsonPath, value: str) -> str:
    """Return an object with one member, indented for its place in `path`."""
    indent = "  " * (len(path) - 1)
    key = to_json(str(path[-1]))
    return f"{{\n{indent}  {key}: {value}\n{indent}}}"
