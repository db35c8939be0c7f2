"""How a space is searched: what a person may choose, and goes on from when the search goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from gts.errors import UsageError
from gts.params.spec import unknown_name_message

SAMPLERS = {
    "tpe": "tree-structured Parzen estimator: learns where good values are (Bergstra et al. 2011)",
    "random": "random points: the yardstick for every other one",
    "grid": "every point once; only for spaces of lists, whole numbers and steps",
    "qmc": "quasi-random points that spread evenly (Bergstra and Bengio 2012); needs scipy",
    "gp": "Gaussian process with a model of the noise: for few, dear trials; needs scipy",
    "cmaes": "covariance matrix adaptation (Hansen 2016): for ranges, hundreds of trials, one objective; needs cmaes",
}
"""What chooses the points, with what it is good for."""

PRUNERS = {
    "median": "ends a trial below the median of the others, after a third of its steps",
    "asha": "lets the better third go on after a ninth and a third of the steps (Li et al. 2018)",
    "hyperband": "asha with several first rungs at once (Li et al. 2017)",
    "none": "lets every trial come to its end",
}
"""What ends trials early, with when it does."""

_FRESH_SEED_OFFSET = 1_000_000
_MINIMUMS = {"trials": 1, "seeds": 1, "last_evaluations": 1, "seed": 0, "confirm": 0, "confirm_seeds": 1}


@dataclass(frozen=True)
class SearchSettings:
    """What is chosen once for a study; raises UsageError for what cannot be."""

    trials: int = 100
    """Trials that are begun in all, failed and pruned ones too."""
    sampler: str = "tpe"
    pruner: str = "median"
    seeds: int = 1
    """Seeds that a trial is trained with, at most."""
    last_evaluations: int = 3
    """The last evaluations of a training whose mean counts."""
    seed: int = 1
    """Of the sampler."""
    confirm: int = 5
    """The best trials that are trained again at the end."""
    confirm_seeds: int = 5
    """Fresh seeds that each of these is trained with."""

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
        """The inverse of `as_dict`; what a newer program has added is left out."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in stored.items() if name in known})

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)

    def tuning_seeds(self, first: int) -> tuple[int, ...]:
        """The seeds of a trial whose spec has the seed `first`."""
        return tuple(range(first, first + self.seeds))

    def fresh_seeds(self, first: int) -> tuple[int, ...]:
        """Seeds that no trial was trained with, for the trainings that confirm."""
        return tuple(range(first + _FRESH_SEED_OFFSET, first + _FRESH_SEED_OFFSET + self.confirm_seeds))


def describe_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """`sampler is now random (was tpe)` for everything that is not the same."""
    keys = dict.fromkeys((*before, *after))
    changed = [key for key in keys if before.get(key) != after.get(key)]
    return [f"{key} is now {_format_value(after.get(key))} (was {_format_value(before.get(key))})" for key in changed]


def _format_value(value: Any) -> str:
    return "left out" if value is None else str(value)
