"""What the charts of a study show, as plain numbers: only finite ones, and no more of them than a terminal has columns."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Any, Literal

from gts.search.importances import LEAST_TRIALS, importances
from gts.search.trial_records import Domain, StudyView

Kind = Literal["history", "importance", "parallel", "slice", "intermediate", "timeline", "front"]

KINDS: tuple[Kind, ...] = ("history", "importance", "parallel", "slice", "intermediate", "timeline", "front")

Look = Literal["points", "line", "best", "faint"]

MOST_POINTS = 300
_MOST_PANELS = 6
_MOST_AXES = 6
_MOST_LINES = 8
_MOST_FAINT = 40
_MOST_ROWS = 18
_LARGEST = 1e15


@dataclass(frozen=True)
class Series:
    """Points that belong together; `line` and `best` are joined, `best` and `points` stand out from `faint`."""

    name: str
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    look: Look


@dataclass(frozen=True)
class Panel:
    """One pair of axes."""

    title: str
    series: tuple[Series, ...]
    x_label: str = ""
    x_ticks: tuple[tuple[float, str], ...] = ()
    """Where the axis is marked, and with what; empty: as it comes."""


@dataclass(frozen=True)
class Bar:
    """One row of a chart of bars."""

    label: str
    start: float
    end: float
    kind: str
    """State of the trial; empty where it is none."""
    says: str


@dataclass(frozen=True)
class Chart:
    """A chart: panels, or bars."""

    kind: Kind
    title: str
    panels: tuple[Panel, ...] = ()
    bars: tuple[Bar, ...] = ()
    remark: str = ""
    """What a person should know of it, or why there is nothing to see."""


def chart(view: StudyView, kind: Kind) -> Chart:
    """The chart of a kind."""
    charts: Mapping[Kind, Callable[[StudyView], Chart]] = {
        "history": _history,
        "importance": _importance,
        "parallel": _parallel,
        "slice": _slices,
        "intermediate": _intermediate,
        "timeline": _timeline,
        "front": _front,
    }
    return charts[kind](view)


def short_names(keys: Iterable[str]) -> dict[str, str]:
    """Keys without what is before the dot or slash, where they stay different so."""
    keys = list(keys)
    last = {key: key.replace("/", ".").rpartition(".")[2] for key in keys}
    double = {name for name in last.values() if list(last.values()).count(name) > 1}
    return {key: f"{key[0]}.{name}" if name in double and name != key else name for key, name in last.items()}


def _history(view: StudyView) -> Chart:
    complete = [(trial.number, trial.values[0]) for trial in view.trials if trial.state == "complete" and trial.values]
    pruned = [(trial.number, trial.values[0]) for trial in view.trials if trial.state == "pruned" and trial.values]
    if not complete:
        return Chart("history", "value over trials", remark="no trial is complete yet")
    better = max if view.maximised[0] else min
    best = list(zip((n for n, _ in complete), accumulate((value for _, value in complete), better), strict=True))
    best.append((view.trials[-1].number, best[-1][1]))
    series = (_series("pruned", pruned, "faint"), _series("complete", complete, "points"), _series("best so far", best, "best"))
    return Chart("history", "value over trials", (Panel("", _seen(series), "trial"),))


def _importance(view: StudyView) -> Chart:
    shares = importances(view)
    title = "how much each parameter matters (PED-ANOVA)"
    if not shares:
        remark = f"it takes {LEAST_TRIALS} complete trials that differ to say what matters"
        return Chart("importance", title, remark=remark)
    left = [key for key in view.domains if key not in shares]
    remark = f"left out, since not every trial has them or all have the same: {', '.join(left)}" if left else ""
    bars = tuple(Bar(key, 0.0, share, "", f"{share:.2f}") for key, share in shares.items())
    return Chart("importance", title, bars=bars, remark=remark)


def _parallel(view: StudyView) -> Chart:
    keys = _foremost(view, _MOST_AXES)
    best = view.ranked()[:_MOST_LINES]
    title = f"the best {len(best)} trials over the axes"
    if not best or len(keys) < 2:
        return Chart("parallel", title, remark="it takes two parameters and a complete trial")
    series = []
    for trial in reversed(best):
        places = [(float(at), _place(view.domains[key], trial.params.get(key))) for at, key in enumerate(keys)]
        known = [(x, y) for x, y in places if y is not None]
        series.append(_series(f"trial {trial.number}", known, "best" if trial is best[0] else "line"))
    if not _seen(series):
        return Chart("parallel", title, remark="no value lies inside what is searched now")
    names = short_names(keys)
    ticks = tuple((float(at), names[key]) for at, key in enumerate(keys))
    ends = "; ".join(f"{names[key]} {_ends(view.domains[key])}" for key in keys)
    return Chart("parallel", title, (Panel("", _seen(series), "", ticks),), remark=f"bottom to top: {ends}")


def _slices(view: StudyView) -> Chart:
    keys = _foremost(view, _MOST_PANELS)
    complete = [trial for trial in view.trials if trial.state == "complete" and trial.values]
    title = "value over each parameter"
    if not complete or not keys:
        return Chart("slice", title, remark="no trial is complete yet")
    panels = []
    names = short_names(keys)
    for key in keys:
        domain = view.domains[key]
        places = [(_place(domain, trial.params.get(key)), trial.values[0]) for trial in complete]
        known = [(x, y) for x, y in places if x is not None]
        panels.append(Panel(names[key], _seen([_series(names[key], known, "points")]), "", _ticks(domain)))
    panels = [panel for panel in panels if panel.series]
    if not panels:
        return Chart("slice", title, remark="no value lies inside what is searched now")
    more = len(view.domains) - len(keys)
    remark = f"the {len(keys)} that matter most, of {len(view.domains)}" if more > 0 else ""
    return Chart("slice", title, tuple(panels), remark=remark)


def _intermediate(view: StudyView) -> Chart:
    known = [trial for trial in view.trials if trial.curve]
    title = "value over the steps of each seed"
    if not known:
        return Chart("intermediate", title, remark="no trial has reported a value yet")
    best = [trial.number for trial in view.ranked() if trial.curve][:_MOST_LINES]
    faint = [trial for trial in known if trial.number not in best][-_MOST_FAINT:]
    series = [_series("", trial.curve, "faint") for trial in faint]
    lines = {trial.number: trial for trial in known}
    look: Look = "line"
    for number in reversed(best):
        look = "best" if number == best[0] else "line"
        series.append(_series(f"trial {number}", lines[number].curve, look))
    return Chart("intermediate", title, (Panel("", _seen(series), "steps"),))


def _timeline(view: StudyView) -> Chart:
    begun = [trial for trial in view.trials if trial.started]
    title = "when each trial worked"
    if not begun:
        return Chart("timeline", title, remark="no trial has begun yet")
    first = min(_seconds(trial.started) for trial in begun)
    latest = max(_seconds(trial.ended or trial.started) for trial in begun)
    shown = begun[-_MOST_ROWS:]
    bars = []
    for trial in shown:
        start = _seconds(trial.started) - first
        end = (_seconds(trial.ended) if trial.ended else latest) - first
        says = f"{trial.value:.5g}" if trial.value is not None else trial.state
        bars.append(Bar(f"trial {trial.number}", start, max(end, start), trial.state, says))
    remark = f"the last {len(shown)} of {len(begun)} trials" if len(shown) < len(begun) else ""
    return Chart("timeline", title, bars=tuple(bars), remark=remark)


def _front(view: StudyView) -> Chart:
    title = "the two objectives"
    if len(view.maximised) < 2:
        return Chart("front", title, remark="this study has one objective, and no front")
    front = view.front()
    if not front:
        return Chart("front", title, remark="no trial is complete yet")
    numbers = {trial.number for trial in front}
    others = [trial.values[:2] for trial in view.ranked() if trial.number not in numbers]
    series = (
        _series("beaten", [(a, b) for a, b in others], "faint"),
        _series("front", [(trial.values[0], trial.values[1]) for trial in front], "points"),
    )
    across, up = view.goals()
    return Chart("front", title, (Panel(f"{up} over {across}", _seen(series), across),))


def _series(name: str, points: Iterable[tuple[float, float]], look: Look) -> Series:
    kept = _thinned([(float(x), float(y)) for x, y in points if _finite(x) and _finite(y)])
    return Series(name, tuple(x for x, _ in kept), tuple(y for _, y in kept), look)


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Lowest and highest of each stretch, so that no peak is lost."""
    if len(points) <= MOST_POINTS:
        return points
    length = math.ceil(len(points) / (MOST_POINTS // 2))
    kept = []
    for start in range(0, len(points), length):
        stretch = points[start : start + length]
        ends = {min(stretch, key=_height), max(stretch, key=_height)}
        kept += sorted(ends)
    return kept


def _height(point: tuple[float, float]) -> float:
    return point[1]


def _seen(series: Sequence[Series]) -> tuple[Series, ...]:
    return tuple(one for one in series if one.xs)


def _foremost(view: StudyView, most: int) -> list[str]:
    """The parameters that matter most, in the order of the study."""
    shares = importances(view)
    ranked = sorted(view.domains, key=lambda key: -shares.get(key, 0.0))[:most]
    return [key for key in view.domains if key in ranked]


def _place(domain: Domain, value: Any) -> float | None:
    """Where a value lies between the ends of its domain, 0 to 1; None where there is no value."""
    if value is None:
        return None
    if domain.choices:
        return domain.choices.index(value) / max(1, len(domain.choices) - 1) if value in domain.choices else None
    low, high = domain.low, domain.high
    if domain.log and low > 0 and value > 0:
        low, high, value = math.log(low), math.log(high), math.log(value)
    return (value - low) / (high - low) if high > low else 0.5


def _ticks(domain: Domain) -> tuple[tuple[float, str], ...]:
    if domain.choices:
        last = max(1, len(domain.choices) - 1)
        return tuple((at / last, str(choice)[:6]) for at, choice in enumerate(domain.choices[:4]))
    return ((0.0, f"{domain.low:.3g}"), (1.0, f"{domain.high:.3g}"))


def _ends(domain: Domain) -> str:
    if domain.choices:
        return f"{domain.choices[0]} … {domain.choices[-1]}"
    return f"{domain.low:.3g} … {domain.high:.3g}"


def _finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value) and abs(value) < _LARGEST


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
