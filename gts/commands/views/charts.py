"""Learning curves and charts of studies as text for a terminal of 80 columns and 24 rows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from gts.commands.views.formatting import format_clock, format_short, nowrap_line
from gts.search.charts import ChartBar, ChartSeries, StudyChart, Subplot

_MOST_POINTS = 400


def render_learning_curve(history: Sequence[Mapping[str, Any]], *, width: int = 76, height: int = 14) -> Text | None:
    """Draw the mean return of the evaluations over steps; returns None for fewer than two points."""
    points = [
        (float(row["step"]), float(row["mean"]))
        for row in history
        if _is_plottable(row.get("step")) and _is_plottable(row.get("mean"))
    ]
    if len(points) < 2:
        return None
    # More points than columns cannot be seen; keep the last one, which the stride may skip.
    stride = math.ceil(len(points) / _MOST_POINTS)
    points = [*points[:-1:stride], points[-1]]

    steps, means = zip(*points, strict=True)
    with plotext_figure() as plotext:
        plotext.plot_size(width, height)
        plotext.plot(steps, means, marker="braille")
        ticks = [steps[0] + (steps[-1] - steps[0]) * part / 4 for part in range(5)]
        plotext.xticks(ticks, [format_short(tick) for tick in ticks])
        plotext.xlabel("steps")
        return plot_to_text(plotext)


@contextmanager
def plotext_figure() -> Iterator[Any]:
    """Lend plotext's global figure, cleared before and after."""
    import plotext

    def cleared() -> None:
        plotext.main()
        plotext.clear_figure()

    cleared()
    plotext.theme("clear")
    plotext.limit_size(False, False)
    try:
        yield plotext
    finally:
        cleared()


def plot_to_text(plotext: Any) -> Text:
    """Convert the current figure to text that is never wrapped."""
    drawn = Text.from_ansi(plotext.build().rstrip("\n"))
    drawn.no_wrap, drawn.overflow = True, "ignore"
    return drawn


def _is_plottable(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value) and abs(value) < 1e15


_WIDTH = 78
_HEIGHT = 19
_COLUMNS = 3
_SERIES_COLOURS = {"best": "green", "line": "cyan", "points": "cyan", "faint": "gray"}
_STATE_BLOCKS = {"complete": ("█", "green"), "pruned": ("▒", "yellow"), "failed": ("×", "red"), "running": ("░", "cyan")}
_NARROWEST_SPAN = 1e-9


def render_study_chart(chart: StudyChart) -> RenderableType:
    """Render a chart with title, legend and note."""
    rows: list[RenderableType] = [nowrap_line(chart.title, "bold")]
    if chart.bars:
        rows += _bars(chart.bars, times=chart.kind == "timeline")
    elif chart.subplots:
        rows.append(_plot_panels(chart.subplots))
        rows.append(_legend(chart.subplots))
    if chart.note:
        rows += [nowrap_line(text, "dim") for text in _folded(chart.note)]
    return Group(*rows)


def _plot_panels(panels: Sequence[Subplot]) -> Text:
    columns = min(_COLUMNS, len(panels))
    lines = -(-len(panels) // columns)
    with plotext_figure() as plotext:
        if len(panels) > 1:
            plotext.subplots(lines, columns)
            plotext.plot_size(_WIDTH, _HEIGHT)
        for at, panel in enumerate(panels):
            if len(panels) > 1:
                plotext.subplot(at // columns + 1, at % columns + 1)
            plotext.theme("clear")
            plotext.plot_size(_WIDTH // columns, _HEIGHT // lines)
            _draw(plotext, panel)
        return plot_to_text(plotext)


def _draw(plotext: Any, panel: Subplot) -> None:
    """Draw one panel on the current axes."""
    axes: Any = plotext
    heights = [y for series in panel.series for y in series.ys]
    for series in panel.series:
        _draw_series(axes, series)
    low, high = min(heights), max(heights)
    if high - low < max(abs(high), abs(low), 1.0) * _NARROWEST_SPAN:
        # A constant series needs an interval around its value.
        low, high = low - 1, high + 1
        axes.ylim(low, high)
    marks = [low + (high - low) * part / 3 for part in range(4)]
    axes.yticks(marks, [format_short(mark) for mark in marks])
    if panel.x_ticks:
        places = [place for place, _ in panel.x_ticks]
        axes.xlim(min(places), max(places) if max(places) > min(places) else min(places) + 1)
        axes.xticks(places, [name for _, name in panel.x_ticks])
    else:
        _set_x_ticks(axes, [x for series in panel.series for x in series.xs])
    if panel.title:
        axes.title(panel.title)
    if panel.x_label:
        axes.xlabel(panel.x_label)


def _draw_series(axes: Any, series: ChartSeries) -> None:
    if series.style in ("best", "line") and len(series.xs) > 1:
        axes.plot(series.xs, series.ys, marker="braille", color=_SERIES_COLOURS[series.style])
    else:
        mark = "·" if series.style == "faint" else "●"
        axes.scatter(series.xs, series.ys, marker=mark, color=_SERIES_COLOURS[series.style])


def _set_x_ticks(axes: Any, places: Sequence[float]) -> None:
    low, high = min(places), max(places)
    if high <= low:
        low, high = low - 1, high + 1
        axes.xlim(low, high)
    marks = [low + (high - low) * part / 4 for part in range(5)]
    if all(place == round(place) for place in places):
        marks = sorted({float(round(mark)) for mark in marks})
    axes.xticks(marks, [format_short(mark) for mark in marks])


def _legend(panels: Sequence[Subplot]) -> Text:
    """Make the legend of a single panel, or explain the markers of several."""
    if len(panels) > 1:
        return nowrap_line("● a complete trial", "dim")
    named = [series for series in panels[0].series if series.name]
    made = Text(no_wrap=True, overflow="ignore")
    for series in reversed(named):
        mark = {"best": "━", "line": "─", "points": "●", "faint": "·"}[series.style]
        if made.cell_len + len(series.name) + 4 <= _WIDTH:
            made.append(
                f"{mark} {series.name}  ", style="bright_black" if series.style == "faint" else _SERIES_COLOURS[series.style]
            )
    return made


def _bars(bars: Sequence[ChartBar], *, times: bool) -> list[RenderableType]:
    """Draw one row per bar, on a common scale."""
    left = min(34, max(len(bar.label) for bar in bars))
    right = max(len(bar.text) for bar in bars)
    width = _WIDTH - left - right - 4
    longest = max(bar.end for bar in bars) or 1.0
    first = min(bar.start for bar in bars)
    span = max(longest - first, _NARROWEST_SPAN)
    rows: list[RenderableType] = []
    for bar in bars:
        block, colour = _STATE_BLOCKS.get(bar.kind, ("█", "cyan"))
        start = min(width - 1, int((bar.start - first) / span * width))
        length = max(1, min(width - start, round((bar.end - bar.start) / span * width)))
        made = nowrap_line(f"{bar.label[:left]:{left}}  ")
        made.append(" " * start + block * length + " " * (width - start - length), style=colour)
        made.append(f"  {bar.text:>{right}}")
        rows.append(made)
    if times:
        signs = ", ".join(f"{block} {word}" for word, (block, _) in _STATE_BLOCKS.items())
        rows.append(
            nowrap_line(
                f"{'':{left}}  {format_clock(first)} to {format_clock(longest)} after the start of the first trial", "dim"
            )
        )
        rows.append(nowrap_line(f"{'':{left}}  {signs}", "dim"))
    return rows


def _folded(text: str) -> list[str]:
    import textwrap

    return textwrap.wrap(text, _WIDTH)[:2]
