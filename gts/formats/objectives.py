"""The objective of a search: a measure of a score, a weighted sum of measures, or two of these; reading and computing it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from gts.errors import DivergedError, Problem, WorkError
from gts.formats.strict_json import JsonDocument, JsonPath, to_printable
from gts.params.spec import unknown_name_message

ObjectiveWeights = Mapping[str, float]
"""Weights by measure: a search maximises the sum of weight × measure."""

DEFAULT_OBJECTIVES: tuple[ObjectiveWeights, ...] = ({"score": 1.0},)

_STATISTICS = ("score", "mean", "iqm", "length")
_WALKING_MEASURES = ("speed", "distance", "height", "effort", "fall")
_TWO_SIDED_MEASURES = (*_WALKING_MEASURES, "symmetry", "balance")
_BIPED_MEASURES = (*_TWO_SIDED_MEASURES, "alternation")
_FIGURE_MEASURES = {
    "invertedPendulum": ("angle", "cartSpeed", "effort", "fall"),
    "walker": _BIPED_MEASURES,
    "ant": _TWO_SIDED_MEASURES,
    "humanoid": _BIPED_MEASURES,
}


def list_measures(figure: str) -> tuple[str, ...]:
    """Measures that an objective of this figure may use; for an unknown figure those of most figures."""
    return _STATISTICS + _FIGURE_MEASURES.get(figure, _WALKING_MEASURES)


def read_objectives(document: JsonDocument, figure: str, problems: list[Problem]) -> tuple[ObjectiveWeights, ...]:
    """Read `objective` of a space: one objective, or two for a Pareto front. Errors are appended to `problems`."""
    value = document.value.get("objective", "score")
    if any(path[:1] == ("objective",) for path in document.invalid_values):
        return DEFAULT_OBJECTIVES
    if not isinstance(value, list):
        return (_read_weights(document, figure, value, ("objective",), problems),)
    if len(value) != 2:
        problems.append(document.problem(("objective",), f"a list of objectives must have two elements, not {len(value)}"))
        return DEFAULT_OBJECTIVES
    objectives = tuple(
        _read_weights(document, figure, weights, ("objective", index), problems) for index, weights in enumerate(value)
    )
    if dict(objectives[0]) == dict(objectives[1]) and not problems:
        problems.append(document.problem(("objective",), "the two objectives are the same; write one of them, without a list"))
    return objectives


def objectives_to_document(objectives: tuple[ObjectiveWeights, ...]) -> Any:
    """Objectives as a file contains them; the inverse of `read_objectives`."""
    plain = [next(iter(weights)) if list(weights.values()) == [1.0] else dict(weights) for weights in objectives]
    return plain[0] if len(plain) == 1 else plain


def format_objective(objective: Any) -> str:
    """An objective of a space document as text: `score`, `speed - 0.1 effort`; two objectives with a comma between them."""
    if isinstance(objective, list):
        return ", ".join(map(format_objective, objective))
    if not isinstance(objective, dict):
        return str(objective or "")
    text = ""
    for measure, weight in objective.items():
        if measure == "comment":
            continue
        number = float(weight)
        factor = "" if abs(number) == 1.0 else f"{abs(number):g} "
        sign = (" - " if number < 0 else " + ") if text else ("-" if number < 0 else "")
        text += f"{sign}{factor}{measure}"
    return text


def compute_objective_value(weights: ObjectiveWeights, score: Mapping[str, Any]) -> float:
    """Σ weight × measure of one evaluation; `score` is a `Score.as_dict()`.

    Raises WorkError if the score lacks a measure, DivergedError if the sum is not finite.
    """
    total = 0.0
    for measure, weight in weights.items():
        value = score.get(measure, score.get("measures", {}).get(measure))
        if not isinstance(value, (int, float)):
            raise WorkError(f"the score has no `{measure}`, which the objective needs")
        total += weight * value
    if not math.isfinite(total):
        raise DivergedError(f"the value of the objective is {total}")
    return total


def compute_training_value(weights: ObjectiveWeights, scores: Sequence[Mapping[str, Any]], last_evaluations: int) -> float:
    """Mean over the last `last_evaluations` evaluations of one training, or over all if there are fewer. Raises WorkError."""
    if not scores:
        raise WorkError("the training was never evaluated")
    values = [compute_objective_value(weights, score) for score in scores[-last_evaluations:]]
    return math.fsum(values) / len(values)


def compute_trial_values(
    objectives: Sequence[ObjectiveWeights], evaluations_by_seed: Sequence[Sequence[Mapping[str, Any]]], last_evaluations: int
) -> tuple[float, ...]:
    """One value per objective: the mean over the seeds of a trial. Raises WorkError."""
    if not evaluations_by_seed:
        raise WorkError("the trial was not trained with any seed")
    return tuple(
        math.fsum(compute_training_value(weights, scores, last_evaluations) for scores in evaluations_by_seed)
        / len(evaluations_by_seed)
        for weights in objectives
    )


def _read_weights(document: JsonDocument, figure: str, value: Any, path: JsonPath, problems: list[Problem]) -> ObjectiveWeights:
    known = list_measures(figure)
    if isinstance(value, str):
        value = {value: 1.0}
    weights = {key: weight for key, weight in value.items() if key != "comment"} if isinstance(value, dict) else {}
    if not weights:
        wanted = 'one of the measures, or weights such as {"speed": 1, "effort": -0.1}'
        problems.append(document.problem(path, f"an objective is {wanted}; measures: {', '.join(known)}", "objective"))
        return DEFAULT_OBJECTIVES[0]
    for measure, weight in weights.items():
        if measure not in known:
            message = unknown_name_message(f"measure of the {figure}" if figure else "measure", measure, known)
            problems.append(document.problem((*path, measure), f"{message}; known: {', '.join(known)}", "objective"))
        elif isinstance(weight, bool) or not isinstance(weight, (int, float)) or weight == 0 or abs(weight) > 1e100:
            message = (
                f"the weight of `{to_printable(measure)}` must be a number other than 0; a negative one minimises the measure"
            )
            problems.append(document.problem((*path, measure), message, "objective"))
    return {measure: float(weight) for measure, weight in weights.items() if isinstance(weight, (int, float))}
