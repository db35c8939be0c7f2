"""Strict JSON (RFC 8259) with the line and column of every value.

Python's reader keeps the last of two equal keys, accepts NaN, turns 1e999 into infinity and has no positions. This one refuses
all of these. Repeated keys and numbers out of range are collected, so that all errors show at once; a syntax error ends
reading. No library combines repeated keys, positions and tolerance.
"""

from __future__ import annotations

import bisect
import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from gts.errors import FormatError, Problem
from gts.formats.file_checks import MEGABYTE, identify_file_type, read_bytes

JsonPath = tuple[str | int, ...]
"""Path of a value: `("params", "seed")`."""

_MAX_DEPTH = 32
_MAX_DIGITS = 300
_WHITESPACE = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[+-]?(?:NaN|nan|Infinity|inf)\b")
_WORD = re.compile(r"[\w.+-]+")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_STRING_DECODER = json.JSONDecoder()
_LITERALS = {"true": True, "false": False, "null": None}
_PYTHON_LITERALS = {"True": "true", "False": "false", "None": "null"}


@dataclass(frozen=True)
class RepeatedKey:
    """A second or later occurrence of a key in an object."""

    path: JsonPath
    line: int
    column: int
    first_line: int
    """Line of its first occurrence."""


@dataclass(frozen=True)
class JsonDocument:
    """Parsed JSON text with the positions of its values."""

    name: str
    """File name for messages."""
    value: Any
    """Plain dicts, lists, strings, numbers; a repeated key keeps its last value at its first position."""
    positions: Mapping[JsonPath, tuple[int, int]]
    """(line, column) of every key of an object and every element of a list, 1-based."""
    invalid_values: Mapping[JsonPath, Problem]
    """Errors of invalid numbers (NaN, 1e999), whose value is None."""
    repeated_keys: tuple[RepeatedKey, ...]

    def problem(self, path: JsonPath, message: str, key: str = "") -> Problem:
        """Make a problem at the position of `path`, or of its nearest existing parent."""
        while path and path not in self.positions:
            path = path[:-1]
        line, column = self.positions[path]
        last = path[-1] if path else ""
        return Problem(_escape_control_characters(message), key or (last if isinstance(last, str) else ""), line, column)


def read_json(path: str | os.PathLike[str], kind: str, limit: int = MEGABYTE) -> JsonDocument:
    """Read a JSON file; `kind` ("spec") appears in messages.

    Raises FileError if the file cannot be read, FormatError if it is not UTF-8 or not JSON.
    """
    name = os.fspath(path)
    data = read_bytes(path, kind, limit)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        seems = identify_file_type(data[:16])
        if seems:
            raise FormatError(name, [Problem(f"this is {seems}, not a {kind}")], hint=f"name a {kind}") from error
        line = data.count(b"\n", 0, error.start) + 1
        column = len(data[data.rfind(b"\n", 0, error.start) + 1 : error.start].decode("utf-8", "replace")) + 1
        problem = Problem(f"byte 0x{data[error.start]:02x} is not UTF-8", "", line, column)
        raise FormatError(name, [problem], hint="save the file as UTF-8") from error
    return parse_json(text, name)


def parse_json(text: str, name: str) -> JsonDocument:
    """Parse a JSON text; `name` is its file name in messages. Raises FormatError."""
    return _JsonParser(text, name).parse()


@dataclass
class _JsonParser:
    text: str
    name: str
    offsets: dict[JsonPath, int] = field(default_factory=dict)
    invalid_values: dict[JsonPath, Problem] = field(default_factory=dict)
    repeated_keys: list[RepeatedKey] = field(default_factory=list)

    def parse(self) -> JsonDocument:
        self.line_starts = [0, *(match.end() for match in re.finditer("\n", self.text))]
        start = self.skip_whitespace(0)
        self.offsets[()] = start
        value, end = self.read_value(start, ())
        end = self.skip_whitespace(end)
        if end < len(self.text):
            self.fail(end, f"unexpected {self.describe_token(end)} after the end of the document")
        positions = {path: self.position_of(offset) for path, offset in self.offsets.items()}
        return JsonDocument(self.name, value, positions, self.invalid_values, tuple(self.repeated_keys))

    def position_of(self, offset: int) -> tuple[int, int]:
        line = bisect.bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def fail(self, offset: int, message: str) -> NoReturn:
        raise FormatError(
            self.name, [Problem(message, "", *self.position_of(offset))], hint="correct this line, then check again"
        )

    def skip_whitespace(self, offset: int) -> int:
        match = _WHITESPACE.match(self.text, offset)
        assert match
        end = match.end()
        if self.text.startswith(("//", "/*", "#"), end):
            self.fail(end, 'JSON has no comments; write a key "comment" instead')
        return end

    def describe_token(self, offset: int) -> str:
        if offset >= len(self.text):
            return "the end of the file"
        match = _WORD.match(self.text, offset)
        return ascii(match.group()[:20] if match else self.text[offset])

    def read_value(self, offset: int, path: JsonPath) -> tuple[Any, int]:
        """Read the value at `offset`. Returns it and its end."""
        first = self.text[offset : offset + 1]
        if first in ("{", "[") and len(path) >= _MAX_DEPTH:
            self.fail(offset, f"nested more than {_MAX_DEPTH} deep")
        if first == "{":
            return self.read_object(offset, path)
        if first == "[":
            return self.read_array(offset, path)
        if first == '"':
            return self.read_string(offset)
        if match := _NOT_FINITE.match(self.text, offset):
            return self.reject_number(match.group(), offset, match.end(), path)
        if match := _NUMBER.match(self.text, offset):
            return self.read_number(match, path)
        return self.read_literal(offset)

    def read_number(self, match: re.Match[str], path: JsonPath) -> tuple[Any, int]:
        text, end = match.group(), match.end()
        after = _WORD.match(self.text, end)
        if after:
            self.fail(match.start(), f"{(text + after.group())[:20]!a} is not a number")
        if match.group(1) is None and match.group(2) is None:
            if len(text) > _MAX_DIGITS:
                return self.reject_number(f"a number of {len(text)} digits", match.start(), end, path)
            return int(text), end
        number = float(text)
        return (number, end) if math.isfinite(number) else self.reject_number(text[:20], match.start(), end, path)

    def reject_number(self, word: str, start: int, end: int, path: JsonPath) -> tuple[None, int]:
        key = path[-1] if path and isinstance(path[-1], str) else ""
        subject = f"`{to_printable(key)}` is {word}" if key else f"this is {word}"
        message = f"{subject}; only finite numbers below 1.8e308 can be used"
        self.invalid_values[path] = Problem(message, key, *self.position_of(start))
        return None, end

    def read_literal(self, offset: int) -> tuple[Any, int]:
        match = _WORD.match(self.text, offset)
        word = match.group() if match else ""
        if match and word in _LITERALS:
            return _LITERALS[word], match.end()
        if word in _PYTHON_LITERALS:
            self.fail(offset, f"{word} is Python's spelling; write {_PYTHON_LITERALS[word]}")
        if self.text[offset : offset + 1] == "'":
            self.fail(offset, 'strings need "double quotes"')
        self.fail(offset, f"expected a value, found {self.describe_token(offset)}")

    def read_string(self, offset: int) -> tuple[str, int]:
        try:
            text, end = _STRING_DECODER.raw_decode(self.text, offset)
        except json.JSONDecodeError as error:
            message = error.msg.removesuffix(" at").removesuffix(" starting").lower()
            self.fail(error.pos, f"invalid string: {message}")
        if _SURROGATE.search(text):
            self.fail(offset, "invalid string: half of a surrogate pair")
        return text, end

    def read_array(self, offset: int, path: JsonPath) -> tuple[list[Any], int]:
        items: list[Any] = []
        offset = self.skip_whitespace(offset + 1)
        while not (self.text.startswith("]", offset) and not items):
            here = (*path, len(items))
            self.offsets[here] = offset
            item, offset = self.read_value(offset, here)
            items.append(item)
            offset, more = self.read_separator(offset, "]")
            if not more:
                return items, offset
        return items, offset + 1

    def read_object(self, offset: int, path: JsonPath) -> tuple[dict[str, Any], int]:
        members: dict[str, Any] = {}
        offset = self.skip_whitespace(offset + 1)
        while not (self.text.startswith("}", offset) and not members):
            offset = self.read_member(offset, path, members)
            offset, more = self.read_separator(offset, "}")
            if not more:
                return members, offset
        return members, offset + 1

    def read_member(self, offset: int, path: JsonPath, members: dict[str, Any]) -> int:
        """Read `"key": value` into `members`. Returns its end."""
        if not self.text.startswith('"', offset):
            self.fail(offset, f'expected a key in "double quotes", found {self.describe_token(offset)}')
        key, end = self.read_string(offset)
        here = (*path, key)
        if key in members:
            self.repeated_keys.append(RepeatedKey(here, *self.position_of(offset), self.position_of(self.offsets[here])[0]))
        self.offsets[here] = offset
        end = self.skip_whitespace(end)
        if not self.text.startswith(":", end):
            self.fail(end, f'expected ":" after the key, found {self.describe_token(end)}')
        members[key], end = self.read_value(self.skip_whitespace(end + 1), here)
        return end

    def read_separator(self, offset: int, closing: str) -> tuple[int, bool]:
        """Skip a comma or the closing bracket. Returns the offset behind it and whether it was a comma."""
        offset = self.skip_whitespace(offset)
        if self.text.startswith(closing, offset):
            return offset + 1, False
        if not self.text.startswith(",", offset):
            self.fail(offset, f'expected "," or "{closing}", found {self.describe_token(offset)}')
        after = self.skip_whitespace(offset + 1)
        if self.text.startswith(closing, after):
            self.fail(offset, f'a comma before "{closing}"; remove it')
        return after, True


def to_printable(text: str) -> str:
    """Make text of a file safe for a message: one line, no control characters, at most 80 characters."""
    return _escape_control_characters(text[:80]) + ("…" if len(text) > 80 else "")


def _escape_control_characters(text: str) -> str:
    """Escape control characters, which could change a terminal."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
