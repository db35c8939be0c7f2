"""Rendering of a plot as rows of characters: title and legend, the field with its axes, and the labels below."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from typing import Literal

from gts_tui.terminal import Glyphs
from gts_tui.widgets import chart_canvas
from gts_tui.widgets.chart_canvas import (
    DOT_ENCODINGS,
    AxisScale,
    DotEncoding,
    DotPositions,
    finite_bounds,
    format_axis_time,
    format_axis_value,
    make_linear_axis,
    make_log_axis,
    make_time_axis,
)

LineStyle = Literal["line", "steps", "points", "faint"]


@dataclass(frozen=True)
class ChartLine:
    """Points of a line; all tuples that are not empty have equal lengths. Values that are not finite leave gaps."""

    name: str
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    colour: int = 0
    """Index of the theme's chart colour."""
    style: LineStyle = "line"
    lows: tuple[float, ...] = ()
    """Lower edge of a band around the line; empty for no band."""
    highs: tuple[float, ...] = ()
    legend_value: float = math.nan
    """Value in the legend instead of the last one of `ys`; NaN for none."""


@dataclass(frozen=True)
class ChartData:
    """One pair of axes and its lines."""

    title: str
    lines: tuple[ChartLine, ...]
    x_label: str = ""
    is_time_axis: bool = False
    """Whether x is in seconds."""
    is_log_y: bool = False
    x_ticks: tuple[tuple[float, str], ...] = ()
    """Labels instead of numbers."""
    cursor: float | None = None
    """Position of a cursor on the x axis; the legend shows the values there."""
    show_values: bool = True
    """Whether the legend shows values."""


StyledSpan = tuple[str, str]
"""Signs, and the ink they are written in: `text`, `title`, `axis`, `cursor`, or `line`, `faint` or `band` with a number."""

_NO_STYLE = ""
_MIN_SIZE = (16, 4)
_MIN_ROWS_FOR_X_AXIS = 9
"""Rows from which on the axes have a line of their own."""
_MARKER_SPACING = 18
_MAX_MARKED_POINTS = 400


@dataclass
class _CellGrid:
    """Characters and styles of a rectangle."""

    width: int
    height: int

    def __post_init__(self) -> None:
        self.chars = [[" "] * self.width for _ in range(self.height)]
        self.styles = [[_NO_STYLE] * self.width for _ in range(self.height)]

    def write(self, row: int, column: int, text: str, style: str) -> None:
        """Write a text; the part outside the rectangle is cut off."""
        if 0 <= row < self.height:
            for at, sign in enumerate(text, start=column):
                if 0 <= at < self.width:
                    self.chars[row][at], self.styles[row][at] = sign, style

    def styled_rows(self) -> list[list[StyledSpan]]:
        """Return every row as spans of one style."""
        return [_group_by_style(signs, inks) for signs, inks in zip(self.chars, self.styles, strict=True)]


def render_chart_rows(data: ChartData, width: int, height: int, glyphs: Glyphs) -> list[list[StyledSpan]]:
    """Return the rows of a chart, all `width` columns wide."""
    grid = _CellGrid(max(0, width), max(0, height))
    if not grid.width or not grid.height:
        return grid.styled_rows()
    encoding = DOT_ENCODINGS[glyphs.level]
    legend_lines = [(at, line) for at, line in enumerate(data.lines) if line.style != "faint"]
    if width < _MIN_SIZE[0] or height < _MIN_SIZE[1]:
        grid.write(0, 0, data.title, "title")
        if height > 1 and legend_lines and data.show_values:
            grid.write(
                1,
                0,
                format_axis_value(_value_at_cursor(legend_lines[0][1], data.cursor)),
                f"line{legend_lines[0][1].colour % 8}",
            )
        return grid.styled_rows()
    y_bounds = _finite_y_bounds(data)
    head = _draw_header(grid, data, legend_lines, encoding)
    tall = height >= _MIN_ROWS_FOR_X_AXIS
    rows = height - head - (2 if tall else 1)
    if y_bounds is None:
        message = "no values above 0" if data.is_log_y and any(line.xs for line in data.lines) else "no numbers yet"
        # Nothing to draw is something else than lines without numbers: they may be on their way.
        message = message if data.lines else ""
        grid.write(head + rows // 2, max(0, (width - len(message)) // 2), message, "axis")
        return grid.styled_rows()
    max_ticks = max(2, rows // 3)
    y_axis = make_log_axis(*y_bounds, max_ticks) if data.is_log_y else make_linear_axis(*y_bounds, max_ticks, snap=True)
    margin = min(max([5, *(len(label) for _, label in y_axis.ticks)]), width // 3)
    field = _PlotArea(grid, head, margin + 1, width - margin - 1, rows)
    x_axis = _make_x_axis(data, field.width)
    field.draw_axes(x_axis, y_axis, glyphs, has_x_axis=tall)
    _draw_x_labels(field, data, x_axis, head + rows + (1 if tall else 0))
    for number, line in [*enumerate(data.lines)]:
        field.draw_band(line, x_axis, y_axis, encoding)
        if line.style == "faint":
            field.draw_line(line, number, x_axis, y_axis, encoding, marker="")
    for place, (number, line) in enumerate(legend_lines):
        mark = encoding.markers[place % len(encoding.markers)]
        field.draw_line(line, number, x_axis, y_axis, encoding, marker=mark, is_only_line=len(legend_lines) == 1)
    _draw_cursor(field, data, x_axis, glyphs, head + rows + (1 if tall else 0))
    return grid.styled_rows()


@dataclass
class _PlotArea:
    """Rectangle of a grid that lines are drawn in."""

    grid: _CellGrid
    top: int
    left: int
    width: int
    height: int

    def draw_axes(self, x_axis: AxisScale, y_axis: AxisScale, glyphs: Glyphs, *, has_x_axis: bool) -> None:
        """Draw both axes, the ticks, and the labels of y."""
        for row in range(self.height):
            self.grid.write(self.top + row, self.left - 1, glyphs.vertical, "axis")
        if has_x_axis:
            self.grid.write(self.top + self.height, self.left - 1, glyphs.corner + glyphs.horizontal * self.width, "axis")
            for tick, _ in x_axis.ticks:
                at = x_axis.position(tick, self.width)
                if at is not None:
                    self.grid.write(self.top + self.height, self.left + at, "+" if glyphs.level == "ascii" else "┬", "axis")
        last = -1
        for tick, label in reversed(y_axis.ticks):
            at = y_axis.position(tick, self.height)
            row = self.height - 1 - at if at is not None else last
            if row > last:
                space = self.left - 1
                self.grid.write(self.top + row, 0, label[:space].rjust(space), "axis")
                self.grid.write(self.top + row, self.left - 1, "+" if glyphs.level == "ascii" else "┤", "axis")
                last = row

    def draw_band(self, line: ChartLine, x_axis: AxisScale, y_axis: AxisScale, encoding: DotEncoding) -> None:
        """Draw the band of a line."""
        if not line.lows or not line.highs:
            return
        columns, xs = self._dot_columns(line, x_axis, encoding)
        highs = self._dot_rows(line.highs, y_axis, encoding)
        lows = self._dot_rows(line.lows, y_axis, encoding)
        if y_axis.is_log:
            bottom = self.height * encoding.dots_down - 1
            lows = [bottom if low is None and high is not None else low for low, high in zip(lows, highs, strict=True)]
        chart_canvas.fill_between(columns, xs, lows, highs)
        if not encoding.band_char:
            columns = chart_canvas.thin_checkerboard(columns, self.height * encoding.dots_down)
        signs, inks, ink = self.grid.chars, self.grid.styles, f"band{line.colour % 8}"
        for row, column, bits in chart_canvas.iterate_cells(columns, encoding):
            signs[self.top + row][self.left + column] = encoding.band_char or encoding.chars[bits]
            inks[self.top + row][self.left + column] = ink

    def draw_line(
        self,
        line: ChartLine,
        number: int,
        x_axis: AxisScale,
        y_axis: AxisScale,
        encoding: DotEncoding,
        *,
        marker: str,
        is_only_line: bool = False,
    ) -> None:
        """Draw a line, with markers that identify it if there are several."""
        columns, xs = self._dot_columns(line, x_axis, encoding)
        ys = self._dot_rows(line.ys, y_axis, encoding)
        points = line.style == "points"
        {"steps": chart_canvas.draw_steps, "points": chart_canvas.draw_points}.get(line.style, chart_canvas.draw_polyline)(
            columns, xs, ys
        )
        ink = ("faint" if line.style == "faint" else "line") + str(line.colour % 8)
        single = (marker and not encoding.chars) or (points and len(line.xs) <= _MAX_MARKED_POINTS)
        heights: dict[int, int] = {}
        for row, column, bits in chart_canvas.iterate_cells(columns, encoding):
            heights[column] = row
            if single:
                self._set_cell(row, column, marker, ink)
            else:
                self._set_cell(row, column, self._merge_char(row, column, bits, ink, encoding), ink)
        if marker and not single and not is_only_line:
            self._draw_markers(heights, number, marker, ink)

    def _draw_markers(self, heights: dict[int, int], number: int, mark: str, ink: str) -> None:
        every = max(4, min(_MARKER_SPACING, self.width // 3))
        first = number * 5 % every
        for column in [*range(first, self.width, every), max(heights, default=0)]:
            if column in heights:
                self._set_cell(heights[column], column, mark, ink)

    def _merge_char(self, row: int, column: int, bits: int, ink: str, grain: DotEncoding) -> str:
        """Return the character of a cell, including dots that another line has set."""
        if not grain.chars:
            return "."
        there = self.grid.styles[self.top + row][self.left + column]
        if ink.startswith("line") and there.startswith("line"):
            before = grain.chars.find(self.grid.chars[self.top + row][self.left + column])
            bits |= max(0, before)
        return grain.chars[bits]

    def _set_cell(self, row: int, column: int, sign: str, ink: str) -> None:
        self.grid.chars[self.top + row][self.left + column] = sign
        self.grid.styles[self.top + row][self.left + column] = ink

    def _dot_columns(self, line: ChartLine, x_axis: AxisScale, grain: DotEncoding) -> tuple[list[int], DotPositions]:
        across = self.width * grain.dots_across
        return [0] * across, x_axis.positions(line.xs, across)

    def _dot_rows(self, values: tuple[float, ...], y_axis: AxisScale, grain: DotEncoding) -> list[int | None]:
        """Return dot rows of values, from the top."""
        down = self.height * grain.dots_down
        return [None if place is None else down - 1 - place for place in y_axis.positions(values, down)]


def _draw_header(sheet: _CellGrid, plot: ChartData, named: list[tuple[int, ChartLine]], grain: DotEncoding) -> int:
    """Draw title and legend; returns the number of rows."""
    title = plot.title
    if plot.is_log_y:
        out = sum(1 for line in plot.lines for y in line.ys if y <= 0)
        title += f"  log, {out} not above 0 left out" if out else "  log"
    sheet.write(0, 0, title, "title")
    entries = _legend_entries(named, grain, plot, sheet.width)
    wide = sum(len(text) + 2 for text, _ in entries)
    two = wide > sheet.width - len(title) - 2 and sheet.height >= _MIN_ROWS_FOR_X_AXIS and len(named) > 1
    at = 0 if two else max(len(title) + 2, sheet.width - wide + 2)
    for text, line in entries:
        sheet.write(int(two), at, text, f"line{line.colour % 8}")
        at += len(text) + 2
    return 2 if two else 1


def _legend_entries(
    named: list[tuple[int, ChartLine]], grain: DotEncoding, plot: ChartData, width: int
) -> list[tuple[str, ChartLine]]:
    """Return marker, name and value of each line; long names lose their beginnings."""
    values = [f" {format_axis_value(_value_at_cursor(line, plot.cursor))}" if plot.show_values else "" for _, line in named]
    if len(named) == 1:
        line = named[0][1]
        return [(f"{line.name}{values[0]}".strip(), line)]
    room = (width + 2 - sum(len(value) + 4 for value in values)) // max(1, len(named))
    fits = sum(len(line.name) for _, line in named) <= room * len(named)
    least = max(3, room)
    names = [line.name if fits or len(line.name) <= least else f"~{line.name[1 - least :]}" for _, line in named]
    marks = (grain.markers[at % len(grain.markers)] for at in range(len(named)))
    return [(f"{mark} {name}{value}", line) for mark, name, value, (_, line) in zip(marks, names, values, named, strict=True)]


def _value_at_cursor(line: ChartLine, cursor: float | None) -> float:
    """Return the value at the cursor, or the last value."""
    if cursor is None and math.isfinite(line.legend_value):
        return line.legend_value
    if cursor is None:
        return next((y for y in reversed(line.ys) if math.isfinite(y)), math.nan)
    if not line.xs:
        return math.nan
    after = min(len(line.xs) - 1, bisect_left(line.xs, cursor))
    before = max(0, after - 1)
    near = before if abs(line.xs[before] - cursor) <= abs(line.xs[after] - cursor) else after
    return line.ys[near]


def _finite_y_bounds(plot: ChartData) -> tuple[float, float] | None:
    values = [y for line in plot.lines for part in (line.ys, line.lows, line.highs) for y in part]
    return finite_bounds(y for y in values if y > 0) if plot.is_log_y else finite_bounds(values)


def _make_x_axis(plot: ChartData, width: int) -> AxisScale:
    ticked = [at for at, _ in plot.x_ticks]
    low, high = finite_bounds([*(x for line in plot.lines for x in line.xs), *ticked]) or (0.0, 1.0)
    most = max(2, width // 12)
    axis = make_time_axis(low, high, most) if plot.is_time_axis else make_linear_axis(low, high, most, snap=False)
    return AxisScale(axis.low, axis.high, plot.x_ticks) if plot.x_ticks else axis


def _draw_x_labels(field: _PlotArea, plot: ChartData, axis: AxisScale, row: int) -> None:
    """Draw the labels of x, and the name of x at the right."""
    sheet = field.grid
    end = sheet.width
    if plot.x_label and len(plot.x_label) + 12 < field.width:
        end -= len(plot.x_label)
        sheet.write(row, end, plot.x_label, "axis")
        end -= 1
    free = 0
    for tick, label in axis.ticks:
        at = axis.position(tick, field.width)
        if at is None:
            continue
        start = max(0, min(field.left + at - len(label) // 2, sheet.width - len(label)))
        if start >= free and start + len(label) <= end:
            sheet.write(row, start, label, "axis")
            free = start + len(label) + 1


def _draw_cursor(field: _PlotArea, plot: ChartData, axis: AxisScale, glyphs: Glyphs, row: int) -> None:
    if plot.cursor is None or not math.isfinite(plot.cursor):
        return
    at = axis.position(plot.cursor, field.width)
    if at is None:
        return
    for line in range(field.height):
        if field.grid.chars[field.top + line][field.left + at] == " ":
            field.grid.write(field.top + line, field.left + at, glyphs.vertical, "text")
    label = format_axis_time(plot.cursor, axis.high) if plot.is_time_axis else format_axis_value(plot.cursor)
    start = max(0, min(field.left + at - (len(label) + 2) // 2, field.grid.width - len(label) - 2))
    field.grid.write(row, start, f" {label} ", "cursor")


def _group_by_style(signs: list[str], inks: list[str]) -> list[StyledSpan]:
    found: list[StyledSpan] = []
    start, ink = 0, inks[0] if inks else _NO_STYLE
    for at, other in enumerate(inks):
        if other is not ink and other != ink:
            found.append(("".join(signs[start:at]), ink))
            start, ink = at, other
    if signs:
        found.append(("".join(signs[start:]), ink))
    return found
