"""The trials of a search: a training a seed, each in a folder that is laid out like that of a run, so that it can be shown."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gts.errors import FileError, GtsError
from gts.formats.durable import write_durably
from gts.formats.objectives import Goal
from gts.formats.space_file import Space, write_space
from gts.formats.spec_file import write_spec
from gts.jobs.trainings.resume_state import newest_steps
from gts.params.spec import Spec
from gts.search import study_attributes as names
from gts.search.objective_value import curve_value
from gts.store.catalogue import RunRecord, now
from gts.store.curves import MetricsReader
from gts.store.workspace import RunFolder, StudyFolder
from gts.training.plan import Plan

if TYPE_CHECKING:
    # A worker of a search has folders of trials, and no study: Optuna stays away from it.
    from gts.search.study import TrialRef


@dataclass(eq=False)
class LiveTraining:
    """One trial with one seed."""

    folder: RunFolder
    spec: Spec
    scores: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    """Of its evaluations, by step."""
    done: bool = False
    began_at: int = 0
    """Its newest step on the disk when this attempt at the search took it up."""
    deaths: tuple[int, ...] = ()
    """The step at which workers ended that had it, one a worker; all of them the same."""

    @property
    def key(self) -> str:
        """Unlike that of any other training of the search."""
        return self.folder.id

    def made(self) -> int:
        """Environment steps since then."""
        newest = next(iter(newest_steps(self.folder)), 0)
        return max(newest, max(self.scores, default=0), self.began_at) - self.began_at

    def died(self) -> int:
        """Note that a worker has ended that had it; how many did so since it last came further."""
        step = next(iter(newest_steps(self.folder)), 0)
        self.deaths = (*(one for one in self.deaths if one == step), step)
        return len(self.deaths)

    def curve(self) -> list[Mapping[str, Any]]:
        """Its scores in the order of the steps."""
        return [self.scores[step] for step in sorted(self.scores)]


@dataclass(eq=False)
class LiveTrial:
    """A trial that is trained now, with the seeds that it has so far."""

    number: int
    ref: TrialRef | None
    """None: one that is confirmed."""
    spec: Spec
    study: StudyFolder
    source: str
    """The space as the person named it."""
    trainings: dict[int, LiveTraining] = field(default_factory=dict)
    """By seed, in the order in which they were added."""
    began: float = field(default_factory=time.monotonic)

    @property
    def first(self) -> LiveTraining:
        """The training by which it is compared with others on the way."""
        return next(iter(self.trainings.values()))

    def folder(self, seed: int) -> RunFolder:
        """Where the training with a seed is."""
        what = "" if self.ref is not None else "confirm-"
        return RunFolder(self.study.path / "trials" / f"{self.number:04d}-{what}seed{seed}")

    def add(self, seed: int) -> tuple[LiveTraining, dict[str, Any] | None]:
        """Add a seed: its training, and how that ended where an earlier owner saw to it. Raises FileError."""
        spec, folder = self.spec.with_values({"seed": seed}), self.folder(seed)
        prepare(folder, spec, self.source)
        ended = outcome_of(folder)
        done = ended is not None and ended["state"] == "done"
        newest = next(iter(newest_steps(folder)), 0)
        training = LiveTraining(folder, spec, evaluations_of(folder), done=done, began_at=newest)
        self.trainings[seed] = training
        return training, ended

    def curves(self) -> list[list[Mapping[str, Any]]]:
        """The scores of every seed in the order of the steps."""
        return [training.curve() for training in self.trainings.values()]

    def details(self, goal: Goal, last: int) -> dict[str, Any]:
        """What the study keeps of it beside its value."""
        worth = []
        for curve in self.curves():
            with suppress(GtsError):
                worth.append(curve_value(goal, curve, last))
        steps = sum(max(training.scores, default=0) for training in self.trainings.values())
        return {names.SEED_VALUES: worth, names.STEPS: steps, names.SECONDS: round(time.monotonic() - self.began, 3)}


def prepare(folder: RunFolder, spec: Spec, source: str) -> None:
    """Make the folder of a training, or leave it as it is where it exists. Raises FileError."""
    if folder.facts.exists():
        return
    folder.member(0).mkdir(parents=True, exist_ok=True)
    write_spec(folder.spec(0), spec)
    record = RunRecord(
        id=folder.id,
        name=folder.id,
        source=source,
        figure=spec.figure,
        technique=spec.technique,
        members=1,
        total_steps=Plan.of(spec.params).total_steps,
        step=0,
        started=now(),
    )
    _write_facts(folder, asdict(record) | {"state": "running"})


def outcome_of(folder: RunFolder) -> dict[str, Any] | None:
    """How a training ended: `state` (done, failed, pruned), `step`, `reason`; None where it has not, or never began."""
    try:
        facts = json.loads(folder.facts.read_bytes())
    except (OSError, ValueError):
        return None
    return facts if isinstance(facts, dict) and facts.get("state") in ("done", "failed", "pruned") else None


def evaluations_of(folder: RunFolder) -> dict[int, Mapping[str, Any]]:
    """The scores of a training's evaluations by step; empty where there are none yet."""
    try:
        with MetricsReader(folder.metrics) as reader:
            return {one.step: one.score for one in reader.evaluations(0)}
    except FileError:
        return {}


def close(folder: RunFolder, state: str, step: int, reason: str = "") -> None:
    """Write down how a training ended. Raises FileError."""
    with suppress(OSError, ValueError):
        facts = json.loads(folder.facts.read_bytes())
        _write_facts(folder, facts | {"state": state, "step": step, "reason": reason, "finished": now()})


def copy_space(space: Space, target: Path) -> None:
    """Write a space to where a person wants to have its trials. Raises FileError."""
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot write to {target}: {(error.strerror or str(error)).lower()}") from error
    write_space(target / f"{space.name}.space", space)


def copy_out(folder: RunFolder, target: Path) -> None:
    """Copy spec, log and best policy of a training to where a person wants to have them. Raises FileError."""
    try:
        target.mkdir(parents=True, exist_ok=True)
        for source in (folder.spec(0), folder.best(0), folder.log):
            if source.exists():
                shutil.copyfile(source, target / source.name)
    except OSError as error:
        raise FileError(f"cannot write to {target}: {(error.strerror or str(error)).lower()}") from error


def _write_facts(folder: RunFolder, facts: Mapping[str, Any]) -> None:
    write_durably(folder.facts, (json.dumps({"format": 1, **facts}, indent=2, ensure_ascii=False) + "\n").encode())
