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

from gts.commands.views.formatting import number, plain, short
from gts.errors import GtsError
from gts_tui.screens.mode import Mode
from gts_tui.screens.sources import Choice, Shelf
from gts_tui.widgets.filter_input import FilterLine
from gts_tui.widgets.player import Player
from gts_tui.widgets.table import ColumnKeyedTable as Column
from gts_tui.widgets.table import KeyedTable, Row

_WIDE = 100
"""Columns from which on the list stays beside what plays."""
_COLUMNS = (Column("what", 26), Column("score", 8, right=True), Column("steps", 6, right=True))


class PlayMode(Mode):
    """A list of what can be played, and the player."""

    NAME = "play"
    TITLE = "play"
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
        self._choices: tuple[Choice, ...] = ()
        self._asked: list[str] = []
        self._follow = False

    def compose(self) -> ComposeResult:
        """The list at the left, the player at the right."""
        table = KeyedTable(id="choices")
        with Horizontal():
            with Vertical(id="shelf"):
                yield table
                yield FilterLine(table)
                yield Static(id="said")
            yield Player()

    @property
    def player(self) -> Player:
        """The player."""
        return self.query_one(Player)

    @property
    def table(self) -> KeyedTable:
        """The list."""
        return self.query_one(KeyedTable)

    # -- coming and going ---------------------------------------------------------------------------------------------

    def enter(self) -> None:
        """Follow what there is; go on with what was played."""
        shelf = Shelf(self.program.workspace)
        self.program.watcher.follow("play.choices", shelf.stamp, shelf.read, self._take)
        if self.player.words and not self.player.playing:
            self._play(self.player.words)

    def leave(self) -> None:
        """Nothing plays where nobody looks."""
        self.program.watcher.forget("play.choices")
        self.player.stop()

    def focus_first(self) -> None:
        """The player where something plays, else the list."""
        (self.player if self.player.playing else self.table).focus()

    def selection(self) -> tuple[str, ...]:
        """What plays while the player has the cursor, else what is chosen in the list."""
        return self.player.words if self.player.has_focus else self.table.chosen

    def open(self, word: str) -> None:
        """Play it; what is named in one breath plays side by side."""
        if not self._asked:
            self.call_later(self._play_asked)
        self._asked.append(word)

    def _play_asked(self) -> None:
        words, self._asked = self._asked, []
        self._follow = False
        self._play(words)

    def _play(self, words: Sequence[str]) -> None:
        self.player.play(words, follow=self._follow)
        self.player.focus()

    def _lay_out(self) -> None:
        narrow = self.size.width < _WIDE
        self.set_class(narrow and self.player.playing and not self.query_one("#shelf").has_focus_within, "-alone")

    def on_resize(self, event: Resize) -> None:
        """The list gives way where there is no room for both."""
        self._lay_out()

    def on_descendant_focus(self) -> None:
        """It comes back when the person goes there."""
        self._lay_out()

    # -- the list -----------------------------------------------------------------------------------------------------

    def _take(self, reading: Any) -> None:
        if isinstance(reading, GtsError):
            self.query_one("#said", Static).update(plain(reading.message))
            return
        self._choices = reading
        self._show()

    def _show(self) -> None:
        line = self.query_one(FilterLine)
        found = [one for one in self._choices if one.playable and line.admits(f"{one.word} {one.kind} {one.figure}")]
        self.table.show(_COLUMNS, [Row(one.word, _cells(one)) for one in found])
        said = f"{len(found)} to play" if found else "nothing to play yet: train a spec first"
        self.query_one("#said", Static).update(Text(said))
        mark = "enter plays, space marks several to play side by side" if found else said
        self.player.say_instead(mark)

    def on_filter_line_filtered(self) -> None:
        """Show what has the words."""
        self._show()

    def on_data_table_row_selected(self) -> None:
        """Play what is chosen."""
        self._follow = False
        self._play(self.table.chosen)

    # -- keys ---------------------------------------------------------------------------------------------------------

    def action_filter(self) -> None:
        """Write words that must be there."""
        self.remove_class("-alone")
        self.query_one(FilterLine).begin()

    def action_follow(self) -> None:
        """Play runs as they were at their newest evaluation, and go on with newer ones."""
        runs = {one.word for one in self._choices if one.kind == "run"}
        words = [word for word in self.selection() if word in runs]
        if not words:
            self.notify("only runs can be followed", severity="warning")
            return
        self._follow = True
        self._play(words)

    def action_window(self) -> None:
        """Open a window on what is chosen."""
        self.player.open_window(self.selection())

    def action_compare(self) -> None:
        """Put what is chosen side by side."""
        from gts_tui.command_syntax import joined

        if self.selection():
            self.program.perform(joined(["mode", "compare", *self.selection()]))

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
        elif not (self.query_one(FilterLine).drop() or self.table.unmark()):
            self.player.stop()


def _cells(choice: Choice) -> tuple[Text, ...]:
    # The time that the id of a run begins with says less than the rest, and the list is narrow.
    name = choice.word[16:] or choice.word if choice.kind == "run" else choice.word.removesuffix(".checkpoint")
    if choice.members > 1:
        name += f" ×{choice.members}"
    score = "" if choice.score is None else number(choice.score)
    return plain(name), Text(score), Text("" if choice.step is None else short(choice.step))


MODE = PlayMode
