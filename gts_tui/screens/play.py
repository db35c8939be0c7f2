"""The mode `play`: what was learned, seen at work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Resize
from textual.widgets import Static

from gts.commands.views.formatting import format_number, format_short, plain_text
from gts.errors import GtsError
from gts.store.workspace import short_run_name
from gts_tui.screens.mode import Mode
from gts_tui.screens.sources import SourceInfo, SourceReader
from gts_tui.widgets.filter_input import FilterInput
from gts_tui.widgets.player import PlayerWidget
from gts_tui.widgets.table import VirtualTable, VirtualTableColumn

_SIDE_BY_SIDE_COLUMNS = 100
"""Columns from which on the list stays beside what plays."""
_COLUMNS = (
    VirtualTableColumn("what", 26),
    VirtualTableColumn("score", 8, align_right=True),
    VirtualTableColumn("steps", 6, align_right=True),
)


class PlayMode(Mode):
    """A list of what can be played, and the player."""

    NAME = "play"
    DEFAULT_CSS = """
    PlayMode #shelf { width: 46; border-right: solid $panel; }
    PlayMode.-alone #shelf { display: none; }
    PlayMode #said { height: 1; color: $text-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter", key_display="/", show=False, id="play.filter"),
        Binding("f", "follow", "follow", show=False, id="play.follow"),
        Binding("w", "window", "window", show=False, id="play.window"),
        Binding("c", "compare", "compare", show=False, id="play.compare"),
        Binding("y", "copy", "copy name", show=False, id="play.copy"),
        Binding("escape", "back", "list", id="play.back"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._sources: tuple[SourceInfo, ...] = ()
        self._pending_references: list[str] = []
        self._is_following = False

    def compose(self) -> ComposeResult:
        """The list at the left, the player at the right."""
        table = VirtualTable(id="choices", gap=1)
        with Horizontal():
            with Vertical(id="shelf"):
                yield table
                yield FilterInput(table)
                yield Static(id="said")
            yield PlayerWidget()

    @property
    def player(self) -> PlayerWidget:
        """The player."""
        return self.query_one(PlayerWidget)

    @property
    def table(self) -> VirtualTable:
        """The list."""
        return self.query_one(VirtualTable)

    # -- coming and going ---------------------------------------------------------------------------------------------

    def enter(self) -> None:
        """Follow what there is; go on with what was played."""
        shelf = SourceReader(self.program.workspace)
        self.program.poller.watch("play.choices", shelf.stamp, shelf.read, self._apply_sources)
        if self.player.references and not self.player.is_playing:
            self._play(self.player.references)

    def leave(self) -> None:
        """Nothing plays where nobody looks."""
        self.program.poller.unwatch("play.choices")
        self.player.stop()

    def focus_first(self) -> None:
        """The player where something plays, else the list."""
        (self.player if self.player.is_playing else self.table).focus()

    def selection(self) -> tuple[str, ...]:
        """What plays while the player has the cursor, else what is chosen in the list."""
        return self.player.references if self.player.has_focus else self.table.selected_keys

    def open(self, word: str) -> None:
        """Play it; what is named in one breath plays side by side."""
        if not self._pending_references:
            self.call_later(self._play_pending)
        self._pending_references.append(word)

    def _play_pending(self) -> None:
        words, self._pending_references = self._pending_references, []
        self._is_following = False
        self._play(words)

    def _play(self, words: Sequence[str]) -> None:
        self.player.play(words, follow=self._is_following)
        self.player.focus()

    def _update_layout(self) -> None:
        narrow = self.size.width < _SIDE_BY_SIDE_COLUMNS
        self.set_class(narrow and self.player.is_playing and not self.query_one("#shelf").has_focus_within, "-alone")

    def on_resize(self, event: Resize) -> None:
        """The list gives way where there is no room for both."""
        self._update_layout()

    def on_descendant_focus(self) -> None:
        """It comes back when the person goes there."""
        self._update_layout()

    # -- the list -----------------------------------------------------------------------------------------------------

    def _apply_sources(self, reading: Any) -> None:
        if isinstance(reading, GtsError):
            self.query_one("#said", Static).update(plain_text(reading.message))
            return
        self._sources = reading
        self._show_sources()

    def _show_sources(self) -> None:
        line = self.query_one(FilterInput)
        found = [one for one in self._sources if one.playable and line.matches(f"{one.reference} {one.kind} {one.figure}")]
        by_reference = {one.reference: one for one in found}
        self.table.show_rows(_COLUMNS, tuple(by_reference), lambda key: _source_cells(by_reference[key]))
        summary = f"{len(found)} to play" if found else "nothing to play yet: train a spec first"
        self.query_one("#said", Static).update(Text(summary))
        hint = "enter plays, space marks several to play side by side" if found else summary
        self.player.set_hint(hint)

    def on_filter_input_filter_changed(self) -> None:
        """Show what has the words."""
        self._show_sources()

    def on_virtual_table_row_selected(self) -> None:
        """Play what is chosen."""
        self._is_following = False
        self._play(self.table.selected_keys)

    # -- keys ---------------------------------------------------------------------------------------------------------

    def action_filter(self) -> None:
        """Write words that must be there."""
        self.remove_class("-alone")
        self.query_one(FilterInput).open()

    def action_follow(self) -> None:
        """Play runs as they were at their newest evaluation, and go on with newer ones."""
        runs = {one.reference for one in self._sources if one.kind == "run"}
        words = [word for word in self.selection() if word in runs]
        if not words:
            self.notify("only runs can be followed", severity="warning")
            return
        self._is_following = True
        self._play(words)

    def action_window(self) -> None:
        """Open a window on what is chosen."""
        self.player.open_window(self.selection())

    def action_compare(self) -> None:
        """Put what is chosen side by side."""
        from gts_tui.command_syntax import quote_words

        if self.selection():
            self.program.run_command(quote_words(["mode", "compare", *self.selection()]))

    def action_copy(self) -> None:
        """Copy the names of what is chosen."""
        words = self.selection()
        if words:
            self.program.copy(" ".join(words), words[0] if len(words) == 1 else f"{len(words)} names")

    def action_back(self) -> None:
        """From the player to the list; there, take away the filter, then the marks, then what plays."""
        if self.player.has_focus:
            self.remove_class("-alone")
            self.table.focus()
        elif not (self.query_one(FilterInput).clear_filter() or self.table.clear_marks()):
            self.player.stop()


def _source_cells(source: SourceInfo) -> tuple[Text, ...]:
    # The time that the id of a run begins with says less than the rest, and the list is narrow.
    name = short_run_name(source.reference) if source.kind == "run" else source.reference.removesuffix(".checkpoint")
    if source.members > 1:
        name += f" ×{source.members}"
    score = "" if source.score is None else format_number(source.score)
    return plain_text(name), Text(score), Text("" if source.step is None else format_short(source.step))


MODE = PlayMode
