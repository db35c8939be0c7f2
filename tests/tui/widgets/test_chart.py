"""Charts: drawn dots match the numbers, at any size and for any numbers."""

from __future__ import annotations

import asyncio
import math
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.color import Color

from gts_tui.terminal import GLYPHS_BY_LEVEL
from gts_tui.theme import THEME_VARIABLE_DEFAULTS
from gts_tui.widgets import chart_canvas
from gts_tui.widgets.chart import ChartWidget
from gts_tui.widgets.chart_canvas import (
    format_axis_time,
    format_axis_value,
    format_tick_label,
    make_linear_axis,
    make_log_axis,
    make_time_axis,
)
from gts_tui.widgets.chart_render import ChartData, ChartLine, StyledSpan, render_chart_rows

FLOATS = st.floats() | st.sampled_from([math.nan, math.inf, -math.inf, 1e308, -1e308, 1.7e308, -1.7e308, 5e-324, 0.0])
LOOKS = st.sampled_from(["line", "steps", "points", "faint"])


@st.composite
def lines(draw_: Any) -> ChartLine:
    """A line of any numbers, with or without a band."""
    count = draw_(st.integers(0, 30))
    column = st.lists(FLOATS, min_size=count, max_size=count).map(tuple)
    band = draw_(st.booleans())
    return ChartLine(
        draw_(st.text(max_size=30)),
        draw_(column),
        draw_(column),
        colour=draw_(st.integers(0, 20)),
        style=draw_(LOOKS),
        lows=draw_(column) if band else (),
        highs=draw_(column) if band else (),
    )


PLOTS = st.builds(
    ChartData,
    title=st.text(max_size=20),
    lines=st.lists(lines(), max_size=5).map(tuple),
    x_label=st.text(max_size=10),
    is_time_axis=st.booleans(),
    is_log_y=st.booleans(),
    x_ticks=st.lists(st.tuples(FLOATS, st.text(max_size=5)), max_size=3).map(tuple),
    cursor=st.none() | FLOATS,
)


@settings(max_examples=150)
@given(PLOTS, st.integers(0, 300), st.integers(0, 300).map(lambda size: size // 4), st.sampled_from(sorted(GLYPHS_BY_LEVEL)))
def test_any_numbers_at_any_size(plot: ChartData, width: int, height: int, level: Any) -> None:
    """Every row is as wide as it should be, and nothing is raised."""
    rows = render_chart_rows(plot, width, height, GLYPHS_BY_LEVEL[level])
    assert len(rows) == height
    assert all(sum(len(text) for text, _ in row) == width for row in rows)


def test_a_rising_line_lights_the_diagonal() -> None:
    """Four dots a cell down and two across: from the lower left corner to the upper right one."""
    columns = [0] * 8
    chart_canvas.draw_polyline(columns, range(8), range(7, -1, -1))
    assert columns == [1 << row for row in range(7, -1, -1)]
    lit = {
        (row, column): chart_canvas.DOT_ENCODINGS["braille"].chars[bits]
        for row, column, bits in chart_canvas.iterate_cells(columns, chart_canvas.DOT_ENCODINGS["braille"])
    }
    assert lit == {(1, 0): "⡠", (1, 1): "⠊", (0, 2): "⡠", (0, 3): "⠊"}


def test_a_steep_line_has_no_holes() -> None:
    """Each column has its part of the way, and none of another's."""
    columns = [0] * 3
    chart_canvas.draw_polyline(columns, [0, 2], [0, 11])
    assert columns == [0b000000000111, 0b000111111000, 0b111000000000]


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_a_line_is_connected_and_the_same_from_both_ends(x0: int, y0: int, x1: int, y1: int) -> None:
    """Every dot has a neighbour, the ends are lit, and it is as thin as can be."""
    one, other = [0] * 41, [0] * 41
    chart_canvas.draw_polyline(one, [x0, x1], [y0, y1])
    chart_canvas.draw_polyline(other, [x1, x0], [y1, y0])
    assert one == other
    dots = {(x, y) for x, bits in enumerate(one) for y in range(41) if bits >> y & 1}
    assert {(x0, y0), (x1, y1)} <= dots
    assert len(dots) == max(abs(x1 - x0), abs(y1 - y0)) + 1
    reached, new = set(), {(x0, y0)}
    while new:
        reached |= new
        new = {(x + dx, y + dy) for x, y in new for dx in (-1, 0, 1) for dy in (-1, 0, 1)} & dots - reached
    assert reached == dots


def test_a_gap_is_left_where_a_value_is_not_finite() -> None:
    """The line stops before it and starts again after it."""
    ys = tuple(math.nan if 40 <= x < 60 else 1.0 for x in range(100))
    plot = ChartData("", (ChartLine("a", tuple(map(float, range(100))), ys),))
    row = next(text for text in field(plot, 110, 12) if "⠉" in text or "⠒" in text or "⠤" in text or "⣀" in text)
    drawn = row.strip()
    holes = [len(hole) for hole in drawn.replace(drawn[0], "x").split("x") if hole]
    assert [hole for hole in holes if hole > 5] == [pytest.approx(20, abs=3)]


def field(plot: ChartData, width: int, height: int, level: Any = "braille") -> list[str]:
    """The part of a picture right of its axis."""
    axis = GLYPHS_BY_LEVEL[level].vertical
    rows = ["".join(text for text, _ in row) for row in render_chart_rows(plot, width, height, GLYPHS_BY_LEVEL[level])]
    return [row.replace("┤", axis).replace("+", axis, 1).partition(axis)[2] for row in rows]


def test_lines_differ_without_colour() -> None:
    """Each has a sign of its own, on the line and in the legend."""
    xs = tuple(map(float, range(100)))
    plot = ChartData("return", tuple(ChartLine(f"run{at}", xs, (float(at),) * 100, colour=at) for at in range(3)))
    for level, grain in chart_canvas.DOT_ENCODINGS.items():
        rows = ["".join(text for text, _ in row) for row in render_chart_rows(plot, 90, 16, GLYPHS_BY_LEVEL[level])]
        for mark, name in zip(grain.markers, ("run0", "run1", "run2"), strict=False):
            assert f"{mark} {name}" in rows[0], (level, rows)
            assert sum(mark in row for row in rows[1:]) == 1, (level, mark, rows)


def test_only_ascii_at_the_ascii_level() -> None:
    """Nothing else may be sent to such a terminal."""
    xs = tuple(map(float, range(50)))
    one = ChartLine("run", xs, xs, lows=tuple(x - 5 for x in xs), highs=tuple(x + 5 for x in xs))
    plot = ChartData("return", (one, ChartLine("other" * 30, xs, xs[::-1], style="steps")), x_label="steps", cursor=20.0)
    text = "".join(text for row in render_chart_rows(plot, 60, 14, GLYPHS_BY_LEVEL["ascii"]) for text, _ in row)
    assert text.isascii()


def test_a_line_stands_out_from_its_band() -> None:
    """The line hides the band."""
    xs = tuple(map(float, range(50)))
    plot = ChartData("", (ChartLine("a", xs, xs, colour=2, lows=tuple(x - 9 for x in xs), highs=tuple(x + 9 for x in xs)),))
    for level in GLYPHS_BY_LEVEL.values():
        inks = inks_of(render_chart_rows(plot, 60, 14, level))
        assert "band2" in inks and "line2" in inks
        columns = {at for row in render_chart_rows(plot, 60, 14, level)[1:] for at, ink in columns_of(row) if ink == "line2"}
        assert len(columns) >= 50


def inks_of(rows: list[list[StyledSpan]]) -> set[str]:
    """Every ink of a picture."""
    return {ink for row in rows for _, ink in row}


def columns_of(row: list[StyledSpan]) -> list[tuple[int, str]]:
    """The ink of every column of a row."""
    inks = [ink for text, ink in row for _ in text]
    return list(enumerate(inks))


def test_values_without_a_logarithm_are_counted_in_the_title() -> None:
    """Values that are not positive are left out; the title shows their number."""
    plot = ChartData("loss", (ChartLine("", (0.0, 1.0, 2.0, 3.0), (0.0, -1.0, 10.0, 1000.0)),), is_log_y=True)
    rows = ["".join(text for text, _ in row) for row in render_chart_rows(plot, 60, 12, GLYPHS_BY_LEVEL["braille"])]
    assert "2 not above 0 left out" in rows[0]
    assert any("1000┤" in row for row in rows) and any("10┤" in row for row in rows)
    nothing = ChartData("loss", (ChartLine("", (0.0, 1.0), (0.0, -1.0)),), is_log_y=True)
    assert any(
        "no values above 0" in "".join(text for text, _ in row)
        for row in render_chart_rows(nothing, 60, 12, GLYPHS_BY_LEVEL["braille"])
    )


def test_the_legend_shows_the_values_at_the_cursor() -> None:
    """In place of the last ones."""
    xs = tuple(float(1000 * x) for x in range(50))
    plot = ChartData("return", (ChartLine("", xs, tuple(float(x) for x in range(50))),), cursor=20_000.0)
    rows = ["".join(text for text, _ in row) for row in render_chart_rows(plot, 60, 12, GLYPHS_BY_LEVEL["braille"])]
    assert rows[0].rstrip().endswith(" 20") and " 20k " in rows[-1]


def test_labels_are_round_and_stay() -> None:
    """1, 2 and 5; and the same axis while the data grows a little."""
    axis = make_linear_axis(0.0, 973.0, 5, snap=True)
    assert [text for _, text in axis.ticks] == ["0", "200", "400", "600", "800", "1000"]
    assert make_linear_axis(0.0, 973.0, 5, snap=True) == make_linear_axis(0.0, 981.0, 5, snap=True)
    assert [text for _, text in make_linear_axis(0.0, 2_000_000.0, 4, snap=False).ticks] == [
        "0",
        "0.5M",
        "1.0M",
        "1.5M",
        "2.0M",
    ]
    assert [text for _, text in make_linear_axis(0.0102, 0.0298, 2, snap=False).ticks] == ["0.02"]
    assert [text for _, text in make_time_axis(0.0, 200.0, 4).ticks] == ["0:00", "1:00", "2:00", "3:00"]
    assert [text for _, text in make_time_axis(0.0, 14000.0, 4).ticks] == ["0:00", "1:00", "2:00", "3:00"]
    assert [text for _, text in make_log_axis(0.5, 800.0, 5).ticks] == ["1", "10", "100", "1000"]
    assert (
        format_axis_time(75.0, 75.0),
        format_axis_value(1234567.0),
        format_axis_value(0.00001234),
        format_axis_value(math.nan),
    ) == ("1:15", "1.23M", "1.23e-5", "–")
    assert format_tick_label(0.0005, 0.0005, 0.0009) == "5e-4"


def test_four_lines_in_three_milliseconds() -> None:
    """As fast as the screen needs it; the fastest of many tries, since other work shares the machine."""
    xs = tuple(map(float, range(240)))
    plot = ChartData("", tuple(ChartLine(str(at), xs, tuple(math.sin(x / 9 + at) * x for x in xs), at) for at in range(4)))
    times = []
    for _ in range(60):
        begun = time.process_time()
        render_chart_rows(plot, 120, 30, GLYPHS_BY_LEVEL["braille"])
        times.append(time.process_time() - begun)
    assert min(times) < 0.003


class One(App[None]):
    """A chart on the whole screen."""

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Colours of lines."""
        return THEME_VARIABLE_DEFAULTS

    def compose(self) -> ComposeResult:
        """The chart."""
        yield ChartWidget()


def test_only_changed_rows_are_painted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same plot costs nothing; another value at the end costs a few rows; colours are those of the theme."""
    xs = tuple(map(float, range(100)))
    first = ChartData("return", (ChartLine("", xs, xs, colour=1),))
    second = ChartData("return", (ChartLine("", xs, (*xs[:-1], 90.0), colour=1),))

    async def look() -> None:
        app = One()
        async with app.run_test(size=(80, 24)) as pilot:
            chart = app.query_one(ChartWidget)
            chart.show_data(first)
            await pilot.pause()
            assert "return" in chart.plain_text()
            assert colours(chart) >= {Color.parse(THEME_VARIABLE_DEFAULTS["chart-2"]).rich_color.name}
            painted: list[tuple[Any, ...]] = []
            monkeypatch.setattr(chart, "refresh", lambda *regions, **_: painted.append(regions))
            chart.show_data(ChartData("return", (ChartLine("", tuple(xs), tuple(xs), colour=1),)))
            assert painted == []
            chart.show_data(second)
            assert len(painted) == 1 and 0 < len(painted[0]) < 8

    def colours(chart: ChartWidget) -> set[str]:
        segments: list[Segment] = [segment for y in range(24) for segment in chart.render_line(y)]
        return {segment.style.color.name for segment in segments if segment.style and segment.style.color}

    asyncio.run(look())


def test_a_chart_survives_every_size() -> None:
    """From nothing to more than any screen, quickly after each other."""
    xs = tuple(map(float, range(100)))

    async def look() -> None:
        app = One()
        async with app.run_test(size=(80, 24)) as pilot:
            app.query_one(ChartWidget).show_data(ChartData("return", (ChartLine("a", xs, xs), ChartLine("b", xs, xs[::-1]))))
            for size in ((1, 1), (300, 100), (2, 50), (50, 2), (16, 4), (20, 5), (80, 24)):
                await pilot.resize_terminal(*size)
            assert "return" in app.query_one(ChartWidget).plain_text()

    asyncio.run(look())
