"""The current document as text, form or difference, with its errors, help and completions."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Literal

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import DataTable, Input, OptionList, TextArea

from gts.errors import FormatError, UsageError
from gts.formats.strict_json import parse_json
from gts_tui.app_base import BaseApp
from gts_tui.screens.editor.completion import CompletionPopup
from gts_tui.screens.editor.diff import DiffView
from gts_tui.screens.editor.documents import OpenDocument
from gts_tui.screens.editor.files import Diagnostics, check_text
from gts_tui.screens.editor.form import FormField, ParameterForm, ask_field_value, build_form_fields, set_field_value
from gts_tui.screens.editor.json_syntax import find_path, parse_values, to_json
from gts_tui.screens.editor.panes import FindInput, HelpPane, ProblemList
from gts_tui.screens.editor.parameter_docs import detect_document_context, doc_at
from gts_tui.screens.editor.text_area import SpecTextArea

EditorView = Literal["text", "form", "diff"]
CHECK_SECONDS = 0.3
MAX_ASSISTED_LENGTH = 200_000
"""Characters beyond which help and completion are off: both parse the whole text at each key."""
HINT = "tab or ctrl+space: complete   F2 form   F3 difference   esc keys"


class Workbench(Container):
    """Shows one document at a time; each has its own text area, which keeps its cursor and undo history."""

    DEFAULT_CSS = """
    Workbench { height: 1fr; layout: vertical; }
    Workbench #middle { width: 1fr; height: 1fr; }
    Workbench #text-areas { height: 1fr; }
    """

    app = getters.app(BaseApp)
    form = getters.query_one("#form", ParameterForm)
    diff_view = getters.query_one("#diff", DiffView)
    find_input = getters.query_one("#find", FindInput)
    problem_list = getters.query_one("#problems", ProblemList)
    help_pane = getters.query_one("#help", HelpPane)
    popup = getters.query_one("#completions", CompletionPopup)

    class Changed(Message):
        """Posted when the text, the cursor or the diagnostics have changed."""

        def __init__(self, *, text_changed: bool) -> None:
            super().__init__()
            self.text_changed = text_changed

    def __init__(self) -> None:
        super().__init__(id="workbench")
        self.document: OpenDocument | None = None
        self.view: EditorView = "text"
        self._text_areas: dict[Path, SpecTextArea] = {}
        """By the path of the document."""
        self._check_timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """Create the three views, and the panes below or beside them."""
        with Vertical(id="middle"):
            yield Container(id="text-areas")
            yield ParameterForm()
            yield DiffView()
            yield FindInput()
            yield ProblemList()
        yield HelpPane()
        yield CompletionPopup()

    # -- views --------------------------------------------------------------------------------------------------------

    @property
    def text_area(self) -> SpecTextArea | None:
        """Text area of the current document; None without one."""
        return self._text_areas.get(self.document.path) if self.document is not None else None

    def find_text_area(self, document: OpenDocument) -> SpecTextArea | None:
        """Return the text area of a document, or None if it was never shown."""
        return self._text_areas.get(document.path)

    def show_document(self, document: OpenDocument, *, read_only: bool) -> None:
        """Make a document the current one and show its text."""
        self.document = document
        if document.path not in self._text_areas:
            area = SpecTextArea(document.text, read_only=read_only)
            self._text_areas[document.path] = area
            self.query_one("#text-areas").mount(area)
            self.schedule_check(0.01)
        for known, area in self._text_areas.items():
            area.display = known == document.path
        self.form.filter_text = ""
        self.show_view("text")
        self.update_panes()

    def remove_document(self, document: OpenDocument) -> None:
        """Remove the text area of a closed document."""
        area = self._text_areas.pop(document.path, None)
        if area is not None:
            area.remove()
        if self.document is document:
            self.document = None

    def replace_text(self, document: OpenDocument, text: str) -> None:
        """Replace the text of a document; the user can undo it."""
        document.text = text
        area = self._text_areas.get(document.path)
        if area is not None:
            area.change_text(text)

    def show_view(self, view: EditorView) -> None:
        """Switch to a view and focus it."""
        self.view = view
        self.close_completions()
        self.find_input.display = False
        for name, widget in (("text", "#text-areas"), ("form", "#form"), ("diff", "#diff")):
            self.query_one(widget).display = name == view
        if view == "diff" and self.document is not None:
            external_version = self.document.external_version
            before = self.document.saved_version if external_version is None else external_version
            name = "saved" if external_version is None else "on disk now"
            self.diff_view.show(before.text, self.document.text, (name, self.document.name), self.document.kind)
        self.update_panes()
        self.focus_view()

    def focus_view(self) -> None:
        """Focus the current view."""
        widget: Widget | None = self.text_area if self.view == "text" else self.query_one(f"#{self.view}")
        if widget is not None:
            self.call_after_refresh(widget.focus)

    def update_panes(self) -> None:
        """Update the form, the errors and the help."""
        document = self.document
        if document is None:
            return
        area = self.text_area
        if area is not None:
            area.show_diagnostics(document.diagnostics)
            self.problem_list.show_problems(document.diagnostics)
        if self.view == "form":
            self.form.show_fields(build_form_fields(document.text, document.kind), self.error_keys())
        self.update_help()

    def error_keys(self) -> frozenset[str]:
        """Return the keys of the current document that have errors."""
        return frozenset(problem.key for problem in self.document.diagnostics.errors) if self.document else frozenset()

    def update_help(self) -> None:
        """Show the errors of the cursor's line and the documentation of the parameter there."""
        document, area = self.document, self.text_area
        if document is None or area is None:
            return
        doc, current_value = None, ""
        line_problems: list[tuple[str, bool]] = []
        if len(document.text) <= MAX_ASSISTED_LENGTH:
            values = parse_values(document.text)
            field = self.form.current_field if self.view == "form" else None
            path = field.path if field else find_path(document.text, area.cursor_offset)
            doc = doc_at(detect_document_context(document.kind, values), path)
            current_value = field.value if field else to_json(values[path]) if path in values else ""
            row = area.cursor_location[0] + 1
            if self.view == "text":
                line_problems = [
                    (problem.message, error) for problem, error in document.diagnostics.in_order() if problem.line == row
                ]
        self.help_pane.show_doc(doc, current_value, HINT, line_problems)

    # -- edits and checks ---------------------------------------------------------------------------------------------

    @on(TextArea.Changed)
    def update_text(self, event: TextArea.Changed) -> None:
        """Take over a changed text and schedule its check."""
        event.stop()
        if self.document is None or event.text_area is not self.text_area:
            return
        self.document.text = event.text_area.text
        self.schedule_check()
        if self.text_area is not None and self.text_area.is_completing:
            self.popup.update_completions(self.text_area)
        if self.view != "text":
            self.update_panes()
        self.post_message(self.Changed(text_changed=True))

    @on(TextArea.SelectionChanged)
    def update_cursor(self, event: TextArea.SelectionChanged) -> None:
        """Follow the cursor in the help pane; close the popup if nothing can be completed there."""
        event.stop()
        if event.text_area is self.text_area:
            if self.text_area is not None and self.text_area.is_completing and self.text_area.cursor_context.role == "between":
                self.close_completions()
            self.update_help()
            self.post_message(self.Changed(text_changed=False))

    def schedule_check(self, seconds: float = CHECK_SECONDS) -> None:
        """Check the text after a pause in typing."""
        if self._check_timer is not None:
            self._check_timer.stop()
        self._check_timer = self.set_timer(seconds, self._start_check)

    def _start_check(self) -> None:
        document = self.document
        if document is not None:
            work = partial(self._check_in_thread, document, document.text, document.path.name, document.kind)
            self.run_worker(work, thread=True, exclusive=True, group="check", exit_on_error=False)

    def _check_in_thread(self, document: OpenDocument, text: str, name: str, kind: str) -> None:
        diagnostics = check_text(text, name, kind)
        self.app.call_from_thread(self._apply_check, document, text, diagnostics)

    def _apply_check(self, document: OpenDocument, text: str, diagnostics: Diagnostics) -> None:
        if document.text == text:
            document.diagnostics = diagnostics
            if document is self.document:
                self.update_panes()
                self.post_message(self.Changed(text_changed=False))

    # -- completion and form -------------------------------------------------------------------------------------------

    @on(SpecTextArea.CompletionRequested)
    def open_completions(self) -> None:
        """Open the completions at the cursor; insert a unique match at once."""
        area, document = self.text_area, self.document
        if area is not None and document is not None and len(document.text) <= MAX_ASSISTED_LENGTH:
            self.popup.open_at_cursor(area, document.kind)

    @on(SpecTextArea.PopupKeyPressed)
    def press_popup_key(self, event: SpecTextArea.PopupKeyPressed) -> None:
        """Pass a key on to the completion popup."""
        if self.text_area is not None:
            self.popup.handle_popup_key(event.key, self.text_area)

    def close_completions(self) -> None:
        """Close the completion popup."""
        for area in self._text_areas.values():
            self.popup.close_popup(area)

    @on(DataTable.RowHighlighted, "#form")
    def update_field_help(self) -> None:
        """Show help for the row under the cursor."""
        if self.view == "form":
            self.update_help()

    @on(DataTable.RowSelected, "#form")
    def edit_field(self) -> None:
        """Ask for a new value of the selected row."""
        field = self.form.current_field
        if field is None or self.document is None or self.text_area is None or self.text_area.read_only:
            return
        ask_field_value(self.app, field, self.document.kind, partial(self._set_field_value, field))

    @on(ParameterForm.ResetRequested)
    def reset_field(self) -> None:
        """Remove the value of the row under the cursor from the text."""
        field = self.form.current_field
        if field is not None and field.value:
            self._set_field_value(field, "")

    def _set_field_value(self, field: FormField, entered: str | None) -> None:
        document, area = self.document, self.text_area
        if entered is None or document is None or area is None or area.read_only:
            return
        try:
            parse_json(document.text, document.name)
            area.change_text(set_field_value(document.text, field, entered, document.kind))
        except FormatError as error:
            problem = error.problems[0]
            self.notify(f"fix line {problem.line} of the text first: {problem.message}", severity="error", markup=False)
        except UsageError as error:
            self.notify(error.message, severity="error", markup=False)

    # -- finding ------------------------------------------------------------------------------------------------------

    @on(ParameterForm.FilterRequested)
    def open_find(self) -> None:
        """Open the input that finds text, or filters the form."""
        if self.view != "diff":
            self.find_input.open_with_prompt("filter parameters" if self.view == "form" else "find: enter next, up previous")

    @on(Input.Changed, "#find")
    def find_while_typing(self, event: Input.Changed) -> None:
        """Filter the form, or select the first match in the text."""
        event.stop()
        if self.view == "form":
            self.form.set_filter(event.value, self.error_keys())
        else:
            self._select_match(0)

    @on(Input.Submitted, "#find")
    def find_next(self, event: Input.Submitted) -> None:
        """Select the next match in the text, or move to the rows of the form."""
        event.stop()
        if self.view == "form":
            self.find_input.display = False
            self.focus_view()
        else:
            self._select_match(1)

    @on(FindInput.MatchRequested)
    def step_match(self, event: FindInput.MatchRequested) -> None:
        """Select the next or previous match in the text."""
        if self.view == "text":
            self._select_match(event.step)

    @on(FindInput.Closed)
    def close_find(self) -> None:
        """Close the input, clear the form's filter, and focus the view."""
        self.find_input.display = False
        if self.view == "form":
            self.find_input.value = ""
            self.form.set_filter("", self.error_keys())
        self.focus_view()

    def _select_match(self, step: int) -> None:
        if self.text_area is not None:
            self.text_area.select_match(self.find_input.value, step)

    @on(OptionList.OptionSelected, "#problems")
    def go_to_selected_problem(self, event: OptionList.OptionSelected) -> None:
        """Move the cursor to the position of an error or warning."""
        event.stop()
        if self.text_area is not None:
            problem, _ = self.problem_list.problems[event.option_index]
            self.show_view("text")
            self.text_area.go_to_position(problem.line, problem.column)
