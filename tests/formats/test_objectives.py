"""Tests of objectives: their text, and the values computed from scores."""

from __future__ import annotations

import math

import pytest

from gts.errors import DivergedError, WorkError
from gts.formats.objectives import (
    compute_objective_value,
    compute_training_value,
    compute_trial_values,
    format_objective,
)


def score(value: float, speed: float = 0.0) -> dict:
    return {"score": value, "mean": value + 1, "measures": {"speed": speed}}


def test_measures_are_weighted_at_both_levels_of_a_score() -> None:
    assert compute_objective_value({"score": 1.0}, score(5.0)) == 5.0
    assert compute_objective_value({"mean": 2.0, "speed": -10.0}, score(5.0, 0.5)) == 7.0


def test_only_the_last_evaluations_count() -> None:
    curve = [score(value) for value in (100.0, 1.0, 2.0, 6.0)]
    assert compute_training_value({"score": 1.0}, curve, 3) == 3.0
    assert compute_training_value({"score": 1.0}, curve[:2], 3) == 50.5


def test_all_seeds_have_the_same_weight() -> None:
    seeds = [[score(1.0, 0.1), score(3.0, 0.3)], [score(5.0, 0.5)]]
    assert compute_trial_values([{"score": 1.0}, {"speed": 1.0}], seeds, 2) == (3.5, pytest.approx(0.35))


@pytest.mark.parametrize(
    ("objective", "text"),
    [
        ("score", "score"),
        ({"speed": 1, "effort": -0.1, "comment": "x"}, "speed - 0.1 effort"),
        ({"effort": -1.0}, "-effort"),
        (["score", {"speed": 2.5, "fall": -1}], "score, 2.5 speed - fall"),
        (None, ""),
    ],
)
def test_objectives_are_formatted_with_their_weights(objective: object, text: str) -> None:
    assert format_objective(objective) == text


def test_missing_measures_and_infinite_values_are_errors() -> None:
    with pytest.raises(WorkError, match="no `symmetry`"):
        compute_objective_value({"symmetry": 1.0}, score(1.0))
    with pytest.raises(WorkError, match="no `speed`"):
        compute_objective_value({"speed": 1.0}, {"measures": {"speed": None}})
    with pytest.raises(DivergedError):
        compute_objective_value({"score": 1.0}, score(math.inf))
    with pytest.raises(WorkError, match="never evaluated"):
        compute_training_value({"score": 1.0}, [], 3)
    with pytest.raises(WorkError, match="any seed"):
        compute_trial_values([{"score": 1.0}], [], 3)
