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
    """The reading: a frozen value. What it raises is told in place of it, as a GtsError."""
    tell: Callable[[Any], None]
    """Called in the program's own thread with a reading or a GtsError."""
    seen: Hashable = field(default=None, init=False)
    wrong: str = field(default="", init=False)
    """The error that was told last; the same one is not told again."""
    told: bool = field(default=True, init=False)
    """Whether the newest reading has arrived; a program that is held up is not told more."""


class Watch(threading.Thread):
    """Looks at every subject again and again; `post` hands a call over to the program's own thread.

    `mishap` is told, in this thread, of every error that nobody foresaw; the watch goes on.
    """

    def __init__(
        self,
        post: Callable[[Callable[[], None]], None],
        mishap: Callable[[Exception], None] = lambda error: None,
        seconds: float = SECONDS,
    ) -> None:
        super().__init__(name="watch", daemon=True)
        self._post, self._mishap, self._seconds = post, mishap, seconds
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
        except Exception as error:
            # Whatever comes after this is new.
            subject.seen = None
            self._tell(key, subject, self._told_as(error))
            return
        if stamp == subject.seen:
            return
        subject.seen = stamp
        try:
            reading = subject.read()
        except Exception as error:
            reading = self._told_as(error)
        self._tell(key, subject, reading)

    def _tell(self, key: str, subject: Subject, reading: Any) -> None:
        """Hand it over, unless it is the error that was told before."""
        wrong = str(reading) if isinstance(reading, GtsError) else ""
        if wrong and wrong == subject.wrong:
            return
        subject.wrong, subject.told = wrong, False

        def deliver() -> None:
            subject.told = True
            if self._subjects.get(key) is subject:
                subject.tell(reading)

        try:
            self._post(deliver)
        except Exception as error:
            # What one panel makes of it must not take the others' news from them.
            self._mishap(error)

    def _told_as(self, error: Exception) -> GtsError:
        """What went wrong in a reading, for the one who wanted it."""
        if isinstance(error, GtsError):
            return error
        if isinstance(error, OSError):
            return FileError(f"cannot read {error.filename or 'a file'}: {(error.strerror or str(error)).lower()}")
        self._mishap(error)
        return GtsError(f"this should not have happened: {type(error).__name__}: {error}")


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
