"""Sums over running episodes, and what is handed out when one ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gts.physics.frame import Frame, Ids
from gts.physics.measures import Ended, Measure

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Episodes(NamedTuple):
    """The episodes that ended in one step; E of them."""

    ids: NDArray[np.int64]
    """The worlds they ended in, (E,)."""
    returns: Floats
    """Sums of rewards, (E,)."""
    lengths: NDArray[np.int64]
    """Steps, (E,)."""
    fell: Bools
    """Ended by the health rule, (E,)."""
    terms: Floats
    """Sums of what each term gave or took, (K, E); their sum over K is `returns` up to rounding."""
    measures: dict[str, Floats]
    """What a person looks at, (E,) each; see `gts.physics.measures`."""


class Ledger:
    """Running sums of W episodes: the terms' contributions, the reward, and what the measures need."""

    def __init__(self, n_worlds: int, n_bonuses: int, n_terms: int, measures: Sequence[Measure], dt: float) -> None:
        self._n_bonuses, self._n_terms, self._dt = n_bonuses, n_terms, dt
        self._measures: list[tuple[Measure, int, int]] = []
        row = n_terms + 1
        for measure in measures:
            self._measures.append((measure, row, row + measure.rows))
            row += measure.rows
        self._adding = [(measure.add, first, last) for measure, first, last in self._measures if measure.add is not None]
        self._whole = np.zeros((row, n_worlds))
        self._page = self._whole
        self.sums = np.zeros((row, n_worlds))
        """Costs as positive numbers; (terms, reward, rows of the measures; W)."""
        self.lengths = np.zeros(n_worlds, np.int64)
        """Steps of the running episodes, (W,)."""
        self.starts = np.zeros(n_worlds)
        """Positions at their starts, m; (W,)."""

    def page(self, frame: Frame) -> Floats:
        """Where this step's values are written before `add`: (terms, reward, …; n). Terms and reward are the caller's."""
        self._page = self._whole if frame.ids is None else np.empty((len(self._whole), len(frame.ids)))
        return self._page

    def contributions(self) -> Floats:
        """What each term gave or took in the last step, (K, n)."""
        return _signed(self._page[: self._n_terms].copy(), self._n_bonuses)

    def add(self, frame: Frame, page: Floats, lost: Bools | None) -> None:
        """Complete a page with the measures' rows and add it to the sums; nothing counts for worlds that are `lost`, (n,)."""
        for add, first, last in self._adding:
            add(frame, page[first:last])
        if lost is not None:
            page[:, lost] = 0.0
        if frame.ids is None:
            self.sums += page
            self.lengths += 1
        else:
            self.sums[:, frame.ids] += page
            self.lengths[frame.ids] += 1

    def close(self, ids: Ids, positions: Floats, fell: Bools) -> Episodes:
        """The episodes of these worlds end here; positions and fell are (E,)."""
        sums, lengths = self.sums[:, ids], self.lengths[ids]
        terms = _signed(sums[: self._n_terms], self._n_bonuses)
        distance = positions - self.starts[ids]
        measures = {
            measure.name: measure.finish(Ended(sums[first:last], lengths, distance, fell, self._dt))
            for measure, first, last in self._measures
        }
        return Episodes(ids.astype(np.int64), sums[self._n_terms], lengths, fell, terms, measures)

    def start(self, ids: Ids, positions: Floats) -> None:
        """New episodes begin in these worlds."""
        self.sums[:, ids] = 0.0
        self.lengths[ids] = 0
        self.starts[ids] = positions


def _signed(terms: Floats, n_bonuses: int) -> Floats:
    """Costs as negative numbers, in place; (K, n)."""
    terms[n_bonuses:] *= -1.0
    return terms
