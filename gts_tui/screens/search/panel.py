"""The panel beside the trials: the trial under the cursor, or a chart of the whole study.

The charts of a study as plots and as bars.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table as Grid
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Static

from gts.commands.views.formatting import format_clock, plain_text
from gts_tui.screens.search.data import describe_trial
from gts_tui.terminal import BRAILLE, Glyphs
from gts_tui.widgets.chart import ChartWidget
from gts_tui.widgets.chart_render import ChartData, ChartLine, LineStyle
from gts_tui.widgets.status import STATE_COLOURS, adapt_symbols

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gts.search.charts import ChartBar, ChartSeries, StudyChartKind
    from gts.search.charts import StudyChart as StudyChart
    from gts.search.charts import Subplot as StudyPanel
    from gts.search.trial_records import TrialRecord


_LINE_STYLES: dict[str, LineStyle] = {"points": "points", "line": "line", "best": "line", "faint": "faint"}
_BLOCKS = {"complete": "█", "pruned": "▒", "failed": "×", "running": "░"}
_ASCII_BLOCKS = {"complete": "#", "pruned": "-", "failed": "x", "running": "."}
_GREY_COLOUR = 7
"""The last of the theme's chart colours: for what stands back."""
_MIN_SPAN = 1e-9
_KINDS_WITH_LAST_VALUE = ("history", "intermediate")
"""Charts whose lines have an end that says something."""


def build_study_charts(chart: StudyChart) -> list[ChartData]:
    """The pairs of axes of a chart."""
    return [_panel_chart(chart, panel) for panel in chart.subplots]


def build_trial_curve(trial: TrialRecord) -> ChartData | None:
    """The values that a trial reported on its way; None where there are fewer than two."""
    if len(trial.curve) < 2:
        return None
    steps, values = zip(*trial.curve, strict=True)
    line = ChartLine("", tuple(map(float, steps)), tuple(map(float, values)))
    return ChartData(f"trial {trial.number}", (line,), x_label="steps")


def _panel_chart(chart: StudyChart, panel: StudyPanel) -> ChartData:
    colours = iter(range(1, _GREY_COLOUR))
    lines = [
        _chart_line(chart, series, 0 if series.style == "best" else next(colours, _GREY_COLOUR)) for series in panel.series
    ]
    title = panel.title or chart.title
    return ChartData(
        title, tuple(lines), x_label=panel.x_label, x_ticks=panel.x_ticks, show_values=chart.kind in _KINDS_WITH_LAST_VALUE
    )


def _chart_line(chart: StudyChart, series: ChartSeries, colour: int) -> ChartLine:
    look = _LINE_STYLES[series.style]
    if chart.kind == "history" and series.style == "best":
        look = "steps"
    elif chart.kind != "intermediate" and series.style == "faint":
        look = "points"
    # A legend of forty names would be all that is seen.
    name = "" if (series.style == "faint" and chart.kind == "intermediate") or chart.kind == "slice" else series.name
    if chart.kind == "parallel":
        # Its title says that they are trials.
        name = name.removeprefix("trial ")
    return ChartLine(name, series.xs, series.ys, _GREY_COLOUR if series.style == "faint" else colour, look)


def render_study_bars(chart: StudyChart, width: int, glyphs: Glyphs, colour: Callable[[str], str]) -> Text:
    """A row a bar, on one scale; `colour` gives what the theme has for an ink."""
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
        ink = colour(f"state-{STATE_COLOURS[bar.kind]}" if bar.kind in STATE_COLOURS else "chart-1")
        text.append(blocks.get(bar.kind, glyphs.bar) * length, style=ink)
        text.append(" " * (room - start - length) + f"  {bar.text:>{right}}\n")
    if chart.kind == "timeline":
        text.append_text(_render_bar_axis(bars, left, room, first, last, blocks))
    text.rstrip()
    return text


def _render_bar_axis(bars: Sequence[ChartBar], left: int, room: int, first: float, last: float, blocks: dict[str, str]) -> Text:
    ends = format_clock(first), format_clock(last)
    states = dict.fromkeys(bar.kind for bar in bars)
    signs = "  ".join(f"{blocks[state]} {state}" for state in states if state in blocks)
    return Text(f"{'':{left}}  {ends[0]}{ends[1]:>{max(1, room - len(ends[0]))}}\n{'':{left}}  {signs}", style="dim")


STUDY_VIEWS = ("trial", "history", "importance", "parallel", "slice", "intermediate", "timeline", "front")
"""In the order in which they are gone through."""
MOST_PLOTS = 6
WIDE_CHART_COLUMNS = 80
"""Columns that a chart wants."""
_MIN_PLOT_WIDTH, _MIN_PLOT_HEIGHT = 26, 6
"""Columns and rows that a plot needs to say something."""
_MIN_SIDE_BY_SIDE_WIDTH = 64
"""Columns that text and curve need to stand side by side."""


def chart_kind_for_view(view: str) -> StudyChartKind | None:
    """The chart that a view shows; None for a trial."""
    return None if view == STUDY_VIEWS[0] else view  # type: ignore[return-value]


class TrialPanel(Vertical, can_focus=True):
    """One of `STUDY_VIEWS` at a time, under a line that names them."""

    DEFAULT_CSS = """
    TrialPanel { background: $surface; }
    TrialPanel #views { height: 1; text-wrap: nowrap; text-overflow: clip; background: $panel; color: $text-muted; }
    TrialPanel #trial { height: 1fr; }
    TrialPanel #told { width: 1fr; height: 1fr; scrollbar-size: 1 1; }
    TrialPanel #told Static { height: auto; }
    TrialPanel #charts { height: 1fr; }
    TrialPanel .row { height: 1fr; }
    TrialPanel #bars { height: 1fr; text-wrap: nowrap; text-overflow: clip; }
    TrialPanel #remark { height: auto; max-height: 2; color: $text-muted; }
    """

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.current_view = STUDY_VIEWS[0]
        self.is_multi_objective = False
        """Whether there are two objectives, and a front."""
        self._trial: TrialRecord | None = None
        self._files_path = ""
        self._study_chart: StudyChart | None = None
        self._shown_texts: dict[str, object] = {}

    def compose(self) -> ComposeResult:
        """Everything that it may show; what is not wanted is hidden."""
        yield Static(id="views")
        with Horizontal(id="trial"):
            with VerticalScroll(id="told", can_focus=False):
                yield Static()
            yield ChartWidget(id="curve")
        with Vertical(id="charts"):
            for row in range(2):
                with Horizontal(classes="row"):
                    for at in range(3):
                        yield ChartWidget(id=f"plot{row * 3 + at}")
        yield Static(id="bars")
        yield Static(id="remark")

    def on_mount(self) -> None:
        """Show what there is."""
        self.update_content()

    def on_resize(self) -> None:
        """What fits may be another thing now."""
        self.update_content()

    def view_after(self, step: int) -> str:
        """The view so many further on."""
        views = self._available_views()
        return views[((views.index(self.current_view) if self.current_view in views else 0) + step) % len(views)]

    def show_view(self, view: str) -> None:
        """Show another view."""
        self.current_view = view
        self.update_content()

    def show_trial(self, trial: TrialRecord | None, files_path: str) -> None:
        """The trial under the cursor; `where` its files are, empty for nowhere."""
        self._trial, self._files_path = trial, files_path
        if self.current_view == "trial":
            self.update_content()

    def show_chart(self, chart: StudyChart | None, *, is_multi_objective: bool) -> None:
        """The chart that was asked for, None while it is made; whether there are `several` objectives."""
        if is_multi_objective != self.is_multi_objective:
            self.is_multi_objective = is_multi_objective
            self._set_text("#views", self._view_tabs())
        self._study_chart = chart
        if self.current_view != "trial":
            self.update_content()

    def update_content(self) -> None:
        """Bring the screen up to date; what looks as before is left alone."""
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
            self._set_text("#remark", Text())
            return
        remark = "…" if chart is None else chart.note
        hidden = self._update_charts(plots) if plots else 0
        if hidden:
            remark = "  ".join(filter(None, [f"{hidden} more: + maximises", remark]))
        if chart is not None and chart.bars:
            self._set_text("#bars", render_study_bars(chart, self.size.width - 1, self._glyphs, self._theme_colour))
        self._set_text("#remark", plain_text(adapt_symbols(remark, self._glyphs)))

    def _available_views(self) -> list[str]:
        """What there is; a front only where there are several objectives."""
        return [view for view in STUDY_VIEWS if view != "front" or self.is_multi_objective]

    def _view_tabs(self) -> Text:
        """The views; where there is no room for all of them, the last ones as far as the present one is among them."""
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
        text: object = Text("no trial is chosen", "dim")
        if trial is not None:
            rows = describe_trial(trial)
            if self._files_path:
                rows.append(("files", self._files_path))
            text = tuple((name, adapt_symbols(plain_text(value).plain, self._glyphs)) for name, value in rows)
        if self._shown_texts.get("#told Static") != text:
            self._shown_texts["#told Static"] = text
            self.query_one("#told Static", Static).update(_pairs(text) if isinstance(text, tuple) else text)  # type: ignore[arg-type]
        self._set_visible("#curve", curve is not None and self.size.width >= _MIN_SIDE_BY_SIDE_WIDTH)
        if curve is not None:
            self.query_one("#curve", ChartWidget).show_data(curve)

    def _update_charts(self, plots: list[ChartData]) -> int:
        """Show as many plots as there is room for; how many are left out."""
        across = max(1, min(3, len(plots), self.size.width // _MIN_PLOT_WIDTH))
        down = max(1, min(2, (self.size.height - 2) // _MIN_PLOT_HEIGHT, -(-len(plots) // across)))
        for row in range(2):
            for at in range(3):
                place = row * across + at
                widget = self.query_one(f"#plot{row * 3 + at}", ChartWidget)
                used = at < across and row < down and place < len(plots)
                if widget.display != used:
                    widget.display = used
                if used:
                    widget.show_data(plots[place])
        for row, part in enumerate(self.query(".row")):
            if part.display != (row < down):
                part.display = row < down
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

    @property
    def _glyphs(self) -> Glyphs:
        return getattr(self.app, "glyphs", BRAILLE)


def _pairs(rows: tuple[tuple[str, str], ...]) -> Grid:
    grid = Grid(box=None, pad_edge=False, show_header=False)
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in rows:
        grid.add_row(Text(name), Text(value))
    return grid
