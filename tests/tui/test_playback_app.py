"""The app of `gts play --in terminal`: with a pilot, and as a process in a pseudo-terminal of its own."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from gts.playback.display import find_terminal_problem
from gts.playback.session import PlaybackRequest
from gts_tui.playback_app import PlaybackApp, find_colour_system
from gts_tui.widgets.playback import PlaybackThread
from gts_tui.widgets.player import PlayerWidget
from tests.support.app_driver import screen_text, shows, until
from tests.support.sample_workspace import EXAMPLES
from tests.support.waiting import wait_until

HOPPER = EXAMPLES / "hopper/hopperPPO.checkpoint"
INVERTED = EXAMPLES / "inverted/invertedPPO.checkpoint"
LOADING = 120.0
"""Seconds within which a playback process loads on a busy machine."""
XTERM = {"TERM": "xterm-256color"}


def request(*files: Path, **more: Any) -> PlaybackRequest:
    return PlaybackRequest(tuple(map(str, files)), **{"loops": 0, "seed": 7, **more})


def play(
    requests: list[PlaybackRequest],
    flow: Callable[[PlaybackApp, Any], Awaitable[None]],
    glyphs: Any = "braille",
    size: tuple[int, int] = (80, 24),
    environment: Mapping[str, str] = XTERM,
) -> PlaybackApp:
    """Run the app without a terminal; returns it after its end."""
    app = PlaybackApp(requests, glyphs, environment)

    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            await flow(app, pilot)

    asyncio.run(run())
    return app


def dots(text: str) -> int:
    return sum("\u2801" <= char <= "\u28ff" for char in text)


@pytest.mark.process
def test_a_figure_plays_and_obeys_the_keys() -> None:
    async def flow(app: PlaybackApp, pilot: Any) -> None:
        first = await shows(pilot, r"return \d", LOADING)
        assert dots(first) > 40 and "hopperPPO.checkpoint" in first and "space pause" in first
        assert "N next" not in first
        await until(pilot, lambda: screen_text(app) != first)
        await pilot.press("space")
        await shows(pilot, r"\[paused\]")
        frames = app.query_one(PlayerWidget).frame_count
        await pilot.press("right", "K", "plus")
        await shows(pilot, r"\[paused\] +\[keeps on\] +\[2× speed\]")
        assert app.query_one(PlayerWidget).frame_count > frames
        await pilot.press("minus", "k", "R", "space")
        await until(pilot, lambda: "[" not in screen_text(app))
        await pilot.press("w")  # no window from here
        await pilot.press("q")

    app = play([request(HOPPER)], flow)
    assert app.return_value is None and not app.was_interrupted


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("size", [(40, 12), (200, 60), (10, 4)])
def test_the_picture_follows_the_size_of_the_terminal(size: tuple[int, int]) -> None:
    async def flow(app: PlaybackApp, pilot: Any) -> None:
        await shows(pilot, r"return \d", LOADING)
        await pilot.resize_terminal(*size)
        await until(pilot, lambda: dots(screen_text(app)) > 20 if size[1] > 5 else "needs" in screen_text(app))
        assert ("pause" in screen_text(app)) == (size[1] >= 12)
        await pilot.press("escape")

    play([request(HOPPER)], flow)


@pytest.mark.process
@pytest.mark.slow
def test_several_play_side_by_side_and_begin_together() -> None:
    async def flow(app: PlaybackApp, pilot: Any) -> None:
        await until(pilot, lambda: "hopperPPO" in screen_text(app) and "invertedPPO" in screen_text(app), LOADING)
        await shows(pilot, r"return \d.*return \d", LOADING)
        await until(pilot, lambda: "[paused]" not in screen_text(app))
        await pilot.press("space")
        await shows(pilot, r"\[paused\].*\[paused\]")
        await pilot.press("Q")

    play([request(HOPPER, start_paused=True), request(INVERTED, start_paused=True)], flow, size=(140, 40))


@pytest.mark.slow
@pytest.mark.process
def test_n_plays_the_next_file() -> None:
    async def flow(app: PlaybackApp, pilot: Any) -> None:
        assert "N next" in await shows(pilot, r"hopperPPO", LOADING)
        await pilot.press("N")
        await shows(pilot, "invertedPPO", LOADING)
        await pilot.press("q")

    play([request(HOPPER, INVERTED)], flow)


@pytest.mark.slow
@pytest.mark.process
def test_the_app_ends_after_the_last_loop_with_the_last_numbers() -> None:
    seen: list[str] = []

    async def flow(app: PlaybackApp, pilot: Any) -> None:
        def has_ended() -> bool:
            seen.append(screen_text(app))
            return not app.is_running or app._exit

        await until(pilot, has_ended, LOADING)

    app = play([request(HOPPER, loops=1, frames_per_loop=20)], flow)
    assert app.return_value is None
    assert any("0.16 s" in text for text in seen)


@pytest.mark.process
@pytest.mark.slow
def test_a_failure_ends_the_app_and_is_returned(tmp_path: Path) -> None:
    (tmp_path / "bad.checkpoint").write_bytes(b"nothing")

    async def flow(app: PlaybackApp, pilot: Any) -> None:
        await until(pilot, lambda: app._exit, LOADING)

    app = play([request(tmp_path / "bad.checkpoint")], flow)
    assert app.return_value is not None and app.return_value.exit_code == 2


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize(("glyphs", "pattern"), [("ascii", "@@|@%|%@"), ("half", "[▀▄█]{2}")])
def test_other_glyphs(glyphs: str, pattern: str) -> None:
    async def flow(app: PlaybackApp, pilot: Any) -> None:
        screen = await shows(pilot, pattern, LOADING)
        assert screen.isascii() == (glyphs == "ascii")
        await pilot.press("ctrl+c")

    assert play([request(HOPPER)], flow, glyphs).was_interrupted


@pytest.mark.process
@pytest.mark.slow
def test_no_colours_are_sent_to_a_terminal_without_them() -> None:
    async def flow(app: PlaybackApp, pilot: Any) -> None:
        await shows(pilot, r"return \d", LOADING)
        styles = [segment.style for strip in app.screen._compositor.render_strips() for segment in strip if segment.style]
        assert all(style.color is None and style.bgcolor is None for style in styles)
        await pilot.press("q")

    play([request(HOPPER)], flow, environment={"TERM": "xterm-256color", "NO_COLOR": "1"})


@pytest.mark.parametrize(
    ("environment", "colours"),
    [
        ({"TERM": "xterm-256color"}, "256"),
        ({"TERM": "xterm-ghostty"}, "256"),
        ({"TERM": "xterm"}, "standard"),
        ({"TERM": "linux"}, "standard"),
        ({"TERM": "vt100"}, None),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, None),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "truecolor"),
    ],
)
def test_colours_by_terminal(environment: dict[str, str], colours: str | None) -> None:
    assert find_colour_system(environment) == colours


def test_a_descriptor_that_is_no_terminal_is_a_problem() -> None:
    reader, writer = os.pipe()
    assert "not a terminal" in find_terminal_problem({"TERM": "xterm"}, writer)
    os.close(reader)
    os.close(writer)


def test_a_playback_thread_needs_no_pipe2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pipe2", raising=False)
    delivered: list[Any] = []
    thread = PlaybackThread(lambda: [], "braille", delivered.append)
    assert not os.get_blocking(thread._wake_reader) and not os.get_blocking(thread._wake_writer)
    assert not os.get_inheritable(thread._wake_reader) and not os.get_inheritable(thread._wake_writer)
    thread.set_size(10, 40)
    thread.start()
    thread.close()
    thread.join(LOADING)
    assert not thread.is_alive()
    thread.close()  # after its pipe has been closed


# -- in a pseudo-terminal ---------------------------------------------------------------------------------------------

_IN_FOREGROUND = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


class Session:
    """A `gts` process in the foreground of a pseudo-terminal, with standard error in a pipe."""

    def __init__(self, folder: Path, *words: object, stdin: int | None = None, **environment: str) -> None:
        self._master, self._slave = pty.openpty()
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.before = termios.tcgetattr(self._slave)
        self.output = b""
        kept = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY", "NO_COLOR")}
        self.process = subprocess.Popen(
            [*([sys.executable, "-c", _IN_FOREGROUND] if stdin is None else []), sys.executable, "-m", "gts", *map(str, words)],
            stdin=self._slave if stdin is None else stdin,
            stdout=self._slave,
            stderr=subprocess.PIPE,
            start_new_session=True,
            cwd=folder,
            env={**kept, "TERM": "xterm-256color", "LANG": "C.UTF-8", "SSH_CONNECTION": "here", **environment},
        )

    def look(self, seconds: float = 0.05) -> None:
        """Read what the process writes within some seconds."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0 and select.select([self._master], [], [], left)[0]:
            self.output += os.read(self._master, 1 << 16)

    def until(self, condition: Callable[[], bool]) -> None:
        def holds() -> bool:
            if not condition():
                self.look()
            return condition()

        wait_until(holds, what=lambda: repr(self.output[-2000:]), deadline=LOADING, interval=0.0)

    def until_drawn(self) -> None:
        self.until(lambda: dots(self.output.decode(errors="replace")) > 60)

    def press(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def wait(self) -> int:
        self.until(lambda: self.process.poll() is not None)
        self.look(0.1)
        return self.process.returncode

    def errors(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.read().decode()

    def hang_up(self) -> None:
        os.close(self._slave)
        os.close(self._master)
        self._master = self._slave = -1

    @property
    def is_restored(self) -> bool:
        """Whether the terminal has its first screen, its cursor and its settings back."""
        modes = {number: state for number, state in re.findall(rb"\x1b\[\?(1049|25)([hl])", self.output)}
        return modes == {b"1049": b"l", b"25": b"h"} and termios.tcgetattr(self._slave) == self.before

    def players(self) -> list[psutil.Process]:
        children = psutil.Process(self.process.pid).children(recursive=True)
        return [child for child in children if "gts.playback.frame_server" in child.cmdline()]

    def close(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        assert self.process.stderr is not None
        self.process.stderr.close()
        for descriptor in (self._master, self._slave):
            if descriptor >= 0:
                os.close(descriptor)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Session]]:
    sessions: list[Session] = []

    def make(*words: object, **more: Any) -> Session:
        sessions.append(Session(tmp_path, *words, **more))
        return sessions[-1]

    yield make
    for session in sessions:
        session.close()


@pytest.mark.process
@pytest.mark.slow
def test_the_command_plays_in_few_bytes_and_restores_the_terminal(start: Callable[..., Session]) -> None:
    session = start("play", HOPPER, "-l", 0, "-r", 7, "-n", 0)
    session.until_drawn()
    received, began = len(session.output), time.monotonic()
    session.until(lambda: time.monotonic() > began + 4.0 and len(session.output) > received)
    assert 0 < (len(session.output) - received) / (time.monotonic() - began) < 15_000, "bytes per second"
    session.press(b" ")
    session.until(lambda: b"[paused]" in session.output)

    def is_quiet() -> bool:
        received = len(session.output)
        session.look(1.0)
        return len(session.output) == received

    session.until(is_quiet)  # a pause costs nothing
    session.press(b"q")
    assert session.wait() == 0
    assert session.is_restored
    assert "playing in the terminal: over ssh" in session.errors()
    assert f"gtsplay{HOPPER}-r7" in "".join(session.output.decode(errors="replace").split())


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_restore_the_terminal_and_end_the_players(start: Callable[..., Session], number: int) -> None:
    session = start("play", HOPPER, "-l", 0)
    session.until_drawn()
    players = session.players()
    assert players
    if number == signal.SIGINT:
        session.press(b"\x03")
    else:
        session.process.send_signal(number)
    assert session.wait() == 130
    assert session.is_restored
    assert not psutil.wait_procs(players, 60)[1]


@pytest.mark.process
@pytest.mark.slow
def test_a_hang_up_ends_everything(start: Callable[..., Session]) -> None:
    session = start("play", HOPPER, "-l", 0)
    session.until_drawn()
    players = session.players()
    session.hang_up()
    session.process.wait(60)
    assert not psutil.wait_procs(players, 60)[1]


@pytest.mark.process
@pytest.mark.slow
def test_a_killed_player_restores_the_terminal_and_is_reported(start: Callable[..., Session]) -> None:
    session = start("play", HOPPER, "-l", 0)
    session.until_drawn()
    session.players()[0].kill()
    assert session.wait() == 1
    assert session.is_restored
    assert "error: the playback process was ended by signal 9" in session.errors()


@pytest.mark.process
@pytest.mark.slow
def test_ctrl_z_restores_the_terminal_until_the_process_continues(start: Callable[..., Session]) -> None:
    session = start("play", HOPPER, "-l", 0)
    session.until_drawn()
    session.press(b"\x1a")
    session.until(lambda: psutil.Process(session.process.pid).status() == psutil.STATUS_STOPPED)
    session.until(lambda: session.is_restored)
    session.output = b""
    session.process.send_signal(signal.SIGCONT)
    session.until_drawn()
    session.press(b"q")
    assert session.wait() == 0 and session.is_restored


@pytest.mark.process
def test_a_terminal_without_a_cursor_is_refused(start: Callable[..., Session]) -> None:
    session = start("play", HOPPER, TERM="dumb")
    assert session.wait() == 3
    assert "cannot move the cursor" in session.errors()


@pytest.mark.process
@pytest.mark.slow
def test_it_plays_without_input(start: Callable[..., Session]) -> None:
    with open(os.devnull) as nothing:
        session = start("play", HOPPER, "-l", 1, "-n", 20, "--in", "terminal", stdin=nothing.fileno())
    assert session.wait() == 0
    assert dots(session.output.decode(errors="replace")) > 60
