"""Capabilities of the terminal:

glyph levels, line filters for ASCII and monochrome, the clipboard over OSC 52, and hang-ups.
"""

from __future__ import annotations

import base64
import errno
import os
import re
import select
import signal
import sys
import termios
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from types import FrameType
from typing import Literal

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

from gts.errors import GtsError
from gts.formats.durable import write_durably
from gts.system import this_system

_ASCII_REPLACEMENTS = {
    **dict.fromkeys("─━┄┅┈┉╌╍═╴╶╸╺▁▔▂▃", "-"),
    **dict.fromkeys("│┃┆┇┊┋╎╏║╵╷╹╻▏▎▍▌▋▊▉▕▐", "|"),
    **dict.fromkeys("╭╮╯╰┌┐└┘├┤┬┴┼┏┓┗┛┣┫┳┻╋╔╗╚╝╠╣╦╩╬", "+"),
    **dict.fromkeys("█▓▒░▄▅▆▇▀■", "#"),
    **dict.fromkeys("●•✓▪", "*"),
    **dict.fromkeys("✗×", "x"),
    **dict.fromkeys("▸▶→›»⏵⏎↵", ">"),
    **dict.fromkeys("◂◀←‹«", "<"),
    **dict.fromkeys("▾▼↓⌄", "v"),
    **dict.fromkeys("▴▲↑", "^"),
    **dict.fromkeys("–—−", "-"),
    **dict.fromkeys("·…", "."),
    **dict.fromkeys("‘’", "'"),
    **dict.fromkeys("“”„", '"'),
    **dict.fromkeys("○◦◌", "o"),
    "‖": "=",
    "Ø": "O",
    "±": "~",
    "\N{NO-BREAK SPACE}": " ",
}
"""ASCII characters for the glyphs that this program and Textual draw; each one column wide."""


_SURROGATES = re.compile("[\ud800-\udfff]")


class SurrogateFilter(LineFilter):
    """Replaces surrogates: they represent undecodable bytes in file names and cannot be written to a terminal."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments with equal widths."""
        return [
            Segment(_SURROGATES.sub(replace_same_width, segment.text), segment.style, segment.control)
            if not segment.text.isascii() and _SURROGATES.search(segment.text)
            else segment
            for segment in segments
        ]


def replace_same_width(found: re.Match[str]) -> str:
    """Return as many replacement characters as the match has columns."""
    return "\N{REPLACEMENT CHARACTER}" * cell_len(found[0])


class AsciiFilter(LineFilter):
    """Last filter at the ASCII level: nothing but ASCII reaches the terminal."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments with equal widths."""
        return [
            segment if segment.text.isascii() else Segment(to_ascii(segment.text), segment.style, segment.control)
            for segment in segments
        ]


def to_ascii(text: str) -> str:
    """Return a text in ASCII with the same width."""
    if text.isascii():
        return text
    return "".join(letter if letter.isascii() else _ASCII_REPLACEMENTS.get(letter) or "?" * cell_len(letter) for letter in text)


def strip_overwritten(line: str) -> str:
    """Return the part of a line after its last carriage return: the final state of a progress bar."""
    return line.rstrip("\r").rpartition("\r")[2]


class MonochromeFilter(LineFilter):
    """Removes colours; segments with a background are reversed, so that a cursor remains visible."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments without colours."""
        return [
            segment if segment.style is None else Segment(segment.text, _monochrome_style(segment.style), segment.control)
            for segment in segments
        ]


@lru_cache(1024)
def _monochrome_style(style: Style) -> Style:
    own = style.bgcolor is not None and not style.bgcolor.is_default
    return style.without_color + Style(reverse=bool(style.reverse) != own)


GlyphLevel = Literal["braille", "block", "ascii"]


@dataclass(frozen=True)
class Glyphs:
    """Characters to draw with; each is one column wide."""

    level: GlyphLevel
    branch: str
    mark: str
    bar: str
    """Full cell of a bar."""
    vertical: str
    horizontal: str
    corner: str


BRAILLE = Glyphs("braille", "▾", "●", "█", "│", "─", "└")
BLOCK = Glyphs("block", "▾", "*", "█", "│", "─", "└")
ASCII = Glyphs("ascii", "v", "*", "#", "|", "-", "+")
GLYPHS_BY_LEVEL = {glyphs.level: glyphs for glyphs in (BRAILLE, BLOCK, ASCII)}


def select_glyphs(requested: str = "") -> Glyphs:
    """Return the requested glyphs, else those that the terminal supports."""
    if requested:
        return GLYPHS_BY_LEVEL[requested]  # type: ignore[index]
    encoding = (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "")
    if "utf8" not in encoding or os.environ.get("TERM") in ("dumb", "vt100"):
        return ASCII
    return BLOCK if os.environ.get("TERM") == "linux" else BRAILLE


MAX_OSC52_BYTES = 74_994
"""Base64 bytes that terminals accept at once; some accept less, without a sign of it."""

_TERMS_WITHOUT_CLIPBOARD = ("linux", "dumb", "vt100")


def copy_text(text: str, label: str, send: Callable[[str], None]) -> str:
    """Send a text to the clipboard with `send`, or write it to a file; returns a message that names the place.

    `label` describes the text in the message: `the id of the run`.
    """
    data = text.encode(errors="replace")
    term = os.environ.get("TERM", "dumb")
    if term not in _TERMS_WITHOUT_CLIPBOARD and len(base64.b64encode(data)) <= MAX_OSC52_BYTES:
        send(data.decode())
        return f"copied {label}: {len(text)} characters to the clipboard of the terminal (OSC 52)"
    path = this_system().state_folder() / "copied.txt"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, data)
    except (OSError, GtsError) as error:
        return f"cannot copy {label}: {error}"
    why = (
        "this terminal has no clipboard"
        if term in _TERMS_WITHOUT_CLIPBOARD
        else "it is too long for the clipboard of a terminal"
    )
    return f"wrote {label} to {path}: {why}"


_HANGUP_CHECK_SECONDS = 0.5
_GRACE_SECONDS = 2.0
"""Time for an orderly exit that restores the terminal."""


def exit_on_hangup(descriptor: int, request_exit: Callable[[], None]) -> threading.Thread:
    """Watch a terminal in a thread: when it hangs up, call `request_exit`, then end the process.

    `poll` waits without cost: it reports a hang-up even if no events are requested.
    """

    def watch() -> None:
        poll = select.poll()
        poll.register(descriptor, 0)
        while not any(is_hung_up(descriptor, event) for _, event in poll.poll()):
            time.sleep(_HANGUP_CHECK_SECONDS)
        _exit_process(request_exit)

    thread = threading.Thread(target=watch, name="hang-up", daemon=True)
    thread.start()
    return thread


def is_hung_up(descriptor: int, event: int) -> bool:
    """Return whether a terminal has hung up, given an event that `poll` reported for it.

    macOS reports POLLNVAL for terminals that are alive, so only the answer of the terminal itself counts. For a descriptor that
    is not a terminal, the event counts.
    """
    try:
        termios.tcgetattr(descriptor)
    except termios.error as error:
        return error.args[0] != errno.ENOTTY or bool(event & (select.POLLHUP | select.POLLERR))
    return False


def exit_on_signals(request_exit: Callable[[], None]) -> None:
    """On SIGHUP and SIGTERM, call `request_exit` in a thread, then end the process."""

    def handle_signal(number: int, frame: FrameType | None) -> None:
        threading.Thread(target=_exit_process, args=(request_exit,), name="exit", daemon=True).start()

    for number in (signal.SIGHUP, signal.SIGTERM):
        # Tests run the app in a thread, where signals cannot be handled.
        with suppress(ValueError):
            signal.signal(number, handle_signal)


def _exit_process(request_exit: Callable[[], None]) -> None:
    threading.Thread(target=request_exit, name="request-exit", daemon=True).start()
    # A write to a terminal that is no longer read blocks for ever, and `request_exit` with it.
    time.sleep(_GRACE_SECONDS)
    os._exit(0)
