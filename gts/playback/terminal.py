"""A terminal that is drawn on: taken over, and given back as it was, whichever way the drawing ends."""

from __future__ import annotations

import os
import select
import signal
import termios
import tty
from collections.abc import Iterable
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any, Self

_ENTER = b"\x1b[?1049h\x1b[?25l\x1b[2J"
_LEAVE = b"\x1b[0m\x1b[?25h\x1b[?1049l"

WORDS = {
    b" ": "pause",
    b"\x1b[C": "step",
    b"\x1bOC": "step",
    b"r": "restart",
    b"R": "restart",
    b"k": "keep",
    b"K": "keep",
    b"n": "next",
    b"N": "next",
    b"+": "faster",
    b"-": "slower",
    b"q": "quit",
    b"Q": "quit",
    b"\x1b": "quit",
}
"""What keys send."""


class HungUpError(Exception):
    """The terminal is gone."""


class Terminal:
    """The terminal between two file descriptors, as a context."""

    def __init__(self, source: int, target: int) -> None:
        self.source, self.target = source, target
        self.resized = True
        """It has, or may have, another size than before; whoever looks at it sets it back."""
        self._kept: list[Any] | None = None
        self._handlers: dict[int, Any] = {}
        self._inside = False

    def __enter__(self) -> Self:
        for number, handler in ((signal.SIGWINCH, self._note_size), (signal.SIGTSTP, self._pause)):
            self._handlers[number] = signal.signal(number, handler)
        self._take()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._give_back()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        try:
            columns, rows = os.get_terminal_size(self.target)
        except OSError:
            return 24, 80
        return (rows, columns) if rows and columns else (24, 80)

    @property
    def listening(self) -> list[int]:
        """Where keys come from; nowhere, where no person sits there."""
        return [self.source] if os.isatty(self.source) else []

    def ready(self) -> bool:
        """Whether it takes more right now; a slow line does not."""
        return bool(select.select([], [self.target], [], 0.0)[1])

    def send(self, data: bytes) -> None:
        """Send everything; raises HungUpError where nobody is there any more."""
        try:
            while data:
                data = data[os.write(self.target, data) :]
        except OSError as error:
            raise HungUpError from error

    def pressed(self) -> list[str]:
        """The words of the keys that were pressed; to be asked where the source can be read. Raises HungUpError."""
        try:
            said = os.read(self.source, 1024)
        except OSError as error:
            raise HungUpError from error
        if not said:
            raise HungUpError
        return list(_words(said))

    def _take(self) -> None:
        if os.isatty(self.source):
            with suppress(termios.error):
                self._kept = termios.tcgetattr(self.source)
                tty.setcbreak(self.source, termios.TCSADRAIN)
        self._inside, self.resized = True, True
        with suppress(HungUpError):
            self.send(_ENTER)

    def _give_back(self) -> None:
        if not self._inside:
            return
        self._inside = False
        with suppress(HungUpError):
            self.send(_LEAVE)
        if self._kept is not None:
            with suppress(termios.error):
                termios.tcsetattr(self.source, termios.TCSANOW, self._kept)

    def _note_size(self, number: int, frame: FrameType | None) -> None:
        self.resized = True

    def _pause(self, number: int, frame: FrameType | None) -> None:
        """Ctrl-Z: the shell gets its terminal as it was, and we take it again when we go on."""
        self._give_back()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._take()


def _words(pressed: bytes) -> Iterable[str]:
    """A key at a time: a sequence that begins with Escape is one key."""
    while pressed:
        length = 1
        if pressed[:1] == b"\x1b" and pressed[1:2] in (b"[", b"O"):
            length = 2
            while length < len(pressed) and not 0x40 <= pressed[length] <= 0x7E:
                length += 1
            length += 1
        key, pressed = pressed[:length], pressed[length:]
        if key in WORDS:
            yield WORDS[key]
