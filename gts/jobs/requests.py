"""Requests to train or to search, as a front end makes them and a job folder stores them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gts.store.workspace import StudyFolder, Workspace

if TYPE_CHECKING:
    from gts.formats.checkpoint import Checkpoint
    from gts.formats.space_file import SearchSpace
    from gts.params.spec import Spec


@dataclass(frozen=True)
class Milestones:
    """Extra checkpoints at regular intervals, which are never deleted."""

    prefix: str
    """Path and beginning of the file names; the step is appended."""
    interval: int
    """In epochs."""

    def path(self, step: int, suffix: str) -> Path:
        """File of a step; `suffix` distinguishes the members of a cohort."""
        return Path(f"{self.prefix}{suffix}-{step}.checkpoint")


@dataclass(frozen=True)
class TrainingRequest:
    """A training of one or several members."""

    workspace: Workspace
    name: str
    """Part of the run's id."""
    source: str
    """The spec or checkpoint as the user named it."""
    specs: tuple[Spec, ...]
    """One per member, with equal shapes."""
    results: tuple[Path, ...]
    """File of each member's result."""
    start: Checkpoint | None = None
    """Initial state of all members; None: from scratch."""
    keep: Literal["best", "last"] = "best"
    """Which policy becomes the result: the best by evaluation, or the last."""
    milestones: Milestones | None = None
    score: bool = True
    """Whether the results are scored at the end."""
    save_when_stopped: bool = True
    threads: int | None = None
    save_every: float = 30.0
    """Seconds between two complete states on the disk."""
    queued: bool = False
    """Whether to wait for a slot on this machine."""

    def suffix(self, member: int) -> str:
        """Suffix of a member's file names; empty if there is only one member."""
        return f"-seed{self.specs[member].params.seed}" if len(self.specs) > 1 else ""


@dataclass(frozen=True)
class SearchRequest:
    """A search of a space."""

    workspace: Workspace
    space: SearchSpace
    source: str
    """The space as the user named it."""
    storage: str | None = None
    """Address of the trials' storage, without password; None: as before, or a file in the study's folder."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Settings that the user chose; the others keep their values."""
    workers: int = 1
    cohort: int = 4
    """Concurrent trainings per worker."""
    threads: int = 1
    """CPUs of all workers together."""
    logdir: Path | None = None
    """Copies of the trainings' specs, logs and best checkpoints go here."""
    save_every: float = 30.0
    queued: bool = False

    @property
    def folder(self) -> StudyFolder:
        """The study's folder."""
        return self.workspace.study_folder(self.space.name)
