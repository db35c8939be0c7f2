"""Workspace mode: keys, and their effects on the screen and on the disk."""

from __future__ import annotations

import asyncio
import json
import math
import re
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gts.commands.info import CheckpointInfo
from gts.jobs.job_lock import JobLock
from gts.jobs.job_store import Job, write_job
from gts.store.catalogue import Catalogue, RunRecord
from gts.store.metrics import MetricsWriter
from gts.store.workspace import Workspace
from gts_tui.app import GtsApp
from gts_tui.app_base import AppSettings
from gts_tui.screens.workspace.details import render_details
from gts_tui.screens.workspace.model import WorkspaceItem, WorkspaceReader
from gts_tui.screens.workspace.tree import WorkspaceTree
from gts_tui.widgets.status import StatusStyles
from tests.support.app_driver import screen_text, shows, types, until

SMALL, LARGE = (80, 24), (120, 40)


def spec(technique: str = "ppo", **params: Any) -> str:
    return json.dumps({"comment": "hops well", "physicalModel": "hopper", "technique": technique, "params": params})


SPACE = {
    "physicalModel": "hopper",
    "name": "gait",
    "technique": "ppo",
    "nSteps": 90_000,
    "params": {},
    "paramSpace": {"actor.learningRate": {"min": 1e-4, "max": 1e-2, "log": True}},
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with two specs, a space and the folder of a walker."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GTS_STATE", str(tmp_path / ".state"))
    (tmp_path / "hopper").mkdir()
    (tmp_path / "hopper" / "a.spec").write_text(spec(nSteps=123_456))
    (tmp_path / "hopper" / "b.spec").write_text(spec("a2c"))
    (tmp_path / "hopper" / "gait.space").write_text(json.dumps(SPACE))
    Catalogue(tmp_path / "gts.db").close()
    return tmp_path


def add_run(root: Path, run: str, claim: Any = "done", step: int = 600, total: int = 1000) -> Job:
    """A run that is in the catalogue."""
    workspace = Workspace(root)
    folder = workspace.run_folder(run)
    folder.member_folder(0).mkdir(parents=True)
    record = RunRecord(run, "a", "hopper/a.spec", "hopper", "ppo", 1, total, step, "2026-11-22T08:15:30Z")
    folder.run_file.write_text(json.dumps(record.__dict__))
    with Catalogue(workspace.catalogue) as catalogue:
        catalogue.put_run(record)
    reason = "the disk is full" if claim == "failed" else "stopped" if claim == "paused" else ""
    return write_job(workspace, Job(run, "train", "a", folder.path, claim, "2026-11-22T08:15:30Z", reason))


def drive(root: Path, flow: Callable[[Any], Awaitable[None]], *, size: tuple[int, int] = SMALL, **settings: Any) -> None:
    async def run() -> None:
        app = GtsApp(Workspace(root), AppSettings(**settings))
        async with app.run_test(size=size, notifications=True) as pilot:
            await until(pilot, lambda: app.mode is not None and app.query(WorkspaceTree))
            await flow(pilot)

    asyncio.run(run())


def reference_under_cursor(pilot: Any) -> str:
    row = pilot.app.query_one(WorkspaceTree).current_row
    return (row.item.reference if row.item else row.label) if row else ""


async def go_to(pilot: Any, word: str) -> None:
    await until(pilot, lambda: any(row.item and row.item.reference == word for row in pilot.app.query_one(WorkspaceTree).rows))
    pilot.app.mode.open(word)
    await until(pilot, lambda: reference_under_cursor(pilot) == word)


def record_commands(app: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record command lines instead of running them."""
    lines: list[str] = []
    monkeypatch.setattr(app.command_runner, "run", lambda line, then=None: lines.append(line))
    return lines


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_the_newest_run_is_selected_at_first(root: Path, size: tuple[int, int]) -> None:
    add_run(root, "20261121-081530-old-aaa")
    add_run(root, "20261122-081530-new-bbb", "paused")

    async def flow(pilot: Any) -> None:
        screen = await shows(pilot, r"\d+ of 1 000")
        assert reference_under_cursor(pilot) == "20261122-081530-new-bbb"
        assert re.search(r"▾ hopper.*\n.*▾ specs 2.*\n.* a .*ppo", screen)
        assert re.search(r"✓ old-aaa.*\n", screen)
        assert re.search(r"‖ new-bbb +60%", screen)
        assert "‖ paused since" in screen
        assert "hopper/a.spec" in screen

    drive(root, flow, size=size)


def test_the_newest_of_a_thousand_runs_are_listed(root: Path) -> None:
    workspace = Workspace(root)
    template = RunRecord("", "a", "hopper/a.spec", "hopper", "ppo", 1, 1000, 600, "2026-11-22T08:15:30Z")
    records, jobs = [], []
    for number in range(1000):
        run = f"20261122-{number:06}-a-{number:03}"
        folder = workspace.run_folder(run).path
        folder.mkdir(parents=True)
        (folder / "run.json").write_text("{}")
        records.append(replace(template, id=run))
        jobs.append(
            Job(run, "train", "a", folder, "done", f"2026-11-22T08:{number // 60:02}:{number % 60:02}Z").catalogue_record(
                workspace
            )
        )
    with Catalogue(workspace.catalogue) as catalogue:
        catalogue.put_many(records, jobs)

    async def flow(pilot: Any) -> None:
        began = time.process_time()
        await shows(pilot, "a-999")
        assert time.process_time() - began < 5
        tree = pilot.app.query_one(WorkspaceTree)
        assert len(tree.rows) < 40
        await pilot.press("G")
        assert reference_under_cursor(pilot) == "980 older"
        await pilot.press("enter")
        await until(pilot, lambda: reference_under_cursor(pilot) != "980 older")
        assert len(tree.rows) > 200
        await pilot.press("G")
        assert reference_under_cursor(pilot) == "780 older"
        await pilot.press("g")
        assert reference_under_cursor(pilot) == "hopper"

    drive(root, flow)


def test_details_follow_the_cursor_and_the_file(root: Path) -> None:
    async def flow(pilot: Any) -> None:
        await go_to(pilot, "hopper/a.spec")
        screen = await shows(pilot, "changed parameters")
        assert "hops well" in screen
        assert re.search(r"nSteps +123456 +1000000", screen)
        await pilot.press("down")
        await shows(pilot, "all parameters at their defaults")
        (root / "hopper" / "b.spec").write_text(spec("a2c", gamma=0.5))
        await shows(pilot, "gamma")
        await pilot.press("down", "down")
        screen = await shows(pilot, "creates the study gait")
        assert re.search(r"actor.learningRate +0.0001 to 0.01, log", screen)

    drive(root, flow)


def test_details_of_a_run_have_return_and_latest_metrics(root: Path) -> None:
    run = "20261122-081530-new-bbb"
    add_run(root, run, "paused")
    with MetricsWriter(Workspace(root).run_folder(run).metrics, rounds=50) as writer:
        for number in range(1, 41):
            writer.add_round(number * 20, number, [{"return": float(number), "kl": 0.25}], {"physics": 1.0})
        writer.add_evaluation(0, 400, {"mean": 777.0, "score": 700.0}, best=True)

    async def flow(pilot: Any) -> None:
        screen = await shows(pilot, "return +1 → 40")
        assert re.search("▁.*█", screen)
        assert re.search(r"best +777", screen)
        assert "800 of 1 000" in screen

    drive(root, flow)


def test_details_of_a_broken_spec_have_the_error_with_its_position(root: Path) -> None:
    (root / "hopper" / "c.spec").write_text('{\n "physicalModel": "hopper",\n "technique": "ppo",\n "params": {"gama": 1}\n}')

    async def flow(pilot: Any) -> None:
        await go_to(pilot, "hopper/c.spec")
        assert "cannot be used" in await shows(pilot, r"c.spec:4:\d+: ")

    drive(root, flow)


def test_odd_file_names_are_displayed_as_plain_text(root: Path) -> None:
    names = ("[b]x[.spec", "a[foo].spec", "🦘 kangaroo.spec", "קפיצה.spec", "x" * 240 + ".spec", "a\tb\nc.spec", "\udcff.spec")
    for name in names:
        (root / "hopper" / name).write_text(spec())

    async def flow(pilot: Any) -> None:
        screen = await shows(pilot, re.escape("[b]x["))
        assert "kangaroo" in screen
        for name in names:
            await go_to(pilot, f"hopper/{name}")
            await shows(pilot, "all parameters at their defaults")
        screen_text(pilot.app).encode()
        await pilot.press("slash", *"[foo]")
        await until(pilot, lambda: len(pilot.app.query_one(WorkspaceTree).rows) == 3)

    drive(root, flow)


def test_a_filter_shows_matches_and_escape_clears_it(root: Path) -> None:
    async def flow(pilot: Any) -> None:
        await go_to(pilot, "hopper/gait.space")
        await pilot.press("slash", *"a2c", "space", *"hop")
        await until(pilot, lambda: [row.label for row in pilot.app.query_one(WorkspaceTree).rows] == ["hopper", "specs 1", "b"])
        assert reference_under_cursor(pilot) == "hopper/b.spec"
        await pilot.press("z", "enter")
        await shows(pilot, "no match")
        await pilot.press("escape")
        await shows(pilot, "gait")
        await until(pilot, lambda: reference_under_cursor(pilot) == "hopper/gait.space")

    drive(root, flow)


def test_keys_of_one_read_reach_the_filter(root: Path) -> None:
    async def flow(pilot: Any) -> None:
        from textual import events

        await go_to(pilot, "hopper/a.spec")
        # ssh coalesces key events: all are posted before the filter could get the focus.
        for key in ("slash", "d", "b"):
            pilot.app.post_message(events.Key(key, "/" if key == "slash" else key))
        await until(pilot, lambda: pilot.app.query_one("#filter").value == "db")
        assert (root / "hopper" / "a.spec").exists()

    drive(root, flow)


def test_one_item_is_deleted_at_once_and_restored(root: Path) -> None:
    async def flow(pilot: Any) -> None:
        await go_to(pilot, "hopper/a.spec")
        await pilot.press("d")
        await until(pilot, lambda: not (root / "hopper" / "a.spec").exists())
        assert "gts delete hopper/a.spec" in await shows(pilot, "specs 1")
        await pilot.press("u")
        await until(pilot, lambda: (root / "hopper" / "a.spec").exists())
        await shows(pilot, "specs 2")

    drive(root, flow)


def test_several_marked_items_are_deleted_after_a_question(root: Path) -> None:
    async def flow(pilot: Any) -> None:
        await go_to(pilot, "hopper/a.spec")
        await pilot.press("space", "space")
        assert set(pilot.app.selection()) == {"hopper/a.spec", "hopper/b.spec"}
        await pilot.press("d")
        await shows(pilot, "Delete 2 items")
        await pilot.press("n")
        assert (root / "hopper" / "a.spec").exists()
        await pilot.press("d")
        await shows(pilot, "Delete 2 items")
        await pilot.press("y")
        await until(pilot, lambda: not list(root.glob("hopper/*.spec")))
        await pilot.press("u")
        await until(pilot, lambda: len(list(root.glob("hopper/*.spec"))) == 2)

    drive(root, flow)


def test_a_running_run_is_not_deleted(root: Path) -> None:
    run = "20261122-081530-new-bbb"
    add_run(root, run, "running")
    lock = JobLock.acquire(Workspace(root).run_folder(run).lock)
    lock.set_activity("running")

    async def flow(pilot: Any) -> None:
        await shows(pilot, "▶ new-bbb")
        await pilot.press("d")
        await shows(pilot, "is running")
        assert Workspace(root).run_folder(run).exists()
        lock.release()
        await shows(pilot, "! new-bbb")
        await pilot.press("escape", "d")
        await until(pilot, lambda: not Workspace(root).run_folder(run).exists())
        await until(pilot, lambda: "new-bbb" not in [row.label for row in pilot.app.query_one(WorkspaceTree).rows])
        await pilot.press("u")
        await until(pilot, lambda: "new-bbb" in [row.label for row in pilot.app.query_one(WorkspaceTree).rows])

    drive(root, flow)


@pytest.mark.slow
@pytest.mark.parametrize(("key", "name", "gone"), [("c", "hopper/quick", False), ("r", "hopper/quick.spec", True)])
def test_a_spec_is_copied_and_renamed_byte_for_byte(root: Path, key: str, name: str, gone: bool) -> None:
    before = (root / "hopper" / "a.spec").read_bytes()

    async def flow(pilot: Any) -> None:
        await go_to(pilot, "hopper/a.spec")
        await pilot.press(key)
        await shows(pilot, "hopper/a.spec to")
        await pilot.press("ctrl+u", "ctrl+k", *name.replace("/", "§").replace("§", "/"), "enter")
        await until(pilot, lambda: (root / "hopper" / "quick.spec").exists())
        await until(pilot, lambda: reference_under_cursor(pilot) == "hopper/quick.spec")

    drive(root, flow)
    assert (root / "hopper" / "quick.spec").read_bytes() == before
    assert (root / "hopper" / "a.spec").exists() != gone


def test_a_new_spec_is_made_by_three_answers(root: Path) -> None:
    async def flow(pilot: Any) -> None:
        await go_to(pilot, "hopper/a.spec")
        await pilot.press("n")
        await shows(pilot, "New: what kind")
        await pilot.press("enter")
        await shows(pilot, "Which figure")
        await pilot.press("enter")
        await shows(pilot, "Which technique")
        await pilot.press("end", "enter")
        await shows(pilot, "Name of the spec")
        await pilot.press("enter")
        made = root / "hopper" / "hopper-ppo.spec"
        await until(pilot, made.exists)
        assert json.loads(made.read_text())["technique"] == "ppo"
        await until(pilot, lambda: reference_under_cursor(pilot) == "hopper/hopper-ppo.spec")

    drive(root, flow)


@pytest.mark.parametrize(
    ("word", "key", "line"),
    [
        ("hopper/a.spec", "T", "train hopper/a.spec"),
        ("hopper/a.spec", "e", "edit hopper/a.spec"),
        ("hopper/a.spec", "enter", "open hopper/a.spec"),
        ("hopper/gait.space", "S", "search hopper/gait.space"),
        ("20261122-081530-new-bbb", "R", "resume 20261122-081530-new-bbb"),
        ("20261122-081530-new-bbb", "p", "play 20261122-081530-new-bbb"),
        ("20261122-081530-new-bbb", "w", "play --in window 20261122-081530-new-bbb"),
        ("20261122-081530-new-bbb", "enter", "open 20261122-081530-new-bbb"),
        ("20261122-091530-busy-ccc", "s", "stop 20261122-091530-busy-ccc"),
    ],
)
def test_keys_run_command_lines(root: Path, monkeypatch: pytest.MonkeyPatch, word: str, key: str, line: str) -> None:
    add_run(root, "20261122-081530-new-bbb", "paused")
    add_run(root, "20261122-091530-busy-ccc", "running")
    lock = JobLock.acquire(Workspace(root).run_folder("20261122-091530-busy-ccc").lock)
    lock.set_activity("running")

    async def flow(pilot: Any) -> None:
        lines = record_commands(pilot.app, monkeypatch)
        await shows(pilot, "▶ busy-ccc")
        await go_to(pilot, word)
        await pilot.press(key)
        await until(pilot, lambda: lines)
        assert lines == [line]

    drive(root, flow)
    lock.release()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("word", "key", "why"),
    [
        ("hopper/a.spec", "S", "search takes a space"),
        ("hopper/a.spec", "p", "t trains a spec"),
        ("hopper/gait.space", "t", "S searches a space"),
        ("20261122-081530-new-bbb", "r", "keep their names"),
        ("20261122-081530-new-bbb", "s", "not running"),
        ("20261122-081530-new-bbb", "e", "can be edited"),
    ],
)
def test_inapplicable_keys_show_a_warning(root: Path, monkeypatch: pytest.MonkeyPatch, word: str, key: str, why: str) -> None:
    add_run(root, "20261122-081530-new-bbb", "paused")

    async def flow(pilot: Any) -> None:
        lines = record_commands(pilot.app, monkeypatch)
        await go_to(pilot, word)
        await pilot.press(key)
        await shows(pilot, why)
        assert lines == []

    drive(root, flow)


def test_train_opens_the_command_line_for_options(root: Path) -> None:
    async def flow(pilot: Any) -> None:
        await go_to(pilot, "hopper/a.spec")
        await pilot.press("t")
        await until(pilot, lambda: pilot.app.query_one("#line").value == "train hopper/a.spec ")
        assert pilot.app.focused is pilot.app.query_one("#line")

    drive(root, flow)


def test_sel_expands_to_the_marked_items(root: Path) -> None:
    async def flow(pilot: Any) -> None:
        await go_to(pilot, "hopper/a.spec")
        await pilot.press("space", "space")
        await types(pilot, "check @sel")
        assert "gts check hopper/a.spec hopper/b.spec" in await shows(pilot, "b.spec: valid")

    drive(root, flow, size=LARGE)


def test_readonly_deletes_nothing(root: Path) -> None:
    async def flow(pilot: Any) -> None:
        await go_to(pilot, "hopper/a.spec")
        await pilot.press("d")
        await shows(pilot, "--readonly")
        await pilot.press("E")
        assert (root / "hopper" / "a.spec").exists()

    drive(root, flow, readonly=True)


def test_an_empty_workspace_offers_the_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    async def flow(pilot: Any) -> None:
        await shows(pilot, "This folder is not a workspace yet")
        await pilot.press("enter")
        await until(pilot, lambda: (tmp_path / "gts.db").exists())
        await shows(pilot, "▾ invertedPendulum|▾ ant")
        await until(pilot, lambda: pilot.app.focused is pilot.app.query_one(WorkspaceTree))

    drive(tmp_path, flow)
    assert (tmp_path / "hopper" / "hopperPPO.spec").exists()


def test_the_ascii_level_draws_ascii_only(root: Path) -> None:
    add_run(root, "20261122-081530-new-bbb", "paused")
    (root / "hopper" / "ходок.spec").write_text(spec())

    async def flow(pilot: Any) -> None:
        screen = await shows(pilot, "= new-bbb")
        await shows(pilot, "600 of 1 000")
        await pilot.press("space")
        middle = "\n".join(line for line in screen.splitlines()[1:20])
        assert {letter for letter in middle if not letter.isascii()} == set()

    drive(root, flow, glyphs="ascii")


def test_two_programs_see_each_others_files(root: Path) -> None:
    async def flow(pilot: Any) -> None:
        await shows(pilot, "specs 2")
        (root / "walker").mkdir()
        (root / "walker" / "w.spec").write_text(spec().replace("hopper", "walker"))
        await shows(pilot, "▾ walker")
        (root / "hopper" / "b.spec").unlink()
        await shows(pilot, "specs 1")

    drive(root, flow)


def test_runs_are_found_without_a_catalogue(root: Path) -> None:
    add_run(root, "20261122-081530-new-bbb", "failed")
    (root / "gts.db").write_bytes(b"no database at all" * 500)

    async def flow(pilot: Any) -> None:
        assert "the disk is full" in await shows(pilot, "✗ failed")
        assert reference_under_cursor(pilot) == "20261122-081530-new-bbb"

    drive(root, flow)


def test_each_panel_can_be_maximised(root: Path) -> None:
    async def flow(pilot: Any) -> None:
        await go_to(pilot, "hopper/a.spec")
        await shows(pilot, "hops well")
        await pilot.press("plus")
        await until(pilot, lambda: "hops well" not in screen_text(pilot.app))
        await pilot.press("escape", "right_square_bracket", "plus")
        await until(pilot, lambda: "specs 2" not in screen_text(pilot.app) and "hops well" in screen_text(pilot.app))
        await pilot.press("escape")
        await shows(pilot, "specs 2")

    drive(root, flow)


@pytest.mark.process
def test_details_load_nothing_heavy(root: Path) -> None:
    program = f"""
import asyncio, sys
from gts.store.workspace import Workspace
from gts_tui.screens.workspace.model import WorkspaceReader
from gts_tui.screens.workspace.details_data import read_details
workspace = Workspace(__import__("pathlib").Path({str(root)!r}))
for item in WorkspaceReader(workspace).read().items:
    read_details(workspace, item)
print(*sys.modules)
"""
    add_run(root, "20261122-081530-new-bbb", "paused")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert {"torch", "mujoco", "gymnasium", "optuna", "scipy"}.isdisjoint(done.stdout.split())


@pytest.mark.parametrize("values", [[0.0, 1.0, 2.0, 3.0], [-1e299, 0.0, 5e298, 1e299]])
def test_a_curve_rises_with_its_values(values: list[float]) -> None:
    history = [{"mean": value} for value in (values[0], math.nan, *values[1:])]
    info = CheckpointInfo("a.checkpoint", "hopper", "ppo", "", (), (), {}, None, tuple(history), (), {}, "00", 1)
    item = WorkspaceItem("checkpoint", "a.checkpoint", "a", "hopper")
    lines = render_details(item, info, StatusStyles(), 16).plain.splitlines()
    rows = [line for line in lines if set(line) <= set(" ▁▂▃▄▅▆▇█") and line.strip()]
    heights = [sum(row[column] == "█" for row in rows) for column in range(16)]
    assert heights == sorted(heights) and heights[-1] == len(rows) == 5 and heights[0] == 0


def test_a_foreign_file_is_listed_without_a_figure(root: Path) -> None:
    header = b'{"__metadata__": {"format": "pt"}}'
    (root / "foreign.checkpoint").write_bytes(len(header).to_bytes(8, "little") + header)
    items = {item.reference: item for item in WorkspaceReader(Workspace(root)).read().items}
    assert items["foreign.checkpoint"].figure == "" and items["hopper/a.spec"].figure == "hopper"
