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
from gts.commands.play import find_playable_files
from gts.errors import FormatError, GtsError, reason
from gts.playback.cell_buffer import CellBuffer
from gts.playback.drawing import CellGlyphs
from gts.playback.frame_protocol import FrameState, SceneInfo
from gts.playback.panels import TEXT_REFRESH_SECONDS, PanelRenderer
from gts.playback.session import PlaybackRequest
from gts.playback.stream import PlaybackFailure
from gts.playback.watch import Source
from gts.store.workspace import Workspace

MAX_FPS = 15.0
"""A second, at the most."""
MAX_SOURCES = 8
"""That play side by side."""


@dataclass(frozen=True)
class PlaybackSelection:
    """What shall be played."""

    references: tuple[str, ...]
    """Each a checkpoint, a trajectory or a run; several play side by side, all from the same starts."""
    follow_newest: bool = False
    """Of runs always what they recorded at their newest evaluation."""


@dataclass(frozen=True)
class FrameImage:
    """What is to be seen now; nobody writes to its cells any more."""

    cells: CellBuffer
    has_ended: bool
    """Nothing plays any more: everything has ended or failed."""


@dataclass
class FailedSource:
    """What cannot be played, in the place where it would be."""

    failure: PlaybackFailure | None
    scene: SceneInfo | None = None
    state: FrameState | None = None
    over: bool = True


class PlaybackThread(threading.Thread):
    """One performance, from `start` to `close`; `tell` is called in this thread, and not again before `taken`."""

    def __init__(
        self, workspace: Workspace, selection: PlaybackSelection, glyphs: CellGlyphs, deliver: Callable[[FrameImage], None]
    ) -> None:
        super().__init__(name="playing", daemon=True)
        self._workspace, self._selection, self._deliver = workspace, selection, deliver
        self._panels = PanelRenderer(glyphs)
        self._size = (0, 0)
        self._commands: deque[str] = deque()
        self._frame_pending = False
        self._needs_frame = True
        self._closed = False
        self._wake_reader, self._wake_writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._sources: list[Source | FailedSource] = []

    # -- from the program's own thread --------------------------------------------------------------------------------

    def set_size(self, rows: int, columns: int) -> None:
        """Draw in so many cells from now on."""
        self._size, self._needs_frame = (rows, columns), True
        self._wake_up()

    def send_command(self, command: str) -> None:
        """Pass a word of `gts.playback.stream` on to everything that plays."""
        self._commands.append(command)
        self._wake_up()

    def acknowledge_frame(self) -> None:
        """The last picture is on the screen: there may be another one."""
        self._frame_pending = False
        self._wake_up()

    def close(self) -> None:
        """End the performance; its processes end in this thread's own time."""
        self._closed = True
        self._wake_up()

    def _wake_up(self) -> None:
        with suppress(OSError):
            os.write(self._wake_writer, b".")

    # -- in this thread -----------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Play until it is closed."""
        try:
            self._start_sources(build_playback_requests(self._workspace, self._selection))
            self._run_loop()
        finally:
            for show in self._sources:
                if isinstance(show, Source):
                    show.close()

    def __del__(self) -> None:
        # Only when nobody can rouse it any more: the number of a closed descriptor is soon that of another file.
        for descriptor in (self._wake_reader, self._wake_writer):
            with suppress(OSError):
                os.close(descriptor)

    def _start_sources(self, requests: Sequence[PlaybackRequest | PlaybackFailure]) -> None:
        for wish in requests:
            if self._closed:
                return
            try:
                self._sources.append(FailedSource(wish) if isinstance(wish, PlaybackFailure) else Source(wish))
            except OSError as error:
                why = f"cannot start a process: {reason(error)}"
                self._sources.append(FailedSource(PlaybackFailure(why, "", 1)))

    def _run_loop(self) -> None:
        held, due = True, 0.0
        while not self._closed:
            now = time.monotonic()
            if self._needs_frame and not self._frame_pending and now >= due and all(self._size):
                self._needs_frame, self._frame_pending, due = False, True, max(due + 1.0 / MAX_FPS, now)
                rows, columns = self._size
                over = all(show.over for show in self._sources)
                self._deliver(FrameImage(self._panels.render(self._sources, rows, columns, now), over))
            if held and all(show.state is not None or show.over for show in self._sources):
                # All of them are there: what waited for the others begins.
                held = False
                self._send_to_sources(
                    "pause", [show for show in self._sources if isinstance(show, Source) and show.wish.start_paused]
                )
            playing = [show for show in self._sources if isinstance(show, Source) and not show.over]
            wait = (
                max(due - now, 0.0)
                if self._needs_frame and not self._frame_pending
                else TEXT_REFRESH_SECONDS
                if playing
                else None
            )
            waiting: list[int | Source] = [self._wake_reader, *playing]
            ready = select.select(waiting, [], [], wait)[0]
            self._read_ready(ready, playing)
            self._needs_frame |= not ready and self._panels.is_text_stale(self._sources)

    def _read_ready(self, ready: Sequence[int | Source], playing: Sequence[Source]) -> None:
        for one in ready:
            if isinstance(one, Source):
                self._needs_frame |= _read_source(one)
            else:
                with suppress(OSError):
                    os.read(self._wake_reader, 4096)
        while self._commands:
            self._send_to_sources(self._commands.popleft(), playing)

    @staticmethod
    def _send_to_sources(command: str, sources: Sequence[Source]) -> None:
        for show in sources:
            if not show.over:
                show.say(command)


def _read_source(source: Source) -> bool:
    try:
        return source.read()
    except (FormatError, OSError) as error:
        why = error.problems[0].message if isinstance(error, FormatError) else str(error)
        source.failure, source.over = PlaybackFailure(f"the process that plays sent what makes no sense: {why}", "", 1), True
        return True


def build_playback_requests(workspace: Workspace, selection: PlaybackSelection) -> list[PlaybackRequest | PlaybackFailure]:
    """What each word asks for, or why it cannot be played."""
    context = Context(workspace)
    several = len(selection.references) > 1
    seed = secrets.randbelow(2**31)
    requests: list[PlaybackRequest | PlaybackFailure] = []
    for word in selection.references[:MAX_SOURCES]:
        try:
            files = tuple(str(path) for path in find_playable_files(context, word, newest=selection.follow_newest))
        except GtsError as error:
            requests.append(PlaybackFailure(error.message, error.hint, error.exit_code))
            continue
        playback_request = PlaybackRequest(files, loops=0, seed=seed, max_fps=MAX_FPS, follow=selection.follow_newest)
        requests.append(replace(playback_request, start_paused=True) if several else playback_request)
    return requests
