"""Training mode: keys and their effects on the screen; curves, charts and pages."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from gts.jobs.job_store import index_missing_runs
from gts.store.curves import Curve
from gts.store.metrics import MetricsWriter
from gts.store.workspace import Workspace
from gts_tui.app import GtsApp
from gts_tui.screens.training.data import (
    EVALUATION_METRIC,
    average_curves,
    define_charts,
    paginate_charts,
    read_run_snapshot,
    smooth_values,
)
from gts_tui.screens.training.run_list import RunList
from gts_tui.widgets.chart import ChartWidget
from tests.support.app_driver import drive, screen_text, shows, until
from tests.support.sample_workspace import EXAMPLES, run

NEWEST, OLDEST = "20261120-013000-hopperPPO-w9c", "20261118-211502-hopperPPO-k3f"


@pytest.fixture(scope="module")
def sample_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of several states, created once."""
    root = tmp_path_factory.mktemp("runs")
    for figure in ("hopper", "walker"):
        shutil.copytree(EXAMPLES / figure, root / figure)
    workspace = Workspace(root)
    run(workspace, OLDEST, "hopper/hopperPPO.spec", 4, 488, 1.0, "done")
    run(workspace, "20261119-083011-walkerPPO-m2p", "walker/walkerPPO.spec", 2, 290, 0.6, "paused", "stopped")
    failure = "step 40960: the loss is not a number"
    run(workspace, "20261119-220405-hopperA2C-zx7", "hopper/hopperA2C.spec", 1, 20, 0.1, "failed", failure)
    run(workspace, NEWEST, "hopper/hopperPPO.spec", 1, 488, 0.7, "done")
    index_missing_runs(workspace)
    return root


@pytest.fixture
def workspace(sample_runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A copy of the sample runs, with a state folder of its own."""
    monkeypatch.setenv("GTS_STATE", str(tmp_path / "state"))
    shutil.copytree(sample_runs, tmp_path / "workspace")
    return Workspace(tmp_path / "workspace")


def titles(app: GtsApp) -> list[str]:
    """Titles of the visible charts."""
    return [chart.data.title for chart in app.query(ChartWidget) if chart.display]


def test_the_newest_run_is_shown_at_once(workspace: Workspace) -> None:
    """Its state, progress and two charts with their last values; older runs are below it."""

    async def do(app: GtsApp, pilot: Any) -> None:
        screen = await shows(pilot, r"✓ done +hopperPPO-w9c .*100 %")
        await shows(pilot, r"return +2[0-9]{3}\n")
        assert titles(app) == ["return", "evaluated return"]
        assert screen.index("w9c") < screen.index("zx7") < screen.index("m2p") < screen.index("k3f")
        await pilot.press("down")
        await shows(pilot, r"✗ failed +hopperA2C-zx7 .*the loss is not a number")
        await pilot.press("down")
        await shows(pilot, r"paused +walkerPPO-m2p .*59 %.*2 members")

    drive(workspace, do, "3")


@pytest.mark.slow
def test_a_larger_screen_has_more_charts(workspace: Workspace) -> None:
    """Five charts fit at 120×40; a maximised one fills the grid until escape."""

    async def do(app: GtsApp, pilot: Any) -> None:
        await until(pilot, lambda: len(titles(app)) == 5)
        assert titles(app)[:3] == ["return", "evaluated return", "length, steps"]
        small = app.query(ChartWidget).first().size.width
        await pilot.press("enter", "down", "plus")
        await until(pilot, lambda: titles(app) == ["evaluated return"])
        chart = next(chart for chart in app.query(ChartWidget) if chart.display)
        await until(pilot, lambda: chart.size.width > 2 * small)
        await pilot.press("escape")
        await until(pilot, lambda: len(titles(app)) == 5)

    drive(workspace, do, "3", size=(120, 40))


def test_pages_go_through_every_metric(workspace: Workspace) -> None:
    """Paging forward until the first page shows every metric once."""

    async def do(app: GtsApp, pilot: Any) -> None:
        await shows(pilot, "rewards")
        first, seen = titles(app), list(titles(app))
        await pilot.press("right_square_bracket")
        while titles(app) != first:
            seen += titles(app)
            assert len(seen) < 60
            await pilot.press("right_square_bracket")
        assert {"return", "reward terms", "forward reward", "kl", "entropy, nats", "value loss", "steps/s"} <= set(seen)
        assert len(seen) == len(set(seen))
        await pilot.press("left_square_bracket")
        assert titles(app) == seen[-len(titles(app)) :]

    drive(workspace, do, "3")


def test_the_spread_over_members_is_a_band(workspace: Workspace) -> None:
    """The range of four members is drawn around their mean."""
    snapshot = read_run_snapshot(workspace.run_folder("20261118-211502-hopperPPO-k3f").path, ("return", EVALUATION_METRIC), 100)
    series = snapshot.series["return"]
    assert snapshot.members == 4 and len(series.means) <= 100
    assert all(low <= mean <= high for low, mean, high in zip(series.lows, series.means, series.highs, strict=True))
    assert any(low < high for low, high in zip(series.lows, series.highs, strict=True))
    assert len(snapshot.series[EVALUATION_METRIC].steps) > 3


def test_marked_runs_are_overlaid(workspace: Workspace) -> None:
    """Space marks a run; list and legend have its marker; escape clears the marks."""

    async def do(app: GtsApp, pilot: Any) -> None:
        await shows(pilot, "hopperPPO-w9c")
        await pilot.press("space", "down", "down", "down")
        await shows(pilot, r"● hopperPPO-w9c \S+ +◆ hopperPPO-k3f \S+")
        assert "◆ ✓ hopperPPO-k3f" in screen_text(app)
        assert app.mode is not None and app.mode.selection() == (NEWEST,)
        await pilot.press("escape")
        await until(pilot, lambda: "● hopperPPO-w9c" not in screen_text(app))

    drive(workspace, do, "3")


def test_smoothing_keeps_the_raw_line_faint(workspace: Workspace) -> None:
    """The key cycles through the strengths."""

    async def do(app: GtsApp, pilot: Any) -> None:
        await shows(pilot, r"return +2[0-9]{3}\n")
        chart = app.query(ChartWidget).first()
        raw = chart.data.lines[0]
        looks = []
        for _ in range(4):
            await pilot.press("z")
            looks.append([line.style for line in chart.data.lines if any(map(math.isfinite, line.ys))])
        assert looks == [["faint", "line"]] * 3 + [["line"]]
        assert chart.data.lines[0] == raw

    drive(workspace, do, "3")


def test_over_time_and_on_a_logarithmic_axis(workspace: Workspace) -> None:
    """x toggles the x axis of all charts, l the log scale of the selected one."""

    async def do(app: GtsApp, pilot: Any) -> None:
        await shows(pilot, r"return +2[0-9]{3}\n")
        await pilot.press("x", "l")
        screen = await shows(pilot, r"\d:\d\d .*time\n")
        assert "return  log" in screen and [chart.data.is_log_y for chart in app.query(ChartWidget) if chart.display] == [
            True,
            False,
        ]

    drive(workspace, do, "3")


def test_the_cursor_shows_values(workspace: Workspace) -> None:
    """Left moves it to the newest point; every chart shows its value there; escape removes it."""

    async def do(app: GtsApp, pilot: Any) -> None:
        await shows(pilot, r"return +2[0-9]{3}\n")
        await pilot.press("left", *["shift+left"] * 30)
        charts = [chart for chart in app.query(ChartWidget) if chart.display]
        first = charts[0].data.lines[0].xs[0]
        assert [chart.data.cursor for chart in charts] == [first, first]
        value = charts[0].data.lines[0].ys[0]
        assert charts[0].plain_text().splitlines()[0].endswith(f"{value:.4g}")
        await pilot.press("right")
        assert charts[0].data.cursor is not None and charts[0].data.cursor > first
        await pilot.press("escape")
        assert charts[0].data.cursor is None

    drive(workspace, do, "3")


def test_a_pinned_chart_stays_and_is_remembered(workspace: Workspace) -> None:
    """It is the first chart of every page, also after a restart."""

    async def pin(app: GtsApp, pilot: Any) -> None:
        await shows(pilot, r"return +2[0-9]{3}\n")
        await pilot.press("f", "right_square_bracket", "right_square_bracket")
        await until(pilot, lambda: titles(app)[0] == "return (pinned)" and titles(app)[1] != "evaluated return")

    async def again(app: GtsApp, pilot: Any) -> None:
        await until(pilot, lambda: titles(app)[0] == "return (pinned)")
        await pilot.press("f")
        await until(pilot, lambda: titles(app)[0] == "return")

    drive(workspace, pin, "3")
    drive(workspace, again, "3")


def test_the_log_is_followed(workspace: Workspace) -> None:
    """v opens the end of the log; new lines appear, and markup in them is plain text."""

    async def do(app: GtsApp, pilot: Any) -> None:
        await shows(pilot, "hopperPPO-w9c")
        await pilot.press("v")
        await shows(pilot, "23:59:00  done")
        with workspace.run_folder(NEWEST).log.open("a") as file:
            file.write("loss[/foo] [bold] \x1b[31m ünïcödé 🤖 " + "long " * 100 + "\n")
        await shows(pilot, r"loss\[/foo\] \[bold\]")
        await pilot.press("v")
        await until(pilot, lambda: "loss[/foo]" not in screen_text(app))

    drive(workspace, do, "3")


def test_new_metrics_appear(workspace: Workspace) -> None:
    """The chart grows without any key."""
    folder = workspace.run_folder(NEWEST)

    async def do(app: GtsApp, pilot: Any) -> None:
        await shows(pilot, r"return +2[0-9]{3}\n")
        with MetricsWriter(folder.metrics, rounds=488, resume=488 * 2048) as writer:
            writer.add_round(2_000_000, 489, [{"return": 98765.0}], {"acting": 1.0})
        # The newest point is the mean of the newest rounds.
        await shows(pilot, r"return +\d\d\.\d+k\n")

    drive(workspace, do, "3")


def test_damaged_and_missing_metrics_are_explained(workspace: Workspace) -> None:
    """A damaged database, a missing one, a deleted run: each has a message, and keys still work."""
    (workspace.run_folder(NEWEST).metrics).write_bytes(b"no database" * 1000)
    (workspace.run_folder("20261119-220405-hopperA2C-zx7").metrics).unlink()

    async def do(app: GtsApp, pilot: Any) -> None:
        await shows(pilot, "cannot use the database")
        await pilot.press("z", "left", "right_square_bracket", "l", "f", "x", "plus", "escape", "down")
        await shows(pilot, "no metrics yet")
        await pilot.press("down")
        await shows(pilot, r"walkerPPO-m2p .*59 %")
        shutil.rmtree(workspace.run_folder("20261119-083011-walkerPPO-m2p").path)
        await until(pilot, lambda: "walkerPPO-m2p" not in screen_text(app))
        await shows(pilot, r"✓ done +hopperPPO-k3f")

    drive(workspace, do, "3")


@pytest.mark.slow
def test_a_workspace_without_runs(tmp_path: Path) -> None:
    """The hint names a command, and no key fails."""
    (tmp_path / "gts.db").touch()

    async def do(app: GtsApp, pilot: Any) -> None:
        await shows(pilot, "no runs yet")
        await pilot.press(*"zxlfvspRyw", "space", "enter", "plus", "left", "right_square_bracket", "escape", "escape")
        await pilot.press("v")
        assert "train hopper/hopperPPO.spec" in await shows(pilot, "no runs yet")

    drive(Workspace(tmp_path), do, "3")


def test_a_run_is_opened_by_reference(workspace: Workspace) -> None:
    """Part of its ID, its folder, a checkpoint in it; an unknown reference is a warning."""
    path = workspace.run_folder("20261118-211502-hopperPPO-k3f").best_checkpoint(0).relative_to(workspace.root)

    async def do(app: GtsApp, pilot: Any) -> None:
        for word, name in (("m2p", "walkerPPO-m2p"), (str(path), "hopperPPO-k3f"), ("@last", "hopperPPO-w9c")):
            await app.show_mode("training", [word])
            await shows(pilot, rf"^.*\n. \w+ +{name} ")
        await app.show_mode("training", ["unknown"])
        await shows(pilot, "`unknown` matches no run")

    drive(workspace, do, "3")


def test_the_list_is_filtered(workspace: Workspace) -> None:
    """By words of the ID while typing; letters are no key bindings there; escape clears the filter."""

    async def do(app: GtsApp, pilot: Any) -> None:
        await shows(pilot, "hopperPPO-w9c")
        await pilot.press("slash", *"ppo", "space", *"k3f")
        await until(pilot, lambda: app.query_one(RunList).option_count == 1)
        await pilot.press("enter")
        await shows(pilot, r"✓ done +hopperPPO-k3f")
        await pilot.press("escape")
        await until(pilot, lambda: app.query_one(RunList).option_count == 4)

    drive(workspace, do, "3")


def test_stop_and_resume_are_commands(workspace: Workspace) -> None:
    """With --readonly the commands are shown and refused."""

    async def do(app: GtsApp, pilot: Any) -> None:
        await shows(pilot, "hopperPPO-w9c")
        await pilot.press("s")
        await shows(pilot, "--readonly")
        await pilot.press("R")
        await until(pilot, lambda: screen_text(app).count("--readonly") >= 1)
        assert json.loads(workspace.run_folder(NEWEST).job_file.read_text())["recorded_state"] == "done"

    drive(workspace, do, "3", readonly=True)


def test_nothing_is_polled_in_another_mode(workspace: Workspace) -> None:
    """The mode polls only while it is shown."""

    async def do(app: GtsApp, pilot: Any) -> None:
        await shows(pilot, "hopperPPO-w9c")
        await pilot.press("v", "1")
        assert not [key for key in app.poller._sources if key.startswith("training.")]
        await pilot.press("3")
        await shows(pilot, r"return +2[0-9]{3}\n")

    drive(workspace, do, "3")


def test_the_ascii_level_draws_ascii_only_in_training(workspace: Workspace) -> None:
    """List, charts and legend."""

    async def do(app: GtsApp, pilot: Any) -> None:
        await shows(pilot, r"return +2[0-9]{3}\n")
        await pilot.press("space", "down", "down", "down", "left")
        await shows(pilot, r"o hopperPPO-k3f")
        # Without header and footer.
        body = "\n".join(screen_text(app).splitlines()[1:21])
        assert body.isascii(), body

    drive(workspace, do, "3", glyphs="ascii")


def test_a_run_of_ten_million_steps_is_read_quickly(tmp_path: Path) -> None:
    """A curve takes less than 40 ms of processor time in the fastest of several attempts: other work shares the machine."""
    path = tmp_path / "metrics.db"
    with MetricsWriter(path, rounds=5000) as writer:
        for epoch in range(1, 5001):
            writer.add_round(epoch * 2000, epoch, [{"return": math.sin(epoch), "kl": 0.1}], {"acting": 0.1})
    (tmp_path / "run.json").write_text(json.dumps({"members": 1, "total_steps": 10_000_000}))
    times = []
    for _ in range(5):
        started = process_time()
        snapshot = read_run_snapshot(tmp_path, ("return",), 240)
        times.append(process_time() - started)
    assert len(snapshot.series["return"].steps) == 240 and min(times) < 0.04


def test_members_of_different_length_are_averaged() -> None:
    """A failed member counts up to its last step."""
    whole = Curve((10, 20, 30, 40), (1.0, 2.0, 3.0, 4.0), (1.0, 2.0, 3.0, 4.0), (1.0,) * 4, (4.0,) * 4)
    short = Curve((10, 30), (1.0, 3.0), (3.0, 7.0), (3.0, 7.0), (3.0, 7.0))
    series = average_curves([whole, short])
    assert series.steps == (10.0, 20.0, 30.0, 40.0) and series.elapsed == whole.elapsed
    assert series.means == (2.0, 3.5, 5.0, 4.0)
    assert series.lows == (1.0, 2.0, 3.0, 4.0) and series.highs == (3.0, 5.0, 7.0, 4.0)
    assert average_curves([]).steps == ()


def test_smoothing_has_no_bias() -> None:
    """A constant stays constant from the first value on; a gap stays a gap."""
    assert smooth_values((5.0, 5.0, 5.0), 0.9) == pytest.approx((5.0, 5.0, 5.0))
    gap = smooth_values((1.0, math.nan, 3.0), 0.5)
    assert gap[0] == 1.0 and math.isnan(gap[1]) and gap[2] == pytest.approx(1.0 / 3 + 3.0 * 2 / 3)


def test_every_metric_has_a_chart() -> None:
    """Unknown metrics too; reward terms share a chart if one run is shown."""
    names = ("return", "reward/alive", "reward/control", "seconds/acting", "seconds/physics", "my_own", EVALUATION_METRIC)
    one, two = define_charts(names, 1), define_charts(names, 2)
    assert {name for panel in one for name in panel.metrics} == {name for panel in two for name in panel.metrics} == set(names)
    assert ("reward/alive", "reward/control") in [panel.metrics for panel in one]
    assert all(len(panel.metrics) == 1 for panel in two)
    for places in range(1, 10):
        for pinned in ((), ("return",), names):
            pages = paginate_charts(one, pinned, places)
            assert {panel for page in pages for panel in page.charts} == set(one)
            assert all(0 < len(page.charts) <= places for page in pages)


def test_markup_in_a_name_is_plain_text(workspace: Workspace) -> None:
    """In the list, the status line and the legend."""
    run(workspace, "20261121-010000-[red]x[bold]-abc", "hopper/hopperPPO.spec", 1, 30, 0.5, "done")

    async def do(app: GtsApp, pilot: Any) -> None:
        await shows(pilot, r"✓ done +\[red\]x\[bold\]-abc")

    drive(workspace, do, "3")
