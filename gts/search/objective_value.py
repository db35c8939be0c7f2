"""What a trial is worth: measures of its scores, weighted, averaged over its last evaluations and its seeds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from gts.errors import DivergedError, WorkError
from gts.formats.objectives import ObjectiveWeights


def compute_objective_value(weights: ObjectiveWeights, score: Mapping[str, Any]) -> float:
    """Σ weight × measure of one evaluation; `score` is a `Score.as_dict()`.

    Raises WorkError where the score has no such measure, DivergedError where the sum is not finite.
    """
    total = 0.0
    for measure, weight in weights.items():
        value = score.get(measure, score.get("measures", {}).get(measure))
        if not isinstance(value, (int, float)):
            raise WorkError(f"the score has no `{measure}`, which the objective needs")
        total += weight * value
    if not math.isfinite(total):
        raise DivergedError(f"the objective came to {total}")
    return total


def compute_training_value(weights: ObjectiveWeights, scores: Sequence[Mapping[str, Any]], last_evaluations: int) -> float:
    """Mean over the last `last` evaluations of one training, or all of them where there are fewer. Raises WorkError."""
    if not scores:
        raise WorkError("the training was never evaluated")
    values = [compute_objective_value(weights, score) for score in scores[-last_evaluations:]]
    return math.fsum(values) / len(values)


def compute_trial_values(
    objectives: Sequence[ObjectiveWeights], evaluations_by_seed: Sequence[Sequence[Mapping[str, Any]]], last_evaluations: int
) -> tuple[float, ...]:
    """A trial's value of each goal: the mean over its seeds; `seeds` has the evaluations of each. Raises WorkError."""
    if not evaluations_by_seed:
        raise WorkError("the trial was not trained with any seed")
    return tuple(
        math.fsum(compute_training_value(goal, scores, last_evaluations) for scores in evaluations_by_seed)
        / len(evaluations_by_seed)
        for goal in objectives
    )
