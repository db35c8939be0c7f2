"""Curves of the members of a training as one: their mean and what they spread over; and smoothing."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from gts.store.curves import Curve


@dataclass(frozen=True)
class Series:
    """A number over a training; all tuples have the same length."""

    steps: tuple[float, ...]
    elapsed: tuple[float, ...]
    """Seconds of training until then."""
    means: tuple[float, ...]
    lows: tuple[float, ...]
    """The least of what each mean was taken of: members, or rounds where there is one member."""
    highs: tuple[float, ...]
    newest: float = math.nan
    """The value of the newest row, where the last point stands for several; NaN where that point is all that is known."""


NOTHING = Series((), (), (), (), ())


def gathered(curves: Sequence[Curve]) -> Series:
    """The mean over members, at the points of the longest curve; one that ends before it counts as far as it goes."""
    curves = [curve for curve in curves if curve.steps]
    if not curves:
        return NOTHING
    longest = max(curves, key=lambda curve: (curve.steps[-1], len(curve.steps)))
    steps = tuple(float(step) for step in longest.steps)
    if len(curves) == 1:
        return Series(steps, longest.elapsed, longest.means, longest.lows, longest.highs, longest.newest)
    columns = [between(curve.steps, curve.means, steps) for curve in curves]
    means, lows, highs = [], [], []
    for row in zip(*columns, strict=True):
        kept = [value for value in row if math.isfinite(value)]
        # Each value is divided first: the sum of several large ones may be none.
        means.append(sum(value / len(kept) for value in kept) if kept else math.nan)
        lows.append(min(kept, default=math.nan))
        highs.append(max(kept, default=math.nan))
    newest = [curve.newest for curve in curves if curve.steps[-1] == longest.steps[-1]]
    newest = [value for value in newest if math.isfinite(value)]
    mean = sum(value / len(newest) for value in newest) if newest else math.nan
    return Series(steps, longest.elapsed, tuple(means), tuple(lows), tuple(highs), mean)


def between(xs: Sequence[float], ys: Sequence[float], at: Sequence[float]) -> list[float]:
    """Values at other places, on straight lines between those that are known; NaN outside."""
    found = []
    for x in at:
        after = bisect_right(xs, x)
        if not xs or x < xs[0] or x > xs[-1]:
            found.append(math.nan)
        elif after == len(xs):
            found.append(ys[-1])
        else:
            share = (x - xs[after - 1]) / (xs[after] - xs[after - 1])
            found.append(ys[after - 1] * (1 - share) + ys[after] * share if share else ys[after - 1])
    return found


def smoothed(values: Sequence[float], strength: float) -> tuple[float, ...]:
    """The exponential mean of values, without the pull towards 0 at the beginning; what is not finite stays a gap."""
    found, gathered_so_far, weight = [], 0.0, 0.0
    for value in values:
        if not math.isfinite(value):
            found.append(math.nan)
            continue
        gathered_so_far = gathered_so_far * strength + value * (1 - strength)
        weight = weight * strength + (1 - strength)
        found.append(gathered_so_far / weight)
    return tuple(found)
