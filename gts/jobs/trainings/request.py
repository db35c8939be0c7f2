"""What a training is asked to do, what it tells on the way, and what it comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gts.store.workspace import RunFolder, Workspace

if TYPE_CHECKING:
    from gts.formats.checkpoint import Checkpoint
    from gts.params.spec import Spec

CheckpointKind = Literal["last", "best", "result", "milestone"]


@dataclass(frozen=True)
class Milestones:
    """Checkpoints on the way, beside those that every run keeps."""

    prefix: str
    """Path and beginning of their names; the step follows."""
    interval: int
    """Epochs from one to the next."""

    def path(self, step: int, suffix: str) -> Path:
        """Where the one of a step goes; `suffix` tells the members of a cohort apart."""
        return Path(f"{self.prefix}{suffix}-{step}.checkpoint")


@dataclass(frozen=True)
class TrainingRequest:
    """A training, as a front end asks for it."""

    workspace: Workspace
    name: str
    """What is trained, for the run's name."""
    source: str
    """The spec or checkpoint as the person named it."""
    specs: tuple[Spec, ...]
    """One a member; they share their shapes."""
    results: tuple[Path, ...]
    """Where each member's outcome goes."""
    start: Checkpoint | None = None
    """What every member starts from; None: from scratch."""
    keep: Literal["best", "last"] = "best"
    """Which policy the outcome is: the best by evaluation, or the last."""
    milestones: Milestones | None = None
    score: bool = True
    """Whether the outcome is scored at the end."""
    save_when_stopped: bool = True
    threads: int | None = None
    save_every: float = 30.0
    """Seconds from one complete state on the disk to the next."""
    queued: bool = False
    """Whether it waits until this machine has room for it."""

    def suffix(self, member: int) -> str:
        """What tells a member's files from its companions'; empty for one that has none."""
        return f"-seed{self.specs[member].params.seed}" if len(self.specs) > 1 else ""


@dataclass(frozen=True)
class RunStarted:
    """The run has its folder."""

    folder: RunFolder
    step: int = 0
    """Where this attempt at it begins."""


@dataclass(frozen=True)
class DiskFull:
    """The disk takes nothing more: the training stands still until it does."""

    reason: str


@dataclass(frozen=True)
class DiskFullCleared:
    """The disk takes files again."""


@dataclass(frozen=True)
class CheckpointSaved:
    """A checkpoint is on the disk."""

    path: Path
    member: int
    kind: CheckpointKind
    step: int


@dataclass(frozen=True)
class ScoringStarted:
    """Training is over, its outcomes are tried out."""

    policies: int
    episodes: int
    steps: int


@dataclass(frozen=True)
class JobWarning:
    """Something went wrong that does not stop the training."""

    text: str


@dataclass(frozen=True)
class MemberOutcome:
    """What one member came to."""

    seed: int
    result: Path | None
    """Its checkpoint; None where nothing was saved."""
    step: int
    """Environment steps that the kept policy had made."""
    score: Mapping[str, Any] | None = None
    """`Score.as_dict()` over the test episodes; None where it was not taken."""
    failed: str = ""
    """Why it failed; empty where it did not."""


@dataclass(frozen=True)
class TrainingOutcome:
    """What a training came to."""

    folder: RunFolder
    figure: str
    technique: str
    step: int
    """Environment steps that each member made."""
    total_steps: int
    seconds: float
    """Wall-clock of the training, without the scoring."""
    stopped: bool
    """True where somebody ended it early."""
    members: tuple[MemberOutcome, ...]
    summary: Path | None = None
    """What several seeds came to together, as a file."""


SCORE_EPISODES = 100
SCORE_STEPS = 1000
