"""Every number that a training logs: formula, unit, meaning."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter


@dataclass(frozen=True)
class Metric:
    """What a logged number is."""

    formula: str
    unit: str
    description: str


METRICS: dict[str, Metric] = {
    "return": Metric("Σ r_t over an episode, mean over the episodes that ended", "reward", "What exploring episodes earned."),
    "length": Metric("steps of an episode, mean over the episodes that ended", "steps", "How long exploring episodes were."),
    "falls": Metric("terminated ÷ ended episodes", "fraction", "How many of them ended by the figure's health rule."),
    "episodes": Metric("episodes that ended since the last update", "episodes", "How many of them there were."),
    "reward/<term>": Metric("Σ of one weighted reward term over an episode, mean", "reward", "Where the return comes from."),
    "speed": Metric("distance ÷ time of an episode, mean", "m/s", "How fast the figure went."),
    "policy_loss": Metric("−E[surrogate], mean over the update's steps", "", "What the policy's optimiser lowers."),
    "value_loss": Metric(
        "½ E[(V − target)²], mean over the update's steps", "", "How far the critic is off, in scaled rewards."
    ),
    "explained_variance": Metric(
        "1 − Var[target − V] ÷ Var[target]", "", "1: the critic foresees returns; 0: it knows nothing."
    ),
    "entropy": Metric("E[Σ (log σ + ½ log 2πe)]", "nats", "How much the policy explores."),
    "kl": Metric("E[(r − 1) − log r], r = π_new ÷ π_old", "nats", "How far an update moved the policy."),
    "clip_fraction": Metric("part of the ratios outside 1 ± clipRatio", "fraction", "How often PPO's clip was felt."),
    "actor_gradient": Metric("‖∇‖₂ before clipping, mean over the update's steps", "", "Size of the policy's gradient."),
    "critic_gradient": Metric("‖∇‖₂ before clipping, mean over the update's steps", "", "Size of the critic's gradient."),
    "learning_rate": Metric("the policy's step size", "", "Where the schedule stands."),
    "steps_per_second": Metric("environment steps of a round ÷ its wall-clock", "1/s", "All members together."),
}
"""By name, as `metrics.db` and `--json` spell them; `<term>` stands for the name of a reward term."""


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
