"""The mode `compare`: scores, differing parameters, curves, playback, and references that cannot be compared."""

from __future__ import annotations

import math
import shutil
from typing import Any

import pytest

from gts.commands.compare import ComparedSource, combine_scores
from gts.store.workspace import Workspace
from gts_tui.app import GtsApp
from gts_tui.screens.compare_data import ComparisonReader, aggregate_curves, make_comparison_plot
from gts_tui.widgets.chart import ChartWidget
from gts_tui.widgets.player import PlayerWidget
from tests.support.app_driver import drive, screen_text, shows, types, until

FOUR, ONE = "20261118-211502-hopperPPO-k3f", "20261120-013000-hopperPPO-w9c"


@pytest.mark.slow
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_two_runs_side_by_side(workspace: Workspace, size: tuple[int, int]) -> None:
    async def flow(app: GtsApp, pilot: Any) -> None:
        await types(pilot, f"compare {FOUR} {ONE}")
        screen = await shows(pilot, r"2 hopperPPO-w9c +999k +2240")
        # 3065 is the mean of 3200, 3110, 3020 and 2930; the other run scores 0.7 × 3200.
        assert "3065" in screen and "2195.2–2307.2" in screen
        chart = app.query_one(ChartWidget)
        assert [line.name for line in chart.data.lines] == ["1 hopperPPO-k3f", "2 hopperPPO-w9c"]
        assert "IQM over seeds" in screen
        lows, highs = chart.data.lines[0].lows, chart.data.lines[0].highs
        assert all(low < high for low, high in zip(lows, highs, strict=True)), "four seeds differ"
        assert chart.data.lines[1].lows == (), "one seed has no spread"
        await pilot.press("m", "m")
        await shows(pilot, "episode length")
        await pilot.press("space")
        await until(pilot, lambda: [line.style for line in chart.data.lines] == ["faint", "line"])
        assert chart.data.lines[1].name == "1 hopperPPO-k3f", "a marked curve is drawn last, over the others"
        await pilot.press("left_square_bracket")
        await shows(pilot, r"seed +1, 2, 3, 4 +1")

    drive(workspace, flow, size=size, glyphs="braille")


def test_sources_are_added_from_a_list_and_removed(workspace: Workspace) -> None:
    async def flow(app: GtsApp, pilot: Any) -> None:
        await pilot.press("6")
        await shows(pilot, "a adds a run")
        await until(pilot, lambda: app.mode is not None and app.mode._sources)  # type: ignore[attr-defined]
        await pilot.press("a")
        await shows(pilot, "Compare with which source")
        await pilot.press("enter")
        await shows(pilot, "1 hopperPPO-w9c")
        await pilot.press("a")
        await shows(pilot, "Compare with which source")
        await pilot.press("enter")
        screen = await shows(pilot, r"2 hopperA2C-zx7")
        assert "technique" not in screen
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: "technique" in screen_text(app) or app.mode.action_cycle_panel(1))  # type: ignore[union-attr]
        assert app.selection() == (ONE,)
        await pilot.press("d")
        await until(pilot, lambda: "w9c" not in screen_text(app).splitlines()[2])
        assert workspace.run_folder(ONE).exists(), "removing from the comparison keeps the run"

    drive(workspace, flow, glyphs="braille")


def test_an_error_is_shown_and_the_other_entries_stay(workspace: Workspace) -> None:
    reading = ComparisonReader(workspace, [ONE, "hopper/hopper.space", "no such thing", "hopper/hopperPPO.spec"]).read()
    assert [bool(entry.error) for entry in reading.entries] == [False, True, True, False]
    assert "a space" in reading.entries[1].error

    async def flow(app: GtsApp, pilot: Any) -> None:
        await app.show_mode("compare", ("nowhere", ONE))
        await shows(pilot, "no such file: nowhere")
        assert "2240" in screen_text(app)

    drive(workspace, flow, glyphs="braille")


def test_a_replaced_run_is_read_again(workspace: Workspace) -> None:
    reader = ComparisonReader(workspace, [ONE, FOUR])
    before = reader.read()
    stamp = reader.stamp()
    facts = workspace.run_folder(ONE).run_file
    facts.write_text(facts.read_text().replace('"mean": 2240.0', '"mean": 1234.5'))
    assert reader.stamp() != stamp
    after = reader.read()
    assert before.entries[0].score["mean"] == 2240.0 and after.entries[0].score["mean"] == 1234.5  # type: ignore[index]
    shutil.rmtree(workspace.run_folder(ONE).path)
    assert reader.read().entries[0].error and reader.read().entries[1].sides


@pytest.mark.process
@pytest.mark.slow
def test_all_play_side_by_side_until_escape(workspace: Workspace) -> None:
    async def flow(app: GtsApp, pilot: Any) -> None:
        await types(pilot, f"compare {ONE} inverted/invertedPPO.checkpoint hopper/hopperPPO.spec")
        await shows(pilot, "3 hopperPPO.spec")
        await pilot.press("p")
        await shows(pilot, r"return.*return")
        player = app.query_one(PlayerWidget)
        assert player.references == (ONE, "inverted/invertedPPO.checkpoint"), "a spec has no policy to play"
        await pilot.press("escape")
        await until(pilot, lambda: not player.is_playing)
        assert app.focused is not None and app.focused.id == "compared"

    drive(workspace, flow, glyphs="braille")


def score(iqm: Any, mean: float = 1.0) -> dict[str, Any]:
    return {"mean": mean, "score": mean, "length": 10.0, "iqm": iqm, "measures": {"speed": 2.0}, "falls": 1, "episodes": 100}


def side(values: Any) -> ComparedSource:
    return ComparedSource("x", "run", "hopper", "ppo", 1, values, {})


def test_scores_of_members_are_combined_over_seeds() -> None:
    found = combine_scores([side(score(iqm, mean)) for iqm, mean in ((0.0, 1.0), (10.0, 2.0), (20.0, 3.0), (1000.0, 6.0))])
    assert found is not None
    assert found["iqm"] == 15.0, "the mean of the middle half of 0, 10, 20, 1000"
    assert found["iqm_low"] < 15.0 < found["iqm_high"]
    assert (found["mean"], found["falls"], found["episodes"], found["measures"]) == (3.0, 4, 400, {"speed": 2.0})
    alike = combine_scores([side(score(7.0))] * 3)
    assert alike is not None and alike["iqm_low"] == alike["iqm"] == alike["iqm_high"] == 7.0
    assert combine_scores([side(None), side(None)]) is None


def test_scores_that_are_not_finite_are_left_out() -> None:
    found = combine_scores([side(score(math.nan, math.inf)), side(score(None, 2.0)), side(score(4.0, 4.0))])
    assert found is not None and found["iqm"] == 4.0 and found["mean"] == 3.0


def test_curves_are_finite_and_thinned() -> None:
    rows = [(step, {"mean": math.nan if step % 7 == 0 else float(step), "length": None}) for step in range(5000)]
    curve = aggregate_curves([rows, rows])["mean"]
    assert 100 <= len(curve) <= 120
    assert all(math.isfinite(number) for point in curve for number in point)
    assert "length" not in aggregate_curves([rows])


def test_a_single_evaluation_is_a_point(workspace: Workspace) -> None:
    reading = ComparisonReader(workspace, ["hopper/hopperPPO.checkpoint", ONE]).read()
    plot = make_comparison_plot(reading, "mean", frozenset())
    assert {line.style for line in plot.lines} <= {"line", "points"}
    assert all(len(line.xs) == len(line.ys) for line in plot.lines)
