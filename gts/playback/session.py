"""A show: what was asked to be played, in its time, and what the keys do to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from gts.errors import UsageError
from gts.playback.frame import Frame, Playback

RATES = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""How fast `faster` and `slower` make it."""
_REST_SECONDS = 0.6
"""How long the end of a loop stays to be seen."""
_LATEST_SECONDS = 0.25
"""A show that falls further behind than this does not hurry after the clock."""


@dataclass(frozen=True)
class Wish:
    """What shall be played; plain data, so that it can be handed to another process."""

    files: tuple[str, ...]
    """Checkpoints and trajectories, in the order of the show."""
    loops: int = 2
    """How often each of them; 0: for ever."""
    frames: int = 500
    """The longest loop, in control steps; 0: without end."""
    seed: int | None = None
    keep_on: bool = False
    stochastic: bool = False
    rate: float = 1.0
    """1 is real time."""
    fps: float = 15.0
    """Pictures a second, at the most."""
    held: bool = False
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


class Show:
    """What plays now. `tick` lets time pass, `press` is a person's will; nothing here waits or draws."""

    def __init__(self, wish: Wish, now: float, opened: Callable[[Wish, str], Playback] | None = None) -> None:
        """Opens the first file. Raises what reading and playing it raise, UsageError where there is none."""
        if not wish.files:
            raise UsageError("there is nothing to play")
        self.wish = wish
        self.over = False
        """Nothing follows."""
        self.paused = wish.held
        self.rate = wish.rate
        self._open = opened or open_playback
        self._last = now
        self._owed = 0.0
        self._rest_until: float | None = None
        self._number = 0
        self._played = 0
        self.playback = self._open(wish, wish.files[0])
        self.frame: Frame = self.playback.restart()

    def press(self, word: str) -> None:
        """Do what one of the words of `gts.playback.stream` says; others do nothing."""
        if word == "pause":
            self.paused = not self.paused
        elif word == "step":
            self.paused = True
            self._step()
        elif word == "restart":
            self._begin()
        elif word == "keep":
            self.playback.keep_on = not self.playback.keep_on
        elif word == "next" and len(self.wish.files) > 1:
            self._take_next()
        elif word in ("faster", "slower"):
            others = [rate for rate in RATES if (rate > self.rate) == (word == "faster") and rate != self.rate]
            self.rate = min(others, key=lambda rate: abs(rate - self.rate), default=self.rate)
        elif word == "quit":
            self.over = True

    def tick(self, now: float) -> bool:
        """Go on to `now`; whether there is something new to see."""
        passed = min(now - self._last, _LATEST_SECONDS)
        self._last = now
        if self.over or self.paused:
            return False
        if self._rest_until is not None:
            if now < self._rest_until:
                return False
            self._rest_until = None
            self._go_on()
            return not self.over
        self._owed += passed * self.rate * self.playback.fps
        steps, self._owed = int(self._owed), self._owed % 1.0
        for _ in range(steps):
            self._step()
            if self.frame.ended:
                self._rest_until, self._owed = now + _REST_SECONDS, 0.0
                break
        return steps > 0

    def _step(self) -> None:
        if self.frame.ended:
            self._go_on()
        else:
            self.frame = self.playback.advance()

    def _go_on(self) -> None:
        """The next loop, the next file, or the end."""
        self._played += 1
        if self.wish.loops == 0 or self._played < self.wish.loops:
            self._begin()
        elif self._number + 1 < len(self.wish.files):
            self._take_next()
        else:
            self.over = True

    def _take_next(self) -> None:
        self._number = (self._number + 1) % len(self.wish.files)
        self.playback = self._open(self.wish, self.wish.files[self._number])
        self._played = 0
        self._begin()

    def _begin(self) -> None:
        self._rest_until, self._owed = None, 0.0
        self.frame = self.playback.restart()


def open_playback(wish: Wish, file: str) -> Playback:
    """What plays a file; raises what reading it and fitting it to its figure raise."""
    path = Path(file)
    if path.suffix == ".trajectory":
        from gts.playback.recording import Recording

        return Recording(path, follow=wish.follow)
    from gts.formats.checkpoint import read_checkpoint
    from gts.playback.player import Player

    checkpoint = read_checkpoint(path)
    step = checkpoint.counters.get("step")
    name = f"{path.name}  {checkpoint.spec.figure}" + (f"  step {step}" if step is not None else "")
    return Player(
        checkpoint,
        seed=wish.seed,
        stochastic=wish.stochastic,
        keep_on=wish.keep_on,
        frames_per_loop=wish.frames,
        name=name,
    )
