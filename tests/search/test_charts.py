"""Charts and reports of studies of any content: they fit a terminal and raise no error."""

from __future__ import annotations

import io
import math

import pytest
from rich.console import Console

from gts.commands.views.charts import render_study_chart
from gts.search.charts import MAX_SERIES_POINTS, STUDY_CHART_KINDS, make_study_chart, shorten_keys
from gts.search.study_report import build_checklist
from gts.search.trial_records import Confirmation, ParameterDomain, StudyView, TrialRecord

DOMAINS = {
    "actor.learningRate": ParameterDomain("actor.learningRate", low=1e-5, high=1e-2, log=True),
    "critic.learningRate": ParameterDomain("critic.learningRate", low=1e-5, high=1e-2, log=True),
    "lambda": ParameterDomain("lambda", low=0.8, high=1.0),
    "actor.hiddenSize": ParameterDomain("actor.hiddenSize", choices=(16, 32, 64)),
    "nEpochs": ParameterDomain("nEpochs", low=10, high=1000, integer=True),
    "actor.hiddenActivation": ParameterDomain("actor.hiddenActivation", choices=("tanh", "ELU")),
    "Hopper/minimumSpeed": ParameterDomain("Hopper/minimumSpeed", low=0.0, high=2.0),
}


def row(number: int, value: float | None, state: str = "complete", **changes: object) -> TrialRecord:
    params = {
        "actor.learningRate": 10 ** -(2.5 + number % 5 / 2),
        "critic.learningRate": 1e-3,
        "lambda": 0.8 + number % 9 / 45,
        "actor.hiddenSize": (16, 32, 64)[number % 3],
        "nEpochs": 10 + number,
        "actor.hiddenActivation": ("tanh", "ELU")[number % 2],
        "Hopper/minimumSpeed": number % 7 / 4,
    }
    known = {
        "number": number,
        "state": state,
        "values": () if value is None else (value, -value / 2 + number % 4),
        "params": params,
        "curve": tuple((step, (value or 0.0) * step / 9) for step in range(10)),
        "started": f"2026-11-22T08:{number % 60:02}:00Z",
        "ended": "" if state == "running" else f"2026-11-22T09:{number % 60:02}:00Z",
        "seconds": 3600.0,
        "steps": 1000,
        "seed_values": (),
        "reason": "it fell\napart" if state == "failed" else "",
        "spec": {"params": {"seed": 4}},
    }
    return TrialRecord(**{**known, **changes})


def study(rows: list[TrialRecord], objectives: int = 1) -> StudyView:
    return StudyView("a", "a.db", (True,) * objectives, tuple(rows), DOMAINS)


STUDIES = {
    "empty": study([]),
    "one running": study([row(0, None, "running")]),
    "one complete": study([row(0, 5.0)]),
    "all alike": study([row(n, 5.0, params={"lambda": 0.9}) for n in range(8)]),
    "ordinary": study([row(n, float(n * 37 % 11), ("complete", "pruned", "complete", "failed")[n % 4]) for n in range(40)]),
    "not finite": study([row(n, (math.inf, -math.inf, math.nan, 1e300, 3.0)[n % 5]) for n in range(20)]),
    "tiny and huge": study([row(n, (1e-300, 9e14, -9e14)[n % 3]) for n in range(12)]),
    "outside": study([row(n, float(n), params={"lambda": -5.0, "actor.hiddenSize": 7}) for n in range(9)]),
    "thousands": study([row(n, math.sin(n)) for n in range(3000)]),
    "two objectives": study([row(n, float(n % 7)) for n in range(20)], objectives=2),
}


@pytest.mark.parametrize("name", STUDIES)
@pytest.mark.parametrize("kind", STUDY_CHART_KINDS)
def test_every_chart_of_every_study_fits_a_terminal(kind: str, name: str) -> None:
    made = make_study_chart(STUDIES[name], kind)
    assert made.subplots or made.bars or made.note
    for panel in made.subplots:
        for series in panel.series:
            assert 0 < len(series.xs) == len(series.ys) <= MAX_SERIES_POINTS + 2
            assert all(math.isfinite(number) for number in (*series.xs, *series.ys))
    out = io.StringIO()
    Console(file=out, width=80, force_terminal=True, color_system="standard").print(render_study_chart(made), crop=False)
    plain = io.StringIO()
    Console(file=plain, width=80).print(render_study_chart(made), crop=False)
    lines = plain.getvalue().rstrip("\n").split("\n")
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80


def test_history_keeps_the_best_so_far() -> None:
    rows = [row(0, 3.0), row(1, 9.0, "pruned"), row(2, 1.0), row(3, 7.0), row(4, None, "running")]
    series = {one.name: one for one in make_study_chart(study(rows), "history").subplots[0].series}
    assert series["best so far"].ys == (3.0, 3.0, 7.0, 7.0)
    assert series["best so far"].xs == (0.0, 2.0, 3.0, 4.0)
    assert series["pruned"].ys == (9.0,)


def test_importances_rank_the_parameter_that_decides() -> None:
    rows = [row(n, float((n * 7) % 30 > 15), params={"lambda": 0.8 + (n * 7) % 30 / 150, "nEpochs": n}) for n in range(30)]
    bars = make_study_chart(study(rows), "importance").bars
    assert [bar.label for bar in bars] == ["lambda", "nEpochs"]
    assert sum(bar.end for bar in bars) == pytest.approx(1)


def test_slices_of_logarithmic_ranges_are_logarithmic() -> None:
    rows = [row(n, float(n), params={"actor.learningRate": rate}) for n, rate in enumerate((1e-5, 10**-3.5, 1e-2))]
    panels = {panel.title: panel for panel in make_study_chart(study(rows), "slice").subplots}
    made = next(panel for title, panel in panels.items() if title == "a.learningRate") if "a.learningRate" in panels else None
    made = made or panels["learningRate"]
    assert made.series[0].xs == pytest.approx((0.0, 0.5, 1.0))


def test_a_peak_is_not_lost() -> None:
    curve = tuple((step, 100.0 if step == 4321 else 0.0) for step in range(10_000))
    series = make_study_chart(study([row(0, 1.0, curve=curve)]), "intermediate").subplots[0].series[0]
    assert max(series.ys) == 100.0 and list(series.xs) == sorted(series.xs)


def test_short_names_stay_different() -> None:
    keys = ["actor.learningRate", "critic.learningRate", "lambda", "Hopper/minimumSpeed"]
    assert list(shorten_keys(keys).values()) == ["a.learningRate", "c.learningRate", "lambda", "minimumSpeed"]


def test_checklist_items_are_open_without_an_answer() -> None:
    items = {item.question: item for item in build_checklist(STUDIES["ordinary"])}
    assert items["Which test seeds?"].is_open
    assert items["Which trials failed?"].answer == "10 × it fell"
    again = Confirmation((4, 5, 6), (1.0, 2.0, 3.0), 2.0, 1.0, 3.0)
    lucky = {item.question: item for item in build_checklist(study([row(0, 5.0, confirmed=again)]))}
    assert "1 of them were used for tuning" in lucky["Which test seeds?"].answer
    assert lucky["Which test seeds?"].is_open
    assert lucky["How much too high is the search value?"].answer == "3"
    assert all(item.answer for one in STUDIES.values() for item in build_checklist(one))
