"""The process that plays a request in real time as a frame stream and obeys commands.

Frames are dropped if the reader is slow: the newest one is always sent next.
"""

from __future__ import annotations

import os
import select
import sys
import time
from contextlib import suppress
from dataclasses import dataclass

from gts.errors import GtsError
from gts.playback.scene_reader import SceneReader
from gts.playback.session import PlaybackRequest, PlaybackSession
from gts.playback.stream import StreamEnd, encode_message

_IDLE_SECONDS = 0.25
"""Longest wait for a command while paused."""
_MIN_WAIT_SECONDS = 0.01
_SEND_TIMEOUT = 30.0
"""Seconds without progress after which a reader counts as gone."""


@dataclass(frozen=True)
class StreamPipes:
    """File descriptors of a frame stream."""

    commands: int | None
    """Source of commands; None without commands."""
    output: int
    """Target of the lines."""


def serve_frames(request: PlaybackRequest, pipes: StreamPipes) -> None:
    """Play until the end, until `quit`, or until the output is closed.

    Raises the errors of `open_playback`, without sending an end line.
    """
    listener = _CommandReader(pipes.commands)
    try:
        session = PlaybackSession(request, time.monotonic())
        scene, sent_name, fresh, due = SceneReader(session.playback), "", True, 0.0
        while not session.is_finished:
            if sent_name != session.playback.name:
                scene, sent_name = SceneReader(session.playback), session.playback.name
                _send_line(pipes.output, encode_message(scene.info))
            now = time.monotonic()
            if _is_writable(pipes.output) and fresh and now >= due:
                _send_line(
                    pipes.output, encode_message(scene.read_state(session.frame, paused=session.paused, rate=session.rate))
                )
                fresh, due = False, max(due + 1.0 / request.max_fps, now)
            for word in listener.read_commands(_IDLE_SECONDS if session.paused else max(due - now, _MIN_WAIT_SECONDS)):
                session.handle_command(word)
                fresh, due = True, 0.0
            fresh |= session.tick(time.monotonic())
        _send_line(pipes.output, encode_message(StreamEnd()))
    except BrokenPipeError:
        return


class _CommandReader:
    """Reads commands, one per line."""

    def __init__(self, source: int | None) -> None:
        self._source = source
        self._buffer = b""

    def read_commands(self, seconds: float) -> list[str]:
        """Read commands, waiting at most `seconds` for the first."""
        if self._source is None:
            time.sleep(seconds)
            return []
        if not select.select([self._source], [], [], seconds)[0]:
            return []
        said = os.read(self._source, 4096)
        if not said:
            self._source = None  # an open output shows whether the reader is still there
        *words, self._buffer = (self._buffer + said).split(b"\n")
        return [word.decode(errors="replace").strip() for word in words]


def _is_writable(descriptor: int) -> bool:
    """Whether a line can be sent now; raises BrokenPipeError if the reader is gone."""
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    events = dict(poll.poll(0)).get(descriptor, 0)
    if events & (select.POLLERR | select.POLLHUP):
        raise BrokenPipeError
    return bool(events)


def _send_line(descriptor: int, data: bytes) -> None:
    """Send a whole line; raises BrokenPipeError if the reader is gone or does not read for 30 s."""
    deadline = time.monotonic() + _SEND_TIMEOUT
    while data:
        if not select.select([], [descriptor], [], max(0.0, deadline - time.monotonic()))[1]:
            raise BrokenPipeError
        data = data[os.write(descriptor, data) :]


def main(arguments: list[str]) -> int:
    """Play the request given as JSON; errors are sent as a line, so that the viewer can show them. Returns the exit code."""
    lines = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # keeps the output of libraries out of the stream
    try:
        serve_frames(PlaybackRequest.from_json(arguments[0]), StreamPipes(sys.stdin.fileno(), lines))
    except GtsError as error:
        with suppress(BrokenPipeError):
            _send_line(lines, encode_message(error))
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
