"""The thread behind a player widget: starts the frame servers and draws the newest frame of each.

Late frames are dropped: a slow program or terminal shows fewer frames, not older ones.
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
from gts.errors import GtsError, reason
from gts.playback.cell_buffer import CellBuffer
from gts.playback.drawing import CellGlyphs
from gts.playback.frame_source import FrameSource
from gts.playback.panels import TEXT_REFRESH_SECONDS, PanelRenderer
from gts.playback.session import PlaybackRequest
from gts.playback.stream import FrameState, PlaybackFailure, SceneInfo
from gts.store.workspace import Workspace

MAX_FPS = 15.0
"""Most frames per second inside the program."""
MAX_SOURCES = 8
"""Most playbacks side by side."""


@dataclass(frozen=True)
class PlaybackSelection:
    """References to play side by side, all from the same starts."""

    references: tuple[str, ...]
    """Checkpoints, trajectories and runs."""
    follow_newest: bool = False
    """Whether runs play their newest recorded trajectory, and each newer one."""


@dataclass(frozen=True)
class FrameImage:
    """A drawn picture of all panels; its cells do not change any more."""

    cells: CellBuffer
    has_ended: bool
    """Whether every playback has ended or failed."""
    failure: PlaybackFailure | None = None
    """The first failure."""


@dataclass
class FailedSource:
    """The panel of a playback that could not be started."""

    failure: PlaybackFailure | None
    scene: SceneInfo | None = None
    state: FrameState | None = None
    has_ended: bool = True


class PlaybackThread(threading.Thread):
    """Plays requests side by side from `start` to `close`.

    `deliver` is called in this thread with each picture, and not again before `acknowledge_frame`.
    """

    def __init__(
        self,
        list_requests: Callable[[], Sequence[PlaybackRequest | PlaybackFailure]],
        glyphs: CellGlyphs,
        deliver: Callable[[FrameImage], object],
    ) -> None:
        """`list_requests` is called in this thread, since it reads files."""
        super().__init__(name="playback", daemon=True)
        self._list_requests, self._deliver = list_requests, deliver
        self._panels = PanelRenderer(glyphs)
        self._max_fps = MAX_FPS
        self._size = (0, 0)
        self._commands: deque[str] = deque()
        self._frame_pending = False
        self._needs_frame = True
        self._closed = False
        # macOS has no os.pipe2.
        self._wake_reader, self._wake_writer = os.pipe()
        for descriptor in (self._wake_reader, self._wake_writer):
            os.set_blocking(descriptor, False)
        self._pipe_lock = threading.Lock()
        self._pipe_open = True
        self._sources: list[FrameSource | FailedSource] = []

    # -- called from the app's thread ---------------------------------------------------------------------------------

    def set_size(self, rows: int, columns: int) -> None:
        """Change the size of the pictures, in cells."""
        self._size, self._needs_frame = (rows, columns), True
        self._wake_up()

    def send_command(self, command: str) -> None:
        """Send a command of `gts.playback.stream` to every playback."""
        self._commands.append(command)
        self._wake_up()

    def acknowledge_frame(self) -> None:
        """Allow the next picture."""
        self._frame_pending = False
        self._wake_up()

    def close(self) -> None:
        """End all playbacks; returns at once, the processes end in this thread."""
        self._closed = True
        self._wake_up()

    def _wake_up(self) -> None:
        # The lock keeps the byte out of a file that reuses the number of the closed descriptor.
        with self._pipe_lock, suppress(OSError):
            if self._pipe_open:
                os.write(self._wake_writer, b".")

    # -- in this thread -----------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Play until `close`."""
        try:
            self._start_sources(self._list_requests())
            self._run_loop()
        finally:
            for source in self._sources:
                if isinstance(source, FrameSource):
                    source.close()
            self._close_pipe()

    def _close_pipe(self) -> None:
        with self._pipe_lock:
            self._pipe_open = False
            os.close(self._wake_reader)
            os.close(self._wake_writer)

    def _start_sources(self, requests: Sequence[PlaybackRequest | PlaybackFailure]) -> None:
        self._max_fps = max((one.max_fps for one in requests if isinstance(one, PlaybackRequest)), default=MAX_FPS)
        for request in requests:
            if self._closed:
                return
            try:
                self._sources.append(FailedSource(request) if isinstance(request, PlaybackFailure) else FrameSource(request))
            except OSError as error:
                why = f"cannot start a process: {reason(error)}"
                self._sources.append(FailedSource(PlaybackFailure(why, "", 1)))

    def _run_loop(self) -> None:
        loading, due = True, 0.0
        while not self._closed:
            now = time.monotonic()
            if self._can_draw() and now >= due:
                due = max(due + 1.0 / self._max_fps, now)
                self._draw(now)
            if loading and all(source.state is not None or source.has_ended for source in self._sources):
                # All have loaded: those that were started paused begin together.
                loading = False
                self._send_to_sources("pause", [one for one in self._playing() if one.request.start_paused])
            playing = self._playing()
            if self._can_draw():
                timeout: float | None = max(due - now, 0.0)
            else:
                timeout = TEXT_REFRESH_SECONDS if playing else None
            waiting: list[int | FrameSource] = [self._wake_reader, *playing]
            ready = select.select(waiting, [], [], timeout)[0]
            self._read_ready(ready, playing)
            self._needs_frame |= not ready and self._panels.is_text_stale(self._sources)

    def _can_draw(self) -> bool:
        return self._needs_frame and not self._frame_pending and all(self._size)

    def _draw(self, now: float) -> None:
        self._needs_frame, self._frame_pending = False, True
        rows, columns = self._size
        # Read before drawing, so that the picture of the end shows the last frame.
        has_ended = all(source.has_ended for source in self._sources)
        failure = next((source.failure for source in self._sources if source.failure is not None), None)
        self._deliver(FrameImage(self._panels.render(self._sources, rows, columns, now), has_ended, failure))

    def _playing(self) -> list[FrameSource]:
        return [source for source in self._sources if isinstance(source, FrameSource) and not source.has_ended]

    def _read_ready(self, ready: Sequence[int | FrameSource], playing: Sequence[FrameSource]) -> None:
        for one in ready:
            if isinstance(one, FrameSource):
                self._needs_frame |= one.read()
            else:
                with suppress(OSError):
                    os.read(self._wake_reader, 4096)
        while self._commands:
            self._send_to_sources(self._commands.popleft(), playing)

    @staticmethod
    def _send_to_sources(command: str, sources: Sequence[FrameSource]) -> None:
        for source in sources:
            if not source.has_ended:
                source.send_command(command)


def build_playback_requests(workspace: Workspace, selection: PlaybackSelection) -> list[PlaybackRequest | PlaybackFailure]:
    """Build one endless request per reference, or its failure if it cannot be played."""
    context = Context(workspace)
    several = len(selection.references) > 1
    seed = secrets.randbelow(2**31)
    requests: list[PlaybackRequest | PlaybackFailure] = []
    for reference in selection.references[:MAX_SOURCES]:
        try:
            files = tuple(str(path) for path in find_playable_files(context, reference, newest=selection.follow_newest))
        except GtsError as error:
            requests.append(PlaybackFailure(error.message, error.hint, error.exit_code))
            continue
        request = PlaybackRequest(files, loops=0, seed=seed, max_fps=MAX_FPS, follow=selection.follow_newest)
        requests.append(replace(request, start_paused=True) if several else request)
    return requests
