"""Statistics over the seeds of one spec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class OverSeeds:
    """A quantity over several seeds."""

    median: float
    iqm: float
    """Mean of the middle half (Agarwal et al. 2021)."""
    lowest: float
    highest: float


def over_seeds(scores: Sequence[Mapping[str, Any]]) -> dict[str, OverSeeds]:
    """Statistics of mean return, score and length over the scores (`Score.as_dict()`) of one or more seeds."""
    import numpy as np

    from gts.training.score import interquartile_mean

    found = {}
    for quantity in ("mean", "score", "length"):
        values = [float(score[quantity]) for score in scores]
        middle = float(interquartile_mean(np.array(values)))
        found[quantity] = OverSeeds(median(values), middle, min(values), max(values))
    return found
