"""Records of a study and its trials for tables and charts, free of Optuna."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from gts.formats.objectives import format_objective
from gts.search.settings import SearchSettings

TrialStateName = Literal["waiting", "running", "complete", "pruned", "failed"]

OPTUNA_STATE_NAMES: Mapping[TrialStateName, str] = {
    "waiting": "WAITING",
    "running": "RUNNING",
    "complete": "COMPLETE",
    "pruned": "PRUNED",
    "failed": "FAIL",
}
"""Names of Optuna's `TrialState`, as in the database."""
TRIAL_STATES: tuple[TrialStateName, ...] = tuple(OPTUNA_STATE_NAMES)
ENDED_STATES: tuple[TrialStateName, ...] = ("complete", "pruned", "failed")


@dataclass(frozen=True)
class Confirmation:
    """Result of training a trial again on fresh seeds."""

    seeds: tuple[int, ...]
    values: tuple[float, ...]
    """One per seed."""
    iqm: float
    """Interquartile mean of the values."""
    low: float
    """Lower end of its 95 % bootstrap interval."""
    high: float
    """Upper end of its 95 % bootstrap interval."""


@dataclass(frozen=True)
class TrialRecord:
    """One trial."""

    number: int
    state: TrialStateName
    values: tuple[float, ...]
    """One per objective; for a pruned trial the last reported one. Empty for a failed trial."""
    params: Mapping[str, Any]
    """Sampled values, by file key."""
    curve: tuple[tuple[int, float], ...]
    """(environment steps, reported value)."""
    started: str
    """UTC; empty if it has not started."""
    ended: str
    """UTC; empty if it has not ended."""
    seconds: float | None
    """Wall-clock time of its training if that is known, else from start to end."""
    steps: int | None
    """Trained environment steps, summed over its seeds."""
    seed_values: tuple[float, ...]
    """Of the first objective, one per seed."""
    reason: str
    """Reason of its failure."""
    spec: Mapping[str, Any] | None
    """Document of the trained spec."""
    confirmed: Confirmation | None = None

    @property
    def value(self) -> float | None:
        """Value of the first objective; None without one."""
        return self.values[0] if self.values else None


@dataclass(frozen=True)
class ParameterDomain:
    """Values that a parameter is sampled from."""

    key: str
    choices: tuple[Any, ...] = ()
    """Values of a list; empty for a range."""
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    integer: bool = False
    step: float | None = None


@dataclass(frozen=True)
class StudyView:
    """State of a study at one moment."""

    name: str
    storage: str
    """Path or URL of its storage, without password."""
    maximised: tuple[bool, ...]
    """One per objective: True if larger is better."""
    trials: tuple[TrialRecord, ...]
    """Ordered by number."""
    domains: Mapping[str, ParameterDomain]
    """Newest domain of every parameter that a trial has."""
    space: Mapping[str, Any] | None = None
    """Content of the space file, if the study stores it."""
    settings: SearchSettings | None = None
    machine_info: Mapping[str, Any] | None = None
    """Library versions and machine of the first owner."""

    def count_states(self) -> dict[TrialStateName, int]:
        """Number of trials by state."""
        found = Counter(trial.state for trial in self.trials)
        return {state: found[state] for state in TRIAL_STATES}

    def get_trial(self, number: int) -> TrialRecord | None:
        """The trial with this number; None if it does not exist."""
        return next((trial for trial in self.trials if trial.number == number), None)

    def objective_names(self) -> tuple[str, ...]:
        """A short name per objective."""
        several = len(self.maximised) > 1
        found = (self.space or {}).get("objective")
        names = [format_objective(objective) for objective in found] if several and isinstance(found, list) else []
        known = len(names) == len(self.maximised) and all(names) and len(set(names)) == len(names)
        return tuple(names) if known else ("first", "second") if several else ("value",)

    def ranked_trials(self) -> list[TrialRecord]:
        """Complete trials, ordered by the first objective, best first."""
        complete = [trial for trial in self.trials if trial.state == "complete" and trial.values]
        sign = -1.0 if self.maximised[0] else 1.0
        return sorted(complete, key=lambda trial: (sign * trial.values[0], trial.number))

    def pareto_front(self) -> list[TrialRecord]:
        """Complete trials that no other one dominates, ordered by the first objective, best first."""
        ranked = self.ranked_trials()
        if len(self.maximised) != 2:
            return [one for one in ranked if not any(self._dominates(other, one) for other in ranked)]
        # Sorted by the first objective, a trial is on the front if its second one exceeds all before it.
        front: list[TrialRecord] = []
        for one in sorted(ranked, key=lambda trial: [-value for value in self._maximised_values(trial)]):
            if (
                not front
                or self._maximised_values(one)[1] > self._maximised_values(front[-1])[1]
                or one.values == front[-1].values
            ):
                front.append(one)
        return front

    def confirmed_trials(self) -> list[TrialRecord]:
        """Confirmed trials, best interquartile mean first."""
        sign = -1.0 if self.maximised[0] else 1.0
        confirmed = [trial for trial in self.trials if trial.confirmed is not None]
        return sorted(confirmed, key=lambda trial: (sign * trial.confirmed.iqm if trial.confirmed else 0.0, trial.number))

    def best_trial(self) -> TrialRecord | None:
        """Best confirmed trial, else the best complete one; None if no trial is complete."""
        return next(iter([*self.confirmed_trials(), *self.ranked_trials()]), None)

    def _dominates(self, one: TrialRecord, other: TrialRecord) -> bool:
        pairs = self._maximised_values(one), self._maximised_values(other)
        return pairs[0] != pairs[1] and all(a >= b for a, b in zip(*pairs, strict=True))

    def _maximised_values(self, trial: TrialRecord) -> Sequence[float]:
        return [value if up else -value for value, up in zip(trial.values, self.maximised, strict=True)]
