"""Training: the charts of a run while it learns, or long after; several laid over each other."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Resize
from textual.widgets import OptionList

from gts.errors import GtsError
from gts_tui.command_syntax import quote_words
from gts_tui.screens.mode import Mode
from gts_tui.screens.training.chart_panel import ChartPanel
from gts_tui.screens.training.charts import render_run_status
from gts_tui.screens.training.data import RunSnapshot, short_run_name
from gts_tui.screens.training.run_list import RunList, RunListItem, find_run_folder, list_runs, run_list_stamp
from gts_tui.textual_fixes import CachedStatic
from gts_tui.theme import theme_style
from gts_tui.widgets.dialogs import ChoiceDialog
from gts_tui.widgets.filter_input import FilterInput
from gts_tui.widgets.log_view import LogTail
from gts_tui.widgets.player import PlaybackPane

_FAST_CURSOR_STEP = 10
_WIDE_LAYOUT_COLUMNS = 100
"""Columns from which on the list has more of them."""


class TrainingMode(Mode):
    """A list of trainings, and the charts of what is chosen there."""

    NAME = "training"
    TITLE = "Training"
    DEFAULT_CSS = """
    TrainingMode #training-head { height: 1; background: $panel; text-wrap: nowrap; text-overflow: ellipsis; }
    TrainingMode #training-body { height: 1fr; }
    TrainingMode #training-side { width: 23; background: $surface; }
    TrainingMode #training-side.-wide { width: 31; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "left_square_bracket", "charts('page', -1)", "last charts", key_display="[", show=False, id="training.previous"
        ),
        Binding("right_square_bracket", "charts('page', 1)", "charts", key_display="]", id="training.next"),
        Binding("plus,equals_sign", "maximise", "maximise", key_display="+", show=False, id="training.maximise"),
        Binding("z", "charts('smooth')", "smooth", show=False, id="training.smooth"),
        Binding("x", "charts('swap_time')", "steps or time", show=False, id="training.time"),
        Binding("l", "charts('swap_log_scale')", "log scale", show=False, id="training.log_scale"),
        Binding("f", "charts('pin')", "pin chart", show=False, id="training.pin"),
        Binding("left", "charts('move_cursor', -1)", "cursor left", show=False, id="training.left"),
        Binding("right", "charts('move_cursor', 1)", "cursor right", show=False, id="training.right"),
        Binding(
            "shift+left", f"charts('move_cursor', -{_FAST_CURSOR_STEP})", "cursor far left", show=False, id="training.far_left"
        ),
        Binding(
            "shift+right",
            f"charts('move_cursor', {_FAST_CURSOR_STEP})",
            "cursor far right",
            show=False,
            id="training.far_right",
        ),
        Binding("a", "add", "add", show=False, id="training.add"),
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
        self._pending_run: RunListItem | None = None
        self._has_runs = False

    def compose(self) -> ComposeResult:
        """How it stands; the list; the charts; log and playback, which open below them."""
        yield CachedStatic(id="training-head")
        with Horizontal(id="training-body"):
            with Vertical(id="training-side"):
                runs = RunList(id="training-runs")
                yield FilterInput(runs, "filter", id="training-filter")
                yield runs
            with Vertical():
                yield ChartPanel("training.curves")
                log = LogTail("training.log", id="training-log")
                log.display = False
                yield log
                yield PlaybackPane(id="training-play")

    # -- what a mode does ---------------------------------------------------------------------------------------------

    def enter(self) -> None:
        """Follow the list and what is chosen in it."""
        workspace = self.program.workspace
        self.program.poller.watch(
            "training.runs", lambda: run_list_stamp(workspace), lambda: list_runs(workspace), self._apply_runs
        )
        self._watch_selected()

    def leave(self) -> None:
        """Follow nothing, and play nothing."""
        self.program.poller.unwatch("training.runs")
        self._chart_panel.stop()
        self._log_view.show_log(None)
        self.query_one(PlaybackPane).stop_playback()

    def focus_first(self) -> None:
        """The list."""
        self._run_list.focus()

    def selection(self) -> tuple[str, ...]:
        """The marked trainings, else the one under the cursor."""
        current = self._run_list.current_run
        return tuple(self._run_list.marked_ids) or ((current.id,) if current else ())

    def open(self, word: str) -> None:
        """Show a training: its id or a part of it, its folder, or a file in that."""
        workspace = self.program.workspace
        folder = find_run_folder(workspace, word)
        if folder is None:
            self.notify(f"`{word}` names no training, or several", severity="warning", markup=False)
            return
        # A training of a search has no id of its own; its path names it.
        is_nested = folder.parent != workspace.runs.absolute() and folder.is_relative_to(workspace.root.absolute())
        name = str(folder.relative_to(workspace.root.absolute())) if is_nested else folder.name
        self._pending_run = RunListItem(name, folder, short_run_name(folder), "", alive=False)
        if self._has_runs:
            self._go_to_pending_run()

    # -- what has happened --------------------------------------------------------------------------------------------

    def _apply_runs(self, runs: tuple[RunListItem, ...] | GtsError) -> None:
        if isinstance(runs, GtsError):
            self._chart_panel.show_notice(runs.message)
            return
        self._has_runs = True
        self._run_list.show_runs(runs)
        self._go_to_pending_run()
        self._update_status_line()
        if not self._run_list.run_count:
            self._chart_panel.show_notice("no trainings here yet\n\nbegin one:  :train hopper/hopperPPO.spec")

    def on_run_list_selection_changed(self, event: RunList.SelectionChanged) -> None:
        """Another training, or other marks."""
        event.stop()
        self._watch_selected()

    def on_chart_panel_data_changed(self, event: ChartPanel.DataChanged) -> None:
        """New numbers."""
        event.stop()
        self._update_status_line()

    def on_resize(self, event: Resize) -> None:
        """More room for names where there is some, and for what there is to say."""
        self._update_status_line()
        self.query_one("#training-side").set_class(event.size.width >= _WIDE_LAYOUT_COLUMNS, "-wide")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """From the list to the charts."""
        event.stop()
        self._chart_panel.grid.focus()

    def on_filter_input_filter_changed(self, event: FilterInput.FilterChanged) -> None:
        """Narrow the list while somebody types."""
        event.stop()
        self._run_list.set_filter(event.filter_input.terms)

    # -- keys ---------------------------------------------------------------------------------------------------------

    def action_charts(self, method: str, *values: int) -> None:
        """Look at the charts in another way: see `ChartPanel`."""
        getattr(self._chart_panel, method)(*values)

    def action_maximise(self) -> None:
        """Give the selected chart all the room, or take it back."""
        grid = self._chart_panel.grid
        grid.is_expanded = not grid.is_expanded
        self.query_one("#training-side").display = not grid.is_expanded
        (grid if grid.is_expanded else self._run_list).focus()
        self._chart_panel.update_charts()

    def action_log(self) -> None:
        """Show or hide the end of the log."""
        self._log_view.display = not self._log_view.display
        self._watch_selected()

    def action_stop(self) -> None:
        """Stop the training under the cursor."""
        self._run_command("stop")

    def action_resume(self) -> None:
        """Go on with the training under the cursor."""
        self._run_command("resume")

    def action_copy_name(self) -> None:
        """The name of the training to the clipboard."""
        words = self.selection()
        if words:
            self.program.copy(" ".join(words), words[0] if len(words) == 1 else f"{len(words)} names")

    def action_window(self) -> None:
        """Play the training in a window of its own."""
        self._run_command("play", "--in", "window", "--loops", "0")

    def action_play(self) -> None:
        """Play the newest evaluation below the charts, or no longer."""
        playback, current = self.query_one(PlaybackPane), self._run_list.current_run
        if playback.display or current is None:
            playback.stop_playback()
        else:
            playback.start_playback(current.folder)

    def action_add(self) -> None:
        """Choose another training to lay over the one under the cursor, which stays."""
        current, others = self._run_list.current_run, self._run_list.other_runs
        if current is None or not others:
            self.notify("there is no other training to lay over this one", severity="warning")
            return

        def answered(name: str | None) -> None:
            if name is not None:
                self._run_list.mark_run(current.id)
                self._run_list.mark_run(name)

        choices = [(one.id, f"{self._run_list.state_symbol(one.state).plain} {one.id}") for one in others]
        self.app.push_screen(ChoiceDialog("Lay which training over these?", choices), answered)

    def action_filter(self) -> None:
        """Narrow the list."""
        self.query_one("#training-filter", FilterInput).open()

    def action_back(self) -> None:
        """Out of whatever is in the way: the filter, the cursor, the one large chart, the charts, the marks."""
        filter_input = self.query_one("#training-filter", FilterInput)
        if (self._run_list.has_focus and filter_input.clear_filter()) or self._chart_panel.clear_cursor():
            return
        if self._chart_panel.grid.is_expanded:
            self.action_maximise()
        elif self._chart_panel.grid.has_focus or not self._run_list.clear_marks():
            self._run_list.focus()

    # -- underneath ---------------------------------------------------------------------------------------------------

    @property
    def _run_list(self) -> RunList:
        return self.query_one(RunList)

    @property
    def _chart_panel(self) -> ChartPanel:
        return self.query_one(ChartPanel)

    @property
    def _log_view(self) -> LogTail:
        return self.query_one(LogTail)

    def _run_command(self, word: str, *options: str) -> None:
        current = self._run_list.current_run
        if current is not None and (current.state or word == "play"):
            self.program.run_command(quote_words([word, current.id if current.state else str(current.folder), *options]))
        elif current is not None:
            self.notify("it belongs to a search, which is stopped and resumed as a whole", severity="warning")

    def _go_to_pending_run(self) -> None:
        asked, self._pending_run = self._pending_run, None
        if asked is not None:
            self._run_list.highlight_run(asked)

    def _watch_selected(self) -> None:
        """Follow what is chosen in the list."""
        if self.program.mode_name != self.NAME:
            return
        self._chart_panel.show_runs([one.folder for one in self._run_list.overlaid_runs])
        current = self._run_list.current_run
        self._log_view.show_log(current.folder if current is not None and self._log_view.display else None)
        if current is not None:
            self.query_one(PlaybackPane).switch_run(current.folder)
        self._update_status_line()

    def _update_status_line(self) -> None:
        """How the training under the cursor stands."""
        current = self._run_list.current_run
        reading = next(
            (one for one in self._chart_panel.snapshots if current is not None and one.folder == current.folder), None
        )
        self.query_one(CachedStatic).show_text(Text("") if reading is None else self._status_text(reading))

    def _status_text(self, reading: RunSnapshot) -> Text:
        bad = theme_style(self.program, "state-bad")
        return render_run_status(reading, self._run_list.state_symbol(reading.state), self.program.glyphs, bad, self.size.width)


MODE = TrainingMode
