"""The mode `editor`: specs and spaces as text and as a form, with what is wrong and what everything means."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.timer import Timer

from gts.errors import FileError
from gts_tui.command_syntax import quote_words
from gts_tui.screens.editor.documents import WATCH_KEY, DocumentStore, OpenDocument
from gts_tui.screens.editor.files import find_specs_and_spaces
from gts_tui.screens.editor.form import ParameterForm
from gts_tui.screens.editor.panes import EmptyEditor, FileBar, ProblemList
from gts_tui.screens.editor.text_area import format_problem_counts
from gts_tui.screens.editor.workbench import EditorView, Workbench
from gts_tui.screens.mode import Mode
from gts_tui.screens.new_file import ask_new_file
from gts_tui.widgets.dialogs import ChoiceDialog, ConfirmDialog

DRAFT_DELAY = 1.0
WIDE_COLUMNS = 110


class EditorMode(Mode):
    """Open files, one of them shown."""

    NAME = "editor"
    DEFAULT_CSS = """
    EditorMode.-wide Workbench { layout: horizontal; }
    EditorMode.-wide HelpPane { width: 38; height: 100%; border-top: none; border-left: solid $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "save", id="editor.save"),
        Binding("f2,f", "view('form')", "form", id="editor.form"),
        Binding("f3,v", "view('diff')", "diff", id="editor.diff"),
        Binding("f4,E", "external", "$EDITOR", id="editor.external"),
        Binding("f5,t", "train", "train", id="editor.train"),
        Binding("f8", "problem(1)", "next problem", show=False, id="editor.next_problem"),
        Binding("shift+f8,f20", "problem(-1)", "previous problem", show=False, id="editor.previous_problem"),
        # Before the text gets it: what is typed right after it is what to find.
        Binding("ctrl+f", "find", "find", priority=True, id="editor.find"),
        Binding("slash", "find", "find", show=False, id="editor.find_from_panels"),
        Binding("ctrl+o", "files", "open", id="editor.files"),
        Binding("n", "new", "new", show=False, id="editor.new"),
        Binding("left_square_bracket", "turn(-1)", "previous file", key_display="[", show=False, id="editor.previous"),
        Binding("right_square_bracket", "turn(1)", "next file", key_display="]", show=False, id="editor.next"),
        Binding("u", "undo", "undo", show=False, id="editor.undo"),
        Binding("U", "redo", "redo", show=False, id="editor.redo"),
        Binding("x", "close", "close file", show=False, id="editor.close"),
        Binding("y", "copy_name", "copy name", show=False, id="editor.copy_name"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.documents = DocumentStore(self)
        self._draft_timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """The files, then the work on one of them, or what to do where none is open."""
        yield FileBar()
        yield Workbench()
        yield EmptyEditor()

    @property
    def workbench(self) -> Workbench:
        """The work on the shown file."""
        return self.query_one(Workbench)

    @property
    def document(self) -> OpenDocument | None:
        """The shown file."""
        return self.workbench.document

    # -- as a mode ----------------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Nothing is open yet."""
        self.update_panes()

    def enter(self) -> None:
        """Look after the files again."""
        self.documents.watch_files()
        self.update_panes()

    def leave(self) -> None:
        """Nobody looks; what is typed is safe."""
        self._update_drafts()
        self.program.poller.unwatch(WATCH_KEY)

    def on_unmount(self) -> None:
        """The program ends, whatever the reason: what is typed stays."""
        for document in self.documents.documents:
            with contextlib.suppress(FileError):
                document.update_draft()

    def may_close(self) -> bool:
        """Unsaved edits are offered again, so nothing holds the program up but edits that cannot be kept."""
        return self.documents.update_all_drafts()

    def on_resize(self, event: events.Resize) -> None:
        """Beside each other where there is room."""
        self.set_class(event.size.width >= WIDE_COLUMNS, "-wide")
        self.call_after_refresh(self.update_panes)

    def focus_first(self) -> None:
        """To the text, or to the files that could be opened."""
        if self.document is None:
            self.query_one(EmptyEditor).focus_list()
        else:
            self.workbench.focus_view()

    def selection(self) -> tuple[str, ...]:
        """The shown file."""
        return (self.document.name,) if self.document else ()

    def open(self, word: str) -> None:
        """Open a file, given relative to the workspace."""
        path = Path(word).expanduser()
        document = self.documents.open(path if path.is_absolute() else self.program.workspace.root / path)
        if document is not None:
            is_new = self.workbench.find_text_area(document) is None
            self.show_document(document)
            if is_new:
                self.documents.offer_draft(document)

    # -- what is shown ------------------------------------------------------------------------------------------------

    def show_document(self, document: OpenDocument) -> None:
        """Show an open file."""
        self.workbench.show_document(document, read_only=self.program.settings.readonly)
        self.update_panes()

    def after_save(self, document: OpenDocument) -> None:
        """A file was saved."""
        found = format_problem_counts([error for _, error in document.diagnostics.in_order()])
        self.notify(f"saved {document.name}" + (f", with {found}" if found else ""), timeout=2, markup=False)
        self.program.poller.poll_now()
        self.update_panes()

    def after_close(self, document: OpenDocument) -> None:
        """A file was closed."""
        self.workbench.remove_document(document)
        if self.documents.documents and self.document is None:
            self.show_document(self.documents.documents[-1])
        self.update_panes()
        self.focus_first()

    def update_panes(self) -> None:
        """The line of files, and what is there where none is open."""
        document = self.document
        self.workbench.display = document is not None
        self.query_one(EmptyEditor).display = document is None
        self.query_one(FileBar).show_files(self.documents.documents, document, self._status_text(document) if document else "")

    def _status_text(self, document: OpenDocument) -> str:
        words = ["changed on disk"] if document.external_version else []
        words += ["not saved"] if document.is_modified else []
        words += ["read only"] if self.program.settings.readonly else []
        found = format_problem_counts([error for _, error in document.diagnostics.in_order()])
        words += [found] if found else []
        if self.workbench.text_area is not None:
            row, column = self.workbench.text_area.cursor_location
            words.append(f"{row + 1}:{column + 1}")
        return "  ".join(words)

    def on_workbench_changed(self, event: Workbench.Changed) -> None:
        """Something was typed: a moment later it is safe."""
        if event.text_changed:
            if self._draft_timer is not None:
                self._draft_timer.stop()
            self._draft_timer = self.set_timer(DRAFT_DELAY, self._update_drafts)
        self.update_panes()

    def _update_drafts(self) -> None:
        for document in self.documents.documents:
            self.documents.update_draft(document)

    # -- keys ---------------------------------------------------------------------------------------------------------

    def on_empty_editor_selected(self, event: EmptyEditor.Selected) -> None:
        """Open a file of the list."""
        self.open(event.name)

    def on_file_bar_text_focus_requested(self) -> None:
        """Back to the text."""
        self.focus_first()

    def on_file_bar_problem_focus_requested(self) -> None:
        """To what is wrong, where something is."""
        problems = self.query_one(ProblemList)
        (problems if problems.display else self.query_one(FileBar)).focus()

    def on_spec_text_area_closed(self) -> None:
        """Out of the text."""
        self.query_one(FileBar).focus()

    def on_problem_list_closed(self) -> None:
        """Back to the text."""
        self.workbench.focus_view()

    def on_parameter_form_closed(self) -> None:
        """Clear the filter; without one, back to the text."""
        form = self.query_one(ParameterForm)
        if form.filter_text:
            form.set_filter("", self.workbench.error_keys())
        else:
            self.workbench.show_view("text")

    def on_diff_view_closed(self) -> None:
        """Back to the text."""
        self.workbench.show_view("text")

    def action_save(self) -> None:
        """Save the shown file."""
        if self.document is not None:
            self.documents.save(self.document)

    def action_view(self, view: EditorView) -> None:
        """The form or the difference; the same key again goes back to the text."""
        if self.document is not None:
            self.workbench.show_view("text" if self.workbench.view == view else view)

    def action_find(self) -> None:
        """Search."""
        if self.document is not None:
            self.workbench.open_find()

    def action_problem(self, step: int) -> None:
        """Go to the next thing that is wrong."""
        if self.workbench.text_area is not None:
            self.workbench.show_view("text")
            self.workbench.text_area.go_to_problem(step)

    def action_undo(self) -> None:
        """Undo."""
        if self.workbench.text_area is not None:
            self.workbench.text_area.undo()

    def action_redo(self) -> None:
        """Redo."""
        if self.workbench.text_area is not None:
            self.workbench.text_area.redo()

    def action_turn(self, step: int) -> None:
        """The next open file."""
        documents = self.documents.documents
        if self.document in documents:
            self.show_document(documents[(documents.index(self.document) + step) % len(documents)])

    def action_close(self) -> None:
        """Close the shown file."""
        if self.document is not None:
            self.documents.close(self.document)

    def action_copy_name(self) -> None:
        """The name of the file to the clipboard."""
        if self.document is not None:
            self.program.copy(self.document.name, self.document.name)

    def action_files(self) -> None:
        """Choose a file to open."""
        names = find_specs_and_spaces(self.program.workspace.root)
        shown = [(name, name) for name in names]
        self.app.push_screen(ChoiceDialog("open", shown), lambda name: self.open(name) if name else None)

    def action_train(self) -> None:
        """Train the spec, or search the space; what is not saved is saved first, if the person agrees."""
        document = self.document
        if document is None:
            return
        word = "search" if document.kind == "space" else "train"
        if document.diagnostics.errors:
            self.documents.notify(
                f"{document.name} has {format_problem_counts([True] * len(document.diagnostics.errors))}: F8 goes there",
                is_error=True,
            )
            return

        def start() -> None:
            self.program.run_command(quote_words([word, document.name]))

        if not document.is_modified:
            start()
            return
        question = f"{document.name} has edits that are not saved. Save it, and {word} it?"
        self.app.push_screen(ConfirmDialog(question), lambda yes: self.documents.save(document, start) if yes else None)

    def action_external(self) -> None:
        """Edit in the person's own editor: the file, or a copy where there are edits that are not saved."""
        document = self.document
        if document is not None:
            self.documents.edit_externally(document)

    def action_new(self) -> None:
        """Make a new file, and open it."""

        def make(line: str, path: str) -> None:
            def opened(code: int) -> None:
                if code == 0:
                    self.app.call_from_thread(self.open, path)

            self.program.run_command(line, then=opened)

        ask_new_file(self.app, make)


MODE = EditorMode
