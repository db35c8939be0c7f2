"""How somebody asks long work to end early."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_POLL_SECONDS = 0.1


class StopRequest:
    """A request to stop; safe to make in a signal handler."""

    def __init__(self) -> None:
        self.requested = False
        self._listener: Callable[[], None] | None = None

    @property
    def has_listener(self) -> bool:
        """Whether work is going on that answers a request by an orderly end; if not, nothing would be lost by a rude one."""
        return self._listener is not None

    def request(self) -> None:
        """Ask for an early and orderly end."""
        self.requested = True
        if self._listener is not None:
            self._listener()

    def wait(self, seconds: float) -> bool:
        """Stand still until the request is made, or the time is over; whether it was made."""
        until = time.monotonic() + seconds
        # In short naps: what threads have for waiting must not be set from a signal handler.
        while not self.requested and time.monotonic() < until:
            time.sleep(_POLL_SECONDS)
        return self.requested

    @contextmanager
    def listening(self, listener: Callable[[], None]) -> Iterator[None]:
        """Have `listener` called when the request is made while the block runs; at once where it was made already."""
        self._listener = listener
        try:
            if self.requested:
                listener()
            yield
        finally:
            self._listener = None
