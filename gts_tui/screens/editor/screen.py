"""The mode `editor`: specs and spaces as text, form and difference, checked while they are edited."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import ClassVar

from textual import events, getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.timer import Timer

from gts.errors import FileError
from gts_tui.app_base import BaseApp
from gts_tui.command_syntax import quote_words
from gts_tui.screens.editor.diff import DiffView
from gts_tui.screens.editor.documents import WATCH_KEY, DocumentStore, OpenDocument
from gts_tui.screens.editor.files import find_specs_and_spaces
from gts_tui.screens.editor.form import ParameterForm
from gts_tui.screens.editor.panes import EmptyEditor, FileBar, ProblemList
from gts_tui.screens.editor.text_area import SpecTextArea, format_problem_counts
from gts_tui.screens.editor.workbench import EditorView, Workbench
from gts_tui.screens.mode import Mode
from gts_tui.screens.new_file import ask_new_file_command
from gts_tui.widgets.dialogs import ChoiceDialog, ConfirmDialog

DRAFT_DELAY = 1.0
WIDE_COLUMNS = 110


class EditorMode(Mode):
    """Open files, one of them visible."""

    NAME = "editor"
    DEFAULT_CSS = """
    EditorMode.-wide Workbench { layout: horizontal; }
    EditorMode.-wide HelpPane { width: 38; height: 100%; border-top: none; border-left: solid $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "save", id="editor.save"),
        Binding("f2,f", "view('form')", "form", id="editor.form"),
        Binding("f3,v", "view('diff')", "diff", id="editor.diff"),
        Binding("f4,E", "external_editor", "$EDITOR", id="editor.external"),
        Binding("f5,t", "train", "train", id="editor.train"),
        Binding("f8", "problem(1)", "next problem", show=False, id="editor.next_problem"),
        Binding("shift+f8,f20", "problem(-1)", "previous problem", show=False, id="editor.previous_problem"),
        # Priority, so that letters that arrive in the same read go to the find input.
        Binding("ctrl+f", "find", "find", priority=True, id="editor.find"),
        Binding("slash", "find", "find", show=False, id="editor.find_from_panels"),
        Binding("ctrl+o", "files", "open", id="editor.files"),
        Binding("n", "new", "new", show=False, id="editor.new"),
        Binding("left_square_bracket", "cycle_file(-1)", "previous file", key_display="[", show=False, id="editor.previous"),
        Binding("right_square_bracket", "cycle_file(1)", "next file", key_display="]", show=False, id="editor.next"),
        Binding("u", "undo", "undo", show=False, id="editor.undo"),
        Binding("U", "redo", "redo", show=False, id="editor.redo"),
        Binding("x", "close", "close file", show=False, id="editor.close"),
        Binding("y", "copy_name", "copy name", show=False, id="editor.copy_name"),
    ]

    app = getters.app(BaseApp)
    file_bar = getters.query_one(FileBar)
    workbench = getters.query_one(Workbench)
    empty_editor = getters.query_one(EmptyEditor)

    def __init__(self) -> None:
        super().__init__()
        self.documents = DocumentStore(self)
        self._draft_timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """Create the file bar, the workbench, and the list shown while no file is open."""
        yield FileBar()
        yield Workbench()
        yield EmptyEditor()

    @property
    def document(self) -> OpenDocument | None:
        """Current document; None if no file is open."""
        return self.workbench.document

    # -- mode ---------------------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Show the list of files."""
        self.update_panes()

    def enter(self) -> None:
        """Poll the open files."""
        self.documents.watch_files()
        self.update_panes()

    def leave(self) -> None:
        """Write drafts and stop polling."""
        self._update_drafts()
        self.app.poller.unwatch(WATCH_KEY)

    def on_unmount(self) -> None:
        """Write drafts: the program may be ending for any reason."""
        for document in self.documents.documents:
            with contextlib.suppress(FileError):
                document.update_draft()

    def may_close(self) -> bool:
        """Return whether all unsaved edits have drafts; ask the user if not."""
        return self.documents.update_all_drafts()

    def on_resize(self, event: events.Resize) -> None:
        """Put the help pane beside the text if the screen is wide."""
        self.set_class(event.size.width >= WIDE_COLUMNS, "-wide")
        self.call_after_refresh(self.update_panes)

    def focus_first(self) -> None:
        """Focus the view, or the list of files."""
        if self.document is None:
            self.empty_editor.focus_list()
        else:
            self.workbench.focus_view()

    def selection(self) -> tuple[str, ...]:
        """Return the name of the current document."""
        return (self.document.name,) if self.document else ()

    def open(self, reference: str) -> None:
        """Open a file; a relative path starts at the workspace."""
        path = Path(reference).expanduser()
        document = self.documents.open(path if path.is_absolute() else self.app.workspace.root / path)
        if document is not None:
            is_new = self.workbench.find_text_area(document) is None
            self.show_document(document)
            if is_new:
                self.documents.offer_draft(document)

    # -- documents ----------------------------------------------------------------------------------------------------

    def show_document(self, document: OpenDocument) -> None:
        """Make a document the current one."""
        self.workbench.show_document(document, read_only=self.app.settings.readonly)
        self.update_panes()

    def replace_text(self, document: OpenDocument, text: str) -> None:
        """Replace the text of a document; the user can undo it."""
        self.workbench.replace_text(document, text)

    def show_diff(self) -> None:
        """Show the difference between the current document and the disk."""
        self.workbench.show_view("diff")

    def after_save(self, document: OpenDocument) -> None:
        """Notify that a document was saved."""
        found = format_problem_counts([error for _, error in document.diagnostics.in_order()])
        self.notify(f"saved {document.name}" + (f", with {found}" if found else ""), timeout=2, markup=False)
        self.app.poller.poll_now()
        self.update_panes()

    def after_close(self, document: OpenDocument) -> None:
        """Show another open document, or the list of files."""
        self.workbench.remove_document(document)
        if self.documents.documents and self.document is None:
            self.show_document(self.documents.documents[-1])
        self.update_panes()
        self.focus_first()

    def update_panes(self) -> None:
        """Redraw the file bar; show the workbench or the list of files."""
        document = self.document
        self.workbench.display = document is not None
        self.empty_editor.display = document is None
        self.file_bar.show_files(self.documents.documents, document, self._status_text(document) if document else "")

    def _status_text(self, document: OpenDocument) -> str:
        words = ["changed on disk"] if document.external_version else []
        words += ["unsaved"] if document.is_modified else []
        words += ["read only"] if self.app.settings.readonly else []
        found = format_problem_counts([error for _, error in document.diagnostics.in_order()])
        words += [found] if found else []
        if self.workbench.text_area is not None:
            row, column = self.workbench.text_area.cursor_location
            words.append(f"{row + 1}:{column + 1}")
        return "  ".join(words)

    @on(Workbench.Changed)
    def update_after_change(self, event: Workbench.Changed) -> None:
        """Redraw the file bar; write drafts after a pause in typing."""
        if event.text_changed:
            if self._draft_timer is not None:
                self._draft_timer.stop()
            self._draft_timer = self.set_timer(DRAFT_DELAY, self._update_drafts)
        self.update_panes()

    def _update_drafts(self) -> None:
        for document in self.documents.documents:
            self.documents.update_draft(document)

    # -- keys ---------------------------------------------------------------------------------------------------------

    @on(EmptyEditor.Selected)
    def open_selected(self, event: EmptyEditor.Selected) -> None:
        """Open a file of the list."""
        self.open(event.name)

    @on(FileBar.TextFocusRequested)
    def focus_text(self) -> None:
        """Focus the view."""
        self.focus_first()

    @on(FileBar.ProblemFocusRequested)
    def focus_problems(self) -> None:
        """Focus the list of errors, if there are any."""
        problems = self.workbench.problem_list
        (problems if problems.display else self.file_bar).focus()

    @on(SpecTextArea.Closed)
    def focus_file_bar(self) -> None:
        """Focus the file bar."""
        self.file_bar.focus()

    @on(ProblemList.Closed)
    def focus_view(self) -> None:
        """Focus the view."""
        self.workbench.focus_view()

    @on(ParameterForm.Closed)
    def close_form(self) -> None:
        """Clear the filter of the form, or return to the text if there is none."""
        form = self.workbench.form
        if form.filter_text:
            form.set_filter("", self.workbench.error_keys())
        else:
            self.workbench.show_view("text")

    @on(DiffView.Closed)
    def close_diff(self) -> None:
        """Return to the text."""
        self.workbench.show_view("text")

    def action_save(self) -> None:
        """Save the current document."""
        if self.document is not None:
            self.documents.save(self.document)

    def action_view(self, view: EditorView) -> None:
        """Show the form or the difference, or the text if that view is visible."""
        if self.document is not None:
            self.workbench.show_view("text" if self.workbench.view == view else view)

    def action_find(self) -> None:
        """Find text, or filter the form."""
        if self.document is not None:
            self.workbench.open_find()

    def action_problem(self, step: int) -> None:
        """Move to the next or previous error or warning."""
        if self.workbench.text_area is not None:
            self.workbench.show_view("text")
            self.workbench.text_area.go_to_problem(step)

    def action_undo(self) -> None:
        """Undo an edit."""
        if self.workbench.text_area is not None:
            self.workbench.text_area.undo()

    def action_redo(self) -> None:
        """Redo an edit."""
        if self.workbench.text_area is not None:
            self.workbench.text_area.redo()

    def action_cycle_file(self, step: int) -> None:
        """Show the next or previous open file."""
        documents = self.documents.documents
        if self.document in documents:
            self.show_document(documents[(documents.index(self.document) + step) % len(documents)])

    def action_close(self) -> None:
        """Close the current document."""
        if self.document is not None:
            self.documents.close(self.document)

    def action_copy_name(self) -> None:
        """Copy the name of the current document to the clipboard."""
        if self.document is not None:
            self.app.copy(self.document.name, self.document.name)

    def action_files(self) -> None:
        """Choose a file of the workspace to open."""
        names = find_specs_and_spaces(self.app.workspace.root)
        shown = [(name, name) for name in names]
        self.app.push_screen(ChoiceDialog("Open which file?", shown), lambda name: self.open(name) if name else None)

    def action_train(self) -> None:
        """Train the spec or search the space; offer to save unsaved edits first."""
        document = self.document
        if document is None:
            return
        command = "search" if document.kind == "space" else "train"
        if document.diagnostics.errors:
            self.documents.notify(
                f"{document.name} has {format_problem_counts([True] * len(document.diagnostics.errors))}: F8 goes there",
                is_error=True,
            )
            return

        def start() -> None:
            self.app.run_command(quote_words([command, document.name]))

        if not document.is_modified:
            start()
            return
        question = f"{document.name} has unsaved edits. Save it, and {command} it?"
        self.app.push_screen(ConfirmDialog(question), lambda yes: self.documents.save(document, start) if yes else None)

    def action_external_editor(self) -> None:
        """Edit the file in $EDITOR, or a copy of the text if it has unsaved edits."""
        if self.document is not None:
            self.documents.edit_externally(self.document)

    def action_new(self) -> None:
        """Ask for a new file, make it and open it."""

        async def make_file() -> None:
            answer = await ask_new_file_command(self.app)
            if answer is None:
                return
            line, path = answer

            def open_if_made(code: int) -> None:
                if code == 0:
                    self.app.call_soon(lambda: self.open(path))

            self.app.run_command(line, then=open_if_made)

        self.run_worker(make_file(), exit_on_error=False, exclusive=True, group="new")


MODE = EditorMode
