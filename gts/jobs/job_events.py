"""Events and outcomes of trainings and searches, as their jobs yield them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gts.store.workspace import RunFolder, StudyFolder

SCORE_EPISODES = 100
SCORE_STEPS = 1000

CheckpointKind = Literal["last", "best", "result", "milestone"]


@dataclass(frozen=True)
class JobNote:
    """A remark for the user."""

    text: str


@dataclass(frozen=True)
class JobWarning:
    """A problem that does not end the job."""

    text: str


@dataclass(frozen=True)
class DiskFull:
    """The disk is full: the job is paused until there is room."""

    reason: str


@dataclass(frozen=True)
class DiskFullCleared:
    """There is room on the disk again: the job is running."""


@dataclass(frozen=True)
class RunStarted:
    """An attempt at a run begins."""

    folder: RunFolder
    step: int = 0
    """First step of this attempt."""


@dataclass(frozen=True)
class CheckpointSaved:
    """A checkpoint is on the disk."""

    path: Path
    member: int
    kind: CheckpointKind
    step: int


@dataclass(frozen=True)
class ScoringStarted:
    """Training is over; its results are being scored."""

    policies: int
    episodes: int
    steps: int


@dataclass(frozen=True)
class MemberOutcome:
    """Result of one member."""

    seed: int
    result: Path | None
    """Its checkpoint; None if nothing was saved."""
    step: int
    """Environment steps that the kept policy was trained."""
    score: Mapping[str, Any] | None = None
    """`Score.as_dict()` over the test episodes; None if it was not scored."""
    failed: str = ""
    """Reason of its failure; empty if it did not fail."""


@dataclass(frozen=True)
class TrainingOutcome:
    """Result of a training; its last event."""

    folder: RunFolder
    figure: str
    technique: str
    step: int
    """Environment steps of each member."""
    total_steps: int
    seconds: float
    """Wall-clock time of the training, without scoring."""
    stopped: bool
    """Whether it was stopped before its end."""
    members: tuple[MemberOutcome, ...]
    summary: Path | None = None
    """File with statistics over several seeds."""


@dataclass(frozen=True)
class SearchStarted:
    """The study is open."""

    folder: StudyFolder
    ended: int
    """Trials that ended earlier."""
    wanted: int
    resumed: tuple[int, ...]
    """Trials that are resumed."""


@dataclass(frozen=True)
class TrialStarted:
    """A trial is being trained."""

    number: int
    values: Mapping[str, Any]


@dataclass(frozen=True)
class TrialReported:
    """A trial was evaluated on the way."""

    number: int
    step: int
    value: float


@dataclass(frozen=True)
class TrialEnded:
    """A trial is complete, pruned or failed."""

    number: int
    state: str
    """`complete`, `pruned` or `failed`."""
    values: tuple[float, ...]
    reason: str = ""


@dataclass(frozen=True)
class ConfirmationStarted:
    """The best trials are being trained again with fresh seeds."""

    trials: tuple[int, ...]
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class TrialConfirmed:
    """A trial was trained again with fresh seeds."""

    number: int
    value: float
    """Its value in the search."""
    iqm: float
    low: float
    high: float


@dataclass(frozen=True)
class SearchOutcome:
    """Result of a search; its last event."""

    folder: StudyFolder
    stopped: bool
    trials: int
    """Trials that have ended."""
    seconds: float
    """Wall-clock time of this attempt."""
    steps: int
    """Environment steps of this attempt, all trainings together."""
