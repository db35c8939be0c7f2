"""Threads: a poller that survives errors, calls into an app that exits, commands that end below a dialog."""

from __future__ import annotations

import asyncio
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gts.errors import GtsError
from gts.store.workspace import Workspace
from gts_tui.app import GtsApp
from gts_tui.console.output import StatusLine
from gts_tui.polling import Poller
from gts_tui.screens.mode import Mode
from gts_tui.textual_fixes import AppClosedError
from gts_tui.widgets.dialogs import ConfirmDialog, SearchDialog
from tests.support.app_driver import shows, types, until
from tests.support.waiting import wait_until


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    (tmp_path / "gts.db").touch()
    (tmp_path / "a.spec").write_text("{}")
    monkeypatch.chdir(tmp_path)
    return Workspace(tmp_path)


class Panel:
    """Records the readings of a source."""

    def __init__(self) -> None:
        self.stamp: Callable[[], Any] = lambda: 0
        self.read: Callable[[], Any] = lambda: "well"
        self.told: list[Any] = []

    def follow(self, watch: Poller, key: str) -> None:
        watch.watch(key, lambda: self.stamp(), lambda: self.read(), self.told.append)


def eventually(condition: Callable[[], Any]) -> None:
    wait_until(condition, what="a delivery", interval=0.005)


def test_an_error_in_a_reading_is_delivered_and_other_sources_continue() -> None:
    mishaps: list[Exception] = []
    watch = Poller(lambda call: call(), mishaps.append, seconds=0.005)
    odd, sound = Panel(), Panel()
    count = iter(range(10**9))
    odd.stamp, sound.stamp = lambda: next(count), lambda: next(count)
    odd.read = lambda: {}["missing"]
    odd.follow(watch, "odd")
    sound.follow(watch, "sound")
    watch.start()
    try:
        eventually(lambda: len(sound.told) > 20)
        # Told once, though every look has found it again.
        (error,) = odd.told
        assert isinstance(error, GtsError)
        assert "KeyError" in str(error)
        assert isinstance(mishaps[0], KeyError)
        odd.read = lambda: "mended"
        eventually(lambda: odd.told[-1] == "mended")
        odd.read = lambda: {}["missing"]
        eventually(lambda: isinstance(odd.told[-1], GtsError))
    finally:
        watch.stop()
        watch.join(60)


def test_an_unchanged_reading_is_delivered_again_after_an_error() -> None:
    watch = Poller(lambda call: call(), seconds=0.005)
    panel = Panel()
    panel.follow(watch, "panel")
    watch.start()
    try:
        eventually(lambda: panel.told == ["well"])

        def gone() -> int:
            raise FileNotFoundError(2, "No such file or directory", "w")

        panel.stamp = gone
        eventually(lambda: len(panel.told) == 2)
        assert str(panel.told[1]) == "cannot read w: no such file or directory"
        panel.stamp = lambda: 0
        eventually(lambda: panel.told[2:] == ["well"])
    finally:
        watch.stop()
        watch.join(60)


def test_an_error_in_a_widget_is_reported_and_the_program_continues(workspace: Workspace) -> None:
    async def drive() -> None:
        app = GtsApp(workspace)
        async with app.run_test(size=(80, 24), notifications=True) as pilot:
            await until(pilot, lambda: app.mode)
            app.poller.watch("broken", lambda: 0, lambda: 1, lambda reading: {}["nothing"])
            await shows(pilot, "internal error")
            (workspace.root / "b.spec").write_text("{}")
            await shows(pilot, r"\bb\b")
            assert [type(error) for error in app.unexpected_errors] == [KeyError]

    asyncio.run(drive())


def test_calls_into_a_closed_program_return(workspace: Workspace) -> None:
    answers: list[Any] = []
    app = GtsApp(workspace)

    def ask(how: Callable[[], Any]) -> threading.Thread:
        def work() -> None:
            try:
                answers.append(how())
            except AppClosedError as error:
                answers.append(error)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        return thread

    async def drive() -> list[threading.Thread]:
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: app.mode)
            asked = ask(lambda: app.confirm("really?"))
            await until(pilot, lambda: isinstance(app.screen, ConfirmDialog))
            return [asked, ask(lambda: app.call_from_thread(asyncio.sleep, 3600))]

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        threads = asyncio.run(drive())
        threads += [ask(lambda: app.call_from_thread(app.bell)), ask(lambda: app.call_soon(app.bell))]
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
    assert sum(isinstance(answer, AppClosedError) for answer in answers) == 2
    assert False in answers


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("opened", ["palette", "question", "keys"])
def test_a_command_ends_while_a_dialog_is_open(workspace: Workspace, opened: str) -> None:
    """Its echo, its answer, what it shows and the mode it goes to are below the dialog, which stays."""

    async def drive() -> None:
        app = GtsApp(workspace)
        async with app.run_test(size=(80, 24), notifications=True) as pilot:
            await until(pilot, lambda: app.mode)
            ended: list[int] = []
            if opened == "question":
                app.push_screen(ConfirmDialog("really?"))
            else:
                await pilot.press("ctrl+p" if opened == "palette" else "question_mark")
            await until(pilot, lambda: isinstance(app.screen, ConfirmDialog | SearchDialog))
            dialog = app.screen
            lines = ["help train", "!echo aa; echo bb", "jobs", "mode search", "theme light", "history", "mouse off", "clear"]
            for line in lines:
                app.run_command(line, then=ended.append)
                await until(pilot, lambda: len(ended) == lines.index(line) + 1)  # noqa: B023
            assert ended == [0] * len(lines)
            assert app.screen is dialog
            assert app.mode is not None and app.mode.NAME == "search"
            assert [mode.NAME for mode in app.query(Mode) if mode.display] == ["search"]
            app.run_command("nonsense", then=ended.append)
            await until(pilot, lambda: ended[-1] == 2)
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is not dialog)
            await types(pilot, "mode jobs")
            await until(pilot, lambda: app.mode.NAME == "jobs")
            assert "mode jobs" in str(app.query_one(StatusLine).render())
            assert app.unexpected_errors == []

    asyncio.run(drive())


def test_two_requests_for_a_mode_mount_it_once(workspace: Workspace) -> None:
    async def drive() -> None:
        app = GtsApp(workspace)
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: app.mode)
            await asyncio.gather(app.show_mode("jobs"), app.show_mode("jobs"))
            assert len([mode for mode in app.query(Mode) if mode.NAME == "jobs"]) == 1

    asyncio.run(drive())
