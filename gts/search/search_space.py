"""The axes of a space as Optuna knows them, and the points that they span."""

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
"""Points of a grid; more could not be trained."""


def make_distribution(parameter: SpaceParameter) -> BaseDistribution:
    """What Optuna draws the values of an axis from."""
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
    """The value of an axis in a trial: drawn, or what was drawn before."""
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
    """Whether some axes are there only at some points."""
    return any(axis.when for axis in space.param_space)


def make_default_point(space: SearchSpace) -> dict[str, Any]:
    """The axes' values in the spec that the space stands around, as far as they lie inside the space.

    What the file gives a searched parameter under `params` is such a value, otherwise the default of the figure or technique.
    """
    defaults = make_spec(space.figure, space.technique, space.fixed_params(), partial=True).values()
    values: dict[str, Any] = {}
    for axis in space.ordered_parameters():
        value = defaults[axis.key]
        if space.is_active(axis, values) and _contains_value(axis, value):
            values[axis.key] = int(value) if isinstance(axis, RangeParameter) and axis.integer else value
    return values


def count_grid_points(space: SearchSpace) -> int:
    """How many points a space has; raises UsageError where there are too many of them to try each."""
    for axis in space.param_space:
        if isinstance(axis, RangeParameter) and not axis.integer and not axis.step:
            hint = 'give it a "step", list its values, or choose another sampler'
            raise UsageError(f"a grid needs axes of a few values, and `{axis.key}` has any between two", hint=hint)
    count = 0
    for _ in _iterate_points(space, {}, 0):
        count += 1
        if count > MAX_GRID_POINTS:
            hint = "leave some axes out, make steps larger, or choose another sampler"
            raise UsageError(f"the grid of this space has more than {MAX_GRID_POINTS} points", hint=hint)
    return count


def compute_max_steps(space: SearchSpace) -> int:
    """The most environment steps that a trial of this space can have."""
    for axis in space.param_space:
        if axis.key == "nSteps":
            return int(axis.high if isinstance(axis, RangeParameter) else max(axis.values))
    return int(make_spec(space.figure, space.technique, space.fixed_params(), partial=True).values()["nSteps"])


def _iterate_points(space: SearchSpace, values: Mapping[str, Any], depth: int) -> Iterator[None]:
    axes = space.ordered_parameters()
    if depth == len(axes):
        yield None
        return
    axis = axes[depth]
    if not space.is_active(axis, values):
        yield from _iterate_points(space, values, depth + 1)
        return
    for value in _iterate_values(axis):
        yield from _iterate_points(space, {**values, axis.key: value}, depth + 1)


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
    """The largest value that the steps of an axis reach."""
    low, step = Decimal(str(parameter.low)), Decimal(str(parameter.step))
    return float(low + (Decimal(str(parameter.high)) - low) // step * step)
