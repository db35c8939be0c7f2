"""Readings as plots: which lines, how smooth, over what.

The lines above the charts: how a training stands, and which charts are shown how.

What a person wants to see first, kept from one evening to the next.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.text import Text

from gts.commands.views.formatting import format_clock, format_short
from gts.errors import reason
from gts_tui.screens.training.data import (
    EMPTY_SERIES,
    EVALUATION_METRIC,
    ChartDefinition,
    ChartPage,
    MetricSeries,
    RunSnapshot,
    smooth_values,
)
from gts_tui.terminal import Glyphs
from gts_tui.widgets.chart_render import ChartData, ChartLine

SMOOTHING_STEPS = (0.0, 0.6, 0.9, 0.97)
_MAX_NAME_LENGTH = 24


@dataclass(frozen=True)
class ChartSettings:
    """How curves are looked at."""

    smoothing: float = 0.0
    time: bool = False
    """Over the seconds of training, in place of its steps."""
    cursor: float | None = None


def build_metric_chart(
    definition: ChartDefinition,
    snapshots: Sequence[RunSnapshot],
    settings: ChartSettings,
    *,
    is_log_y: bool = False,
    is_pinned: bool = False,
) -> ChartData:
    """One chart of trainings."""
    lines: list[ChartLine] = []
    for number, reading in enumerate(snapshots):
        for at, name in enumerate(definition.metrics):
            several = len(definition.metrics) > 1
            colour = (at if several else number) % 8
            title = name.partition("/")[2] or name if several else reading.name[:_MAX_NAME_LENGTH]
            if len(snapshots) == 1 and not several:
                title = ""
            lines += _series_lines(title, colour, name, reading.series.get(name, EMPTY_SERIES), settings, without_band=several)
    ends = [one.elapsed if settings.time else float(one.step) for one in snapshots]
    if any(ends):
        # Every chart of a page is as wide, whatever is drawn in it.
        lines.append(ChartLine("", (0.0, max(ends)), (math.nan, math.nan), style="faint"))
    return ChartData(
        f"{definition.title} (pinned)" if is_pinned else definition.title,
        tuple(lines),
        x_label="time" if settings.time else "steps",
        is_time_axis=settings.time,
        is_log_y=is_log_y,
        cursor=settings.cursor,
    )


def x_values(series: MetricSeries, *, is_time_axis: bool) -> tuple[float, ...]:
    """Where the points of a series stand."""
    return series.elapsed if is_time_axis else series.steps


def _series_lines(
    title: str, colour: int, name: str, series: MetricSeries, settings: ChartSettings, *, without_band: bool
) -> list[ChartLine]:
    """A series: smoothed it is a line with the raw one behind it; the band is left out where many lines share a chart."""
    xs = x_values(series, is_time_axis=settings.time)
    spread = not without_band and any(low != high for low, high in zip(series.lows, series.highs, strict=True))
    lows, highs = (series.lows, series.highs) if spread else ((), ())
    if not settings.smoothing or name == EVALUATION_METRIC:
        return [ChartLine(title, xs, series.means, colour=colour, lows=lows, highs=highs, legend_value=series.latest)]
    smooth = ChartLine(
        title,
        xs,
        smooth_values(series.means, settings.smoothing),
        colour=colour,
        lows=smooth_values(lows, settings.smoothing),
        highs=smooth_values(highs, settings.smoothing),
    )
    return [ChartLine("", xs, series.means, colour=colour, style="faint"), smooth]


_PROGRESS_CELLS = 10
_MAX_SECONDS_LEFT = 1e7
"""Seconds left that nobody waits for."""


def render_run_status(snapshot: RunSnapshot, symbol: Text, glyphs: Glyphs, error_style: str, width: int) -> Text:
    """State, name, how far, how fast, how long still, what there is room for; `bad` is the colour of what is wrong."""
    parts = _status_parts(snapshot, symbol, glyphs, error_style)
    while len(parts) > 1 and sum(part.cell_len for _, part in parts) > width:
        # What says least goes first.
        parts.remove(max(parts, key=lambda part: part[0]))
    line = Text(no_wrap=True, overflow="ellipsis")
    for _, part in parts:
        line.append_text(part)
    return line


def _status_parts(snapshot: RunSnapshot, symbol: Text, glyphs: Glyphs, error_style: str) -> list[tuple[int, Text]]:
    """What there is to say, in its order, each with how easily it is done without."""
    state = Text.assemble(symbol, (f" {snapshot.state} ", symbol.style))
    parts = [(0, state.append(f" {snapshot.name}", "bold"))]
    if snapshot.reason and snapshot.state in ("failed", "interrupted", "waiting"):
        parts.append((1, Text(f"  {snapshot.reason}", error_style if snapshot.state != "waiting" else "")))
    if snapshot.total_steps:
        share = min(1.0, snapshot.step / snapshot.total_steps)
        full = round(share * _PROGRESS_CELLS)
        bar = Text.assemble("  ", glyphs.bar * full, (glyphs.horizontal * (_PROGRESS_CELLS - full), "dim"))
        percent = f"  {int(100 * share)} %"
        parts += [
            (6, bar),
            (2, Text(percent)),
            (4, Text(f"  {format_short(snapshot.step)} of {format_short(snapshot.total_steps)}")),
        ]
    left = snapshot.seconds_left
    if left is not None and left < _MAX_SECONDS_LEFT and snapshot.step < snapshot.total_steps:
        parts.append((3, Text(f"  {format_clock(left)} left")))
    elif not snapshot.alive and snapshot.elapsed:
        parts.append((5, Text(f"  took {format_clock(snapshot.elapsed)}")))
    if snapshot.alive and snapshot.rate:
        parts.append((5, Text(f"  {format_short(snapshot.rate)} steps/s")))
    if snapshot.members > 1:
        parts.append((7, Text(f"  {snapshot.members} members", "dim")))
    if snapshot.failures:
        parts.append((1, Text(f"  {snapshot.failures[0]}", error_style)))
    return parts


def render_page_tabs(pages: Sequence[ChartPage], current: int, settings: ChartSettings, width: int) -> Text:
    """The groups of charts, the present one set off, and how they are looked at."""
    line = Text(no_wrap=True, overflow="ellipsis")
    for group in dict.fromkeys(page.group for page in pages):
        here = pages[current].group == group
        page = pages[current]
        page_number = f" {page.number}/{page.page_count}" if here and page.page_count > 1 else ""
        line.append(f" {group}{page_number} ", "reverse" if here else "dim")
    smoothing = f"smooth {settings.smoothing:g}" if settings.smoothing else ""
    room = width - line.cell_len - len(smoothing)
    if smoothing and room > 0:
        line.append(" " * room + smoothing, "dim")
    return line


_PINNED_FILE = "pinned.json"


def load_pinned_charts() -> frozenset[str]:
    """The charts that are pinned; none where nothing was kept."""
    try:
        kept = json.loads(_pinned_charts_path().read_text(encoding="utf-8"))
        return frozenset(str(one) for one in kept["charts"])
    except (OSError, ValueError, KeyError, TypeError):
        return frozenset()


def save_pinned_charts(charts: Collection[str]) -> str:
    """Keep which charts are pinned; why that is impossible, or nothing."""
    path = _pinned_charts_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"charts": sorted(charts)}) + "\n", encoding="utf-8")
    except OSError as error:
        return f"cannot keep this in {path}: {reason(error)}"
    return ""


def _pinned_charts_path() -> Path:
    from gts.system import this_system

    return this_system().state_folder() / _PINNED_FILE
