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

from gts.commands.views.formatting import clock, plain
from gts_tui.screens.search.data import told
from gts_tui.terminal import BRAILLE, Glyphs
from gts_tui.widgets.chart import Chart
from gts_tui.widgets.chart_render import Line, Look, Plot
from gts_tui.widgets.status import INKS, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gts.search.charts import Bar, Kind, Series
    from gts.search.charts import Chart as StudyChart
    from gts.search.charts import Panel as StudyPanel
    from gts.search.trial_records import TrialRow


_LOOKS: dict[str, Look] = {"points": "points", "line": "line", "best": "line", "faint": "faint"}
_BLOCKS = {"complete": "█", "pruned": "▒", "failed": "×", "running": "░"}
_ASCII_BLOCKS = {"complete": "#", "pruned": "-", "failed": "x", "running": "."}
_GREY = 7
"""The last of the theme's chart colours: for what stands back."""
_NARROWEST = 1e-9
_ENDING = ("history", "intermediate")
"""Charts whose lines have an end that says something."""


def plots_of(chart: StudyChart) -> list[Plot]:
    """The pairs of axes of a chart."""
    return [_plot(chart, panel) for panel in chart.panels]


def curve_of(trial: TrialRow) -> Plot | None:
    """The values that a trial reported on its way; None where there are fewer than two."""
    if len(trial.curve) < 2:
        return None
    steps, values = zip(*trial.curve, strict=True)
    line = Line("", tuple(map(float, steps)), tuple(map(float, values)))
    return Plot(f"trial {trial.number}", (line,), x_label="steps")


def _plot(chart: StudyChart, panel: StudyPanel) -> Plot:
    colours = iter(range(1, _GREY))
    lines = [_line(chart, series, 0 if series.look == "best" else next(colours, _GREY)) for series in panel.series]
    title = panel.title or chart.title
    return Plot(title, tuple(lines), x_label=panel.x_label, x_ticks=panel.x_ticks, values=chart.kind in _ENDING)


def _line(chart: StudyChart, series: Series, colour: int) -> Line:
    look = _LOOKS[series.look]
    if chart.kind == "history" and series.look == "best":
        look = "steps"
    elif chart.kind != "intermediate" and series.look == "faint":
        look = "points"
    # A legend of forty names would be all that is seen.
    name = "" if (series.look == "faint" and chart.kind == "intermediate") or chart.kind == "slice" else series.name
    if chart.kind == "parallel":
        # Its title says that they are trials.
        name = name.removeprefix("trial ")
    return Line(name, series.xs, series.ys, _GREY if series.look == "faint" else colour, look)


def bars_of(chart: StudyChart, width: int, glyphs: Glyphs, colour: Callable[[str], str]) -> Text:
    """A row a bar, on one scale; `colour` gives what the theme has for an ink."""
    bars = chart.bars
    left = min(width // 3, max(len(bar.label) for bar in bars))
    right = max(len(bar.says) for bar in bars)
    room = max(4, width - left - right - 4)
    first, last = min(bar.start for bar in bars), max(bar.end for bar in bars)
    span = max(last - first, _NARROWEST)
    blocks = _ASCII_BLOCKS if glyphs.level == "ascii" else _BLOCKS
    made = Text(no_wrap=True, overflow="crop")
    for bar in bars:
        start = min(room - 1, int((bar.start - first) / span * room))
        length = max(1, min(room - start, round((bar.end - bar.start) / span * room)))
        made.append_text(plain(f"{bar.label[:left]:{left}}  {' ' * start}"))
        ink = colour(f"state-{INKS[bar.kind]}" if bar.kind in INKS else "chart-1")
        made.append(blocks.get(bar.kind, glyphs.bar) * length, style=ink)
        made.append(" " * (room - start - length) + f"  {bar.says:>{right}}\n")
    if chart.kind == "timeline":
        made.append_text(_scale(bars, left, room, first, last, blocks))
    made.rstrip()
    return made


def _scale(bars: Sequence[Bar], left: int, room: int, first: float, last: float, blocks: dict[str, str]) -> Text:
    ends = clock(first), clock(last)
    states = dict.fromkeys(bar.kind for bar in bars)
    signs = "  ".join(f"{blocks[state]} {state}" for state in states if state in blocks)
    return Text(f"{'':{left}}  {ends[0]}{ends[1]:>{max(1, room - len(ends[0]))}}\n{'':{left}}  {signs}", style="dim")


VIEWS = ("trial", "history", "importance", "parallel", "slice", "intermediate", "timeline", "front")
"""In the order in which they are gone through."""
MOST_PLOTS = 6
WIDE = 80
"""Columns that a chart wants."""
_NARROW, _LOW = 26, 6
"""Columns and rows that a plot needs to say something."""
_BESIDE = 64
"""Columns that text and curve need to stand side by side."""


def kind_of(view: str) -> Kind | None:
    """The chart that a view shows; None for a trial."""
    return None if view == VIEWS[0] else view  # type: ignore[return-value]


class Panel(Vertical, can_focus=True):
    """One of `VIEWS` at a time, under a line that names them."""

    DEFAULT_CSS = """
    Panel { background: $surface; }
    Panel #views { height: 1; text-wrap: nowrap; text-overflow: clip; background: $panel; color: $text-muted; }
    Panel #trial { height: 1fr; }
    Panel #told { width: 1fr; height: 1fr; scrollbar-size: 1 1; }
    Panel #told Static { height: auto; }
    Panel #charts { height: 1fr; }
    Panel .row { height: 1fr; }
    Panel #bars { height: 1fr; text-wrap: nowrap; text-overflow: clip; }
    Panel #remark { height: auto; max-height: 2; color: $text-muted; }
    """

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.view = VIEWS[0]
        self.several = False
        """Whether there are two objectives, and a front."""
        self._trial: TrialRow | None = None
        self._where = ""
        self._chart: StudyChart | None = None
        self._said: dict[str, object] = {}

    def compose(self) -> ComposeResult:
        """Everything that it may show; what is not wanted is hidden."""
        yield Static(id="views")
        with Horizontal(id="trial"):
            with VerticalScroll(id="told", can_focus=False):
                yield Static()
            yield Chart(id="curve")
        with Vertical(id="charts"):
            for row in range(2):
                with Horizontal(classes="row"):
                    for at in range(3):
                        yield Chart(id=f"plot{row * 3 + at}")
        yield Static(id="bars")
        yield Static(id="remark")

    def on_mount(self) -> None:
        """Show what there is."""
        self.redraw()

    def on_resize(self) -> None:
        """What fits may be another thing now."""
        self.redraw()

    def after(self, step: int) -> str:
        """The view so many further on."""
        views = self._views()
        return views[((views.index(self.view) if self.view in views else 0) + step) % len(views)]

    def turn(self, view: str) -> None:
        """Show another view."""
        self.view = view
        self.redraw()

    def show_trial(self, trial: TrialRow | None, where: str) -> None:
        """The trial under the cursor; `where` its files are, empty for nowhere."""
        self._trial, self._where = trial, where
        if self.view == "trial":
            self.redraw()

    def show_chart(self, chart: StudyChart | None, *, several: bool) -> None:
        """The chart that was asked for, None while it is made; whether there are `several` objectives."""
        if several != self.several:
            self.several = several
            self._say("#views", self._names())
        self._chart = chart
        if self.view != "trial":
            self.redraw()

    def redraw(self) -> None:
        """Bring the screen up to date; what looks as before is left alone."""
        if not self.is_mounted or not self.size.width:
            return
        self._say("#views", self._names())
        chart = self._chart if self._chart is not None and self._chart.kind == self.view else None
        plots = plots_of(chart) if chart else []
        self._appear("#trial", self.view == "trial")
        self._appear("#charts", bool(plots))
        self._appear("#bars", chart is not None and bool(chart.bars))
        if self.view == "trial":
            self._draw_trial()
            self._say("#remark", Text())
            return
        remark = "…" if chart is None else chart.remark
        hidden = self._draw_plots(plots) if plots else 0
        if hidden:
            remark = "  ".join(filter(None, [f"{hidden} more: + maximises", remark]))
        if chart is not None and chart.bars:
            self._say("#bars", bars_of(chart, self.size.width - 1, self._glyphs, self._colour))
        self._say("#remark", plain(shown(remark, self._glyphs)))

    def _views(self) -> list[str]:
        """What there is; a front only where there are several objectives."""
        return [view for view in VIEWS if view != "front" or self.several]

    def _names(self) -> Text:
        """The views; where there is no room for all of them, the last ones as far as the present one is among them."""
        names = self._views()
        while len(names) > 1 and names[0] != self.view and sum(len(name) + 2 for name in names) > self.size.width:
            names = names[1:]
        line = Text()
        for name in names:
            line.append(f" {name} ", "reverse bold" if name == self.view else "")
        return line

    def _draw_trial(self) -> None:
        trial = self._trial
        curve = curve_of(trial) if trial else None
        text: object = Text("no trial is chosen", "dim")
        if trial is not None:
            rows = told(trial)
            if self._where:
                rows.append(("files", self._where))
            text = tuple((name, shown(plain(value).plain, self._glyphs)) for name, value in rows)
        if self._said.get("#told Static") != text:
            self._said["#told Static"] = text
            self.query_one("#told Static", Static).update(_pairs(text) if isinstance(text, tuple) else text)  # type: ignore[arg-type]
        self._appear("#curve", curve is not None and self.size.width >= _BESIDE)
        if curve is not None:
            self.query_one("#curve", Chart).show(curve)

    def _draw_plots(self, plots: list[Plot]) -> int:
        """Show as many plots as there is room for; how many are left out."""
        across = max(1, min(3, len(plots), self.size.width // _NARROW))
        down = max(1, min(2, (self.size.height - 2) // _LOW, -(-len(plots) // across)))
        for row in range(2):
            for at in range(3):
                place = row * across + at
                widget = self.query_one(f"#plot{row * 3 + at}", Chart)
                used = at < across and row < down and place < len(plots)
                if widget.display != used:
                    widget.display = used
                if used:
                    widget.show(plots[place])
        for row, part in enumerate(self.query(".row")):
            if part.display != (row < down):
                part.display = row < down
        return max(0, len(plots) - across * down)

    def _say(self, where: str, text: Text) -> None:
        if self._said.get(where) != text:
            self._said[where] = text
            self.query_one(where, Static).update(text)

    def _appear(self, where: str, there: bool) -> None:
        widget = self.query_one(where)
        if widget.display != there:
            widget.display = there

    def _colour(self, ink: str) -> str:
        from textual.color import Color

        found = Color.parse(self.app.theme_variables.get(ink, "ansi_default")).rich_color
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
