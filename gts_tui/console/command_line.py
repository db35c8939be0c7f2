"""The command line: a line at the foot of the screen, reached by `:` from everywhere.

It remembers what was given in any program on this workspace, guesses the end of what is being typed, and offers what a word can
become; what takes a look at the disk is done beside the program's own thread.

A menu over the command line: what a word can become, or which line was meant.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual import work
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from gts_tui.console.formatting import clean
from gts_tui.console.history import History, Walk
from gts_tui.textual_fixes import SteadyList
from gts_tui.widgets.dialogs import Confirm

if TYPE_CHECKING:
    from gts_tui.app import GtsApp
    from gts_tui.console.completion import Completer, Completions


_WIDEST = 44


@dataclass(frozen=True)
class Row:
    """What is offered, and what is said about it."""

    text: str
    help: str = ""


class Menu(SteadyList, can_focus=False):
    """Rows above the command line, which keeps the cursor; hidden until there is something to choose."""

    DEFAULT_CSS = """
    Menu {
        layer: above; dock: bottom; margin: 0 0 2 0; display: none;
        height: auto; max-height: 10; width: 100%; min-width: 24; border: none; padding: 0; background: $panel;
        scrollbar-size-vertical: 1; overflow-x: hidden;
    }
    """

    class Taken(Message):
        """A row was clicked."""

        def __init__(self, at: int) -> None:
            super().__init__()
            self.at = at

    def __init__(self) -> None:
        super().__init__(id="menu")
        self._above = 0

    @property
    def is_open(self) -> bool:
        """Whether it is shown."""
        return bool(self.display)

    @property
    def chosen(self) -> int | None:
        """The number of the row that is highlighted."""
        return None if self.highlighted is None else self.highlighted - self._above

    def show(self, rows: Sequence[Row], above: str = "") -> None:
        """Offer rows, the first of them highlighted, under a line that says what they are."""
        self.clear_options()
        self._above = 1 if above else 0
        column = min(_WIDEST, max((cell_len(clean(row.text)) for row in rows), default=0))
        options = [Option(Text(clean(above), "dim italic", no_wrap=True, overflow="ellipsis"), disabled=True)] if above else []
        self.add_options([*options, *(Option(_drawn(row, column)) for row in rows)])
        self.highlighted = self._above if rows else None
        self.display = bool(rows or above)

    def close(self) -> None:
        """Hide it."""
        self.display = False

    def move(self, way: int) -> None:
        """Highlight another row."""
        if way > 0:
            self.action_cursor_down()
        else:
            self.action_cursor_up()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take what was clicked."""
        event.stop()
        self.post_message(self.Taken(event.option_index - self._above))


def _drawn(row: Row, column: int) -> Text:
    shown = clean(row.text)
    if not row.help:
        return Text(shown, no_wrap=True, overflow="ellipsis")
    if cell_len(shown) > column:
        shown = set_cell_size(shown, column - 1) + "…"
    return Text.assemble(set_cell_size(shown, column), "  ", (clean(row.help), "dim"), no_wrap=True, overflow="ellipsis")


_PLACEHOLDER = "a command, as at the shell without gts; tab completes, ↑ and ctrl+r bring back"
_SOUGHT = "what was given before: type a part of it, enter takes it, esc leaves"
_MOST_FOUND = 200


class _Ghost(Suggester):
    """What could come behind what is typed: the newest line that began so, else the likeliest word."""

    def __init__(self, line: CommandLine) -> None:
        # A cache would hold what no longer is, and names differ in their capitals.
        super().__init__(use_cache=False, case_sensitive=True)
        self._line = line

    async def get_suggestion(self, value: str) -> str | None:
        """One line, which begins with what was typed."""
        if self._line.searching:
            return None
        return self._line.history.beginning(value) or await asyncio.to_thread(self._line.completer.ghost, value) or None


class CommandLine(Input):
    """One line, hidden until it is wanted."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete(1)", "complete", id="line.complete"),
        Binding("shift+tab", "complete(-1)", "the one before", show=False, id="line.complete-before"),
        Binding("up", "older(1)", "older", show=False, id="line.older"),
        Binding("down", "older(-1)", "newer", show=False, id="line.newer"),
        Binding("ctrl+r", "search", "history", id="line.search"),
        Binding("pageup", "output(-1)", "output up", show=False, id="line.output-up"),
        Binding("pagedown", "output(1)", "output down", show=False, id="line.output-down"),
        Binding("escape", "leave", "back", id="line.leave"),
        Binding("ctrl+c", "clear_or_leave", "clear", show=False, id="line.clear", priority=True),
    ]

    class Left(Message):
        """The person wants to go back to the mode."""

    def __init__(self) -> None:
        super().__init__(id="line", compact=True, placeholder=_PLACEHOLDER, suggester=_Ghost(self))
        # What it begins with is gone on with: were it marked, the first letter would take its place.
        self.select_on_focus = False
        self.cursor_blink = False
        self.display = False
        self._menu = Menu()
        self._completer: Completer | None = None
        self._offered: Completions | None = None
        self._found: list[str] = []
        self._walk: Walk | None = None
        self._kept: str | None = None
        """What stood here before a search began."""

    @property
    def program(self) -> GtsApp:
        """The program that this is a part of."""
        return self.app  # type: ignore[return-value]

    @property
    def history(self) -> History:
        """What was given before."""
        return self.program.performer.history

    @property
    def completer(self) -> Completer:
        """What completes lines in the workspace that is open."""
        from gts_tui.console.completion import Completer

        if self._completer is None or self._completer.workspace != self.program.workspace:
            self._completer = Completer(self.program.workspace, lambda: sorted(self.program.looks.wardrobe.themes))
        return self._completer

    @property
    def searching(self) -> bool:
        """Whether what is typed is a part of an older line."""
        return self._kept is not None

    def on_mount(self) -> None:
        """Get ready to complete."""
        self.screen.mount(self._menu)

    def take(self, text: str = "") -> None:
        """Show it, with a beginning."""
        self.display = True
        self._kept = self._walk = None
        self._write(text)
        # At once: letters that come in the same breath belong to this line.
        self.screen.set_focus(self)
        self.run_worker(self.history.load, thread=True, exit_on_error=False, group="history")

    def _write(self, text: str, cursor: int | None = None) -> None:
        self.value = text
        self.cursor_position = len(text) if cursor is None else cursor

    # -- leaving ------------------------------------------------------------------------------------------------------

    def action_leave(self) -> None:
        """Close the menu, or leave the search, or go back to the mode."""
        if self._kept is not None:
            text, self._kept = self._kept, None
            self._menu.close()
            self._write(text)
        elif self._menu.is_open:
            self._menu.close()
        else:
            self.post_message(self.Left())

    def action_clear_or_leave(self) -> None:
        """Empty it; where it is empty, ask about what is at work, or go back."""
        if self.value or self._menu.is_open or self.searching:
            self._kept = None
            self._menu.close()
            self.value = ""
            return
        tasks = self.program.performer.tasks.running
        if tasks:
            question = f"end {tasks[-1].line}?" if len(tasks) == 1 else f"end {len(tasks)} tasks? `cancel NUMBER` ends one"
            self.app.push_screen(Confirm(question), self._cancel)
        else:
            self.action_leave()

    def _cancel(self, yes: bool | None) -> None:
        if yes:
            self.program.perform("cancel")
        self.action_leave()

    def on_blur(self) -> None:
        """What was offered is offered to the one who types."""
        self._menu.close()

    # -- history ------------------------------------------------------------------------------------------------------

    def action_older(self, older: int) -> None:
        """Up and down: rows of the menu where it is open, else the lines that begin like what was typed."""
        if self._menu.is_open:
            self._menu.move(-older)
            return
        if self._walk is None or self._walk.shown != self.value:
            self._walk = Walk.through(self.history, self.value)
        self._write(self._walk.step(older))

    def action_search(self) -> None:
        """Look for an older line; once more: the next one."""
        if self.searching:
            self._menu.move(1)
            return
        self._kept, self._suggestion = self.value, ""
        self._look_for(self.value)

    def _look_for(self, text: str) -> None:
        self._found = self.history.holding(text)[:_MOST_FOUND]
        self._menu.show(
            [Row(line) for line in self._found], _SOUGHT if self._found else f"nothing given before has `{text}` in it"
        )

    # -- completion ---------------------------------------------------------------------------------------------------

    def action_complete(self, way: int) -> None:
        """Offer what the word can become; where that is one thing, take it; where it is offered already, go on to the next."""
        if self._menu.is_open:
            self._menu.move(way)
        elif not self.searching:
            self._offer(take_only=True)

    def _offer(self, *, take_only: bool = False) -> None:
        self._complete(take_only)

    @work(exclusive=True, exit_on_error=False, group="menu")
    async def _complete(self, take_only: bool) -> None:
        line, cursor = self.value, self.cursor_position
        offered = await asyncio.to_thread(self.completer.completions, line, cursor)
        if (line, cursor) != (self.value, self.cursor_position) or not self.has_focus or self.searching:
            return
        self._offered = offered
        if take_only and len(offered.candidates) == 1 and offered.candidates[0].text != offered.typed:
            self._take(0)
            return
        self._menu.show([Row(one.text, one.help) for one in offered.candidates], offered.wanted)

    def _take(self, at: int) -> None:
        """Put a candidate, or an older line, into the line."""
        self._menu.close()
        if self.searching:
            self._kept = None
            self._write(self._found[at])
            return
        if self._offered is None:
            return
        candidate = self._offered.candidates[at]
        self._write(*self._offered.taken(self.value, candidate))
        if not candidate.whole:
            self._offer()

    def on_menu_taken(self, event: Menu.Taken) -> None:
        """A row was clicked."""
        event.stop()
        self._take(event.at)

    def on_input_changed(self, event: Input.Changed) -> None:
        """What is offered goes with what is typed."""
        event.stop()
        if self.searching:
            self._look_for(self.value)
        elif self._menu.is_open:
            self._offer()

    async def action_submit(self) -> None:
        """Take what is highlighted; where nothing is offered, give the line."""
        at = self._menu.chosen if self._menu.is_open else None
        if self.searching and at is None:
            return
        offered = self._offered
        if at is not None and (self.searching or (offered and offered.candidates[at].text != offered.typed)):
            self._take(at)
            return
        self._menu.close()
        await super().action_submit()

    def action_output(self, way: int) -> None:
        """Leaf through the output without leaving the line."""
        from gts_tui.console.output import Scrollback

        pane = self.app.query_one(Scrollback)
        if pane.display:
            pane.scroll_relative(y=way * max(1, pane.size.height - 2), animate=False)
