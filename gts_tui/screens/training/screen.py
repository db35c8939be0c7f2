"""Training mode: a list of runs, and charts of the run under the cursor and of the marked ones."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import getters, on
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
from gts_tui.screens.training.data import RunSnapshot, run_label
from gts_tui.screens.training.run_list import RunList, RunListItem, find_run_folder, list_runs, run_list_stamp
from gts_tui.textual_fixes import CachedStatic
from gts_tui.theme import theme_style
from gts_tui.widgets.dialogs import ChoiceDialog
from gts_tui.widgets.filter_input import FilterInput
from gts_tui.widgets.log_view import LogTail
from gts_tui.widgets.player import PlaybackPane

_FAST_CURSOR_STEP = 10
_WIDE_LAYOUT_COLUMNS = 100
"""Width of the screen from which the list of runs is wider."""


class TrainingMode(Mode):
    """List of runs on the left; charts, log and playback on the right."""

    NAME = "training"
    DEFAULT_CSS = """
    TrainingMode #training-head { height: 1; background: $panel; text-wrap: nowrap; text-overflow: ellipsis; }
    TrainingMode #training-body { height: 1fr; }
    TrainingMode #training-side { width: 23; background: $surface; }
    TrainingMode #training-side.-wide { width: 31; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left_square_bracket", "turn_page(-1)", "previous charts", key_display="[", show=False, id="training.previous"),
        Binding("right_square_bracket", "turn_page(1)", "next charts", key_display="]", id="training.next"),
        Binding("plus,equals_sign", "maximise", "maximise", key_display="+", show=False, id="training.maximise"),
        Binding("z", "cycle_smoothing", "smooth", show=False, id="training.smooth"),
        Binding("x", "toggle_time_axis", "steps or time axis", show=False, id="training.time"),
        Binding("l", "toggle_log_scale", "log scale", show=False, id="training.log_scale"),
        Binding("f", "toggle_pin", "pin chart", show=False, id="training.pin"),
        Binding("left", "move_cursor(-1)", "cursor left", show=False, id="training.left"),
        Binding("right", "move_cursor(1)", "cursor right", show=False, id="training.right"),
        Binding("shift+left", f"move_cursor(-{_FAST_CURSOR_STEP})", "cursor far left", show=False, id="training.far_left"),
        Binding(
            "shift+right",
            f"move_cursor({_FAST_CURSOR_STEP})",
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

    _run_list = getters.query_one(RunList)
    _chart_panel = getters.query_one(ChartPanel)
    _log_view = getters.query_one(LogTail)
    _playback = getters.query_one(PlaybackPane)
    _filter_input = getters.query_one(FilterInput)
    _status_line = getters.query_one("#training-head", CachedStatic)

    def __init__(self) -> None:
        super().__init__()
        self._is_shown = False
        self._pending_run: RunListItem | None = None
        """Run to select as soon as the list is read."""
        self._has_runs = False
        """Whether the list has been read."""

    def compose(self) -> ComposeResult:
        """Yield the status line, the list, the charts, and below these the log and the playback, both hidden."""
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

    # -- mode --------------------------------------------------------------------------------------------------------

    def enter(self) -> None:
        """Follow the list and the selected runs."""
        self._is_shown = True
        workspace = self.program.workspace
        self.program.poller.watch(
            "training.runs", lambda: run_list_stamp(workspace), lambda: list_runs(workspace), self._apply_runs
        )
        self._watch_selected()

    def leave(self) -> None:
        """Stop polling and playback."""
        self._is_shown = False
        self.program.poller.unwatch("training.runs")
        self._chart_panel.stop()
        self._log_view.show_log(None)
        self._playback.stop_playback()

    def focus_first(self) -> None:
        """Focus the list."""
        self._run_list.focus()

    def selection(self) -> tuple[str, ...]:
        """References of the marked runs, else of the one under the cursor."""
        current = self._run_list.current_run
        return tuple(self._run_list.marked_ids) or ((current.id,) if current else ())

    def open(self, word: str) -> None:
        """Select a run by its ID, a unique part of it, its folder, or a file in the folder."""
        workspace = self.program.workspace
        folder = find_run_folder(workspace, word)
        if folder is None:
            self.notify(f"`{word}` matches no run, or several", severity="warning", markup=False)
            return
        # The run of a trial is not in the catalogue: its reference is its path.
        is_nested = folder.parent != workspace.runs.absolute() and folder.is_relative_to(workspace.root.absolute())
        name = str(folder.relative_to(workspace.root.absolute())) if is_nested else folder.name
        self._pending_run = RunListItem(name, folder, run_label(folder), "", alive=False)
        if self._has_runs:
            self._go_to_pending_run()

    # -- data and messages --------------------------------------------------------------------------------------------

    def _apply_runs(self, runs: tuple[RunListItem, ...] | GtsError) -> None:
        if isinstance(runs, GtsError):
            self._chart_panel.show_notice(runs.message)
            return
        self._has_runs = True
        self._run_list.show_runs(runs)
        self._go_to_pending_run()
        self._update_status_line()
        if not self._run_list.run_count:
            self._chart_panel.show_notice("no runs yet\n\nstart one:  :train hopper/hopperPPO.spec")

    def on_run_list_selection_changed(self, event: RunList.SelectionChanged) -> None:
        """Show the selected runs."""
        event.stop()
        self._watch_selected()

    def on_chart_panel_data_changed(self, event: ChartPanel.DataChanged) -> None:
        """Update the status line."""
        event.stop()
        self._update_status_line()

    def on_resize(self, event: Resize) -> None:
        """Adapt the status line and the width of the list."""
        self._update_status_line()
        self.query_one("#training-side").set_class(event.size.width >= _WIDE_LAYOUT_COLUMNS, "-wide")

    @on(OptionList.OptionSelected, "#training-runs")
    def _focus_charts(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._chart_panel.grid.focus()

    @on(FilterInput.FilterChanged)
    def _apply_filter(self, event: FilterInput.FilterChanged) -> None:
        event.stop()
        self._run_list.set_filter(event.filter_input.terms)

    # -- actions ------------------------------------------------------------------------------------------------------

    def action_turn_page(self, pages: int) -> None:
        """Show the next or previous page of charts."""
        self._chart_panel.turn_page(pages)

    def action_cycle_smoothing(self) -> None:
        """Use the next smoothing strength."""
        self._chart_panel.cycle_smoothing()

    def action_toggle_time_axis(self) -> None:
        """Toggle the x axis between steps and time."""
        self._chart_panel.toggle_time_axis()

    def action_toggle_log_scale(self) -> None:
        """Toggle the log scale of the selected chart."""
        self._chart_panel.toggle_log_scale()

    def action_toggle_pin(self) -> None:
        """Pin or unpin the selected chart."""
        self._chart_panel.toggle_pin()

    def action_move_cursor(self, columns: int) -> None:
        """Move the cursor of the charts."""
        self._chart_panel.move_cursor(columns)

    def action_maximise(self) -> None:
        """Give the selected chart the whole screen, or restore the layout."""
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
        """Stop the run under the cursor."""
        self._run_command("stop")

    def action_resume(self) -> None:
        """Resume the run under the cursor."""
        self._run_command("resume")

    def action_copy_name(self) -> None:
        """Copy the selected references to the clipboard."""
        references = self.selection()
        if references:
            self.program.copy(" ".join(references), references[0] if len(references) == 1 else f"{len(references)} names")

    def action_window(self) -> None:
        """Play the run in a MuJoCo window."""
        self._run_command("play", "--in", "window", "--loops", "0")

    def action_play(self) -> None:
        """Start or stop playback of the newest evaluation, below the charts."""
        playback, current = self._playback, self._run_list.current_run
        if playback.display or current is None:
            playback.stop_playback()
        else:
            playback.start_playback(current.folder)

    def action_add(self) -> None:
        """Ask for another run and mark it and the one under the cursor."""
        current, others = self._run_list.current_run, self._run_list.other_runs
        if current is None or not others:
            self.notify("no other run to add", severity="warning")
            return

        def answered(name: str | None) -> None:
            if name is not None:
                self._run_list.mark_run(current.id)
                self._run_list.mark_run(name)

        choices = [(one.id, f"{self._run_list.state_symbol(one.state).plain} {one.id}") for one in others]
        self.app.push_screen(ChoiceDialog("Add which run?", choices), answered)

    def action_filter(self) -> None:
        """Open the filter."""
        self._filter_input.open()

    def action_back(self) -> None:
        """Undo the topmost of: the filter, the cursor, the maximised chart, the focus on the charts, the marks."""
        if (self._run_list.has_focus and self._filter_input.clear_filter()) or self._chart_panel.clear_cursor():
            return
        if self._chart_panel.grid.is_expanded:
            self.action_maximise()
        elif self._chart_panel.grid.has_focus or not self._run_list.clear_marks():
            self._run_list.focus()

    # -- internals --------------------------------------------------------------------------------------------------

    def _run_command(self, command: str, *options: str) -> None:
        current = self._run_list.current_run
        if current is not None and (current.state or command == "play"):
            self.program.run_command(quote_words([command, current.id if current.state else str(current.folder), *options]))
        elif current is not None:
            self.notify("this run belongs to a search; stop or resume the search", severity="warning")

    def _go_to_pending_run(self) -> None:
        run, self._pending_run = self._pending_run, None
        if run is not None:
            self._run_list.highlight_run(run)

    def _watch_selected(self) -> None:
        """Follow the selected runs."""
        if not self._is_shown:
            return
        self._chart_panel.show_runs([run.folder for run in self._run_list.overlaid_runs])
        current = self._run_list.current_run
        self._log_view.show_log(current.folder if current is not None and self._log_view.display else None)
        if current is not None:
            self._playback.switch_run(current.folder)
        self._update_status_line()

    def _update_status_line(self) -> None:
        current = self._run_list.current_run
        snapshots = (one for one in self._chart_panel.snapshots if current is not None and one.folder == current.folder)
        snapshot = next(snapshots, None)
        self._status_line.show_text(Text("") if snapshot is None else self._status_text(snapshot))

    def _status_text(self, snapshot: RunSnapshot) -> Text:
        symbol, error_style = self._run_list.state_symbol(snapshot.state), theme_style(self.program, "state-bad")
        return render_run_status(snapshot, symbol, self.program.glyphs, error_style, self.size.width)


MODE = TrainingMode
