"""The palette: its entries, and the effect of choosing one."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from gts.commands.registry import COMMANDS
from gts.store.workspace import Workspace
from gts_tui.app import GtsApp
from gts_tui.command_syntax import BUILTINS, MODES
from gts_tui.console.command_line import CommandLine
from gts_tui.widgets.dialogs import SearchDialog, SearchItem
from gts_tui.widgets.palette import find_workspace_items
from tests.support.app_driver import until


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    (tmp_path / "runs" / "20261122-081530-hopper-k3f").mkdir(parents=True)
    (tmp_path / "runs" / "20261122-081530-hopper-k3f" / "run.json").write_text("{}")
    (tmp_path / "studies" / "wide walk").mkdir(parents=True)
    (tmp_path / "studies" / "wide walk" / "study.json").write_text(json.dumps({}))
    (tmp_path / "hopper").mkdir()
    (tmp_path / "hopper" / "[").mkdir()
    for name in ("a.spec", "b.space", "c.checkpoint", "[/red] b.spec", "notes.txt", ".hidden.spec"):
        (tmp_path / "hopper" / name).write_text("{}")
    monkeypatch.chdir(tmp_path)
    return Workspace(tmp_path)


def drive(workspace: Workspace, *letters: str, expect) -> None:
    """Open the palette, type, choose an entry, and wait for a condition of the app."""

    async def go() -> None:
        app = GtsApp(workspace)
        lines: list[str] = []
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: app.mode is not None)
            perform = app.run_command
            app.run_command = lambda line, **more: (lines.append(line), perform(line, **more))[1]
            await pilot.press("ctrl+p")
            await until(pilot, lambda: isinstance(app.screen, SearchDialog) and "wide walk" in labels(app.screen))
            await pilot.press(*letters)
            await pilot.press("enter")
            await until(pilot, lambda: expect(app, lines))

    asyncio.run(go())


def labels(screen: SearchDialog) -> list[str]:
    return [entry.label for entry in screen._items]


def test_everything_is_in_it(workspace: Workspace) -> None:
    async def go() -> None:
        app = GtsApp(workspace)
        async with app.run_test(size=(120, 40)) as pilot:
            await until(pilot, lambda: app.mode is not None)
            await pilot.press("ctrl+p")
            await until(pilot, lambda: isinstance(app.screen, SearchDialog) and "wide walk" in labels(app.screen))
            found = labels(app.screen)
            assert {*COMMANDS, *BUILTINS, *MODES, "theme light", "hopper/a.spec", "hopper/c.checkpoint"} <= set(found)
            assert "20261122-081530-hopper-k3f" in found
            assert not [label for label in found if "notes" in label or "hidden" in label]
            await pilot.press("ctrl+p")
            assert isinstance(app.screen, SearchDialog), "it is open once"

    asyncio.run(go())


def test_a_command_is_begun_on_the_line(workspace: Workspace) -> None:
    drive(workspace, *"trials", expect=lambda app, lines: app.query_one(CommandLine).value == "trials ")


def test_a_theme_is_applied(workspace: Workspace) -> None:
    drive(workspace, *"light", expect=lambda app, lines: app.theme == "light" and lines == ["theme light"])


def test_a_mode_is_opened(workspace: Workspace) -> None:
    drive(workspace, *"compare", expect=lambda app, lines: app.mode.NAME == "compare")


def test_a_study_is_opened_whatever_its_name(workspace: Workspace) -> None:
    drive(workspace, *"wide", "space", *"wal", expect=lambda app, lines: lines == ["open 'wide walk'"])


def test_a_file_is_opened_whatever_its_name(workspace: Workspace) -> None:
    drive(workspace, "left_square_bracket", "slash", *"red", expect=lambda app, lines: lines == ["open 'hopper/[/red] b.spec'"])


def test_choosing_a_key_runs_its_action(workspace: Workspace) -> None:
    drive(workspace, *"scrollback.tog", expect=lambda app, lines: app.query_one("#scrollback").display)


def test_best_matches_come_first() -> None:
    entries = [
        SearchItem("compare", "side by side", ""),
        SearchItem("stop", "end a job", "s"),
        SearchItem("a/stop.spec", "spec", "file"),
    ]
    find = SearchDialog("", entries)
    assert [entry.label for entry in find._find_matches("stop")] == ["stop", "a/stop.spec"]
    assert [entry.label for entry in find._find_matches("job end")] == ["stop"]
    assert [entry.label for entry in find._find_matches("cmpr")] == ["compare"]
    assert find._find_matches("zzz") == []
    assert [entry.label for entry in find._find_matches("")] == ["compare", "stop", "a/stop.spec"]


def test_many_runs_are_newest_first_and_not_all(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gts_tui.widgets.palette.MAX_RUNS", 2)
    for number in range(5):
        folder = workspace.runs / f"20261123-00000{number}-x-abc"
        folder.mkdir()
        (folder / "run.json").write_text("{}")
    runs = [entry.label for entry in find_workspace_items(workspace) if entry.description == "run"]
    assert runs == ["20261123-000004-x-abc", "20261123-000003-x-abc"]
