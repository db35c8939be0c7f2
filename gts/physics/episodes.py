"""Sums over running episodes, and what is handed out when one ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    """Running sums of W episodes in one table, since adding and taking once is what a step has time for.

    Its rows: what each term is worth (costs positive), the reward, the steps, the position at the start, what the measures sum.
    """

    def __init__(self, n_worlds: int, n_bonuses: int, n_terms: int, measures: Sequence[Measure], dt: float) -> None:
        self._n_bonuses, self._n_terms, self._dt = n_bonuses, n_terms, dt
        self._length, self._start, self._first = n_terms + 1, n_terms + 2, n_terms + 3
        self._measures: list[tuple[Measure, int, int]] = []
        row = 0
        for measure in measures:
            self._measures.append((measure, row, row + measure.rows))
            row += measure.rows
        self._adding = [
            (measure.add, self._first + first, self._first + last)
            for measure, first, last in self._measures
            if measure.add is not None
        ]
        self.sums = np.zeros((self._first + row, n_worlds))
        """The table, (rows, W)."""
        self._whole = self._blank(n_worlds)
        self._whole_rows = self._rows(self._whole)
        self._page = self._whole

    @property
    def lengths(self) -> Floats:
        """Steps of the running episodes, (W,); live, whole numbers."""
        return np.asarray(self.sums[self._length])

    def page(self, frame: Frame) -> Floats:
        """Where this step's values are written before `add`: (rows, n). The terms and the reward are the caller's to write."""
        self._page = self._whole if frame.ids is None else self._blank(len(frame.ids))
        return self._page

    def contributions(self) -> Floats:
        """What each term gave or took in the last step, (K, n)."""
        return _signed(self._page[: self._n_terms].copy(), self._n_bonuses)

    def add(self, frame: Frame, page: Floats, lost: Bools | None) -> None:
        """Complete a page with the measures' rows and add it; for worlds that are `lost`, (n,), only the step counts."""
        for add, rows in self._whole_rows if frame.ids is None else self._rows(page):
            add(frame, rows)
        if lost is not None:
            page[:, lost] = 0.0
            page[self._length] = 1.0
        if frame.ids is None:
            self.sums += page
        else:
            self.sums[:, frame.ids] += page

    def close(self, ids: Ids, positions: Floats, fell: Bools) -> Episodes:
        """The episodes of these worlds end here; positions and fell are (E,)."""
        sums = self.sums[:, ids]
        lengths, means = sums[self._length], sums[self._first :] / sums[self._length]
        distance = positions - sums[self._start]
        measures = {
            measure.name: measure.finish(Ended(means[first:last], lengths, distance, fell, self._dt))
            for measure, first, last in self._measures
        }
        terms = _signed(sums[: self._n_terms], self._n_bonuses)
        return Episodes(ids.astype(np.int64), sums[self._n_terms], lengths.astype(np.int64), fell, terms, measures)

    def start(self, ids: Ids, positions: Floats) -> None:
        """New episodes begin in these worlds."""
        self.sums[:, ids] = 0.0
        self.sums[self._start, ids] = positions

    def _rows(self, page: Floats) -> list[tuple[Callable[[Frame, Floats], None], Floats]]:
        """Which measures write, and where in this page."""
        return [(add, page[first:last]) for add, first, last in self._adding]

    def _blank(self, count: int) -> Floats:
        page = np.zeros((len(self.sums), count))
        page[self._length] = 1.0
        return page


def _signed(terms: Floats, n_bonuses: int) -> Floats:
    """Costs as negative numbers, in place; (K, n)."""
    if n_bonuses < len(terms):
        terms[n_bonuses:] *= -1.0
    return terms
