"""A plot as rows of signs, for any size: a head with title and legend, the field with its axes, and the labels below.

What a chart shows, as plain data.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from typing import Literal

from gts_tui.terminal import Glyphs
from gts_tui.widgets import chart_canvas
from gts_tui.widgets.chart_canvas import GRAINS, Grain, Places, Scale, bounds, clock, linear, logarithmic, shown, time_of

Look = Literal["line", "steps", "points", "faint"]


@dataclass(frozen=True)
class Line:
    """Points that belong together; all tuples that are not empty have the same length. What is not finite leaves a gap."""

    name: str
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    colour: int = 0
    """Which of the theme's chart colours, from 0."""
    look: Look = "line"
    lows: tuple[float, ...] = ()
    """Lower edge of a band around the line; empty for none."""
    highs: tuple[float, ...] = ()
    newest: float = math.nan
    """What the legend tells in place of the last of `ys`, where that one stands for several."""


@dataclass(frozen=True)
class Plot:
    """One pair of axes."""

    title: str
    lines: tuple[Line, ...]
    x_label: str = ""
    time: bool = False
    """Whether x is seconds, and labelled as times."""
    log_y: bool = False
    x_ticks: tuple[tuple[float, str], ...] = ()
    """In place of numbers."""
    cursor: float | None = None
    """Where on the x axis a cursor stands, whose values are shown."""
    values: bool = True
    """Whether the legend tells values of lines; not where the last point of one says no more than the others."""


Run = tuple[str, str]
"""Signs, and the ink they are written in: `text`, `title`, `axis`, `cursor`, or `line`, `faint` or `band` with a number."""

_BLANK = ""
_SMALLEST = (16, 4)
_TALL = 9
"""Rows from which on the axes have a line of their own."""
_MARK_EVERY = 18
_MANY_POINTS = 400


@dataclass
class _Sheet:
    """Signs and inks of a rectangle, to write on."""

    width: int
    height: int

    def __post_init__(self) -> None:
        self.signs = [[" "] * self.width for _ in range(self.height)]
        self.inks = [[_BLANK] * self.width for _ in range(self.height)]

    def put(self, row: int, column: int, text: str, ink: str) -> None:
        """Write; what is outside is lost."""
        if 0 <= row < self.height:
            for at, sign in enumerate(text, start=column):
                if 0 <= at < self.width:
                    self.signs[row][at], self.inks[row][at] = sign, ink

    def rows(self) -> list[list[Run]]:
        """Every row as runs of one ink."""
        return [_runs(signs, inks) for signs, inks in zip(self.signs, self.inks, strict=True)]


def draw(plot: Plot, width: int, height: int, glyphs: Glyphs) -> list[list[Run]]:
    """Rows of the picture; every row is as wide as asked for."""
    sheet = _Sheet(max(0, width), max(0, height))
    if not sheet.width or not sheet.height:
        return sheet.rows()
    grain = GRAINS[glyphs.level]
    named = [(at, line) for at, line in enumerate(plot.lines) if line.look != "faint"]
    if width < _SMALLEST[0] or height < _SMALLEST[1]:
        sheet.put(0, 0, plot.title, "title")
        if height > 1 and named and plot.values:
            sheet.put(1, 0, shown(_value(named[0][1], plot.cursor)), f"line{named[0][1].colour % 8}")
        return sheet.rows()
    y_bounds = _y_bounds(plot)
    head = _head(sheet, plot, named, grain)
    tall = height >= _TALL
    rows = height - head - (2 if tall else 1)
    if y_bounds is None:
        words = "no values above 0" if plot.log_y and any(line.xs for line in plot.lines) else "no numbers yet"
        # Nothing to draw is something else than lines without numbers: they may be on their way.
        words = words if plot.lines else ""
        sheet.put(head + rows // 2, max(0, (width - len(words)) // 2), words, "axis")
        return sheet.rows()
    most = max(2, rows // 3)
    y_axis = logarithmic(*y_bounds, most) if plot.log_y else linear(*y_bounds, most, snap=True)
    margin = min(max([5, *(len(label) for _, label in y_axis.ticks)]), width // 3)
    field = _Field(sheet, head, margin + 1, width - margin - 1, rows)
    x_axis = _x_axis(plot, field.width)
    field.axes(x_axis, y_axis, glyphs, tall=tall)
    _labels(field, plot, x_axis, head + rows + (1 if tall else 0))
    for number, line in [*enumerate(plot.lines)]:
        field.band(line, x_axis, y_axis, grain)
        if line.look == "faint":
            field.line(line, number, x_axis, y_axis, grain, mark="")
    for place, (number, line) in enumerate(named):
        mark = grain.marks[place % len(grain.marks)]
        field.line(line, number, x_axis, y_axis, grain, mark=mark, alone=len(named) == 1)
    _cursor(field, plot, x_axis, glyphs, head + rows + (1 if tall else 0))
    return sheet.rows()


@dataclass
class _Field:
    """The part of a sheet where lines are drawn."""

    sheet: _Sheet
    top: int
    left: int
    width: int
    height: int

    def axes(self, x_axis: Scale, y_axis: Scale, glyphs: Glyphs, *, tall: bool) -> None:
        """The two axes, with ticks and the labels of y."""
        for row in range(self.height):
            self.sheet.put(self.top + row, self.left - 1, glyphs.vertical, "axis")
        if tall:
            self.sheet.put(self.top + self.height, self.left - 1, glyphs.corner + glyphs.horizontal * self.width, "axis")
            for tick, _ in x_axis.ticks:
                at = x_axis.place(tick, self.width)
                if at is not None:
                    self.sheet.put(self.top + self.height, self.left + at, "+" if glyphs.level == "ascii" else "┬", "axis")
        last = -1
        for tick, label in reversed(y_axis.ticks):
            at = y_axis.place(tick, self.height)
            row = self.height - 1 - at if at is not None else last
            if row > last:
                space = self.left - 1
                self.sheet.put(self.top + row, 0, label[:space].rjust(space), "axis")
                self.sheet.put(self.top + row, self.left - 1, "+" if glyphs.level == "ascii" else "┤", "axis")
                last = row

    def band(self, line: Line, x_axis: Scale, y_axis: Scale, grain: Grain) -> None:
        """What a line spreads over."""
        if not line.lows or not line.highs:
            return
        columns, xs = self._dots(line, x_axis, grain)
        highs = self._heights(line.highs, y_axis, grain)
        lows = self._heights(line.lows, y_axis, grain)
        if y_axis.log:
            bottom = self.height * grain.down - 1
            lows = [bottom if low is None and high is not None else low for low, high in zip(lows, highs, strict=True)]
        chart_canvas.fill(columns, xs, lows, highs)
        if not grain.band:
            columns = chart_canvas.thinned(columns, self.height * grain.down)
        signs, inks, ink = self.sheet.signs, self.sheet.inks, f"band{line.colour % 8}"
        for row, column, bits in chart_canvas.cells(columns, grain):
            signs[self.top + row][self.left + column] = grain.band or grain.signs[bits]
            inks[self.top + row][self.left + column] = ink

    def line(
        self, line: Line, number: int, x_axis: Scale, y_axis: Scale, grain: Grain, *, mark: str, alone: bool = False
    ) -> None:
        """A line; where there are several, signs on it tell which it is."""
        columns, xs = self._dots(line, x_axis, grain)
        ys = self._heights(line.ys, y_axis, grain)
        points = line.look == "points"
        {"steps": chart_canvas.stairs, "points": chart_canvas.dots}.get(line.look, chart_canvas.stroke)(columns, xs, ys)
        ink = ("faint" if line.look == "faint" else "line") + str(line.colour % 8)
        single = (mark and not grain.signs) or (points and len(line.xs) <= _MANY_POINTS)
        heights: dict[int, int] = {}
        for row, column, bits in chart_canvas.cells(columns, grain):
            heights[column] = row
            if single:
                self._set(row, column, mark, ink)
            else:
                self._set(row, column, self._joined(row, column, bits, ink, grain), ink)
        if mark and not single and not alone:
            self._mark(heights, number, mark, ink)

    def _mark(self, heights: dict[int, int], number: int, mark: str, ink: str) -> None:
        every = max(4, min(_MARK_EVERY, self.width // 3))
        first = number * 5 % every
        for column in [*range(first, self.width, every), max(heights, default=0)]:
            if column in heights:
                self._set(heights[column], column, mark, ink)

    def _joined(self, row: int, column: int, bits: int, ink: str, grain: Grain) -> str:
        """The sign of a cell, which has what another line has lit there already."""
        if not grain.signs:
            return "."
        there = self.sheet.inks[self.top + row][self.left + column]
        if ink.startswith("line") and there.startswith("line"):
            before = grain.signs.find(self.sheet.signs[self.top + row][self.left + column])
            bits |= max(0, before)
        return grain.signs[bits]

    def _set(self, row: int, column: int, sign: str, ink: str) -> None:
        self.sheet.signs[self.top + row][self.left + column] = sign
        self.sheet.inks[self.top + row][self.left + column] = ink

    def _dots(self, line: Line, x_axis: Scale, grain: Grain) -> tuple[list[int], Places]:
        across = self.width * grain.across
        return [0] * across, x_axis.places(line.xs, across)

    def _heights(self, values: tuple[float, ...], y_axis: Scale, grain: Grain) -> list[int | None]:
        """Rows of dots, from the top."""
        down = self.height * grain.down
        return [None if place is None else down - 1 - place for place in y_axis.places(values, down)]


def _head(sheet: _Sheet, plot: Plot, named: list[tuple[int, Line]], grain: Grain) -> int:
    """Write title and legend; how many rows they take."""
    title = plot.title
    if plot.log_y:
        out = sum(1 for line in plot.lines for y in line.ys if y <= 0)
        title += f"  log, {out} not above 0 left out" if out else "  log"
    sheet.put(0, 0, title, "title")
    entries = _legend(named, grain, plot, sheet.width)
    wide = sum(len(text) + 2 for text, _ in entries)
    two = wide > sheet.width - len(title) - 2 and sheet.height >= _TALL and len(named) > 1
    at = 0 if two else max(len(title) + 2, sheet.width - wide + 2)
    for text, line in entries:
        sheet.put(int(two), at, text, f"line{line.colour % 8}")
        at += len(text) + 2
    return 2 if two else 1


def _legend(named: list[tuple[int, Line]], grain: Grain, plot: Plot, width: int) -> list[tuple[str, Line]]:
    """What is written for each line: its mark, its name, its value; names lose their beginnings where there is no room."""
    values = [f" {shown(_value(line, plot.cursor))}" if plot.values else "" for _, line in named]
    if len(named) == 1:
        line = named[0][1]
        return [(f"{line.name}{values[0]}".strip(), line)]
    room = (width + 2 - sum(len(value) + 4 for value in values)) // max(1, len(named))
    fits = sum(len(line.name) for _, line in named) <= room * len(named)
    least = max(3, room)
    names = [line.name if fits or len(line.name) <= least else f"~{line.name[1 - least :]}" for _, line in named]
    marks = (grain.marks[at % len(grain.marks)] for at in range(len(named)))
    return [(f"{mark} {name}{value}", line) for mark, name, value, (_, line) in zip(marks, names, values, named, strict=True)]


def _value(line: Line, cursor: float | None) -> float:
    """What a line shows at the cursor, else its last value."""
    if cursor is None and math.isfinite(line.newest):
        return line.newest
    if cursor is None:
        return next((y for y in reversed(line.ys) if math.isfinite(y)), math.nan)
    if not line.xs:
        return math.nan
    after = min(len(line.xs) - 1, bisect_left(line.xs, cursor))
    before = max(0, after - 1)
    near = before if abs(line.xs[before] - cursor) <= abs(line.xs[after] - cursor) else after
    return line.ys[near]


def _y_bounds(plot: Plot) -> tuple[float, float] | None:
    values = [y for line in plot.lines for part in (line.ys, line.lows, line.highs) for y in part]
    return bounds(y for y in values if y > 0) if plot.log_y else bounds(values)


def _x_axis(plot: Plot, width: int) -> Scale:
    ticked = [at for at, _ in plot.x_ticks]
    low, high = bounds([*(x for line in plot.lines for x in line.xs), *ticked]) or (0.0, 1.0)
    most = max(2, width // 12)
    axis = clock(low, high, most) if plot.time else linear(low, high, most, snap=False)
    return Scale(axis.low, axis.high, plot.x_ticks) if plot.x_ticks else axis


def _labels(field: _Field, plot: Plot, axis: Scale, row: int) -> None:
    """The labels of x, and at the right what x is."""
    sheet = field.sheet
    end = sheet.width
    if plot.x_label and len(plot.x_label) + 12 < field.width:
        end -= len(plot.x_label)
        sheet.put(row, end, plot.x_label, "axis")
        end -= 1
    free = 0
    for tick, label in axis.ticks:
        at = axis.place(tick, field.width)
        if at is None:
            continue
        start = max(0, min(field.left + at - len(label) // 2, sheet.width - len(label)))
        if start >= free and start + len(label) <= end:
            sheet.put(row, start, label, "axis")
            free = start + len(label) + 1


def _cursor(field: _Field, plot: Plot, axis: Scale, glyphs: Glyphs, row: int) -> None:
    if plot.cursor is None or not math.isfinite(plot.cursor):
        return
    at = axis.place(plot.cursor, field.width)
    if at is None:
        return
    for line in range(field.height):
        if field.sheet.signs[field.top + line][field.left + at] == " ":
            field.sheet.put(field.top + line, field.left + at, glyphs.vertical, "text")
    label = time_of(plot.cursor, axis.high) if plot.time else shown(plot.cursor)
    start = max(0, min(field.left + at - (len(label) + 2) // 2, field.sheet.width - len(label) - 2))
    field.sheet.put(row, start, f" {label} ", "cursor")


def _runs(signs: list[str], inks: list[str]) -> list[Run]:
    found: list[Run] = []
    start, ink = 0, inks[0] if inks else _BLANK
    for at, other in enumerate(inks):
        if other is not ink and other != ink:
            found.append(("".join(signs[start:at]), ink))
            start, ink = at, other
    if signs:
        found.append(("".join(signs[start:]), ink))
    return found
