"""A request to stop long work early."""

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
        """Whether work is in progress that answers a request by saving; without it, ending at once loses nothing."""
        return self._listener is not None

    def request(self) -> None:
        """Request an early end with everything saved."""
        self.requested = True
        if self._listener is not None:
            self._listener()

    def wait(self, seconds: float) -> bool:
        """Sleep until the request is made or the time is over; returns whether it was made."""
        until = time.monotonic() + seconds
        # In short naps: what threads have for waiting must not be set from a signal handler.
        while not self.requested and time.monotonic() < until:
            time.sleep(_POLL_SECONDS)
        return self.requested

    @contextmanager
    def listening(self, listener: Callable[[], None]) -> Iterator[None]:
        """Call `listener` when the request is made while the block runs, or at once if it was made before."""
        self._listener = listener
        try:
            if self.requested:
                listener()
            yield
        finally:
            self._listener = None
