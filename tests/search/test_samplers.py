"""Samplers and pruners by name: sampled points, pruned trials, unsupported spaces."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pytest

from gts.errors import MissingError, UsageError
from gts.search.settings import PRUNERS, SAMPLERS
from tests.support.small_space import SPACE, Open, space

AXES = SPACE["paramSpace"]
FINITE = {
    "actor.hiddenSize": [16, 32],
    "actor.learningRate": {"min": 0.001, "max": 0.0035, "step": 0.001},
    "actor.deviation": ["fixed", "learned"],
    "actor.varianceScale": {"values": [0.3, 0.6], "when": {"actor.deviation": "fixed"}},
}
"""2 × 3 × (1 + 2) points."""


@pytest.mark.slow
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_gives_points_inside_the_space(open_study: Open, sampler: str) -> None:
    study = open_study(space(paramSpace=FINITE), sampler=sampler, trials=12) if sampler == "grid" else None
    study = study or open_study(sampler=sampler, trials=12)
    while (trial := study.ask()) is not None:
        value = -abs(math.log10(trial.values["actor.learningRate"]) + 3)
        study.complete(trial, [value])
    rows = study.read_view().trials
    assert [row.state for row in rows] == ["complete"] * 12
    assert len({str(row.params) for row in rows}) > 10
    said = ["cmaes samples at random, since it cannot model them: actor.hiddenSize"]
    assert study.take_notes() == (said if sampler == "cmaes" else [])


@pytest.mark.slow
def test_tpe_learns(open_study: Open) -> None:
    best = {}
    for sampler in ("random", "tpe"):
        study = open_study(space(name=f"learns-{sampler}"), sampler=sampler, trials=40)
        values = []
        while (trial := study.ask()) is not None:
            values.append(-((math.log10(trial.values["actor.learningRate"]) + 2.3) ** 2))
            study.complete(trial, values[-1:])
        best[sampler] = sum(values[-12:])
    assert best["tpe"] > best["random"] / 2


def test_a_grid_has_every_point_once_over_restarts(open_study: Open) -> None:
    points: list[str] = []
    for _ in range(4):
        study = open_study(space(paramSpace=FINITE), sampler="grid", trials=100)
        assert study.target_trials == 18
        for _ in range(5):
            trial = study.ask()
            if trial is None:
                break
            points.append(str(sorted(trial.values.items())))
            if len(points) % 7 == 3:
                study.fail(trial, "it fell apart")
            else:
                study.complete(trial, [float(len(points))])
        study.close()
    assert len(points) == len(set(points)) == 18
    assert open_study(space(paramSpace=FINITE)).is_finished()
    fixed = [point for point in points if "'fixed'" in point]
    assert len(fixed) == 12 and all("varianceScale" in point for point in fixed)


def test_inactive_parameters_are_not_sampled(open_study: Open) -> None:
    axes = {**AXES, "actor.deviation": ["fixed", "learned"]}
    axes["actor.varianceScale"] = {"min": 0.1, "max": 1.0, "when": {"actor.deviation": "fixed"}}
    for sampler in ("tpe", "gp"):
        study = open_study(space(name=f"conditional-{sampler}", paramSpace=axes), sampler=sampler, trials=12)
        seen: Counter[str] = Counter()
        while (trial := study.ask()) is not None:
            kind = trial.values["actor.deviation"]
            seen[kind] += 1
            assert ("actor.varianceScale" in trial.values) == (kind == "fixed")
            study.complete(trial, [trial.values.get("actor.varianceScale", 0.5)])
        assert len(seen) == 2
        said = " ".join(study.take_notes())
        assert said == ("" if sampler == "tpe" else "gp samples at random, since it cannot model them: actor.varianceScale")


@pytest.mark.parametrize(
    ("changes", "settings", "complaint"),
    [
        ({}, {"sampler": "grid"}, "`actor.learningRate` is a continuous range"),
        (
            {"paramSpace": {"nEpochs": {"min": 1, "max": 900}, "seed": {"min": 1, "max": 900}}},
            {"sampler": "grid"},
            "more than 10000 points",
        ),
        ({"paramSpace": {"lambda": [0.9, 0.95]}}, {"sampler": "cmaes"}, "two or more ranges"),
        ({"objective": ["score", "speed"]}, {"sampler": "cmaes"}, "one objective only"),
    ],
)
def test_unsuitable_samplers_are_refused_before_a_folder_is_made(
    open_study: Open, changes: dict[str, Any], settings: dict[str, Any], complaint: str, folder: Any
) -> None:
    with pytest.raises(UsageError, match=complaint) as refused:
        open_study(space(**changes), **settings)
    assert refused.value.hint
    assert not folder.exists()


def test_a_missing_library_is_named(open_study: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gts.search.samplers.find_spec", lambda name: None)
    for sampler, library in (("gp", "scipy"), ("qmc", "scipy"), ("cmaes", "cmaes")):
        with pytest.raises(MissingError, match=f"{sampler} needs {library}") as refused:
            open_study(sampler=sampler)
        assert "gts[search]" in refused.value.hint


@pytest.mark.slow
@pytest.mark.parametrize("pruner", PRUNERS)
def test_pruners_spare_good_and_young_trials(open_study: Open, pruner: str) -> None:
    study = open_study(pruner=pruner, sampler="random", trials=18)
    ended: dict[int, int] = {}
    best = 0
    while (trial := study.ask()) is not None:
        quality = (trial.number * 7) % 18
        best = max(best, quality)
        for step in range(10_000, 90_001, 10_000):
            study.report(trial, step, quality * step / 90_000)
            if study.should_prune(trial):
                ended[trial.number] = step
                assert quality < best
                study.prune(trial)
                break
        else:
            study.complete(trial, [float(quality)])
    assert (len(ended) > 2) == (pruner != "none")
    assert all(step < 90_000 for step in ended.values())
    if pruner == "median":
        assert min(ended) >= 5 and min(ended.values()) >= 30_000
    assert study.best_trials()[0].value == 17.0


def test_two_objectives_have_a_front_and_no_pruning(open_study: Open) -> None:
    study = open_study(space(objective=["score", {"effort": -1}]), trials=4)
    assert study.take_notes() == ["a search with two objectives prunes no trials"]
    for values in ((1.0, 5.0), (3.0, 1.0), (2.0, 2.0), (0.5, 4.0)):
        trial = study.ask()
        study.report(trial, 10_000, values[0])
        assert not study.should_prune(trial)
        study.complete(trial, values)
    assert [row.number for row in study.read_view().pareto_front()] == [1, 2, 0]
    assert [row.number for row in study.best_trials(2)] == [1, 2]


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["tpe", "gp", "qmc", "random"])
def test_samplers_for_two_objectives(open_study: Open, sampler: str) -> None:
    study = open_study(space(objective=["score", {"effort": -1}]), sampler=sampler, pruner="none", trials=13)
    while (trial := study.ask()) is not None:
        study.complete(trial, [trial.values["lambda"], -trial.values["actor.learningRate"]])
    assert study.is_finished() and study.read_view().pareto_front()
