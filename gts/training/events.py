"""What a training tells its listener.

A training is an iterator of these. Between two of them it stands still: whoever listens may take snapshots, write files,
ask it to stop. It never writes anything itself.
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
    """Environment steps that each member will have made at the end."""
    step: int
    """Where it starts: 0, or the step of the checkpoint it goes on from."""
    rollout_steps: int
    """Steps of one world between two updates (T)."""
    worlds: int
    """Worlds of each member (N)."""


@dataclass(frozen=True)
class TrainingProgress:
    """One round of collect and update is done."""

    step: int
    """Environment steps of each member so far."""
    epoch: int
    metrics: tuple[Mapping[str, float], ...]
    """One mapping a member, names as in `gts.training.metrics`; what had no value this round is left out."""
    seconds: Mapping[str, float]
    """Wall-clock of this round by phase: `physics`, `acting`, `learning`, `evaluation`."""


@dataclass(frozen=True)
class MembersEvaluated:
    """The deterministic policies were tried on exact physics."""

    step: int
    scores: tuple[Score | None, ...]
    """One a member; None for a member that failed."""
    improved: tuple[bool, ...]
    """Whose score is its best so far: `Trainer.best(member)` now holds this policy."""
    trajectories: tuple[Trajectory | None, ...] = ()
    """The beginning of one of the episodes, one a member; None for a member that failed."""


@dataclass(frozen=True)
class MemberFailed:
    """One member left the finite range and stands still from here on; the others go on."""

    member: int
    step: int
    reason: str


@dataclass(frozen=True)
class TrainingFinished:
    """The last event."""

    step: int
    stopped: bool
    """True where somebody asked for it before the end."""


TrainingEvent = TrainingStarted | TrainingProgress | MembersEvaluated | MemberFailed | TrainingFinished
