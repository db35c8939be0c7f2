"""The form: every parameter that a file may give, with what it gives.

A spec or a space as a form: one row a parameter, and what a person types into it as a change of the text.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.text import Text
from textual.app import App
from textual.binding import Binding, BindingType
from textual.message import Message

from gts.errors import UsageError
from gts.formats.strict_json import JsonPath
from gts.params.declaration import Parameter
from gts.params.figures import FIGURES
from gts.params.spec import RENAMED
from gts.params.techniques import TECHNIQUES
from gts_tui.screens.editor.json_syntax import values_in, with_axis, with_value, without
from gts_tui.screens.editor.parameter_docs import ONLY_SPACE, TOP, Subject, subject_of
from gts_tui.textual_fixes import SteadyTable
from gts_tui.widgets.dialogs import Ask, Choose

_RANGE = re.compile(r"(?P<low>[^\s,]+?)\s*(?:\.\.|…)\s*(?P<high>[^\s,]+)(?:\s+step\s+(?P<step>\S+))?(?P<log>\s+log)?\s*\Z")


@dataclass(frozen=True)
class Field:
    """One row of a form."""

    key: str
    path: JsonPath
    """Where the value stands, or would stand."""
    value: str
    """As a person types it; empty where the file says nothing."""
    default: str = ""
    allowed: str = ""
    unit: str = ""
    choices: tuple[str, ...] = ()
    searched: bool = False
    """Whether it is an axis of the space."""
    parameter: Parameter | None = None


def fields_of(text: str, kind: str) -> list[Field]:
    """The rows for a text: its head, what it gives in its order, then every other parameter in the order of declarations."""
    values = values_in(text)
    subject = subject_of(kind, values)
    head = [key for key in TOP if key not in ("params", "paramSpace", "comment") and (kind == "space" or key not in ONLY_SPACE)]
    rows = [_top(subject, key, values) for key in head]
    parameters = [one for one in subject.parameters() if kind == "spec" or one.key not in head]
    spelled = {RENAMED.get(str(path[1]), str(path[1])): path for path in values if len(path) == 2 and path[0] == "params"}
    axes = {RENAMED.get(str(path[1]), str(path[1])): path for path in values if len(path) == 2 and path[0] == "paramSpace"}
    if kind == "spec":
        axes = {}
    given = {**axes, **spelled}
    order = {key: at for at, key in enumerate((*axes, *spelled))}
    for parameter in sorted(parameters, key=lambda one: order.get(one.key, len(order))):
        path = axes.get(parameter.key) or given.get(parameter.key, ("params", parameter.key))
        rows.append(_row(parameter, path, values, searched=parameter.key in axes))
    return rows


def _top(subject: Subject, key: str, values: Mapping[JsonPath, Any]) -> Field:
    parameter = subject.parameter(key)
    if parameter is not None:
        return _row(parameter, (key,) if ("params", key) not in values else ("params", key), values)
    choices: tuple[str, ...] = {"physicalModel": tuple(FIGURES), "technique": tuple(TECHNIQUES)}.get(key, ())
    return Field(key, (key,), _typed(values.get((key,))), allowed=TOP[key] if not choices else "", choices=choices)


def _row(parameter: Parameter, path: JsonPath, values: Mapping[JsonPath, Any], *, searched: bool = False) -> Field:
    choices = parameter.choices if parameter.kind == "choice" else ("true", "false") if parameter.kind == "boolean" else ()
    return Field(
        parameter.key,
        path,
        _typed(values.get(path)),
        _typed(parameter.default),
        parameter.allowed,
        parameter.unit,
        choices,
        searched,
        parameter,
    )


def _typed(value: Any) -> str:
    """A value as a person types it into a form."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if (
        isinstance(value, list)
        and len(value) > 1
        and all(isinstance(each, (str, int, float)) and not isinstance(each, bool) for each in value)
    ):
        return ", ".join(map(_typed, value))
    if isinstance(value, dict) and value.keys() <= {"min", "max", "log", "step"} and {"min", "max"} <= value.keys():
        step = f" step {_typed(value['step'])}" if "step" in value else ""
        return f"{_typed(value['min'])} .. {_typed(value['max'])}{step}{' log' if value.get('log') is True else ''}"
    return json.dumps(value, ensure_ascii=False)


def assigned(text: str, field: Field, typed: str, kind: str) -> str:
    """The text after a person typed a value into a row: a range or a list in a space is searched, an empty value removed.

    Raises UsageError where that is no value.
    """
    typed = typed.strip()
    if not typed:
        return without(text, field.path)
    if field.parameter is None:
        return with_value(text, field.path, _json_or_text(typed, text_only=bool(field.choices) or field.key == "name"))
    axis = _axis(field.parameter, typed) if kind == "space" else None
    if axis is not None:
        path: JsonPath = field.path if field.searched else ("paramSpace", field.key)
        return with_axis(text, path, axis)
    path = field.path if not field.searched else ("params", field.key)
    changed = with_value(text, path, _plain(field.parameter, typed))
    return without(changed, field.path) if field.searched else changed


def _axis(parameter: Parameter, typed: str) -> str | None:
    """A range or a list as a file has it; None where a plain value was typed."""
    if typed[:1] in ("{", "["):
        return _checked(typed)
    span = _RANGE.match(typed)
    if span:
        members = {"min": _plain(parameter, span["low"]), "max": _plain(parameter, span["high"])}
        if span["step"]:
            members["step"] = _plain(parameter, span["step"])
        if span["log"]:
            members["log"] = "true"
        return "{" + ", ".join(f'"{key}": {value}' for key, value in members.items()) + "}"
    if "," in typed:
        return "[" + ", ".join(_plain(parameter, each.strip()) for each in typed.split(",") if each.strip()) + "]"
    return None


def _plain(parameter: Parameter, typed: str) -> str:
    """A value as a file has it, spelled as it was typed where JSON allows that."""
    if parameter.kind == "choice":
        return json.dumps(typed.strip('"'))
    if parameter.kind == "boolean":
        return typed.lower()
    bare = typed.replace("_", "").removeprefix("+")
    try:
        number = float(bare)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(f"`{parameter.key}` must be {parameter.allowed}, not {typed[:40]}")
    if parameter.kind == "integer":
        return str(int(number)) if number.is_integer() and abs(number) < 1e18 else bare
    try:
        json.loads(bare)
    except ValueError:
        return json.dumps(number)
    return bare


def _json_or_text(typed: str, *, text_only: bool) -> str:
    if not text_only and typed[:1] in ("{", "[", '"'):
        return _checked(typed)
    return json.dumps(typed, ensure_ascii=False)


def _checked(typed: str) -> str:
    try:
        json.loads(typed)
    except ValueError as error:
        raise UsageError(f"that is no JSON: {error}") from None
    return typed


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
                self._cells[field.key] = _plain_form(field, wrong)
                self.add_row(*_cells(field, wrong), key=field.key)
            at = next((index for index, field in enumerate(shown) if field.key == current), 0)
            self.fields = shown
            self.move_cursor(row=at, animate=False)
            return
        self.fields = shown
        for field in shown:
            plain = _plain_form(field, wrong)
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


def _plain_form(field: Field, wrong: frozenset[str]) -> tuple[str, ...]:
    sign = "!" if field.key in wrong else "?" if field.searched else " "
    return (f"{sign} {field.key}", field.value, field.default, field.unit, field.allowed)


def _cells(field: Field, wrong: frozenset[str]) -> tuple[Text, ...]:
    key, value, default, unit, allowed = _plain_form(field, wrong)
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
