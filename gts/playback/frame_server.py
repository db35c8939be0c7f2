"""The process that plays: a show as a stream of lines, in real time, and words that come back.

Pictures are dropped where the reader is slow: what is sent is always the newest.
"""

from __future__ import annotations

import os
import select
import sys
import time
from contextlib import suppress
from dataclasses import dataclass

from gts.errors import GtsError
from gts.playback.scene import Scene
from gts.playback.session import Show, Wish
from gts.playback.stream import End, encode

_IDLE = 0.25
"""Seconds between two looks at the clock while nothing moves."""
_LEAST_WAIT = 0.01
_PATIENCE = 30.0
"""Seconds that a reader who is not dead may take for one line."""


@dataclass(frozen=True)
class Pipes:
    """Two file descriptors."""

    words: int | None
    """Where words come from; None: nobody says anything."""
    lines: int
    """Where lines go to."""


def produce(wish: Wish, pipes: Pipes) -> None:
    """Play until the end, until somebody says `quit`, or until nobody listens.

    Raises what opening and playing files raises; then no line of the end was sent.
    """
    listener = _Listener(pipes.words)
    try:
        show = Show(wish, time.monotonic())
        scene, told, fresh, due = Scene(show.playback), "", True, 0.0
        while not show.over:
            if told != show.playback.name:
                scene, told = Scene(show.playback), show.playback.name
                _send(pipes.lines, encode(scene.stage))
            now = time.monotonic()
            if _ready(pipes.lines) and fresh and now >= due:
                _send(pipes.lines, encode(scene.moment(show.frame, paused=show.paused, rate=show.rate)))
                fresh, due = False, max(due + 1.0 / wish.fps, now)
            for word in listener.hear(_IDLE if show.paused else max(due - now, _LEAST_WAIT)):
                show.press(word)
                fresh, due = True, 0.0
            fresh |= show.tick(time.monotonic())
        _send(pipes.lines, encode(End()))
    except BrokenPipeError:
        return


class _Listener:
    """Hears words, a line each."""

    def __init__(self, source: int | None) -> None:
        self._source = source
        self._heard = b""

    def hear(self, seconds: float) -> list[str]:
        """What was said within this time, waiting no longer than for the first word."""
        if self._source is None:
            time.sleep(seconds)
            return []
        if not select.select([self._source], [], [], seconds)[0]:
            return []
        said = os.read(self._source, 4096)
        if not said:
            self._source = None  # nobody says anything any more; whether somebody looks shows elsewhere
        *words, self._heard = (self._heard + said).split(b"\n")
        return [word.decode(errors="replace").strip() for word in words]


def _ready(lines: int) -> bool:
    """Whether a line can be sent now; raises BrokenPipeError where nobody reads."""
    poll = select.poll()
    poll.register(lines, select.POLLOUT)
    events = dict(poll.poll(0)).get(lines, 0)
    if events & (select.POLLERR | select.POLLHUP):
        raise BrokenPipeError
    return bool(events)


def _send(lines: int, data: bytes) -> None:
    """Send a whole line; raises BrokenPipeError where nobody reads."""
    deadline = time.monotonic() + _PATIENCE
    while data:
        if not select.select([], [lines], [], max(0.0, deadline - time.monotonic()))[1]:
            raise BrokenPipeError
        data = data[os.write(lines, data) :]


def main(arguments: list[str]) -> int:
    """The process that a viewer starts: one word, a wish as JSON. A failure is a line too, so that a viewer can show it."""
    lines = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints is no line of the stream
    try:
        produce(Wish.from_json(arguments[0]), Pipes(sys.stdin.fileno(), lines))
    except GtsError as error:
        with suppress(BrokenPipeError):
            _send(lines, encode(error))
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
