"""The thread behind a player: it starts the processes that play, and draws the newest of what they send.

A frame that is late is never drawn: where the program or its terminal is slow there are fewer pictures, not older ones.
"""

from __future__ import annotations

import os
import secrets
import select
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from gts.commands.command import Context
from gts.commands.play import playable
from gts.errors import FormatError, GtsError
from gts.playback.cell_buffer import Cells
from gts.playback.drawing import Glyphs
from gts.playback.frame_protocol import Moment, Stage
from gts.playback.panels import WORDS_SECONDS, Panels
from gts.playback.session import Wish
from gts.playback.stream import Failure
from gts.playback.watch import Source
from gts.store.workspace import Workspace

PICTURES = 15.0
"""A second, at the most."""
MOST = 8
"""That play side by side."""


@dataclass(frozen=True)
class Request:
    """What shall be played."""

    words: tuple[str, ...]
    """Each a checkpoint, a trajectory or a run; several play side by side, all from the same starts."""
    follow: bool = False
    """Of runs always what they recorded at their newest evaluation."""


@dataclass(frozen=True)
class Picture:
    """What is to be seen now; nobody writes to its cells any more."""

    cells: Cells
    over: bool
    """Nothing plays any more: everything has ended or failed."""


@dataclass
class Absent:
    """What cannot be played, in the place where it would be."""

    failure: Failure | None
    stage: Stage | None = None
    moment: Moment | None = None
    over: bool = True


class Theatre(threading.Thread):
    """One performance, from `start` to `close`; `tell` is called in this thread, and not again before `taken`."""

    def __init__(self, workspace: Workspace, request: Request, glyphs: Glyphs, tell: Callable[[Picture], None]) -> None:
        super().__init__(name="playing", daemon=True)
        self._workspace, self._request, self._tell = workspace, request, tell
        self._panels = Panels(glyphs)
        self._size = (0, 0)
        self._words: deque[str] = deque()
        self._told = False
        self._fresh = True
        self._closed = False
        self._woken, self._wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._shows: list[Source | Absent] = []

    # -- from the program's own thread --------------------------------------------------------------------------------

    def fit(self, rows: int, columns: int) -> None:
        """Draw in so many cells from now on."""
        self._size, self._fresh = (rows, columns), True
        self._rouse()

    def say(self, word: str) -> None:
        """Pass a word of `gts.playback.stream` on to everything that plays."""
        self._words.append(word)
        self._rouse()

    def taken(self) -> None:
        """The last picture is on the screen: there may be another one."""
        self._told = False
        self._rouse()

    def close(self) -> None:
        """End the performance; its processes end in this thread's own time."""
        self._closed = True
        self._rouse()

    def _rouse(self) -> None:
        with suppress(OSError):
            os.write(self._wake, b".")

    # -- in this thread -----------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Play until it is closed."""
        try:
            self._show(wishes_of(self._workspace, self._request))
            self._play()
        finally:
            for show in self._shows:
                if isinstance(show, Source):
                    show.close()

    def __del__(self) -> None:
        # Only when nobody can rouse it any more: the number of a closed descriptor is soon that of another file.
        for descriptor in (self._woken, self._wake):
            with suppress(OSError):
                os.close(descriptor)

    def _show(self, wishes: Sequence[Wish | Failure]) -> None:
        for wish in wishes:
            if self._closed:
                return
            try:
                self._shows.append(Absent(wish) if isinstance(wish, Failure) else Source(wish))
            except OSError as error:
                why = f"cannot start a process: {(error.strerror or str(error)).lower()}"
                self._shows.append(Absent(Failure(why, "", 1)))

    def _play(self) -> None:
        held, due = True, 0.0
        while not self._closed:
            now = time.monotonic()
            if self._fresh and not self._told and now >= due and all(self._size):
                self._fresh, self._told, due = False, True, max(due + 1.0 / PICTURES, now)
                rows, columns = self._size
                over = all(show.over for show in self._shows)
                self._tell(Picture(self._panels.picture(self._shows, rows, columns, now), over))
            if held and all(show.moment is not None or show.over for show in self._shows):
                # All of them are there: what waited for the others begins.
                held = False
                self._pass_on("pause", [show for show in self._shows if isinstance(show, Source) and show.wish.held])
            playing = [show for show in self._shows if isinstance(show, Source) and not show.over]
            wait = max(due - now, 0.0) if self._fresh and not self._told else WORDS_SECONDS if playing else None
            waiting: list[int | Source] = [self._woken, *playing]
            ready = select.select(waiting, [], [], wait)[0]
            self._hear(ready, playing)
            self._fresh |= not ready and self._panels.stale(self._shows)

    def _hear(self, ready: Sequence[int | Source], playing: Sequence[Source]) -> None:
        for one in ready:
            if isinstance(one, Source):
                self._fresh |= _read(one)
            else:
                with suppress(OSError):
                    os.read(self._woken, 4096)
        while self._words:
            self._pass_on(self._words.popleft(), playing)

    @staticmethod
    def _pass_on(word: str, shows: Sequence[Source]) -> None:
        for show in shows:
            if not show.over:
                show.say(word)


def _read(source: Source) -> bool:
    try:
        return source.read()
    except (FormatError, OSError) as error:
        why = error.problems[0].message if isinstance(error, FormatError) else str(error)
        source.failure, source.over = Failure(f"the process that plays sent what makes no sense: {why}", "", 1), True
        return True


def wishes_of(workspace: Workspace, request: Request) -> list[Wish | Failure]:
    """What each word asks for, or why it cannot be played."""
    context = Context(workspace)
    several = len(request.words) > 1
    seed = secrets.randbelow(2**31)
    wishes: list[Wish | Failure] = []
    for word in request.words[:MOST]:
        try:
            files = tuple(str(path) for path in playable(context, word, newest=request.follow))
        except GtsError as error:
            wishes.append(Failure(error.message, error.hint, error.exit_code))
            continue
        wish = Wish(files, loops=0, seed=seed, fps=PICTURES, follow=request.follow)
        wishes.append(replace(wish, held=True) if several else wish)
    return wishes
