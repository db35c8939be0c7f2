"""What stands on a command line: commands, words in quotes, and where each of them stands. Nothing here runs anything."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from gts.errors import UsageError

_MEANING = set(" \t\r\n\"'\\;|&<>$`*?[](){}!#~")
"""Letters that mean something to a shell."""

_BLANKS = " \t\r\n"

SEPARATOR = ";"


class LineError(UsageError):
    """A word of a command line is wrong: the one from `begin` to `end`."""

    def __init__(self, message: str, begin: int, end: int, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.begin, self.end = begin, end


@dataclass(frozen=True)
class Word:
    """A word, and where it stands."""

    text: str
    """What it means: without quotes."""
    begin: int
    end: int
    plain: bool = True
    """Whether nothing in it was quoted, so that a star is a star."""
    open: str = ""
    """The quote, or the backslash, that waits for what ends it."""

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Order:
    """One command of a line: `!` and a line for the shell, or words."""

    words: tuple[Word, ...]
    begin: int
    end: int
    shell: str = ""


def scan(line: str, begin: int = 0) -> list[Word]:
    """The words of a line from `begin` on, also of one that is not finished; a `;` outside quotes is a word of its own."""
    found: list[Word] = []
    letters: list[str] = []
    start, quote, plain, at = -1, "", True, begin
    for at in range(begin, len(line) + 1):
        letter = line[at : at + 1]
        if quote == "\\" or (quote == '"\\' and letter in ('"', "\\")):
            letters.append(letter)
            quote = quote[:-1] if letter else quote
        elif quote == '"\\':
            letters += ["\\", letter]
            quote = '"' if letter else quote
        elif quote and letter:
            if letter == quote:
                quote = ""
            elif quote == '"' and letter == "\\":
                quote = '"\\'
            else:
                letters.append(letter)
        elif letter in "\"'\\" and letter:
            start, quote, plain = at if start < 0 else start, letter, False
        elif not letter or letter in _BLANKS or letter == SEPARATOR:
            if start >= 0:
                found.append(Word("".join(letters), start, at, plain, quote))
            if letter == SEPARATOR:
                found.append(Word(SEPARATOR, at, at + 1))
            start, plain, letters = -1, True, []
        else:
            start = at if start < 0 else start
            letters.append(letter)
    if quote and start >= 0:
        found.append(Word("".join(letters), start, len(line), plain, quote))
    return found


def is_separator(line: str, word: Word) -> bool:
    """Whether a word is the `;` between two commands, and no quoted one."""
    return word.text == SEPARATOR and line[word.begin : word.end] == SEPARATOR


def orders_in(line: str) -> list[Order]:
    """The commands of a line; a `!` at the beginning of one takes the rest of the line. Raises LineError for an open quote."""
    found: list[Order] = []
    at = 0
    while at < len(line):
        rest = line[at:].lstrip(_BLANKS)
        at = len(line) - len(rest)
        if rest.startswith("!"):
            found.append(Order((), at, len(line), rest[1:].strip()))
            break
        words: list[Word] = []
        for word in scan(line, at):
            at = word.end
            if is_separator(line, word):
                break
            words.append(word)
        else:
            at = len(line)
        if words and words[-1].open:
            raise LineError("a quote is not closed", words[-1].begin, len(line), hint="close it, or put a \\ before it")
        if words:
            found.append(Order(tuple(words), words[0].begin, words[-1].end))
    return found


def joined(words: Sequence[str]) -> str:
    """Words as a line that means them."""
    return " ".join(word if word and not set(word) & _MEANING else shlex.quote(word) for word in words)


@dataclass(frozen=True)
class Spot:
    """Where something is wrong on a line."""

    line: str
    begin: int
    end: int

    def pointed(self, width: int) -> str:
        """The line, and under it a mark below the spot; of a long line the part around it."""
        first = max(0, min(self.begin, self.end - width // 2) - width // 4) if cell_len(self.line) > width else 0
        shown = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in self.line[first:])
        shown = set_cell_size(shown, min(width, cell_len(shown)))
        before, under = shown[: self.begin - first], shown[self.begin - first : self.end - first]
        blanks = cell_len(before) + max(0, self.begin - first - len(shown))
        return f"{shown}\n{' ' * blanks}{'^' * max(1, cell_len(under))}"
