"""Readings as plots: which lines, how smooth, over what."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gts_tui.charts.plot import Line, Plot
from gts_tui.curves.panels import EVALUATED, Panel
from gts_tui.curves.series import NOTHING, Series, smoothed
from gts_tui.screens.training.data import RunReading

STRENGTHS = (0.0, 0.6, 0.9, 0.97)
_LONGEST_NAME = 24


@dataclass(frozen=True)
class View:
    """How curves are looked at."""

    smoothing: float = 0.0
    time: bool = False
    """Over the seconds of training, in place of its steps."""
    cursor: float | None = None


def plot_of(panel: Panel, readings: Sequence[RunReading], view: View, *, log: bool = False, pinned: bool = False) -> Plot:
    """One chart of trainings."""
    lines: list[Line] = []
    for number, reading in enumerate(readings):
        for at, name in enumerate(panel.names):
            several = len(panel.names) > 1
            colour = (at if several else number) % 8
            title = name.partition("/")[2] or name if several else reading.name[:_LONGEST_NAME]
            if len(readings) == 1 and not several:
                title = ""
            lines += _lines(title, colour, name, reading.series.get(name, NOTHING), view, bare=several)
    ends = [one.elapsed if view.time else float(one.step) for one in readings]
    if any(ends):
        # Every chart of a page is as wide, whatever is drawn in it.
        lines.append(Line("", (0.0, max(ends)), (math.nan, math.nan), look="faint"))
    return Plot(
        f"{panel.title} (pinned)" if pinned else panel.title,
        tuple(lines),
        x_label="time" if view.time else "steps",
        time=view.time,
        log_y=log,
        cursor=view.cursor,
    )


def xs_of(series: Series, *, time: bool) -> tuple[float, ...]:
    """Where the points of a series stand."""
    return series.elapsed if time else series.steps


def _lines(title: str, colour: int, name: str, series: Series, view: View, *, bare: bool) -> list[Line]:
    """A series: smoothed it is a line with the raw one behind it; the band is left out where many lines share a chart."""
    xs = xs_of(series, time=view.time)
    spread = not bare and any(low != high for low, high in zip(series.lows, series.highs, strict=True))
    lows, highs = (series.lows, series.highs) if spread else ((), ())
    if not view.smoothing or name == EVALUATED:
        return [Line(title, xs, series.means, colour=colour, lows=lows, highs=highs, newest=series.newest)]
    smooth = Line(
        title,
        xs,
        smoothed(series.means, view.smoothing),
        colour=colour,
        lows=smoothed(lows, view.smoothing),
        highs=smoothed(highs, view.smoothing),
    )
    return [Line("", xs, series.means, colour=colour, look="faint"), smooth]
