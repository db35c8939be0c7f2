"""Search mode: the list of studies, and the pane of the opened one."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import getters, on
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

_EMPTY_TEXT = """no studies yet

n   search a space:  search hopper/hopper.space
    open a study outside of this workspace:
        mode search FILE.db
        mode search postgresql+psycopg://USER@HOST/DATABASE#NAME"""


class SearchMode(Mode):
    """List of studies; enter opens one, escape returns to the list."""

    NAME = "search"
    DEFAULT_CSS = """
    SearchMode #empty { padding: 1 2; color: $text-muted; height: 1fr; }
    SearchMode #empty:focus { color: $foreground; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "stop", "stop", id="search.stop"),
        Binding("R", "resume", "resume", id="search.resume"),
        Binding("a", "workers", "workers", show=False, id="search.workers"),
        Binding("n", "new", "new", id="search.new"),
        Binding("y", "copy_name", "copy the name", show=False, id="search.copy_name"),
    ]

    _pane = getters.query_one(StudyPane)
    _table = getters.query_one("#studies", VirtualTable)

    def __init__(self) -> None:
        super().__init__()
        self._study_reader: StudyListReader | None = None
        self._is_loaded = False
        """Whether the list has been read."""
        self._summaries: dict[str, StudyListItem] = {}
        self._external_summaries: dict[str, StudyListItem] = {}
        """Opened studies outside of the workspace."""

    def compose(self) -> ComposeResult:
        """Yield the list, the hint shown instead of an empty list, and the pane of one study."""
        yield VirtualTable(id="studies")
        empty = Static(Text(_EMPTY_TEXT), id="empty")
        empty.can_focus = True
        yield empty
        yield StudyPane()

    def on_mount(self) -> None:
        """Show the list."""
        self._update_visibility()

    # -- polling ------------------------------------------------------------------------------------------------------

    def enter(self) -> None:
        """Follow the list and the open study."""
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
        self._summaries = {item.reference: item for item in summaries} | self._external_summaries
        self._show_studies()
        if self._pane.study_reference is not None:
            self._pane.set_list_item(self._summaries.get(self._pane.study_reference))
        elif before is None or before.id in ("empty", "studies"):
            self.focus_first()

    def _show_studies(self) -> None:
        self._table.show_rows(STUDY_COLUMNS, list(self._summaries), lambda reference: self._summaries[reference].table_cells())
        self._update_visibility()

    def _update_visibility(self) -> None:
        """Show the open study, the list or the hint."""
        is_study_open = self._pane.study_reference is not None
        is_empty = self._is_loaded and not self._summaries
        shown = {
            "#study": is_study_open,
            "#studies": not is_study_open and not is_empty,
            "#empty": not is_study_open and is_empty,
        }
        for name, is_shown in shown.items():
            widget = self.query_one(name)
            if widget.display != is_shown:
                widget.display = is_shown

    @property
    def _current_study(self) -> str | None:
        """The open study, else the one under the cursor."""
        return self._pane.study_reference or self._table.current_key

    # -- mode --------------------------------------------------------------------------------------------------------

    def focus_first(self) -> None:
        """Focus the open study, the list or the hint."""
        if self._pane.study_reference is not None:
            self._pane.focus_first()
        else:
            # Not by Widget.focus, which waits for the next idle moment: keys delivered in the same read belong here.
            self.screen.set_focus(self.query_one("#empty" if self.query_one("#empty").display else "#studies"))

    def selection(self) -> tuple[str, ...]:
        """Runs of the selected trials of the open study, or the selected studies."""
        if self._pane.study_reference is not None:
            return self._pane.selection()
        table = self._table
        return tuple(key for key in table.row_keys if key in table.marked_keys) or (
            (table.current_key,) if table.current_key else ()
        )

    def open(self, word: str) -> None:
        """Open a study by its name, a database file or a server URL."""
        name = word.removeprefix("studies/").rstrip("/")
        if name not in self._summaries and not self.program.workspace.study_folder(name).exists():
            name = self._external_reference(word)
            self._external_summaries[name] = StudyListItem(name, "", description="outside of the workspace")
            self._summaries[name] = self._external_summaries[name]
            self._show_studies()
        self._table.move_to_key(name)
        self._open_study(name)

    def _external_reference(self, word: str) -> str:
        """Remove the password from a server URL; it is kept for the connection only."""
        if "://" not in word:
            return word
        from gts.commands.search import storage_without_password

        address, mark, study = word.rpartition("#")
        try:
            return storage_without_password(address)[0] + mark + study if mark else storage_without_password(word)[0]
        except GtsError as error:
            self.notify(error.message, severity="error", markup=False)
            return word.partition("://")[0]

    def _open_study(self, reference: str) -> None:
        self._pane.open_study(reference, self._summaries.get(reference))
        self._update_visibility()
        self.focus_first()

    @on(VirtualTable.RowSelected, "#studies")
    def _open_selected(self, event: VirtualTable.RowSelected) -> None:
        if event.table.current_key is not None:
            self._open_study(event.table.current_key)

    def on_study_pane_closed(self) -> None:
        """Return to the list."""
        self._pane.close_study()
        self._update_visibility()
        self.focus_first()

    # -- actions -----------------------------------------------------------------------------------------------------

    def action_stop(self) -> None:
        """Stop the search; it can be resumed."""
        if self._current_study is not None:
            self.program.run_command(quote_words(["stop", self._current_study]))

    def action_resume(self) -> None:
        """Resume the search; if it is done, with more trials."""
        if self._current_study is not None:
            actions.resume_search(self.program, self._current_study, self._summaries.get(self._current_study))

    def action_workers(self) -> None:
        """Ask for the number of workers."""
        if self._current_study is not None:
            actions.ask_worker_count(self.program, self._current_study)

    def action_new(self) -> None:
        """Open the command line with a search command."""
        self.program.open_command_line("search ")

    def action_copy_name(self) -> None:
        """Copy the reference of the study to the clipboard."""
        if self._current_study is not None:
            self.program.copy(self._current_study, self._current_study)


MODE = SearchMode
