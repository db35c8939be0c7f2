"""The form: every parameter that a file may give, with what it gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from rich.text import Text
from textual.app import App
from textual.binding import Binding, BindingType
from textual.message import Message

from gts_tui.dialogs import Ask, Choose
from gts_tui.editing.fields import Field
from gts_tui.textual_fixes import SteadyTable

COLUMNS = (("parameter", 27), ("value", 18), ("default", 10), ("unit", 8), ("allowed", 44))


class Form(SteadyTable):
    """The rows."""

    DEFAULT_CSS = """
    Form { background: $background; height: 1fr; scrollbar-size: 1 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,e", "select_cursor", "change", key_display="enter", id="editor.form.change"),
        Binding("d,delete", "default", "back to default", key_display="d", id="editor.form.default"),
        Binding("slash", "find", "filter", key_display="/", id="editor.form.find"),
        Binding("escape", "leave", "text", id="editor.form.leave"),
        Binding("g", "scroll_top", "first", show=False, id="editor.form.first"),
        Binding("G", "scroll_bottom", "last", show=False, id="editor.form.last"),
    ]

    class Default(Message):
        """The row shall say nothing."""

    class Find(Message):
        """The person looks for a row."""

    class Left(Message):
        """Back."""

    def __init__(self) -> None:
        super().__init__(id="form", cursor_type="row", zebra_stripes=False)
        self.display = False
        self.fields: list[Field] = []
        self._cells: dict[str, tuple[str, ...]] = {}
        self.filter = ""
        self._all: list[Field] = []

    def on_mount(self) -> None:
        """The columns."""
        for title, width in COLUMNS:
            self.add_column(Text(title), key=title, width=width)

    @property
    def current(self) -> Field | None:
        """The row under the cursor."""
        return self.fields[self.cursor_row] if 0 <= self.cursor_row < len(self.fields) else None

    def show(self, fields: list[Field], wrong: frozenset[str]) -> None:
        """Show these rows; `wrong` are the keys that have errors. Only cells that are new are drawn."""
        self._all = fields
        shown = [field for field in fields if self.filter.lower() in field.key.lower()]
        if [field.key for field in shown] != list(self._cells):
            current = self.current.key if self.current else ""
            self.clear()
            self._cells = {}
            for field in shown:
                self._cells[field.key] = _plain(field, wrong)
                self.add_row(*_cells(field, wrong), key=field.key)
            at = next((index for index, field in enumerate(shown) if field.key == current), 0)
            self.fields = shown
            self.move_cursor(row=at, animate=False)
            return
        self.fields = shown
        for field in shown:
            plain = _plain(field, wrong)
            if plain != self._cells[field.key]:
                self._cells[field.key] = plain
                for (title, _), cell in zip(COLUMNS, _cells(field, wrong), strict=True):
                    self.update_cell(field.key, title, cell)

    def find(self, word: str, wrong: frozenset[str]) -> None:
        """Show only rows with this in their key."""
        self.filter = word
        self.show(self._all, wrong)

    def action_default(self) -> None:
        """Say nothing about this parameter."""
        self.post_message(self.Default())

    def action_find(self) -> None:
        """Look for a row."""
        self.post_message(self.Find())

    def action_leave(self) -> None:
        """Clear the filter, or go back to the text."""
        self.post_message(self.Left())


def _plain(field: Field, wrong: frozenset[str]) -> tuple[str, ...]:
    sign = "!" if field.key in wrong else "?" if field.searched else " "
    return (f"{sign} {field.key}", field.value, field.default, field.unit, field.allowed)


def _cells(field: Field, wrong: frozenset[str]) -> tuple[Text, ...]:
    key, value, default, unit, allowed = _plain(field, wrong)
    style = "bold red" if field.key in wrong else "bold" if value else ""
    return (
        Text(key, style),
        Text(value or field.default, "bold" if value else "dim"),
        Text(default, "dim"),
        Text(unit, "dim"),
        Text(allowed, "dim"),
    )


def ask_value(app: App[Any], field: Field, kind: str, then: Callable[[str | None], None]) -> None:
    """Ask for the value of a row: a list of choices where there are a few, else a line."""
    if field.choices and not field.searched:
        shown = [(choice, f"{choice}   default" if choice == field.default else choice) for choice in field.choices]
        app.push_screen(Choose(field.key, shown), then)
        return
    allowed = f"{field.key}: {field.allowed}" if field.allowed else field.key
    more = "\nto search it: 1e-4 .. 1e-2 log, or 16, 32, 64" if kind == "space" and field.parameter else ""
    app.push_screen(Ask(allowed + more, field.value or field.default), then)
