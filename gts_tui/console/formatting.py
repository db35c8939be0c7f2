"""Conversion of texts and rich renderables to lines of the output pane: wrapped, without control characters, with links.

It is called in the thread of the command; the app's thread only adds finished lines.
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

from gts_tui.terminal import replace_same_width

_MAX_LINE_LENGTH = 4000
"""Characters shown of one line."""

_CONTROL_CHARACTERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ud800-\udfff]")
"""Control characters, bidirectional overrides, line separators and surrogates."""

_ENDINGS = "spec|space|checkpoint|trajectory"
_RUN_ID = re.compile(r"\b\d{8}-\d{6}-[A-Za-z0-9-]*?[A-Za-z0-9]-[a-z0-9]{3}\b")
_LINK_PATTERN = re.compile(
    rf"(?P<quote>[`'\"])(?P<quoted>[^`'\"]+?\.(?:{_ENDINGS}))(?P=quote)"
    rf"|(?P<file>[^\s`'\"()<>|:;,]+\.(?:{_ENDINGS}))(?!\w)"
    rf"|(?P<run>{_RUN_ID.pattern})"
)


@dataclass(frozen=True)
class OutputLink:
    """Part of a line that names a file, run or study."""

    begin: int
    end: int
    target: str
    """Reference for the `open` command."""


@dataclass(frozen=True)
class OutputLine:
    """One line of the output pane."""

    strip: Strip
    links: tuple[OutputLink, ...] = ()

    @property
    def text(self) -> str:
        """Text without styles."""
        return self.strip.text


def make_output_lines(content: Any, width: int, *, studies: Collection[str] = ()) -> list[OutputLine]:
    """Convert a renderable or an untrusted text to lines; names of `studies` become links."""
    run, lines = "", []
    for strip in _render_text(content, width) if isinstance(content, str) else _render_rich(content, width):
        links = find_links(strip.text, studies)
        run = next((link.target for link in links if _RUN_ID.fullmatch(link.target)), run)
        lines.append(OutputLine(strip, tuple(_resolve_member_link(link, run) for link in links)))
    return lines


def _resolve_member_link(link: OutputLink, run: str) -> OutputLink:
    """Make a link to a file in the folder of a run relative to the workspace."""
    return replace(link, target=f"runs/{run}/{link.target}") if run and link.target.startswith("member") else link


def format_error_message(message: str, location: str = "") -> Group:
    """Format an error message with its hints, below the marked command line in `location`."""
    first, *rest = message.split("\n")
    shown = [Text(location)] if location else []
    shown.append(Text.assemble(("error: ", "bold red"), replace_control_characters(first)))
    for text in rest:
        hint = text.removeprefix("hint: ")
        shown.append(
            Text.assemble(("hint: ", "bold cyan"), replace_control_characters(hint))
            if hint != text
            else Text(replace_control_characters(text))
        )
    return Group(*shown)


def replace_control_characters(text: str) -> str:
    """Replace every control character by U+FFFD."""
    return _CONTROL_CHARACTERS.sub("\N{REPLACEMENT CHARACTER}", text)


def _render_text(text: str, width: int) -> Iterator[Strip]:
    for line in text.split("\n"):
        cut = line if len(line) <= _MAX_LINE_LENGTH else f"{line[:_MAX_LINE_LENGTH]}…"
        if "\x1b" in cut:
            yield from _render_rich(Text.from_ansi(cut), width)
            continue
        cut = replace_control_characters(cut.expandtabs())
        if cell_len(cut) <= width:
            yield Strip([Segment(cut)])
        else:
            yield from _render_rich(Text(cut), width)


def _render_rich(shown: Any, width: int) -> Iterator[Strip]:
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
        # Replacements keep the width, so that table columns stay aligned.
        parts = ((_CONTROL_CHARACTERS.sub(replace_same_width, text), style) for text, style, control in line if not control)
        yield Strip([Segment(text, style) for text, style in parts if text])


def find_links(text: str, studies: Collection[str] = ()) -> list[OutputLink]:
    """Return the links of a line from left to right."""
    found = []
    for match in _LINK_PATTERN.finditer(text):
        kind = "quoted" if match["quoted"] else match.lastgroup or "file"
        found.append(OutputLink(match.start(kind), match.end(kind), match[kind]))
    for study in studies:
        for match in re.finditer(rf"(?<![\w/.-]){re.escape(study)}(?![\w/-]|\.\w)", text) if study in text else ():
            if not any(link.begin < match.end() and match.start() < link.end for link in found):
                found.append(OutputLink(match.start(), match.end(), study))
    return sorted(found, key=lambda link: link.begin)
