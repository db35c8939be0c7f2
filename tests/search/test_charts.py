"""Charts of whatever a study may hold: they fit a terminal, and nothing in them can end the program."""

from __future__ import annotations

import io
import math

import pytest
from rich.console import Console

from gts.commands.views.charts import drawn
from gts.search.charts import KINDS, MOST_POINTS, chart, short_names
from gts.search.checklist import checklist
from gts.search.trial_records import Confirmed, Domain, StudyView, TrialRow

DOMAINS = {
    "actor.learningRate": Domain("actor.learningRate", low=1e-5, high=1e-2, log=True),
    "critic.learningRate": Domain("critic.learningRate", low=1e-5, high=1e-2, log=True),
    "lambda": Domain("lambda", low=0.8, high=1.0),
    "actor.hiddenSize": Domain("actor.hiddenSize", choices=(16, 32, 64)),
    "nEpochs": Domain("nEpochs", low=10, high=1000, integer=True),
    "actor.hiddenActivation": Domain("actor.hiddenActivation", choices=("tanh", "ELU")),
    "Hopper/minimumSpeed": Domain("Hopper/minimumSpeed", low=0.0, high=2.0),
}


def row(number: int, value: float | None, state: str = "complete", **changes: object) -> TrialRow:
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
    return TrialRow(**{**known, **changes})


def study(rows: list[TrialRow], objectives: int = 1) -> StudyView:
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
@pytest.mark.parametrize("kind", KINDS)
def test_every_chart_of_every_study_fits_a_terminal(kind: str, name: str) -> None:
    made = chart(STUDIES[name], kind)
    assert made.panels or made.bars or made.remark
    for panel in made.panels:
        for series in panel.series:
            assert 0 < len(series.xs) == len(series.ys) <= MOST_POINTS + 2
            assert all(math.isfinite(number) for number in (*series.xs, *series.ys))
    out = io.StringIO()
    Console(file=out, width=80, force_terminal=True, color_system="standard").print(drawn(made), crop=False)
    plain = io.StringIO()
    Console(file=plain, width=80).print(drawn(made), crop=False)
    lines = plain.getvalue().rstrip("\n").split("\n")
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80


def test_history_keeps_the_best_so_far() -> None:
    rows = [row(0, 3.0), row(1, 9.0, "pruned"), row(2, 1.0), row(3, 7.0), row(4, None, "running")]
    series = {one.name: one for one in chart(study(rows), "history").panels[0].series}
    assert series["best so far"].ys == (3.0, 3.0, 7.0, 7.0)
    assert series["best so far"].xs == (0.0, 2.0, 3.0, 4.0)
    assert series["pruned"].ys == (9.0,)


def test_importance_names_what_matters() -> None:
    rows = [row(n, float((n * 7) % 30 > 15), params={"lambda": 0.8 + (n * 7) % 30 / 150, "nEpochs": n}) for n in range(30)]
    bars = chart(study(rows), "importance").bars
    assert [bar.label for bar in bars] == ["lambda", "nEpochs"]
    assert sum(bar.end for bar in bars) == pytest.approx(1)


def test_slices_are_logarithmic_where_the_axis_is() -> None:
    rows = [row(n, float(n), params={"actor.learningRate": rate}) for n, rate in enumerate((1e-5, 10**-3.5, 1e-2))]
    panels = {panel.title: panel for panel in chart(study(rows), "slice").panels}
    made = next(panel for title, panel in panels.items() if title == "a.learningRate") if "a.learningRate" in panels else None
    made = made or panels["learningRate"]
    assert made.series[0].xs == pytest.approx((0.0, 0.5, 1.0))


def test_a_peak_is_not_lost() -> None:
    curve = tuple((step, 100.0 if step == 4321 else 0.0) for step in range(10_000))
    series = chart(study([row(0, 1.0, curve=curve)]), "intermediate").panels[0].series[0]
    assert max(series.ys) == 100.0 and list(series.xs) == sorted(series.xs)


def test_short_names_stay_different() -> None:
    keys = ["actor.learningRate", "critic.learningRate", "lambda", "Hopper/minimumSpeed"]
    assert list(short_names(keys).values()) == ["a.learningRate", "c.learningRate", "lambda", "minimumSpeed"]


def test_the_checklist_is_open_where_something_is_missing() -> None:
    items = {item.question: item for item in checklist(STUDIES["ordinary"])}
    assert items["Which seeds was it tested on?"].open
    assert items["What failed?"].answer == "10 × it fell"
    again = Confirmed((4, 5, 6), (1.0, 2.0, 3.0), 2.0, 1.0, 3.0)
    lucky = {item.question: item for item in checklist(study([row(0, 5.0, confirmed=again)]))}
    assert "1 of them were tuned on" in lucky["Which seeds was it tested on?"].answer
    assert lucky["Which seeds was it tested on?"].open
    assert lucky["How optimistic was the search?"].answer == "by 3"
    assert all(item.answer for one in STUDIES.values() for item in checklist(one))
