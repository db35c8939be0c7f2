"""Sums over running episodes, and the results of those that end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gts.physics.frame import Floats, Ids, PhysicsFrame
from gts.physics.measures import EpisodeSummary, Measure

Bools = NDArray[np.bool_]


class FinishedEpisodes(NamedTuple):
    """The E episodes that ended in one step."""

    ids: NDArray[np.int64]
    """Their worlds, (E,)."""
    returns: Floats
    """Sums of rewards, (E,)."""
    lengths: NDArray[np.int64]
    """Steps, (E,)."""
    fell: Bools
    """Whether the health rule ended them, (E,)."""
    terms: Floats
    """Sums of each reward term, costs negative, (K, E); their sum over K is `returns` up to rounding."""
    measures: dict[str, Floats]
    """Measures by name, (E,) each; see `gts.physics.measures`."""


class EpisodeStats:
    """Running sums of W episodes, in one table for speed.

    Its rows: reward terms (costs positive), reward, steps, position at the start, sums of the measures.
    """

    def __init__(self, n_worlds: int, n_bonuses: int, n_terms: int, measures: Sequence[Measure], dt: float) -> None:
        self._n_bonuses, self._n_terms, self._dt = n_bonuses, n_terms, dt
        self._length_row, self._start_row, self._first_measure_row = n_terms + 1, n_terms + 2, n_terms + 3
        self._measures: list[tuple[Measure, int, int]] = []
        row = 0
        for measure in measures:
            self._measures.append((measure, row, row + measure.n_means))
            row += measure.n_means
        self._accumulators = [
            (measure.accumulate, self._first_measure_row + first, self._first_measure_row + last)
            for measure, first, last in self._measures
            if measure.accumulate is not None
        ]
        self.sums = np.zeros((self._first_measure_row + row, n_worlds))
        """The table, (rows, W)."""
        self._all_worlds_values = self._empty_step_values(n_worlds)
        self._all_worlds_accumulators = self._bind_accumulators(self._all_worlds_values)
        self._step_values = self._all_worlds_values

    @property
    def lengths(self) -> Floats:
        """Steps of the running episodes, (W,), as whole numbers; live."""
        return np.asarray(self.sums[self._length_row])

    def begin_step(self, frame: PhysicsFrame) -> Floats:
        """Return the table of this step, (rows, n); the caller writes terms and reward, then calls `add_step`."""
        self._step_values = self._all_worlds_values if frame.ids is None else self._empty_step_values(len(frame.ids))
        return self._step_values

    def reward_terms(self) -> Floats:
        """Reward terms of the last step, costs negative, (K, n)."""
        return _negate_costs(self._step_values[: self._n_terms].copy(), self._n_bonuses)

    def add_step(self, frame: PhysicsFrame, step_values: Floats, diverged: Bools | None) -> None:
        """Add the measures to the table of this step, and it to the sums; of `diverged` worlds, (n,), only the step counts."""
        for accumulate, rows in self._all_worlds_accumulators if frame.ids is None else self._bind_accumulators(step_values):
            accumulate(frame, rows)
        if diverged is not None:
            step_values[:, diverged] = 0.0
            step_values[self._length_row] = 1.0
        if frame.ids is None:
            self.sums += step_values
        else:
            self.sums[:, frame.ids] += step_values

    def finish_episodes(self, ids: Ids, positions: Floats, fell: Bools) -> FinishedEpisodes:
        """Results of the episodes of these worlds, which end now; `positions`, `fell` (E,)."""
        sums = self.sums[:, ids]
        lengths, means = sums[self._length_row], sums[self._first_measure_row :] / sums[self._length_row]
        distance = positions - sums[self._start_row]
        measures = {
            measure.name: measure.compute(EpisodeSummary(means[first:last], lengths, distance, fell, self._dt))
            for measure, first, last in self._measures
        }
        terms = _negate_costs(sums[: self._n_terms], self._n_bonuses)
        return FinishedEpisodes(ids.astype(np.int64), sums[self._n_terms], lengths.astype(np.int64), fell, terms, measures)

    def begin_episodes(self, ids: Ids, positions: Floats) -> None:
        """Start new episodes in these worlds; `positions` (E,)."""
        self.sums[:, ids] = 0.0
        self.sums[self._start_row, ids] = positions

    def _bind_accumulators(self, step_values: Floats) -> list[tuple[Callable[[PhysicsFrame, Floats], None], Floats]]:
        """Accumulators of measures with their rows in this table."""
        return [(add, step_values[first:last]) for add, first, last in self._accumulators]

    def _empty_step_values(self, count: int) -> Floats:
        step_values = np.zeros((len(self.sums), count))
        step_values[self._length_row] = 1.0
        return step_values


def _negate_costs(terms: Floats, n_bonuses: int) -> Floats:
    """Negate the costs in place; (K, n)."""
    if n_bonuses < len(terms):
        terms[n_bonuses:] *= -1.0
    return terms
