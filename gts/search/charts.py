"""What the charts of a study show, as plain numbers: only finite ones, and no more of them than a terminal has columns."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Any, Literal

from gts.search.importances import MIN_IMPORTANCE_TRIALS, compute_importances
from gts.search.trial_records import ParameterDomain, StudyView

StudyChartKind = Literal["history", "importance", "parallel", "slice", "intermediate", "timeline", "front"]

STUDY_CHART_KINDS: tuple[StudyChartKind, ...] = (
    "history",
    "importance",
    "parallel",
    "slice",
    "intermediate",
    "timeline",
    "front",
)

SeriesStyle = Literal["points", "line", "best", "faint"]

MAX_SERIES_POINTS = 300
_MAX_SUBPLOTS = 6
_MAX_PARALLEL_AXES = 6
_MAX_LINES = 8
_MAX_FAINT_LINES = 40
_MAX_TIMELINE_ROWS = 18
_MAX_ABS_VALUE = 1e15


@dataclass(frozen=True)
class ChartSeries:
    """Points that belong together; `line` and `best` are joined, `best` and `points` stand out from `faint`."""

    name: str
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    style: SeriesStyle


@dataclass(frozen=True)
class Subplot:
    """One pair of axes."""

    title: str
    series: tuple[ChartSeries, ...]
    x_label: str = ""
    x_ticks: tuple[tuple[float, str], ...] = ()
    """Where the axis is marked, and with what; empty: as it comes."""


@dataclass(frozen=True)
class ChartBar:
    """One row of a chart of bars."""

    label: str
    start: float
    end: float
    kind: str
    """State of the trial; empty where it is none."""
    text: str


@dataclass(frozen=True)
class StudyChart:
    """A chart: panels, or bars."""

    kind: StudyChartKind
    title: str
    subplots: tuple[Subplot, ...] = ()
    bars: tuple[ChartBar, ...] = ()
    note: str = ""
    """What a person should know of it, or why there is nothing to see."""


def make_study_chart(view: StudyView, kind: StudyChartKind) -> StudyChart:
    """The chart of a kind."""
    charts: Mapping[StudyChartKind, Callable[[StudyView], StudyChart]] = {
        "history": _make_history_chart,
        "importance": _make_importance_chart,
        "parallel": _make_parallel_chart,
        "slice": _make_slice_chart,
        "intermediate": _make_intermediate_chart,
        "timeline": _make_timeline_chart,
        "front": _make_front_chart,
    }
    return charts[kind](view)


def shorten_keys(keys: Iterable[str]) -> dict[str, str]:
    """Keys without what is before the dot or slash, where they stay different so."""
    keys = list(keys)
    last = {key: key.replace("/", ".").rpartition(".")[2] for key in keys}
    double = {name for name in last.values() if list(last.values()).count(name) > 1}
    return {key: f"{key[0]}.{name}" if name in double and name != key else name for key, name in last.items()}


def _make_history_chart(view: StudyView) -> StudyChart:
    complete = [(trial.number, trial.values[0]) for trial in view.trials if trial.state == "complete" and trial.values]
    pruned = [(trial.number, trial.values[0]) for trial in view.trials if trial.state == "pruned" and trial.values]
    if not complete:
        return StudyChart("history", "value over trials", note="no trial is complete yet")
    better = max if view.maximised[0] else min
    best = list(zip((n for n, _ in complete), accumulate((value for _, value in complete), better), strict=True))
    best.append((view.trials[-1].number, best[-1][1]))
    series = (
        _make_series("pruned", pruned, "faint"),
        _make_series("complete", complete, "points"),
        _make_series("best so far", best, "best"),
    )
    return StudyChart("history", "value over trials", (Subplot("", _drop_empty(series), "trial"),))


def _make_importance_chart(view: StudyView) -> StudyChart:
    shares = compute_importances(view)
    title = "how much each parameter matters (PED-ANOVA)"
    if not shares:
        remark = f"it takes {MIN_IMPORTANCE_TRIALS} complete trials that differ to say what matters"
        return StudyChart("importance", title, note=remark)
    left = [key for key in view.domains if key not in shares]
    remark = f"left out, since not every trial has them or all have the same: {', '.join(left)}" if left else ""
    bars = tuple(ChartBar(key, 0.0, share, "", f"{share:.2f}") for key, share in shares.items())
    return StudyChart("importance", title, bars=bars, note=remark)


def _make_parallel_chart(view: StudyView) -> StudyChart:
    keys = _rank_parameters(view, _MAX_PARALLEL_AXES)
    best = view.ranked_trials()[:_MAX_LINES]
    title = f"the best {len(best)} trials over the axes"
    if not best or len(keys) < 2:
        return StudyChart("parallel", title, note="it takes two parameters and a complete trial")
    series = []
    for trial in reversed(best):
        places = [(float(at), _scale_to_unit(view.domains[key], trial.params.get(key))) for at, key in enumerate(keys)]
        known = [(x, y) for x, y in places if y is not None]
        series.append(_make_series(f"trial {trial.number}", known, "best" if trial is best[0] else "line"))
    if not _drop_empty(series):
        return StudyChart("parallel", title, note="no value lies inside what is searched now")
    names = shorten_keys(keys)
    ticks = tuple((float(at), names[key]) for at, key in enumerate(keys))
    ends = "; ".join(f"{names[key]} {_format_bounds(view.domains[key])}" for key in keys)
    return StudyChart("parallel", title, (Subplot("", _drop_empty(series), "", ticks),), note=f"bottom to top: {ends}")


def _make_slice_chart(view: StudyView) -> StudyChart:
    keys = _rank_parameters(view, _MAX_SUBPLOTS)
    complete = [trial for trial in view.trials if trial.state == "complete" and trial.values]
    title = "value over each parameter"
    if not complete or not keys:
        return StudyChart("slice", title, note="no trial is complete yet")
    panels = []
    names = shorten_keys(keys)
    for key in keys:
        domain = view.domains[key]
        places = [(_scale_to_unit(domain, trial.params.get(key)), trial.values[0]) for trial in complete]
        known = [(x, y) for x, y in places if x is not None]
        panels.append(Subplot(names[key], _drop_empty([_make_series(names[key], known, "points")]), "", _make_ticks(domain)))
    panels = [panel for panel in panels if panel.series]
    if not panels:
        return StudyChart("slice", title, note="no value lies inside what is searched now")
    more = len(view.domains) - len(keys)
    remark = f"the {len(keys)} that matter most, of {len(view.domains)}" if more > 0 else ""
    return StudyChart("slice", title, tuple(panels), note=remark)


def _make_intermediate_chart(view: StudyView) -> StudyChart:
    known = [trial for trial in view.trials if trial.curve]
    title = "value over the steps of each seed"
    if not known:
        return StudyChart("intermediate", title, note="no trial has reported a value yet")
    best = [trial.number for trial in view.ranked_trials() if trial.curve][:_MAX_LINES]
    faint = [trial for trial in known if trial.number not in best][-_MAX_FAINT_LINES:]
    series = [_make_series("", trial.curve, "faint") for trial in faint]
    lines = {trial.number: trial for trial in known}
    look: SeriesStyle = "line"
    for number in reversed(best):
        look = "best" if number == best[0] else "line"
        series.append(_make_series(f"trial {number}", lines[number].curve, look))
    return StudyChart("intermediate", title, (Subplot("", _drop_empty(series), "steps"),))


def _make_timeline_chart(view: StudyView) -> StudyChart:
    begun = [trial for trial in view.trials if trial.started]
    title = "when each trial worked"
    if not begun:
        return StudyChart("timeline", title, note="no trial has begun yet")
    first = min(_parse_timestamp(trial.started) for trial in begun)
    latest = max(_parse_timestamp(trial.ended or trial.started) for trial in begun)
    shown = begun[-_MAX_TIMELINE_ROWS:]
    bars = []
    for trial in shown:
        start = _parse_timestamp(trial.started) - first
        end = (_parse_timestamp(trial.ended) if trial.ended else latest) - first
        says = f"{trial.value:.5g}" if trial.value is not None else trial.state
        bars.append(ChartBar(f"trial {trial.number}", start, max(end, start), trial.state, says))
    remark = f"the last {len(shown)} of {len(begun)} trials" if len(shown) < len(begun) else ""
    return StudyChart("timeline", title, bars=tuple(bars), note=remark)


def _make_front_chart(view: StudyView) -> StudyChart:
    title = "the two objectives"
    if len(view.maximised) < 2:
        return StudyChart("front", title, note="this study has one objective, and no front")
    front = view.pareto_front()
    if not front:
        return StudyChart("front", title, note="no trial is complete yet")
    numbers = {trial.number for trial in front}
    others = [trial.values[:2] for trial in view.ranked_trials() if trial.number not in numbers]
    series = (
        _make_series("beaten", [(a, b) for a, b in others], "faint"),
        _make_series("front", [(trial.values[0], trial.values[1]) for trial in front], "points"),
    )
    across, up = view.objective_names()
    return StudyChart("front", title, (Subplot(f"{up} over {across}", _drop_empty(series), across),))


def _make_series(name: str, points: Iterable[tuple[float, float]], style: SeriesStyle) -> ChartSeries:
    kept = _thin_points([(float(x), float(y)) for x, y in points if _is_finite(x) and _is_finite(y)])
    return ChartSeries(name, tuple(x for x, _ in kept), tuple(y for _, y in kept), style)


def _thin_points(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Lowest and highest of each stretch, so that no peak is lost."""
    if len(points) <= MAX_SERIES_POINTS:
        return points
    length = math.ceil(len(points) / (MAX_SERIES_POINTS // 2))
    kept = []
    for start in range(0, len(points), length):
        stretch = points[start : start + length]
        ends = {min(stretch, key=_get_y), max(stretch, key=_get_y)}
        kept += sorted(ends)
    return kept


def _get_y(point: tuple[float, float]) -> float:
    return point[1]


def _drop_empty(series: Sequence[ChartSeries]) -> tuple[ChartSeries, ...]:
    return tuple(one for one in series if one.xs)


def _rank_parameters(view: StudyView, limit: int) -> list[str]:
    """The parameters that matter most, in the order of the study."""
    shares = compute_importances(view)
    ranked = sorted(view.domains, key=lambda key: -shares.get(key, 0.0))[:limit]
    return [key for key in view.domains if key in ranked]


def _scale_to_unit(domain: ParameterDomain, value: Any) -> float | None:
    """Where a value lies between the ends of its domain, 0 to 1; None where there is no value."""
    if value is None:
        return None
    if domain.choices:
        return domain.choices.index(value) / max(1, len(domain.choices) - 1) if value in domain.choices else None
    low, high = domain.low, domain.high
    if domain.log and low > 0 and value > 0:
        low, high, value = math.log(low), math.log(high), math.log(value)
    return (value - low) / (high - low) if high > low else 0.5


def _make_ticks(domain: ParameterDomain) -> tuple[tuple[float, str], ...]:
    if domain.choices:
        last = max(1, len(domain.choices) - 1)
        return tuple((at / last, str(choice)[:6]) for at, choice in enumerate(domain.choices[:4]))
    return ((0.0, f"{domain.low:.3g}"), (1.0, f"{domain.high:.3g}"))


def _format_bounds(domain: ParameterDomain) -> str:
    if domain.choices:
        return f"{domain.choices[0]} … {domain.choices[-1]}"
    return f"{domain.low:.3g} … {domain.high:.3g}"


def _is_finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value) and abs(value) < _MAX_ABS_VALUE


def _parse_timestamp(timestamp: str) -> float:
    return datetime.fromisoformat(timestamp).timestamp()
