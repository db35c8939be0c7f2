"""A show: what was asked to be played, in its time, and what the keys do to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from gts.errors import UsageError
from gts.playback.playback_source import PlaybackFrame, PlaybackSource

PLAYBACK_RATES = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""How fast `faster` and `slower` make it."""
_END_PAUSE_SECONDS = 0.6
"""How long the end of a loop stays to be seen."""
_MAX_CATCH_UP_SECONDS = 0.25
"""A show that falls further behind than this does not hurry after the clock."""


@dataclass(frozen=True)
class PlaybackRequest:
    """What shall be played; plain data, so that it can be handed to another process."""

    files: tuple[str, ...]
    """Checkpoints and trajectories, in the order of the show."""
    loops: int = 2
    """How often each of them; 0: for ever."""
    frames_per_loop: int = 500
    """The longest loop, in control steps; 0: without end."""
    seed: int | None = None
    keep_on: bool = False
    stochastic: bool = False
    rate: float = 1.0
    """1 is real time."""
    max_fps: float = 15.0
    """Pictures a second, at the most."""
    start_paused: bool = False
    """Begin with a pause."""
    follow: bool = False
    """Play a trajectory anew whenever it was written anew."""

    def as_json(self) -> str:
        """For another process."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The inverse of `as_json`."""
        values: dict[str, Any] = json.loads(text)
        return cls(**{**values, "files": tuple(values["files"])})


class PlaybackSession:
    """What plays now. `tick` lets time pass, `press` is a person's will; nothing here waits or draws."""

    def __init__(
        self, request: PlaybackRequest, now: float, open_source: Callable[[PlaybackRequest, str], PlaybackSource] | None = None
    ) -> None:
        """Opens the first file. Raises what reading and playing it raise, UsageError where there is none."""
        if not request.files:
            raise UsageError("there is nothing to play")
        self.request = request
        self.is_finished = False
        """Nothing follows."""
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
        """Do what one of the words of `gts.playback.stream` says; others do nothing."""
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
        """Go on to `now`; whether there is something new to see."""
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
        """The next loop, the next file, or the end."""
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
    """What plays a file; raises what reading it and fitting it to its figure raise."""
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
