"""CommandLine: the input at the bottom of the screen, with history, ghost text and a completion menu."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual import getters, on, work
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from gts_tui.app_base import BaseApp
from gts_tui.console.formatting import replace_control_characters
from gts_tui.console.history import History, HistoryCursor
from gts_tui.console.output import OutputPane
from gts_tui.textual_fixes import SafeOptionList, clear_suggestion
from gts_tui.widgets.dialogs import ConfirmDialog

if TYPE_CHECKING:
    from gts_tui.console.completion import Completer, Completions
    from gts_tui.console.runner import CommandRunner


_MAX_TEXT_WIDTH = 44


@dataclass(frozen=True)
class MenuRow:
    """Row of the menu and its description."""

    text: str
    help: str = ""


class CompletionMenu(SafeOptionList, can_focus=False):
    """Rows above the command line: completions, or lines of the history. The command line keeps the focus."""

    DEFAULT_CSS = """
    CompletionMenu {
        layer: above; dock: bottom; margin: 0 0 2 0; display: none;
        height: auto; max-height: 10; width: 100%; min-width: 24; border: none; padding: 0; background: $panel;
        scrollbar-size-vertical: 1; overflow-x: hidden;
    }
    """

    class Selected(Message):
        """A row was clicked."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self) -> None:
        super().__init__(id="menu")
        self._title_rows = 0

    @property
    def is_open(self) -> bool:
        """Whether the menu is visible."""
        return bool(self.display)

    @property
    def selected_index(self) -> int | None:
        """Index of the highlighted row."""
        return None if self.highlighted is None else self.highlighted - self._title_rows

    def show_rows(self, rows: Sequence[MenuRow], title: str = "") -> None:
        """Show rows below a title, the first row highlighted; hide the menu if there is nothing to show."""
        self.clear_options()
        self._title_rows = 1 if title else 0
        column = min(_MAX_TEXT_WIDTH, max((cell_len(replace_control_characters(row.text)) for row in rows), default=0))
        options = (
            [Option(Text(replace_control_characters(title), "dim italic", no_wrap=True, overflow="ellipsis"), disabled=True)]
            if title
            else []
        )
        self.add_options([*options, *(Option(_format_row(row, column)) for row in rows)])
        self.highlighted = self._title_rows if rows else None
        self.display = bool(rows or title)

    def close(self) -> None:
        """Hide the menu."""
        self.display = False

    def move_highlight(self, direction: int) -> None:
        """Highlight the next (1) or previous (-1) row."""
        if direction > 0:
            self.action_cursor_down()
        else:
            self.action_cursor_up()

    @on(OptionList.OptionSelected)
    def _select_clicked_row(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.Selected(event.option_index - self._title_rows))


def _format_row(row: MenuRow, column: int) -> Text:
    shown = replace_control_characters(row.text)
    if not row.help:
        return Text(shown, no_wrap=True, overflow="ellipsis")
    if cell_len(shown) > column:
        shown = set_cell_size(shown, column - 1) + "…"
    return Text.assemble(
        set_cell_size(shown, column), "  ", (replace_control_characters(row.help), "dim"), no_wrap=True, overflow="ellipsis"
    )


_PLACEHOLDER = "a command, as at the shell without gts; tab completes, ↑ and ctrl+r search the history"
_SEARCH_TITLE = "history: type a part of a line, enter inserts it, esc cancels"
_MAX_MATCHES = 200


class _CommandSuggester(Suggester):
    """Suggests the newest line of the history with this prefix, else the first completion."""

    def __init__(self, line: CommandLine) -> None:
        # Not cached, since files come and go; case-sensitive, as file names are.
        super().__init__(use_cache=False, case_sensitive=True)
        self._line = line

    async def get_suggestion(self, value: str) -> str | None:
        """Return a line that begins with `value`, or None."""
        if self._line.is_searching:
            return None
        return self._line.history.with_prefix(value) or await asyncio.to_thread(self._line.completer.suggestion, value) or None


class CommandLine(Input):
    """One-line input, hidden until it is opened."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete(1)", "complete", id="line.complete"),
        Binding("shift+tab", "complete(-1)", "previous completion", show=False, id="line.complete-before"),
        Binding("up", "older(1)", "older", show=False, id="line.older"),
        Binding("down", "older(-1)", "newer", show=False, id="line.newer"),
        Binding("ctrl+r", "search", "history", id="line.search"),
        Binding("pageup", "output(-1)", "output up", show=False, id="line.output-up"),
        Binding("pagedown", "output(1)", "output down", show=False, id="line.output-down"),
        Binding("escape", "leave", "back", id="line.leave"),
        Binding("ctrl+c", "clear_or_leave", "clear", show=False, id="line.clear", priority=True),
    ]

    class Closed(Message):
        """The user left the command line."""

    app = getters.app(BaseApp)

    def __init__(self, get_runner: Callable[[], CommandRunner]) -> None:
        """`get_runner` imports and creates the runner at its first call, after the first frame."""
        super().__init__(id="line", compact=True, placeholder=_PLACEHOLDER, suggester=_CommandSuggester(self))
        # The initial text is to be continued; a selected text would be replaced by the first key.
        self.select_on_focus = False
        self.cursor_blink = False
        self.display = False
        self._get_runner = get_runner
        self._menu = CompletionMenu()
        self._completer: Completer | None = None
        self._completions: Completions | None = None
        self._history_matches: list[str] = []
        self._history_cursor: HistoryCursor | None = None
        self._text_before_search: str | None = None
        """Text when the history search began; None if there is no search."""

    @property
    def history(self) -> History:
        """History of the open workspace."""
        return self._get_runner().history

    @property
    def completer(self) -> Completer:
        """Completer for the open workspace."""
        from gts_tui.console.completion import Completer

        if self._completer is None or self._completer.workspace != self.app.workspace:
            self._completer = Completer(self.app.workspace, lambda: sorted(self.app.themes.theme_set.themes))
        return self._completer

    @property
    def is_searching(self) -> bool:
        """Whether the text is a search in the history."""
        return self._text_before_search is not None

    def on_mount(self) -> None:
        """Add the menu to the screen."""
        self.screen.mount(self._menu)

    def open(self, text: str = "") -> None:
        """Show and focus the command line with initial text."""
        self.display = True
        self._text_before_search = self._history_cursor = None
        self._set_text(text)
        # Not `focus()`, which defers: keys from the same read belong here.
        self.screen.set_focus(self)
        self.run_worker(self.history.load, thread=True, exit_on_error=False, group="history")

    def _set_text(self, text: str, cursor: int | None = None) -> None:
        self.value = text
        self.cursor_position = len(text) if cursor is None else cursor

    # -- leaving ------------------------------------------------------------------------------------------------------

    def action_leave(self) -> None:
        """Close the search or the menu, else leave the command line."""
        if self._text_before_search is not None:
            text, self._text_before_search = self._text_before_search, None
            self._menu.close()
            self._set_text(text)
        elif self._menu.is_open:
            self._menu.close()
        else:
            self.post_message(self.Closed())

    def action_clear_or_leave(self) -> None:
        """Clear the line; if it is empty, offer to cancel running tasks, or leave."""
        if self.value or self._menu.is_open or self.is_searching:
            self._text_before_search = None
            self._menu.close()
            self.value = ""
            return
        tasks = self._get_runner().tasks.running
        if tasks:
            question = (
                f"cancel {tasks[-1].line}?" if len(tasks) == 1 else f"cancel {len(tasks)} tasks? `cancel NUMBER` cancels one"
            )
            self.app.push_screen(ConfirmDialog(question), self._cancel_tasks)
        else:
            self.action_leave()

    def _cancel_tasks(self, confirmed: bool | None) -> None:
        if confirmed:
            self.app.run_command("cancel")
        self.action_leave()

    def on_blur(self) -> None:
        """Close the menu."""
        self._menu.close()

    # -- history ------------------------------------------------------------------------------------------------------

    def action_older(self, steps: int) -> None:
        """Move in the menu if it is open, else in the lines of the history with the typed prefix."""
        if self._menu.is_open:
            self._menu.move_highlight(-steps)
            return
        if self._history_cursor is None or self._history_cursor.current != self.value:
            self._history_cursor = HistoryCursor.start(self.history, self.value)
        self._set_text(self._history_cursor.move(steps))

    def action_search(self) -> None:
        """Start a search in the history, or go to the next match."""
        if self.is_searching:
            self._menu.move_highlight(1)
            return
        self._text_before_search = self.value
        clear_suggestion(self)
        self._search_history(self.value)

    def _search_history(self, text: str) -> None:
        self._history_matches = self.history.containing(text)[:_MAX_MATCHES]
        self._menu.show_rows(
            [MenuRow(line) for line in self._history_matches],
            _SEARCH_TITLE if self._history_matches else f"no line of the history contains `{text}`",
        )

    # -- completion ---------------------------------------------------------------------------------------------------

    def action_complete(self, direction: int) -> None:
        """Complete the word: insert a unique match, else open the menu, or move to the next row if it is open."""
        if self._menu.is_open:
            self._menu.move_highlight(direction)
        elif not self.is_searching:
            self._show_completions(insert_unique=True)

    @work(exclusive=True, exit_on_error=False, group="menu")
    async def _show_completions(self, insert_unique: bool = False) -> None:
        line, cursor = self.value, self.cursor_position
        found = await asyncio.to_thread(self.completer.complete, line, cursor)
        if (line, cursor) != (self.value, self.cursor_position) or not self.has_focus or self.is_searching:
            return
        self._completions = found
        if insert_unique and len(found.candidates) == 1 and found.candidates[0].text != found.prefix:
            self._insert_row(0)
            return
        self._menu.show_rows([MenuRow(one.text, one.help) for one in found.candidates], found.description)

    def _insert_row(self, index: int) -> None:
        """Insert a completion, or a line of the history."""
        self._menu.close()
        if self.is_searching:
            self._text_before_search = None
            self._set_text(self._history_matches[index])
            return
        if self._completions is None:
            return
        candidate = self._completions.candidates[index]
        self._set_text(*self._completions.apply(self.value, candidate))
        if not candidate.is_complete:
            self._show_completions()

    @on(CompletionMenu.Selected)
    def _insert_clicked_row(self, event: CompletionMenu.Selected) -> None:
        event.stop()
        self._insert_row(event.index)

    @on(Input.Changed)
    def _update_menu(self, event: Input.Changed) -> None:
        event.stop()
        if self.is_searching:
            self._search_history(self.value)
        elif self._menu.is_open:
            self._show_completions()

    async def action_submit(self) -> None:
        """Insert the highlighted row if the menu is open, else submit the line."""
        index = self._menu.selected_index if self._menu.is_open else None
        if self.is_searching and index is None:
            return
        completions = self._completions
        if index is not None and (
            self.is_searching or (completions and completions.candidates[index].text != completions.prefix)
        ):
            self._insert_row(index)
            return
        self._menu.close()
        await super().action_submit()

    def action_output(self, direction: int) -> None:
        """Scroll the output pane by a page."""
        pane = self.app.query_one(OutputPane)
        if pane.display:
            pane.scroll_relative(y=direction * max(1, pane.size.height - 2), animate=False)
