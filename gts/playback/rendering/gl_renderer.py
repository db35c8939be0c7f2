"""Pictures by MuJoCo's own renderer in a child process, which alone dies of a broken GL.

The child runs this module. Its input is a line of JSON with the sizes, the compiled model, and then the positions and the
camera of every picture; its output is raw RGB.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import mujoco
import numpy as np
from numpy.typing import NDArray

FIRST_IMAGE_TIMEOUT = 30.0
"""Longest time for the first picture, s."""
IMAGE_TIMEOUT = 20.0
MAX_IMAGE_SECONDS = 0.08
"""Seconds per picture from which on the software renderer is faster: GL drawn on the CPU."""

_PACKAGE_PARENT = Path(__file__).resolve().parents[3]


class GlLostError(Exception):
    """The drawing process has ended or does not answer."""


class GlRenderer:
    """Draws a model in pictures of one size with one GL backend."""

    def __init__(self, model: mujoco.MjModel, width: int, height: int, kind: str) -> None:
        """Start the process; `kind` is a value of `MUJOCO_GL`."""
        self.kind = kind
        self._size = width, height
        size = mujoco.mj_sizeModel(model)
        compiled = np.zeros(size, np.uint8)
        mujoco.mj_saveModel(model, None, compiled)
        path = os.pathsep.join(filter(None, [str(_PACKAGE_PARENT), os.environ.get("PYTHONPATH", "")]))
        environment = {**os.environ, "MUJOCO_GL": kind, "PYTHONPATH": path}
        environment.pop("PYOPENGL_PLATFORM", None)
        self._child = subprocess.Popen(
            [sys.executable, "-m", "gts.playback.rendering.gl_renderer"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
        header = {"width": width, "height": height, "model": size, "positions": model.nq}
        self._unsent = json.dumps(header).encode() + b"\n" + compiled.tobytes()

    def draw(self, data: mujoco.MjData, camera: mujoco.MjvCamera, *, timeout: float = IMAGE_TIMEOUT) -> NDArray[np.uint8]:
        """Draw the current state; returns the picture, (height, width, 3). Raises GlLostError after `timeout` seconds."""
        view = np.array([*camera.lookat, camera.distance, camera.azimuth, camera.elevation])
        deadline = time.monotonic() + timeout
        unsent, self._unsent = self._unsent, b""
        self._send(unsent + np.concatenate([data.qpos, view]).tobytes(), deadline)
        width, height = self._size
        picture = self._receive(width * height * 3, deadline)
        return np.frombuffer(picture, np.uint8).reshape(height, width, 3)

    def close(self) -> None:
        """Kill the drawing process."""
        with suppress(OSError):
            self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()

    def _send(self, data: bytes, deadline: float) -> None:
        assert self._child.stdin is not None
        pipe, left = self._child.stdin.fileno(), memoryview(data)
        # A hanging child reads nothing; a blocking write would hang this process too.
        os.set_blocking(pipe, False)
        while left:
            if not select.select([], [pipe], [], max(0.0, deadline - time.monotonic()))[1]:
                raise GlLostError("the drawing process reads nothing")
            try:
                left = left[os.write(pipe, left) :]
            except OSError as error:
                raise GlLostError("the drawing process has ended") from error

    def _receive(self, size: int, deadline: float) -> bytes:
        assert self._child.stdout is not None
        pipe, parts = self._child.stdout.fileno(), bytearray()
        while len(parts) < size:
            if not select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise GlLostError("no picture in time")
            part = os.read(pipe, size - len(parts))
            if not part:
                raise GlLostError("the drawing process has ended")
            parts += part
        return bytes(parts)


def start_gl(
    model: mujoco.MjModel,
    data: mujoco.MjData,
    camera: mujoco.MjvCamera,
    size: tuple[int, int],
    *,
    kinds: Sequence[str] | None = None,
    max_seconds: float = MAX_IMAGE_SECONDS,
) -> tuple[GlRenderer | None, str]:
    """Start the first working GL backend; returns (None, reason) if none works or it is slower than `max_seconds`."""
    reasons = []
    for kind in list_gl_backends() if kinds is None else kinds:
        renderer = GlRenderer(model, *size, kind)
        try:
            renderer.draw(data, camera, timeout=FIRST_IMAGE_TIMEOUT)
            began = time.monotonic()
            renderer.draw(data, camera)
            took = time.monotonic() - began
            if took <= max_seconds:
                return renderer, ""
            renderer.close()
            # It draws on the CPU, and so would the other backends.
            return None, f"{kind} takes {took:.2f} s per picture"
        except GlLostError:
            renderer.close()
            reasons.append(f"{kind} does not work")
    return None, ", ".join(reasons) or "GL is switched off"


def list_gl_backends() -> tuple[str, ...]:
    """The backend that `MUJOCO_GL` names, else all that need no display."""
    asked = os.environ.get("MUJOCO_GL", "").lower()
    if asked:
        return (asked,) if asked in ("egl", "osmesa", "cgl") else ()
    return ("cgl",) if sys.platform == "darwin" else ("egl", "osmesa")


def _read_exactly(size: int) -> bytes:
    data = sys.stdin.buffer.read(size)
    if len(data) < size:
        # The parent is gone. Exit at once, since GL libraries may abort during an orderly exit.
        os._exit(0)
    return data


def _serve_images() -> None:
    header = json.loads(sys.stdin.buffer.readline())
    model = mujoco.MjModel.from_binary_path("model.mjb", {"model.mjb": _read_exactly(header["model"])})
    model.vis.global_.offwidth, model.vis.global_.offheight = header["width"], header["height"]
    data, camera = mujoco.MjData(model), mujoco.MjvCamera()
    renderer = mujoco.Renderer(model, header["height"], header["width"])
    while True:
        numbers = np.frombuffer(_read_exactly(8 * (header["positions"] + 6)))
        data.qpos[:] = numbers[:-6]
        camera.lookat[:], camera.distance, camera.azimuth, camera.elevation = numbers[-6:-3], *numbers[-3:]
        mujoco.mj_forward(model, data)
        renderer.update_scene(data, camera)
        sys.stdout.buffer.write(renderer.render().tobytes())
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    _serve_images()
