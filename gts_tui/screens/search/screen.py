"""The mode `search`: the studies of the workspace, and the trials of the one that is chosen."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from gts.errors import GtsError
from gts_tui.command_syntax import quote_words
from gts_tui.screens.mode import Mode
from gts_tui.screens.search import actions
from gts_tui.screens.search.data import STUDY_COLUMNS, StudyListItem, StudyListReader
from gts_tui.screens.search.study_pane import StudyPane
from gts_tui.widgets.table import VirtualTable

_EMPTY_TEXT = """no studies here yet

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
        self._study_reader: StudyListReader | None = None
        self._is_loaded = False
        """Whether it is known which studies there are."""
        self._summaries: dict[str, StudyListItem] = {}
        self._external_summaries: dict[str, StudyListItem] = {}
        """Studies of other places that were opened."""

    def compose(self) -> ComposeResult:
        """A list of studies, and one study."""
        yield VirtualTable(id="studies")
        nothing = Static(Text(_EMPTY_TEXT), id="nothing")
        nothing.can_focus = True
        yield nothing
        yield StudyPane()

    def on_mount(self) -> None:
        """Begin with the list."""
        self._update_visibility()

    # -- following ----------------------------------------------------------------------------------------------------

    def enter(self) -> None:
        """Follow the studies, and the one that is open."""
        if self._study_reader is None:
            self._study_reader = StudyListReader(self.program.workspace)
        self.program.poller.watch("search.studies", self._study_reader.stamp, self._study_reader.read, self._apply_studies)
        self._pane.start_polling()

    def leave(self) -> None:
        """Follow nothing."""
        self.program.poller.unwatch("search.studies")
        self._pane.stop_polling()

    def _apply_studies(self, summaries: tuple[StudyListItem, ...] | GtsError) -> None:
        if isinstance(summaries, GtsError):
            self.notify(summaries.message, severity="error", markup=False)
            return
        before = self.screen.focused
        self._is_loaded = True
        self._summaries = {line.reference: line for line in summaries} | self._external_summaries
        self._show_studies()
        if self._pane.study_reference is not None:
            self._pane.set_list_item(self._summaries.get(self._pane.study_reference))
        elif before is None or before.id in ("nothing", "studies"):
            self.focus_first()

    def _show_studies(self) -> None:
        self._table.show_rows(STUDY_COLUMNS, list(self._summaries), lambda word: self._summaries[word].table_cells())
        self._update_visibility()

    def _update_visibility(self) -> None:
        """Show the list, or one study, or what to do where there is nothing."""
        is_study_open = self._pane.study_reference is not None
        is_empty = self._is_loaded and not self._summaries
        shown = {
            "#study": is_study_open,
            "#studies": not is_study_open and not is_empty,
            "#nothing": not is_study_open and is_empty,
        }
        for name, is_shown in shown.items():
            widget = self.query_one(name)
            if widget.display != is_shown:
                widget.display = is_shown

    @property
    def _pane(self) -> StudyPane:
        return self.query_one(StudyPane)

    @property
    def _table(self) -> VirtualTable:
        return self.query_one("#studies", VirtualTable)

    @property
    def _current_study(self) -> str | None:
        """The study that is open, or else under the cursor."""
        return self._pane.study_reference or self._table.current_key

    # -- what the program asks ----------------------------------------------------------------------------------------

    def focus_first(self) -> None:
        """The trials, or the studies."""
        if self._pane.study_reference is not None:
            self._pane.focus_first()
        else:
            # At once: the next key may be on its way already.
            self.screen.set_focus(self.query_one("#nothing" if self.query_one("#nothing").display else "#studies"))

    def selection(self) -> tuple[str, ...]:
        """Trials as the folders of their trainings, or studies by name."""
        if self._pane.study_reference is not None:
            return self._pane.selection()
        table = self._table
        return tuple(key for key in table.row_keys if key in table.marked_keys) or (
            (table.current_key,) if table.current_key else ()
        )

    def open(self, word: str) -> None:
        """Go into a study: its name, a database file, the address of a server."""
        name = word.removeprefix("studies/").rstrip("/")
        if name not in self._summaries and not self.program.workspace.study_folder(name).exists():
            name = self._external_reference(word)
            self._external_summaries[name] = StudyListItem(name, "", description="of another place")
            self._summaries[name] = self._external_summaries[name]
            self._show_studies()
        self._table.move_to_key(name)
        self._open_study(name)

    def _external_reference(self, word: str) -> str:
        """The word for a study of another place, without a password: that goes to where the database's programs look for it."""
        if "://" not in word:
            return word
        from gts.commands.search import storage_without_password

        address, mark, study = word.rpartition("#")
        try:
            return storage_without_password(address)[0] + mark + study if mark else storage_without_password(word)[0]
        except GtsError as error:
            self.notify(error.message, severity="error", markup=False)
            return word.partition("://")[0]

    def _open_study(self, word: str) -> None:
        self._pane.open_study(word, self._summaries.get(word))
        self._update_visibility()
        self.focus_first()

    def on_virtual_table_row_selected(self, event: VirtualTable.RowSelected) -> None:
        """Go into the study."""
        if event.table.current_key is not None:
            self._open_study(event.table.current_key)

    def on_study_pane_closed(self) -> None:
        """Back to the list."""
        self._pane.close_study()
        self._update_visibility()
        self.focus_first()

    # -- what is done with a search -----------------------------------------------------------------------------------

    def action_stop(self) -> None:
        """Pause the search."""
        if self._current_study is not None:
            self.program.run_command(quote_words(["stop", self._current_study]))

    def action_resume(self) -> None:
        """Go on; with more trials where all have ended."""
        if self._current_study is not None:
            actions.resume_search(self.program, self._current_study, self._summaries.get(self._current_study))

    def action_workers(self) -> None:
        """Another number of workers; for a study on a server that nobody here works on: work on it too."""
        if self._current_study is not None:
            actions.ask_worker_count(self.program, self._current_study)

    def action_new(self) -> None:
        """Begin a search."""
        self.program.open_command_line("search ")

    def action_copy_name(self) -> None:
        """Copy the name of the study."""
        if self._current_study is not None:
            self.program.copy(self._current_study, self._current_study)


MODE = SearchMode
