"""Optuna distributions of a search space, its default point and its grid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from gts.errors import UsageError
from gts.formats.space_file import SearchSpace
from gts.formats.space_parameters import CategoricalParameter, RangeParameter, SpaceParameter
from gts.params.spec import make_spec

MAX_GRID_POINTS = 10_000
"""Largest grid; more points could not be trained."""


def make_distribution(parameter: SpaceParameter) -> BaseDistribution:
    """Optuna distribution of a parameter."""
    if isinstance(parameter, CategoricalParameter):
        return CategoricalDistribution(parameter.values)
    if parameter.integer:
        step = int(parameter.step or 1)
        low, high = int(parameter.low), int(parameter.high)
        return IntDistribution(low, low + (high - low) // step * step, parameter.log, step)
    return FloatDistribution(
        parameter.low, _largest_step_value(parameter) if parameter.step else parameter.high, parameter.log, parameter.step
    )


def suggest_value(trial: optuna.trial.Trial, parameter: SpaceParameter) -> Any:
    """Value of a parameter in a trial: sampled, or the value sampled before."""
    distribution = make_distribution(parameter)
    if isinstance(distribution, CategoricalDistribution):
        return trial.suggest_categorical(parameter.key, distribution.choices)
    if isinstance(distribution, IntDistribution):
        return trial.suggest_int(
            parameter.key, distribution.low, distribution.high, step=distribution.step, log=distribution.log
        )
    assert isinstance(distribution, FloatDistribution)
    return trial.suggest_float(parameter.key, distribution.low, distribution.high, step=distribution.step, log=distribution.log)


def has_conditions(space: SearchSpace) -> bool:
    """Whether some parameters are conditional."""
    return any(parameter.when for parameter in space.param_space)


def make_default_point(space: SearchSpace) -> dict[str, Any]:
    """Default values of the searched parameters, as far as they lie inside the space.

    A default is the value under `params` in the space file, or else that of the figure or technique.
    """
    defaults = make_spec(space.figure, space.technique, space.fixed_params(), partial=True).values()
    values: dict[str, Any] = {}
    for parameter in space.ordered_parameters():
        value = defaults[parameter.key]
        if space.is_active(parameter, values) and _contains_value(parameter, value):
            values[parameter.key] = int(value) if isinstance(parameter, RangeParameter) and parameter.integer else value
    return values


def count_grid_points(space: SearchSpace) -> int:
    """Number of points of a space. Raises UsageError if it is infinite or above `MAX_GRID_POINTS`."""
    for parameter in space.param_space:
        if isinstance(parameter, RangeParameter) and not parameter.integer and not parameter.step:
            hint = 'give it a "step", list its values, or choose another sampler'
            raise UsageError(f"a grid needs a finite list of values, and `{parameter.key}` is a continuous range", hint=hint)
    count = 0
    for _ in _iterate_points(space, {}, 0):
        count += 1
        if count > MAX_GRID_POINTS:
            hint = "search fewer parameters, use larger steps, or choose another sampler"
            raise UsageError(f"the grid of this space has more than {MAX_GRID_POINTS} points", hint=hint)
    return count


def compute_max_steps(space: SearchSpace) -> int:
    """Largest number of environment steps of a trial."""
    for parameter in space.param_space:
        if parameter.key == "nSteps":
            return int(parameter.high if isinstance(parameter, RangeParameter) else max(parameter.values))
    return int(make_spec(space.figure, space.technique, space.fixed_params(), partial=True).values()["nSteps"])


def _iterate_points(space: SearchSpace, values: Mapping[str, Any], depth: int) -> Iterator[None]:
    parameters = space.ordered_parameters()
    if depth == len(parameters):
        yield None
        return
    parameter = parameters[depth]
    if not space.is_active(parameter, values):
        yield from _iterate_points(space, values, depth + 1)
        return
    for value in _iterate_values(parameter):
        yield from _iterate_points(space, {**values, parameter.key: value}, depth + 1)


def _iterate_values(parameter: SpaceParameter) -> Iterator[Any]:
    if isinstance(parameter, CategoricalParameter):
        yield from parameter.values
        return
    step = parameter.step or 1
    count = int((Decimal(str(parameter.high)) - Decimal(str(parameter.low))) // Decimal(str(step))) + 1
    yield from (parameter.low + index * step for index in range(count))


def _contains_value(parameter: SpaceParameter, value: Any) -> bool:
    if isinstance(parameter, CategoricalParameter):
        return any(type(one) is type(value) and one == value for one in parameter.values)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not parameter.low <= value <= parameter.high:
        return False
    step = parameter.step or (1 if parameter.integer else None)
    return step is None or (Decimal(str(value)) - Decimal(str(parameter.low))) % Decimal(str(step)) == 0


def _largest_step_value(parameter: RangeParameter) -> float:
    """Largest value of a range that a whole number of steps reaches."""
    low, step = Decimal(str(parameter.low)), Decimal(str(parameter.step))
    return float(low + (Decimal(str(parameter.high)) - low) // step * step)
