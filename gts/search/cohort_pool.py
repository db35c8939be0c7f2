"""A pool of trainings: those of one shape form a cohort, and the cohorts run one round each in turn.

Trainings are added and removed at any time. A cohort is rebuilt from the present states of its members, which continue
unchanged, so that no CPU waits for the slowest training.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from gts.formats.checkpoint import Checkpoint
from gts.params.spec import Spec
from gts.training.cohort import Cohort
from gts.training.score import Score
from gts.training.trainer import learn


@dataclass(frozen=True)
class TrainingTask:
    """One training: a trial with one of its seeds."""

    key: str
    """Unique in the pool."""
    spec: Spec
    state: Checkpoint | None = None
    """State to resume from; None starts a new training."""
    best: Checkpoint | None = None
    """Best policy so far."""


@dataclass(frozen=True)
class TaskRoundDone:
    """A training has finished one round of collecting and updating."""

    key: str
    step: int
    """Environment steps so far."""
    epoch: int
    metrics: Mapping[str, float]
    seconds: Mapping[str, float]
    """Wall-clock time of the cohort's round, by phase."""


@dataclass(frozen=True)
class TaskEvaluated:
    """A policy was evaluated."""

    key: str
    step: int
    score: Score
    is_best: bool
    """Whether it is the best so far."""


@dataclass(frozen=True)
class TaskFinished:
    """A training has finished."""

    key: str
    step: int


@dataclass(frozen=True)
class TaskDiverged:
    """A number of a training is no longer finite."""

    key: str
    step: int
    reason: str
    failure_dump: Mapping[str, NDArray[Any]]
    """Result of `Cohort.failure_dump`."""


CohortPoolEvent = TaskRoundDone | TaskEvaluated | TaskFinished | TaskDiverged


@dataclass
class _ShapeGroup:
    """Trainings of one shape."""

    cohort: Cohort | None = None
    members: list[str] = field(default_factory=list)
    """Keys by member index of the cohort, including removed ones."""
    pending: dict[str, TrainingTask] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)

    def active_members(self) -> list[str]:
        """Keys that have not been removed."""
        return [key for key in self.members if key not in self.removed]


class CohortPool:
    """All trainings of one worker process."""

    def __init__(self, *, threads: int) -> None:
        """`threads`: number of CPUs to use."""
        self._threads = threads
        self._groups: dict[tuple[Any, ...], _ShapeGroup] = {}
        self._shapes: dict[str, tuple[Any, ...]] = {}
        self._round_count = 0

    @property
    def keys(self) -> list[str]:
        """Keys of all trainings in the pool."""
        return list(self._shapes)

    def add(self, task: TrainingTask) -> None:
        """Add a training; it starts with the next round of its shape."""
        shape = task.spec.shape_key()
        self._shapes[task.key] = shape
        self._groups.setdefault(shape, _ShapeGroup()).pending[task.key] = task

    def remove(self, key: str) -> None:
        """Remove a training at any step."""
        group = self._groups[self._shapes.pop(key)]
        if group.pending.pop(key, None) is None:
            group.removed.add(key)
            if group.cohort is not None:
                group.cohort.deactivate(group.members.index(key))

    def checkpoint(self, key: str) -> Checkpoint | None:
        """Present state of a training; None before its first round."""
        group = self._groups[self._shapes[key]]
        if key in group.pending:
            return group.pending[key].state
        assert group.cohort is not None
        return group.cohort.checkpoint(group.members.index(key))

    def best_checkpoint(self, key: str) -> Checkpoint | None:
        """Best policy of a training; None before its first evaluation."""
        group = self._groups[self._shapes[key]]
        if key in group.pending:
            return group.pending[key].best
        assert group.cohort is not None
        return group.cohort.best_checkpoint(group.members.index(key))

    def run_round(self) -> Iterator[CohortPoolEvent]:
        """Run one round of the next cohort. The caller may add and remove trainings between two events."""
        busy = [shape for shape, group in self._groups.items() if group.pending or group.active_members()]
        if not busy:
            return
        group = self._groups[busy[self._round_count % len(busy)]]
        self._round_count += 1
        # An inactive member costs as much as an active one: rebuild the cohort when half of them are inactive.
        if group.pending or 2 * len(group.active_members()) <= len(group.members):
            self._rebuild_cohort(group)
        assert group.cohort is not None
        active = [(member, key) for member, key in enumerate(group.members) if key not in group.removed]
        result = next(learn(group.cohort))
        for member, key in active:
            if key in group.removed:
                continue
            step = group.cohort.member_step(member)
            if member in result.failures:
                yield TaskDiverged(key, step, result.failures[member], group.cohort.failure_dump(member))
                self._mark_removed(group, key)
                continue
            yield TaskRoundDone(key, step, int(group.cohort.epochs[member]), result.metrics[member], result.seconds)
            if member in result.scores and key not in group.removed:
                yield TaskEvaluated(key, step, result.scores[member], member in result.improved)
            if group.cohort.epochs[member] == group.cohort.plan.n_epochs and key not in group.removed:
                yield TaskFinished(key, step)
                self._mark_removed(group, key)

    def _rebuild_cohort(self, group: _ShapeGroup) -> None:
        """Rebuild the cohort of a group from its active members and its pending trainings."""
        tasks = [*(self._make_task(group, key) for key in group.active_members()), *group.pending.values()]
        cohort = Cohort([task.spec for task in tasks], threads=self._threads)
        for member, task in enumerate(tasks):
            if task.state is not None:
                cohort.resume(member, task.state)
            if task.best is not None:
                cohort.set_best_checkpoint(member, task.best)
        group.cohort, group.members = cohort, [task.key for task in tasks]
        group.pending, group.removed = {}, set()

    def _make_task(self, group: _ShapeGroup, key: str) -> TrainingTask:
        assert group.cohort is not None
        member = group.members.index(key)
        return TrainingTask(
            key, group.cohort.specs[member], group.cohort.checkpoint(member), group.cohort.best_checkpoint(member)
        )

    def _mark_removed(self, group: _ShapeGroup, key: str) -> None:
        if self._shapes.pop(key, None) is not None:
            group.removed.add(key)
