"""What a trial is worth."""

from __future__ import annotations

import math

import pytest

from gts.errors import DivergedError, WorkError
from gts.formats.objectives import compute_objective_value, compute_training_value, compute_trial_values


def score(value: float, speed: float = 0.0) -> dict:
    return {"score": value, "mean": value + 1, "measures": {"speed": speed}}


def test_measures_are_weighted_wherever_they_stand() -> None:
    assert compute_objective_value({"score": 1.0}, score(5.0)) == 5.0
    assert compute_objective_value({"mean": 2.0, "speed": -10.0}, score(5.0, 0.5)) == 7.0


def test_only_the_last_evaluations_count() -> None:
    curve = [score(value) for value in (100.0, 1.0, 2.0, 6.0)]
    assert compute_training_value({"score": 1.0}, curve, 3) == 3.0
    assert compute_training_value({"score": 1.0}, curve[:2], 3) == 50.5


def test_seeds_count_alike() -> None:
    seeds = [[score(1.0, 0.1), score(3.0, 0.3)], [score(5.0, 0.5)]]
    assert compute_trial_values([{"score": 1.0}, {"speed": 1.0}], seeds, 2) == (3.5, pytest.approx(0.35))


def test_what_is_missing_or_endless_is_an_error() -> None:
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
