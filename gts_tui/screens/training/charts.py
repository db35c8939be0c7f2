"""Charts of run metrics, the status and tab lines above them, and the file of pinned charts."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.text import Text

from gts.commands.views.formatting import format_clock, format_short
from gts.errors import reason
from gts.jobs.states import Failed, Interrupted, Queued
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
from gts_tui.widgets.status import render_progress_bar

SMOOTHING_STEPS = (0.0, 0.6, 0.9, 0.97)
_MAX_NAME_LENGTH = 24


@dataclass(frozen=True)
class ChartSettings:
    """Settings shared by all charts of the panel."""

    smoothing: float = 0.0
    is_time_axis: bool = False
    """Whether x is training time in seconds instead of environment steps."""
    cursor: float | None = None
    """Position on the x axis; None hides the cursor."""


def build_metric_chart(
    definition: ChartDefinition,
    snapshots: Sequence[RunSnapshot],
    settings: ChartSettings,
    *,
    is_log_y: bool = False,
    is_pinned: bool = False,
) -> ChartData:
    """Build one chart with the curves of all runs."""
    lines: list[ChartLine] = []
    is_combined = len(definition.metrics) > 1
    for run_index, snapshot in enumerate(snapshots):
        for metric_index, name in enumerate(definition.metrics):
            colour = (metric_index if is_combined else run_index) % 8
            title = name.partition("/")[2] or name if is_combined else snapshot.name[:_MAX_NAME_LENGTH]
            if len(snapshots) == 1 and not is_combined:
                title = ""
            series = snapshot.series.get(name, EMPTY_SERIES)
            lines += _series_lines(title, colour, name, series, settings, has_band=not is_combined)
    ends = [snapshot.elapsed if settings.is_time_axis else float(snapshot.step) for snapshot in snapshots]
    if any(ends):
        # An invisible line from 0 to the end gives all charts of a page the same x axis.
        lines.append(ChartLine("", (0.0, max(ends)), (math.nan, math.nan), style="faint"))
    return ChartData(
        f"{definition.title} (pinned)" if is_pinned else definition.title,
        tuple(lines),
        x_label="time" if settings.is_time_axis else "steps",
        is_time_axis=settings.is_time_axis,
        is_log_y=is_log_y,
        cursor=settings.cursor,
    )


def x_values(series: MetricSeries, *, is_time_axis: bool) -> tuple[float, ...]:
    """X coordinates of a series: seconds or steps."""
    return series.elapsed if is_time_axis else series.steps


def _series_lines(
    title: str, colour: int, name: str, series: MetricSeries, settings: ChartSettings, *, has_band: bool
) -> list[ChartLine]:
    """Build the line of a series, with its spread as a band; if smoothed, the raw line is drawn faintly behind it."""
    xs = x_values(series, is_time_axis=settings.is_time_axis)
    has_band = has_band and any(low != high for low, high in zip(series.lows, series.highs, strict=True))
    lows, highs = (series.lows, series.highs) if has_band else ((), ())
    if not settings.smoothing or name == EVALUATION_METRIC:
        return [ChartLine(title, xs, series.means, colour=colour, lows=lows, highs=highs, legend_value=series.latest)]
    smoothed = ChartLine(
        title,
        xs,
        smooth_values(series.means, settings.smoothing),
        colour=colour,
        lows=smooth_values(lows, settings.smoothing),
        highs=smooth_values(highs, settings.smoothing),
    )
    return [ChartLine("", xs, series.means, colour=colour, style="faint"), smoothed]


_PROGRESS_CELLS = 10
_MAX_SECONDS_LEFT = 1e7
"""Longer estimates are not shown."""


def render_run_status(snapshot: RunSnapshot, symbol: Text, glyphs: Glyphs, error_style: str, width: int) -> Text:
    """Render state, name, progress, speed and remaining time of a run; parts that do not fit into `width` are dropped."""
    parts = _status_parts(snapshot, symbol, glyphs, error_style)
    while len(parts) > 1 and sum(text.cell_len for _, text in parts) > width:
        parts.remove(max(parts, key=lambda part: part[0]))
    line = Text(no_wrap=True, overflow="ellipsis")
    for _, text in parts:
        line.append_text(text)
    return line


def _status_parts(snapshot: RunSnapshot, symbol: Text, glyphs: Glyphs, error_style: str) -> list[tuple[int, Text]]:
    """Parts of the status line from left to right, each with its rank: parts with the highest rank are dropped first."""
    state = Text.assemble(symbol, (f" {snapshot.state} ", symbol.style))
    parts = [(0, state.append(f" {snapshot.name}", "bold"))]
    if snapshot.reason and snapshot.state in (Failed.name, Interrupted.name, Queued.name):
        parts.append((1, Text(f"  {snapshot.reason}", error_style if snapshot.state != Queued.name else "")))
    if snapshot.total_steps:
        progress = min(1.0, snapshot.step / snapshot.total_steps)
        parts += [
            (6, Text("  ").append_text(render_progress_bar(progress, _PROGRESS_CELLS, glyphs))),
            (2, Text(f"  {int(100 * progress)} %")),
            (4, Text(f"  {format_short(snapshot.step)} of {format_short(snapshot.total_steps)}")),
        ]
    left = snapshot.seconds_left
    if left is not None and left < _MAX_SECONDS_LEFT and snapshot.step < snapshot.total_steps:
        parts.append((3, Text(f"  {format_clock(left)} left")))
    elif not snapshot.alive and snapshot.elapsed:
        parts.append((5, Text(f"  took {format_clock(snapshot.elapsed)}")))
    if snapshot.alive and snapshot.steps_per_second:
        parts.append((5, Text(f"  {format_short(snapshot.steps_per_second)} steps/s")))
    if snapshot.members > 1:
        parts.append((7, Text(f"  {snapshot.members} members", "dim")))
    if snapshot.failures:
        parts.append((1, Text(f"  {snapshot.failures[0]}", error_style)))
    return parts


def render_page_tabs(pages: Sequence[ChartPage], current: int, settings: ChartSettings, width: int) -> Text:
    """Render the groups of charts with the current one reversed, and the smoothing on the right."""
    line = Text(no_wrap=True, overflow="ellipsis")
    for group in dict.fromkeys(page.group for page in pages):
        page = pages[current]
        is_current = page.group == group
        page_number = f" {page.number}/{page.page_count}" if is_current and page.page_count > 1 else ""
        line.append(f" {group}{page_number} ", "reverse" if is_current else "dim")
    smoothing = f"smooth {settings.smoothing:g}" if settings.smoothing else ""
    room = width - line.cell_len - len(smoothing)
    if smoothing and room > 0:
        line.append(" " * room + smoothing, "dim")
    return line


_PINNED_FILE = "pinned.json"


def load_pinned_charts() -> frozenset[str]:
    """Read the keys of pinned charts; empty if there is no readable file."""
    try:
        content = json.loads(_pinned_charts_path().read_text(encoding="utf-8"))
        return frozenset(str(key) for key in content["charts"])
    except (OSError, ValueError, KeyError, TypeError):
        return frozenset()


def save_pinned_charts(charts: Collection[str]) -> str:
    """Write the keys of pinned charts. Returns an error message, empty on success."""
    path = _pinned_charts_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"charts": sorted(charts)}) + "\n", encoding="utf-8")
    except OSError as error:
        return f"cannot write {path}: {reason(error)}"
    return ""


def _pinned_charts_path() -> Path:
    from gts.system import this_system

    return this_system().state_folder() / _PINNED_FILE
