"""Data of the charts: curves averaged over members, the pages of charts, and snapshots of runs read in the polling thread."""

from __future__ import annotations

import math
import time
from bisect import bisect_right
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gts.commands.job_progress import read_json_object, steps_per_second
from gts.errors import FileError
from gts.store.curves import Curve, EvaluationRecord, MetricsReader
from gts.store.workspace import RunFolder, short_run_name
from gts_tui.polling import stat_stamp


@dataclass(frozen=True)
class MetricSeries:
    """A metric over the course of a run; all tuples have the same length."""

    steps: tuple[float, ...]
    elapsed: tuple[float, ...]
    """Training time in seconds."""
    means: tuple[float, ...]
    lows: tuple[float, ...]
    """Minimum of the values averaged at each point: over members, or over rounds if there is one member."""
    highs: tuple[float, ...]
    """Maximum of these values."""
    latest: float = math.nan
    """Value of the newest row, if the last point averages several; else NaN."""


EMPTY_SERIES = MetricSeries((), (), (), (), ())


def average_curves(curves: Sequence[Curve]) -> MetricSeries:
    """Average the curves of members at the points of the longest curve; a shorter curve counts up to its end."""
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
        finite = [value for value in row if math.isfinite(value)]
        # Divide before adding: the sum of several large values may overflow.
        means.append(sum(value / len(finite) for value in finite) if finite else math.nan)
        lows.append(min(finite, default=math.nan))
        highs.append(max(finite, default=math.nan))
    newest = [curve.newest for curve in curves if curve.steps[-1] == longest.steps[-1]]
    newest = [value for value in newest if math.isfinite(value)]
    mean = sum(value / len(newest) for value in newest) if newest else math.nan
    return MetricSeries(steps, longest.elapsed, tuple(means), tuple(lows), tuple(highs), mean)


def interpolate(xs: Sequence[float], ys: Sequence[float], at: Sequence[float]) -> list[float]:
    """Interpolate linearly between points; NaN outside of them."""
    found = []
    for x in at:
        after = bisect_right(xs, x)
        if not xs or x < xs[0] or x > xs[-1]:
            found.append(math.nan)
        elif after == len(xs):
            found.append(ys[-1])
        else:
            fraction = (x - xs[after - 1]) / (xs[after] - xs[after - 1])
            found.append(ys[after - 1] * (1 - fraction) + ys[after] * fraction if fraction else ys[after - 1])
    return found


def smooth_values(values: Sequence[float], strength: float) -> tuple[float, ...]:
    """Exponential moving average with bias correction; values that are not finite become NaN and are skipped."""
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
"""Key of the mean return of evaluations, which are stored apart from the metrics of rounds."""

_METRIC_GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("learning", ("return", EVALUATION_METRIC, "length", "speed", "falls", "episodes")),
    ("rewards", ("reward/",)),
    ("losses", ("value_loss", "policy_loss", "explained_variance")),
    ("policy", ("kl", "entropy", "clip_fraction", "learning_rate", "actor_gradient", "critic_gradient")),
    ("pace", ("steps_per_second", "seconds/")),
    ("other", ("",)),
)
_COMBINED_METRICS = {"reward/": "reward terms", "seconds/": "seconds per round"}
"""Prefixes of metrics that share one chart if one run is shown; with several runs, each metric has its own chart."""

_METRIC_TITLES = {
    EVALUATION_METRIC: "evaluated return",
    "length": "length, steps",
    "speed": "speed, m/s",
    "entropy": "entropy, nats",
    "steps_per_second": "steps/s",
}


@dataclass(frozen=True)
class ChartDefinition:
    """Key, title and metrics of one chart."""

    key: str
    """Key stored for pinned charts."""
    title: str
    group: str
    metrics: tuple[str, ...]
    """Several only if one run is shown."""


@dataclass(frozen=True)
class ChartPage:
    """Charts shown together."""

    group: str
    number: int
    """Number within the group, from 1."""
    page_count: int
    charts: tuple[ChartDefinition, ...]


def define_charts(metrics: Collection[str], run_count: int) -> tuple[ChartDefinition, ...]:
    """Define the charts of some metrics, ordered by group."""
    remaining, found = dict.fromkeys(sorted(metrics)), []
    for group, prefixes in _METRIC_GROUPS:
        for prefix in prefixes:
            is_prefix = prefix.endswith("/") or not prefix
            matching = [name for name in remaining if (name.startswith(prefix) if is_prefix else name == prefix)]
            for name in matching:
                del remaining[name]
            if run_count == 1 and len(matching) > 1 and prefix in _COMBINED_METRICS:
                found.append(ChartDefinition(prefix, _COMBINED_METRICS[prefix], group, tuple(matching)))
            if run_count > 1 or prefix != "seconds/" or len(matching) == 1:
                found += [ChartDefinition(name, metric_title(name), group, (name,)) for name in matching]
    return tuple(found)


def paginate_charts(charts: Sequence[ChartDefinition], pinned_keys: Collection[str], capacity: int) -> tuple[ChartPage, ...]:
    """Distribute charts over pages of `capacity` charts; pinned charts come first on every page."""
    pinned = [chart for chart in charts if chart.key in pinned_keys][: max(0, capacity - 1)]
    keys_on_every_page = {chart.key for chart in pinned}
    free = max(1, capacity - len(pinned))
    pages = []
    for group in dict.fromkeys(chart.group for chart in charts):
        unpinned = [chart for chart in charts if chart.group == group and chart.key not in keys_on_every_page]
        parts = [unpinned[start : start + free] for start in range(0, len(unpinned), free)]
        pages += [ChartPage(group, number, len(parts), (*pinned, *part)) for number, part in enumerate(parts, start=1)]
    return tuple(pages) or ((ChartPage(pinned[0].group, 1, 1, tuple(pinned)),) if pinned else ())


def metric_title(metric: str) -> str:
    """Title of a metric's chart."""
    for prefix in _COMBINED_METRICS:
        if metric.startswith(prefix):
            return f"{metric.removeprefix(prefix)} {prefix.removesuffix('/')}"
    return _METRIC_TITLES.get(metric, metric.replace("_", " "))


_MAX_ROWS = 10_000
_COHORT_METRICS = -1
"""Member number of metrics stored once for all members."""
_MAX_MEMBERS = 64
_READ_INTERVAL_FACTOR = 8.0
"""Pause after a reading, as a multiple of its duration."""
_RECHECK_SECONDS = 5.0
"""Interval of reading without file changes: a killed process changes no file."""


@dataclass(frozen=True)
class RunSnapshot:
    """State, progress and curves of a run at one moment."""

    folder: Path
    id: str
    name: str
    """Name shown in lists and legends."""
    state: str
    """Job state, one of `gts.jobs.states.STATE_NAMES`; empty for the run of a trial, which is no job."""
    reason: str = ""
    alive: bool = False
    step: int = 0
    total_steps: int = 0
    members: int = 1
    elapsed: float = 0.0
    steps_per_second: float | None = None
    """Environment steps of all members; None unless the run is active."""
    metric_names: tuple[str, ...] = ()
    series: Mapping[str, MetricSeries] = field(default_factory=lambda: MappingProxyType({}))
    failures: tuple[str, ...] = ()
    error: str = ""
    """Reason why there are no metrics."""

    @property
    def seconds_left(self) -> float | None:
        """Estimated remaining time; None if unknown."""
        if not self.steps_per_second or not self.alive:
            return None
        return max(0, self.total_steps - self.step) * self.members / self.steps_per_second


@dataclass(frozen=True)
class RunQuery:
    """Runs and metrics to read."""

    folders: tuple[Path, ...]
    metrics: tuple[str, ...]
    max_points: int
    """Maximum number of points per curve."""


class RunsReader:
    """Reads the snapshots of a query repeatedly, in the polling thread."""

    def __init__(self, query: RunQuery) -> None:
        self._query = query
        self._last_stamp: Hashable = None
        self._next_read = 0.0

    def stamp(self) -> Hashable:
        """Stamp of the files; kept during the pause after a slow reading."""
        now = time.monotonic()
        if now >= self._next_read:
            self._last_stamp = (*(_run_files_stamp(folder) for folder in self._query.folders), now // _RECHECK_SECONDS)
        return self._last_stamp

    def read(self) -> tuple[RunSnapshot, ...]:
        """Read the snapshots in the order of the query."""
        started = time.monotonic()
        found = tuple(read_run_snapshot(folder, self._query.metrics, self._query.max_points) for folder in self._query.folders)
        ended = time.monotonic()
        self._next_read = ended + _READ_INTERVAL_FACTOR * (ended - started)
        return found


def read_run_snapshot(folder: Path, metrics: Sequence[str], max_points: int) -> RunSnapshot:
    """Read a run with the curves of some metrics; errors are stored in the snapshot."""
    run = RunFolder(folder)
    state, reason, alive = _read_job_state(folder)
    fields: dict[str, Any] = {"folder": folder, "id": run.id, "name": run_label(folder), "state": state, "reason": reason}
    if not folder.is_dir():
        return RunSnapshot(**fields, error="the folder of this run was deleted")
    try:
        content = read_json_object(run.run_file)
    except FileError as error:
        return RunSnapshot(**fields, error=error.message)
    members = max(1, int(content.get("members", 1)))
    fields |= {"alive": alive, "total_steps": int(content.get("total_steps", 0)), "members": members}
    fields["step"] = int(content.get("step", 0))
    if not run.metrics.exists():
        return RunSnapshot(**fields, error="no metrics yet")
    try:
        with MetricsReader(run.metrics) as reader, reader.snapshot():
            return RunSnapshot(**fields | _read_metrics(reader, members, metrics, max_points, alive=alive))
    except FileError as error:
        return RunSnapshot(**fields, error=error.message)


def run_label(folder: Path) -> str:
    """Name of a run in lists: its ID without the time, or the last two parts of the path of a trial's run."""
    name = short_run_name(folder.name)
    return name if name != folder.name else "/".join(folder.parts[-2:])


def _read_metrics(reader: MetricsReader, members: int, names: Sequence[str], columns: int, *, alive: bool) -> dict[str, Any]:
    step, _, elapsed = reader.newest_position()
    own, whole = reader.metric_names(0), reader.metric_names(_COHORT_METRICS)
    series: dict[str, MetricSeries] = {}
    for name in names:
        if name in own or name in whole:
            which = (_COHORT_METRICS,) if name in whole else range(min(members, _MAX_MEMBERS))
            series[name] = average_curves([reader.curve(name, member, max_rows=_MAX_ROWS, columns=columns) for member in which])
    if EVALUATION_METRIC in names:
        evaluations = [reader.evaluations(member) for member in range(min(members, _MAX_MEMBERS))]
        series[EVALUATION_METRIC] = _evaluation_series(evaluations, next(iter(series.values()), EMPTY_SERIES))
    return {
        "step": step,
        "elapsed": elapsed,
        "steps_per_second": steps_per_second(reader, members) if alive else None,
        "metric_names": (*own, *whole, EVALUATION_METRIC) if own else (),
        "series": MappingProxyType(series),
        "failures": tuple(f"member {one.member + 1} failed at step {one.step}: {one.reason}" for one in reader.failures()),
        "error": "" if own else "no metrics yet",
    }


def _evaluation_series(evaluations: Sequence[Sequence[EvaluationRecord]], time_source: MetricSeries) -> MetricSeries:
    """Mean return of the evaluations over members, with their range; for one member, plus and minus one standard deviation."""
    by_step: dict[int, list[tuple[float, float]]] = {}
    for record in chain.from_iterable(evaluations):
        mean, deviation = record.score.get("mean"), record.score.get("deviation")
        if isinstance(mean, int | float) and math.isfinite(mean):
            by_step.setdefault(record.step, []).append((float(mean), float(deviation or 0.0)))
    steps = sorted(by_step)
    has_one_member = all(len(values) == 1 for values in by_step.values())
    rows = []
    for step in steps:
        values = [mean for mean, _ in by_step[step]]
        margin = by_step[step][0][1] if has_one_member else 0.0
        rows.append((sum(value / len(values) for value in values), min(values) - margin, max(values) + margin))
    elapsed = tuple(_elapsed_at(time_source, step) for step in steps)
    means, lows, highs = (tuple(row[column] for row in rows) for column in range(3))
    return MetricSeries(tuple(map(float, steps)), elapsed, means, lows, highs)


def _elapsed_at(time_source: MetricSeries, step: float) -> float:
    """Training time at a step, from the points of a curve; NaN if it has none."""
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
