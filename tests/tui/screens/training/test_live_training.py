"""The training mode and a training that works: it is played, stopped and gone on with, and little is sent of it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import time
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from gts.jobs.job_store import find_job, list_jobs
from gts.store.workspace import Workspace
from gts_tui.app import GtsApp
from gts_tui.app_base import AppSettings
from gts_tui.screens.training.run_list import RunList
from gts_tui.widgets.player import PlayerWidget
from tests.support.app_driver import screen_text, shows, until
from tests.support.sample_workspace import EXAMPLES
from tests.support.terminal_program import Terminal

WORKING = 60.0
"""Seconds within which a process has begun or ended, beside whatever else this machine does."""
MOST_RAW, MOST_SQUEEZED = 15_000, 5_000
"""Bytes a second of a screen that follows a training, as they are and as ssh compresses them."""
MEASURED = 10.0


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A workspace with a spec that trains for minutes; nothing that works there outlives the test."""
    monkeypatch.setenv("GTS_STATE", str(tmp_path / "state"))
    root = tmp_path / "place"
    (root / "hopper").mkdir(parents=True)
    spec = json.loads((EXAMPLES / "inverted" / "invertedPPO.spec").read_text())
    spec["params"] |= {"nSteps": 3_000_000, "nEpochs": 3000, "nEvaluations": 300, "evaluationEpisodes": 4}
    (root / "long.spec").write_text(json.dumps(spec))
    shutil.copy(EXAMPLES / "hopper" / "hopperPPO.spec", root / "hopper")
    monkeypatch.chdir(root)
    workspace = Workspace(root)
    yield workspace
    for found in list_jobs(workspace):
        if found.state.alive and found.lock_info is not None:
            with suppress(ProcessLookupError):
                os.kill(found.lock_info.worker.pid, signal.SIGKILL)


def drive(workspace: Workspace, do: Callable[[GtsApp, Any], Awaitable[None]]) -> None:
    """Open the program, begin the training, go to the mode, and do something there."""

    async def go() -> None:
        # Without colours too there are states, and signs of them.
        app = GtsApp(workspace, AppSettings(glyphs="braille", theme="monochrome"))
        async with app.run_test(size=(80, 24), notifications=True) as pilot:
            app.run_command("train long.spec")
            await pilot.press("3")
            await do(app, pilot)

    asyncio.run(go())


def test_a_training_is_watched_played_stopped_and_gone_on_with(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """p plays its newest evaluation below the charts, w asks for a window, s stops it, R goes on."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)

    def state(app: GtsApp) -> str:
        current = app.query_one(RunList).current_run
        return find_job(place, current.id).state.name if current is not None else ""

    async def do(app: GtsApp, pilot: Any) -> None:
        await shows(pilot, r"▶ running +long-\S+ .* left", WORKING)
        await shows(pilot, r"evaluated return +\d", WORKING)
        await pilot.press("p")
        await shows(pilot, r"\d s +return \d.* m/s", WORKING)
        player = app.query_one(PlayerWidget)
        before = player.frame_count
        await until(pilot, lambda: player.frame_count > before)
        await pilot.press("p")
        await until(pilot, lambda: not app.query(PlayerWidget))
        await pilot.press("w")
        await shows(pilot, "there is no display", WORKING)
        await pilot.press("s")
        await shows(pilot, r"‖ paused +long-", WORKING)
        assert state(app) == "paused"
        step = int(app.mode.query_one("ChartPanel").snapshots[0].step)  # type: ignore[union-attr]
        await pilot.press("R")
        await shows(pilot, r"▶ running +long-", WORKING)
        await until(pilot, lambda: app.mode.query_one("ChartPanel").snapshots[0].step > step, WORKING)  # type: ignore[union-attr]
        assert state(app) == "running" and "100 %" not in screen_text(app)

    drive(place, do)


@pytest.mark.parametrize("mode", ["training", "jobs"])
def test_little_is_sent_while_a_training_is_watched(place: Workspace, mode: str) -> None:
    """Over a slow line too: what is sent in a second, raw and compressed."""
    terminal = Terminal(place.root, "--glyphs", "braille")
    try:
        terminal.read(lambda said: b"command" in said)
        terminal.write(":train long.spec\r")
        terminal.read(lambda said: b"running" in said or b"\xe2\x96\xb6 1" in said, WORKING)
        terminal.write(f":mode {mode}\r")
        terminal.read(lambda said: b"steps/s" in said if mode == "training" else b"CPUs at" in said, WORKING)
        # Until what comes once has come.
        settle = time.monotonic() + 3
        terminal.read(lambda said: time.monotonic() > settle, 10)
        before, began = len(terminal.said), time.monotonic()
        terminal.read(lambda said: time.monotonic() > began + MEASURED, 2 * MEASURED)
        sent, seconds = terminal.said[before:], time.monotonic() - began
    finally:
        terminal.close()
    assert sent, "it follows the training"
    assert len(sent) / seconds < MOST_RAW
    assert len(zlib.compress(sent, 6)) / seconds < MOST_SQUEEZED
    print(f"{mode}: {len(sent) / seconds:.0f} bytes/s, compressed {len(zlib.compress(sent, 6)) / seconds:.0f}")
