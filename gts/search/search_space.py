"""The axes of a space as Optuna knows them, and the points that they span."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from gts.errors import UsageError
from gts.formats.space_file import Space
from gts.formats.space_parameters import Axis, Categories, Range
from gts.params.spec import make_spec

MOST_POINTS = 10_000
"""Points of a grid; more could not be trained."""


def distribution_of(axis: Axis) -> BaseDistribution:
    """What Optuna draws the values of an axis from."""
    if isinstance(axis, Categories):
        return CategoricalDistribution(axis.values)
    if axis.integer:
        step = int(axis.step or 1)
        low, high = int(axis.low), int(axis.high)
        return IntDistribution(low, low + (high - low) // step * step, axis.log, step)
    return FloatDistribution(axis.low, _last(axis) if axis.step else axis.high, axis.log, axis.step)


def suggest(trial: optuna.trial.Trial, axis: Axis) -> Any:
    """The value of an axis in a trial: drawn, or what was drawn before."""
    known = distribution_of(axis)
    if isinstance(known, CategoricalDistribution):
        return trial.suggest_categorical(axis.key, known.choices)
    if isinstance(known, IntDistribution):
        return trial.suggest_int(axis.key, known.low, known.high, step=known.step, log=known.log)
    assert isinstance(known, FloatDistribution)
    return trial.suggest_float(axis.key, known.low, known.high, step=known.step, log=known.log)


def conditional(space: Space) -> bool:
    """Whether some axes are there only at some points."""
    return any(axis.when for axis in space.param_space)


def defaults_inside(space: Space) -> dict[str, Any]:
    """The axes' values in the spec that the space stands around, as far as they lie inside the space.

    What the file gives a searched parameter under `params` is such a value, otherwise the default of the figure or technique.
    """
    usual = make_spec(space.figure, space.technique, space.fixed()).values()
    values: dict[str, Any] = {}
    for axis in space.axes():
        value = usual[axis.key]
        if space.holds(axis, values) and _inside(axis, value):
            values[axis.key] = int(value) if isinstance(axis, Range) and axis.integer else value
    return values


def points(space: Space) -> int:
    """How many points a space has; raises UsageError where there are too many of them to try each."""
    for axis in space.param_space:
        if isinstance(axis, Range) and not axis.integer and not axis.step:
            hint = 'give it a "step", list its values, or choose another sampler'
            raise UsageError(f"a grid needs axes of a few values, and `{axis.key}` has any between two", hint=hint)
    count = 0
    for _ in _points(space, {}, 0):
        count += 1
        if count > MOST_POINTS:
            hint = "leave some axes out, make steps larger, or choose another sampler"
            raise UsageError(f"the grid of this space has more than {MOST_POINTS} points", hint=hint)
    return count


def longest(space: Space) -> int:
    """The most environment steps that a trial of this space can have."""
    for axis in space.param_space:
        if axis.key == "nSteps":
            return int(axis.high if isinstance(axis, Range) else max(axis.values))
    return int(make_spec(space.figure, space.technique, space.fixed()).values()["nSteps"])


def _points(space: Space, values: Mapping[str, Any], depth: int) -> Iterator[None]:
    axes = space.axes()
    if depth == len(axes):
        yield None
        return
    axis = axes[depth]
    if not space.holds(axis, values):
        yield from _points(space, values, depth + 1)
        return
    for value in _values(axis):
        yield from _points(space, {**values, axis.key: value}, depth + 1)


def _values(axis: Axis) -> Iterator[Any]:
    if isinstance(axis, Categories):
        yield from axis.values
        return
    step = axis.step or 1
    count = int((Decimal(str(axis.high)) - Decimal(str(axis.low))) // Decimal(str(step))) + 1
    yield from (axis.low + index * step for index in range(count))


def _inside(axis: Axis, value: Any) -> bool:
    if isinstance(axis, Categories):
        return any(type(one) is type(value) and one == value for one in axis.values)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not axis.low <= value <= axis.high:
        return False
    step = axis.step or (1 if axis.integer else None)
    return step is None or (Decimal(str(value)) - Decimal(str(axis.low))) % Decimal(str(step)) == 0


def _last(axis: Range) -> float:
    """The largest value that the steps of an axis reach."""
    low, step = Decimal(str(axis.low)), Decimal(str(axis.step))
    return float(low + (Decimal(str(axis.high)) - low) // step * step)
