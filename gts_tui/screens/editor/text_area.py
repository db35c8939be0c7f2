"""Text area for specs and spaces: JSON colours, errors marked at their lines, completion keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip
from textual.widgets import TextArea
from textual.widgets.text_area import Document, Selection

from gts.errors import Problem
from gts_tui.screens.editor.files import Diagnostics
from gts_tui.screens.editor.json_syntax import CursorContext, find_changed_span, find_cursor_context, highlight_spans

INDENT = "  "
_CONTROL_CHARACTERS = {
    code: "?" for code in (*range(9), *range(10, 32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}
"""Shows characters that a terminal would act on as a question mark; the file keeps them."""


class SpecTextArea(TextArea):
    """Text area for the JSON of a spec or space."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "spec-text--key",
        "spec-text--text",
        "spec-text--number",
        "spec-text--word",
        "spec-text--mark",
        "spec-text--other",
        "spec-text--error",
        "spec-text--warning",
    }
    DEFAULT_CSS = """
    SpecTextArea {
        border: none; padding: 0; background: $background; scrollbar-size: 1 1;
        & .text-area--cursor-line { background: $surface; }
        & .spec-text--key { color: $primary; }
        & .spec-text--text { color: $success; }
        & .spec-text--number { color: $accent; }
        & .spec-text--word { color: $warning; text-style: bold; }
        & .spec-text--mark { color: $text-muted; }
        & .spec-text--other { color: $error; }
        & .spec-text--error { color: $error; text-style: bold; }
        & .spec-text--warning { color: $warning; text-style: bold; }
        &:focus { border: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete_or_indent", "complete", id="editor.complete_or_indent"),
        Binding("ctrl+@,ctrl+space", "complete", "complete", key_display="ctrl+space", show=False, id="editor.complete"),
        Binding("shift+tab", "unindent", "indent less", show=False, id="editor.unindent"),
        Binding("escape", "leave", "keys", id="editor.leave_text"),
    ]

    document: Document
    """Always a `Document`: TextArea uses another class only with a tree-sitter language."""

    class Closed(Message):
        """Posted when the user leaves the text with Escape."""

    class CompletionRequested(Message):
        """Posted when the user asks for completions at the cursor."""

    class PopupKeyPressed(Message):
        """Posted for a key that the completion popup handles, before the text gets it."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def __init__(self, text: str, *, read_only: bool = False) -> None:
        self._diagnostics = Diagnostics()
        self._line_has_error: dict[int, bool] = {}
        self.is_completing = False
        """Whether the completion popup is open."""
        super().__init__(text, show_line_numbers=True, soft_wrap=False, compact=True, read_only=read_only, max_checkpoints=1000)
        self.cursor_blink = False
        self.indent_width = len(INDENT)

    # -- drawing -------------------------------------------------------------------------------------------------------

    def show_diagnostics(self, diagnostics: Diagnostics) -> None:
        """Mark the lines of errors and warnings."""
        line_has_error: dict[int, bool] = {}
        for problem, error in diagnostics.in_order():
            line_has_error[problem.line] = line_has_error.get(problem.line, False) or error
        if (line_has_error, diagnostics) != (self._line_has_error, self._diagnostics):
            self._line_has_error, self._diagnostics = line_has_error, diagnostics
            # Public way to drop the cached lines.
            self.notify_style_update()
            self.refresh()

    def get_line(self, line_index: int) -> Text:
        """Return a line with JSON colours, its errors and warnings underlined."""
        plain = self.document.get_line(line_index)
        line = Text(plain.translate(_CONTROL_CHARACTERS), end="", no_wrap=True)
        for start, end, colour in highlight_spans(plain):
            style = self.get_component_rich_style(f"spec-text--{colour}", partial=True)
            line.stylize(style, start, end)
        for problem, _ in self._diagnostics.in_order():
            if problem.line == line_index + 1:
                line.stylize(Style(underline=True), *_problem_span(plain, problem))
        return line

    def render_line(self, y: int) -> Strip:
        """Add the sign of an error or warning to a rendered line, in the last column of the gutter, which is empty."""
        strip = super().render_line(y)
        row = y + self.scroll_offset.y
        has_error = self._line_has_error.get(row + 1)
        if has_error is None or row >= self.document.line_count:
            return strip
        width = self.gutter_width
        style = self.get_component_rich_style("spec-text--error" if has_error else "spec-text--warning", partial=True)
        sign = Strip([Segment("✗" if has_error else "!", style)], 1)
        return Strip.join([strip.crop(0, width - 1), sign, strip.crop(width)])

    # -- cursor ------------------------------------------------------------------------------------------------------

    @property
    def cursor_offset(self) -> int:
        """Index of the cursor in the text."""
        return self.document.get_index_from_location(self.cursor_location)

    @property
    def cursor_context(self) -> CursorContext:
        """JSON context at the cursor."""
        return find_cursor_context(self.text, self.cursor_offset)

    def go_to_position(self, line: int, column: int) -> None:
        """Move the cursor to a line and column, both counted from 1."""
        row = min(max(line - 1, 0), self.document.line_count - 1)
        self.selection = Selection.cursor((row, min(max(column - 1, 0), len(self.document.get_line(row)))))

    def select_span(self, start: int, end: int) -> None:
        """Select the text between two offsets."""
        self.selection = Selection(self.document.get_location_from_index(start), self.document.get_location_from_index(end))

    def select_match(self, word: str, step: int) -> None:
        """Select the next (step 1) or previous (-1) match of a word, or the first from the selection on (0); wrap around."""
        text, word = self.text.lower(), word.lower()
        start = self.document.get_index_from_location(min(self.selection))
        at = text.find(word, start + step) if step >= 0 else text.rfind(word, 0, start)
        if at < 0:
            at = text.find(word) if step >= 0 else text.rfind(word)
        if word and at >= 0:
            self.select_span(at, at + len(word))

    def go_to_problem(self, step: int) -> None:
        """Move to the next error or warning (step 1) or the previous one (-1), wrapping around."""
        row, column = self.cursor_location
        positions = [(problem.line, problem.column) for problem, _ in self._diagnostics.in_order() if problem.line][::step]
        ahead = [place for place in positions if (place > (row + 1, column + 1) if step > 0 else place < (row + 1, column + 1))]
        if positions:
            self.go_to_position(*(ahead or positions)[0])

    # -- editing ------------------------------------------------------------------------------------------------------

    def change_text(self, text: str, *, cursor: int | None = None) -> None:
        """Replace the text by one edit of the span that differs, which can be undone; then move the cursor to an offset."""
        old = self.text
        if text != old:
            start, end, new = find_changed_span(old, text)
            self.history.checkpoint()
            self.replace(
                new,
                self.document.get_location_from_index(start),
                self.document.get_location_from_index(end),
                maintain_selection_offset=True,
            )
            self.history.checkpoint()
        if cursor is not None:
            self.selection = Selection.cursor(self.document.get_location_from_index(cursor))

    def action_complete(self) -> None:
        """Open the completion popup."""
        self.post_message(self.CompletionRequested())

    def action_complete_or_indent(self) -> None:
        """Indent if nothing can be completed at the cursor, else open the completion popup."""
        if not self.read_only and self.cursor_context.role == "between":
            self.insert(INDENT)
        else:
            self.action_complete()

    def action_unindent(self) -> None:
        """Remove one level of indentation from the line."""
        row, _ = self.cursor_location
        line = self.document.get_line(row)
        if not self.read_only and line.startswith(" "):
            self.delete((row, 0), (row, 2 if line.startswith(INDENT) else 1))

    def action_leave(self) -> None:
        """Leave the text, so that letters are key bindings."""
        self.post_message(self.Closed())

    async def on_key(self, event: events.Key) -> None:
        """Handle keys of the popup, Enter and this widget's bindings; `prevent_default` keeps them from TextArea."""
        if self.is_completing and event.key in ("up", "down", "enter", "tab", "escape", "pageup", "pagedown"):
            event.stop()
            event.prevent_default()
            self.post_message(self.PopupKeyPressed(event.key))
            return
        if event.key == "enter" and not self.read_only:
            event.stop()
            event.prevent_default()
            self._break_line()
            return
        active = None if event.is_printable else self.screen.active_bindings.get(event.key)
        if active is not None and active.node is self and active.enabled:
            # Run the action now: the app would queue it behind the letters that arrived in the same read.
            event.stop()
            event.prevent_default()
            await self.run_action(active.binding.action)

    def _break_line(self) -> None:
        """Insert a line break with the indentation of the line, one level deeper after a bracket."""
        row, column = self.selection.start if self.selection.start <= self.selection.end else self.selection.end
        before = self.document.get_line(row)[:column]
        indent = before[: len(before) - len(before.lstrip())]
        if before.rstrip().endswith(("{", "[")):
            indent += INDENT
        self.replace("\n" + indent, *self.selection, maintain_selection_offset=False)


def _problem_span(line: str, problem: Problem) -> tuple[int, int]:
    """Return start and end column of the token that a problem refers to."""
    column = max(problem.column - 1, 0)
    for start, end, _ in highlight_spans(line):
        if start <= column < end:
            return start, end
    return column, column + 1


def format_problem_counts(error_flags: Sequence[bool]) -> str:
    """Format the number of errors (True) and warnings (False), for example `1 error, 2 warnings`."""
    errors = sum(error_flags)
    warnings = len(error_flags) - errors
    words = [f"{errors} error{'s' if errors != 1 else ''}"] if errors else []
    return ", ".join([*words, *([f"{warnings} warning{'s' if warnings != 1 else ''}"] if warnings else [])])
