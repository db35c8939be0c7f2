"""What a study came to, as tables and charts need it: plain records, which need no Optuna to be looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from gts.search.settings import SearchSettings

TrialStateName = Literal["waiting", "running", "complete", "pruned", "failed"]

TRIAL_STATES: tuple[TrialStateName, ...] = ("waiting", "running", "complete", "pruned", "failed")
ENDED_STATES: tuple[TrialStateName, ...] = ("complete", "pruned", "failed")


@dataclass(frozen=True)
class Confirmation:
    """What came out when a trial was trained again on fresh seeds."""

    seeds: tuple[int, ...]
    values: tuple[float, ...]
    """One a seed."""
    iqm: float
    """Mean of the middle half of the values."""
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
    """One an objective; of a pruned trial the last one reported; empty where there is none. A failure has none."""
    params: Mapping[str, Any]
    """What was searched, by file key."""
    curve: tuple[tuple[int, float], ...]
    """Environment steps, and the value reported there."""
    started: str
    """UTC; empty where it has not begun."""
    ended: str
    """UTC; empty where it has not ended."""
    seconds: float | None
    """Wall-clock from the one to the other, or of its training where that is known."""
    steps: int | None
    """Environment steps that it was trained, all seeds together."""
    seed_values: tuple[float, ...]
    """Of the first objective, one a seed."""
    reason: str
    """Why it failed."""
    spec: Mapping[str, Any] | None
    """The spec that was trained, as its file has it."""
    confirmed: Confirmation | None = None

    @property
    def value(self) -> float | None:
        """Of the first objective."""
        return self.values[0] if self.values else None


@dataclass(frozen=True)
class ParameterDomain:
    """What a parameter was drawn from."""

    key: str
    choices: tuple[Any, ...] = ()
    """Of a list; empty for a range."""
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    integer: bool = False
    step: float | None = None


@dataclass(frozen=True)
class StudyView:
    """A study at one moment."""

    name: str
    storage: str
    """Where its trials are, without password."""
    maximised: tuple[bool, ...]
    """One an objective: whether more is better."""
    trials: tuple[TrialRecord, ...]
    """By number."""
    domains: Mapping[str, ParameterDomain]
    """Of every parameter that a trial has, the newest one."""
    space: Mapping[str, Any] | None = None
    """The content of the space's file, where the study knows it."""
    settings: SearchSettings | None = None
    machine_info: Mapping[str, Any] | None = None
    """Versions and machine of the first owner."""

    def count_states(self) -> dict[TrialStateName, int]:
        """How many trials there are of each state."""
        found = Counter(trial.state for trial in self.trials)
        return {state: found[state] for state in TRIAL_STATES}

    def get_trial(self, number: int) -> TrialRecord | None:
        """The trial of a number."""
        return next((trial for trial in self.trials if trial.number == number), None)

    def objective_names(self) -> tuple[str, ...]:
        """What each objective is, in a word or two."""
        several = len(self.maximised) > 1
        found = (self.space or {}).get("objective")
        words = [_format_objective(one) for one in found] if several and isinstance(found, list) else []
        known = len(words) == len(self.maximised) and all(words) and len(set(words)) == len(words)
        return tuple(words) if known else ("first", "second") if several else ("value",)

    def ranked_trials(self) -> list[TrialRecord]:
        """Complete trials, best first objective first."""
        complete = [trial for trial in self.trials if trial.state == "complete" and trial.values]
        sign = -1.0 if self.maximised[0] else 1.0
        return sorted(complete, key=lambda trial: (sign * trial.values[0], trial.number))

    def pareto_front(self) -> list[TrialRecord]:
        """Complete trials that no other one beats in one objective without losing in another, best first objective first."""
        ranked = self.ranked_trials()
        if len(self.maximised) != 2:
            return [one for one in ranked if not any(self._dominates(other, one) for other in ranked)]
        # From the best first objective on, those stay that come further in the second one than all before them.
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
        """Trials that were trained again, best interquartile mean first."""
        sign = -1.0 if self.maximised[0] else 1.0
        again = [trial for trial in self.trials if trial.confirmed is not None]
        return sorted(again, key=lambda trial: (sign * trial.confirmed.iqm if trial.confirmed else 0.0, trial.number))

    def best_trial(self) -> TrialRecord | None:
        """The best of those that were confirmed, else the best one of the search; None where nothing is complete."""
        return next(iter([*self.confirmed_trials(), *self.ranked_trials()]), None)

    def _dominates(self, one: TrialRecord, other: TrialRecord) -> bool:
        pairs = self._maximised_values(one), self._maximised_values(other)
        return pairs[0] != pairs[1] and all(a >= b for a, b in zip(*pairs, strict=True))

    def _maximised_values(self, trial: TrialRecord) -> Sequence[float]:
        return [value if up else -value for value, up in zip(trial.values, self.maximised, strict=True)]


def _format_objective(found: Any) -> str:
    """A goal of a space: a measure, or several with weights."""
    return "+".join(map(str, found)) if isinstance(found, dict) else str(found or "")
