"""Trials of a search: one training per seed, each in a folder with the layout of a run."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gts.errors import FileError, GtsError, reason
from gts.formats.durable import write_durably
from gts.formats.objectives import ObjectiveWeights, compute_training_value
from gts.formats.space_file import SearchSpace, write_space
from gts.formats.spec_file import write_spec
from gts.jobs.trainings.resume_state import saved_steps
from gts.params.spec import Spec
from gts.search.study_file import SECONDS_ATTRIBUTE, SEED_VALUES_ATTRIBUTE, STEPS_ATTRIBUTE
from gts.store.catalogue import RunRecord, utc_now
from gts.store.curves import MetricsReader
from gts.store.workspace import RunFolder, StudyFolder
from gts.training.plan import TrainingPlan

if TYPE_CHECKING:
    # A worker of a search has folders of trials, and no study: Optuna stays away from it.
    from gts.search.study import TrialRef


@dataclass(eq=False)
class ActiveTraining:
    """A trial with one seed."""

    folder: RunFolder
    spec: Spec
    scores: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    """Scores of its evaluations by step."""
    done: bool = False
    start_step: int = 0
    """Its newest saved step when this attempt at the search began."""
    crash_steps: tuple[int, ...] = ()
    """Saved steps at the latest worker crashes, one per crash, all equal."""

    @property
    def key(self) -> str:
        """Unique within the search."""
        return self.folder.id

    def steps_made(self) -> int:
        """Environment steps of this attempt."""
        newest = next(iter(saved_steps(self.folder)), 0)
        return max(newest, max(self.scores, default=0), self.start_step) - self.start_step

    def record_crash(self) -> int:
        """Count a crash of its worker; returns the number of crashes since its last progress."""
        step = next(iter(saved_steps(self.folder)), 0)
        self.crash_steps = (*(one for one in self.crash_steps if one == step), step)
        return len(self.crash_steps)

    def curve(self) -> list[Mapping[str, Any]]:
        """Its scores in order of steps."""
        return [self.scores[step] for step in sorted(self.scores)]


@dataclass(eq=False)
class ActiveTrial:
    """A trial in progress, with its seeds so far."""

    number: int
    ref: TrialRef | None
    """None for a confirmation."""
    spec: Spec
    study: StudyFolder
    source: str
    """The space as the user named it."""
    trainings: dict[int, ActiveTraining] = field(default_factory=dict)
    """By seed, in the order of their addition."""
    started_at: float = field(default_factory=time.monotonic)

    @property
    def first(self) -> ActiveTraining:
        """The training that is compared with other trials on the way."""
        return next(iter(self.trainings.values()))

    def folder(self, seed: int) -> RunFolder:
        """Folder of the training with a seed."""
        what = "" if self.ref is not None else "confirm-"
        return RunFolder(self.study.path / "trials" / f"{self.number:04d}-{what}seed{seed}")

    def add(self, seed: int) -> tuple[ActiveTraining, dict[str, Any] | None]:
        """Add a seed; returns its training, and its end if an earlier coordinator finished it. Raises FileError."""
        spec, folder = self.spec.with_values({"seed": seed}), self.folder(seed)
        create_training_folder(folder, spec, self.source)
        ended = read_training_end(folder)
        done = ended is not None and ended["state"] == "done"
        newest = next(iter(saved_steps(folder)), 0)
        training = ActiveTraining(folder, spec, read_evaluations(folder), done=done, start_step=newest)
        self.trainings[seed] = training
        return training, ended

    def curves(self) -> list[list[Mapping[str, Any]]]:
        """Scores of all seeds in order of steps."""
        return [training.curve() for training in self.trainings.values()]

    def study_attributes(self, goal: ObjectiveWeights, last_evaluations: int) -> dict[str, Any]:
        """Attributes that the study stores with the trial's value."""
        worth = []
        for curve in self.curves():
            with suppress(GtsError):
                worth.append(compute_training_value(goal, curve, last_evaluations))
        steps = sum(max(training.scores, default=0) for training in self.trainings.values())
        return {
            SEED_VALUES_ATTRIBUTE: worth,
            STEPS_ATTRIBUTE: steps,
            SECONDS_ATTRIBUTE: round(time.monotonic() - self.started_at, 3),
        }


def create_training_folder(folder: RunFolder, spec: Spec, source: str) -> None:
    """Create the folder of a training; no effect if it exists. Raises FileError."""
    if folder.run_file.exists():
        return
    folder.member_folder(0).mkdir(parents=True, exist_ok=True)
    write_spec(folder.spec(0), spec)
    record = RunRecord(
        id=folder.id,
        name=folder.id,
        source=source,
        figure=spec.figure,
        technique=spec.technique,
        members=1,
        total_steps=TrainingPlan.from_params(spec.params).total_steps,
        step=0,
        started=utc_now(),
    )
    _write_run_file(folder, asdict(record) | {"state": "running"})


def read_training_end(folder: RunFolder) -> dict[str, Any] | None:
    """End of a training: `state` (done, failed, pruned), `step`, `reason`; None if it has not ended."""
    try:
        facts = json.loads(folder.run_file.read_bytes())
    except (OSError, ValueError):
        return None
    return facts if isinstance(facts, dict) and facts.get("state") in ("done", "failed", "pruned") else None


def read_evaluations(folder: RunFolder) -> dict[int, Mapping[str, Any]]:
    """Scores of a training's evaluations by step."""
    try:
        with MetricsReader(folder.metrics) as reader:
            return {one.step: one.score for one in reader.evaluations(0)}
    except FileError:
        return {}


def record_training_end(folder: RunFolder, state: str, step: int, reason: str = "") -> None:
    """Record the end of a training. Raises FileError."""
    with suppress(OSError, ValueError):
        facts = json.loads(folder.run_file.read_bytes())
        _write_run_file(folder, facts | {"state": state, "step": step, "reason": reason, "finished": utc_now()})


def copy_space(space: SearchSpace, target: Path) -> None:
    """Write the space into the user's log folder. Raises FileError."""
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot write to {target}: {reason(error)}") from error
    write_space(target / f"{space.name}.space", space)


def copy_training_files(folder: RunFolder, target: Path) -> None:
    """Copy spec, log and best policy of a training into the user's log folder. Raises FileError."""
    try:
        target.mkdir(parents=True, exist_ok=True)
        for source in (folder.spec(0), folder.best_checkpoint(0), folder.log):
            if source.exists():
                shutil.copyfile(source, target / source.name)
    except OSError as error:
        raise FileError(f"cannot write to {target}: {reason(error)}") from error


def _write_run_file(folder: RunFolder, facts: Mapping[str, Any]) -> None:
    write_durably(folder.run_file, (json.dumps({"format": 1, **facts}, indent=2, ensure_ascii=False) + "\n").encode())
