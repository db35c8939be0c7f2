"""The command line as users work with it: typing, history, completion, several commands, error messages."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from gts.store.catalogue import Catalogue
from gts.store.workspace import Workspace
from gts_tui.app import GtsApp
from gts_tui.app_base import AppSettings
from gts_tui.console.command_line import CommandLine, CompletionMenu
from gts_tui.console.output import OutputPane
from gts_tui.widgets.dialogs import ConfirmDialog
from tests.support.app_driver import screen_text, shows, types, until
from tests.support.sample_workspace import furnish

RUN = "20261120-013000-hopperPPO-w9c"

Flow = Callable[[Any, GtsApp, CommandLine], Coroutine[Any, Any, None]]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    made = furnish(tmp_path / "w")
    monkeypatch.chdir(made.root)
    return made


@pytest.fixture
def play(workspace: Workspace) -> Callable[..., None]:
    """Plays a flow; afterwards the program has ended."""

    def run(flow: Flow, *, readonly: bool = False) -> None:
        async def main() -> None:
            app = GtsApp(workspace, AppSettings(readonly=readonly))
            async with app.run_test(size=(80, 24), notifications=True) as pilot:
                await until(pilot, lambda: app.mode)
                await flow(pilot, app, app.query_one(CommandLine))

        asyncio.run(main())

    return run


async def letters(pilot: Any, text: str) -> None:
    await pilot.press(*({" ": "space", "/": "slash"}.get(letter, letter) for letter in text))


def ends_with(workspace: Workspace, line: str) -> int | None:
    """The exit code that the store keeps of a line; None while it keeps none."""
    import sqlite3

    with sqlite3.connect(workspace.catalogue) as connection:
        row = connection.execute("SELECT exit_code FROM history WHERE line = ? ORDER BY id DESC", (line,)).fetchone()
    return row[0] if row else None


@pytest.mark.slow
def test_history_is_shared_between_sessions(play: Callable[..., None], workspace: Workspace) -> None:
    with Catalogue(workspace.catalogue) as catalogue:
        catalogue.add_command("score elsewhere.checkpoint", 0)

    async def flow(pilot: Any, app: GtsApp, line: CommandLine) -> None:
        await types(pilot, "mode jobs")
        await until(pilot, lambda: app.mode and app.mode.NAME == "jobs")
        await types(pilot, "mode nowhere")
        await until(pilot, lambda: ends_with(workspace, "mode nowhere") == 2)
        assert ends_with(workspace, "mode jobs") == 0
        await pilot.press("colon")
        await until(pilot, lambda: len(app.command_runner.history.lines) == 3)
        await pilot.press("up")
        assert line.value == "mode nowhere"
        await pilot.press("up", "up")
        assert line.value == "score elsewhere.checkpoint"
        await pilot.press("ctrl+c", *"mo", "up", "up", "up")
        assert line.value == "mode jobs"
        await pilot.press("down", "down")
        assert line.value == "mo"

    play(flow)


@pytest.mark.slow
def test_ctrl_r_finds_a_line_by_a_part_of_it(play: Callable[..., None], workspace: Workspace) -> None:
    with Catalogue(workspace.catalogue) as catalogue:
        for given in ("info hopper/hopperPPO.spec", "info walker/walkerPPO.spec", "jobs"):
            catalogue.add_command(given, 0)

    async def flow(pilot: Any, app: GtsApp, line: CommandLine) -> None:
        await pilot.press("colon")
        await until(pilot, lambda: len(app.command_runner.history.lines) == 3)
        await pilot.press("x", "ctrl+r", "ctrl+u", *"ppo")
        await shows(pilot, r"info walker/walkerPPO.spec *\n.*info hopper")
        await pilot.press("escape")
        assert line.value == "x"
        await pilot.press("ctrl+u", "ctrl+r", *"ppo", "ctrl+r", "enter")
        assert line.value == "info hopper/hopperPPO.spec"
        assert not app.query_one(CompletionMenu).display

    play(flow)


@pytest.mark.slow
def test_the_ghost_is_taken_with_the_arrow(play: Callable[..., None]) -> None:
    async def flow(pilot: Any, app: GtsApp, line: CommandLine) -> None:
        await pilot.press("colon")
        await letters(pilot, "info hopper/hopperA")
        await shows(pilot, "info hopper/hopperA2C.spec")
        assert line.value == "info hopper/hopperA"
        await pilot.press("right")
        assert line.value == "info hopper/hopperA2C.spec"

    play(flow)


def test_tab_offers_goes_on_and_takes(play: Callable[..., None]) -> None:
    async def flow(pilot: Any, app: GtsApp, line: CommandLine) -> None:
        menu = app.query_one(CompletionMenu)
        await pilot.press("colon", *"tr", "tab")
        await shows(pilot, "train +Train a spec or continue")
        await pilot.press("tab", "enter")
        assert line.value == "trials "
        await pilot.press("ctrl+u", *"tra", "tab")
        await until(pilot, lambda: line.value == "train ")
        await letters(pilot, "hopper/hopperPPO.s")
        await pilot.press("tab")
        await until(pilot, lambda: line.value == "train hopper/hopperPPO.spec ")
        await pilot.press(*"phys", "tab")
        await until(pilot, lambda: line.value.endswith(" physics="))
        await shows(pilot, "physics=exact +default")
        await pilot.press("f")
        await until(pilot, lambda: menu.option_count == 2)
        await pilot.press("enter")
        assert line.value == "train hopper/hopperPPO.spec physics=fast "
        await pilot.press("minus", "tab")
        await until(pilot, lambda: menu.display)
        await pilot.press("escape")
        assert not menu.display
        assert line.display

    play(flow)


@pytest.mark.slow
def test_a_folder_is_gone_into_and_a_line_is_given_when_it_is_whole(play: Callable[..., None]) -> None:
    async def flow(pilot: Any, app: GtsApp, line: CommandLine) -> None:
        await pilot.press("colon")
        await letters(pilot, "open hop")
        await pilot.press("tab")
        await until(pilot, lambda: app.query_one(CompletionMenu).display)
        await pilot.press("enter")
        await shows(pilot, "hopper/hopper.space")
        await letters(pilot, "hopper.sp")
        await until(pilot, lambda: app.query_one(CompletionMenu).option_count == 1 and line.value == "open hopper/hopper.sp")
        await pilot.press("enter", "enter")
        await until(pilot, lambda: app.mode and app.mode.NAME == "editor")

    play(flow)


@pytest.mark.slow
def test_errors_mark_the_word_and_suggest_the_nearest(play: Callable[..., None]) -> None:
    async def flow(pilot: Any, app: GtsApp, line: CommandLine) -> None:
        pane = app.query_one(OutputPane)
        for wrong, mark, says in (
            ("trian x.spec", "^^^^^", "did you mean `train`"),
            ("info hopper/hopperPPP.spec", "     ^^^^^^^^^^^^^^^^^^^^^", "hopper/hopperPPO.spec"),
            ("score x --episods 3", "        ^^^^^^^^^", "did you mean `--episodes`"),
            ("score x --episodes many", "                   ^^^^", "is not a whole number"),
            ("train hopper/hopperPPO.spec seeed=1", "                            ^^^^^^^", 'did you mean "seed"'),
            ("help scroe", "     ^^^^^", "did you mean `score`"),
            ("mode jbos", "     ^^^^", "did you mean `jobs`"),
            ("theme drak", "      ^^^^", "there is no theme"),
            ("play", "     ^", "missing"),
            ("info 'a b", "     ^^^^", "a quote is not closed"),
            ("info *.nothing", "     ^^^^^^^^^", "matches `*.nothing`"),
        ):
            pane.clear()
            await types(pilot, wrong)
            said = await until(pilot, lambda says=says: says in pane.text and pane.text)
            assert f"\n{wrong}\n{mark}\n" in f"\n{said}\n", said
        assert not pane.display

    play(flow)


@pytest.mark.slow
def test_a_failure_ends_the_line_and_lists_the_commands_not_run(play: Callable[..., None]) -> None:
    async def flow(pilot: Any, app: GtsApp, line: CommandLine) -> None:
        await types(pilot, "mode jobs; info nothing.spec; mode play; clear")
        await until(pilot, lambda: "not run: mode play; clear" in app.query_one(OutputPane).text)
        assert app.mode is not None
        assert app.mode.NAME == "jobs"

    play(flow)


@pytest.mark.process
@pytest.mark.slow
def test_commands_open_the_mode_of_their_arguments(play: Callable[..., None], workspace: Workspace) -> None:
    async def flow(pilot: Any, app: GtsApp, line: CommandLine) -> None:
        for given, mode in (
            ("open w9c", "training"),
            ("open hopper/hopper.space", "editor"),
            (f"open {workspace.study_names()[0]}", "search"),
            ("tail w9c", "training"),
            ("tail w9c -n 5", "training"),
            (f"tail {workspace.study_names()[0]}", "search"),
            ("play hopper/hopperPPO.checkpoint", "play"),
            ("compare hopper/hopperPPO.spec hopper/hopperA2C.spec --play", "compare"),
            ("edit hopper/hopperPPO.spec", "editor"),
            ("open hopper/hopperPPO.checkpoint", "workspace"),
        ):
            if app.mode is not None and app.mode.NAME == "editor":
                # Out of the text, where `:` is a letter.
                await pilot.press("escape")
            await types(pilot, given)
            await until(pilot, lambda given=given: ends_with(workspace, given) == 0)
            assert app.mode is not None
            assert mode == app.mode.NAME

    play(flow)


@pytest.mark.process
@pytest.mark.slow
def test_processes_are_shown_cancelled_and_end_with_the_program(play: Callable[..., None], tmp_path: Path) -> None:
    async def flow(pilot: Any, app: GtsApp, line: CommandLine) -> None:
        await types(pilot, "!sleep 100")
        await shows(pilot, "task 1: !sleep 100")
        await types(pilot, "cancel 7")
        await shows(pilot, "there is no task 7")
        await pilot.press("colon", "ctrl+c")
        await shows(pilot, "cancel !sleep 100?")
        await pilot.press("y")
        await until(pilot, lambda: "cancelled: !sleep 100" in app.query_one(OutputPane).text)
        assert not app.command_runner.tasks.running
        await types(pilot, f"!echo $$ > {tmp_path}/pid; sleep 100")
        await until(pilot, lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip())

    play(flow)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


@pytest.mark.process
@pytest.mark.slow
def test_failed_and_killed_processes_are_reported(play: Callable[..., None], workspace: Workspace) -> None:
    async def flow(pilot: Any, app: GtsApp, line: CommandLine) -> None:
        pane = app.query_one(OutputPane)
        await types(pilot, "!echo the reason; exit 3")
        await until(pilot, lambda: "exit code 3: the reason" in pane.text)
        await until(pilot, lambda: ends_with(workspace, "!echo the reason; exit 3") == 3)
        await types(pilot, "!sleep 50")
        task = await until(pilot, lambda: app.command_runner.tasks.running)
        os.kill(task[0].process.pid, signal.SIGKILL)
        await until(pilot, lambda: "ended by SIGKILL" in pane.text)
        # What it leaves behind does not hold the line up.
        await types(pilot, "!sleep 5 & echo left")
        await until(pilot, lambda: ends_with(workspace, "!sleep 5 & echo left") == 0, seconds=4)

    play(flow)


@pytest.mark.slow
def test_a_reader_changes_nothing_and_keeps_no_history(play: Callable[..., None], workspace: Workspace) -> None:
    async def flow(pilot: Any, app: GtsApp, line: CommandLine) -> None:
        for given in ("train hopper/hopperPPO.spec", "!touch here"):
            await types(pilot, given)
            await until(pilot, lambda: "--readonly" in app.query_one(OutputPane).text)
            app.query_one(OutputPane).clear()
        await pilot.press("colon", "up")
        assert line.value == "!touch here"

    play(flow, readonly=True)
    assert not (workspace.root / "here").exists()
    assert ends_with(workspace, "!touch here") is None
    assert len(workspace.run_ids()) == 4


@pytest.mark.process
def test_output_arrives_while_a_dialog_is_open(play: Callable[..., None], workspace: Workspace) -> None:
    async def flow(pilot: Any, app: GtsApp, line: CommandLine) -> None:
        pane = app.query_one(OutputPane)
        app.push_screen(ConfirmDialog("really?"))
        app.run_command("!echo behind")
        await until(pilot, lambda: "behind" in pane.text.splitlines())
        await until(pilot, lambda: ends_with(workspace, "!echo behind") == 0)
        await shows(pilot, "really?")

    play(flow)


def test_letters_are_letters_and_escape_goes_back(play: Callable[..., None]) -> None:
    async def flow(pilot: Any, app: GtsApp, line: CommandLine) -> None:
        await pilot.press("colon", *"q1o", "question_mark", "colon")
        assert line.value == "q1o?:"
        await pilot.press("escape")
        await until(pilot, lambda: not line.display)
        assert app.is_running
        assert "q1o" not in screen_text(app)

    play(flow)
