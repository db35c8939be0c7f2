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
from gts_tui.screens.training.charts import STRENGTHS, View, keep_pinned, page_line, pinned_charts, plot_of, xs_of
from gts_tui.screens.training.data import EVALUATED, NOTHING, Page, Panel, RunReading, RunsReader, Wanted, pages_of, panels_of
from gts_tui.textual_fixes import SteadyLine
from gts_tui.widgets.chart import Chart
from gts_tui.widgets.chart_render import Plot

if TYPE_CHECKING:
    from gts_tui.app import GtsApp


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


_FIRST = ("return", EVALUATED, "length", "speed", "falls", "episodes")
"""What is read before it is known what there is."""
_COLUMNS_STEP, _MOST_COLUMNS = 40, 480


class Gallery(Vertical):
    """Follows trainings from `follow` to `rest`."""

    DEFAULT_CSS = """
    Gallery #gallery-pages { height: 1; padding: 0 1; text-wrap: nowrap; }
    Gallery #gallery-notice { height: 1fr; padding: 1 2; color: $text-muted; }
    """

    class Read(Message):
        """There are new readings."""

    def __init__(self, key: str, *, id: str | None = None) -> None:
        """`key`: what the watcher calls what is followed here."""
        super().__init__(id=id)
        self.readings: tuple[RunReading, ...] = ()
        """Of what is followed, as far as it was read."""
        self._key = key
        self._view = View()
        self._log_scaled: set[str] = set()
        self._pinned = set(pinned_charts())
        self._folders: tuple[Path, ...] = ()
        self._wanted: Wanted | None = None
        self._pages: tuple[Page, ...] = ()
        self._at = ("learning", 1)

    @property
    def program(self) -> GtsApp:
        """The program that this is a part of."""
        return self.app  # type: ignore[return-value]

    @property
    def grid(self) -> ChartGrid:
        """The charts."""
        return self.query_one(ChartGrid)

    def compose(self) -> ComposeResult:
        """The groups of charts; the charts, or why there are none."""
        yield SteadyLine(id="gallery-pages")
        yield SteadyLine(id="gallery-notice")
        yield ChartGrid(id="gallery-charts")

    # -- what is shown ------------------------------------------------------------------------------------------------

    def follow(self, folders: Sequence[Path]) -> None:
        """Show these trainings, laid over each other."""
        self._folders = tuple(folders)
        self.readings = tuple(one for one in self.readings if one.folder in self._folders)
        self._want()
        self.draw()

    def rest(self) -> None:
        """Read nothing any more."""
        self.program.watcher.forget(self._key)
        self._wanted, self._folders = None, ()

    def say(self, words: str) -> None:
        """Why there are no charts; nothing: there are."""
        notice = self.query_one("#gallery-notice", SteadyLine)
        notice.display, self.grid.display = bool(words), not words
        if words:
            notice.tell(Text(words))

    def draw(self) -> None:
        """Bring charts and page line up to date."""
        troubles = [one.trouble for one in self.readings]
        self.say(troubles[0] if len(troubles) == 1 and not self.readings[0].names else "")
        if not self._pages:
            return
        at = self._page_number()
        line = self.query_one("#gallery-pages", SteadyLine)
        line.tell(page_line(self._pages, at, self._view, line.size.width))
        panels = self._pages[at].panels
        self.grid.show([self._plot(panel) for panel in panels])

    def on_chart_grid_room(self, event: ChartGrid.Room) -> None:
        """The charts have another size."""
        event.stop()
        self._want()
        self.draw()

    def on_chart_grid_selected(self, event: ChartGrid.Selected) -> None:
        """Another chart is selected."""
        event.stop()
        self.draw()

    # -- how it is looked at ------------------------------------------------------------------------------------------

    def page(self, step: int) -> None:
        """Show the next charts, or those before."""
        if self._pages:
            page = self._pages[(self._page_number() + step) % len(self._pages)]
            self._at = (page.group, page.number)
            self._want()
            self.draw()

    def smooth(self) -> None:
        """The next strength of smoothing."""
        at = STRENGTHS.index(self._view.smoothing)
        self._look(replace(self._view, smoothing=STRENGTHS[(at + 1) % len(STRENGTHS)]))

    def swap_time(self) -> None:
        """Over the steps, or over the time."""
        self._look(replace(self._view, time=not self._view.time, cursor=None))

    def swap_log_scale(self) -> None:
        """The selected chart on a logarithmic axis, or no longer."""
        self._log_scaled ^= {panel.key for panel in self._selected()}
        self.draw()

    def pin(self) -> None:
        """Keep the selected chart on every page, or no longer."""
        for panel in self._selected():
            self._pinned ^= {panel.key}
            kept = "stays on every page" if panel.key in self._pinned else "is no longer pinned"
            self.notify(keep_pinned(self._pinned) or f"{panel.title} {kept}", markup=False)
        self._want()
        self.draw()

    def move_cursor(self, step: int) -> None:
        """Move the cursor over the points of the selected chart, as far as a column at a time."""
        names = [name for panel in self._selected() for name in panel.names]
        found = [reading.series.get(name, NOTHING) for reading in self.readings for name in names]
        xs = sorted({x for series in found for x in xs_of(series, time=self._view.time) if x == x})
        if not xs:
            return
        cursor = self._view.cursor
        if cursor is None:
            at = 0 if step > 0 else len(xs) - 1
        else:
            near = min(range(len(xs)), key=lambda one: abs(xs[one] - cursor))
            at = near + step * max(1, len(xs) // self.grid.chart_width)
        self._look(replace(self._view, cursor=xs[max(0, min(len(xs) - 1, at))]))

    def end_cursor(self) -> bool:
        """Take the cursor away; whether there was one."""
        had = self._view.cursor is not None
        self._look(replace(self._view, cursor=None))
        return had

    # -- underneath ---------------------------------------------------------------------------------------------------

    def _plot(self, panel: Panel) -> Plot:
        log, pinned = panel.key in self._log_scaled, panel.key in self._pinned
        return plot_of(panel, self.readings, self._view, log=log, pinned=pinned)

    def _look(self, view: View) -> None:
        self._view = view
        self.draw()

    def _selected(self) -> tuple[Panel, ...]:
        """The selected chart, where there is one."""
        return self._pages[self._page_number()].panels[self.grid.selected :][:1] if self._pages else ()

    def _page_number(self) -> int:
        group, number = self._at
        found = [at for at, page in enumerate(self._pages) if page.group == group]
        return found[min(number, len(found)) - 1] if found else 0

    def _want(self) -> None:
        """Read what is on the page, where that is something else than before."""
        known = tuple(dict.fromkeys(name for one in self.readings for name in one.names))
        self._pages = pages_of(panels_of(known or _FIRST, len(self._folders)), self._pinned, self.grid.places)
        if not self._folders:
            self.rest()
            return
        names = dict.fromkeys(name for panel in self._pages[self._page_number()].panels for name in panel.names)
        columns = min(_MOST_COLUMNS, (2 * self.grid.chart_width // _COLUMNS_STEP + 1) * _COLUMNS_STEP)
        wanted = Wanted(self._folders, tuple(names), columns)
        if wanted != self._wanted:
            self._wanted = wanted
            reader = RunsReader(wanted)
            self.program.watcher.follow(self._key, reader.stamp, reader.read, self._take)

    def _take(self, readings: tuple[RunReading, ...] | GtsError) -> None:
        if isinstance(readings, GtsError):
            self.say(readings.message)
        elif readings != self.readings:
            self.readings = readings
            self._want()
            self.draw()
            self.post_message(self.Read())
