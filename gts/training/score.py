"""Statistics of a policy over test episodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

_RESAMPLES = 2000


@dataclass(frozen=True)
class Score:
    """The result of a number of test episodes."""

    episodes: int
    mean: float
    """Mean return."""
    deviation: float
    """Standard deviation of the return over episodes."""
    cov: float
    """Coefficient of variation, deviation ÷ |mean|."""
    score: float
    """mean × (1 − cov); never positive for a negative mean."""
    iqm: float
    """Mean of the middle half of the returns (Agarwal et al. 2021)."""
    iqm_low: float
    """Lower end of its 95 % bootstrap interval."""
    iqm_high: float
    """Upper end of its 95 % bootstrap interval."""
    length: float
    """Mean episode length in steps."""
    falls: int
    """Episodes that ended by the health rule."""
    measures: Mapping[str, float] = field(default_factory=dict)
    """Means of the measures over episodes: `speed` m/s, `distance` m, `height` m, …"""
    terms: Mapping[str, float] = field(default_factory=dict)
    """Mean episode sum of each reward term."""

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Score:
        """The inverse of `as_dict`."""
        return cls(**data)


def cov_and_score(mean: float, std: float) -> tuple[float, float]:
    """(cov, score) of a mean return and its standard deviation, with the sign rule of the original program."""
    if mean == 0.0:
        return 0.0, 0.0
    cov = std / abs(mean)
    score = mean * (1.0 - cov)
    return cov, -score if mean < 0 < score else score


def interquartile_mean(returns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of the middle half along the last axis, without a quarter of the values at each end. (…, E) → (…)."""
    ordered = np.sort(returns, axis=-1)
    cut = returns.shape[-1] // 4
    return np.asarray(ordered[..., cut : returns.shape[-1] - cut].mean(axis=-1))


def bootstrap_interval(returns: NDArray[np.float64], *, seed: int = 0) -> tuple[float, float]:
    """95 % percentile interval of the interquartile mean, by resampling episodes. (E,) → (low, high)."""
    draws = np.random.default_rng(seed).integers(0, len(returns), size=(_RESAMPLES, len(returns)))
    low, high = np.percentile(interquartile_mean(returns[draws]), [2.5, 97.5])
    return float(low), float(high)


def make_score(
    returns: NDArray[np.float64],
    lengths: NDArray[np.int64],
    fell: NDArray[np.bool_],
    measures: Mapping[str, Sequence[float] | NDArray[np.float64]],
    terms: Mapping[str, Sequence[float] | NDArray[np.float64]],
) -> Score:
    """Summarise episodes; every array is (E,)."""
    mean, std = float(returns.mean()), float(returns.std())
    cov, score = cov_and_score(mean, std)
    low, high = bootstrap_interval(returns)
    return Score(
        episodes=len(returns),
        mean=mean,
        deviation=std,
        cov=cov,
        score=score,
        iqm=float(interquartile_mean(returns)),
        iqm_low=low,
        iqm_high=high,
        length=float(lengths.mean()),
        falls=int(fell.sum()),
        measures={name: float(np.mean(values)) for name, values in measures.items()},
        terms={name: float(np.mean(values)) for name, values in terms.items()},
    )
