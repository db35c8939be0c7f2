"""Events of a training.

A training is an iterator of events and writes no files itself. Between two events its consumer may take checkpoints, write
files or stop it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gts.formats.trajectory import Trajectory
from gts.training.score import Score


@dataclass(frozen=True)
class TrainingStarted:
    """The first event."""

    members: int
    total_steps: int
    """Environment steps of each member at the end of the plan."""
    step: int
    """First step: 0, or the step of the checkpoints of a resumed training."""
    rollout_steps: int
    """Steps of one world between two updates, T."""
    worlds: int
    """Worlds of each member, N."""


@dataclass(frozen=True)
class TrainingProgress:
    """A round of collect and update has finished."""

    step: int
    """Environment steps of each member so far."""
    epoch: int
    metrics: tuple[Mapping[str, float], ...]
    """One mapping per member, names as in `gts.training.metrics`; metrics without a value are left out."""
    seconds: Mapping[str, float]
    """Wall-clock of this round by phase: `physics`, `acting`, `learning`, `evaluation`."""


@dataclass(frozen=True)
class MembersEvaluated:
    """The deterministic policies were evaluated on exact physics."""

    step: int
    scores: tuple[Score | None, ...]
    """One per member; None for a member that failed."""
    improved: tuple[bool, ...]
    """True for members with their best score so far: `Cohort.best_checkpoint` is this policy."""
    trajectories: tuple[Trajectory | None, ...] = ()
    """The beginning of one episode per member; None for a member that failed."""


@dataclass(frozen=True)
class MemberFailed:
    """A member left the finite range and is no longer trained; the others continue."""

    member: int
    step: int
    reason: str


@dataclass(frozen=True)
class TrainingFinished:
    """The last event."""

    step: int
    stopped: bool
    """Whether it was stopped before the end of the plan."""


TrainingEvent = TrainingStarted | TrainingProgress | MembersEvaluated | MemberFailed | TrainingFinished
