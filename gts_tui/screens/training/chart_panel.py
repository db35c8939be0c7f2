"""The charts of trainings, in pages: which trainings is told from outside, how they are looked at is kept here.

Charts side by side, as many as there is room for; one of them is selected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.events import Click, Resize
from textual.message import Message

from gts.errors import GtsError
from gts_tui.screens.training.charts import (
    SMOOTHING_STEPS,
    ChartSettings,
    build_metric_chart,
    load_pinned_charts,
    render_page_tabs,
    save_pinned_charts,
    x_values,
)
from gts_tui.screens.training.data import (
    EMPTY_SERIES,
    EVALUATION_METRIC,
    ChartDefinition,
    ChartPage,
    RunQuery,
    RunSnapshot,
    RunsReader,
    define_charts,
    paginate_charts,
)
from gts_tui.textual_fixes import CachedStatic
from gts_tui.widgets.chart import ChartWidget
from gts_tui.widgets.chart_render import ChartData

if TYPE_CHECKING:
    from gts_tui.app_base import BaseApp


_MIN_CHART_WIDTH, _MIN_CHART_HEIGHT = 44, 9
_MAX_POINTS, _MAX_GRID_ROWS = 3, 3


class ChartGrid(Container, can_focus=True):
    """Up to nine charts."""

    DEFAULT_CSS = """
    ChartGrid { layout: grid; grid-gutter: 0 2; width: 1fr; height: 1fr; padding: 0 1; background: $background; }
    ChartGrid ChartWidget { min-width: 1; min-height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "select(-1)", "previous chart", show=False, id="charts.previous"),
        Binding("down", "select(1)", "next chart", show=False, id="charts.next"),
    ]

    class CapacityChanged(Message):
        """There is room for another number of charts."""

    class Selected(Message):
        """Another chart is selected."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.is_expanded = False
        """Whether the selected chart has all the room."""
        self.selected_index = 0
        self._columns = self._rows = 1
        self._shown_count = 1
        self._charts = [ChartWidget() for _ in range(_MAX_POINTS * _MAX_GRID_ROWS)]

    @property
    def capacity(self) -> int:
        """How many charts there is room for."""
        return self._columns * self._rows

    @property
    def chart_width(self) -> int:
        """Columns of one chart."""
        return max(1, self.size.width // (1 if self.is_expanded else self._columns))

    def on_mount(self) -> None:
        """All charts are there from the beginning; those that are not wanted are hidden."""
        self.mount(*self._charts)

    def on_resize(self, event: Resize) -> None:
        """Make use of the room."""
        columns = max(1, min(_MAX_POINTS, event.size.width // _MIN_CHART_WIDTH))
        rows = max(1, min(_MAX_GRID_ROWS, event.size.height // _MIN_CHART_HEIGHT))
        self._columns, self._rows = columns, rows
        self.post_message(self.CapacityChanged())

    def show_charts(self, plots: Sequence[ChartData]) -> None:
        """Show charts; those beyond the room are left out."""
        plots = plots[: self.capacity]
        self._shown_count = max(1, len(plots))
        self.selected_index = min(self.selected_index, self._shown_count - 1)
        columns = 1 if self.is_expanded else min(self._columns, self._shown_count)
        if self.styles.grid_size_columns != columns:
            self.styles.grid_size_columns = columns
        for at, chart in enumerate(self._charts):
            wanted = at < len(plots) and (not self.is_expanded or at == self.selected_index)
            if chart.display != wanted:
                chart.display = wanted
            chart.set_class(at == self.selected_index and len(plots) > 1, "-selected")
            if at < len(plots):
                chart.show_data(plots[at])

    def select_chart(self, index: int) -> None:
        """Select a chart."""
        index = max(0, min(self._shown_count - 1, index))
        if index != self.selected_index:
            self.selected_index = index
            self.post_message(self.Selected())

    def action_select(self, step: int) -> None:
        """Select the next chart, or the one before."""
        self.select_chart((self.selected_index + step) % self._shown_count)

    def on_click(self, event: Click) -> None:
        """Select the chart that was clicked."""
        if event.widget in self._charts:
            self.select_chart(self._charts.index(event.widget))


_DEFAULT_METRICS = ("return", EVALUATION_METRIC, "length", "speed", "falls", "episodes")
"""What is read before it is known what there is."""
_POINTS_STEP, _MAX_POINTS = 40, 480


class ChartPanel(Vertical):
    """Follows trainings from `follow` to `rest`."""

    DEFAULT_CSS = """
    ChartPanel #chart-pages { height: 1; padding: 0 1; text-wrap: nowrap; }
    ChartPanel #chart-notice { height: 1fr; padding: 1 2; color: $text-muted; }
    """

    class DataChanged(Message):
        """There are new readings."""

    def __init__(self, poll_key: str, *, id: str | None = None) -> None:
        """`key`: what the watcher calls what is followed here."""
        super().__init__(id=id)
        self.snapshots: tuple[RunSnapshot, ...] = ()
        """Of what is followed, as far as it was read."""
        self._poll_key = poll_key
        self._settings = ChartSettings()
        self._log_scale_keys: set[str] = set()
        self._pinned_keys = set(load_pinned_charts())
        self._run_folders: tuple[Path, ...] = ()
        self._query: RunQuery | None = None
        self._pages: tuple[ChartPage, ...] = ()
        self._page_position = ("learning", 1)

    @property
    def program(self) -> BaseApp:
        """The program that this is a part of."""
        return self.app  # type: ignore[return-value]

    @property
    def grid(self) -> ChartGrid:
        """The charts."""
        return self.query_one(ChartGrid)

    def compose(self) -> ComposeResult:
        """The groups of charts; the charts, or why there are none."""
        yield CachedStatic(id="chart-pages")
        yield CachedStatic(id="chart-notice")
        yield ChartGrid(id="chart-grid")

    # -- what is shown ------------------------------------------------------------------------------------------------

    def show_runs(self, folders: Sequence[Path]) -> None:
        """Show these trainings, laid over each other."""
        self._run_folders = tuple(folders)
        self.snapshots = tuple(one for one in self.snapshots if one.folder in self._run_folders)
        self._request_data()
        self.update_charts()

    def stop(self) -> None:
        """Read nothing any more."""
        self.program.poller.unwatch(self._poll_key)
        self._query, self._run_folders = None, ()

    def show_notice(self, text: str) -> None:
        """Why there are no charts; nothing: there are."""
        notice = self.query_one("#chart-notice", CachedStatic)
        notice.display, self.grid.display = bool(text), not text
        if text:
            notice.show_text(Text(text))

    def update_charts(self) -> None:
        """Bring charts and page line up to date."""
        troubles = [one.trouble for one in self.snapshots]
        self.show_notice(troubles[0] if len(troubles) == 1 and not self.snapshots[0].names else "")
        if not self._pages:
            return
        at = self._page_index()
        line = self.query_one("#chart-pages", CachedStatic)
        line.show_text(render_page_tabs(self._pages, at, self._settings, line.size.width))
        panels = self._pages[at].charts
        self.grid.show_charts([self._chart_data(panel) for panel in panels])

    def on_chart_grid_capacity_changed(self, event: ChartGrid.CapacityChanged) -> None:
        """The charts have another size."""
        event.stop()
        self._request_data()
        self.update_charts()

    def on_chart_grid_selected(self, event: ChartGrid.Selected) -> None:
        """Another chart is selected."""
        event.stop()
        self.update_charts()

    # -- how it is looked at ------------------------------------------------------------------------------------------

    def page(self, step: int) -> None:
        """Show the next charts, or those before."""
        if self._pages:
            page = self._pages[(self._page_index() + step) % len(self._pages)]
            self._page_position = (page.group, page.number)
            self._request_data()
            self.update_charts()

    def smooth(self) -> None:
        """The next strength of smoothing."""
        at = SMOOTHING_STEPS.index(self._settings.smoothing)
        self._apply_settings(replace(self._settings, smoothing=SMOOTHING_STEPS[(at + 1) % len(SMOOTHING_STEPS)]))

    def toggle_time_axis(self) -> None:
        """Over the steps, or over the time."""
        self._apply_settings(replace(self._settings, time=not self._settings.time, cursor=None))

    def toggle_log_scale(self) -> None:
        """The selected chart on a logarithmic axis, or no longer."""
        self._log_scale_keys ^= {panel.key for panel in self._selected_charts()}
        self.update_charts()

    def pin(self) -> None:
        """Keep the selected chart on every page, or no longer."""
        for panel in self._selected_charts():
            self._pinned_keys ^= {panel.key}
            kept = "stays on every page" if panel.key in self._pinned_keys else "is no longer pinned"
            self.notify(save_pinned_charts(self._pinned_keys) or f"{panel.title} {kept}", markup=False)
        self._request_data()
        self.update_charts()

    def move_cursor(self, step: int) -> None:
        """Move the cursor over the points of the selected chart, as far as a column at a time."""
        names = [name for panel in self._selected_charts() for name in panel.metrics]
        found = [reading.series.get(name, EMPTY_SERIES) for reading in self.snapshots for name in names]
        xs = sorted({x for series in found for x in x_values(series, is_time_axis=self._settings.time) if x == x})
        if not xs:
            return
        cursor = self._settings.cursor
        if cursor is None:
            at = 0 if step > 0 else len(xs) - 1
        else:
            near = min(range(len(xs)), key=lambda one: abs(xs[one] - cursor))
            at = near + step * max(1, len(xs) // self.grid.chart_width)
        self._apply_settings(replace(self._settings, cursor=xs[max(0, min(len(xs) - 1, at))]))

    def clear_cursor(self) -> bool:
        """Take the cursor away; whether there was one."""
        had = self._settings.cursor is not None
        self._apply_settings(replace(self._settings, cursor=None))
        return had

    # -- underneath ---------------------------------------------------------------------------------------------------

    def _chart_data(self, chart: ChartDefinition) -> ChartData:
        log, pinned = chart.key in self._log_scale_keys, chart.key in self._pinned_keys
        return build_metric_chart(chart, self.snapshots, self._settings, is_log_y=log, is_pinned=pinned)

    def _apply_settings(self, settings: ChartSettings) -> None:
        self._settings = settings
        self.update_charts()

    def _selected_charts(self) -> tuple[ChartDefinition, ...]:
        """The selected chart, where there is one."""
        return self._pages[self._page_index()].charts[self.grid.selected_index :][:1] if self._pages else ()

    def _page_index(self) -> int:
        group, number = self._page_position
        found = [at for at, page in enumerate(self._pages) if page.group == group]
        return found[min(number, len(found)) - 1] if found else 0

    def _request_data(self) -> None:
        """Read what is on the page, where that is something else than before."""
        known = tuple(dict.fromkeys(name for one in self.snapshots for name in one.names))
        self._pages = paginate_charts(
            define_charts(known or _DEFAULT_METRICS, len(self._run_folders)), self._pinned_keys, self.grid.capacity
        )
        if not self._run_folders:
            self.stop()
            return
        names = dict.fromkeys(name for panel in self._pages[self._page_index()].charts for name in panel.metrics)
        columns = min(_MAX_POINTS, (2 * self.grid.chart_width // _POINTS_STEP + 1) * _POINTS_STEP)
        wanted = RunQuery(self._run_folders, tuple(names), columns)
        if wanted != self._query:
            self._query = wanted
            reader = RunsReader(wanted)
            self.program.poller.watch(self._poll_key, reader.stamp, reader.read, self._apply_snapshots)

    def _apply_snapshots(self, snapshots: tuple[RunSnapshot, ...] | GtsError) -> None:
        if isinstance(snapshots, GtsError):
            self.show_notice(snapshots.message)
        elif snapshots != self.snapshots:
            self.snapshots = snapshots
            self._request_data()
            self.update_charts()
            self.post_message(self.DataChanged())
