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

from gts.commands.job_progress import read_json_object, steps_per_second
from gts.errors import FileError
from gts.store.curves import Curve, EvaluationRecord, MetricsReader
from gts.store.workspace import RunFolder
from gts_tui.polling import stat_stamp


@dataclass(frozen=True)
class MetricSeries:
    """A number over a training; all tuples have the same length."""

    steps: tuple[float, ...]
    elapsed: tuple[float, ...]
    """Seconds of training until then."""
    means: tuple[float, ...]
    lows: tuple[float, ...]
    """The least of what each mean was taken of: members, or rounds where there is one member."""
    highs: tuple[float, ...]
    latest: float = math.nan
    """The value of the newest row, where the last point stands for several; NaN where that point is all that is known."""


EMPTY_SERIES = MetricSeries((), (), (), (), ())


def average_curves(curves: Sequence[Curve]) -> MetricSeries:
    """The mean over members, at the points of the longest curve; one that ends before it counts as far as it goes."""
    curves = [curve for curve in curves if curve.steps]
    if not curves:
        return EMPTY_SERIES
    longest = max(curves, key=lambda curve: (curve.steps[-1], len(curve.steps)))
    steps = tuple(float(step) for step in longest.steps)
    if len(curves) == 1:
        return MetricSeries(steps, longest.elapsed, longest.means, longest.lows, longest.highs, longest.newest)
    columns = [interpolate(curve.steps, curve.means, steps) for curve in curves]
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
    return MetricSeries(steps, longest.elapsed, tuple(means), tuple(lows), tuple(highs), mean)


def interpolate(xs: Sequence[float], ys: Sequence[float], at: Sequence[float]) -> list[float]:
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


def smooth_values(values: Sequence[float], strength: float) -> tuple[float, ...]:
    """The exponential mean of values, without the pull towards 0 at the beginning; what is not finite stays a gap."""
    found, running_mean, weight = [], 0.0, 0.0
    for value in values:
        if not math.isfinite(value):
            found.append(math.nan)
            continue
        running_mean = running_mean * strength + value * (1 - strength)
        weight = weight * strength + (1 - strength)
        found.append(running_mean / weight)
    return tuple(found)


EVALUATION_METRIC = "evaluated"
"""The mean return of test episodes, which is no metric of a round."""

_METRIC_GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("learning", ("return", EVALUATION_METRIC, "length", "speed", "falls", "episodes")),
    ("rewards", ("reward/",)),
    ("losses", ("value_loss", "policy_loss", "explained_variance")),
    ("policy", ("kl", "entropy", "clip_fraction", "learning_rate", "actor_gradient", "critic_gradient")),
    ("pace", ("steps_per_second", "seconds/")),
    ("other", ("",)),
)
_COMBINED_METRICS = {"reward/": "reward terms", "seconds/": "seconds a round"}
"""Metrics that are shown in one chart where there is one training; else each has its own."""

_METRIC_TITLES = {
    EVALUATION_METRIC: "evaluated return",
    "length": "length, steps",
    "speed": "speed, m/s",
    "entropy": "entropy, nats",
    "steps_per_second": "steps/s",
}


@dataclass(frozen=True)
class ChartDefinition:
    """One chart."""

    key: str
    """What it is remembered by."""
    title: str
    group: str
    metrics: tuple[str, ...]
    """The metrics in it; several only of one training."""


@dataclass(frozen=True)
class ChartPage:
    """What is on the screen together."""

    group: str
    number: int
    """Of the pages of its group, from 1."""
    page_count: int
    charts: tuple[ChartDefinition, ...]


def define_charts(metrics: Collection[str], run_count: int) -> tuple[ChartDefinition, ...]:
    """The charts of metrics, in the order of their groups."""
    left, found = dict.fromkeys(sorted(metrics)), []
    for group, beginnings in _METRIC_GROUPS:
        for prefix in beginnings:
            is_prefix = prefix.endswith("/") or not prefix
            matching = [name for name in left if (name.startswith(prefix) if is_prefix else name == prefix)]
            for name in matching:
                del left[name]
            if run_count == 1 and len(matching) > 1 and prefix in _COMBINED_METRICS:
                found.append(ChartDefinition(prefix, _COMBINED_METRICS[prefix], group, tuple(matching)))
            if run_count > 1 or prefix != "seconds/" or len(matching) == 1:
                found += [ChartDefinition(name, metric_title(name), group, (name,)) for name in matching]
    return tuple(found)


def paginate_charts(charts: Sequence[ChartDefinition], pinned_keys: Collection[str], capacity: int) -> tuple[ChartPage, ...]:
    """Panels as pages of a number of places each; those that are pinned come first on every page."""
    kept = [panel for panel in charts if panel.key in pinned_keys][: max(0, capacity - 1)]
    pinned_on_page = {panel.key for panel in kept}
    free = max(1, capacity - len(kept))
    pages = []
    for group in dict.fromkeys(panel.group for panel in charts):
        unpinned = [panel for panel in charts if panel.group == group and panel.key not in pinned_on_page]
        cuts = [unpinned[at : at + free] for at in range(0, len(unpinned), free)]
        pages += [ChartPage(group, number, len(cuts), (*kept, *cut)) for number, cut in enumerate(cuts, start=1)]
    return tuple(pages) or ((ChartPage(kept[0].group, 1, 1, tuple(kept)),) if kept else ())


def metric_title(metric: str) -> str:
    """A metric in words."""
    for beginning in _COMBINED_METRICS:
        if metric.startswith(beginning):
            return f"{metric.removeprefix(beginning)} {beginning.removesuffix('/')}"
    return _METRIC_TITLES.get(metric, metric.replace("_", " "))


_MAX_ROWS = 10_000
_COHORT_METRICS = -1
_MAX_MEMBERS = 64
_READ_INTERVAL_FACTOR = 8.0
"""Reading takes at most one part in so many of the time: what is costly is read less often."""
_RECHECK_SECONDS = 5.0
"""A process that was killed changes no file."""


@dataclass(frozen=True)
class RunSnapshot:
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
    series: Mapping[str, MetricSeries] = field(default_factory=lambda: MappingProxyType({}))
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
class RunQuery:
    """What is to be read."""

    folders: tuple[Path, ...]
    metrics: tuple[str, ...]
    max_points: int
    """Most points of a curve."""


class RunsReader:
    """Reads what is wanted; for the watcher's thread alone."""

    def __init__(self, query: RunQuery) -> None:
        self._query = query
        self._last_stamp: Hashable = None
        self._next_read = 0.0

    def stamp(self) -> Hashable:
        """Differs when the files do, though not more often than reading them is cheap."""
        now = time.monotonic()
        if now >= self._next_read:
            self._last_stamp = (*(_run_files_stamp(folder) for folder in self._query.folders), now // _RECHECK_SECONDS)
        return self._last_stamp

    def read(self) -> tuple[RunSnapshot, ...]:
        """Every training that is wanted, in the same order."""
        begun = time.monotonic()
        found = tuple(read_run_snapshot(folder, self._query.metrics, self._query.max_points) for folder in self._query.folders)
        ended = time.monotonic()
        self._next_read = ended + _READ_INTERVAL_FACTOR * (ended - begun)
        return found


def read_run_snapshot(folder: Path, metrics: Sequence[str], max_points: int) -> RunSnapshot:
    """A training with the curves of some metrics; what is wrong with it is in the reading."""
    run = RunFolder(folder)
    state, reason, alive = _read_job_state(folder)
    known: dict[str, Any] = {"folder": folder, "id": run.id, "name": short_run_name(folder), "state": state, "reason": reason}
    if not folder.is_dir():
        return RunSnapshot(**known, trouble="it is gone: somebody removed its folder")
    try:
        facts = read_json_object(run.run_file)
    except FileError as error:
        return RunSnapshot(**known, trouble=error.message)
    members = max(1, int(facts.get("members", 1)))
    known |= {"alive": alive, "total_steps": int(facts.get("total_steps", 0)), "members": members}
    known["step"] = int(facts.get("step", 0))
    if not run.metrics.exists():
        return RunSnapshot(**known, trouble="no numbers yet")
    try:
        with MetricsReader(run.metrics) as reader, reader.snapshot():
            return RunSnapshot(**known | _read_metrics(reader, members, metrics, max_points, alive=alive))
    except FileError as error:
        return RunSnapshot(**known, trouble=error.message)


def short_run_name(folder: Path) -> str:
    """The id of a run without its date; of another folder its own name and the one above."""
    parts = folder.name.split("-", 2)
    if len(parts) == 3 and parts[0].isdigit() and parts[1].isdigit():
        return parts[2]
    return "/".join(folder.parts[-2:])


def _read_metrics(reader: MetricsReader, members: int, names: Sequence[str], columns: int, *, alive: bool) -> dict[str, Any]:
    step, _, elapsed = reader.newest_position()
    own, whole = reader.metric_names(0), reader.metric_names(_COHORT_METRICS)
    evaluated = EVALUATION_METRIC in names
    tries = [reader.evaluations(member) for member in range(min(members, _MAX_MEMBERS))] if evaluated else []
    series: dict[str, MetricSeries] = {}
    for name in names:
        if name in own or name in whole:
            which = (_COHORT_METRICS,) if name in whole else range(min(members, _MAX_MEMBERS))
            series[name] = average_curves([reader.curve(name, member, max_rows=_MAX_ROWS, columns=columns) for member in which])
    if evaluated:
        clock = next(iter(series.values()), EMPTY_SERIES)
        series[EVALUATION_METRIC] = _evaluation_series(tries, clock)
    return {
        "step": step,
        "elapsed": elapsed,
        "rate": steps_per_second(reader, members) if alive else None,
        "names": (*own, *whole, EVALUATION_METRIC) if own else (),
        "series": MappingProxyType(series),
        "failures": tuple(f"member {one.member + 1} failed at step {one.step}: {one.reason}" for one in reader.failures()),
        "trouble": "" if own else "no numbers yet",
    }


def _evaluation_series(evaluations: Sequence[Sequence[EvaluationRecord]], time_source: MetricSeries) -> MetricSeries:
    """The mean return of the evaluations over the members, and its spread; of one member, one deviation up and down."""
    by_step: dict[int, list[tuple[float, float]]] = {}
    for one in (one for member in evaluations for one in member):
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
    elapsed = tuple(_elapsed_at(time_source, step) for step in steps)
    means, lows, highs = (tuple(row[at] for row in rows) for at in range(3))
    return MetricSeries(tuple(map(float, steps)), elapsed, means, lows, highs)


def _elapsed_at(time_source: MetricSeries, step: float) -> float:
    """The seconds of training at a step, as far as the points of a curve tell it."""
    if not time_source.steps:
        return math.nan
    return time_source.elapsed[min(len(time_source.steps), max(1, bisect_right(time_source.steps, step))) - 1]


def _read_job_state(folder: Path) -> tuple[str, str, bool]:
    from gts.jobs.job_store import read_job_status

    try:
        state = read_job_status(folder).state
    except FileError:
        return "", "", False
    return state.name, state.reason, state.alive


def _run_files_stamp(folder: Path) -> Hashable:
    run = RunFolder(folder)
    return stat_stamp(run.metrics, run.metrics.with_name(run.metrics.name + "-wal"), run.run_file, run.job_file, run.lock)
