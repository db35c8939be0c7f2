"""Search mode: studies, trials and charts, and the effects of its keys on the disk."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from optuna.storages import RDBStorage

from gts.formats.space_file import parse_space
from gts.formats.strict_json import parse_json
from gts.jobs.job_lock import JobLock
from gts.jobs.requests import SearchRequest
from gts.jobs.searches.job import create_search
from gts.search.study import Study
from gts.search.study_reader import read_study_by_reference
from gts.store.workspace import StudyFolder, Workspace
from gts_tui.app import GtsApp
from gts_tui.screens.search.data import StudyReader
from gts_tui.screens.search.study_pane import StudyPane
from tests.support import app_driver
from tests.support.app_driver import screen_text, shows, types, until

Play = Callable[[Any, GtsApp], Awaitable[None]]

SPACE: dict[str, Any] = {
    "physicalModel": "hopper",
    "technique": "ppo",
    "name": "small",
    "nSteps": 90_000,
    "paramSpace": {"actor.learningRate": {"min": 1e-4, "max": 1e-2, "log": True}, "actor.hiddenSize": [16, 32]},
}
TWO_OBJECTIVES = {"objective": ["score", "speed"]}
VALUES = (10.0, 30.0, None, 20.0, 5.0)


def make_study(root: Path, name: str = "small", values: Any = VALUES, job: bool = True, **changes: Any) -> StudyFolder:
    """Create the study of an interrupted search: trials with these values, None for a failed one, and a running one."""
    space = parse_space(parse_json(json.dumps({**SPACE, **changes, "name": name}), "a space"))
    request = SearchRequest(Workspace(root), space, f"{name}.space", settings={"trials": 8}, threads=4)
    request.folder.path.mkdir(parents=True)
    lock = create_search(request)[1] if job else JobLock.acquire(request.folder.lock)
    study = Study.create_or_load(request.folder, space, storage=None, settings={"trials": 8})
    for value in values:
        trial = study.ask()
        assert trial is not None
        for step in (30_000, 60_000):
            study.report(trial, step, step / 1e4)
        if value is None:
            study.fail(trial, "step 480: a loss of [nan]")
        else:
            study.complete(trial, value if isinstance(value, tuple) else [value], {"steps": 90_000, "seconds": 65.0})
    study.ask()
    study.close()
    lock.release()
    return request.folder


def drive(root: Path, play: Callable[[Any, GtsApp], Awaitable[None]], **settings: Any) -> None:
    """Open the program in the search mode and run a test in it."""
    # The catalogue makes the folder a workspace.
    (root / "gts.db").touch()

    async def story(app: GtsApp, pilot: Any) -> None:
        await until(pilot, lambda: app.mode is not None and app.mode.NAME == "search")
        await play(pilot, app)

    app_driver.drive(Workspace(root), story, "4", **settings)


def test_an_empty_list_has_a_hint(tmp_path: Path) -> None:
    async def play(pilot: Any, app: GtsApp) -> None:
        await shows(pilot, "no studies yet")
        await pilot.press("n")
        await until(pilot, lambda: app.query_one("#line").value == "search ")

    drive(tmp_path, play)


def test_studies_are_listed_newest_first_and_a_new_one_appears(tmp_path: Path) -> None:
    make_study(tmp_path, "older")

    async def play(pilot: Any, app: GtsApp) -> None:
        await shows(pilot, r"older +! interrupted +5/8 +30")
        make_study(tmp_path, "newer b+c", values=())
        screen = await shows(pilot, r"newer b\+c .*0/8")
        assert screen.index("newer") < screen.index("older")

    drive(tmp_path, play)


def test_trials_are_shown_sorted_and_filtered(tmp_path: Path) -> None:
    make_study(tmp_path)

    async def play(pilot: Any, app: GtsApp) -> None:
        await shows(pilot, "small")
        await pilot.press("enter")
        screen = await shows(pilot, r"5 of 8 trials finished \(1 paused, 4 complete, 1 failed\)")
        assert "best 30 (trial 1)" in screen and "✗ failed" in screen and "✓ complete" in screen
        assert order(app) == ["1", "3", "0", "4", "2", "5"], "best first, without a value last"
        await pilot.press("V")
        assert order(app)[0] == "4", "the same field again reverses the order"
        await pilot.press("N")
        assert order(app) == ["0", "1", "2", "3", "4", "5"]
        await pilot.press("slash", *"value>8", "space", *"complete")
        await shows(pilot, r"3 of 6 trials: value>8 complete")
        assert order(app) == ["0", "1", "3"]
        await pilot.press("escape", "slash", *"paused")
        await until(pilot, lambda: order(app) == ["5"])
        await pilot.press("x", "enter")
        await shows(pilot, "is not a condition|unknown field")
        await pilot.press("escape")
        await until(pilot, lambda: len(order(app)) == 6)
        await pilot.press("escape")
        await shows(pilot, "study +state")

    drive(tmp_path, play)


@pytest.mark.slow
def test_a_failed_trial_has_its_reason_and_a_running_study_is_followed(tmp_path: Path) -> None:
    folder = make_study(tmp_path)

    async def play(pilot: Any, app: GtsApp) -> None:
        await shows(pilot, "small")
        await pilot.press("enter", "N")
        await until(pilot, lambda: len(order(app)) == 6)
        await pilot.press("g", "down", "down")
        screen = await shows(pilot, r"reason +step 480: a loss of")
        assert "[nan]" in screen, "brackets are no markup"
        storage = RDBStorage(f"sqlite:///{folder.database}")
        (study,) = storage.get_all_studies()
        (left,) = [trial for trial in storage.get_all_trials(study._study_id) if trial.number == 5]
        from optuna.trial import TrialState

        storage.set_trial_state_values(left._trial_id, TrialState.COMPLETE, [99.5])
        storage.remove_session()
        await shows(pilot, r"best 99\.5 \(trial 5\)")
        table = app.query_one("#trials")
        assert table.current_key == "2", "the cursor stays where it is"

    drive(tmp_path, play)


@pytest.mark.slow
def test_charts_are_cycled_and_maximised(tmp_path: Path) -> None:
    make_study(tmp_path)

    async def play(pilot: Any, app: GtsApp) -> None:
        await shows(pilot, "small")
        await pilot.press("enter")
        await shows(pilot, "best 30")
        for words in ("best so far 30", "needs 5 complete trials", "parameters of the best", "learningRate"):
            await pilot.press("v")
            await shows(pilot, words)
        await pilot.press("right_square_bracket", "right_square_bracket")
        await shows(pilot, r"trial 5 +[ ░]+")
        await pilot.press("plus")
        await until(pilot, lambda: not app.query_one("#trials").display)
        await pilot.press("escape")
        await until(pilot, lambda: app.query_one("#trials").display and app.query_one("#trials").has_focus)
        await pilot.press("v")
        assert "actor.hiddenSize" in await shows(pilot, r"took +1 min 5 s"), "no front for one objective"

    drive(tmp_path, play)


def test_two_objectives_have_a_front(tmp_path: Path) -> None:
    make_study(tmp_path, values=((1.0, 5.0), (2.0, 4.0), (1.0, 3.0)), **TWO_OBJECTIVES)

    async def play(pilot: Any, app: GtsApp) -> None:
        await shows(pilot, "small")
        await pilot.press("enter")
        await shows(pilot, r"front: 2 trials \(1, 0\)")
        assert re.search("score▾ +speed", screen_text(app)), "columns are named after the objectives"
        await pilot.press("left_square_bracket")
        screen = await shows(pilot, "speed over score")
        assert re.search(r"timeline +front", screen)

    drive(tmp_path, play, size=(120, 40))


def test_a_trial_becomes_a_spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_study(tmp_path)
    monkeypatch.chdir(tmp_path)

    async def play(pilot: Any, app: GtsApp) -> None:
        await shows(pilot, "small")
        await pilot.press("enter")
        await shows(pilot, "best 30")
        await pilot.press("P")
        await shows(pilot, r"Write trial 1 of small to")
        await pilot.press("enter")
        await until(pilot, (tmp_path / "smallTrial1.spec").exists)
        await shows(pilot, "› gts best small --trial 1 --out smallTrial1.spec")
        await pilot.press("P")
        await shows(pilot, r"smallTrial1-2\.spec")
        await pilot.press("escape", "e")
        await until(pilot, lambda: app.mode is not None and app.mode.NAME == "editor")
        await shows(pilot, r"smallTrial1\.spec")

    drive(tmp_path, play)
    written = json.loads((tmp_path / "smallTrial1.spec").read_text())
    assert written["physicalModel"] == "hopper" and "Trial 1 of the study small" in written["comment"][0]


def test_readonly_changes_nothing(tmp_path: Path) -> None:
    make_study(tmp_path)

    async def play(pilot: Any, app: GtsApp) -> None:
        await shows(pilot, "small")
        await pilot.press("a")
        await shows(pilot, "Workers for small")
        await pilot.press("3", "enter")
        await shows(pilot, "--readonly")

    drive(tmp_path, play, readonly=True)
    assert not (tmp_path / "studies" / "small" / "workers.json").exists()


def test_the_number_of_workers_is_set(tmp_path: Path) -> None:
    folder = make_study(tmp_path)

    async def play(pilot: Any, app: GtsApp) -> None:
        await shows(pilot, "small")
        await pilot.press("a")
        await shows(pilot, "Workers for small")
        await pilot.press("3", "enter")
        await shows(pilot, "small: 3 workers when it is resumed")

    drive(tmp_path, play)
    assert json.loads((folder.path / "workers.json").read_text()) == {"workers": 3}


@pytest.mark.slow
def test_a_database_elsewhere_is_shown_and_a_broken_one_explained(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    database = make_study(tmp_path / "there", job=False).database
    (tmp_path / "broken.db").write_bytes(b"no database at all")

    async def play(pilot: Any, app: GtsApp) -> None:
        await types(pilot, f"mode search {database}")
        await shows(pilot, r"best 30 \(trial 1\)")
        await types(pilot, f"mode search {tmp_path / 'broken.db'}")
        await shows(pilot, "not a database")
        await types(pilot, "mode search postgresql+psycopg://me:secret@localhost:9/x#y")
        screen = await shows(pilot, r"localhost:9/x#y")
        assert "me:secret" not in screen.split("›")[0]

    drive(tmp_path / "here", play)


@pytest.mark.slow
def test_a_study_deleted_while_shown_is_explained(tmp_path: Path) -> None:
    folder = make_study(tmp_path)

    async def play(pilot: Any, app: GtsApp) -> None:
        await shows(pilot, "small")
        await pilot.press("enter")
        await shows(pilot, "best 30")
        shutil.rmtree(folder.path)
        await shows(pilot, "esc returns")
        await pilot.press("escape")
        await shows(pilot, "no studies yet")

    drive(tmp_path, play)


def test_finished_trials_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_study(tmp_path)
    reader = StudyReader(Workspace(tmp_path), "small")
    reader.stamp()
    first = reader.read()
    assert first.view == read_study_by_reference(Workspace(tmp_path), "small")
    reader._last_stamp = "something has changed"
    second = reader.read()
    assert second.view == first.view
    assert all(old is new for old, new in zip(first.view.trials[:5], second.view.trials[:5], strict=True))
    assert first.view.trials[5] is not second.view.trials[5], "a running trial is read again"


@pytest.mark.slow
def test_the_ascii_level_draws_ascii_only_in_search(tmp_path: Path) -> None:
    make_study(tmp_path)

    async def play(pilot: Any, app: GtsApp) -> None:
        await shows(pilot, "small")
        await pilot.press("enter")
        await shows(pilot, "best 30")
        for _ in range(7):
            pane = app.query_one(StudyPane).region
            lines = screen_text(app).splitlines()[pane.y : pane.bottom]
            # Scrollbars are drawn by Textual.
            assert without_scrollbars("".join(lines)).isascii(), lines
            await pilot.press("v")
            await until(pilot, lambda pane=pane, shown=lines: screen_text(app).splitlines()[pane.y : pane.bottom] != shown)

    drive(tmp_path, play, glyphs="ascii")


def without_scrollbars(line: str) -> str:
    """Remove the scrollbars of Textual, which are block characters at every level."""
    return re.sub("[▀-▟]", "", line)


def order(app: GtsApp) -> list[str]:
    """The trials in the order of the table."""
    return list(app.query_one("#trials").row_keys)
