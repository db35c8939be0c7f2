"""The pieces of a JSON text, also of one that is being typed: nothing here fails, whatever the text is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

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
