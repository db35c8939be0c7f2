"""Many trainings that come and go: those of one shape learn side by side as a cohort, and the cohorts take turns.

A training that joins is seated with the others of its shape, one that has come to its end, failed or was dropped leaves; the
cohort is then made anew from the present states of the others, who do not notice. So no CPU waits for the slowest training.
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
    """Unlike that of any other training in the crew."""
    spec: Spec
    state: Checkpoint | None = None
    """Where it goes on from, exactly; None: it begins."""
    best: Checkpoint | None = None
    """Its best policy until there."""


@dataclass(frozen=True)
class TaskRoundDone:
    """A training has made one round of collect and update."""

    key: str
    step: int
    """Environment steps so far."""
    epoch: int
    metrics: Mapping[str, float]
    seconds: Mapping[str, float]
    """Wall-clock of the whole cohort's round by phase."""


@dataclass(frozen=True)
class TaskEvaluated:
    """A policy was tried out."""

    key: str
    step: int
    score: Score
    is_best: bool
    """Whether it was its best until then."""


@dataclass(frozen=True)
class TaskFinished:
    """A training has come to its end."""

    key: str
    step: int


@dataclass(frozen=True)
class TaskDiverged:
    """A training has left the finite range."""

    key: str
    step: int
    reason: str
    failure_dump: Mapping[str, NDArray[Any]]
    """What it leaves, as `Cohort.failure_dump` gives it."""


CohortPoolEvent = TaskRoundDone | TaskEvaluated | TaskFinished | TaskDiverged


@dataclass
class _ShapeGroup:
    """The trainings of one shape."""

    cohort: Cohort | None = None
    members: list[str] = field(default_factory=list)
    """Who sits where in the cohort, also those who have left since."""
    pending: dict[str, TrainingTask] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)

    def active_members(self) -> list[str]:
        """Who sits at the table and has not left."""
        return [key for key in self.members if key not in self.removed]


class CohortPool:
    """The trainings of one worker."""

    def __init__(self, *, threads: int) -> None:
        """`threads`: CPUs that the crew may use."""
        self._threads = threads
        self._groups: dict[tuple[Any, ...], _ShapeGroup] = {}
        self._shapes: dict[str, tuple[Any, ...]] = {}
        self._round_count = 0

    @property
    def keys(self) -> list[str]:
        """Everybody who is in the crew."""
        return list(self._shapes)

    def add(self, task: TrainingTask) -> None:
        """Take a training in; it makes its first round with the next one of its shape."""
        shape = task.spec.shape_key()
        self._shapes[task.key] = shape
        self._groups.setdefault(shape, _ShapeGroup()).pending[task.key] = task

    def remove(self, key: str) -> None:
        """Let a training go, whatever its step."""
        table = self._groups[self._shapes.pop(key)]
        if table.pending.pop(key, None) is None:
            table.removed.add(key)
            if table.cohort is not None:
                table.cohort.deactivate(table.members.index(key))

    def checkpoint(self, key: str) -> Checkpoint | None:
        """The present state of a training; None where it has not begun."""
        table = self._groups[self._shapes[key]]
        if key in table.pending:
            return table.pending[key].state
        assert table.cohort is not None
        return table.cohort.checkpoint(table.members.index(key))

    def best_checkpoint(self, key: str) -> Checkpoint | None:
        """The best policy of a training; None before its first evaluation."""
        table = self._groups[self._shapes[key]]
        if key in table.pending:
            return table.pending[key].best
        assert table.cohort is not None
        return table.cohort.best_checkpoint(table.members.index(key))

    def run_round(self) -> Iterator[CohortPoolEvent]:
        """One round of the cohort whose turn it is; whoever listens may let trainings join and leave between two events."""
        busy = [shape for shape, table in self._groups.items() if table.pending or table.active_members()]
        if not busy:
            return
        table = self._groups[busy[self._round_count % len(busy)]]
        self._round_count += 1
        # A seat that nobody sits on costs as much as the others: the table is laid anew when half of them are empty.
        if table.pending or 2 * len(table.active_members()) <= len(table.members):
            self._rebuild_cohort(table)
        assert table.cohort is not None
        active = [(member, key) for member, key in enumerate(table.members) if key not in table.removed]
        result = next(learn(table.cohort))
        for member, key in active:
            if key in table.removed:
                continue
            step = table.cohort.member_step(member)
            if member in result.failures:
                yield TaskDiverged(key, step, result.failures[member], table.cohort.failure_dump(member))
                self._mark_removed(table, key)
                continue
            yield TaskRoundDone(key, step, int(table.cohort.epochs[member]), result.metrics[member], result.seconds)
            if member in result.scores and key not in table.removed:
                yield TaskEvaluated(key, step, result.scores[member], member in result.improved)
            if table.cohort.epochs[member] == table.cohort.plan.n_epochs and key not in table.removed:
                yield TaskFinished(key, step)
                self._mark_removed(table, key)

    def _rebuild_cohort(self, group: _ShapeGroup) -> None:
        """Make the cohort of a table anew, from those who sit there and those who wait."""
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
