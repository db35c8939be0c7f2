"""What a search is asked to do, what it tells on the way, and what it comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gts.store.workspace import StudyFolder, Workspace

if TYPE_CHECKING:
    from gts.formats.space_file import SearchSpace


@dataclass(frozen=True)
class SearchRequest:
    """A search, as a front end asks for it."""

    workspace: Workspace
    space: SearchSpace
    source: str
    """The space as the person named it."""
    storage: str | None = None
    """Where the trials are; None: as before, or a file in the study's folder."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Those that the person chose; the others stay as they were."""
    workers: int = 1
    cohort: int = 4
    """Trainings that a worker has at a time."""
    threads: int = 1
    """CPUs of all workers together."""
    logdir: Path | None = None
    """Where specs, logs and best checkpoints of the trials are copied to."""
    save_every: float = 30.0
    queued: bool = False

    @property
    def folder(self) -> StudyFolder:
        """The study's folder."""
        return self.workspace.study_folder(self.space.name)


@dataclass(frozen=True)
class SearchStarted:
    """The study is open."""

    folder: StudyFolder
    ended: int
    """Trials that have ended before."""
    wanted: int
    resumed: tuple[int, ...]
    """Trials that are gone on with."""


@dataclass(frozen=True)
class TrialStarted:
    """A trial is trained."""

    number: int
    values: Mapping[str, Any]


@dataclass(frozen=True)
class TrialReported:
    """A trial was tried out on the way."""

    number: int
    step: int
    value: float


@dataclass(frozen=True)
class TrialEnded:
    """A trial is over."""

    number: int
    state: str
    """`complete`, `pruned` or `failed`."""
    values: tuple[float, ...]
    reason: str = ""


@dataclass(frozen=True)
class ConfirmationStarted:
    """The search is over; its best trials are trained again on fresh seeds."""

    trials: tuple[int, ...]
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class TrialConfirmed:
    """A trial was trained again."""

    number: int
    value: float
    """What the search thought of it."""
    iqm: float
    low: float
    high: float


@dataclass(frozen=True)
class JobNote:
    """Something worth saying."""

    text: str


@dataclass(frozen=True)
class SearchOutcome:
    """What a search came to."""

    folder: StudyFolder
    stopped: bool
    trials: int
    """That have ended."""
    seconds: float
    """Wall-clock of this attempt."""
    steps: int
    """Environment steps of this attempt, all trainings together."""
