"""Twelve ways in which a terminal program dies, each with a test: in this file, or where the list says.

 1  a NaN or an infinity ends a chart: widgets.test_chart.test_any_numbers_at_any_size,
    screens.training.test_screen.test_damaged_and_missing_metrics_are_explained, and here in a study
 2  a drawing library that cannot be imported: here, none is
 3  a parser that crashes when the language changes: here
 4  a window without a display ends the process: screens.test_play.test_a_window_without_a_display_shows_an_error,
    and here: no simulator
 5  a terminal that is not read: test_start.test_a_blocked_terminal_harms_no_job_and_the_program_can_be_ended
 6  a connection that is cut: test_start.test_a_lost_line_ends_it
 7  terminals that report little: test_theme.test_the_usual_theme_suits_the_terminal, and here
 8  a theme with an invalid colour: test_theme.test_errors_of_theme_files_have_lines_and_reasons
 9  names that look like markup: here, in every mode
10  large tables: screens.test_jobs.test_a_thousand_runs_are_listed_quickly, and here 5 000 trials
11  an idle program that writes: test_start.test_an_idle_program_writes_nothing_and_costs_nothing, and here in every mode
12  versions that do not fit together: here
"""

from __future__ import annotations

import importlib.metadata
import math
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gts.jobs.job_store import index_missing_runs
from gts.store.workspace import Workspace
from gts_tui.app import GtsApp
from gts_tui.command_syntax import MODES
from tests.support.app_driver import drive, screen_text, shows, types, until
from tests.support.repository import ROOT
from tests.support.sample_workspace import run
from tests.support.terminal_program import Terminal

ODD = "a[b/]x[/red]"
"""A name that a markup of rich or Textual would take for tags, one of them without a beginning."""


def test_the_tests_of_the_list_exist() -> None:
    named = re.findall(r"([\w.]*\btest_\w+)\.(test_\w+)", __doc__ or "")
    assert len(named) == 9
    for module, test in named:
        assert f"def {test}(" in (Path(__file__).parent / f"{module.replace('.', '/')}.py").read_text()


def fill(workspace: Workspace, name: str, values: list[float | None], more: Callable[[Any], list[Any]] = lambda _: []) -> None:
    """A study whose trials have these values, None for a failure; `more` makes others from the first one."""
    from gts.formats.space_file import read_space
    from gts.search.study import Study

    space = read_space(workspace.root / "hopper" / "hopper.space")
    folder = workspace.study_folder(name)
    folder.path.mkdir(parents=True)
    study = Study.create_or_load(folder, space, storage=None, settings={"trials": len(values)})
    for value in values:
        trial = study.ask()
        assert trial is not None
        if value is None:
            study.fail(trial, f"step 480: a loss of {ODD}")
            continue
        study.report(trial, 1000, value)
        study.complete(trial, (value,), {"steps": 1000, "seconds": 1.0})
    study.close()
    import optuna

    storage = optuna.storages.RDBStorage(f"sqlite:///{folder.database}")
    (found,) = optuna.get_all_study_summaries(storage)
    opened = optuna.load_study(study_name=found.study_name, storage=storage)
    opened.add_trials(more(opened.trials[0]))


def repeat(workspace: Workspace, name: str, times: int) -> None:
    """Add the first trial of a study so often again: row by row in SQL, since storages take a minute for thousands."""
    with closing(sqlite3.connect(workspace.study_folder(name).database)) as database, database:
        ((first, number),) = database.execute("SELECT min(trial_id), max(number) FROM trials")
        (last,) = database.execute("SELECT max(trial_id) FROM trials").fetchone()
        copies = f"WITH RECURSIVE copy(at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM copy WHERE at < {times})"
        for table in ("trials", "trial_params", "trial_values", "trial_intermediate_values", "trial_user_attributes"):
            key, *columns = (row[1] for row in database.execute(f"PRAGMA table_info({table})"))
            changed = {"trial_id": f"{last} + at", "number": f"{number} + at"}
            into = columns if key != "trial_id" else [key, *columns]
            values = ", ".join(changed.get(column, column) for column in into)
            database.execute(
                f"{copies} INSERT INTO {table} ({', '.join(into)}) SELECT {values} FROM {table}, copy WHERE trial_id = {first}"
            )


def wild(first: Any) -> list[Any]:
    """Trials as this program writes none: others may have."""
    import optuna

    def one(value: float) -> Any:
        return optuna.trial.create_trial(
            value=value,
            params=first.params,
            distributions=first.distributions,
            intermediate_values={1000: math.nan, 2000: value, 3000: math.inf, 4000: 1.0},
        )

    return [one(math.inf), one(-math.inf), one(-1e308)]


@pytest.mark.slow
def test_numbers_that_are_none_in_a_study(workspace: Workspace) -> None:
    """Hazard 1: infinite values, in the table and in every chart of a study; a training that ends so has failed."""
    fill(workspace, "wild", [10.0, 20.0, 1e308, math.inf, None], wild)

    async def story(app: GtsApp, pilot: Any) -> None:
        await types(pilot, "open wild")
        await shows(pilot, "6 complete, 2 failed")
        await pilot.press("plus")
        for _ in range(9):
            before = screen_text(pilot.app)
            await pilot.press("v")
            await until(pilot, lambda before=before: screen_text(pilot.app) != before)
            await pilot.pause()
        await pilot.press("escape", "N", "G", "g")
        await shows(pilot, "6 complete, 2 failed")

    drive(workspace, story)


SWITCHING = """
import asyncio, sys
from pathlib import Path
from tests.support.app_driver import shows, until
from gts.store.workspace import Workspace
from gts_tui.app import GtsApp

async def drive():
    app = GtsApp(Workspace(Path({root!r})))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.mode is not None)
        for at in range(1, 8):
            await pilot.press(str(at))
            await until(pilot, lambda: app.mode.NAME == {modes!r}[at - 1])
        for name in ("hopper/hopperPPO.spec", "hopper/hopper.space") * 3:
            await app.show_mode("editor", [name])
            await shows(pilot, name.rpartition("/")[2] + ".* +1:1")
            await pilot.press("down", "space", "backspace", "up")

asyncio.run(drive())
print(*sorted({{name.partition(".")[0] for name in sys.modules}}))
"""


@pytest.mark.process
@pytest.mark.slow
def test_nothing_that_can_end_the_process_is_loaded(workspace: Workspace) -> None:
    """Hazards 2, 3 and 4: all modes, and files of both kinds in turns, without a drawing library, a parser, a simulator."""
    program = SWITCHING.format(root=str(workspace.root), modes=MODES)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    risky = {"plotext", "textual_plotext", "tree_sitter", "tree_sitter_json", "mujoco", "glfw", "torch", "gymnasium"}
    assert risky.isdisjoint(done.stdout.split())


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("term", ["linux", "vt100", "xterm-ghostty", "dumb", "nothing-known", ""])
def test_any_terminal_will_do(workspace: Workspace, term: str) -> None:
    """Hazard 7: the program opens, shows what there is, and ends."""
    here = Terminal(workspace.root, TERM=term)
    try:
        here.read(lambda said: b"hopper" in said and b"quit" in said)
        here.write("q")
        assert here.wait() == 0
        assert here.settings() == here.before
    finally:
        here.close()


@pytest.fixture
def oddly_named(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace whose spec, run, study, theme, failure and log have a name that looks like markup."""
    odd = ODD.replace("/", "∕")
    (workspace.root / "hopper" / "a[b").mkdir()
    shutil.copy(workspace.root / "hopper" / "hopperPPO.spec", workspace.root / "hopper" / "a[b" / "].spec")
    shutil.copy(workspace.root / "hopper" / "hopperPPO.spec", workspace.root / "hopper" / f"{odd}.spec")
    shutil.copy(workspace.root / "hopper" / "hopperPPO.checkpoint", workspace.root / "hopper" / "[bold]x.checkpoint")
    folder = run(workspace, f"20261121-010000-{odd}-abc", "hopper/a[b/].spec", 1, 30, 0.5, "failed", f"a loss of {ODD}")
    with folder.log.open("a") as log:
        log.write(f"2026-11-21 01:00:00  it said [/foo] and {ODD}\n")
    fill(workspace, f"s{odd}", [1.0, None])
    (workspace.root / "themes").mkdir()
    theme = (ROOT / "themes" / "dark.toml").read_text()
    (workspace.root / "themes" / "[b].toml").write_text(theme)
    (workspace.root / "themes" / "[/c].toml".replace("/", "∕")).write_text("x = [/foo]")
    index_missing_runs(workspace)
    return workspace


@pytest.mark.slow
@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_names_that_look_like_markup(oddly_named: Workspace, size: tuple[int, int]) -> None:
    """Hazard 9: in every mode, in the menu, in errors, they are only names."""
    odd = re.escape(ODD.replace("/", "∕"))

    async def story(app: GtsApp, pilot: Any) -> None:
        await types(pilot, "mode workspace hopper/a[b/].spec")
        await shows(pilot, r"hopper/a\[b/\]\.spec")
        await types(pilot, "edit hopper/a[b/].spec")
        await shows(pilot, r"\]\.spec")
        await pilot.press("escape", "3")
        await shows(pilot, odd)
        await pilot.press("v")
        await shows(pilot, r"it said \[/foo\]")
        await pilot.press("4")
        await shows(pilot, f"s{odd}")
        await app.show_mode("search", [f"s{ODD.replace('/', '∕')}"])
        await shows(pilot, "1 complete, 1 failed")
        await pilot.press("down")
        await shows(pilot, r"a loss of")
        await pilot.press("5")
        await shows(pilot, r"it said \[/foo\]")
        await app.show_mode("compare", [f"20261121-010000-{ODD.replace('/', '∕')}-abc", "hopper/hopperPPO.checkpoint"])
        await shows(pilot, r"a\[b")
        await pilot.press("7")
        await shows(pilot, r"\[bold\]x")
        await types(pilot, "theme [b]")
        await shows(pilot, r"there is no theme `\[b\]`")
        await types(pilot, "open [/foo]")
        await shows(pilot, r"\[/foo\]")
        await pilot.press("ctrl+p", *"[bold")
        await shows(pilot, r"hopper/\[bold\]x\.checkpoint")
        await pilot.press("escape", "escape", "question_mark")
        await pilot.pause()

    drive(oddly_named, story, size=size)


@pytest.mark.slow
def test_a_study_of_five_thousand_trials(workspace: Workspace) -> None:
    """Hazard 10: it is there soon, and a key is answered at once."""
    fill(workspace, "large", [10.0, 20.0])
    repeat(workspace, "large", 4998)

    async def story(app: GtsApp, pilot: Any) -> None:
        await types(pilot, "open large")
        await shows(pilot, "5000 of")
        slowest = 0.0
        for key in ("down", "V", "N", "pagedown", "G", "g", "v", "up"):
            began = time.process_time()
            await pilot.press(key)
            slowest = max(slowest, time.process_time() - began)
        assert slowest < 2.0, "ten times the processor time that it takes"

    drive(workspace, story)


@pytest.mark.process
@pytest.mark.slow
def test_at_rest_nothing_is_written_in_any_mode(workspace: Workspace) -> None:
    """Hazard 11: no clock, no spinner, no blinking."""
    here = Terminal(workspace.root)
    try:
        here.read(lambda said: b"hopper" in said and b"quit" in said)
        for at, name in enumerate(MODES, start=1):
            here.write(str(at))
            before = here.settle(1.5)
            end = time.monotonic() + 2.0
            here.read(lambda _, end=end: time.monotonic() > end)
            assert len(here.said) == before, f"{name} writes {here.said[before:]!r}"
    finally:
        here.close()


def test_versions_go_together() -> None:
    """Hazard 12: what the pictures are compared with is pinned, and is what runs here."""
    pins = dict(
        line.split("==")
        for line in (ROOT / ".ci" / "constraints.txt").read_text().split("\n")
        if "==" in line and line[0] != "#"
    )
    assert pins["textual"].startswith("8.2.")
    assert pins["pytest"].startswith("8.") and pins["syrupy"] == "4.8.0"
    assert "tree-sitter" not in pins, "it crashes where languages change"
    for name in ("textual", "rich", "pytest-textual-snapshot", "syrupy"):
        assert importlib.metadata.version(name) == pins[name]
