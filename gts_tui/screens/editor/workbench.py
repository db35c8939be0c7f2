"""The work on one open file: its text, its form, its differences, and around them what is wrong and what everything means."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Literal

from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input, OptionList, TextArea

from gts.errors import FormatError, UsageError
from gts.formats.strict_json import parse_json
from gts_tui.screens.editor.completion import CompletionPopup
from gts_tui.screens.editor.diff import DiffView
from gts_tui.screens.editor.documents import OpenDocument
from gts_tui.screens.editor.files import Diagnostics, check_text
from gts_tui.screens.editor.form import FormField, ParameterForm, ask_field_value, build_form_fields, set_field_value
from gts_tui.screens.editor.json_syntax import find_path, parse_values
from gts_tui.screens.editor.panes import FindInput, HelpPane, ProblemList
from gts_tui.screens.editor.parameter_docs import detect_document_context, doc_at
from gts_tui.screens.editor.text_area import SpecTextArea

if TYPE_CHECKING:
    from textual.widget import Widget

EditorView = Literal["text", "form", "diff"]
CHECK_SECONDS = 0.3
MAX_ASSISTED_LENGTH = 200_000
"""Beyond that a text is only a text: no help and no proposals while typing."""
HINT = "tab or ctrl+space: what can be written here   F2 form   F3 difference   esc panels"


class Workbench(Container):
    """Shows one buffer at a time; each keeps its own text area, with its cursor and what can be undone."""

    DEFAULT_CSS = """
    Workbench { height: 1fr; layout: vertical; }
    Workbench #middle { width: 1fr; height: 1fr; }
    Workbench #texts { height: 1fr; }
    """

    class Changed(Message):
        """The text, the cursor or what is wrong has changed."""

        def __init__(self, *, text_changed: bool) -> None:
            super().__init__()
            self.text_changed = text_changed

    def __init__(self) -> None:
        super().__init__(id="workbench")
        self.document: OpenDocument | None = None
        self.view: EditorView = "text"
        self._text_areas: dict[int, SpecTextArea] = {}
        self._check_timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """Text, form or difference; below or beside them what helps."""
        with Vertical(id="middle"):
            yield Container(id="texts")
            yield ParameterForm()
            yield DiffView()
            yield FindInput()
            yield ProblemList()
        yield HelpPane()
        yield CompletionPopup()

    # -- what is shown ------------------------------------------------------------------------------------------------

    @property
    def text_area(self) -> SpecTextArea | None:
        """The text area of the shown buffer."""
        return self._text_areas.get(id(self.document))

    def find_text_area(self, document: OpenDocument) -> SpecTextArea | None:
        """The text area of a buffer, None where it was never shown."""
        return self._text_areas.get(id(document))

    def show_document(self, document: OpenDocument, *, read_only: bool) -> None:
        """Show a buffer, as text."""
        self.document = document
        if id(document) not in self._text_areas:
            area = SpecTextArea(document.text, read_only=read_only)
            self._text_areas[id(document)] = area
            self.query_one("#texts").mount(area)
            self.schedule_check(0.01)
        for known, area in self._text_areas.items():
            area.display = known == id(document)
        self.query_one(ParameterForm).filter_text = ""
        self.show_view("text")
        self.update_panes()

    def remove_document(self, document: OpenDocument) -> None:
        """A buffer was closed."""
        area = self._text_areas.pop(id(document), None)
        if area is not None:
            area.remove()
        if self.document is document:
            self.document = None

    def replace_text(self, document: OpenDocument, text: str) -> None:
        """Put another text in place of a buffer's; this can be undone like any edit."""
        document.text = text
        area = self._text_areas.get(id(document))
        if area is not None:
            area.change_text(text)

    def show_view(self, view: EditorView) -> None:
        """Show the text, the form or the difference."""
        self.view = view
        self.close_completions()
        self.query_one(FindInput).display = False
        for name, widget in (("text", "#texts"), ("form", "#form"), ("diff", "#diff")):
            self.query_one(widget).display = name == view
        if view == "diff" and self.document is not None:
            external_version = self.document.external_version
            before = self.document.saved_version if external_version is None else external_version
            name = "saved" if external_version is None else "on disk now"
            self.query_one(DiffView).show(before.text, self.document.text, (name, self.document.name), self.document.kind)
        self.update_panes()
        self.focus_view()

    def focus_view(self) -> None:
        """Put the cursor into what is shown."""
        widget: Widget | None = self.text_area if self.view == "text" else self.query_one(f"#{self.view}")
        if widget is not None:
            self.call_after_refresh(widget.focus)

    def update_panes(self) -> None:
        """Bring everything around the text up to date."""
        document = self.document
        if document is None:
            return
        area = self.text_area
        if area is not None:
            area.show_diagnostics(document.diagnostics)
            self.query_one(ProblemList).show_problems(document.diagnostics, use_unicode=area.has_unicode)
        if self.view == "form":
            self.query_one(ParameterForm).show_fields(build_form_fields(document.text, document.kind), self.error_keys())
        self.update_help()

    def error_keys(self) -> frozenset[str]:
        """The keys that have errors."""
        return frozenset(problem.key for problem in self.document.diagnostics.errors) if self.document else frozenset()

    def update_help(self) -> None:
        """Say what the part under the cursor means."""
        document, area = self.document, self.text_area
        if document is None or area is None:
            return
        doc, current_value = None, ""
        line_problems: list[tuple[str, bool]] = []
        if len(document.text) <= MAX_ASSISTED_LENGTH:
            values = parse_values(document.text)
            field = self.query_one(ParameterForm).current_field if self.view == "form" else None
            path = field.path if field else find_path(document.text, area.offset_of(area.cursor_location))
            doc = doc_at(detect_document_context(document.kind, values), path)
            current_value = field.value if field else json.dumps(values[path], ensure_ascii=False) if path in values else ""
            row = area.cursor_location[0] + 1
            if self.view == "text":
                line_problems = [
                    (problem.message, error) for problem, error in document.diagnostics.in_order() if problem.line == row
                ]
        self.query_one(HelpPane).show_doc(doc, current_value, HINT, line_problems)

    # -- the text changes ---------------------------------------------------------------------------------------------

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Something was typed, undone or put in."""
        event.stop()
        if self.document is None or event.text_area is not self.text_area:
            return
        self.document.text = event.text_area.text
        self.schedule_check()
        if self.text_area is not None and self.text_area.is_completing:
            self.query_one(CompletionPopup).update_completions(self.text_area)
        if self.view != "text":
            self.update_panes()
        self.post_message(self.Changed(text_changed=True))

    def on_text_area_selection_changed(self, event: TextArea.SelectionChanged) -> None:
        """The cursor has moved."""
        event.stop()
        if event.text_area is self.text_area:
            if self.text_area is not None and self.text_area.is_completing and self.text_area.cursor_context.role == "between":
                self.close_completions()
            self.update_help()
            self.post_message(self.Changed(text_changed=False))

    def schedule_check(self, seconds: float = CHECK_SECONDS) -> None:
        """Check the text when nobody has typed for a moment."""
        if self._check_timer is not None:
            self._check_timer.stop()
        self._check_timer = self.set_timer(seconds, self._start_check)

    def _start_check(self) -> None:
        document = self.document
        if document is not None:
            work = partial(self._check_in_thread, document, document.text, document.path.name, document.kind)
            self.run_worker(work, thread=True, exclusive=True, group="check", exit_on_error=False)

    def _check_in_thread(self, document: OpenDocument, text: str, name: str, kind: str) -> None:
        """Check in a thread of its own."""
        diagnostics = check_text(text, name, kind)
        self.app.call_from_thread(self._apply_check, document, text, diagnostics)

    def _apply_check(self, document: OpenDocument, text: str, diagnostics: Diagnostics) -> None:
        if document.text == text:
            document.diagnostics = diagnostics
            if document is self.document:
                self.update_panes()
                self.post_message(self.Changed(text_changed=False))

    # -- what can be written here -------------------------------------------------------------------------------------

    def on_spec_text_area_completion_requested(self) -> None:
        """Show what can be written at the cursor; where it is one thing only, write it."""
        area, document = self.text_area, self.document
        if area is not None and document is not None and len(document.text) <= MAX_ASSISTED_LENGTH:
            self.query_one(CompletionPopup).open_at_cursor(area, document.kind)

    def on_spec_text_area_popup_key_pressed(self, event: SpecTextArea.PopupKeyPressed) -> None:
        """A key for the open list."""
        if self.text_area is not None:
            self.query_one(CompletionPopup).handle_popup_key(event.key, self.text_area)

    def close_completions(self) -> None:
        """Hide the list."""
        for area in self._text_areas.values():
            self.query_one(CompletionPopup).close_popup(area)

    def on_data_table_row_highlighted(self) -> None:
        """Another row of the form."""
        if self.view == "form":
            self.update_help()

    def on_data_table_row_selected(self) -> None:
        """Change the value of a row."""
        field = self.query_one(ParameterForm).current_field
        if field is None or self.document is None or self.text_area is None or self.text_area.read_only:
            return
        ask_field_value(self.app, field, self.document.kind, partial(self._set_field_value, field))

    def on_parameter_form_reset_requested(self) -> None:
        """Take the value of a row out of the text."""
        field = self.query_one(ParameterForm).current_field
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
            self.notify(f"mend line {problem.line} of the text first: {problem.message}", severity="error", markup=False)
        except UsageError as error:
            self.notify(error.message, severity="error", markup=False)

    # -- searching ----------------------------------------------------------------------------------------------------

    def open_find(self) -> None:
        """Open the line that searches the text, or filters the form."""
        if self.view != "diff":
            self.query_one(FindInput).open_with_prompt(
                "parameters with" if self.view == "form" else "find: enter next, up previous"
            )

    def on_parameter_form_filter_requested(self) -> None:
        """Filter the form."""
        self.open_find()

    def on_input_changed(self, event: Input.Changed) -> None:
        """What is searched has changed."""
        if isinstance(event.input, FindInput):
            event.stop()
            if self.view == "form":
                self.query_one(ParameterForm).set_filter(event.value, self.error_keys())
            else:
                self._select_match(0)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """The next place; in a form, to the rows."""
        if isinstance(event.input, FindInput):
            event.stop()
            if self.view == "form":
                event.input.display = False
                self.focus_view()
            else:
                self._select_match(1)

    def on_find_input_match_requested(self, event: FindInput.MatchRequested) -> None:
        """Up or down."""
        if self.view == "text":
            self._select_match(event.step)

    def on_find_input_closed(self) -> None:
        """Back to what was searched."""
        line = self.query_one(FindInput)
        line.display = False
        if self.view == "form":
            line.value = ""
            self.query_one(ParameterForm).set_filter("", self.error_keys())
        self.focus_view()

    def _select_match(self, step: int) -> None:
        if self.text_area is not None:
            self.text_area.select_match(self.query_one(FindInput).value, step)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Go to where something is wrong."""
        if isinstance(event.option_list, ProblemList) and self.text_area is not None:
            event.stop()
            problem, _ = event.option_list.problems[event.option_index]
            self.show_view("text")
            self.text_area.go_to_position(problem.line, problem.column)
