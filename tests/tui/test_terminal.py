"""Terminals that have letters only, and names that no terminal can show: seen from the other end of a pseudo-terminal."""

from __future__ import annotations

import os
import pty
import re
import select
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gts_tui import terminal
from gts_tui.command_syntax import MODES
from tests.support.sample_workspace import furnish
from tests.support.terminal_program import Terminal
from tests.support.waiting import wait_until

_STEERING = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_=>])")


def painted(said: bytes) -> bool:
    return b"workspace" in said and b"quit" in said


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[list[Terminal]]:
    found: list[Terminal] = []
    yield found
    for one in found:
        one.close()


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_the_ascii_level_sends_nothing_but_ascii(tmp_path: Path, opened: list[Terminal], size: tuple[int, int]) -> None:
    root = furnish(tmp_path / "w").root
    (root / "hopper" / "ходок 🦘.spec").write_text((root / "hopper" / "hopperPPO.spec").read_text())
    here = Terminal(root, "--glyphs", "ascii", size=size)
    opened.append(here)
    here.read(painted)
    here.settle()
    for number, _ in enumerate(MODES, start=1):
        here.write(str(number))
        here.settle(0.5)
        # The help, with its list and its bar that scrolls, the palette, and a command line with what it offers.
        for keys in ("?", "\x1b", "\x10", "\x1b", ":", "\t", "\x1b", "\x1b", "\x1b"):
            here.write(keys)
            here.settle(0.3)
    for line in (":jobs", ":help", ":nonsense", ":open hopper/hopperPPO.spec"):
        here.write(f"{line}\r")
        here.settle(0.5)
    strange = [found for found in re.findall(rb"[\x80-\xff]+", here.said)]
    assert strange == [], here.said[max(0, here.said.index(strange[0]) - 200) :][:400]


@pytest.mark.process
@pytest.mark.slow
def test_a_name_that_is_not_unicode_harms_nothing(tmp_path: Path, opened: list[Terminal]) -> None:
    root = furnish(tmp_path / "w").root
    name = os.fsencode(root) + b"/hopper/\xffst\xe9.spec"
    with open(name, "wb") as file:
        file.write((root / "hopper" / "hopperPPO.spec").read_bytes())
    here = Terminal(root, size=(120, 40))
    opened.append(here)
    here.read(painted)
    here.settle()
    # Found by the filter, and then all that a name can be part of: a page, a copy, an echo, an answer, an error, a dialog.
    here.write("/st\r")
    here.settle(0.5)
    for keys in (
        "y",
        "e",
        "\x1b",
        "1",
        "c",
        "\x1b",
        "r",
        "\x1b",
        "T",
        ":check @sel\r",
        ":open @sel\r",
        "\x1b",
        ":info hopper\t",
    ):
        here.write(keys)
        here.settle(0.6)
        assert here.process.poll() is None, here.said[-2000:]
    for keys in (".spec", "\x1b", "\x1b"):
        here.write(keys)
        here.settle(0.4)
    here.write("\x11")
    assert here.wait() == 0
    shown = _STEERING.sub(b"", here.said).decode("utf-8")
    assert "Traceback" not in shown
    assert "internal error" not in shown, shown[shown.index("internal error") :][:300]


class PollReportingInvalid:
    """`select.poll` as on macOS, which reports POLLNVAL for terminals."""

    polls = 0

    def register(self, descriptor: int, events: int) -> None:
        self.descriptor = descriptor

    def poll(self) -> list[tuple[int, int]]:
        PollReportingInvalid.polls += 1
        return [(self.descriptor, select.POLLNVAL)]


@pytest.mark.parametrize("on_macos", [False, True])
def test_only_a_hangup_of_the_terminal_ends_the_program(monkeypatch: pytest.MonkeyPatch, on_macos: bool) -> None:
    if on_macos:
        monkeypatch.setattr(terminal.select, "poll", PollReportingInvalid)
    monkeypatch.setattr(terminal, "_HANGUP_CHECK_SECONDS", 0.01)
    monkeypatch.setattr(terminal, "_exit_process", lambda request_exit: request_exit())
    master, slave = pty.openpty()
    ended = threading.Event()
    try:
        assert not terminal.is_hung_up(slave, select.POLLNVAL)
        thread = terminal.exit_on_hangup(slave, ended.set)
        if on_macos:
            looks = PollReportingInvalid.polls
            wait_until(lambda: PollReportingInvalid.polls > looks + 3, what="further looks at the terminal")
        assert not ended.is_set()
        os.close(master)
        assert ended.wait(60)
        thread.join(60)
    finally:
        os.close(slave)
