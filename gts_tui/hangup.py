"""The end of the terminal: a closed window or a dropped connection ends the program, and never leaves it spinning."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable

_GRACE_SECONDS = 3.0


def end_with(descriptor: int, leave: Callable[[], None]) -> threading.Thread:
    """Call `leave` in a thread when nobody is at the other end of `descriptor` any more; then end, come what may.

    The wait costs nothing: poll reports a hang-up without being asked for anything else.
    """

    def watch() -> None:
        poll = select.poll()
        poll.register(descriptor, 0)
        while not any(event & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, event in poll.poll()):
            time.sleep(0.1)
        leave()
        # Whatever still wants to write to the terminal would wait for ever.
        time.sleep(_GRACE_SECONDS)
        os._exit(0)

    thread = threading.Thread(target=watch, name="hang-up", daemon=True)
    thread.start()
    return thread
