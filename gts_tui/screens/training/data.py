"""Trainings as they are at one moment: how they stand, and their curves.

Curves of the members of a training as one: their mean and what they spread over; and smoothing.

Which charts there are of trainings, in groups, and which of them stand on a page.
"""

from __future__ import annotations

import math
import time
from bisect import bisect_right
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gts.commands.job_progress import rate_of, read_facts
from gts.errors import FileError
from gts.store.curves import Curve, Evaluation, MetricsReader
from gts.store.workspace import RunFolder
from gts_tui.polling import changed


@dataclass(frozen=True)
class Series:
    """A number over a training; all tuples have the same length."""

    steps: tuple[float, ...]
    elapsed: tuple[float, ...]
    """Seconds of training until then."""
    means: tuple[float, ...]
    lows: tuple[float, ...]
    """The least of what each mean was taken of: members, or rounds where there is one member."""
    highs: tuple[float, ...]
    newest: float = math.nan
    """The value of the newest row, where the last point stands for several; NaN where that point is all that is known."""


NOTHING = Series((), (), (), (), ())


def gathered(curves: Sequence[Curve]) -> Series:
    """The mean over members, at the points of the longest curve; one that ends before it counts as far as it goes."""
    curves = [curve for curve in curves if curve.steps]
    if not curves:
        return NOTHING
    longest = max(curves, key=lambda curve: (curve.steps[-1], len(curve.steps)))
    steps = tuple(float(step) for step in longest.steps)
    if len(curves) == 1:
        return Series(steps, longest.elapsed, longest.means, longest.lows, longest.highs, longest.newest)
    columns = [between(curve.steps, curve.means, steps) for curve in curves]
    means, lows, highs = [], [], []
    for row in zip(*columns, strict=True):
        kept = [value for value in row if math.isfinite(value)]
        # Each value is divided first: the sum of several large ones may be none.
        means.append(sum(value / len(kept) for value in kept) if kept else math.nan)
        lows.append(min(kept, default=math.nan))
        highs.append(max(kept, default=math.nan))
    newest = [curve.newest for curve in curves if curve.steps[-1] == longest.steps[-1]]
    newest = [value for value in newest if math.isfinite(value)]
    mean = sum(value / len(newest) for value in newest) if newest else math.nan
    return Series(steps, longest.elapsed, tuple(means), tuple(lows), tuple(highs), mean)


def between(xs: Sequence[float], ys: Sequence[float], at: Sequence[float]) -> list[float]:
    """Values at other places, on straight lines between those that are known; NaN outside."""
    found = []
    for x in at:
        after = bisect_right(xs, x)
        if not xs or x < xs[0] or x > xs[-1]:
            found.append(math.nan)
        elif after == len(xs):
            found.append(ys[-1])
        else:
            share = (x - xs[after - 1]) / (xs[after] - xs[after - 1])
            found.append(ys[after - 1] * (1 - share) + ys[after] * share if share else ys[after - 1])
    return found


def smoothed(values: Sequence[float], strength: float) -> tuple[float, ...]:
    """The exponential mean of values, without the pull towards 0 at the beginning; what is not finite stays a gap."""
    found, gathered_so_far, weight = [], 0.0, 0.0
    for value in values:
        if not math.isfinite(value):
            found.append(math.nan)
            continue
        gathered_so_far = gathered_so_far * strength + value * (1 - strength)
        weight = weight * strength + (1 - strength)
        found.append(gathered_so_far / weight)
    return tuple(found)


EVALUATED = "evaluated"
"""The mean return of test episodes, which is no metric of a round."""

_GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("learning", ("return", EVALUATED, "length", "speed", "falls", "episodes")),
    ("rewards", ("reward/",)),
    ("losses", ("value_loss", "policy_loss", "explained_variance")),
    ("policy", ("kl", "entropy", "clip_fraction", "learning_rate", "actor_gradient", "critic_gradient")),
    ("pace", ("steps_per_second", "seconds/")),
    ("other", ("",)),
)
_TOGETHER = {"reward/": "reward terms", "seconds/": "seconds a round"}
"""Metrics that are shown in one chart where there is one training; else each has its own."""

_TITLES = {
    EVALUATED: "evaluated return",
    "length": "length, steps",
    "speed": "speed, m/s",
    "entropy": "entropy, nats",
    "steps_per_second": "steps/s",
}


@dataclass(frozen=True)
class Panel:
    """One chart."""

    key: str
    """What it is remembered by."""
    title: str
    group: str
    names: tuple[str, ...]
    """The metrics in it; several only of one training."""


@dataclass(frozen=True)
class Page:
    """What is on the screen together."""

    group: str
    number: int
    """Of the pages of its group, from 1."""
    pages: int
    panels: tuple[Panel, ...]


def panels_of(names: Collection[str], runs: int) -> tuple[Panel, ...]:
    """The charts of metrics, in the order of their groups."""
    left, found = dict.fromkeys(sorted(names)), []
    for group, beginnings in _GROUPS:
        for beginning in beginnings:
            family = beginning.endswith("/") or not beginning
            mine = [name for name in left if (name.startswith(beginning) if family else name == beginning)]
            for name in mine:
                del left[name]
            if runs == 1 and len(mine) > 1 and beginning in _TOGETHER:
                found.append(Panel(beginning, _TOGETHER[beginning], group, tuple(mine)))
            if runs > 1 or beginning != "seconds/" or len(mine) == 1:
                found += [Panel(name, title_of(name), group, (name,)) for name in mine]
    return tuple(found)


def pages_of(panels: Sequence[Panel], pinned: Collection[str], places: int) -> tuple[Page, ...]:
    """Panels as pages of a number of places each; those that are pinned come first on every page."""
    kept = [panel for panel in panels if panel.key in pinned][: max(0, places - 1)]
    held = {panel.key for panel in kept}
    rest = max(1, places - len(kept))
    pages = []
    for group in dict.fromkeys(panel.group for panel in panels):
        mine = [panel for panel in panels if panel.group == group and panel.key not in held]
        cuts = [mine[at : at + rest] for at in range(0, len(mine), rest)]
        pages += [Page(group, number, len(cuts), (*kept, *cut)) for number, cut in enumerate(cuts, start=1)]
    return tuple(pages) or ((Page(kept[0].group, 1, 1, tuple(kept)),) if kept else ())


def title_of(name: str) -> str:
    """A metric in words."""
    for beginning in _TOGETHER:
        if name.startswith(beginning):
            return f"{name.removeprefix(beginning)} {beginning.removesuffix('/')}"
    return _TITLES.get(name, name.replace("_", " "))


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
