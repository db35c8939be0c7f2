"""What is shown is read here: one thread looks at files, and tells what has changed as a frozen value in one message."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gts.errors import FileError, GtsError

POLL_SECONDS = 0.5
"""Between two looks; nothing on the screen changes by itself more often than this."""


@dataclass
class PolledSource:
    """One thing that somebody wants to see."""

    stamp: Callable[[], Hashable]
    """Cheap; differs when a new reading may differ."""
    read: Callable[[], Any]
    """The reading: a frozen value. What it raises is told in place of it, as a GtsError."""
    deliver: Callable[[Any], None]
    """Called in the program's own thread with a reading or a GtsError."""
    last_stamp: Hashable = field(default=None, init=False)
    last_error: str = field(default="", init=False)
    """The error that was told last; the same one is not told again."""
    is_delivered: bool = field(default=True, init=False)
    """Whether the newest reading has arrived; a program that is held up is not told more."""


class Poller(threading.Thread):
    """Looks at every subject again and again; `post` hands a call over to the program's own thread.

    `mishap` is told, in this thread, of every error that nobody foresaw; the watch goes on.
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
        """Tell what `read` gives now, and again whenever `stamp` gives something else; in place of what `key` was before."""
        self._sources[key] = PolledSource(stamp, read, deliver)
        self._wake.set()

    def unwatch(self, key: str) -> None:
        """Look no more at what is called so."""
        self._sources.pop(key, None)

    def poll_now(self) -> None:
        """Look now, since something was just done."""
        self._wake.set()

    def stop(self) -> None:
        """Look no more at anything."""
        self._stopping = True
        self._wake.set()

    def run(self) -> None:
        """Until the program ends."""
        while not self._stopping:
            self._wake.clear()
            for key, subject in list(self._sources.items()):
                if subject.is_delivered and not self._stopping:
                    self._poll(key, subject)
            self._wake.wait(self._seconds)

    def _poll(self, key: str, source: PolledSource) -> None:
        try:
            stamp: Hashable = (source.stamp(),)
        except Exception as error:
            # Whatever comes after this is new.
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
        """Hand it over, unless it is the error that was told before."""
        wrong = str(reading) if isinstance(reading, GtsError) else ""
        if wrong and wrong == source.last_error:
            return
        source.last_error, source.is_delivered = wrong, False

        def deliver() -> None:
            source.is_delivered = True
            if self._sources.get(key) is source:
                source.deliver(reading)

        try:
            self._call_soon(deliver)
        except Exception as error:
            # What one panel makes of it must not take the others' news from them.
            self._report_error(error)

    def _to_gts_error(self, error: Exception) -> GtsError:
        """What went wrong in a reading, for the one who wanted it."""
        if isinstance(error, GtsError):
            return error
        if isinstance(error, OSError):
            return FileError(f"cannot read {error.filename or 'a file'}: {(error.strerror or str(error)).lower()}")
        self._report_error(error)
        return GtsError(f"internal error: {type(error).__name__}: {error}")


def stat_stamp(*paths: Path) -> Hashable:
    """A stamp of files and folders: when and how large each is; None for what is not there."""
    stamps: list[tuple[int, int, int] | None] = []
    for path in paths:
        try:
            found = path.stat()
            stamps.append((found.st_mtime_ns, found.st_size, found.st_ino))
        except OSError:
            stamps.append(None)
    return tuple(stamps)
