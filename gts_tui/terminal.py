"""What every line of the screen goes through before it is written, on terminals that show less than others.

Three levels of glyphs, for terminals that can show more or less.

Copying over ssh: the terminal is handed the text by OSC 52, and what it may not take goes into a file.

The end of the terminal: a closed window or a dropped connection ends the program, and never leaves it spinning.

Who has the mouse: this program, or the terminal, which can mark text then.
"""

from __future__ import annotations

import base64
import os
import re
import select
import signal
import sys
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
"""Signs that this program and its libraries draw, for terminals that have letters only."""


_SURROGATES = re.compile("[\ud800-\udfff]")


class SurrogateFilter(LineFilter):
    """What no terminal takes, since it is no Unicode: halves of letters, which stand for the odd bytes of names on a disk."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments, as wide as they were."""
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
    """The last thing that happens to a line of the screen at the ascii level: nothing else reaches the terminal."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments, as wide as they were."""
        return [
            segment if segment.text.isascii() else Segment(to_ascii(segment.text), segment.style, segment.control)
            for segment in segments
        ]


def to_ascii(text: str) -> str:
    """A text in ASCII, as wide as it was."""
    if text.isascii():
        return text
    return "".join(letter if letter.isascii() else _ASCII_REPLACEMENTS.get(letter) or "?" * cell_len(letter) for letter in text)


def strip_overwritten(line: str) -> str:
    """Return the part of a line after its last carriage return: the final state of a progress bar."""
    return line.rstrip("\r").rpartition("\r")[2]


class MonochromeFilter(LineFilter):
    """No colour at all: what had a background of its own is reversed, so that a cursor can still be seen."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments without colours."""
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
    """What is drawn with; every sign is one column wide."""

    level: GlyphLevel
    branch: str
    leaf: str
    mark: str
    bar: str
    """A full cell of a bar."""
    spark: str
    """From low to high."""
    vertical: str
    horizontal: str
    corner: str


BRAILLE = Glyphs("braille", "▾", "·", "●", "█", "▁▂▃▄▅▆▇█", "│", "─", "└")
BLOCK = Glyphs("block", "▾", "·", "*", "█", "▁▂▃▄▅▆▇█", "│", "─", "└")
ASCII = Glyphs("ascii", "v", "-", "*", "#", "_.-=+*#@", "|", "-", "+")
GLYPHS_BY_LEVEL = {glyphs.level: glyphs for glyphs in (BRAILLE, BLOCK, ASCII)}


def select_glyphs(requested: str = "") -> Glyphs:
    """The level that was asked for, else what this terminal can show."""
    if requested:
        return GLYPHS_BY_LEVEL[requested]  # type: ignore[index]
    encoding = (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "")
    if "utf8" not in encoding or os.environ.get("TERM") in ("dumb", "vt100"):
        return ASCII
    return BLOCK if os.environ.get("TERM") == "linux" else BRAILLE


MAX_OSC52_BYTES = 74_994
"""What terminals take at once, as base64; some take less and none says so."""

_TERMS_WITHOUT_CLIPBOARD = ("linux", "dumb", "vt100")


def copy_text(text: str, label: str, send: Callable[[str], None]) -> str:
    """Hand `text` to the terminal by `send`, or else write it into a file; a sentence that says which.

    `what` names the text for a person: `the id of the run`.
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


_GRACE_SECONDS = 2.0
"""For an orderly end, with the terminal as it was before."""


def exit_on_hangup(descriptor: int, request_exit: Callable[[], None]) -> threading.Thread:
    """Call `leave` in a thread when nobody is at the other end of `descriptor` any more; then end, come what may.

    The wait costs nothing: poll reports a hang-up without being asked for anything else.
    """

    def watch() -> None:
        poll = select.poll()
        poll.register(descriptor, 0)
        while not any(event & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, event in poll.poll()):
            time.sleep(0.1)
        _exit_process(request_exit)

    thread = threading.Thread(target=watch, name="hang-up", daemon=True)
    thread.start()
    return thread


def exit_on_signals(request_exit: Callable[[], None]) -> None:
    """Call `leave`, in a thread, when the session ends or somebody asks this process to; then end, come what may."""

    def handle_signal(number: int, frame: FrameType | None) -> None:
        threading.Thread(target=_exit_process, args=(request_exit,), name="end", daemon=True).start()

    for number in (signal.SIGHUP, signal.SIGTERM):
        # Tests drive the program in threads, where no signal can be caught.
        with suppress(ValueError):
            signal.signal(number, handle_signal)


def _exit_process(request_exit: Callable[[], None]) -> None:
    threading.Thread(target=request_exit, name="leave", daemon=True).start()
    # Whatever still wants to write to a terminal that nobody reads would wait for ever, and so would `leave`.
    time.sleep(_GRACE_SECONDS)
    os._exit(0)
