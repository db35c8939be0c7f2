"""What a search makes large: one measure of a score, a weighted sum of some, or two such goals at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gts.errors import Problem
from gts.formats.strict_json import JsonDocument, JsonPath, to_printable
from gts.params.spec import unknown_name_message

ObjectiveWeights = Mapping[str, float]
"""Weights by measure: the sum of weight × measure is made as large as possible."""

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
    """The measures that a search of this figure may go by; for an unknown figure those that any figure has or may have."""
    return _STATISTICS + _FIGURE_MEASURES.get(figure, _WALKING_MEASURES)


def read_objectives(document: JsonDocument, figure: str, problems: list[Problem]) -> tuple[ObjectiveWeights, ...]:
    """The `objective` of a space: one goal, or two for a Pareto front; what is wrong is added to the problems."""
    value = document.value.get("objective", "score")
    if any(path[:1] == ("objective",) for path in document.invalid_values):
        return DEFAULT_OBJECTIVES
    if not isinstance(value, list):
        return (_read_weights(document, figure, value, ("objective",), problems),)
    if len(value) != 2:
        problems.append(document.problem(("objective",), f"a list of objectives has two of them, not {len(value)}"))
        return DEFAULT_OBJECTIVES
    goals = tuple(_read_weights(document, figure, goal, ("objective", index), problems) for index, goal in enumerate(value))
    if dict(goals[0]) == dict(goals[1]) and not problems:
        problems.append(document.problem(("objective",), "the two objectives are the same; write one of them, without a list"))
    return goals


def objectives_to_document(objectives: tuple[ObjectiveWeights, ...]) -> Any:
    """Goals as a file has them; the inverse of `read_objectives`."""
    plain = [next(iter(goal)) if list(goal.values()) == [1.0] else dict(goal) for goal in objectives]
    return plain[0] if len(plain) == 1 else plain


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
            message = f"the weight of `{to_printable(measure)}` must be a number that is not 0, below 0 for what is to be small"
            problems.append(document.problem((*path, measure), message, "objective"))
    return {measure: float(weight) for measure, weight in weights.items() if isinstance(weight, (int, float))}
