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


@dataclass(frozen=True)
class Task:
    """One training: a trial with one of its seeds."""

    key: str
    """Unlike that of any other training in the crew."""
    spec: Spec
    state: Checkpoint | None = None
    """Where it goes on from, exactly; None: it begins."""
    best: Checkpoint | None = None
    """Its best policy until there."""


@dataclass(frozen=True)
class Rounded:
    """A training has made one round of collect and update."""

    key: str
    step: int
    """Environment steps so far."""
    epoch: int
    metrics: Mapping[str, float]
    seconds: Mapping[str, float]
    """Wall-clock of the whole cohort's round by phase."""


@dataclass(frozen=True)
class Tried:
    """A policy was tried out."""

    key: str
    step: int
    score: Score
    best: bool
    """Whether it was its best until then."""


@dataclass(frozen=True)
class Ended:
    """A training has come to its end."""

    key: str
    step: int


@dataclass(frozen=True)
class Broke:
    """A training has left the finite range."""

    key: str
    step: int
    reason: str
    remains: Mapping[str, NDArray[Any]]
    """What it leaves, as `Cohort.remains` gives it."""


CrewEvent = Rounded | Tried | Ended | Broke


@dataclass
class _Table:
    """The trainings of one shape."""

    cohort: Cohort | None = None
    seated: list[str] = field(default_factory=list)
    """Who sits where in the cohort, also those who have left since."""
    waiting: dict[str, Task] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)

    def present(self) -> list[str]:
        """Who sits at the table and has not left."""
        return [key for key in self.seated if key not in self.gone]


class Crew:
    """The trainings of one worker."""

    def __init__(self, *, threads: int) -> None:
        """`threads`: CPUs that the crew may use."""
        self._threads = threads
        self._tables: dict[tuple[Any, ...], _Table] = {}
        self._shapes: dict[str, tuple[Any, ...]] = {}
        self._turn = 0

    @property
    def keys(self) -> list[str]:
        """Everybody who is in the crew."""
        return list(self._shapes)

    def join(self, task: Task) -> None:
        """Take a training in; it makes its first round with the next one of its shape."""
        shape = task.spec.shape_key()
        self._shapes[task.key] = shape
        self._tables.setdefault(shape, _Table()).waiting[task.key] = task

    def leave(self, key: str) -> None:
        """Let a training go, whatever its step."""
        table = self._tables[self._shapes.pop(key)]
        if table.waiting.pop(key, None) is None:
            table.gone.add(key)
            if table.cohort is not None:
                table.cohort.dismiss(table.seated.index(key))

    def checkpoint(self, key: str) -> Checkpoint | None:
        """The present state of a training; None where it has not begun."""
        table = self._tables[self._shapes[key]]
        if key in table.waiting:
            return table.waiting[key].state
        assert table.cohort is not None
        return table.cohort.checkpoint(table.seated.index(key))

    def best(self, key: str) -> Checkpoint | None:
        """The best policy of a training; None before its first evaluation."""
        table = self._tables[self._shapes[key]]
        if key in table.waiting:
            return table.waiting[key].best
        assert table.cohort is not None
        return table.cohort.best(table.seated.index(key))

    def round(self) -> Iterator[CrewEvent]:
        """One round of the cohort whose turn it is; whoever listens may let trainings join and leave between two events."""
        busy = [shape for shape, table in self._tables.items() if table.waiting or table.present()]
        if not busy:
            return
        table = self._tables[busy[self._turn % len(busy)]]
        self._turn += 1
        # A seat that nobody sits on costs as much as the others: the table is laid anew when half of them are empty.
        if table.waiting or 2 * len(table.present()) <= len(table.seated):
            self._lay(table)
        assert table.cohort is not None
        playing = [(member, key) for member, key in enumerate(table.seated) if key not in table.gone]
        made = table.cohort.round()
        for member, key in playing:
            if key in table.gone:
                continue
            step = table.cohort.steps_of(member)
            if member in made.failures:
                yield Broke(key, step, made.failures[member], table.cohort.remains(member))
                self._forget(table, key)
                continue
            yield Rounded(key, step, int(table.cohort.epochs[member]), made.metrics[member], made.seconds)
            if member in made.scores and key not in table.gone:
                yield Tried(key, step, made.scores[member], member in made.best)
            if table.cohort.epochs[member] == table.cohort.plan.epochs and key not in table.gone:
                yield Ended(key, step)
                self._forget(table, key)

    def _lay(self, table: _Table) -> None:
        """Make the cohort of a table anew, from those who sit there and those who wait."""
        tasks = [*(self._as_task(table, key) for key in table.present()), *table.waiting.values()]
        cohort = Cohort([task.spec for task in tasks], threads=self._threads)
        for member, task in enumerate(tasks):
            if task.state is not None:
                cohort.resume(member, task.state)
            if task.best is not None:
                cohort.keep_best(member, task.best)
        table.cohort, table.seated = cohort, [task.key for task in tasks]
        table.waiting, table.gone = {}, set()

    def _as_task(self, table: _Table, key: str) -> Task:
        assert table.cohort is not None
        member = table.seated.index(key)
        return Task(key, table.cohort.specs[member], table.cohort.checkpoint(member), table.cohort.best(member))

    def _forget(self, table: _Table, key: str) -> None:
        if self._shapes.pop(key, None) is not None:
            table.gone.add(key)
