"""Data of the charts of a study: finite numbers only, thinned to about two points per terminal column."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Any, Literal

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.importance import get_param_importances
from optuna.trial import TrialState, create_trial

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
MIN_IMPORTANCE_TRIALS = 5
"""Fewest complete trials for parameter importances."""
_MAX_SUBPLOTS = 6
_MAX_PARALLEL_AXES = 6
_MAX_LINES = 8
_MAX_FAINT_LINES = 40
_MAX_TIMELINE_ROWS = 18
_MAX_ABS_VALUE = 1e15


@dataclass(frozen=True)
class ChartSeries:
    """One series of points. The styles `line` and `best` connect them; `best` and `points` are drawn brighter than `faint`."""

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
    """(position, label) per tick; empty for automatic ticks."""


@dataclass(frozen=True)
class ChartBar:
    """One row of a bar chart."""

    label: str
    start: float
    end: float
    kind: str
    """State of the trial; empty for other bars."""
    text: str


@dataclass(frozen=True)
class StudyChart:
    """A chart of subplots or of bars."""

    kind: StudyChartKind
    title: str
    subplots: tuple[Subplot, ...] = ()
    bars: tuple[ChartBar, ...] = ()
    note: str = ""
    """A remark, or the reason why the chart is empty."""


def make_study_chart(view: StudyView, kind: StudyChartKind) -> StudyChart:
    """Make the data of one chart."""
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
    """Keys without the part before the dot or slash, as far as they stay unique."""
    keys = list(keys)
    names = {key: key.replace("/", ".").rpartition(".")[2] for key in keys}
    repeated = {name for name in names.values() if list(names.values()).count(name) > 1}
    return {key: f"{key[0]}.{name}" if name in repeated and name != key else name for key, name in names.items()}


def compute_importances(view: StudyView, objective: int = 0) -> dict[str, float]:
    """Importance of each parameter that all complete trials have, largest first, with the sum 1; empty with too few trials.

    PED-ANOVA (Watanabe, Bansal and Hutter 2023).
    """
    trials = [
        trial for trial in view.ranked_trials() if len(trial.values) > objective and math.isfinite(trial.values[objective])
    ]
    if len(trials) < MIN_IMPORTANCE_TRIALS:
        return {}
    shared = [key for key in view.domains if all(key in trial.params for trial in trials)]
    shared = [key for key in shared if len({str(trial.params[key]) for trial in trials}) > 1]
    if not shared:
        return {}
    study = optuna.create_study(direction="maximize" if view.maximised[objective] else "minimize")
    for trial in trials:
        distributions = {key: _make_widened_distribution(view.domains[key], trial.params[key]) for key in shared}
        study.add_trial(
            create_trial(
                state=TrialState.COMPLETE,
                value=trial.values[objective],
                params={key: trial.params[key] for key in shared},
                distributions=distributions,
            )
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = get_param_importances(study)
        except (ValueError, RuntimeError):
            # All trials have the same value.
            return {}
    total = sum(found.values())
    return {key: float(share / total) for key, share in found.items()} if total > 0 else {}


def _make_widened_distribution(domain: ParameterDomain, value: Any) -> BaseDistribution:
    """Distribution of a parameter, widened to hold a value from before the space was changed."""
    if domain.choices:
        inside = any(type(choice) is type(value) and choice == value for choice in domain.choices)
        return CategoricalDistribution(domain.choices if inside else (*domain.choices, value))
    low, high = min(domain.low, value), max(domain.high, value)
    if domain.integer:
        return IntDistribution(int(low), int(high), domain.log)
    return FloatDistribution(low, high, domain.log)


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
    title = "parameter importance (PED-ANOVA)"
    if not shares:
        note = f"needs {MIN_IMPORTANCE_TRIALS} complete trials with different values"
        return StudyChart("importance", title, note=note)
    missing = [key for key in view.domains if key not in shares]
    note = f"left out, not in every trial or always the same: {', '.join(missing)}" if missing else ""
    bars = tuple(ChartBar(key, 0.0, share, "", f"{share:.2f}") for key, share in shares.items())
    return StudyChart("importance", title, bars=bars, note=note)


def _make_parallel_chart(view: StudyView) -> StudyChart:
    keys = _rank_parameters(view, _MAX_PARALLEL_AXES)
    best = view.ranked_trials()[:_MAX_LINES]
    title = f"parameters of the best {len(best)} trials"
    if not best or len(keys) < 2:
        return StudyChart("parallel", title, note="needs two parameters and a complete trial")
    series = []
    for trial in reversed(best):
        points = [(float(x), _scale_to_unit(view.domains[key], trial.params.get(key))) for x, key in enumerate(keys)]
        known = [(x, y) for x, y in points if y is not None]
        series.append(_make_series(f"trial {trial.number}", known, "best" if trial is best[0] else "line"))
    if not _drop_empty(series):
        return StudyChart("parallel", title, note="all values are outside the present space")
    names = shorten_keys(keys)
    ticks = tuple((float(x), names[key]) for x, key in enumerate(keys))
    ends = "; ".join(f"{names[key]} {_format_bounds(view.domains[key])}" for key in keys)
    return StudyChart("parallel", title, (Subplot("", _drop_empty(series), "", ticks),), note=f"bottom to top: {ends}")


def _make_slice_chart(view: StudyView) -> StudyChart:
    keys = _rank_parameters(view, _MAX_SUBPLOTS)
    complete = [trial for trial in view.trials if trial.state == "complete" and trial.values]
    title = "value over each parameter"
    if not complete or not keys:
        return StudyChart("slice", title, note="no trial is complete yet")
    subplots = []
    names = shorten_keys(keys)
    for key in keys:
        domain = view.domains[key]
        points = [(_scale_to_unit(domain, trial.params.get(key)), trial.values[0]) for trial in complete]
        known = [(x, y) for x, y in points if x is not None]
        subplots.append(Subplot(names[key], _drop_empty([_make_series(names[key], known, "points")]), "", _make_ticks(domain)))
    subplots = [subplot for subplot in subplots if subplot.series]
    if not subplots:
        return StudyChart("slice", title, note="all values are outside the present space")
    more = len(view.domains) - len(keys)
    note = f"the {len(keys)} most important of {len(view.domains)} parameters" if more > 0 else ""
    return StudyChart("slice", title, tuple(subplots), note=note)


def _make_intermediate_chart(view: StudyView) -> StudyChart:
    known = [trial for trial in view.trials if trial.curve]
    title = "value over the steps of each seed"
    if not known:
        return StudyChart("intermediate", title, note="no trial has reported a value yet")
    best = [trial.number for trial in view.ranked_trials() if trial.curve][:_MAX_LINES]
    faint = [trial for trial in known if trial.number not in best][-_MAX_FAINT_LINES:]
    series = [_make_series("", trial.curve, "faint") for trial in faint]
    lines = {trial.number: trial for trial in known}
    for number in reversed(best):
        style: SeriesStyle = "best" if number == best[0] else "line"
        series.append(_make_series(f"trial {number}", lines[number].curve, style))
    return StudyChart("intermediate", title, (Subplot("", _drop_empty(series), "steps"),))


def _make_timeline_chart(view: StudyView) -> StudyChart:
    started = [trial for trial in view.trials if trial.started]
    title = "time of each trial"
    if not started:
        return StudyChart("timeline", title, note="no trial has started yet")
    first = min(_parse_timestamp(trial.started) for trial in started)
    latest = max(_parse_timestamp(trial.ended or trial.started) for trial in started)
    shown = started[-_MAX_TIMELINE_ROWS:]
    bars = []
    for trial in shown:
        start = _parse_timestamp(trial.started) - first
        end = (_parse_timestamp(trial.ended) if trial.ended else latest) - first
        text = f"{trial.value:.5g}" if trial.value is not None else trial.state
        bars.append(ChartBar(f"trial {trial.number}", start, max(end, start), trial.state, text))
    note = f"the last {len(shown)} of {len(started)} trials" if len(shown) < len(started) else ""
    return StudyChart("timeline", title, bars=tuple(bars), note=note)


def _make_front_chart(view: StudyView) -> StudyChart:
    title = "Pareto front of the two objectives"
    if len(view.maximised) < 2:
        return StudyChart("front", title, note="this study has one objective and no Pareto front")
    front = view.pareto_front()
    if not front:
        return StudyChart("front", title, note="no trial is complete yet")
    numbers = {trial.number for trial in front}
    others = [trial.values[:2] for trial in view.ranked_trials() if trial.number not in numbers]
    series = (
        _make_series("dominated", [(a, b) for a, b in others], "faint"),
        _make_series("front", [(trial.values[0], trial.values[1]) for trial in front], "points"),
    )
    first, second = view.objective_names()
    return StudyChart("front", title, (Subplot(f"{second} over {first}", _drop_empty(series), first),))


def _make_series(name: str, points: Iterable[tuple[float, float]], style: SeriesStyle) -> ChartSeries:
    kept = _thin_points([(float(x), float(y)) for x, y in points if _is_finite(x) and _is_finite(y)])
    return ChartSeries(name, tuple(x for x, _ in kept), tuple(y for _, y in kept), style)


def _thin_points(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Keep the lowest and highest point of each stretch, so that no peak is lost."""
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
    return tuple(each for each in series if each.xs)


def _rank_parameters(view: StudyView, limit: int) -> list[str]:
    """The most important parameters, in the order of the study."""
    shares = compute_importances(view)
    ranked = sorted(view.domains, key=lambda key: -shares.get(key, 0.0))[:limit]
    return [key for key in view.domains if key in ranked]


def _scale_to_unit(domain: ParameterDomain, value: Any) -> float | None:
    """Scale a value to 0 … 1 between the bounds of its domain; None without a value or for an unknown choice."""
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
