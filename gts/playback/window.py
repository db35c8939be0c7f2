"""The process of a window: MuJoCo's own viewer with the numbers of the playback over it and its keys.

Writes `open` and `closed` to standard output, one per line, or an `error` as in `gts.playback.stream`. The parent ignores the
exit code after `closed`, since GL libraries are known to abort while they are unloaded. The process ends when its input does.
"""

from __future__ import annotations

import os
import queue
import select
import sys
import time
from collections.abc import Sequence
from typing import Any

import mujoco

from gts.errors import GtsError
from gts.playback.panels import KEYS, format_measures, format_reward_terms, list_conditions
from gts.playback.scene_reader import SceneReader
from gts.playback.session import PlaybackRequest, PlaybackSession
from gts.playback.stream import encode_message

KEY_COMMANDS = {
    32: "pause",
    262: "step",
    ord("R"): "restart",
    ord("K"): "keep",
    ord("N"): "next",
    ord("Q"): "quit",
    256: "quit",
}
"""Commands by GLFW key number."""
_FRAMES_PER_SECOND = 60.0
_ELEVATION = {True: -6.0, False: -18.0}
_AZIMUTH = {True: 90.0, False: 112.0}
"""Camera angles in degrees, for planar figures and for others."""
_DISTANCE = 2.2
"""Camera distance ÷ height of the figure …"""
_ASPECT = 1.4
"""… or ÷ its width over this."""


class ViewerWindow:
    """A window for all playbacks of one model."""

    def __init__(self, session: PlaybackSession) -> None:
        import mujoco.viewer

        self.commands: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.scene = SceneReader(session.playback)
        self._model, self._data = session.playback.model, mujoco.MjData(session.playback.model)
        mujoco.mj_copyData(self._data, self._model, session.playback.data)
        self._viewer: Any = mujoco.viewer.launch_passive(
            self._model, self._data, key_callback=self._on_key, show_left_ui=False, show_right_ui=False
        )
        with self._viewer.lock():
            self._place_camera()

    def can_show(self, session: PlaybackSession) -> bool:
        """Whether the session plays the model of this window."""
        return bool(session.playback.model.names == self._model.names and session.playback.model.nq == self._model.nq)

    @property
    def is_open(self) -> bool:
        """Whether the window has not been closed."""
        return bool(self._viewer.is_running())

    def draw(self, session: PlaybackSession) -> None:
        """Show the current frame and its numbers."""
        with self._viewer.lock():
            mujoco.mj_copyData(self._data, self._model, session.playback.data)
        state = self.scene.read_state(session.frame, paused=session.paused, rate=session.rate)
        measures = [*format_measures(state), *format_reward_terms(state)]
        font = mujoco.mjtFontScale.mjFONTSCALE_150
        corner = mujoco.mjtGridPos
        keys = [(key, action) for key, action in KEYS if key != "N" or len(session.request.files) > 1]
        texts = [
            (font, corner.mjGRID_TOPLEFT, _join_column(0, measures), _join_column(1, measures)),
            (font, corner.mjGRID_TOPRIGHT, _to_ascii("\n".join([session.playback.name, *list_conditions(state)])), ""),
            (font, corner.mjGRID_BOTTOMLEFT, _join_column(0, keys), _join_column(1, keys)),
        ]
        self._viewer.set_texts(texts)
        self._viewer.sync()

    def close(self) -> None:
        """Close the window."""
        self._viewer.close()

    def _place_camera(self) -> None:
        """Put the camera beside the figure; it follows one that travels."""
        scene, camera = self.scene.info, self._viewer.cam
        camera.azimuth, camera.elevation = _AZIMUTH[scene.is_planar], _ELEVATION[scene.is_planar]
        camera.distance = _DISTANCE * max(scene.extent[1], scene.extent[0] / _ASPECT)
        camera.lookat[:] = scene.centre
        if scene.is_travelling:
            camera.type = mujoco.mjtCamera.mjCAMERA_TRACKING
            camera.trackbodyid = 1

    def _on_key(self, number: int) -> None:
        """Queue the command of a key; called in the viewer's thread."""
        if number in KEY_COMMANDS:
            self.commands.put(KEY_COMMANDS[number])


def play_in_window(request: PlaybackRequest) -> None:
    """Play until the end, until the window is closed, or until standard input ends."""
    session = PlaybackSession(request, time.monotonic())
    window = ViewerWindow(session)
    print("open", flush=True)
    while not session.is_finished and window.is_open:
        if select.select([sys.stdin], [], [], 0.0)[0] and not sys.stdin.readline():
            break
        while not window.commands.empty():
            session.handle_command(window.commands.get())
        session.tick(time.monotonic())
        if not window.can_show(session):
            window.close()
            window = ViewerWindow(session)
        window.draw(session)
        time.sleep(1.0 / _FRAMES_PER_SECOND)
    print("closed", flush=True)


def _join_column(number: int, rows: Sequence[tuple[str, str]]) -> str:
    return _to_ascii("\n".join(row[number] for row in rows))


def _to_ascii(text: str) -> str:
    """Replace the characters that the viewer's font lacks."""
    return text.replace("−", "-").replace("→", "right").replace("×", "x").encode("ascii", "replace").decode()


def main(arguments: list[str]) -> int:
    """Play the request given as JSON; returns the exit code."""
    try:
        play_in_window(PlaybackRequest.from_json(arguments[0]))
    except GtsError as error:
        sys.stdout.buffer.write(encode_message(error))
        sys.stdout.flush()
        return error.exit_code
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    # Skips the clean-up in which GL libraries abort.
    os._exit(code)
