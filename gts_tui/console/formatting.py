"""What is said, made into lines for the scrollback: as wide as it is, free of what could steer the terminal, with links.

This is done where the work is done, and not in the program's own thread, which only adds lines that are ready.
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

from rich.cells import cell_len
from rich.console import Console, Group
from rich.segment import Segment
from rich.text import Text
from textual.strip import Strip

_LONGEST = 4000
"""Letters of one line that are shown."""

_NOT_SHOWN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ud800-\udfff]")
"""Control characters, those that turn the direction of a whole line, and halves of letters that no terminal takes."""

_ENDINGS = "spec|space|checkpoint|trajectory"
_RUN = re.compile(r"\b\d{8}-\d{6}-[A-Za-z0-9-]*?[A-Za-z0-9]-[a-z0-9]{3}\b")
_NAMES = re.compile(
    rf"(?P<quote>[`'\"])(?P<quoted>[^`'\"]+?\.(?:{_ENDINGS}))(?P=quote)"
    rf"|(?P<file>[^\s`'\"()<>|:;,]+\.(?:{_ENDINGS}))(?!\w)"
    rf"|(?P<run>{_RUN.pattern})"
)


@dataclass(frozen=True)
class Link:
    """A part of a line that names something."""

    begin: int
    end: int
    word: str
    """What it names: a file, a run, a study."""


@dataclass(frozen=True)
class Line:
    """One line of the scrollback."""

    strip: Strip
    links: tuple[Link, ...] = ()

    @property
    def text(self) -> str:
        """Without colours."""
        return self.strip.text


def printed(shown: Any, width: int, *, studies: Collection[str] = ()) -> list[Line]:
    """A renderable, or a text that may come from anywhere, as lines; names of `studies` become links too."""
    run, lines = "", []
    for strip in _of_text(shown, width) if isinstance(shown, str) else _rendered(shown, width):
        links = links_in(strip.text, studies)
        run = next((link.word for link in links if _RUN.fullmatch(link.word)), run)
        lines.append(Line(strip, tuple(_from_workspace(link, run) for link in links)))
    return lines


def _from_workspace(link: Link, run: str) -> Link:
    """A file that is named as the folder of a run has it, as the workspace has it."""
    return replace(link, word=f"runs/{run}/{link.word}") if run and link.word.startswith("member") else link


def complaint(message: str, place: str = "") -> Group:
    """An error with its place on the line, and its hint."""
    first, *rest = message.split("\n")
    shown = [Text(place)] if place else []
    shown.append(Text.assemble(("error: ", "bold red"), clean(first)))
    for text in rest:
        hint = text.removeprefix("hint: ")
        shown.append(Text.assemble(("hint: ", "bold cyan"), clean(hint)) if hint != text else Text(clean(text)))
    return Group(*shown)


def clean(text: str) -> str:
    """A text in which nothing steers the terminal."""
    return _NOT_SHOWN.sub("\N{REPLACEMENT CHARACTER}", text)


def _of_text(text: str, width: int) -> Iterator[Strip]:
    for line in text.split("\n"):
        cut = line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
        if "\x1b" in cut:
            yield from _rendered(Text.from_ansi(cut), width)
            continue
        cut = clean(cut.expandtabs())
        if cell_len(cut) <= width:
            yield Strip([Segment(cut)])
        else:
            yield from _rendered(Text(cut), width)


def _rendered(shown: Any, width: int) -> Iterator[Strip]:
    console = Console(
        file=io.StringIO(),
        width=max(1, width),
        force_terminal=True,
        color_system="standard",
        markup=False,
        highlight=False,
        emoji=False,
        legacy_windows=False,
    )
    for line in console.render_lines(shown, pad=False):
        # What has no width gets none: the columns of a table stay where they are.
        parts = ((_NOT_SHOWN.sub(_as_wide, text), style) for text, style, control in line if not control)
        yield Strip([Segment(text, style) for text, style in parts if text])


def _as_wide(found: re.Match[str]) -> str:
    return "\N{REPLACEMENT CHARACTER}" * cell_len(found[0])


def links_in(text: str, studies: Collection[str] = ()) -> list[Link]:
    """What a line names, from left to right."""
    found = []
    for match in _NAMES.finditer(text):
        kind = "quoted" if match["quoted"] else match.lastgroup or "file"
        found.append(Link(match.start(kind), match.end(kind), match[kind]))
    for study in studies:
        for match in re.finditer(rf"(?<![\w/.-]){re.escape(study)}(?![\w/-]|\.\w)", text) if study in text else ():
            if not any(link.begin < match.end() and match.start() < link.end for link in found):
                found.append(Link(match.start(), match.end(), study))
    return sorted(found, key=lambda link: link.begin)
