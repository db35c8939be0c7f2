"""Training mode with a live run: playback, stop, resume, and the bytes sent to the terminal."""

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

pytestmark = pytest.mark.process

PROCESS_SECONDS = 180.0
"""Deadline in seconds for starting or ending a process on a busy machine."""
MAX_RAW, MAX_COMPRESSED = 15_000, 5_000
"""Bytes per second of a screen that follows a run, raw and compressed as by ssh."""
MEASURED_SECONDS = 10.0


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A workspace with a spec that trains for minutes; its processes are killed after the test."""
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
    """Open the program, start the training and switch to the training mode."""

    async def go() -> None:
        # States have symbols, not only colours.
        app = GtsApp(workspace, AppSettings(glyphs="braille", theme="monochrome"))
        async with app.run_test(size=(80, 24), notifications=True) as pilot:
            app.run_command("train long.spec")
            await pilot.press("3")
            await do(app, pilot)

    asyncio.run(go())


@pytest.mark.slow
def test_a_live_run_is_played_stopped_and_resumed(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """p plays the newest evaluation, w asks for a window, s stops the run, R resumes it."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)

    def state(app: GtsApp) -> str:
        current = app.query_one(RunList).current_run
        return find_job(place, current.id).state.name if current is not None else ""

    async def do(app: GtsApp, pilot: Any) -> None:
        await shows(pilot, r"▶ running +long-\S+ .* left", PROCESS_SECONDS)
        await shows(pilot, r"evaluated return +\d", PROCESS_SECONDS)
        await pilot.press("p")
        await shows(pilot, r"\d s +return \d.* m/s", PROCESS_SECONDS)
        player = app.query_one(PlayerWidget)
        before = player.frame_count
        await until(pilot, lambda: player.frame_count > before)
        await pilot.press("p")
        await until(pilot, lambda: not app.query(PlayerWidget))
        await pilot.press("w")
        await shows(pilot, "there is no display", PROCESS_SECONDS)
        await pilot.press("s")
        await shows(pilot, r"‖ paused +long-", PROCESS_SECONDS)
        assert state(app) == "paused"
        step = int(app.mode.query_one("ChartPanel").snapshots[0].step)  # type: ignore[union-attr]
        await pilot.press("R")
        await shows(pilot, r"▶ running +long-", PROCESS_SECONDS)
        await until(pilot, lambda: app.mode.query_one("ChartPanel").snapshots[0].step > step, PROCESS_SECONDS)  # type: ignore[union-attr]
        assert state(app) == "running" and "100 %" not in screen_text(app)

    drive(place, do)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["training", "jobs"])
def test_few_bytes_are_sent_while_a_run_is_followed(place: Workspace, mode: str) -> None:
    """Raw and compressed bytes per second stay below their limits."""
    terminal = Terminal(place.root, "--glyphs", "braille")
    try:
        terminal.read(lambda said: b"command" in said)
        terminal.write(":train long.spec\r")
        terminal.read(lambda said: b"running" in said or b"\xe2\x96\xb6 1" in said, PROCESS_SECONDS)
        terminal.write(f":mode {mode}\r")
        terminal.read(lambda said: b"steps/s" in said if mode == "training" else b"CPUs at" in said, PROCESS_SECONDS)
        # Skip the first frames.
        settle = time.monotonic() + 3
        terminal.read(lambda said: time.monotonic() > settle)
        before, began = len(terminal.said), time.monotonic()
        terminal.read(lambda said: time.monotonic() > began + MEASURED_SECONDS and len(said) > before)
        sent, seconds = terminal.said[before:], time.monotonic() - began
    finally:
        terminal.close()
    assert sent, "the screen follows the run"
    assert len(sent) / seconds < MAX_RAW
    assert len(zlib.compress(sent, 6)) / seconds < MAX_COMPRESSED
    print(f"{mode}: {len(sent) / seconds:.0f} bytes/s, compressed {len(zlib.compress(sent, 6)) / seconds:.0f}")
