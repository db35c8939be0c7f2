"""The mode `play`: choosing, playing, keys, several side by side, and failures."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widgets._toast import Toast

from gts.playback.cell_buffer import CellBuffer
from gts.store.workspace import Workspace
from gts_tui.app import GtsApp
from gts_tui.textual_fixes import MinimalUpdate
from gts_tui.widgets.player import PlayerWidget, changed_regions
from tests.support.app_driver import drive, screen_text, shows, types, until
from tests.support.sample_workspace import EXAMPLES
from tests.support.waiting import wait_until

SIZE = (80, 24)
LOADING = 60.0
"""Seconds for a playback process to start on a busy machine."""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace with two trained checkpoints."""
    monkeypatch.setenv("GTS_STATE", str(tmp_path / "state"))
    root = tmp_path / "place"
    for file in ("hopper/hopperPPO.checkpoint", "inverted/invertedPPO.checkpoint"):
        (root / file).parent.mkdir(parents=True)
        shutil.copy(EXAMPLES / file, root / file)
    monkeypatch.chdir(root)
    return Workspace(root)


_BEFORE: set[int] = set()
"""Child processes of earlier tests, such as ended jobs that have not been reaped."""


def producers() -> list[psutil.Process]:
    """Return the playback processes of this one, zombies included."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if process.pid not in _BEFORE and (_ended(process) or "gts.playback.frame_server" in process.cmdline()):
                found.append(process)
        except psutil.Error:
            continue
    return found


def _ended(process: psutil.Process) -> bool:
    return process.is_running() and process.status() == psutil.STATUS_ZOMBIE


@pytest.fixture(autouse=True)
def playback_has_ended() -> None:
    """Wait until playback of earlier tests has ended; remember the rest."""
    _BEFORE.clear()
    end = time.monotonic() + 20
    while not all(_ended(one) for one in producers()) and time.monotonic() < end:
        time.sleep(0.1)
    _BEFORE.update(one.pid for one in producers())


def dots(text: str) -> int:
    return sum("\u2801" <= letter <= "\u28ff" for letter in text)


@pytest.mark.process
@pytest.mark.slow
def test_a_checkpoint_is_played_and_controlled_with_keys(place: Workspace) -> None:
    async def flow(app: GtsApp, pilot: Any) -> None:
        await pilot.press("7")
        await shows(pilot, r"hopper/hopperPPO +3292")
        await pilot.press("enter")
        await shows(pilot, r"hopper +step 999424", LOADING)
        assert dots(screen_text(app)) > 60, "a hopper and its ground"
        assert "2 to play" not in screen_text(app), "the list is hidden at 80 columns"
        await pilot.press("space")
        held = await shows(pilot, r"\[paused\]")
        await pilot.press("full_stop")
        stepped = await until(pilot, lambda: screen_text(app) if screen_text(app) != held else None)
        assert "[paused]" in stepped
        await pilot.press("plus", "k")
        await shows(pilot, r"\[keeps on\] +\[2× speed\]")
        await pilot.press("minus", "r", "space")
        await until(pilot, lambda: "[paused]" not in screen_text(app) and "speed]" not in screen_text(app))
        assert app.selection() == ("hopper/hopperPPO.checkpoint",)
        await pilot.press("escape")
        await shows(pilot, "2 to play")
        (process,) = producers()
        await pilot.press("5")
        # The process must also be reaped.
        await until(pilot, lambda: not process.is_running())
        await pilot.press("7")
        await shows(pilot, r"return \d", LOADING)

    drive(place, flow, glyphs="braille")
    wait_until(lambda: not producers(), what="a playback process outlives the program")


@pytest.mark.slow
@pytest.mark.process
def test_several_play_side_by_side_beside_a_missing_one(place: Workspace) -> None:
    async def flow(app: GtsApp, pilot: Any) -> None:
        # The command line refuses missing files, but a file may be deleted after its check.
        await app.show_mode("play", ("hopper/hopperPPO.checkpoint", "inverted/invertedPPO.checkpoint", "no/such.checkpoint"))
        screen = await shows(pilot, r"return.*return", LOADING)
        head = screen.splitlines()[1]
        assert "no such file:" in head, "the error is shown in its panel"
        # Both start together once both processes are ready.
        await until(pilot, lambda: len([one for one in producers() if one.is_running()]) == 2)
        await pilot.press("space")
        await shows(pilot, r"\[paused\].*\[paused\]")

    drive(place, flow, glyphs="braille")


def test_damaged_and_deleted_checkpoints_show_an_error(place: Workspace) -> None:
    damaged = place.root / "damaged.checkpoint"
    damaged.write_bytes(b"nothing of the kind")

    async def flow(app: GtsApp, pilot: Any) -> None:
        await pilot.press("7")
        await shows(pilot, r"damaged")
        await until(pilot, lambda: "damaged.checkpoint" in app.query_one("#choices").row_keys)
        app.query_one("#choices").move_to_key("damaged.checkpoint")
        await pilot.press("enter")
        await shows(pilot, r"(?s)damaged.checkpoint.*not a checkpoint|safetensors|damaged")
        assert not producers(), "no process is started for it"
        await pilot.press("escape")
        app.query_one("#choices").move_to_key("hopper/hopperPPO.checkpoint")
        (place.root / "hopper/hopperPPO.checkpoint").unlink()
        await pilot.press("enter")
        await shows(pilot, "no such file")
        await pilot.press("escape")
        await until(pilot, lambda: "hopper/hopperPPO.checkpoint" not in app.query_one("#choices").row_keys)

    drive(place, flow, glyphs="braille")


@pytest.mark.process
@pytest.mark.slow
def test_a_killed_process_shows_an_error_and_restarts_with_r(place: Workspace) -> None:
    async def flow(app: GtsApp, pilot: Any) -> None:
        await types(pilot, "play inverted/invertedPPO.checkpoint")
        await shows(pilot, r"return \d", LOADING)
        (process,) = producers()
        process.kill()
        await shows(pilot, "was ended by signal 9")
        assert app.query_one(PlayerWidget).has_ended
        await pilot.press("space", "n", "full_stop")
        await pilot.press("r")
        await shows(pilot, r"return \d", LOADING)

    drive(place, flow, glyphs="braille")


@pytest.mark.process
def test_a_window_without_a_display_shows_an_error(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)

    async def flow(app: GtsApp, pilot: Any) -> None:
        await pilot.press("7")
        await shows(pilot, r"hopper/hopperPPO")
        await pilot.press("w")
        await shows(pilot, r"(?s)gts play hopper/hopperPPO.checkpoint --loops 0 --in window|there is no display", LOADING)
        await shows(pilot, "there is no display", LOADING)

    drive(place, flow, glyphs="braille")


@pytest.mark.process
@pytest.mark.slow
def test_an_ascii_terminal_gets_only_ascii(place: Workspace) -> None:
    async def flow(app: GtsApp, pilot: Any) -> None:
        await types(pilot, "play hopper/hopperPPO.checkpoint")
        await shows(pilot, r"return \d", LOADING)
        await pilot.press("plus")
        await shows(pilot, r"\[2x speed\]")
        assert screen_text(app).isascii()

    drive(place, flow, glyphs="ascii")


def test_filter_and_marks_select_sources(place: Workspace) -> None:
    async def flow(app: GtsApp, pilot: Any) -> None:
        await pilot.press("7")
        await shows(pilot, "2 to play")
        await shows(pilot, "enter plays(?s:.*)side by side")  # on as many lines as it takes
        await pilot.press("slash", *"INV")
        await shows(pilot, "1 to play")
        await pilot.press("enter", "space")
        assert app.selection() == ("inverted/invertedPPO.checkpoint",)
        await pilot.press("escape")
        await shows(pilot, "2 to play")

    drive(place, flow, glyphs="braille")


def test_a_removed_widget_is_painted_over_after_any_query_of_the_map(place: Workspace) -> None:
    async def flow(app: GtsApp, pilot: Any) -> None:
        app.notify("nothing is called so", timeout=60)
        await shows(pilot, "nothing is called so")
        toast, compositor = app.screen.query_one(Toast), app.screen._compositor
        region = compositor.full_map[toast].region
        compositor._dirty_regions.clear()
        toast.styles.display = "none"
        compositor._full_map_invalidated = True
        assert toast not in compositor.full_map
        assert region in compositor._dirty_regions

    drive(place, flow, glyphs="braille")


def test_only_changed_regions_are_drawn() -> None:
    before, now = CellBuffer.blank(4, 60), CellBuffer.blank(4, 60)
    assert changed_regions(before, now) == []
    now.write(1, 10, "ab")
    now.write(1, 50, "c")
    now.fg[2, 5] = 0xFF0000  # of a blank, which shows no ink
    assert changed_regions(before, now) == [Region(10, 1, 2, 1), Region(50, 1, 1, 1)]
    assert changed_regions(None, now) is None and changed_regions(CellBuffer.blank(4, 59), now) is None


def test_a_span_is_sent_alone_with_its_colour_once() -> None:
    red = Style(color="red")
    chops = [{0: Strip([Segment("0123", red), Segment("4567", red), Segment("89", Style())])}]
    console = Console(color_system="256")
    assert console._color_system == ColorSystem.EIGHT_BIT
    sent = MinimalUpdate(chops, [(0, 2, 6)], [[10]]).render_segments(console)
    assert sent == "\x1b[1;3H\x1b[31m2345\x1b[0m"
    sent = MinimalUpdate(chops, [(0, 7, 9)], [[10]]).render_segments(console)
    assert sent == "\x1b[1;8H\x1b[31m7\x1b[0m8"


def test_a_wide_character_is_never_split() -> None:
    chops = [{0: Strip([Segment("漢字ab")])}]
    sent = MinimalUpdate(chops, [(0, 1, 6)], [[6]]).render_segments(Console(color_system="256"))
    assert sent == "\x1b[1;1H漢字ab"


def test_letters_of_any_name_take_one_column() -> None:
    from gts_tui.widgets.player import _printable_text

    row = np.array([ord(letter) for letter in "a漢\x1bé−"], np.uint32)
    assert _printable_text(row) == "a??é−"
