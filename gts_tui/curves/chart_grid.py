"""Charts side by side, as many as there is room for; one of them is selected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.events import Click, Resize
from textual.message import Message

from gts_tui.charts.plot import Plot
from gts_tui.widgets.chart import Chart

_NARROWEST, _LOWEST = 44, 9
_MOST_COLUMNS, _MOST_ROWS = 3, 3


class ChartGrid(Container, can_focus=True):
    """Up to nine charts."""

    DEFAULT_CSS = """
    ChartGrid { layout: grid; grid-gutter: 0 2; width: 1fr; height: 1fr; padding: 0 1; background: $background; }
    ChartGrid Chart { min-width: 1; min-height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "select(-1)", "previous chart", show=False, id="charts.previous"),
        Binding("down", "select(1)", "next chart", show=False, id="charts.next"),
    ]

    class Room(Message):
        """There is room for another number of charts."""

    class Selected(Message):
        """Another chart is selected."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.alone = False
        """Whether the selected chart has all the room."""
        self.selected = 0
        self._columns = self._rows = 1
        self._count = 1
        self._charts = [Chart() for _ in range(_MOST_COLUMNS * _MOST_ROWS)]

    @property
    def places(self) -> int:
        """How many charts there is room for."""
        return self._columns * self._rows

    @property
    def chart_width(self) -> int:
        """Columns of one chart."""
        return max(1, self.size.width // (1 if self.alone else self._columns))

    def on_mount(self) -> None:
        """All charts are there from the beginning; those that are not wanted are hidden."""
        self.mount(*self._charts)

    def on_resize(self, event: Resize) -> None:
        """Make use of the room."""
        columns = max(1, min(_MOST_COLUMNS, event.size.width // _NARROWEST))
        rows = max(1, min(_MOST_ROWS, event.size.height // _LOWEST))
        self._columns, self._rows = columns, rows
        self.post_message(self.Room())

    def show(self, plots: Sequence[Plot]) -> None:
        """Show charts; those beyond the room are left out."""
        plots = plots[: self.places]
        self._count = max(1, len(plots))
        self.selected = min(self.selected, self._count - 1)
        columns = 1 if self.alone else min(self._columns, self._count)
        if self.styles.grid_size_columns != columns:
            self.styles.grid_size_columns = columns
        for at, chart in enumerate(self._charts):
            wanted = at < len(plots) and (not self.alone or at == self.selected)
            if chart.display != wanted:
                chart.display = wanted
            chart.set_class(at == self.selected and len(plots) > 1, "-selected")
            if at < len(plots):
                chart.show(plots[at])

    def choose(self, at: int) -> None:
        """Select a chart."""
        at = max(0, min(self._count - 1, at))
        if at != self.selected:
            self.selected = at
            self.post_message(self.Selected())

    def action_select(self, step: int) -> None:
        """Select the next chart, or the one before."""
        self.choose((self.selected + step) % self._count)

    def on_click(self, event: Click) -> None:
        """Select the chart that was clicked."""
        if event.widget in self._charts:
            self.choose(self._charts.index(event.widget))
