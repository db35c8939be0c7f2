"""The small panes around a text: the open files, what is wrong, what the part under the cursor means, a line to search with.

What is shown while no file is open: what to do, and the files that could be opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from gts.errors import Problem
from gts_tui.screens.editor.documents import Buffer
from gts_tui.screens.editor.files import Findings, specs_and_spaces
from gts_tui.screens.editor.parameter_docs import Meaning
from gts_tui.textual_fixes import SteadyList

if TYPE_CHECKING:
    from gts_tui.app import GtsApp


MOST_PROBLEMS = 200


class FileBar(Static, can_focus=True):
    """The open files in a line, and how the shown one stands. With the cursor here the letters are keys."""

    DEFAULT_CSS = """
    FileBar { height: 1; background: $surface; }
    FileBar:focus { background: $primary 30%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,e", "type", "edit", key_display="enter", id="editor.type"),
        Binding("down", "type", "edit", show=False, id="editor.down"),
        Binding("tab", "problems", "what is wrong", show=False, id="editor.problems"),
    ]

    class Typing(Message):
        """The person wants to type again."""

    class Problems(Message):
        """The person wants to look through what is wrong."""

    def action_problems(self) -> None:
        """Go to what is wrong."""
        self.post_message(self.Problems())

    def action_type(self) -> None:
        """Go to the text."""
        self.post_message(self.Typing())

    def show(self, buffers: Sequence[Buffer], shown: Buffer | None, state: str) -> None:
        """Draw the files; the shown one stands out, an unsaved one has a star."""
        names = [f" {buffer.path.name}{'*' if buffer.changed else ''} " for buffer in buffers]
        at = next((index for index, buffer in enumerate(buffers) if buffer is shown), 0)
        room = max(self.size.width - len(state) - 2, 10)
        first = 0
        while first < at and sum(len(name) for name in names[first : at + 1]) > room:
            first += 1
        bar = Text(no_wrap=True, overflow="ellipsis")
        for index, name in enumerate(names[first:], start=first):
            bar.append(name, "reverse bold" if buffers[index] is shown else "")
        bar.truncate(room, overflow="ellipsis", pad=True)
        self.update(Text.assemble(bar, " ", (state, "dim")))


class ProblemList(SteadyList):
    """What is wrong, by line; enter goes there."""

    DEFAULT_CSS = """
    ProblemList { height: auto; max-height: 5; border: none; border-top: solid $panel; padding: 0; background: $background;
        text-wrap: nowrap; text-overflow: ellipsis;
    }
    ProblemList:focus { border: none; border-top: solid $primary; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back", show=False, id="editor.leave_problems"),
    ]

    class Left(Message):
        """Back to the text."""

    def __init__(self) -> None:
        super().__init__(id="problems")
        self.places: tuple[tuple[Problem, bool], ...] = ()

    def show(self, findings: Findings, *, fancy: bool) -> None:
        """List these, in place of those before."""
        places = findings.all()[:MOST_PROBLEMS]
        if places != self.places:
            self.places = places
            self.clear_options()
            self.add_options([Option(_line(problem, error, fancy)) for problem, error in places])
            self.highlighted = 0 if places else None
        self.display = bool(places)

    def action_leave(self) -> None:
        """Back to the text."""
        self.post_message(self.Left())


def _line(problem: Problem, error: bool, fancy: bool) -> Text:
    sign, style = (("✗" if fancy else "x"), "bold red") if error else ("!", "bold yellow")
    place = f"{problem.line}:{problem.column}" if problem.line else ""
    return Text.assemble((f"{sign} ", style), (f"{place:<7}", "dim"), problem.message)


class HelpPane(VerticalScroll, can_focus=False):
    """What the part under the cursor means."""

    DEFAULT_CSS = """
    HelpPane { height: 5; padding: 0 1; border-top: solid $panel; background: $background; scrollbar-size-vertical: 1; }
    HelpPane Static { width: 100%; height: auto; }
    """

    def __init__(self) -> None:
        super().__init__(id="meaning")
        self._said: Text | None = None
        self._static = Static()

    def compose(self) -> ComposeResult:
        """The text."""
        yield self._static

    def show(self, meaning: Meaning | None, said: str, otherwise: str, wrong: Sequence[tuple[str, bool]] = ()) -> None:
        """Show what is wrong here, then a meaning and what the file says, else a word on what else there is to do."""
        text = Text()
        for message, error in wrong:
            text.append(f"{message}\n", "bold red" if error else "bold yellow")
        if meaning is not None:
            text.append(_described(meaning, said))
        elif not wrong:
            text.append(otherwise, "dim")
        if text != self._said:
            self._said = text
            self._static.update(text)
            self.scroll_home(animate=False)


def _described(meaning: Meaning, said: str) -> Text:
    text = Text.assemble((meaning.key, "bold"))
    if meaning.unit:
        text.append(f" [{meaning.unit}]")
    if meaning.default:
        text.append("  default ", "dim")
        text.append(meaning.default)
    if said and said != meaning.default:
        text.append("  here ", "dim")
        text.append(said[:60])
    text.append(f"\n{meaning.meaning}")
    if meaning.allowed:
        text.append("\nallowed: ", "dim")
        text.append(meaning.allowed)
    return text


class SearchLine(Input):
    """A line that finds a word in the text, or rows of a form."""

    DEFAULT_CSS = """
    SearchLine { height: 1; border: none; padding: 0 1; background: $surface; }
    SearchLine:focus { border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back", id="editor.leave_search"),
        Binding("up,shift+enter", "previous", "previous", show=False, id="editor.find_previous"),
        Binding("down", "next", "next", show=False, id="editor.find_next"),
    ]

    class Left(Message):
        """Back to what is searched."""

    class Again(Message):
        """The next place, or the one before."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    def __init__(self) -> None:
        super().__init__(placeholder="find", id="find", compact=True)
        self.cursor_blink = False
        self.display = False

    def take(self, what: str) -> None:
        """Show it."""
        self.placeholder = what
        self.display = True
        # At once: letters that come in the same breath are for this line.
        self.screen.set_focus(self)
        self.action_select_all()

    def action_leave(self) -> None:
        """Go back."""
        self.post_message(self.Left())

    def action_next(self) -> None:
        """The next place."""
        self.post_message(self.Again(1))

    def action_previous(self) -> None:
        """The place before."""
        self.post_message(self.Again(-1))


SAYS = (
    "nothing is open: enter opens a file of this workspace, n makes a new one,\n:edit FILE opens any. Then "
    "ctrl+s saves, tab shows what can be written,\nF2 is the form, F3 the difference, F4 $EDITOR, F5 trains it."
)
NO_FILES = "\n\nThere is no spec and no space here yet: n makes one."


class NothingOpen(Vertical):
    """A list of files."""

    DEFAULT_CSS = """
    NothingOpen { height: 1fr; padding: 1 2; }
    NothingOpen Static { height: auto; color: $text-muted; padding-bottom: 1; }
    NothingOpen OptionList { height: 1fr; border: none; padding: 0; background: $background; }
    NothingOpen OptionList:focus { border: none; }
    """

    class Chosen(Message):
        """A file was chosen, by its name in the workspace."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self) -> None:
        super().__init__()
        self._names: list[str] = []

    def compose(self) -> ComposeResult:
        """What to do, and the files."""
        yield Static(Text(SAYS))
        yield SteadyList()

    def on_show(self) -> None:
        """List them anew."""
        program: GtsApp = self.app  # type: ignore[assignment]
        root = program.workspace.root
        self.run_worker(lambda: self._list(root), thread=True, exclusive=True, exit_on_error=False)

    def take(self) -> None:
        """Put the cursor into the list."""
        self.query_one(OptionList).focus()

    def _list(self, root: Path) -> None:
        names = specs_and_spaces(root)
        self.app.call_from_thread(self._show, names)

    def _show(self, names: list[str]) -> None:
        if names == self._names and names:
            return
        self._names = names
        files = self.query_one(OptionList)
        files.clear_options()
        files.add_options([Option(Text(name)) for name in names])
        files.highlighted = 0 if names else None
        self.query_one(Static).update(Text(SAYS if names else SAYS + NO_FILES))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Open it."""
        event.stop()
        self.post_message(self.Chosen(self._names[event.option_index]))
