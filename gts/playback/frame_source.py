"""The client of a frame server: starts the process, reads its newest frame, sends it commands."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import suppress

from gts.errors import FormatError
from gts.playback.session import PlaybackRequest
from gts.playback.stream import FrameState, PlaybackFailure, SceneInfo, StreamEnd, decode_message

_READ_BYTES = 1 << 16


class FrameSource:
    """A process that plays a request, with the newest scene and frame it has sent."""

    def __init__(self, request: PlaybackRequest) -> None:
        """Start the process; raises OSError if that fails."""
        self._error_file, path = tempfile.mkstemp()
        os.unlink(path)
        # With its own session Ctrl-C does not reach it; it ends when its pipes close, after the terminal has been restored.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "gts.playback.frame_server", request.as_json()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._error_file,
            start_new_session=True,
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._input, self._output = self._process.stdin.fileno(), self._process.stdout.fileno()
        self._partial_line = b""
        self.request = request
        self.scene: SceneInfo | None = None
        self.state: FrameState | None = None
        self.failure: PlaybackFailure | None = None
        self.has_ended = False

    def fileno(self) -> int:
        """The descriptor to wait for before `read`."""
        return self._output

    def read(self) -> bool:
        """Read what has arrived, keeping the newest frame only; returns whether there is something new to draw."""
        try:
            return self._read_messages()
        except (FormatError, OSError) as error:
            reason = error.problems[0].message if isinstance(error, FormatError) else str(error)
            self.failure = PlaybackFailure(f"the playback process sent invalid data: {reason}", "", 1)
            self.has_ended = True
            return True

    def send_command(self, command: str) -> None:
        """Send a command of `gts.playback.stream`; ignored if the process has ended."""
        with suppress(OSError):
            os.write(self._input, command.encode() + b"\n")

    def close(self) -> None:
        """End the process: close its pipes, wait a second, then kill it."""
        assert self._process.stdin is not None and self._process.stdout is not None
        with suppress(OSError):
            self._process.stdin.close()
        self._process.stdout.close()
        try:
            self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._error_file)

    def _read_messages(self) -> bool:
        data = os.read(self._output, _READ_BYTES)
        if not data:
            self._finish()
            return True
        *lines, self._partial_line = (self._partial_line + data).split(b"\n")
        new_state: FrameState | None = None
        # Decoding is the expensive part, so of several frames only the last one is decoded.
        frame_lines = [number for number, line in enumerate(lines) if line.startswith(b'{"kind":"frame"')]
        for number, line in enumerate(lines):
            if number in frame_lines[:-1]:
                continue
            message = decode_message(line)
            if isinstance(message, SceneInfo):
                self.scene, new_state = message, None
            elif isinstance(message, FrameState):
                new_state = message
            elif isinstance(message, PlaybackFailure):
                self.failure = message
            elif isinstance(message, StreamEnd):
                self.has_ended = True
        if new_state is not None:
            self.state = new_state
        return new_state is not None or self.has_ended

    def _finish(self) -> None:
        """Note the end of the process, with its last error line if it ended without a message."""
        code = self._process.wait()
        if not self.has_ended and self.failure is None:
            last_line = os.pread(self._error_file, _READ_BYTES, 0).decode(errors="replace").strip().rpartition("\n")[2]
            reason = f"was ended by signal {-code}" if code < 0 else f"failed: {last_line or f'exit code {code}'}"
            self.failure = PlaybackFailure(f"the playback process {reason}", "", 1)
        self.has_ended = True
