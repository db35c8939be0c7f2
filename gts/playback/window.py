"""The process behind a window: MuJoCo's own viewer, with our numbers over it and our keys under it.

It tells its parent `open` and `closed`, a line each, or an `error` as in `gts.playback.stream`; how it ends after `closed` does
not count, since GL libraries are known to abort when they are unloaded. It ends when its input does.
"""

from __future__ import annotations

import os
import queue
import select
import sys
import time
from typing import Any

import mujoco

from gts.errors import GtsError
from gts.playback.overlay import KEYS, conditions, facts, terms
from gts.playback.scene import SceneReader
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
"""What keys say, by their GLFW numbers."""
_FRAMES_PER_SECOND = 60.0
_ELEVATION = {True: -6.0, False: -18.0}
_AZIMUTH = {True: 90.0, False: 112.0}
_DISTANCE = 2.2
"""Of the camera, in heights of the figure …"""
_ASPECT = 1.4
"""… or in this part of its width."""


class ViewerWindow:
    """One window, for all that has the same model."""

    def __init__(self, show: PlaybackSession) -> None:
        import mujoco.viewer

        self.commands: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.scene = SceneReader(show.playback)
        self._model, self._data = show.playback.model, mujoco.MjData(show.playback.model)
        mujoco.mj_copyData(self._data, self._model, show.playback.data)
        self._viewer: Any = mujoco.viewer.launch_passive(
            self._model, self._data, key_callback=self._on_key, show_left_ui=False, show_right_ui=False
        )
        with self._viewer.lock():
            self._place_camera()

    def can_show(self, show: PlaybackSession) -> bool:
        """Whether what plays now can be shown in this window."""
        return bool(show.playback.model.names == self._model.names and show.playback.model.nq == self._model.nq)

    @property
    def is_open(self) -> bool:
        """Until somebody closes it."""
        return bool(self._viewer.is_running())

    def draw(self, show: PlaybackSession) -> None:
        """Show where the figure is now."""
        with self._viewer.lock():
            mujoco.mj_copyData(self._data, self._model, show.playback.data)
        moment = self.scene.read_state(show.frame, paused=show.paused, rate=show.rate)
        rows = [*facts(moment), *terms(moment)]
        font = mujoco.mjtFontScale.mjFONTSCALE_150
        place = mujoco.mjtGridPos
        keys = [(key, does) for key, does in KEYS if key != "N" or len(show.request.files) > 1]
        texts = [
            (font, place.mjGRID_TOPLEFT, _join_column(0, rows), _join_column(1, rows)),
            (font, place.mjGRID_TOPRIGHT, _to_ascii("\n".join([show.playback.name, *conditions(moment)])), ""),
            (font, place.mjGRID_BOTTOMLEFT, _join_column(0, keys), _join_column(1, keys)),
        ]
        self._viewer.set_texts(texts)
        self._viewer.sync()

    def close(self) -> None:
        """Close it."""
        self._viewer.close()

    def _place_camera(self) -> None:
        """The camera at the figure's side, following it where it travels."""
        stage, camera = self.scene.info, self._viewer.cam
        camera.azimuth, camera.elevation = _AZIMUTH[stage.is_planar], _ELEVATION[stage.is_planar]
        camera.distance = _DISTANCE * max(stage.extent[1], stage.extent[0] / _ASPECT)
        camera.lookat[:] = stage.centre
        if stage.is_travelling:
            camera.type = mujoco.mjtCamera.mjCAMERA_TRACKING
            camera.trackbodyid = 1

    def _on_key(self, number: int) -> None:
        """Called by the window's own thread."""
        if number in KEY_COMMANDS:
            self.commands.put(KEY_COMMANDS[number])


def play_in_window(request: PlaybackRequest) -> None:
    """Play until the end, until the window is closed, or until the parent is gone."""
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


def _join_column(number: int, rows: Any) -> str:
    return _to_ascii("\n".join(row[number] for row in rows))


def _to_ascii(text: str) -> str:
    """In the letters that the window's font has."""
    return text.replace("−", "-").replace("→", "right").replace("×", "x").encode("ascii", "replace").decode()


def main(arguments: list[str]) -> int:
    """The process: one word, a wish as JSON."""
    try:
        play_in_window(PlaybackRequest.from_json(arguments[0]))
    except GtsError as error:
        sys.stdout.buffer.write(encode_message(error))
        sys.stdout.flush()
        return error.exit_code
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    # Without the clean-up in which GL libraries abort.
    os._exit(code)
