"""Metrics that a training logs, with formula, unit and description, and the timer of its phases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter


@dataclass(frozen=True)
class Metric:
    """Declaration of a metric."""

    formula: str
    unit: str
    description: str


METRICS: dict[str, Metric] = {
    "return": Metric("Σ r_t over an episode, mean over the episodes that ended", "reward", "Return of exploring episodes."),
    "length": Metric("steps of an episode, mean over the episodes that ended", "steps", "Length of exploring episodes."),
    "falls": Metric("terminated ÷ ended episodes", "fraction", "Part of them ended by the figure's health rule."),
    "episodes": Metric("episodes that ended since the last update", "episodes", "Number of exploring episodes that ended."),
    "reward/<term>": Metric("Σ of one weighted reward term over an episode, mean", "reward", "Where the return comes from."),
    "speed": Metric("distance ÷ time of an episode, mean", "m/s", "Forward speed of the figure."),
    "policy_loss": Metric("−E[surrogate], mean over the update's steps", "", "Loss of the policy."),
    "value_loss": Metric("½ E[(V − target)²], mean over the update's steps", "", "Error of the critic, in scaled rewards."),
    "explained_variance": Metric(
        "1 − Var[target − V] ÷ Var[target]", "", "1: the critic predicts returns exactly; 0: as well as a constant."
    ),
    "entropy": Metric("E[Σ (log σ + ½ log 2πe)]", "nats", "Amount of exploration."),
    "kl": Metric("E[(r − 1) − log r], r = π_new ÷ π_old", "nats", "Change of the policy by an update."),
    "clip_fraction": Metric("part of the ratios outside 1 ± clipRatio", "fraction", "Part of the samples beyond the clip."),
    "actor_gradient": Metric("‖∇‖₂ before clipping, mean over the update's steps", "", "Size of the policy's gradient."),
    "critic_gradient": Metric("‖∇‖₂ before clipping, mean over the update's steps", "", "Size of the critic's gradient."),
    "learning_rate": Metric("step size of the policy's optimiser", "", "Present value of the schedule."),
    "steps_per_second": Metric("environment steps of a round ÷ its wall-clock", "1/s", "All members together."),
}
"""By name, as `metrics.db` and `--json` spell them; `<term>` is the name of a reward term."""


class PhaseTimer:
    """Wall-clock of a round by phase; a phase that did not happen has no entry."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def add(self, name: str, seconds: float) -> None:
        """Add to the seconds of a phase."""
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Add the duration of the block to a phase."""
        started = perf_counter()
        yield
        self.add(name, perf_counter() - started)
