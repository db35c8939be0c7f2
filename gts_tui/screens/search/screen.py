"""The mode `search`: the studies of the workspace, and the trials of the one that is chosen."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from gts.errors import GtsError
from gts_tui.command_syntax import joined
from gts_tui.screens.mode import Mode
from gts_tui.screens.search import actions
from gts_tui.screens.search.data import COLUMNS, Studies, StudyLine
from gts_tui.screens.search.study_pane import StudyPane
from gts_tui.widgets.table import Table

_NOTHING = """no studies here yet

n   search a space:  search hopper/hopper.space
:   show a study of another place:
        mode search FILE.db
        mode search postgresql+psycopg://USER@HOST/DATABASE#NAME"""


class SearchMode(Mode):
    """Studies; enter goes into one, esc comes back."""

    NAME = "search"
    TITLE = "search"
    DEFAULT_CSS = """
    SearchMode #nothing { padding: 1 2; color: $text-muted; height: 1fr; }
    SearchMode #nothing:focus { color: $foreground; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "stop", "stop", id="search.stop"),
        Binding("R", "resume", "go on", id="search.resume"),
        Binding("a", "workers", "workers", show=False, id="search.workers"),
        Binding("n", "new", "new", id="search.new"),
        Binding("y", "copy_name", "copy the name", show=False, id="search.copy_name"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._studies: Studies | None = None
        self._known = False
        """Whether it is known which studies there are."""
        self._lines: dict[str, StudyLine] = {}
        self._others: dict[str, StudyLine] = {}
        """Studies of other places that were opened."""

    def compose(self) -> ComposeResult:
        """A list of studies, and one study."""
        yield Table(id="studies")
        nothing = Static(Text(_NOTHING), id="nothing")
        nothing.can_focus = True
        yield nothing
        yield StudyPane()

    def on_mount(self) -> None:
        """Begin with the list."""
        self._arrange()

    # -- following ----------------------------------------------------------------------------------------------------

    def enter(self) -> None:
        """Follow the studies, and the one that is open."""
        if self._studies is None:
            self._studies = Studies(self.program.workspace)
        self.program.watcher.follow("search.studies", self._studies.stamp, self._studies.read, self._tell)
        self._pane.follow()

    def leave(self) -> None:
        """Follow nothing."""
        self.program.watcher.forget("search.studies")
        self._pane.forget()

    def _tell(self, lines: tuple[StudyLine, ...] | GtsError) -> None:
        if isinstance(lines, GtsError):
            self.notify(lines.message, severity="error", markup=False)
            return
        before = self.screen.focused
        self._known = True
        self._lines = {line.word: line for line in lines} | self._others
        self._draw_list()
        if self._pane.word is not None:
            self._pane.stands(self._lines.get(self._pane.word))
        elif before is None or before.id in ("nothing", "studies"):
            self.focus_first()

    def _draw_list(self) -> None:
        self._table.show(COLUMNS, list(self._lines), lambda word: self._lines[word].cells())
        self._arrange()

    def _arrange(self) -> None:
        """Show the list, or one study, or what to do where there is nothing."""
        inside = self._pane.word is not None
        empty = self._known and not self._lines
        shown = {"#study": inside, "#studies": not inside and not empty, "#nothing": not inside and empty}
        for name, there in shown.items():
            widget = self.query_one(name)
            if widget.display != there:
                widget.display = there

    @property
    def _pane(self) -> StudyPane:
        return self.query_one(StudyPane)

    @property
    def _table(self) -> Table:
        return self.query_one("#studies", Table)

    @property
    def _word(self) -> str | None:
        """The study that is open, or else under the cursor."""
        return self._pane.word or self._table.key

    # -- what the program asks ----------------------------------------------------------------------------------------

    def focus_first(self) -> None:
        """The trials, or the studies."""
        if self._pane.word is not None:
            self._pane.focus_first()
        else:
            # At once: the next key may be on its way already.
            self.screen.set_focus(self.query_one("#nothing" if self.query_one("#nothing").display else "#studies"))

    def selection(self) -> tuple[str, ...]:
        """Trials as the folders of their trainings, or studies by name."""
        if self._pane.word is not None:
            return self._pane.selection()
        table = self._table
        return tuple(key for key in table.keys if key in table.marked) or ((table.key,) if table.key else ())

    def open(self, word: str) -> None:
        """Go into a study: its name, a database file, the address of a server."""
        name = word.removeprefix("studies/").rstrip("/")
        if name not in self._lines and not self.program.workspace.study(name).exists():
            name = self._elsewhere(word)
            self._others[name] = StudyLine(name, "", what="of another place")
            self._lines[name] = self._others[name]
            self._draw_list()
        self._table.go_to(name)
        self._go_into(name)

    def _elsewhere(self, word: str) -> str:
        """The word for a study of another place, without a password: that goes to where the database's programs look for it."""
        if "://" not in word:
            return word
        from gts.commands.search import kept_storage

        address, mark, study = word.rpartition("#")
        try:
            return kept_storage(address)[0] + mark + study if mark else kept_storage(word)[0]
        except GtsError as error:
            self.notify(error.message, severity="error", markup=False)
            return word.partition("://")[0]

    def _go_into(self, word: str) -> None:
        self._pane.go_into(word, self._lines.get(word))
        self._arrange()
        self.focus_first()

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """Go into the study."""
        if event.table.key is not None:
            self._go_into(event.table.key)

    def on_study_pane_left(self) -> None:
        """Back to the list."""
        self._pane.go_out()
        self._arrange()
        self.focus_first()

    # -- what is done with a search -----------------------------------------------------------------------------------

    def action_stop(self) -> None:
        """Pause the search."""
        if self._word is not None:
            self.program.perform(joined(["stop", self._word]))

    def action_resume(self) -> None:
        """Go on; with more trials where all have ended."""
        if self._word is not None:
            actions.go_on(self.program, self._word, self._lines.get(self._word))

    def action_workers(self) -> None:
        """Another number of workers; for a study on a server that nobody here works on: work on it too."""
        if self._word is not None:
            actions.set_workers(self.program, self._word)

    def action_new(self) -> None:
        """Begin a search."""
        self.program.action_line("search ")

    def action_copy_name(self) -> None:
        """Copy the name of the study."""
        if self._word is not None:
            self.program.copy(self._word, self._word)


MODE = SearchMode
