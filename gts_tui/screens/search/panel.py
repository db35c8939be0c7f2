"""Panel beside the trials: details of the trial under the cursor, or one of the charts of the study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table as Grid
from rich.text import Text
from textual import getters
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Static

from gts.commands.views.formatting import format_clock, plain_text
from gts_tui.app_base import BaseApp
from gts_tui.screens.search.data import describe_trial
from gts_tui.terminal import Glyphs
from gts_tui.widgets.chart import ChartWidget
from gts_tui.widgets.chart_render import ChartData, ChartLine, LineStyle
from gts_tui.widgets.status import STATE_COLOURS, adapt_symbols

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gts.search.charts import ChartBar, ChartSeries, StudyChart, StudyChartKind, Subplot
    from gts.search.trial_records import TrialRecord


_LINE_STYLES: dict[str, LineStyle] = {"points": "points", "line": "line", "best": "line", "faint": "faint"}
_BLOCKS = {"complete": "█", "pruned": "▒", "failed": "×", "running": "░"}
_ASCII_BLOCKS = {"complete": "#", "pruned": "-", "failed": "x", "running": "."}
_GREY_COLOUR = 7
"""Index of the last chart colour of the theme, for lines in the background."""
_MIN_SPAN = 1e-9
_KINDS_WITH_LAST_VALUE = ("history", "intermediate")
"""Charts whose legend shows the last value of each line."""


def build_study_charts(chart: StudyChart) -> list[ChartData]:
    """Convert the subplots of a chart."""
    return [_subplot_chart(chart, subplot) for subplot in chart.subplots]


def build_trial_curve(trial: TrialRecord) -> ChartData | None:
    """Build the chart of the values reported during a trial; None if there are fewer than two."""
    if len(trial.curve) < 2:
        return None
    steps, values = zip(*trial.curve, strict=True)
    line = ChartLine("", tuple(map(float, steps)), tuple(map(float, values)))
    return ChartData(f"trial {trial.number}", (line,), x_label="steps")


def _subplot_chart(chart: StudyChart, subplot: Subplot) -> ChartData:
    colours = iter(range(1, _GREY_COLOUR))
    lines = [
        _chart_line(chart, series, 0 if series.style == "best" else next(colours, _GREY_COLOUR)) for series in subplot.series
    ]
    return ChartData(
        subplot.title or chart.title,
        tuple(lines),
        x_label=subplot.x_label,
        x_ticks=subplot.x_ticks,
        show_values=chart.kind in _KINDS_WITH_LAST_VALUE,
    )


def _chart_line(chart: StudyChart, series: ChartSeries, colour: int) -> ChartLine:
    style = _LINE_STYLES[series.style]
    if chart.kind == "history" and series.style == "best":
        style = "steps"
    elif chart.kind != "intermediate" and series.style == "faint":
        style = "points"
    # These charts have too many lines for a legend.
    name = "" if (series.style == "faint" and chart.kind == "intermediate") or chart.kind == "slice" else series.name
    if chart.kind == "parallel":
        name = name.removeprefix("trial ")
    return ChartLine(name, series.xs, series.ys, _GREY_COLOUR if series.style == "faint" else colour, style)


def render_study_bars(chart: StudyChart, width: int, glyphs: Glyphs, colour: Callable[[str], str]) -> Text:
    """Render one row per bar, all on one scale; `colour` maps a name of the theme to a colour."""
    bars = chart.bars
    left = min(width // 3, max(len(bar.label) for bar in bars))
    right = max(len(bar.text) for bar in bars)
    room = max(4, width - left - right - 4)
    first, last = min(bar.start for bar in bars), max(bar.end for bar in bars)
    span = max(last - first, _MIN_SPAN)
    blocks = _ASCII_BLOCKS if glyphs.level == "ascii" else _BLOCKS
    text = Text(no_wrap=True, overflow="crop")
    for bar in bars:
        start = min(room - 1, int((bar.start - first) / span * room))
        length = max(1, min(room - start, round((bar.end - bar.start) / span * room)))
        text.append_text(plain_text(f"{bar.label[:left]:{left}}  {' ' * start}"))
        bar_style = colour(f"state-{STATE_COLOURS[bar.kind]}" if bar.kind in STATE_COLOURS else "chart-1")
        text.append(blocks.get(bar.kind, glyphs.bar) * length, style=bar_style)
        text.append(" " * (room - start - length) + f"  {bar.text:>{right}}\n")
    if chart.kind == "timeline":
        text.append_text(_render_bar_axis(bars, left, room, first, last, blocks))
    text.rstrip()
    return text


def _render_bar_axis(bars: Sequence[ChartBar], left: int, room: int, first: float, last: float, blocks: dict[str, str]) -> Text:
    ends = format_clock(first), format_clock(last)
    states = dict.fromkeys(bar.kind for bar in bars)
    legend = "  ".join(f"{blocks[state]} {state}" for state in states if state in blocks)
    return Text(f"{'':{left}}  {ends[0]}{ends[1]:>{max(1, room - len(ends[0]))}}\n{'':{left}}  {legend}", style="dim")


STUDY_VIEWS = ("trial", "history", "importance", "parallel", "slice", "intermediate", "timeline", "front")
"""In the order of the tabs."""
WIDE_CHART_COLUMNS = 80
"""Width from which the panel is placed beside the trials."""
_MIN_PLOT_WIDTH, _MIN_PLOT_HEIGHT = 26, 6
"""Minimum size of a plot in cells."""
_MIN_SIDE_BY_SIDE_WIDTH = 64
"""Minimum width of the panel for text and curve side by side."""


def chart_kind_for_view(view: str) -> StudyChartKind | None:
    """Chart of a view; None for the details of a trial."""
    return None if view == STUDY_VIEWS[0] else view  # type: ignore[return-value]


class TrialPanel(Vertical, can_focus=True):
    """Shows one of `STUDY_VIEWS` below a line of tabs."""

    DEFAULT_CSS = """
    TrialPanel { background: $surface; }
    TrialPanel #views { height: 1; text-wrap: nowrap; text-overflow: clip; background: $panel; color: $text-muted; }
    TrialPanel #trial { height: 1fr; }
    TrialPanel #trial-text { width: 1fr; height: 1fr; scrollbar-size: 1 1; }
    TrialPanel #trial-text Static { height: auto; }
    TrialPanel #charts { height: 1fr; }
    TrialPanel .row { height: 1fr; }
    TrialPanel #bars { height: 1fr; text-wrap: nowrap; text-overflow: clip; }
    TrialPanel #note { height: auto; max-height: 2; color: $text-muted; }
    """

    app = getters.app(BaseApp)

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.current_view = STUDY_VIEWS[0]
        self.is_multi_objective = False
        """Whether there are two objectives, and therefore a Pareto front."""
        self._trial: TrialRecord | None = None
        self._files_path = ""
        self._study_chart: StudyChart | None = None
        self._shown_texts: dict[str, object] = {}

    def compose(self) -> ComposeResult:
        """Yield the widgets of all views; unused ones are hidden."""
        yield Static(id="views")
        with Horizontal(id="trial"):
            with VerticalScroll(id="trial-text", can_focus=False):
                yield Static()
            yield ChartWidget(id="curve")
        with Vertical(id="charts"):
            for row in range(2):
                with Horizontal(classes="row"):
                    for at in range(3):
                        yield ChartWidget(id=f"plot{row * 3 + at}")
        yield Static(id="bars")
        yield Static(id="note")

    def on_mount(self) -> None:
        """Show the first view."""
        self.update_content()

    def on_resize(self) -> None:
        """Show as much as fits."""
        self.update_content()

    def view_after(self, step: int) -> str:
        """View `step` tabs after the current one."""
        views = self._available_views()
        return views[((views.index(self.current_view) if self.current_view in views else 0) + step) % len(views)]

    def show_view(self, view: str) -> None:
        """Show another view."""
        self.current_view = view
        self.update_content()

    def show_trial(self, trial: TrialRecord | None, files_path: str) -> None:
        """Show a trial; `files_path` is the path of its run, empty if there is none on this disk."""
        self._trial, self._files_path = trial, files_path
        if self.current_view == "trial":
            self.update_content()

    def show_chart(self, chart: StudyChart | None, *, is_multi_objective: bool) -> None:
        """Show the requested chart; None while it is being made."""
        if is_multi_objective != self.is_multi_objective:
            self.is_multi_objective = is_multi_objective
            self._set_text("#views", self._view_tabs())
        self._study_chart = chart
        if self.current_view != "trial":
            self.update_content()

    def update_content(self) -> None:
        """Redraw the parts that changed."""
        if not self.is_mounted or not self.size.width:
            return
        self._set_text("#views", self._view_tabs())
        chart = self._study_chart if self._study_chart is not None and self._study_chart.kind == self.current_view else None
        plots = build_study_charts(chart) if chart else []
        self._set_visible("#trial", self.current_view == "trial")
        self._set_visible("#charts", bool(plots))
        self._set_visible("#bars", chart is not None and bool(chart.bars))
        if self.current_view == "trial":
            self._update_trial()
            self._set_text("#note", Text())
            return
        note = "…" if chart is None else chart.note
        hidden = self._update_charts(plots) if plots else 0
        if hidden:
            note = "  ".join(filter(None, [f"{hidden} more: + maximises", note]))
        if chart is not None and chart.bars:
            self._set_text("#bars", render_study_bars(chart, self.size.width - 1, self.app.glyphs, self._theme_colour))
        self._set_text("#note", plain_text(adapt_symbols(note, self.app.glyphs)))

    def _available_views(self) -> list[str]:
        """All views; the front only for two objectives."""
        return [view for view in STUDY_VIEWS if view != "front" or self.is_multi_objective]

    def _view_tabs(self) -> Text:
        """Render the tabs; the first ones are dropped if not all fit, up to the current one."""
        names = self._available_views()
        while len(names) > 1 and names[0] != self.current_view and sum(len(name) + 2 for name in names) > self.size.width:
            names = names[1:]
        line = Text()
        for name in names:
            line.append(f" {name} ", "reverse bold" if name == self.current_view else "")
        return line

    def _update_trial(self) -> None:
        trial = self._trial
        curve = build_trial_curve(trial) if trial else None
        text: object = Text("no trial selected", "dim")
        if trial is not None:
            rows = describe_trial(trial)
            if self._files_path:
                rows.append(("files", self._files_path))
            text = tuple((name, adapt_symbols(plain_text(value).plain, self.app.glyphs)) for name, value in rows)
        if self._shown_texts.get("#trial-text Static") != text:
            self._shown_texts["#trial-text Static"] = text
            self.query_one("#trial-text Static", Static).update(_pairs(text) if isinstance(text, tuple) else text)  # type: ignore[arg-type]
        self._set_visible("#curve", curve is not None and self.size.width >= _MIN_SIDE_BY_SIDE_WIDTH)
        if curve is not None:
            self.query_one("#curve", ChartWidget).show_data(curve)

    def _update_charts(self, plots: list[ChartData]) -> int:
        """Show as many plots as fit. Returns the number of hidden ones."""
        across = max(1, min(3, len(plots), self.size.width // _MIN_PLOT_WIDTH))
        down = max(1, min(2, (self.size.height - 2) // _MIN_PLOT_HEIGHT, -(-len(plots) // across)))
        for row in range(2):
            for at in range(3):
                index, selector = row * across + at, f"#plot{row * 3 + at}"
                is_used = at < across and row < down and index < len(plots)
                self._set_visible(selector, is_used)
                if is_used:
                    self.query_one(selector, ChartWidget).show_data(plots[index])
        for row, container in enumerate(self.query(".row")):
            if container.display != (row < down):
                container.display = row < down
        return max(0, len(plots) - across * down)

    def _set_text(self, selector: str, text: Text) -> None:
        if self._shown_texts.get(selector) != text:
            self._shown_texts[selector] = text
            self.query_one(selector, Static).update(text)

    def _set_visible(self, selector: str, visible: bool) -> None:
        widget = self.query_one(selector)
        if widget.display != visible:
            widget.display = visible

    def _theme_colour(self, name: str) -> str:
        from textual.color import Color

        found = Color.parse(self.app.theme_variables.get(name, "ansi_default")).rich_color
        return found.name if found.triplet is None else found.triplet.hex


def _pairs(rows: tuple[tuple[str, str], ...]) -> Grid:
    grid = Grid(box=None, pad_edge=False, show_header=False)
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in rows:
        grid.add_row(Text(name), Text(value))
    return grid
