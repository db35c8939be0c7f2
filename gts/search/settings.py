"""Settings of a search: sampler, pruner, trials and seeds. A resumed search keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from gts.errors import UsageError
from gts.params.spec import unknown_name_message

SAMPLERS = {
    "tpe": "tree-structured Parzen estimator (Bergstra et al. 2011)",
    "random": "uniform random points: the baseline for all others",
    "grid": "every point once; only for spaces of lists, whole numbers and steps",
    "qmc": "quasi-random points, evenly spread (Bergstra and Bengio 2012); needs scipy",
    "gp": "Gaussian process with a noise model: for few, expensive trials; needs scipy",
    "cmaes": "covariance matrix adaptation (Hansen 2016): for ranges, hundreds of trials, one objective; needs cmaes",
}
"""Samplers by name, with their use."""

PRUNERS = {
    "median": "ends a trial that is below the median of the others, after a third of its steps",
    "asha": "continues the best third after a ninth and after a third of the steps (Li et al. 2018)",
    "hyperband": "asha with several first rungs at once (Li et al. 2017)",
    "none": "ends no trial early",
}
"""Pruners by name, with the trials that they end early."""

_FRESH_SEED_OFFSET = 1_000_000
_MINIMUMS = {"trials": 1, "seeds": 1, "last_evaluations": 1, "seed": 0, "confirm": 0, "confirm_seeds": 1}


@dataclass(frozen=True)
class SearchSettings:
    """Settings of a study. Raises UsageError for invalid values."""

    trials: int = 100
    """Number of trials to start, including failed and pruned ones."""
    sampler: str = "tpe"
    pruner: str = "median"
    seeds: int = 1
    """Seeds per trial; a pruned trial may use fewer."""
    last_evaluations: int = 3
    """Number of last evaluations of a training whose mean is its value."""
    seed: int = 1
    """Seed of the sampler."""
    confirm: int = 5
    """Number of best trials to train again at the end."""
    confirm_seeds: int = 5
    """Fresh seeds for each of these."""

    def __post_init__(self) -> None:
        for kind, word, known in (("sampler", self.sampler, SAMPLERS), ("pruner", self.pruner, PRUNERS)):
            if word not in known:
                raise UsageError(unknown_name_message(kind, word, known))
        for name, least in _MINIMUMS.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise UsageError(f"`{name}` of a search must be a whole number from {least} on, not {value}")

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Inverse of `as_dict`; unknown keys are ignored."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in stored.items() if name in known})

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)

    def tuning_seeds(self, first: int) -> tuple[int, ...]:
        """Seeds of a trial whose spec has the seed `first`."""
        return tuple(range(first, first + self.seeds))

    def fresh_seeds(self, first: int) -> tuple[int, ...]:
        """Seeds that no trial has used, for confirmation."""
        return tuple(range(first + _FRESH_SEED_OFFSET, first + _FRESH_SEED_OFFSET + self.confirm_seeds))


def describe_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """One line per changed value: `sampler is now random (was tpe)`."""
    keys = dict.fromkeys((*before, *after))
    changed = [key for key in keys if before.get(key) != after.get(key)]
    return [f"{key} is now {_format_value(after.get(key))} (was {_format_value(before.get(key))})" for key in changed]


def _format_value(value: Any) -> str:
    return "left out" if value is None else str(value)
