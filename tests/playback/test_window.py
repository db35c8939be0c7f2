"""Playback windows on a virtual X display."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray
from PIL import ImageGrab

from gts.playback.display import find_window_problem, run_window_process
from gts.playback.session import PlaybackRequest
from tests.support.waiting import wait_until

pytestmark = pytest.mark.process

SECONDS = 120.0
"""Deadline: windows drawn in software on a busy machine are slow."""


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """Start a virtual X display; its name."""
    if shutil.which("Xvfb") is None:
        if os.environ.get("GTS_TEST_WINDOWS"):
            pytest.fail("Xvfb is missing")
        pytest.skip("Xvfb is not installed")
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "800x600x24", "-nolisten", "tcp"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    name = f":{os.read(read, 16).decode().strip()}"
    yield name
    server.terminate()
    server.wait()
    os.close(read)


@pytest.fixture(autouse=True)
def _no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION", "SSH_TTY"):
        monkeypatch.delenv(name, raising=False)


def picture(display: str) -> NDArray[np.float64]:
    """Grab the display, (H, W, 3) from 0 to 1."""
    return np.asarray(ImageGrab.grab(xdisplay=display).convert("RGB"), np.float64) / 255


def figure(shot: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Mark the brown pixels, which belong to the figure."""
    red, green, blue = shot[..., 0], shot[..., 1], shot[..., 2]
    brown = (red > 0.3) & (red > 1.6 * green) & (green > 1.2 * blue)
    return np.asarray(brown)


def until(display: str, seen: Callable[[NDArray[np.float64]], bool]) -> NDArray[np.float64]:
    """Wait for a picture that fulfils a condition; returns it."""

    def look() -> tuple[NDArray[np.float64]] | None:
        shot = picture(display)
        return (shot,) if seen(shot) else None

    found = wait_until(look, what="a picture in the window", deadline=SECONDS, interval=0.3)
    assert found is not None
    return found[0]


def press(display: str, key: str) -> None:
    subprocess.run(["xdotool", "key", key], env={**os.environ, "DISPLAY": display}, check=True)


@pytest.mark.slow
def test_the_figure_is_in_the_window_and_moves(display: str, hopper_file: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gts", "play", str(hopper_file), "-l", "0", "-n", "0", "-r", "1"]
    process = subprocess.Popen(
        command, env={**os.environ, "DISPLAY": display}, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        first = until(display, lambda shot: figure(shot).sum() > 300)
        moved = until(display, lambda shot: (figure(shot) ^ figure(first)).sum() > 100)
        rows, columns = np.nonzero(figure(moved))
        window = np.nonzero(moved.max(axis=2) > 0)
        assert abs(columns.mean() / window[1].max() - 0.5) < 0.2, "the camera follows it"
        assert rows.max() - rows.min() > 100
        corner = moved[:140, :130]
        assert (corner > 0.9).all(axis=2).sum() > 100, "numbers in a corner"
        if shutil.which("xdotool"):
            press(display, "space")
            until(display, lambda shot: still(display, shot))
            press(display, "q")
            out, err = process.communicate(timeout=SECONDS)
            assert (process.returncode, err) == (0, "")
            assert "-r 1" in out
        else:
            assert not os.environ.get("GTS_TEST_WINDOWS"), "xdotool is missing"
    finally:
        end(process)


def still(display: str, shot: NDArray[np.float64]) -> bool:
    """Whether the picture does not change for two seconds."""
    time.sleep(2.0)
    return bool(np.array_equal(shot, picture(display)))


def end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        for child in psutil.Process(process.pid).children(recursive=True):
            child.kill()
        process.kill()
    process.wait()


@pytest.mark.slow
def test_an_interrupted_command_closes_its_window(display: str, hopper_file: Path) -> None:
    command = [sys.executable, "-m", "gts", "play", str(hopper_file), "-l", "0", "--in", "window"]
    process = subprocess.Popen(command, env={**os.environ, "DISPLAY": display}, stderr=subprocess.PIPE, text=True)
    try:
        until(display, lambda shot: shot.max() > 0.5)
        children = psutil.Process(process.pid).children(recursive=True)
        assert children
        process.terminate()
        assert process.wait(60) == 130
        assert not psutil.wait_procs(children, 60)[1]
    finally:
        end(process)


def test_the_probe_finds_a_display_and_survives_a_missing_one(display: str) -> None:
    assert find_window_problem({**os.environ, "DISPLAY": display}) == ""
    assert find_window_problem({**os.environ, "DISPLAY": ":4242"}) == "the display does not answer"
    assert find_window_problem(dict(os.environ)) == "there is no display"


def test_an_unreadable_file_opens_no_window(display: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", display)
    (tmp_path / "bad.checkpoint").write_bytes(b"nothing")
    opened, failure = run_window_process(PlaybackRequest((str(tmp_path / "bad.checkpoint"),)))
    assert not opened and failure is not None and failure.exit_code == 2
