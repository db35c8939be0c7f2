"""What is shown while no file is open: what to do, and the files that could be opened."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from gts_tui.screens.editor.files import specs_and_spaces
from gts_tui.textual_fixes import SteadyList

if TYPE_CHECKING:
    from gts_tui.app import GtsApp

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
