"""Trainings as they are at one moment: how they stand, and their curves."""

from __future__ import annotations

import math
import time
from bisect import bisect_right
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gts.commands.job_progress import rate_of, read_facts
from gts.errors import FileError
from gts.store.curves import Evaluation, MetricsReader
from gts.store.workspace import RunFolder
from gts_tui.curves.panels import EVALUATED
from gts_tui.curves.series import NOTHING, Series, gathered
from gts_tui.polling import changed

_ALL_ROWS = 10_000
_WHOLE = -1
_MOST_MEMBERS = 64
_PATIENCE = 8.0
"""Reading takes at most one part in so many of the time: what is costly is read less often."""
_AGAIN_SECONDS = 5.0
"""A process that was killed changes no file."""


@dataclass(frozen=True)
class RunReading:
    """One training."""

    folder: Path
    id: str
    name: str
    """What tells it from others, without the date."""
    state: str
    """A word of `gts.jobs.states`; empty where that is not known, as of a training of a search."""
    reason: str = ""
    alive: bool = False
    step: int = 0
    total_steps: int = 0
    members: int = 1
    elapsed: float = 0.0
    rate: float | None = None
    """Environment steps a second of all members, while it works."""
    names: tuple[str, ...] = ()
    series: Mapping[str, Series] = field(default_factory=lambda: MappingProxyType({}))
    failures: tuple[str, ...] = ()
    trouble: str = ""
    """Why there are no numbers."""

    @property
    def seconds_left(self) -> float | None:
        """Until the end, if it goes on so."""
        if not self.rate or not self.alive:
            return None
        return max(0, self.total_steps - self.step) * self.members / self.rate


@dataclass(frozen=True)
class Wanted:
    """What is to be read."""

    folders: tuple[Path, ...]
    names: tuple[str, ...]
    columns: int
    """Most points of a curve."""


class RunsReader:
    """Reads what is wanted; for the watcher's thread alone."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._stamp: Hashable = None
        self._due = 0.0

    def stamp(self) -> Hashable:
        """Differs when the files do, though not more often than reading them is cheap."""
        now = time.monotonic()
        if now >= self._due:
            self._stamp = (*(_files(folder) for folder in self._wanted.folders), now // _AGAIN_SECONDS)
        return self._stamp

    def read(self) -> tuple[RunReading, ...]:
        """Every training that is wanted, in the same order."""
        begun = time.monotonic()
        found = tuple(read_run(folder, self._wanted.names, self._wanted.columns) for folder in self._wanted.folders)
        ended = time.monotonic()
        self._due = ended + _PATIENCE * (ended - begun)
        return found


def read_run(folder: Path, names: Sequence[str], columns: int) -> RunReading:
    """A training with the curves of some metrics; what is wrong with it is in the reading."""
    run = RunFolder(folder)
    word, reason, alive = _standing(folder)
    known: dict[str, Any] = {"folder": folder, "id": run.id, "name": short_name(folder), "state": word, "reason": reason}
    if not folder.is_dir():
        return RunReading(**known, trouble="it is gone: somebody removed its folder")
    try:
        facts = read_facts(run.facts)
    except FileError as error:
        return RunReading(**known, trouble=error.message)
    members = max(1, int(facts.get("members", 1)))
    known |= {"alive": alive, "total_steps": int(facts.get("total_steps", 0)), "members": members}
    known["step"] = int(facts.get("step", 0))
    if not run.metrics.exists():
        return RunReading(**known, trouble="no numbers yet")
    try:
        with MetricsReader(run.metrics) as reader, reader.snapshot():
            return RunReading(**known | _numbers(reader, members, names, columns, alive=alive))
    except FileError as error:
        return RunReading(**known, trouble=error.message)


def short_name(folder: Path) -> str:
    """The id of a run without its date; of another folder its own name and the one above."""
    parts = folder.name.split("-", 2)
    if len(parts) == 3 and parts[0].isdigit() and parts[1].isdigit():
        return parts[2]
    return "/".join(folder.parts[-2:])


def _numbers(reader: MetricsReader, members: int, names: Sequence[str], columns: int, *, alive: bool) -> dict[str, Any]:
    step, _, elapsed = reader.position()
    own, whole = reader.names(0), reader.names(_WHOLE)
    evaluated = EVALUATED in names
    tries = [reader.evaluations(member) for member in range(min(members, _MOST_MEMBERS))] if evaluated else []
    series: dict[str, Series] = {}
    for name in names:
        if name in own or name in whole:
            which = (_WHOLE,) if name in whole else range(min(members, _MOST_MEMBERS))
            series[name] = gathered([reader.curve(name, member, last=_ALL_ROWS, columns=columns) for member in which])
    if evaluated:
        clock = next(iter(series.values()), NOTHING)
        series[EVALUATED] = _evaluated(tries, clock)
    return {
        "step": step,
        "elapsed": elapsed,
        "rate": rate_of(reader, members) if alive else None,
        "names": (*own, *whole, EVALUATED) if own else (),
        "series": MappingProxyType(series),
        "failures": tuple(f"member {one.member + 1} failed at step {one.step}: {one.reason}" for one in reader.failures()),
        "trouble": "" if own else "no numbers yet",
    }


def _evaluated(tries: Sequence[Sequence[Evaluation]], clock: Series) -> Series:
    """The mean return of the evaluations over the members, and its spread; of one member, one deviation up and down."""
    by_step: dict[int, list[tuple[float, float]]] = {}
    for one in (one for member in tries for one in member):
        mean, deviation = one.score.get("mean"), one.score.get("deviation")
        if isinstance(mean, int | float) and math.isfinite(mean):
            by_step.setdefault(one.step, []).append((float(mean), float(deviation or 0.0)))
    steps = sorted(by_step)
    alone = all(len(values) == 1 for values in by_step.values())
    rows = []
    for step in steps:
        values = [mean for mean, _ in by_step[step]]
        around = by_step[step][0][1] if alone else 0.0
        rows.append((sum(value / len(values) for value in values), min(values) - around, max(values) + around))
    elapsed = tuple(_when(clock, step) for step in steps)
    means, lows, highs = (tuple(row[at] for row in rows) for at in range(3))
    return Series(tuple(map(float, steps)), elapsed, means, lows, highs)


def _when(clock: Series, step: float) -> float:
    """The seconds of training at a step, as far as the points of a curve tell it."""
    if not clock.steps:
        return math.nan
    return clock.elapsed[min(len(clock.steps), max(1, bisect_right(clock.steps, step))) - 1]


def _standing(folder: Path) -> tuple[str, str, bool]:
    from gts.jobs.job_store import standing_of

    try:
        state = standing_of(folder).state
    except FileError:
        return "", "", False
    return state.word, state.reason, state.alive


def _files(folder: Path) -> Hashable:
    run = RunFolder(folder)
    return changed(run.metrics, run.metrics.with_name(run.metrics.name + "-wal"), run.facts, run.job, run.lock)
