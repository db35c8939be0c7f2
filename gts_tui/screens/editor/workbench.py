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
from gts_tui.screens.editor.completion import Offers
from gts_tui.screens.editor.diff import Diff
from gts_tui.screens.editor.documents import Buffer
from gts_tui.screens.editor.files import Findings, check_text
from gts_tui.screens.editor.form import Field, Form, ask_value, assigned, fields_of
from gts_tui.screens.editor.json_syntax import path_at, values_in
from gts_tui.screens.editor.panes import HelpPane, ProblemList, SearchLine
from gts_tui.screens.editor.parameter_docs import meaning_of, subject_of
from gts_tui.screens.editor.text_area import SpecText

if TYPE_CHECKING:
    from textual.widget import Widget

View = Literal["text", "form", "diff"]
CHECK_SECONDS = 0.3
MOST_LETTERS = 200_000
"""Beyond that a text is only a text: no help and no proposals while typing."""
HINT = "tab or ctrl+space: what can be written here   F2 form   F3 difference   esc panels"


class Workbench(Container):
    """Shows one buffer at a time; each keeps its own text area, with its cursor and what can be undone."""

    DEFAULT_CSS = """
    Workbench { height: 1fr; layout: vertical; }
    Workbench #middle { width: 1fr; height: 1fr; }
    Workbench #texts { height: 1fr; }
    """

    class Edited(Message):
        """The text, the cursor or what is wrong has changed."""

        def __init__(self, *, text: bool) -> None:
            super().__init__()
            self.text = text

    def __init__(self) -> None:
        super().__init__(id="workbench")
        self.buffer: Buffer | None = None
        self.view: View = "text"
        self._texts: dict[int, SpecText] = {}
        self._check: Timer | None = None

    def compose(self) -> ComposeResult:
        """Text, form or difference; below or beside them what helps."""
        with Vertical(id="middle"):
            yield Container(id="texts")
            yield Form()
            yield Diff()
            yield SearchLine()
            yield ProblemList()
        yield HelpPane()
        yield Offers()

    # -- what is shown ------------------------------------------------------------------------------------------------

    @property
    def text(self) -> SpecText | None:
        """The text area of the shown buffer."""
        return self._texts.get(id(self.buffer))

    def text_of(self, buffer: Buffer) -> SpecText | None:
        """The text area of a buffer, None where it was never shown."""
        return self._texts.get(id(buffer))

    def show(self, buffer: Buffer, *, read_only: bool) -> None:
        """Show a buffer, as text."""
        self.buffer = buffer
        if id(buffer) not in self._texts:
            area = SpecText(buffer.text, read_only=read_only)
            self._texts[id(buffer)] = area
            self.query_one("#texts").mount(area)
            self.check_soon(0.01)
        for known, area in self._texts.items():
            area.display = known == id(buffer)
        self.query_one(Form).filter = ""
        self.show_view("text")
        self.draw()

    def forget(self, buffer: Buffer) -> None:
        """A buffer was closed."""
        area = self._texts.pop(id(buffer), None)
        if area is not None:
            area.remove()
        if self.buffer is buffer:
            self.buffer = None

    def replace_text(self, buffer: Buffer, text: str) -> None:
        """Put another text in place of a buffer's; this can be undone like any edit."""
        buffer.text = text
        area = self._texts.get(id(buffer))
        if area is not None:
            area.become(text)

    def show_view(self, view: View) -> None:
        """Show the text, the form or the difference."""
        self.view = view
        self.close_offers()
        self.query_one(SearchLine).display = False
        for name, widget in (("text", "#texts"), ("form", "#form"), ("diff", "#diff")):
            self.query_one(widget).display = name == view
        if view == "diff" and self.buffer is not None:
            other = self.buffer.other
            before = self.buffer.saved if other is None else other
            name = "saved" if other is None else "on disk now"
            self.query_one(Diff).show(before.text, self.buffer.text, (name, self.buffer.name), self.buffer.kind)
        self.draw()
        self.focus_view()

    def focus_view(self) -> None:
        """Put the cursor into what is shown."""
        widget: Widget | None = self.text if self.view == "text" else self.query_one(f"#{self.view}")
        if widget is not None:
            self.call_after_refresh(widget.focus)

    def draw(self) -> None:
        """Bring everything around the text up to date."""
        buffer = self.buffer
        if buffer is None:
            return
        area = self.text
        if area is not None:
            area.show_findings(buffer.findings)
            self.query_one(ProblemList).show(buffer.findings, fancy=area.fancy)
        if self.view == "form":
            self.query_one(Form).show(fields_of(buffer.text, buffer.kind), self.wrong())
        self.draw_meaning()

    def wrong(self) -> frozenset[str]:
        """The keys that have errors."""
        return frozenset(problem.key for problem in self.buffer.findings.errors) if self.buffer else frozenset()

    def draw_meaning(self) -> None:
        """Say what the part under the cursor means."""
        buffer, area = self.buffer, self.text
        if buffer is None or area is None:
            return
        meaning, said = None, ""
        here: list[tuple[str, bool]] = []
        if len(buffer.text) <= MOST_LETTERS:
            values = values_in(buffer.text)
            field = self.query_one(Form).current if self.view == "form" else None
            path = field.path if field else path_at(buffer.text, area.offset_of(area.cursor_location))
            meaning = meaning_of(subject_of(buffer.kind, values), path)
            said = field.value if field else json.dumps(values[path], ensure_ascii=False) if path in values else ""
            row = area.cursor_location[0] + 1
            if self.view == "text":
                here = [(problem.message, error) for problem, error in buffer.findings.all() if problem.line == row]
        self.query_one(HelpPane).show(meaning, said, HINT, here)

    # -- the text changes ---------------------------------------------------------------------------------------------

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Something was typed, undone or put in."""
        event.stop()
        if self.buffer is None or event.text_area is not self.text:
            return
        self.buffer.text = event.text_area.text
        self.check_soon()
        if self.text is not None and self.text.proposing:
            self.query_one(Offers).go_on(self.text)
        if self.view != "text":
            self.draw()
        self.post_message(self.Edited(text=True))

    def on_text_area_selection_changed(self, event: TextArea.SelectionChanged) -> None:
        """The cursor has moved."""
        event.stop()
        if event.text_area is self.text:
            if self.text is not None and self.text.proposing and self.text.place.role == "between":
                self.close_offers()
            self.draw_meaning()
            self.post_message(self.Edited(text=False))

    def check_soon(self, seconds: float = CHECK_SECONDS) -> None:
        """Check the text when nobody has typed for a moment."""
        if self._check is not None:
            self._check.stop()
        self._check = self.set_timer(seconds, self._begin_check)

    def _begin_check(self) -> None:
        buffer = self.buffer
        if buffer is not None:
            work = partial(self._look, buffer, buffer.text, buffer.path.name, buffer.kind)
            self.run_worker(work, thread=True, exclusive=True, group="check", exit_on_error=False)

    def _look(self, buffer: Buffer, text: str, name: str, kind: str) -> None:
        """Check in a thread of its own."""
        findings = check_text(text, name, kind)
        self.app.call_from_thread(self._found, buffer, text, findings)

    def _found(self, buffer: Buffer, text: str, findings: Findings) -> None:
        if buffer.text == text:
            buffer.findings = findings
            if buffer is self.buffer:
                self.draw()
                self.post_message(self.Edited(text=False))

    # -- what can be written here -------------------------------------------------------------------------------------

    def on_spec_text_wanted(self) -> None:
        """Show what can be written at the cursor; where it is one thing only, write it."""
        area, buffer = self.text, self.buffer
        if area is not None and buffer is not None and len(buffer.text) <= MOST_LETTERS:
            self.query_one(Offers).begin(area, buffer.kind)

    def on_spec_text_pressed(self, event: SpecText.Pressed) -> None:
        """A key for the open list."""
        if self.text is not None:
            self.query_one(Offers).press(event.key, self.text)

    def close_offers(self) -> None:
        """Hide the list."""
        for area in self._texts.values():
            self.query_one(Offers).end(area)

    def on_data_table_row_highlighted(self) -> None:
        """Another row of the form."""
        if self.view == "form":
            self.draw_meaning()

    def on_data_table_row_selected(self) -> None:
        """Change the value of a row."""
        field = self.query_one(Form).current
        if field is None or self.buffer is None or self.text is None or self.text.read_only:
            return
        ask_value(self.app, field, self.buffer.kind, partial(self._assign, field))

    def on_form_default(self) -> None:
        """Take the value of a row out of the text."""
        field = self.query_one(Form).current
        if field is not None and field.value:
            self._assign(field, "")

    def _assign(self, field: Field, typed: str | None) -> None:
        buffer, area = self.buffer, self.text
        if typed is None or buffer is None or area is None or area.read_only:
            return
        try:
            parse_json(buffer.text, buffer.name)
            area.become(assigned(buffer.text, field, typed, buffer.kind))
        except FormatError as error:
            problem = error.problems[0]
            self.notify(f"mend line {problem.line} of the text first: {problem.message}", severity="error", markup=False)
        except UsageError as error:
            self.notify(error.message, severity="error", markup=False)

    # -- searching ----------------------------------------------------------------------------------------------------

    def find(self) -> None:
        """Open the line that searches the text, or filters the form."""
        if self.view != "diff":
            self.query_one(SearchLine).take("parameters with" if self.view == "form" else "find: enter next, up previous")

    def on_form_find(self) -> None:
        """Filter the form."""
        self.find()

    def on_input_changed(self, event: Input.Changed) -> None:
        """What is searched has changed."""
        if isinstance(event.input, SearchLine):
            event.stop()
            if self.view == "form":
                self.query_one(Form).find(event.value, self.wrong())
            else:
                self._find(0)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """The next place; in a form, to the rows."""
        if isinstance(event.input, SearchLine):
            event.stop()
            if self.view == "form":
                event.input.display = False
                self.focus_view()
            else:
                self._find(1)

    def on_search_line_again(self, event: SearchLine.Again) -> None:
        """Up or down."""
        if self.view == "text":
            self._find(event.step)

    def on_search_line_left(self) -> None:
        """Back to what was searched."""
        line = self.query_one(SearchLine)
        line.display = False
        if self.view == "form":
            line.value = ""
            self.query_one(Form).find("", self.wrong())
        self.focus_view()

    def _find(self, step: int) -> None:
        if self.text is not None:
            self.text.find(self.query_one(SearchLine).value, step)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Go to where something is wrong."""
        if isinstance(event.option_list, ProblemList) and self.text is not None:
            event.stop()
            problem, _ = event.option_list.places[event.option_index]
            self.show_view("text")
            self.text.go_to(problem.line, problem.column)
