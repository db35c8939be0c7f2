"""What stands on a command line: several commands, words in quotes, references, overrides. Nothing here runs anything."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gts.errors import UsageError

SELECTED = "@sel"
"""Names what is marked on the screen, or else what the cursor is on."""


_MEANING = set(" \t\n\"'\\;|&<>$`*?[](){}!#~")
"""Letters that mean something to a shell."""


@dataclass(frozen=True)
class Words:
    """One command: `!` and a line for the shell, or words."""

    words: tuple[str, ...]
    shell: str = ""


def commands_in(line: str) -> list[Words]:
    """The commands of a line, split at `;` outside quotes; a `!` at the beginning of one takes the rest of the line."""
    found: list[Words] = []
    rest = line.strip()
    while rest:
        if rest.startswith("!"):
            found.append(Words((), rest[1:].strip()))
            break
        here, rest = _first(rest)
        words = split(here)
        if words:
            found.append(Words(tuple(words)))
    return found


def split(text: str) -> list[str]:
    """Words of a command; raises UsageError where a quote is not closed."""
    try:
        return shlex.split(text, posix=True)
    except ValueError as error:
        at = max(text.rfind('"'), text.rfind("'"))
        raise UsageError(f"the quote at {at + 1} is not closed", hint="close it, or put a \\ before it") from error


def _first(text: str) -> tuple[str, str]:
    """What is before the first `;` outside quotes, and what comes after it."""
    quote = ""
    escaped = False
    for at, letter in enumerate(text):
        if escaped:
            escaped = False
        elif letter == "\\" and quote != "'":
            escaped = True
        elif quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter == ";":
            return text[:at], text[at + 1 :].strip()
    return text, ""


def expanded(words: Sequence[str], *, selected: Callable[[], Sequence[str]]) -> list[str]:
    """Words with `@sel` replaced by what it means, and overrides of `train` written as the shell wants them."""
    found: list[str] = []
    for word in words:
        if word == SELECTED:
            meant = selected()
            if not meant:
                raise UsageError("nothing is selected here", hint="put the cursor on a file, a run or a study, or name one")
            found.extend(meant)
        else:
            found.append(word)
    if found and found[0] == "train":
        found = _overrides(found)
    return found


def _overrides(words: Sequence[str]) -> list[str]:
    """`train x.spec gamma=0.99` → `train x.spec --set gamma=0.99`."""
    written: list[str] = []
    for before, word in zip(["", *words], words, strict=False):
        key, equals, _ = word.partition("=")
        if equals and not word.startswith("-") and before != "--set" and "/" not in key.partition("/")[0]:
            written += ["--set", word]
        else:
            written.append(word)
    return written


def joined(words: Sequence[str]) -> str:
    """Words as a line that means them."""
    return " ".join(word if word and not set(word) & _MEANING else shlex.quote(word) for word in words)
