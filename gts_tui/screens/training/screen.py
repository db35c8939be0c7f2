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
from gts_tui.command_syntax import joined
from gts_tui.screens.mode import Mode
from gts_tui.screens.training.chart_panel import Gallery
from gts_tui.screens.training.charts import standing_line
from gts_tui.screens.training.data import RunReading, short_name
from gts_tui.screens.training.run_list import Listed, RunList, folder_of, list_runs, listing_stamp
from gts_tui.textual_fixes import SteadyLine
from gts_tui.theme import ink
from gts_tui.widgets.dialogs import Choose
from gts_tui.widgets.filter_input import FilterLine
from gts_tui.widgets.log_view import LogTail
from gts_tui.widgets.player import Playback

_LEAP = 10
_WIDE = 100
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
        Binding("shift+left", f"charts('move_cursor', -{_LEAP})", "cursor far left", show=False, id="training.far_left"),
        Binding("shift+right", f"charts('move_cursor', {_LEAP})", "cursor far right", show=False, id="training.far_right"),
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
        self._asked: Listed | None = None
        self._listed = False

    def compose(self) -> ComposeResult:
        """How it stands; the list; the charts; log and playback, which open below them."""
        yield SteadyLine(id="training-head")
        with Horizontal(id="training-body"):
            with Vertical(id="training-side"):
                runs = RunList(id="training-runs")
                yield FilterLine(runs, "filter", id="training-filter")
                yield runs
            with Vertical():
                yield Gallery("training.curves")
                log = LogTail("training.log", id="training-log")
                log.display = False
                yield log
                yield Playback(id="training-play")

    # -- what a mode does ---------------------------------------------------------------------------------------------

    def enter(self) -> None:
        """Follow the list and what is chosen in it."""
        workspace = self.program.workspace
        self.program.watcher.follow(
            "training.runs", lambda: listing_stamp(workspace), lambda: list_runs(workspace), self._take_list
        )
        self._follow()

    def leave(self) -> None:
        """Follow nothing, and play nothing."""
        self.program.watcher.forget("training.runs")
        self._gallery.rest()
        self._log.follow(None)
        self.query_one(Playback).end()

    def focus_first(self) -> None:
        """The list."""
        self._list.focus()

    def selection(self) -> tuple[str, ...]:
        """The marked trainings, else the one under the cursor."""
        current = self._list.current
        return tuple(self._list.marked) or ((current.id,) if current else ())

    def open(self, word: str) -> None:
        """Show a training: its id or a part of it, its folder, or a file in that."""
        workspace = self.program.workspace
        folder = folder_of(workspace, word)
        if folder is None:
            self.notify(f"`{word}` names no training, or several", severity="warning", markup=False)
            return
        # A training of a search has no id of its own; its path names it.
        inside = folder.parent != workspace.runs.absolute() and folder.is_relative_to(workspace.root.absolute())
        name = str(folder.relative_to(workspace.root.absolute())) if inside else folder.name
        self._asked = Listed(name, folder, short_name(folder), "", alive=False)
        if self._listed:
            self._go_to_asked()

    # -- what has happened --------------------------------------------------------------------------------------------

    def _take_list(self, runs: tuple[Listed, ...] | GtsError) -> None:
        if isinstance(runs, GtsError):
            self._gallery.say(runs.message)
            return
        self._listed = True
        self._list.show(runs)
        self._go_to_asked()
        self._draw_head()
        if not self._list.total:
            self._gallery.say("no trainings here yet\n\nbegin one:  :train hopper/hopperPPO.spec")

    def on_run_list_chosen(self, event: RunList.Chosen) -> None:
        """Another training, or other marks."""
        event.stop()
        self._follow()

    def on_gallery_read(self, event: Gallery.Read) -> None:
        """New numbers."""
        event.stop()
        self._draw_head()

    def on_resize(self, event: Resize) -> None:
        """More room for names where there is some, and for what there is to say."""
        self._draw_head()
        self.query_one("#training-side").set_class(event.size.width >= _WIDE, "-wide")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """From the list to the charts."""
        event.stop()
        self._gallery.grid.focus()

    def on_filter_line_filtered(self, event: FilterLine.Filtered) -> None:
        """Narrow the list while somebody types."""
        event.stop()
        self._list.narrow(event.line.words)

    # -- keys ---------------------------------------------------------------------------------------------------------

    def action_charts(self, what: str, *values: int) -> None:
        """Look at the charts in another way: see `Gallery`."""
        getattr(self._gallery, what)(*values)

    def action_maximise(self) -> None:
        """Give the selected chart all the room, or take it back."""
        grid = self._gallery.grid
        grid.alone = not grid.alone
        self.query_one("#training-side").display = not grid.alone
        (grid if grid.alone else self._list).focus()
        self._gallery.draw()

    def action_log(self) -> None:
        """Show or hide the end of the log."""
        self._log.display = not self._log.display
        self._follow()

    def action_stop(self) -> None:
        """Stop the training under the cursor."""
        self._command("stop")

    def action_resume(self) -> None:
        """Go on with the training under the cursor."""
        self._command("resume")

    def action_copy_name(self) -> None:
        """The name of the training to the clipboard."""
        words = self.selection()
        if words:
            self.program.copy(" ".join(words), words[0] if len(words) == 1 else f"{len(words)} names")

    def action_window(self) -> None:
        """Play the training in a window of its own."""
        self._command("play", "--in", "window", "--loops", "0")

    def action_play(self) -> None:
        """Play the newest evaluation below the charts, or no longer."""
        playback, current = self.query_one(Playback), self._list.current
        if playback.display or current is None:
            playback.end()
        else:
            playback.begin(current.folder)

    def action_add(self) -> None:
        """Choose another training to lay over the one under the cursor, which stays."""
        here, others = self._list.current, self._list.others
        if here is None or not others:
            self.notify("there is no other training to lay over this one", severity="warning")
            return

        def answered(name: str | None) -> None:
            if name is not None:
                self._list.mark(here.id)
                self._list.mark(name)

        choices = [(one.id, f"{self._list.sign(one.state).plain} {one.id}") for one in others]
        self.app.push_screen(Choose("Lay which training over these?", choices), answered)

    def action_filter(self) -> None:
        """Narrow the list."""
        self.query_one("#training-filter", FilterLine).begin()

    def action_back(self) -> None:
        """Out of whatever is in the way: the filter, the cursor, the one large chart, the charts, the marks."""
        words = self.query_one("#training-filter", FilterLine)
        if (self._list.has_focus and words.drop()) or self._gallery.end_cursor():
            return
        if self._gallery.grid.alone:
            self.action_maximise()
        elif self._gallery.grid.has_focus or not self._list.unmark():
            self._list.focus()

    # -- underneath ---------------------------------------------------------------------------------------------------

    @property
    def _list(self) -> RunList:
        return self.query_one(RunList)

    @property
    def _gallery(self) -> Gallery:
        return self.query_one(Gallery)

    @property
    def _log(self) -> LogTail:
        return self.query_one(LogTail)

    def _command(self, word: str, *options: str) -> None:
        current = self._list.current
        if current is not None and (current.state or word == "play"):
            self.program.perform(joined([word, current.id if current.state else str(current.folder), *options]))
        elif current is not None:
            self.notify("it belongs to a search, which is stopped and resumed as a whole", severity="warning")

    def _go_to_asked(self) -> None:
        asked, self._asked = self._asked, None
        if asked is not None:
            self._list.go_to(asked)

    def _follow(self) -> None:
        """Follow what is chosen in the list."""
        if self.program.mode is not self:
            return
        self._gallery.follow([one.folder for one in self._list.overlaid])
        current = self._list.current
        self._log.follow(current.folder if current is not None and self._log.display else None)
        if current is not None:
            self.query_one(Playback).turn(current.folder)
        self._draw_head()

    def _draw_head(self) -> None:
        """How the training under the cursor stands."""
        current = self._list.current
        here = next((one for one in self._gallery.readings if current is not None and one.folder == current.folder), None)
        self.query_one(SteadyLine).tell(Text("") if here is None else self._standing(here))

    def _standing(self, reading: RunReading) -> Text:
        bad = ink(self.program, "state-bad")
        return standing_line(reading, self._list.sign(reading.state), self.program.glyphs, bad, self.size.width)


MODE = TrainingMode
