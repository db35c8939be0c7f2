"""The text of a spec or a space: coloured, with what is wrong marked at its lines."""

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
from textual.widgets.text_area import Location, Selection

from gts.errors import Problem
from gts_tui.screens.editor.files import Diagnostics
from gts_tui.screens.editor.json_syntax import CursorContext, find_changed_span, find_cursor_context, highlight_spans

INDENT = "  "
_CONTROL_CHARACTERS = {
    code: "?" for code in (*range(9), *range(10, 32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}
"""Signs that do something to a terminal are shown as a question mark; what the file holds stays."""


class SpecTextArea(TextArea):
    """A text area that knows JSON."""

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
        Binding("escape", "leave", "panels", id="editor.leave_text"),
    ]

    class Closed(Message):
        """The person is done with typing."""

    class CompletionRequested(Message):
        """The person wants to know what can be written here."""

    class PopupKeyPressed(Message):
        """A key that a list of proposals may want, before the text has it."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def __init__(self, text: str, *, read_only: bool = False) -> None:
        self._diagnostics = Diagnostics()
        self._line_has_error: dict[int, bool] = {}
        self.is_completing = False
        """Whether a list of proposals is open, which has some of the keys then."""
        super().__init__(text, show_line_numbers=True, soft_wrap=False, compact=True, read_only=read_only, max_checkpoints=1000)
        self.cursor_blink = False
        self.indent_width = len(INDENT)

    # -- what it looks like -------------------------------------------------------------------------------------------

    def show_diagnostics(self, diagnostics: Diagnostics) -> None:
        """Mark the lines of these, in place of those before."""
        line_has_error: dict[int, bool] = {}
        for problem, error in diagnostics.in_order():
            line_has_error[problem.line] = line_has_error.get(problem.line, False) or error
        if (line_has_error, diagnostics) != (self._line_has_error, self._diagnostics):
            self._line_has_error, self._diagnostics = line_has_error, diagnostics
            self._line_cache.clear()
            self.refresh()

    def get_line(self, line_index: int) -> Text:
        """A line with its colours, and a line under what is wrong."""
        plain = self.document.get_line(line_index)
        line = Text(plain.translate(_CONTROL_CHARACTERS), end="", no_wrap=True)
        for start, end, colour in highlight_spans(plain):
            style = self.get_component_rich_style(f"spec-text--{colour}", partial=True)
            line.stylize(style, start, end)
        for problem, _ in self._diagnostics.in_order():
            if problem.line == line_index + 1:
                line.stylize(Style(underline=True), *_problem_span(plain, problem))
        return line

    def _render_line(self, y: int) -> Strip:
        strip = super()._render_line(y)
        row = y + self.scroll_offset.y
        has_error = self._line_has_error.get(row + 1)
        if has_error is None or row >= self.document.line_count:
            return strip
        # The last column of the line numbers' margin is free.
        width = self.gutter_width
        style = self.get_component_rich_style("spec-text--error" if has_error else "spec-text--warning", partial=True)
        sign = Strip([Segment("✗" if self.has_unicode else "x", style) if has_error else Segment("!", style)], 1)
        return Strip.join([strip.crop(0, width - 1), sign, strip.crop(width)])

    @property
    def has_unicode(self) -> bool:
        """Whether the terminal shows more than ASCII."""
        glyphs = getattr(self.app, "glyphs", None)
        return glyphs is None or glyphs.level != "ascii"

    # -- where the cursor is ------------------------------------------------------------------------------------------

    def offset_of(self, location: Location) -> int:
        """How many letters are before a place."""
        row, column = location
        return sum(len(line) + 1 for line in self.document.lines[:row]) + column

    def location_of(self, offset: int) -> Location:
        """The place behind so many letters."""
        for row, line in enumerate(self.document.lines):
            if offset <= len(line):
                return row, offset
            offset -= len(line) + 1
        return self.document.end

    @property
    def cursor_context(self) -> CursorContext:
        """What is at the cursor."""
        return find_cursor_context(self.text, self.offset_of(self.cursor_location))

    def go_to_position(self, line: int, column: int) -> None:
        """Put the cursor on a line and column, both from 1."""
        row = min(max(line - 1, 0), self.document.line_count - 1)
        self.selection = Selection.cursor((row, min(max(column - 1, 0), len(self.document.get_line(row)))))

    def select_span(self, start: int, end: int) -> None:
        """Mark the letters between two offsets."""
        self.selection = Selection(self.location_of(start), self.location_of(end))

    def select_match(self, word: str, step: int) -> None:
        """Mark the next place with a word (step 1), the one before (-1), or the first from here on (0); round the end."""
        text, word = self.text.lower(), word.lower()
        start = self.offset_of(min(self.selection))
        at = text.find(word, start + step) if step >= 0 else text.rfind(word, 0, start)
        if at < 0:
            at = text.find(word) if step >= 0 else text.rfind(word)
        if word and at >= 0:
            self.select_span(at, at + len(word))

    def go_to_problem(self, step: int) -> None:
        """Go to the next place where something is wrong (step 1), or the one before (-1); round the end."""
        row, column = self.cursor_location
        positions = [(problem.line, problem.column) for problem, _ in self._diagnostics.in_order() if problem.line][::step]
        ahead = [place for place in positions if (place > (row + 1, column + 1) if step > 0 else place < (row + 1, column + 1))]
        if positions:
            self.go_to_position(*(ahead or positions)[0])

    # -- changes ------------------------------------------------------------------------------------------------------

    def change_text(self, text: str, *, cursor: int | None = None) -> None:
        """Be another text, by one change in the one stretch that differs, which can be undone."""
        old = self.text
        if text != old:
            start, end, new = find_changed_span(old, text)
            self.history.checkpoint()
            self.replace(new, self.location_of(start), self.location_of(end), maintain_selection_offset=True)
            self.history.checkpoint()
        if cursor is not None:
            self.selection = Selection.cursor(self.location_of(cursor))

    def action_complete(self) -> None:
        """Show what can be written here."""
        self.post_message(self.CompletionRequested())

    def action_complete_or_indent(self) -> None:
        """Show what can be written here; between things, indent."""
        if not self.read_only and self.cursor_context.role == "between":
            self.insert(INDENT)
        else:
            self.action_complete()

    def action_unindent(self) -> None:
        """Take the spaces of one step off the beginning of the line."""
        row, _ = self.cursor_location
        line = self.document.get_line(row)
        if not self.read_only and line.startswith(" "):
            self.delete((row, 0), (row, 2 if line.startswith(INDENT) else 1))

    def action_leave(self) -> None:
        """Leave the text; the letters are keys then."""
        self.post_message(self.Closed())

    async def _on_key(self, event: events.Key) -> None:
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
            # Done here and now: an action that waits its turn elsewhere would come after the letters of a burst of keys.
            event.stop()
            event.prevent_default()
            await self.run_action(active.binding.action)
            return
        await super()._on_key(event)

    def _break_line(self) -> None:
        """A new line that begins where its neighbours do."""
        row, column = self.selection.start if self.selection.start <= self.selection.end else self.selection.end
        before = self.document.get_line(row)[:column]
        indent = before[: len(before) - len(before.lstrip())]
        if before.rstrip().endswith(("{", "[")):
            indent += INDENT
        self.replace("\n" + indent, *self.selection, maintain_selection_offset=False)


def _problem_span(line: str, problem: Problem) -> tuple[int, int]:
    """The piece of a line that a problem is about."""
    column = max(problem.column - 1, 0)
    for start, end, _ in highlight_spans(line):
        if start <= column < end:
            return start, end
    return column, column + 1


def format_problem_counts(error_flags: Sequence[bool]) -> str:
    """How many errors and warnings there are, in words."""
    errors = sum(error_flags)
    warnings = len(error_flags) - errors
    words = [f"{errors} error{'s' if errors != 1 else ''}"] if errors else []
    return ", ".join([*words, *([f"{warnings} warning{'s' if warnings != 1 else ''}"] if warnings else [])])
