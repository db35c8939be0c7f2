"""The end of the terminal: a closed window or a dropped connection ends the program, and never leaves it spinning."""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

_GRACE_SECONDS = 2.0
"""For an orderly end, with the terminal as it was before."""


def end_with(descriptor: int, leave: Callable[[], None]) -> threading.Thread:
    """Call `leave` in a thread when nobody is at the other end of `descriptor` any more; then end, come what may.

    The wait costs nothing: poll reports a hang-up without being asked for anything else.
    """

    def watch() -> None:
        poll = select.poll()
        poll.register(descriptor, 0)
        while not any(event & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, event in poll.poll()):
            time.sleep(0.1)
        _end(leave)

    thread = threading.Thread(target=watch, name="hang-up", daemon=True)
    thread.start()
    return thread


def end_at_signals(leave: Callable[[], None]) -> None:
    """Call `leave`, in a thread, when the session ends or somebody asks this process to; then end, come what may."""

    def ask(number: int, frame: FrameType | None) -> None:
        threading.Thread(target=_end, args=(leave,), name="end", daemon=True).start()

    for number in (signal.SIGHUP, signal.SIGTERM):
        # Tests drive the program in threads, where no signal can be caught.
        with suppress(ValueError):
            signal.signal(number, ask)


def _end(leave: Callable[[], None]) -> None:
    threading.Thread(target=leave, name="leave", daemon=True).start()
    # Whatever still wants to write to a terminal that nobody reads would wait for ever, and so would `leave`.
    time.sleep(_GRACE_SECONDS)
    os._exit(0)
