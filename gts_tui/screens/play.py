"""The mode `play`: a list of checkpoints and runs, and the player."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from rich.text import Text
from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Resize
from textual.widgets import Static

from gts.commands.views.formatting import format_number, format_short, plain_text
from gts.errors import GtsError
from gts.store.workspace import short_run_name
from gts_tui.app_base import BaseApp
from gts_tui.command_syntax import quote_words
from gts_tui.screens.mode import Mode
from gts_tui.screens.sources import SourceInfo, SourceReader
from gts_tui.widgets.filter_input import FilterInput
from gts_tui.widgets.player import PlayerWidget
from gts_tui.widgets.table import VirtualTable, VirtualTableColumn

_SIDE_BY_SIDE_COLUMNS = 100
"""Minimum width for the list beside a playing player."""
_COLUMNS = (
    VirtualTableColumn("name", 26),
    VirtualTableColumn("score", 8, align_right=True),
    VirtualTableColumn("steps", 6, align_right=True),
)


class PlayMode(Mode):
    """List of playable files and runs, and the player."""

    NAME = "play"
    DEFAULT_CSS = """
    PlayMode #source-list { width: 46; border-right: solid $panel; }
    PlayMode.-alone #source-list { display: none; }
    PlayMode #status { height: 1; color: $text-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter", key_display="/", show=False, id="play.filter"),
        Binding("f", "follow", "follow", show=False, id="play.follow"),
        Binding("w", "window", "window", show=False, id="play.window"),
        Binding("c", "compare", "compare", show=False, id="play.compare"),
        Binding("y", "copy", "copy name", show=False, id="play.copy"),
        Binding("escape", "back", "list", id="play.back"),
    ]

    app = getters.app(BaseApp)
    source_list = getters.query_one("#source-list", Vertical)
    table = getters.query_one("#choices", VirtualTable)
    filter_input = getters.query_one(FilterInput)
    status = getters.query_one("#status", Static)
    player = getters.query_one(PlayerWidget)

    def __init__(self) -> None:
        super().__init__()
        self._sources: tuple[SourceInfo, ...] = ()
        self._pending_references: list[str] = []
        self._is_following = False

    def compose(self) -> ComposeResult:
        """Create the list at the left and the player at the right."""
        table = VirtualTable(id="choices", gap=1)
        with Horizontal():
            with Vertical(id="source-list"):
                yield table
                yield FilterInput(table)
                yield Static(id="status")
            yield PlayerWidget()

    # -- mode ------------------------------------------------------------------------------------------------------

    def enter(self) -> None:
        """Poll the list; resume the playback that was stopped when the mode was left."""
        reader = SourceReader(self.app.workspace)
        self.app.poller.watch("play.choices", reader.stamp, reader.read, self._apply_sources)
        if self.player.references and not self.player.is_playing:
            self._play(self.player.references)

    def leave(self) -> None:
        """Stop polling and playing."""
        self.app.poller.unwatch("play.choices")
        self.player.stop()

    def focus_first(self) -> None:
        """Focus the player while it plays, else the list."""
        (self.player if self.player.is_playing else self.table).focus()

    def selection(self) -> tuple[str, ...]:
        """Return the playing references if the player has the focus, else those chosen in the list."""
        return self.player.references if self.player.has_focus else self.table.selected_keys

    def open(self, reference: str) -> None:
        """Play a reference; references opened in the same event play side by side."""
        if not self._pending_references:
            self.call_later(self._play_pending)
        self._pending_references.append(reference)

    def _play_pending(self) -> None:
        references, self._pending_references = self._pending_references, []
        self._is_following = False
        self._play(references)

    def _play(self, references: Sequence[str]) -> None:
        self.player.play(references, follow=self._is_following)
        self.player.focus()

    def _update_layout(self) -> None:
        narrow = self.size.width < _SIDE_BY_SIDE_COLUMNS
        self.set_class(narrow and self.player.is_playing and not self.source_list.has_focus_within, "-alone")

    def on_resize(self, event: Resize) -> None:
        """Hide the list if there is no room for both."""
        self._update_layout()

    def on_descendant_focus(self) -> None:
        """Show the list while it has the focus."""
        self._update_layout()

    # -- the list -----------------------------------------------------------------------------------------------------

    def _apply_sources(self, reading: Any) -> None:
        if isinstance(reading, GtsError):
            self.status.update(plain_text(reading.message))
            return
        self._sources = reading
        self._show_sources()

    def _show_sources(self) -> None:
        matches = self.filter_input.matches
        found = [one for one in self._sources if one.playable and matches(f"{one.reference} {one.kind} {one.figure}")]
        cells = {one.reference: _source_cells(one) for one in found}
        self.table.show_rows(_COLUMNS, tuple(cells), cells.__getitem__)
        summary = f"{len(found)} to play" if found else "nothing to play yet: train a spec first"
        self.status.update(Text(summary))
        hint = "enter plays, space marks several to play side by side" if found else summary
        self.player.set_hint(hint)

    @on(FilterInput.FilterChanged)
    def apply_filter(self) -> None:
        """Show the sources that match the filter."""
        self._show_sources()

    @on(VirtualTable.RowSelected, "#choices")
    def play_selected(self) -> None:
        """Play the marked rows, else the one under the cursor."""
        self._is_following = False
        self._play(self.table.selected_keys)

    # -- keys ---------------------------------------------------------------------------------------------------------

    def action_filter(self) -> None:
        """Open the filter."""
        self.remove_class("-alone")
        self.filter_input.open()

    def action_follow(self) -> None:
        """Play runs from their latest evaluation, and switch to newer ones as they come."""
        runs = {one.reference for one in self._sources if one.kind == "run"}
        references = [one for one in self.selection() if one in runs]
        if not references:
            self.notify("only runs can be followed", severity="warning")
            return
        self._is_following = True
        self._play(references)

    def action_window(self) -> None:
        """Play in a window."""
        self.player.open_window(self.selection())

    def action_compare(self) -> None:
        """Open the selection in the mode `compare`."""
        if self.selection():
            self.app.run_command(quote_words(["mode", "compare", *self.selection()]))

    def action_copy(self) -> None:
        """Copy the references of the selection."""
        self.app.copy_names(self.selection())

    def action_back(self) -> None:
        """Return from the player to the list; there clear the filter and the marks, then stop the player."""
        if self.player.has_focus:
            self.remove_class("-alone")
            self.table.focus()
        elif not (self.filter_input.clear_filter() or self.table.clear_marks()):
            self.player.stop()


def _source_cells(source: SourceInfo) -> tuple[Text, ...]:
    # The list is narrow, so a run ID is shown without its time.
    name = short_run_name(source.reference) if source.kind == "run" else source.reference.removesuffix(".checkpoint")
    if source.members > 1:
        name += f" ×{source.members}"
    score = "" if source.score is None else format_number(source.score)
    return plain_text(name), Text(score), Text("" if source.step is None else format_short(source.step))


MODE = PlayMode
