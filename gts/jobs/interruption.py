"""How somebody asks long work to end early."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Interruption:
    """A request to stop; safe to make in a signal handler."""

    def __init__(self) -> None:
        self.requested = False
        self._listener: Callable[[], None] | None = None

    @property
    def heeded(self) -> bool:
        """Whether work is going on that answers a request by an orderly end; if not, nothing would be lost by a rude one."""
        return self._listener is not None

    def request(self) -> None:
        """Ask for an early and orderly end."""
        self.requested = True
        if self._listener is not None:
            self._listener()

    @contextmanager
    def heard_by(self, listener: Callable[[], None]) -> Iterator[None]:
        """Have `listener` called when the request is made while the block runs; at once where it was made already."""
        self._listener = listener
        try:
            if self.requested:
                listener()
            yield
        finally:
            self._listener = None
