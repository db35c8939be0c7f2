"""Training: the charts of a run while it learns, or long after; several laid over each other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, OptionList, Static

from gts.errors import GtsError
from gts_tui.curves.chart_grid import ChartGrid
from gts_tui.curves.listing import Listed, folder_of, list_runs, listing_stamp, log_end, log_stamp
from gts_tui.curves.panels import EVALUATED, Page, pages_of, panels_of
from gts_tui.curves.plots import STRENGTHS, View, plot_of, xs_of
from gts_tui.curves.reading import RunReading, RunsReader, Wanted, short_name
from gts_tui.curves.remembered import keep_pinned, pinned
from gts_tui.curves.run_list import RunList
from gts_tui.curves.series import NOTHING
from gts_tui.curves.words import page_line, standing_line
from gts_tui.lines import joined
from gts_tui.mode import Mode

_FIRST = ("return", EVALUATED, "length", "speed", "falls", "episodes")
"""What is read before it is known what there is."""
_COLUMNS_STEP, _MOST_COLUMNS = 40, 480
_LEAP = 10


class TrainingMode(Mode):
    """A list of trainings, and the charts of what is chosen there."""

    NAME = "training"
    TITLE = "Training"
    DEFAULT_CSS = """
    TrainingMode #training-head { height: 1; background: $surface; }
    TrainingMode #training-body { height: 1fr; }
    TrainingMode #training-side { width: 24; border-right: solid $panel; }
    TrainingMode #training-side.-wide { width: 32; }
    TrainingMode #training-filter { height: 1; border: none; background: $surface; padding: 0; }
    TrainingMode #training-pages { height: 1; padding: 0 1; }
    TrainingMode #training-notice { height: 1fr; padding: 1 2; color: $text-muted; }
    TrainingMode #training-log { height: 30%; min-height: 4; border-top: solid $panel; padding: 0 1; }
    TrainingMode #training-play { height: 45%; min-height: 6; border-top: solid $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left_square_bracket", "page(-1)", "charts before", key_display="[", show=False, id="training.previous"),
        Binding("right_square_bracket", "page(1)", "more charts", key_display="]", id="training.next"),
        Binding("plus,equals_sign", "maximise", "maximise", key_display="+", id="training.maximise"),
        Binding("z", "smooth", "smooth", id="training.smooth"),
        Binding("x", "time", "steps/time", id="training.time"),
        Binding("l", "log_scale", "log scale", show=False, id="training.log_scale"),
        Binding("f", "pin", "pin chart", show=False, id="training.pin"),
        Binding("left", "cursor(-1)", "cursor left", show=False, id="training.left"),
        Binding("right", "cursor(1)", "cursor right", show=False, id="training.right"),
        Binding("shift+left", f"cursor(-{_LEAP})", "cursor far left", show=False, id="training.far_left"),
        Binding("shift+right", f"cursor({_LEAP})", "cursor far right", show=False, id="training.far_right"),
        Binding("p", "play", "play", id="training.play"),
        Binding("w", "window", "play in a window", show=False, id="training.window"),
        Binding("v", "log", "log", id="training.log"),
        Binding("s", "stop", "stop", id="training.stop"),
        Binding("R", "resume", "resume", id="training.resume"),
        Binding("y", "copy_name", "copy the name", show=False, id="training.copy"),
        Binding("slash", "filter", "filter", key_display="/", show=False, id="training.filter"),
        Binding("escape", "back", "back", show=False, id="training.back"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._view = View()
        self._log_scaled: set[str] = set()
        self._pinned = set(pinned())
        self._readings: tuple[RunReading, ...] = ()
        self._wanted: Wanted | None = None
        self._pages: tuple[Page, ...] = ()
        self._at = ("learning", 1)
        self._asked: Listed | None = None
        self._listed = False
        self._log_of: Path | None = None

    def compose(self) -> ComposeResult:
        """How it stands; the list; the charts; log and playback, which open below them."""
        yield Static(id="training-head")
        with Horizontal(id="training-body"):
            with Vertical(id="training-side"):
                field = Input(placeholder="filter", id="training-filter")
                field.cursor_blink, field.display = False, False
                yield field
                yield RunList(id="training-runs")
            with Vertical():
                yield Static(id="training-pages")
                yield Static(id="training-notice")
                yield ChartGrid(id="training-charts")
                log = Static(id="training-log")
                log.display = False
                yield log
                play = Vertical(id="training-play")
                play.display = False
                yield play

    # -- what a mode does ---------------------------------------------------------------------------------------------

    def enter(self) -> None:
        """Follow the list and what is chosen in it."""
        workspace = self.program.workspace
        self.program.watcher.follow(
            "training.runs", lambda: listing_stamp(workspace), lambda: list_runs(workspace), self._take_list
        )
        self._follow()
        self._follow_log()

    def leave(self) -> None:
        """Follow nothing, and play nothing."""
        for key in ("training.runs", "training.curves", "training.log"):
            self.program.watcher.forget(key)
        self._wanted = self._log_of = None
        self._stop_playing()

    def focus_first(self) -> None:
        """The list."""
        self._list.focus()

    def selection(self) -> tuple[str, ...]:
        """The marked trainings, else the one under the cursor."""
        current = self._list.current
        return tuple(self._list.marked) or ((current.id,) if current else ())

    def open(self, word: str) -> None:
        """Show a training: its id or a part of it, its folder, or a file in that."""
        folder = folder_of(self.program.workspace, word)
        if folder is None:
            self.notify(f"`{word}` names no training, or several", severity="warning", markup=False)
            return
        self._asked = Listed(folder.name, folder, short_name(folder), "", alive=False)
        if self._listed:
            self._go_to_asked()

    # -- what comes from the watcher ----------------------------------------------------------------------------------

    def _take_list(self, runs: tuple[Listed, ...] | GtsError) -> None:
        if isinstance(runs, GtsError):
            self._tell(runs.message)
            return
        self._listed = True
        self._list.show(runs)
        self._go_to_asked()
        self._draw()

    def _take_curves(self, readings: tuple[RunReading, ...] | GtsError) -> None:
        if isinstance(readings, GtsError):
            self._tell(readings.message)
        elif readings != self._readings:
            self._readings = readings
            self._follow()
            self._draw()

    def _take_log(self, lines: tuple[str, ...] | GtsError) -> None:
        pane = self.query_one("#training-log", Static)
        shown = (lines.message,) if isinstance(lines, GtsError) else lines[-max(1, pane.size.height - 1) :]
        pane.update(Text("\n".join(shown) or "it has said nothing yet", no_wrap=True, overflow="ellipsis"))

    def on_run_list_chosen(self, event: RunList.Chosen) -> None:
        """Another training, or other marks."""
        event.stop()
        self._follow()
        self._follow_log()
        self._draw()

    def on_chart_grid_room(self, event: ChartGrid.Room) -> None:
        """The charts have another size."""
        event.stop()
        self.query_one("#training-side").set_class(self.size.width >= 100, "-wide")
        self._follow()
        self._draw()

    def on_chart_grid_selected(self, event: ChartGrid.Selected) -> None:
        """Another chart is selected."""
        event.stop()
        self._draw()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """From the list to the charts."""
        event.stop()
        self._grid.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow the list while somebody types."""
        event.stop()
        self._list.narrow(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Back to the list, which stays narrowed."""
        event.stop()
        self._list.focus()

    # -- keys ---------------------------------------------------------------------------------------------------------

    def action_page(self, step: int) -> None:
        """Show the next charts."""
        if self._pages:
            page = self._pages[(self._page_number() + step) % len(self._pages)]
            self._at = (page.group, page.number)
            self._follow()
            self._draw()

    def action_maximise(self) -> None:
        """Give the selected chart all the room, or take it back."""
        self._grid.alone = not self._grid.alone
        self.query_one("#training-side").display = not self._grid.alone
        (self._grid if self._grid.alone else self._list).focus()
        self._draw()

    def action_smooth(self) -> None:
        """The next strength of smoothing."""
        at = STRENGTHS.index(self._view.smoothing)
        self._look(replace(self._view, smoothing=STRENGTHS[(at + 1) % len(STRENGTHS)]))

    def action_time(self) -> None:
        """Over the steps, or over the time."""
        self._look(replace(self._view, time=not self._view.time, cursor=None))

    def action_log_scale(self) -> None:
        """The selected chart on a logarithmic axis, or no longer."""
        self._log_scaled ^= {panel.key for panel in self._selected()}
        self._draw()

    def action_pin(self) -> None:
        """Keep the selected chart on every page, or no longer."""
        self._pinned ^= {panel.key for panel in self._selected()}
        trouble = keep_pinned(self._pinned)
        if trouble:
            self.notify(trouble, severity="warning", markup=False)
        self._follow()
        self._draw()

    def action_cursor(self, step: int) -> None:
        """Move the cursor over the points of the selected chart."""
        names = [name for panel in self._selected() for name in panel.names]
        found = [reading.series.get(name, NOTHING) for reading in self._readings for name in names]
        xs = sorted({x for series in found for x in xs_of(series, time=self._view.time) if x == x})
        if not xs:
            return
        cursor = self._view.cursor
        if cursor is None:
            at = 0 if step > 0 else len(xs) - 1
        else:
            near = min(range(len(xs)), key=lambda one: abs(xs[one] - cursor))
            at = near + step * max(1, len(xs) // self._grid.chart_width)
        self._look(replace(self._view, cursor=xs[max(0, min(len(xs) - 1, at))]))

    def action_log(self) -> None:
        """Show or hide the end of the log."""
        pane = self.query_one("#training-log")
        pane.display = not pane.display
        self._follow_log()

    def action_stop(self) -> None:
        """Stop the training under the cursor."""
        self._command("stop")

    def action_resume(self) -> None:
        """Go on with the training under the cursor."""
        self._command("resume")

    def action_copy_name(self) -> None:
        """The name of the training to the clipboard."""
        if self.selection():
            self.app.copy_to_clipboard(" ".join(self.selection()))

    def action_window(self) -> None:
        """Play the training in a window of its own."""
        self._command("play", "--in", "window", "--loops", "0")

    def action_play(self) -> None:
        """Play the newest evaluation below the charts, or no longer."""
        from importlib import import_module

        pane = self.query_one("#training-play", Vertical)
        current = self._list.current
        if pane.display or current is None:
            self._stop_playing()
            return
        player = import_module("gts_tui.playing").Player()
        player.can_focus = False
        pane.display = True
        pane.mount(player)
        self.call_after_refresh(player.play, [str(current.folder)], follow=True)

    def action_filter(self) -> None:
        """Narrow the list."""
        field = self.query_one("#training-filter", Input)
        field.display = True
        field.focus()

    def action_back(self) -> None:
        """Out of whatever is in the way: the cursor, the one large chart, the filter, the marks, the charts."""
        field = self.query_one("#training-filter", Input)
        if field.has_focus or (field.display and self._list.has_focus):
            field.value, field.display = "", False
            self._list.focus()
        elif self._view.cursor is not None:
            self._look(replace(self._view, cursor=None))
        elif self._grid.alone:
            self.action_maximise()
        elif self._grid.has_focus or not self._list.unmark():
            self._list.focus()

    # -- underneath ---------------------------------------------------------------------------------------------------

    @property
    def _list(self) -> RunList:
        return self.query_one(RunList)

    @property
    def _grid(self) -> ChartGrid:
        return self.query_one(ChartGrid)

    def _look(self, view: View) -> None:
        self._view = view
        self._draw()

    def _command(self, word: str, *options: str) -> None:
        current = self._list.current
        if current is not None and (current.state or word == "play"):
            self.program.perform(joined([word, current.id if current.state else str(current.folder), *options]))
        elif current is not None:
            self.notify("it belongs to a search, which is stopped and resumed as a whole", severity="warning")

    def _selected(self) -> tuple[Any, ...]:
        """The selected panel, where there is one."""
        if not self._pages:
            return ()
        return self._pages[self._page_number()].panels[self._grid.selected :][:1]

    def _page_number(self) -> int:
        group, number = self._at
        found = [at for at, page in enumerate(self._pages) if page.group == group]
        return found[min(number, len(found)) - 1] if found else 0

    def _go_to_asked(self) -> None:
        asked, self._asked = self._asked, None
        if asked is not None:
            self._list.go_to(asked)

    def _follow(self) -> None:
        """Follow the curves of what is chosen and shown, where that is something else than before."""
        folders = tuple(one.folder for one in self._list.overlaid)
        names = dict.fromkeys(name for one in self._readings if one.folder in folders for name in one.names) or _FIRST
        self._pages = pages_of(panels_of(tuple(names), len(folders)), self._pinned, self._grid.places)
        if not folders:
            self.program.watcher.forget("training.curves")
            self._wanted, self._readings = None, ()
            return
        page = self._pages[self._page_number()]
        columns = min(_MOST_COLUMNS, (2 * self._grid.chart_width // _COLUMNS_STEP + 1) * _COLUMNS_STEP)
        wanted = Wanted(folders, tuple(dict.fromkeys(name for panel in page.panels for name in panel.names)), columns)
        if wanted != self._wanted and self.program.mode is self:
            self._wanted = wanted
            reader = RunsReader(wanted)
            self.program.watcher.follow("training.curves", reader.stamp, reader.read, self._take_curves)

    def _follow_log(self) -> None:
        current = self._list.current
        folder = current.folder if current is not None and self.query_one("#training-log").display else None
        if folder == self._log_of:
            return
        self._log_of = folder
        if folder is None:
            self.program.watcher.forget("training.log")
        else:
            self.program.watcher.follow("training.log", lambda: log_stamp(folder), lambda: log_end(folder), self._take_log)

    def _stop_playing(self) -> None:
        pane = self.query_one("#training-play", Vertical)
        pane.display = False
        pane.remove_children()

    def _tell(self, words: str) -> None:
        """Say why there are no charts."""
        notice = self.query_one("#training-notice", Static)
        notice.display, self._grid.display = bool(words), not words
        if words:
            notice.update(Text(words))

    def _draw(self) -> None:
        """Bring everything up to date."""
        current = self._list.current
        readings = [one for one in self._readings if self._wanted is not None and one.folder in self._wanted.folders]
        here = next((one for one in readings if current is not None and one.folder == current.folder), None)
        head = Text("")
        if here is not None:
            bad = self.program.theme_variables.get("state-bad", "")
            head = standing_line(here, self._list.sign(here.state), self.program.glyphs, bad)
        self.query_one("#training-head", Static).update(head)
        if current is None:
            self._tell("no trainings here yet\n\n:train hopper/hopperPPO.spec" if self._listed else "")
        else:
            self._tell(here.trouble if here is not None and len(readings) == 1 and not here.names else "")
        if self._pages:
            at = self._page_number()
            pages = self.query_one("#training-pages", Static)
            pages.update(page_line(self._pages, at, self._view, pages.size.width - 2))
            panels = self._pages[at].panels
            self._grid.show([plot_of(panel, readings, self._view, log=panel.key in self._log_scaled) for panel in panels])


MODE = TrainingMode
