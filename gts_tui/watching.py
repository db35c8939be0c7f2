"""What is shown is read here: one thread looks at files, and tells what has changed as a frozen value in one message."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gts.errors import FileError, GtsError

SECONDS = 0.5
"""Between two looks; nothing on the screen changes by itself more often than this."""


@dataclass
class Subject:
    """One thing that somebody wants to see."""

    stamp: Callable[[], Hashable]
    """Cheap; differs when a new reading may differ."""
    read: Callable[[], Any]
    """The reading: a frozen value. May raise GtsError, which is told in place of it."""
    tell: Callable[[Any], None]
    """Called in the program's own thread with a reading or a GtsError."""
    seen: Hashable = field(default=None, init=False)
    told: bool = field(default=True, init=False)
    """Whether the newest reading has arrived; a program that is held up is not told more."""


class Watch(threading.Thread):
    """Looks at every subject again and again; `post` hands a call over to the program's own thread."""

    def __init__(self, post: Callable[[Callable[[], None]], None], seconds: float = SECONDS) -> None:
        super().__init__(name="watch", daemon=True)
        self._post, self._seconds = post, seconds
        self._subjects: dict[str, Subject] = {}
        self._wake = threading.Event()
        self._ended = False

    def follow(self, key: str, stamp: Callable[[], Hashable], read: Callable[[], Any], tell: Callable[[Any], None]) -> None:
        """Tell what `read` gives now, and again whenever `stamp` gives something else; in place of what `key` was before."""
        self._subjects[key] = Subject(stamp, read, tell)
        self._wake.set()

    def forget(self, key: str) -> None:
        """Look no more at what is called so."""
        self._subjects.pop(key, None)

    def look(self) -> None:
        """Look now, since something was just done."""
        self._wake.set()

    def end(self) -> None:
        """Look no more at anything."""
        self._ended = True
        self._wake.set()

    def run(self) -> None:
        """Until the program ends."""
        while not self._ended:
            self._wake.clear()
            for key, subject in list(self._subjects.items()):
                if subject.told and not self._ended:
                    self._look_at(key, subject)
            self._wake.wait(self._seconds)

    def _look_at(self, key: str, subject: Subject) -> None:
        try:
            stamp: Hashable = (subject.stamp(),)
            if stamp == subject.seen:
                return
            subject.seen = stamp
            reading = subject.read()
        except GtsError as error:
            reading = error
        except OSError as error:
            reading = FileError(f"cannot read {error.filename or 'a file'}: {(error.strerror or str(error)).lower()}")
        if isinstance(reading, GtsError) and subject.seen is not None and (str(reading),) == subject.seen:
            return
        subject.told = False

        def deliver() -> None:
            subject.told = True
            if self._subjects.get(key) is subject:
                subject.tell(reading)

        self._post(deliver)


def changed(*paths: Path) -> Hashable:
    """A stamp of files and folders: when and how large each is; None for what is not there."""
    stamps: list[tuple[int, int, int] | None] = []
    for path in paths:
        try:
            found = path.stat()
            stamps.append((found.st_mtime_ns, found.st_size, found.st_ino))
        except OSError:
            stamps.append(None)
    return tuple(stamps)
