"""Charts of one or several runs: a grid of charts, and the panel that pages through all metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import getters
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.events import Click, Resize
from textual.message import Message

from gts.errors import GtsError
from gts_tui.app_base import BaseApp
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

_MIN_CHART_WIDTH, _MIN_CHART_HEIGHT = 44, 9
_MAX_GRID_COLUMNS, _MAX_GRID_ROWS = 3, 3
_DEFAULT_METRICS = ("return", EVALUATION_METRIC, "length", "speed", "falls", "episodes")
"""Metrics read before the names of a run's metrics are known."""
_POINTS_STEP, _MAX_POINTS = 40, 480
"""Points per curve: a multiple of the step, so that small changes of width need no new reading."""


class ChartGrid(Container, can_focus=True):
    """Up to nine charts side by side; one is selected."""

    DEFAULT_CSS = """
    ChartGrid { layout: grid; grid-gutter: 0 2; width: 1fr; height: 1fr; padding: 0 1; background: $background; }
    ChartGrid ChartWidget { min-width: 1; min-height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "select(-1)", "previous chart", show=False, id="charts.previous"),
        Binding("down", "select(1)", "next chart", show=False, id="charts.next"),
    ]

    class CapacityChanged(Message):
        """The number of charts that fit, or their size, changed."""

    class Selected(Message):
        """Another chart was selected."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.is_expanded = False
        """Whether the selected chart fills the grid."""
        self.selected_index = 0
        self._columns = self._rows = 1
        self._shown_count = 1
        self._charts = [ChartWidget() for _ in range(_MAX_GRID_COLUMNS * _MAX_GRID_ROWS)]

    @property
    def capacity(self) -> int:
        """Number of charts that fit."""
        return self._columns * self._rows

    @property
    def chart_width(self) -> int:
        """Width of one chart in cells."""
        return max(1, self.size.width // (1 if self.is_expanded else self._columns))

    def on_mount(self) -> None:
        """Mount all charts; unused ones are hidden."""
        self.mount(*self._charts)

    def on_resize(self, event: Resize) -> None:
        """Adapt the number of rows and columns."""
        columns = max(1, min(_MAX_GRID_COLUMNS, event.size.width // _MIN_CHART_WIDTH))
        rows = max(1, min(_MAX_GRID_ROWS, event.size.height // _MIN_CHART_HEIGHT))
        self._columns, self._rows = columns, rows
        self.post_message(self.CapacityChanged())

    def show_charts(self, charts: Sequence[ChartData]) -> None:
        """Show the first `capacity` charts."""
        charts = charts[: self.capacity]
        self._shown_count = max(1, len(charts))
        self.selected_index = min(self.selected_index, self._shown_count - 1)
        columns = 1 if self.is_expanded else min(self._columns, self._shown_count)
        if self.styles.grid_size_columns != columns:
            self.styles.grid_size_columns = columns
        for index, widget in enumerate(self._charts):
            is_visible = index < len(charts) and (not self.is_expanded or index == self.selected_index)
            if widget.display != is_visible:
                widget.display = is_visible
            widget.set_class(index == self.selected_index and len(charts) > 1, "-selected")
            if index < len(charts):
                widget.show_data(charts[index])

    def select_chart(self, index: int) -> None:
        """Select a chart; the index is clamped."""
        index = max(0, min(self._shown_count - 1, index))
        if index != self.selected_index:
            self.selected_index = index
            self.post_message(self.Selected())

    def action_select(self, step: int) -> None:
        """Select the next or previous chart."""
        self.select_chart((self.selected_index + step) % self._shown_count)

    def on_click(self, event: Click) -> None:
        """Select the clicked chart."""
        if event.widget in self._charts:
            self.select_chart(self._charts.index(event.widget))


class ChartPanel(Vertical):
    """Follows runs from `show_runs` to `stop` and shows one page of their charts."""

    DEFAULT_CSS = """
    ChartPanel #chart-pages { height: 1; padding: 0 1; text-wrap: nowrap; }
    ChartPanel #chart-notice { height: 1fr; padding: 1 2; color: $text-muted; }
    """

    class DataChanged(Message):
        """Other snapshots were read."""

    app = getters.app(BaseApp)
    grid = getters.query_one(ChartGrid)
    _tabs = getters.query_one("#chart-pages", CachedStatic)
    _notice = getters.query_one("#chart-notice", CachedStatic)

    def __init__(self, poll_key: str, *, id: str | None = None) -> None:
        """`poll_key`: key of this panel in the poller."""
        super().__init__(id=id)
        self.snapshots: tuple[RunSnapshot, ...] = ()
        """Newest snapshots of the followed runs; empty until they are read."""
        self._poll_key = poll_key
        self._settings = ChartSettings()
        self._log_scale_keys: set[str] = set()
        self._pinned_keys = set(load_pinned_charts())
        self._run_folders: tuple[Path, ...] = ()
        self._query: RunQuery | None = None
        self._pages: tuple[ChartPage, ...] = ()
        self._page_position = ("learning", 1)

    def compose(self) -> ComposeResult:
        """Yield the tabs of the groups, the charts, and a notice shown instead of them."""
        yield CachedStatic(id="chart-pages")
        yield CachedStatic(id="chart-notice")
        yield ChartGrid(id="chart-grid")

    def show_runs(self, folders: Sequence[Path]) -> None:
        """Follow these runs and overlay their curves."""
        self._run_folders = tuple(folders)
        self.snapshots = tuple(snapshot for snapshot in self.snapshots if snapshot.folder in self._run_folders)
        self._request_data()
        self.update_charts()

    def stop(self) -> None:
        """Follow nothing."""
        self.app.poller.unwatch(self._poll_key)
        self._query, self._run_folders = None, ()

    def show_notice(self, text: str) -> None:
        """Show a text instead of the charts; an empty text shows the charts."""
        self._notice.display, self.grid.display = bool(text), not text
        if text:
            self._notice.show_text(Text(text))

    def update_charts(self) -> None:
        """Redraw charts and tabs."""
        only = self.snapshots[0] if len(self.snapshots) == 1 else None
        self.show_notice(only.error if only is not None and not only.metric_names else "")
        if not self._pages:
            return
        index = self._page_index()
        self._tabs.show_text(render_page_tabs(self._pages, index, self._settings, self._tabs.size.width))
        self.grid.show_charts([self._chart_data(chart) for chart in self._pages[index].charts])

    def on_chart_grid_capacity_changed(self, event: ChartGrid.CapacityChanged) -> None:
        """Read as many points as fit."""
        event.stop()
        self._request_data()
        self.update_charts()

    def on_chart_grid_selected(self, event: ChartGrid.Selected) -> None:
        """Redraw the selection."""
        event.stop()
        self.update_charts()

    def turn_page(self, pages: int) -> None:
        """Show the next or previous page."""
        if self._pages:
            page = self._pages[(self._page_index() + pages) % len(self._pages)]
            self._page_position = (page.group, page.number)
            self._request_data()
            self.update_charts()

    def cycle_smoothing(self) -> None:
        """Use the next smoothing strength."""
        index = SMOOTHING_STEPS.index(self._settings.smoothing)
        self._apply_settings(replace(self._settings, smoothing=SMOOTHING_STEPS[(index + 1) % len(SMOOTHING_STEPS)]))

    def toggle_time_axis(self) -> None:
        """Toggle the x axis between steps and time."""
        self._apply_settings(replace(self._settings, is_time_axis=not self._settings.is_time_axis, cursor=None))

    def toggle_log_scale(self) -> None:
        """Toggle the log scale of the selected chart."""
        self._log_scale_keys ^= {chart.key for chart in self._selected_charts()}
        self.update_charts()

    def toggle_pin(self) -> None:
        """Pin the selected chart to every page, or unpin it."""
        for chart in self._selected_charts():
            self._pinned_keys ^= {chart.key}
            message = f"{chart.title} {'pinned to every page' if chart.key in self._pinned_keys else 'unpinned'}"
            self.notify(save_pinned_charts(self._pinned_keys) or message, markup=False)
        self._request_data()
        self.update_charts()

    def move_cursor(self, columns: int) -> None:
        """Move the cursor over the points of the selected chart, at least one point per column."""
        names = [name for chart in self._selected_charts() for name in chart.metrics]
        all_series = [snapshot.series.get(name, EMPTY_SERIES) for snapshot in self.snapshots for name in names]
        xs = sorted({x for series in all_series for x in x_values(series, is_time_axis=self._settings.is_time_axis) if x == x})
        if not xs:
            return
        cursor = self._settings.cursor
        if cursor is None:
            index = 0 if columns > 0 else len(xs) - 1
        else:
            nearest = min(range(len(xs)), key=lambda candidate: abs(xs[candidate] - cursor))
            index = nearest + columns * max(1, len(xs) // self.grid.chart_width)
        self._apply_settings(replace(self._settings, cursor=xs[max(0, min(len(xs) - 1, index))]))

    def clear_cursor(self) -> bool:
        """Remove the cursor. Returns whether there was one."""
        had_cursor = self._settings.cursor is not None
        self._apply_settings(replace(self._settings, cursor=None))
        return had_cursor

    def _chart_data(self, chart: ChartDefinition) -> ChartData:
        return build_metric_chart(
            chart,
            self.snapshots,
            self._settings,
            is_log_y=chart.key in self._log_scale_keys,
            is_pinned=chart.key in self._pinned_keys,
        )

    def _apply_settings(self, settings: ChartSettings) -> None:
        self._settings = settings
        self.update_charts()

    def _selected_charts(self) -> tuple[ChartDefinition, ...]:
        """The selected chart in a tuple; empty if there is none."""
        return self._pages[self._page_index()].charts[self.grid.selected_index :][:1] if self._pages else ()

    def _page_index(self) -> int:
        group, number = self._page_position
        indices = [index for index, page in enumerate(self._pages) if page.group == group]
        return indices[min(number, len(indices)) - 1] if indices else 0

    def _request_data(self) -> None:
        """Read the metrics of the page, unless they are read already."""
        known = tuple(dict.fromkeys(name for snapshot in self.snapshots for name in snapshot.metric_names))
        self._pages = paginate_charts(
            define_charts(known or _DEFAULT_METRICS, len(self._run_folders)), self._pinned_keys, self.grid.capacity
        )
        if not self._run_folders:
            self.stop()
            return
        names = dict.fromkeys(name for chart in self._pages[self._page_index()].charts for name in chart.metrics)
        points = min(_MAX_POINTS, (2 * self.grid.chart_width // _POINTS_STEP + 1) * _POINTS_STEP)
        query = RunQuery(self._run_folders, tuple(names), points)
        if query != self._query:
            self._query = query
            reader = RunsReader(query)
            self.app.poller.watch(self._poll_key, reader.stamp, reader.read, self._apply_snapshots)

    def _apply_snapshots(self, snapshots: tuple[RunSnapshot, ...] | GtsError) -> None:
        if isinstance(snapshots, GtsError):
            self.show_notice(snapshots.message)
        elif snapshots != self.snapshots:
            self.snapshots = snapshots
            self._request_data()
            self.update_charts()
            self.post_message(self.DataChanged())
