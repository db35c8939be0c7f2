"""`gts play` on a terminal of its own: what is drawn, what keys do, and that the terminal is given back as it was."""

from __future__ import annotations

import fcntl
import json
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
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from gts.playback.terminal import _words

SECONDS = 60.0


class Seat:
    """A person at a terminal in which a command runs."""

    def __init__(self, emulator: type, command: list[str], rows: int = 24, columns: int = 80, **environment: str) -> None:
        self._master, self._slave = pty.openpty()
        self.resize(rows, columns)
        self.before = termios.tcgetattr(self._slave)
        self.screen = emulator(rows, columns)
        self.received = 0
        self.everything = b""
        self._raw = b""
        known = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY", "NO_COLOR")}
        self.process = subprocess.Popen(
            [sys.executable, "-c", _IN_FOREGROUND, sys.executable, "-m", "gts", *command],
            stdin=self._slave,
            stdout=self._slave,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env={**known, "TERM": "xterm-256color", "LANG": "C.UTF-8", "SSH_CONNECTION": "here", **environment},
        )

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def until(self, seen: Callable[[], bool], seconds: float = SECONDS) -> None:
        """Look at the screen until something can be seen."""
        deadline = time.monotonic() + seconds
        while not seen():
            assert time.monotonic() < deadline, self.screen.text
            self.look(0.05)

    def look(self, seconds: float) -> None:
        """Look at the screen for a while."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0 and select.select([self._master], [], [], left)[0]:
            data = os.read(self._master, 1 << 16)
            self.received += len(data)
            self.everything += data
            self._raw += data
            # A letter or a sequence may come in two parts.
            parted = re.search(rb"\x1b(\[[?\d;]*)?$", self._raw)
            whole = self._raw[: parted.start()] if parted else self._raw
            with suppress(UnicodeDecodeError):
                text = whole.decode()
                self._raw = self._raw[len(whole) :]
                self.screen.feed(text.replace("\r", "").replace("\n", ""))

    def press(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def end(self) -> int:
        """Wait for the end; the exit code."""
        deadline = time.monotonic() + SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < deadline
            with suppress(AssertionError):  # what is printed after the drawing is no drawing
                self.look(0.05)
        with suppress(AssertionError):
            self.look(0.1)
        return self.process.returncode

    def hang_up(self) -> None:
        """The terminal is gone."""
        os.close(self._slave)
        os.close(self._master)
        self._master = self._slave = -1

    def close(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for descriptor in (self._master, self._slave):
            if descriptor >= 0:
                os.close(descriptor)

    @property
    def given_back(self) -> bool:
        """Whether the terminal is as it was."""
        return not self.screen.other_screen and not self.screen.hidden_cursor and termios.tcgetattr(self._slave) == self.before

    def players(self) -> list[psutil.Process]:
        """The processes that play."""
        return [
            child for child in psutil.Process(self.process.pid).children(recursive=True) if "producer" in str(child.cmdline())
        ]


_IN_FOREGROUND = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""

Sit = Callable[..., Seat]


@pytest.fixture
def sit(emulator: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sit]:
    """Starts a command at a terminal; `sit("play", file)`."""
    monkeypatch.chdir(tmp_path)
    seats: list[Seat] = []

    def start(*words: object, **more) -> Seat:
        seats.append(Seat(emulator, [str(word) for word in words], **more))
        return seats[-1]

    yield start
    for seat in seats:
        seat.close()


def drawn(seat: Seat) -> Callable[[], bool]:
    """Whether a figure is to be seen."""
    return lambda: sum(letter > "\u2800" for letter in seat.screen.text) > 40


def test_a_figure_is_played_until_somebody_quits(sit: Sit, hopper_file: Path) -> None:
    seat = sit("play", hopper_file, "-l", 0, "-r", 7, "-n", 0)
    seat.until(drawn(seat))
    assert seat.screen.other_screen and seat.screen.hidden_cursor
    assert "hopperPPO.checkpoint" in seat.screen.text and "space pause" in seat.screen.text
    first = seat.screen.text
    seat.look(1.0)
    assert seat.screen.text != first
    received, began = seat.received, time.monotonic()
    seat.look(4.0)
    assert (seat.received - received) / (time.monotonic() - began) < 15_000, "bytes a second"
    seat.press(b" ")
    seat.until(lambda: "[paused]" in seat.screen.text)
    seat.look(0.5)
    still, received = seat.screen.text, seat.received
    seat.look(1.0)
    assert seat.screen.text == still and seat.received == received, "a pause costs nothing"
    seat.press(b"\x1b[Ck")
    seat.until(lambda: "[keeps on]" in seat.screen.text)
    assert seat.screen.text != still
    seat.press(b"q")
    assert seat.end() == 0
    assert seat.given_back
    assert seat.process.stderr is not None
    assert "playing in the terminal: over ssh" in seat.process.stderr.read().decode()


@pytest.mark.parametrize("size", [(12, 40), (60, 200), (4, 10)])
def test_it_fits_and_follows_the_size_of_the_terminal(sit: Sit, hopper_file: Path, size: tuple[int, int]) -> None:
    seat = sit("play", hopper_file, "-l", 0)
    seat.until(drawn(seat))
    seat.press(b" ")
    seat.until(lambda: "[paused]" in seat.screen.text)
    seat.look(0.5)
    seat.screen.resize(*size)
    seat.resize(*size)
    seat.until(drawn(seat) if size[0] > 5 else lambda: "needs" in seat.screen.text)
    seat.look(0.5)
    assert len(seat.screen.letters) == size[0], "nothing was written beyond it"
    seat.press(b"q")
    assert seat.end() == 0 and seat.given_back


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_give_the_terminal_back(sit: Sit, hopper_file: Path, number: int) -> None:
    seat = sit("play", hopper_file, "-l", 0)
    seat.until(drawn(seat))
    players = seat.players()
    assert players
    if number == signal.SIGINT:
        seat.press(b"\x03")
    else:
        seat.process.send_signal(number)
    assert seat.end() == 130
    assert seat.given_back
    assert not psutil.wait_procs(players, 10)[1], "nobody plays on"


def test_a_terminal_that_is_gone_ends_everything(sit: Sit, hopper_file: Path) -> None:
    seat = sit("play", hopper_file, "-l", 0)
    seat.until(drawn(seat))
    players = seat.players()
    seat.hang_up()
    seat.process.wait(20)
    assert not psutil.wait_procs(players, 10)[1]


def test_a_crash_of_the_player_gives_the_terminal_back_and_is_told(sit: Sit, hopper_file: Path) -> None:
    seat = sit("play", hopper_file, "-l", 0)
    seat.until(drawn(seat))
    seat.players()[0].kill()
    assert seat.end() == 1
    assert seat.given_back
    assert seat.process.stderr is not None
    assert "error: the process that plays was ended by signal 9" in seat.process.stderr.read().decode()


def test_a_stop_of_the_shell_gives_the_terminal_back_for_a_while(sit: Sit, hopper_file: Path) -> None:
    seat = sit("play", hopper_file, "-l", 0)
    seat.until(drawn(seat))
    seat.press(b"\x1a")
    seat.until(lambda: psutil.Process(seat.process.pid).status() == psutil.STATUS_STOPPED)
    seat.look(0.2)
    assert seat.given_back
    seat.process.send_signal(signal.SIGCONT)
    seat.until(lambda: seat.screen.other_screen)
    seat.until(drawn(seat))
    seat.press(b"q")
    assert seat.end() == 0 and seat.given_back


def test_several_play_one_after_another_and_side_by_side(sit: Sit, hopper_file: Path, repository: Path) -> None:
    other = repository / "workspace" / "inverted" / "invertedPPO.checkpoint"
    seat = sit("play", hopper_file, other, "-l", 0, columns=120)
    seat.until(lambda: drawn(seat)() and "N next" in seat.screen.text)
    seat.press(b"n")
    seat.until(lambda: "invertedPPO" in seat.screen.text)
    seat.press(b"q")
    assert seat.end() == 0
    seat = sit("compare", hopper_file, other, "--play", columns=120)
    seat.until(lambda: "hopperPPO" in seat.screen.text[:120] and "invertedPPO" in seat.screen.text[:120])
    seat.until(lambda: all(any(letter > "\u2800" for letter in row[:50]) for row in seat.screen.letters[8:12]))
    seat.press(b"q")
    assert seat.end() == 0 and seat.given_back


def test_loops_end_and_the_seed_is_told(sit: Sit, hopper_file: Path) -> None:
    seat = sit("play", hopper_file, "-l", 1, "-n", 20, "-r", 7)
    seat.until(lambda: "0.16 s" in seat.screen.text)  # the numbers of the last frame
    assert seat.end() == 0
    assert seat.given_back
    # Where a line of the terminal ends depends on how long the path is.
    assert f"gtsplay{hopper_file}-r7" in "".join(seat.everything.decode().split())


def test_other_glyphs_and_no_colours(sit: Sit, hopper_file: Path) -> None:
    seat = sit("play", hopper_file, "-l", 0, "--glyphs", "ascii", NO_COLOR="1")
    seat.until(lambda: seat.screen.text.count("@") > 10)
    assert all(style in ("", "/") for row in seat.screen.styles for style in row)
    assert seat.screen.text.replace("→", "").replace("−", "").isascii()
    seat.press(b"q")
    assert seat.end() == 0


def test_a_terminal_that_cannot_place_letters_is_not_drawn_on(sit: Sit, hopper_file: Path) -> None:
    seat = sit("play", hopper_file, TERM="dumb")
    assert seat.end() == 3
    assert seat.process.stderr is not None
    assert "cannot place letters" in seat.process.stderr.read().decode()


def test_keys_are_told_apart() -> None:
    assert list(_words(b" \x1b[Cr\x1bOC")) == ["pause", "step", "restart", "step"]
    assert list(_words(b"\x1b")) == ["quit"]
    assert list(_words(b"\x1b[1;5Dx\x1b[<0;12;3M\x1b[200~k")) == ["keep"]


def test_the_stream_of_the_command_is_lines_only(hopper_file: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gts", "play", str(hopper_file), "--stream", "-l", "1", "-n", "30", "--fps", "60"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=tmp_path, timeout=60)
    kinds = [json.loads(line)["kind"] for line in done.stdout.splitlines()]
    assert done.returncode == 0 and done.stderr == ""
    assert kinds[0] == "stage" and kinds[-1] == "end" and set(kinds[1:-1]) == {"frame"}
