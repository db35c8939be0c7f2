"""The mode `jobs`: states, log, stop, resume, kill, slots, a thousand runs."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from gts.jobs.job_store import find_job, index_missing_runs
from gts.store.workspace import Workspace
from gts_tui.app import GtsApp
from gts_tui.widgets.log_view import LogLines, read_log_excerpt
from gts_tui.widgets.table import VirtualTable
from tests.support import app_driver
from tests.support.app_driver import screen_text, shows, types, until

FAILED = "20261119-220405-hopperA2C-zx7"
WORKING = 60.0
"""Seconds for a training to start or end on a busy machine."""


def drive(workspace: Workspace, flow: Callable[[GtsApp, Any], Coroutine[Any, Any, None]], **settings: Any) -> None:
    app_driver.drive(workspace, flow, "5", **{"glyphs": "braille", **settings})


def table(app: GtsApp) -> VirtualTable:
    return app.query_one("#jobs", VirtualTable)


def log(app: GtsApp) -> str:
    return "\n".join(app.query_one(LogLines).lines)


@pytest.mark.slow
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_jobs_are_listed_with_their_states_reasons_and_logs(workspace: Workspace, size: tuple[int, int]) -> None:
    async def flow(app: GtsApp, pilot: Any) -> None:
        screen = await shows(pilot, r"‖ paused +(train +)?\S*walkerPPO-m2p +\d+ Nov +59 %")
        assert screen.index("hopperPPO-w9c") < screen.index("hopperA2C-zx7") < screen.index("hopperPPO-k3f"), "newest first"
        assert "0 running, 0 queued" in screen
        await types(pilot, f"mode jobs {FAILED[-3:]}")
        await shows(pilot, "step 40960: the loss is not a number")
        await until(pilot, lambda: "training hopper/hopperA2C.spec" in log(app))
        assert app.selection() == (FAILED,)

    drive(workspace, flow, size=size)


def test_states_and_words_narrow_the_list_and_escape_widens_it(workspace: Workspace) -> None:
    async def flow(app: GtsApp, pilot: Any) -> None:
        await until(pilot, lambda: len(table(app).row_keys) == 4)
        await pilot.press("left_square_bracket", "left_square_bracket")
        await until(pilot, lambda: table(app).row_keys == (FAILED,))
        assert "failed only" in screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: len(table(app).row_keys) == 4)
        await pilot.press("slash", *"ppo", "space", *"k3f", "enter")
        await until(pilot, lambda: [key[-3:] for key in table(app).row_keys] == ["k3f"])
        await pilot.press("escape")
        await until(pilot, lambda: len(table(app).row_keys) == 4)

    drive(workspace, flow)


@pytest.mark.slow
def test_the_log_grows_while_shown_and_is_searched(workspace: Workspace) -> None:
    path = workspace.run_folder("20261120-013000-hopperPPO-w9c").log

    async def flow(app: GtsApp, pilot: Any) -> None:
        await until(pilot, lambda: "training hopper/hopperPPO.spec" in log(app) or table(app).move_to_key(path.parent.name))
        await until(pilot, lambda: "training hopper/hopperPPO.spec" in log(app))
        with path.open("a") as file:
            file.write("a line [/with] \x1b[31mcolours\x1b[0m and \x07 bells\n")
        await until(pilot, lambda: "a line [/with] colours and" in log(app))
        await pilot.press("tab", "slash", *"evaluated", "enter")
        await until(pilot, lambda: len(log(app).splitlines()) == 10)
        path.write_text("restarted, evaluated\n")
        await until(pilot, lambda: log(app) == "restarted, evaluated")
        path.unlink()
        await until(pilot, lambda: log(app) == "")

    drive(workspace, flow)


def test_a_job_is_opened_and_its_id_copied(workspace: Workspace) -> None:
    async def flow(app: GtsApp, pilot: Any) -> None:
        await until(pilot, lambda: table(app).move_to_key(FAILED))
        await pilot.press("y")
        await until(pilot, lambda: app.clipboard == FAILED)
        await pilot.press("enter")
        await until(pilot, lambda: app.mode is not None and app.mode.NAME == "training")

    drive(workspace, flow)


@pytest.mark.process
def test_a_training_is_stopped_resumed_and_killed(workspace: Workspace) -> None:
    spec = json.loads((workspace.root / "inverted/invertedPPO.spec").read_text())
    spec["params"] |= {"nSteps": 3_000_000, "nEpochs": 3000}
    (workspace.root / "long.spec").write_text(json.dumps(spec))

    def reaches(app: GtsApp, pilot: Any, word: str) -> Any:
        def condition() -> bool:
            newest = table(app).row_keys[:1]
            shown = re.search(rf"{word} +long-", screen_text(app))
            return bool(newest) and find_job(workspace, newest[0]).state.name == word and shown is not None

        return until(pilot, condition, WORKING)

    async def flow(app: GtsApp, pilot: Any) -> None:
        await until(pilot, lambda: len(table(app).row_keys) == 4)
        app.run_command("train long.spec")
        await until(pilot, lambda: len(table(app).row_keys) == 5, WORKING)
        app.query_one("#scrollback").display = False
        try:
            await reaches(app, pilot, "running")
            table(app).move_to_key(table(app).row_keys[0])
            await shows(pilot, r"running +long-\S+ +\d\d:\d\d +\d+ % .*%.*B", WORKING)
            await pilot.press("s")
            await reaches(app, pilot, "paused")
            app.query_one("#scrollback").display = False
            await pilot.press("R")
            await reaches(app, pilot, "running")
            await pilot.press("S")
            await shows(pilot, "Kill .*long")
            await pilot.press("n")
            assert find_job(workspace, table(app).row_keys[0]).state.alive, "a refused dialog stops nothing"
            await pilot.press("S", "y")
            await reaches(app, pilot, "paused")
            await pilot.press("R")
            await reaches(app, pilot, "running")
            lock_info = find_job(workspace, table(app).row_keys[0]).lock_info
            assert lock_info is not None
            os.kill(lock_info.worker.pid, signal.SIGKILL)
            await reaches(app, pilot, "interrupted")
            await pilot.press("A")
            await shows(pilot, "Resume 1 interrupted job")
            await pilot.press("y")
            await reaches(app, pilot, "running")
        finally:
            app.run_command("stop --all --now")
            await until(pilot, lambda: not find_job(workspace, table(app).row_keys[0]).state.alive, WORKING)

    drive(workspace, flow)


def test_slots_are_set(workspace: Workspace, own_settings: Path) -> None:
    async def flow(app: GtsApp, pilot: Any) -> None:
        await shows(pilot, "threads on")
        await pilot.press("plus")
        await shows(pilot, "How many jobs")
        await pilot.press(*["backspace"] * 4, "3", "enter")
        await shows(pilot, "0 of 3 slots taken")
        assert (own_settings / "state" / "queue" / "slots").read_text().strip() == "3"

    drive(workspace, flow)


def test_readonly_resumes_nothing(workspace: Workspace) -> None:
    async def flow(app: GtsApp, pilot: Any) -> None:
        await until(pilot, lambda: table(app).move_to_key("20261119-083011-walkerPPO-m2p"))
        await pilot.press("R")
        await shows(pilot, "--readonly")
        assert find_job(workspace, "m2p").state.name == "paused"

    drive(workspace, flow, readonly=True)


def test_states_are_ascii_on_a_plain_terminal(workspace: Workspace) -> None:
    async def flow(app: GtsApp, pilot: Any) -> None:
        await shows(pilot, "= paused")
        assert all(row.isascii() for row in screen_text(app).splitlines()[1:10])

    drive(workspace, flow, glyphs="ascii")


def test_a_thousand_runs_are_listed_quickly(workspace: Workspace) -> None:
    template = workspace.run_folder(FAILED).path
    for number in range(1000):
        folder = workspace.runs / f"20261001-{number // 3600:02}{number // 60 % 60:02}{number % 60:02}-many-{number:03}"
        folder.mkdir()
        for name in ("job.json", "run.json"):
            shutil.copy(template / name, folder / name)
        (folder / "job.json").write_text((folder / "job.json").read_text().replace("2026-11-19T22", "2026-10-01T00"))
    index_missing_runs(workspace)

    async def flow(app: GtsApp, pilot: Any) -> None:
        begun = time.process_time()
        await shows(pilot, "1004 jobs")
        assert time.process_time() - begun < 10
        await pilot.press("slash", *"many-777")
        await until(pilot, lambda: len(table(app).row_keys) == 1)
        begun = time.process_time()
        await pilot.press("escape")
        await until(pilot, lambda: len(table(app).row_keys) == 1004)
        assert time.process_time() - begun < 3

    drive(workspace, flow)


def test_the_end_of_a_large_log_is_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text("".join(f"line {number}\n" for number in range(100_000)))
    found = read_log_excerpt(path)
    assert found.lines[-1] == "line 99999" and len(found.lines) == 1000 and not found.is_complete
    path.write_bytes(b"10 %\r20 %\r30 %\nend\xff\n")
    assert read_log_excerpt(path).lines == ("30 %", "end\N{REPLACEMENT CHARACTER}")
