"""Watching shows in a terminal: their processes send frames, this one draws the newest of them and passes keys on."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from gts.playback.cell_buffer import CellBuffer
from gts.playback.drawing import CellGlyphs
from gts.playback.frame_protocol import FrameState, SceneInfo
from gts.playback.overlay import key_line
from gts.playback.painter import Painter
from gts.playback.panels import TEXT_REFRESH_SECONDS, PanelRenderer
from gts.playback.session import PlaybackRequest
from gts.playback.stream import PlaybackFailure, StreamEnd, decode_message
from gts.playback.terminal import HungUpError, Terminal

_READ = 1 << 16


class Source:
    """A process that plays."""

    def __init__(self, wish: PlaybackRequest) -> None:
        # A session of its own: Ctrl-C reaches it as the end of its input, after the terminal was given back.
        self._complaints, name = tempfile.mkstemp()
        os.unlink(name)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "gts.playback.frame_server", wish.as_json()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            start_new_session=True,
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._input, self._output = self._process.stdin.fileno(), self._process.stdout.fileno()
        self._rest = b""
        self.wish = wish
        self.scene: SceneInfo | None = None
        self.state: FrameState | None = None
        self.failure: PlaybackFailure | None = None
        self.over = False

    def fileno(self) -> int:
        """What to wait for."""
        return self._output

    def read(self) -> bool:
        """Take in what was sent, of which only the newest frame counts; whether there is something new to draw."""
        data = os.read(self._output, _READ)
        if not data:
            self._conclude()
            return True
        *lines, self._rest = (self._rest + data).split(b"\n")
        newest: FrameState | None = None
        # A frame that another one follows is not even looked at.
        frames = [number for number, line in enumerate(lines) if line.startswith(b'{"kind":"frame"')]
        for number, line in enumerate(lines):
            if number in frames[:-1]:
                continue
            told = decode_message(line)
            if isinstance(told, SceneInfo):
                self.scene, newest = told, None
            elif isinstance(told, FrameState):
                newest = told
            elif isinstance(told, PlaybackFailure):
                self.failure = told
            elif isinstance(told, StreamEnd):
                self.over = True
        if newest is not None:
            self.state = newest
        return newest is not None or self.over

    def say(self, word: str) -> None:
        """Pass a word on; it does not matter where nobody hears it any more."""
        with suppress(OSError):
            os.write(self._input, word.encode() + b"\n")

    def close(self) -> None:
        """End the process, patiently at first."""
        assert self._process.stdin is not None and self._process.stdout is not None
        with suppress(OSError):
            self._process.stdin.close()
        self._process.stdout.close()
        try:
            self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._complaints)

    def _conclude(self) -> None:
        code = self._process.wait()
        if not self.over and self.failure is None:
            last = os.pread(self._complaints, _READ, 0).decode(errors="replace").strip().rpartition("\n")[2]
            how = f"was ended by signal {-code}" if code < 0 else f"failed: {last or f'exit code {code}'}"
            self.failure = PlaybackFailure(f"the process that plays {how}", "", 1)
        self.over = True


class Watch:
    """Shows side by side in one terminal."""

    def __init__(self, wishes: Sequence[PlaybackRequest], terminal: Terminal, *, glyphs: CellGlyphs, colours: int) -> None:
        self._terminal, self._panels = terminal, PanelRenderer(glyphs)
        self._painter = Painter(colours)
        self._wishes = wishes
        self.sources: list[Source] = []
        self.sent = 0
        """Bytes that went to the terminal."""
        self.drawn = 0
        """Pictures that went there."""

    def __enter__(self) -> Self:
        for wish in self._wishes:
            self.sources.append(Source(wish))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for source in self.sources:
            source.close()

    def until_shown(self) -> PlaybackFailure | None:
        """Wait until all have something to show, and let those that are held go; or why there is nothing to see."""
        for source in self.sources:
            while source.state is None and not source.over:
                source.read()
            if source.failure is not None:
                return source.failure
        for source in self.sources:
            if source.wish.start_paused:
                source.say("pause")
        return None

    def run(self) -> PlaybackFailure | None:
        """Draw until everything was played or somebody quits; why it ended where that is a failure. Raises HungUpError."""
        fresh = True
        while True:
            playing = [source for source in self.sources if not source.over]
            failed = next((source.failure for source in self.sources if source.failure), None)
            if failed or not playing:
                return failed
            if self._terminal.resized:
                self._terminal.resized, fresh = False, True
                self._painter.forget()
            # A picture that the line does not take now is not kept for later: by then there is a newer one.
            if fresh and self._terminal.ready():
                self._show()
                fresh = False
            waiting: list[Source | int] = [*playing, *self._terminal.listening]
            ready_ones = select.select(waiting, [], [], TEXT_REFRESH_SECONDS)[0]
            # Where nothing comes any more, the numbers shall be those of the last frame.
            fresh |= not ready_ones and self._panels.is_text_stale(self.sources)
            for ready in ready_ones:
                if isinstance(ready, Source):
                    fresh |= ready.read()
                    continue
                for word in self._terminal.pressed():
                    if word == "quit":
                        return None
                    for source in playing:
                        source.say(word)

    def _show(self) -> None:
        rows, columns = self._terminal.size
        data = self._painter.paint(self.picture(rows, columns, time.monotonic()))
        self._terminal.send(data)
        self.sent, self.drawn = self.sent + len(data), self.drawn + 1

    def picture(self, rows: int, columns: int, now: float) -> CellBuffer:
        """Everything, for a terminal of this size."""
        cells = CellBuffer.blank(rows, columns)
        foot = 1 if rows >= 12 else 0
        if foot:
            several = any(len(wish.files) > 1 for wish in self._wishes)
            cells.write(rows - 1, 0, key_line(columns, several=several))
        shown = self._panels.render(self.sources, rows - foot, columns, now)
        for drawn, onto in ((shown.chars, cells.chars), (shown.fg, cells.fg), (shown.bg, cells.bg)):
            onto[: rows - foot] = drawn
        return cells


def watch(
    wishes: Sequence[PlaybackRequest], *, glyphs: CellGlyphs, colours: int, source: int, target: int
) -> PlaybackFailure | None:
    """Play in the terminal between two descriptors, each wish in a part of it; why it failed, None where it did not."""
    terminal = Terminal(source, target)
    with Watch(wishes, terminal, glyphs=glyphs, colours=colours) as watching:
        failure = watching.until_shown()
        if failure is not None:
            return failure
        with suppress(HungUpError), terminal:
            return watching.run()
    return None
