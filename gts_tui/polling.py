"""Poller: one thread reads the files that are shown and delivers changes to the app's thread as frozen values."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from gts.errors import FileError, GtsError, reason

_Value = TypeVar("_Value")

POLL_SECONDS = 0.5
"""Interval between polls."""


@dataclass
class PolledSource:
    """A source of data that one widget shows."""

    stamp: Callable[[], Hashable]
    """Cheap; a new value means that `read` may return something new."""
    read: Callable[[], Any]
    """Returns a frozen value. Exceptions are delivered instead of it, as GtsError."""
    deliver: Callable[[Any], None]
    """Called in the app's thread with a reading or a GtsError."""
    last_stamp: Hashable = field(default=None, init=False)
    last_error: str = field(default="", init=False)
    """The error delivered last; equal errors are not repeated."""
    is_delivered: bool = field(default=True, init=False)
    """Whether the newest reading has arrived; nothing is read for a busy app before."""


class Poller(threading.Thread):
    """Polls all sources in a thread.

    `call_soon` runs a function in the app's thread; `report_error` gets unexpected exceptions.
    """

    def __init__(
        self,
        call_soon: Callable[[Callable[[], None]], None],
        report_error: Callable[[Exception], None] = lambda error: None,
        seconds: float = POLL_SECONDS,
    ) -> None:
        super().__init__(name="watch", daemon=True)
        self._call_soon, self._report_error, self._seconds = call_soon, report_error, seconds
        self._sources: dict[str, PolledSource] = {}
        self._wake = threading.Event()
        self._stopping = False

    def watch(self, key: str, stamp: Callable[[], Hashable], read: Callable[[], Any], deliver: Callable[[Any], None]) -> None:
        """Deliver a reading now and whenever `stamp` changes; replaces the source with the same key."""
        self._sources[key] = PolledSource(stamp, read, deliver)
        self._wake.set()

    def unwatch(self, key: str) -> None:
        """Remove a source."""
        self._sources.pop(key, None)

    def poll_now(self) -> None:
        """Poll without waiting for the interval."""
        self._wake.set()

    def stop(self) -> None:
        """End the thread after the current reading."""
        self._stopping = True
        self._wake.set()

    def run(self) -> None:
        """Poll until stopped."""
        while not self._stopping:
            self._wake.clear()
            for key, source in list(self._sources.items()):
                if source.is_delivered and not self._stopping:
                    self._poll(key, source)
            self._wake.wait(self._seconds)

    def _poll(self, key: str, source: PolledSource) -> None:
        try:
            stamp: Hashable = (source.stamp(),)
        except Exception as error:
            # Deliver a reading even if the next stamp equals the one before the error.
            source.last_stamp = None
            self._deliver(key, source, self._to_gts_error(error))
            return
        if stamp == source.last_stamp:
            return
        source.last_stamp = stamp
        try:
            reading = source.read()
        except Exception as error:
            reading = self._to_gts_error(error)
        self._deliver(key, source, reading)

    def _deliver(self, key: str, source: PolledSource, reading: Any) -> None:
        """Deliver a reading, unless it repeats the last error."""
        message = str(reading) if isinstance(reading, GtsError) else ""
        if message and message == source.last_error:
            return
        source.last_error, source.is_delivered = message, False

        def deliver() -> None:
            source.is_delivered = True
            if self._sources.get(key) is source:
                source.deliver(reading)

        try:
            self._call_soon(deliver)
        except Exception as error:
            # An error in one widget must not stop the thread for all others.
            self._report_error(error)

    def _to_gts_error(self, error: Exception) -> GtsError:
        """Convert an exception to a GtsError; report it if it is unexpected."""
        if isinstance(error, GtsError):
            return error
        if isinstance(error, OSError):
            return FileError(f"cannot read {error.filename or 'a file'}: {reason(error)}")
        self._report_error(error)
        return GtsError(f"internal error: {type(error).__name__}: {error}")


def stat_stamp(*paths: Path) -> Hashable:
    """Return a stamp of files and folders: modification time, size and inode; None for a missing one."""
    stamps: list[tuple[int, int, int] | None] = []
    for path in paths:
        try:
            found = path.stat()
            stamps.append((found.st_mtime_ns, found.st_size, found.st_ino))
        except OSError:
            stamps.append(None)
    return tuple(stamps)


class StampCache(Generic[_Value]):
    """Values by key, each valid as long as its stamp stays the same."""

    def __init__(self) -> None:
        self._entries: dict[str, tuple[Hashable, _Value]] = {}

    def get(self, key: str, stamp: Hashable, read: Callable[[], _Value]) -> _Value:
        """Return the cached value of a key, read again if the stamp differs."""
        entry = self._entries.get(key)
        if entry is None or entry[0] != stamp:
            entry = self._entries[key] = (stamp, read())
        return entry[1]
