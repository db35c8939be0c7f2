"""A playback in real time: the files to play, the clock and the commands."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from gts.errors import UsageError
from gts.playback.playback_source import PlaybackFrame, PlaybackSource

PLAYBACK_RATES = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Speeds that `faster` and `slower` step through; 1 is real time."""
_END_PAUSE_SECONDS = 0.6
"""Seconds for which the last frame of a loop is held."""
_MAX_CATCH_UP_SECONDS = 0.25
"""Longest delay that is caught up; the rest is dropped."""


@dataclass(frozen=True)
class PlaybackRequest:
    """The files to play and how; plain data that can be passed to another process as JSON."""

    files: tuple[str, ...]
    """Checkpoints and trajectories, in order of playback."""
    loops: int = 2
    """Loops per file; 0: endless."""
    frames_per_loop: int = 500
    """Most control steps per loop; 0: no limit."""
    seed: int | None = None
    keep_on: bool = False
    stochastic: bool = False
    rate: float = 1.0
    """1 is real time."""
    max_fps: float = 15.0
    """Most frames per second."""
    start_paused: bool = False
    """Whether to start paused."""
    follow: bool = False
    """Whether a trajectory is reloaded at each loop if its file has changed."""

    def as_json(self) -> str:
        """Encode as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Decode `as_json`."""
        values: dict[str, Any] = json.loads(text)
        return cls(**{**values, "files": tuple(values["files"])})


class PlaybackSession:
    """The current playback. `tick` advances it, `handle_command` steers it; nothing here waits or draws."""

    def __init__(
        self, request: PlaybackRequest, now: float, open_source: Callable[[PlaybackRequest, str], PlaybackSource] | None = None
    ) -> None:
        """Open the first file; raises UsageError without files, and the errors of `open_playback`."""
        if not request.files:
            raise UsageError("no files to play")
        self.request = request
        self.is_finished = False
        """Whether everything has been played."""
        self.paused = request.start_paused
        self.rate = request.rate
        self._open = open_source or open_playback
        self._last_tick = now
        self._pending_steps = 0.0
        self._pause_until: float | None = None
        self._file_index = 0
        self._loops_played = 0
        self.playback = self._open(request, request.files[0])
        self.frame: PlaybackFrame = self.playback.restart()

    def handle_command(self, command: str) -> None:
        """Handle a command of `gts.playback.stream`; unknown ones are ignored."""
        if command == "pause":
            self.paused = not self.paused
        elif command == "step":
            self.paused = True
            self._step()
        elif command == "restart":
            self._restart_loop()
        elif command == "keep":
            self.playback.keep_on = not self.playback.keep_on
        elif command == "next" and len(self.request.files) > 1:
            self._open_next_file()
        elif command in ("faster", "slower"):
            others = [rate for rate in PLAYBACK_RATES if (rate > self.rate) == (command == "faster") and rate != self.rate]
            self.rate = min(others, key=lambda rate: abs(rate - self.rate), default=self.rate)
        elif command == "quit":
            self.is_finished = True

    def tick(self, now: float) -> bool:
        """Advance to the time `now`, s; returns whether there is a new frame."""
        passed = min(now - self._last_tick, _MAX_CATCH_UP_SECONDS)
        self._last_tick = now
        if self.is_finished or self.paused:
            return False
        if self._pause_until is not None:
            if now < self._pause_until:
                return False
            self._pause_until = None
            self._start_next_loop()
            return not self.is_finished
        self._pending_steps += passed * self.rate * self.playback.fps
        steps, self._pending_steps = int(self._pending_steps), self._pending_steps % 1.0
        for _ in range(steps):
            self._step()
            if self.frame.ended:
                self._pause_until, self._pending_steps = now + _END_PAUSE_SECONDS, 0.0
                break
        return steps > 0

    def _step(self) -> None:
        if self.frame.ended:
            self._start_next_loop()
        else:
            self.frame = self.playback.advance()

    def _start_next_loop(self) -> None:
        """Start the next loop or the next file, or finish."""
        self._loops_played += 1
        if self.request.loops == 0 or self._loops_played < self.request.loops:
            self._restart_loop()
        elif self._file_index + 1 < len(self.request.files):
            self._open_next_file()
        else:
            self.is_finished = True

    def _open_next_file(self) -> None:
        self._file_index = (self._file_index + 1) % len(self.request.files)
        self.playback = self._open(self.request, self.request.files[self._file_index])
        self._loops_played = 0
        self._restart_loop()

    def _restart_loop(self) -> None:
        self._pause_until, self._pending_steps = None, 0.0
        self.frame = self.playback.restart()


def open_playback(request: PlaybackRequest, file: str) -> PlaybackSource:
    """Open a checkpoint or trajectory; raises FileError if it cannot be read, UsageError for an unknown figure."""
    path = Path(file)
    if path.suffix == ".trajectory":
        from gts.playback.trajectory_player import TrajectoryPlayer

        return TrajectoryPlayer(path, follow=request.follow)
    from gts.formats.checkpoint import read_checkpoint
    from gts.playback.policy_player import PolicyPlayer

    checkpoint = read_checkpoint(path)
    step = checkpoint.counters.get("step")
    name = f"{path.name}  {checkpoint.spec.figure}" + (f"  step {step}" if step is not None else "")
    return PolicyPlayer(
        checkpoint,
        seed=request.seed,
        stochastic=request.stochastic,
        keep_on=request.keep_on,
        frames_per_loop=request.frames_per_loop,
        name=name,
    )
