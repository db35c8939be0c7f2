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
from gts.playback.scene import Scene
from gts.playback.session import Show, Wish
from gts.playback.stream import encode

WORDS = {32: "pause", 262: "step", ord("R"): "restart", ord("K"): "keep", ord("N"): "next", ord("Q"): "quit", 256: "quit"}
"""What keys say, by their GLFW numbers."""
_PICTURES_A_SECOND = 60.0
_ELEVATION = {True: -6.0, False: -18.0}
_AZIMUTH = {True: 90.0, False: 112.0}
_DISTANCE = 2.2
"""Of the camera, in heights of the figure …"""
_SHAPE = 1.4
"""… or in this part of its width."""


class Window:
    """One window, for all that has the same model."""

    def __init__(self, show: Show) -> None:
        import mujoco.viewer

        self.words: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.scene = Scene(show.playback)
        self._model, self._data = show.playback.model, mujoco.MjData(show.playback.model)
        mujoco.mj_copyData(self._data, self._model, show.playback.data)
        self._viewer: Any = mujoco.viewer.launch_passive(
            self._model, self._data, key_callback=self._key, show_left_ui=False, show_right_ui=False
        )
        with self._viewer.lock():
            self._aim()

    def fits(self, show: Show) -> bool:
        """Whether what plays now can be shown in this window."""
        return bool(show.playback.model.names == self._model.names and show.playback.model.nq == self._model.nq)

    @property
    def is_open(self) -> bool:
        """Until somebody closes it."""
        return bool(self._viewer.is_running())

    def draw(self, show: Show) -> None:
        """Show where the figure is now."""
        with self._viewer.lock():
            mujoco.mj_copyData(self._data, self._model, show.playback.data)
        moment = self.scene.moment(show.frame, paused=show.paused, rate=show.rate)
        rows = [*facts(moment), *terms(moment)]
        font = mujoco.mjtFontScale.mjFONTSCALE_150
        place = mujoco.mjtGridPos
        keys = [(key, does) for key, does in KEYS if key != "N" or len(show.wish.files) > 1]
        texts = [
            (font, place.mjGRID_TOPLEFT, _column(0, rows), _column(1, rows)),
            (font, place.mjGRID_TOPRIGHT, _plain("\n".join([show.playback.name, *conditions(moment)])), ""),
            (font, place.mjGRID_BOTTOMLEFT, _column(0, keys), _column(1, keys)),
        ]
        self._viewer.set_texts(texts)
        self._viewer.sync()

    def close(self) -> None:
        """Close it."""
        self._viewer.close()

    def _aim(self) -> None:
        """The camera at the figure's side, following it where it travels."""
        stage, camera = self.scene.stage, self._viewer.cam
        camera.azimuth, camera.elevation = _AZIMUTH[stage.planar], _ELEVATION[stage.planar]
        camera.distance = _DISTANCE * max(stage.extent[1], stage.extent[0] / _SHAPE)
        camera.lookat[:] = stage.centre
        if stage.travels:
            camera.type = mujoco.mjtCamera.mjCAMERA_TRACKING
            camera.trackbodyid = 1

    def _key(self, number: int) -> None:
        """Called by the window's own thread."""
        if number in WORDS:
            self.words.put(WORDS[number])


def play_in_window(wish: Wish) -> None:
    """Play until the end, until the window is closed, or until the parent is gone."""
    show = Show(wish, time.monotonic())
    window = Window(show)
    print("open", flush=True)
    while not show.over and window.is_open:
        if select.select([sys.stdin], [], [], 0.0)[0] and not sys.stdin.readline():
            break
        while not window.words.empty():
            show.press(window.words.get())
        show.tick(time.monotonic())
        if not window.fits(show):
            window.close()
            window = Window(show)
        window.draw(show)
        time.sleep(1.0 / _PICTURES_A_SECOND)
    print("closed", flush=True)


def _column(number: int, rows: Any) -> str:
    return _plain("\n".join(row[number] for row in rows))


def _plain(text: str) -> str:
    """In the letters that the window's font has."""
    return text.replace("−", "-").replace("→", "right").replace("×", "x").encode("ascii", "replace").decode()


def main(arguments: list[str]) -> int:
    """The process: one word, a wish as JSON."""
    try:
        play_in_window(Wish.from_json(arguments[0]))
    except GtsError as error:
        sys.stdout.buffer.write(encode(error))
        sys.stdout.flush()
        return error.exit_code
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    # Without the clean-up in which GL libraries abort.
    os._exit(code)
