"""Panes around the text: file bar, errors, help, find input, and the list shown while no file is open."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from gts.errors import Problem
from gts_tui.app_base import BaseApp
from gts_tui.screens.editor.documents import OpenDocument
from gts_tui.screens.editor.files import Diagnostics, find_specs_and_spaces
from gts_tui.screens.editor.parameter_docs import ParameterDoc
from gts_tui.textual_fixes import SafeOptionList

MAX_PROBLEMS = 200


class FileBar(Static, can_focus=True):
    """Line of the open files with the status of the current one; while it has the focus, letters are key bindings."""

    DEFAULT_CSS = """
    FileBar { height: 1; background: $surface; }
    FileBar:focus { background: $primary 30%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,e", "type", "edit", key_display="enter", id="editor.type"),
        Binding("down", "type", "edit", show=False, id="editor.down"),
        Binding("tab", "problems", "errors", show=False, id="editor.problems"),
    ]

    class TextFocusRequested(Message):
        """Posted when the user goes back to the text."""

    class ProblemFocusRequested(Message):
        """Posted when the user goes to the list of errors."""

    def action_problems(self) -> None:
        """Go to the list of errors."""
        self.post_message(self.ProblemFocusRequested())

    def action_type(self) -> None:
        """Go to the text."""
        self.post_message(self.TextFocusRequested())

    def show_files(self, documents: Sequence[OpenDocument], current: OpenDocument | None, status: str) -> None:
        """Draw the file names: the current one reversed, unsaved ones with a star."""
        names = [f" {document.path.name}{'*' if document.is_modified else ''} " for document in documents]
        current_index = next((index for index, document in enumerate(documents) if document is current), 0)
        available_width = max(self.size.width - len(status) - 2, 10)
        first = 0
        while first < current_index and sum(len(name) for name in names[first : current_index + 1]) > available_width:
            first += 1
        bar = Text(no_wrap=True, overflow="ellipsis")
        for index, name in enumerate(names[first:], start=first):
            bar.append(name, "reverse bold" if documents[index] is current else "")
        bar.truncate(available_width, overflow="ellipsis", pad=True)
        self.update(Text.assemble(bar, " ", (status, "dim")))


class ProblemList(SafeOptionList):
    """List of errors and warnings by line."""

    DEFAULT_CSS = """
    ProblemList { height: auto; max-height: 5; border: none; border-top: solid $panel; padding: 0; background: $background;
        text-wrap: nowrap; text-overflow: ellipsis;
    }
    ProblemList:focus { border: none; border-top: solid $primary; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back", show=False, id="editor.leave_problems"),
    ]

    class Closed(Message):
        """Posted when the user goes back to the text."""

    def __init__(self) -> None:
        super().__init__(id="problems")
        self.problems: tuple[tuple[Problem, bool], ...] = ()

    def show_problems(self, diagnostics: Diagnostics) -> None:
        """Replace the list; hide it if it is empty."""
        problems = diagnostics.in_order()[:MAX_PROBLEMS]
        if problems != self.problems:
            self.problems = problems
            self.clear_options()
            self.add_options([Option(_problem_line(problem, error)) for problem, error in problems])
            self.highlighted = 0 if problems else None
        self.display = bool(problems)

    def action_leave(self) -> None:
        """Go back to the text."""
        self.post_message(self.Closed())


def _problem_line(problem: Problem, is_error: bool) -> Text:
    sign, style = ("✗", "bold red") if is_error else ("!", "bold yellow")
    position = f"{problem.line}:{problem.column}" if problem.line else ""
    return Text.assemble((f"{sign} ", style), (f"{position:<7}", "dim"), problem.message)


class HelpPane(VerticalScroll, can_focus=False):
    """Documentation of the parameter under the cursor."""

    DEFAULT_CSS = """
    HelpPane { height: 5; padding: 0 1; border-top: solid $panel; background: $background; scrollbar-size-vertical: 1; }
    HelpPane Static { width: 100%; height: auto; }
    """

    def __init__(self) -> None:
        super().__init__(id="help")
        self._shown_text: Text | None = None
        self._static = Static()

    def compose(self) -> ComposeResult:
        """Create the text."""
        yield self._static

    def show_doc(
        self, doc: ParameterDoc | None, current_value: str, hint: str, problems: Sequence[tuple[str, bool]] = ()
    ) -> None:
        """Show the problems of the line and the documentation of a parameter; the hint if there are neither."""
        text = Text()
        for message, error in problems:
            text.append(f"{message}\n", "bold red" if error else "bold yellow")
        if doc is not None:
            text.append(_render_doc(doc, current_value))
        elif not problems:
            text.append(hint, "dim")
        if text != self._shown_text:
            self._shown_text = text
            self._static.update(text)
            self.scroll_home(animate=False)


def _render_doc(doc: ParameterDoc, current_value: str) -> Text:
    text = Text.assemble((doc.key, "bold"))
    if doc.unit:
        text.append(f" [{doc.unit}]")
    if doc.default:
        text.append("  default ", "dim")
        text.append(doc.default)
    if current_value and current_value != doc.default:
        text.append("  here ", "dim")
        text.append(current_value[:60])
    text.append(f"\n{doc.description}")
    if doc.allowed:
        text.append("\nallowed: ", "dim")
        text.append(doc.allowed)
    return text


class FindInput(Input):
    """Input that finds text, or filters the form."""

    DEFAULT_CSS = """
    FindInput { height: 1; border: none; padding: 0 1; background: $surface; }
    FindInput:focus { border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back", id="editor.leave_search"),
        Binding("up,shift+enter", "previous", "previous", show=False, id="editor.find_previous"),
        Binding("down", "next", "next", show=False, id="editor.find_next"),
    ]

    class Closed(Message):
        """Posted when the user leaves the input."""

    class MatchRequested(Message):
        """Posted to select the next match (step 1) or the previous one (-1)."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    def __init__(self) -> None:
        super().__init__(placeholder="find", id="find", compact=True)
        self.cursor_blink = False
        self.display = False

    def open_with_prompt(self, prompt: str) -> None:
        """Show the input, focus it and select its text."""
        self.placeholder = prompt
        self.display = True
        # Not `focus()`, which is deferred: keys that arrive in the same read belong to this input.
        self.screen.set_focus(self)
        self.action_select_all()

    def action_leave(self) -> None:
        """Close the input."""
        self.post_message(self.Closed())

    def action_next(self) -> None:
        """Select the next match."""
        self.post_message(self.MatchRequested(1))

    def action_previous(self) -> None:
        """Select the previous match."""
        self.post_message(self.MatchRequested(-1))


HELP_TEXT = (
    "No file is open: enter opens a file of this workspace, n makes a new one,\n:edit FILE opens any. Then "
    "ctrl+s saves, tab completes, F2 is the form,\nF3 the difference, F4 $EDITOR, F5 trains it."
)
NO_FILES_TEXT = "\n\nThis workspace has no spec or space yet: n makes one."


class EmptyEditor(Vertical):
    """Instructions and a list of the workspace's files, shown while no file is open."""

    DEFAULT_CSS = """
    EmptyEditor { height: 1fr; padding: 1 2; }
    EmptyEditor Static { height: auto; color: $text-muted; padding-bottom: 1; }
    EmptyEditor OptionList { height: 1fr; border: none; padding: 0; background: $background; }
    EmptyEditor OptionList:focus { border: none; }
    """

    app = getters.app(BaseApp)
    file_list = getters.query_one(OptionList)

    class Selected(Message):
        """Posted when a file is selected; `name` is relative to the workspace."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self) -> None:
        super().__init__()
        self._names: list[str] = []

    def compose(self) -> ComposeResult:
        """Create the instructions and the list."""
        yield Static(Text(HELP_TEXT))
        yield SafeOptionList()

    def on_show(self) -> None:
        """Read the list of files in a thread."""
        root = self.app.workspace.root
        self.run_worker(lambda: self._list_files(root), thread=True, exclusive=True, exit_on_error=False)

    def focus_list(self) -> None:
        """Focus the list."""
        self.file_list.focus()

    def _list_files(self, root: Path) -> None:
        names = find_specs_and_spaces(root)
        self.app.call_from_thread(self._show_files, names)

    def _show_files(self, names: list[str]) -> None:
        if names == self._names and names:
            return
        self._names = names
        self.file_list.clear_options()
        self.file_list.add_options([Option(Text(name)) for name in names])
        self.file_list.highlighted = 0 if names else None
        self.query_one(Static).update(Text(HELP_TEXT if names else HELP_TEXT + NO_FILES_TEXT))

    @on(OptionList.OptionSelected)
    def select_file(self, event: OptionList.OptionSelected) -> None:
        """Report the selected file."""
        event.stop()
        self.post_message(self.Selected(self._names[event.option_index]))
