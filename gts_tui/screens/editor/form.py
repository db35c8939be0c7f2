"""The form: a table of all parameters of a spec or space, and edits of its rows as edits of the text."""

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
from gts.params.spec import KEY_ALIASES
from gts_tui.screens.editor.json_syntax import parse_values, remove_member, set_json_value, set_search_range, to_json
from gts_tui.screens.editor.parameter_docs import (
    SPACE_ONLY_KEYS,
    TOP_LEVEL_CHOICES,
    TOP_LEVEL_KEYS,
    DocumentContext,
    detect_document_context,
)
from gts_tui.textual_fixes import SafeDataTable
from gts_tui.widgets.dialogs import ChoiceDialog, InputDialog

_RANGE = re.compile(r"(?P<low>[^\s,]+?)\s*(?:\.\.|…)\s*(?P<high>[^\s,]+)(?:\s+step\s+(?P<step>\S+))?(?P<log>\s+log)?\s*\Z")


@dataclass(frozen=True)
class FormField:
    """One row of the form."""

    key: str
    path: JsonPath
    """Path of the value, also if the document does not have it yet."""
    value: str
    """Text to edit; empty if the document does not have the key."""
    default: str = ""
    allowed: str = ""
    unit: str = ""
    choices: tuple[str, ...] = ()
    is_searched: bool = False
    """Whether the parameter is in `paramSpace`."""
    parameter: Parameter | None = None


def build_form_fields(text: str, kind: str) -> list[FormField]:
    """Return the rows of a text: top-level keys, its parameters in their order, then the other parameters as declared."""
    values = parse_values(text)
    context = detect_document_context(kind, values)
    top_level_keys = [
        key
        for key in TOP_LEVEL_KEYS
        if key not in ("params", "paramSpace", "comment") and (kind == "space" or key not in SPACE_ONLY_KEYS)
    ]
    rows = [_top_level_field(context, key, values) for key in top_level_keys]
    parameters = [one for one in context.parameters() if kind == "spec" or one.key not in top_level_keys]
    param_paths = {
        KEY_ALIASES.get(str(path[1]), str(path[1])): path for path in values if len(path) == 2 and path[0] == "params"
    }
    range_paths = {
        KEY_ALIASES.get(str(path[1]), str(path[1])): path for path in values if len(path) == 2 and path[0] == "paramSpace"
    }
    if kind == "spec":
        range_paths = {}
    value_paths = {**range_paths, **param_paths}
    order = {key: at for at, key in enumerate((*range_paths, *param_paths))}
    for parameter in sorted(parameters, key=lambda one: order.get(one.key, len(order))):
        path = range_paths.get(parameter.key) or value_paths.get(parameter.key, ("params", parameter.key))
        rows.append(_parameter_field(parameter, path, values, is_searched=parameter.key in range_paths))
    return rows


def _top_level_field(context: DocumentContext, key: str, values: Mapping[JsonPath, Any]) -> FormField:
    parameter = context.find_parameter(key)
    if parameter is not None:
        return _parameter_field(parameter, (key,) if ("params", key) not in values else ("params", key), values)
    choices: tuple[str, ...] = tuple(TOP_LEVEL_CHOICES.get(key, ()))
    return FormField(
        key, (key,), _to_input_text(values.get((key,))), allowed=TOP_LEVEL_KEYS[key] if not choices else "", choices=choices
    )


def _parameter_field(
    parameter: Parameter, path: JsonPath, values: Mapping[JsonPath, Any], *, is_searched: bool = False
) -> FormField:
    choices = parameter.choices if parameter.kind == "choice" else ("true", "false") if parameter.kind == "boolean" else ()
    return FormField(
        parameter.key,
        path,
        _to_input_text(values.get(path)),
        _to_input_text(parameter.default),
        parameter.allowed,
        parameter.unit,
        choices,
        is_searched,
        parameter,
    )


def _to_input_text(value: Any) -> str:
    """Format a value for editing: text without quotes, `1, 2, 3` for a list, `min .. max step s log` for a range."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if (
        isinstance(value, list)
        and len(value) > 1
        and all(isinstance(each, (str, int, float)) and not isinstance(each, bool) for each in value)
    ):
        return ", ".join(map(_to_input_text, value))
    if isinstance(value, dict) and value.keys() <= {"min", "max", "log", "step"} and {"min", "max"} <= value.keys():
        step = f" step {_to_input_text(value['step'])}" if "step" in value else ""
        scale = " log" if value.get("log") is True else ""
        return f"{_to_input_text(value['min'])} .. {_to_input_text(value['max'])}{step}{scale}"
    return to_json(value)


def set_field_value(text: str, field: FormField, entered: str, kind: str) -> str:
    """Return the text with an edited row. In a space, a range or list is searched; an empty value removes the key.

    Raises UsageError if the value is malformed.
    """
    entered = entered.strip()
    if not entered:
        return remove_member(text, field.path)
    if field.parameter is None:
        return set_json_value(text, field.path, _to_json(entered, text_only=bool(field.choices) or field.key == "name"))
    search_range = _parse_search_range(field.parameter, entered) if kind == "space" else None
    if search_range is not None:
        path: JsonPath = field.path if field.is_searched else ("paramSpace", field.key)
        return set_search_range(text, path, search_range)
    path = field.path if not field.is_searched else ("params", field.key)
    changed = set_json_value(text, path, _parse_value(field.parameter, entered))
    return remove_member(changed, field.path) if field.is_searched else changed


def _parse_search_range(parameter: Parameter, entered: str) -> str | None:
    """Return a typed range or list as JSON text; None for a plain value."""
    if entered[:1] in ("{", "["):
        return _validate_json(entered)
    match = _RANGE.match(entered)
    if match:
        members = {"min": _parse_value(parameter, match["low"]), "max": _parse_value(parameter, match["high"])}
        if match["step"]:
            members["step"] = _parse_value(parameter, match["step"])
        if match["log"]:
            members["log"] = "true"
        return "{" + ", ".join(f'"{key}": {value}' for key, value in members.items()) + "}"
    if "," in entered:
        return "[" + ", ".join(_parse_value(parameter, each.strip()) for each in entered.split(",") if each.strip()) + "]"
    return None


def _parse_value(parameter: Parameter, entered: str) -> str:
    """Return a typed value as JSON text, keeping its spelling if JSON allows it."""
    if parameter.kind == "choice":
        return json.dumps(entered.strip('"'))
    if parameter.kind == "boolean":
        return entered.lower()
    number_text = entered.replace("_", "").removeprefix("+")
    try:
        number = float(number_text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(f"`{parameter.key}` must be {parameter.allowed}, not {entered[:40]}")
    if parameter.kind == "integer":
        return str(int(number)) if number.is_integer() and abs(number) < 1e18 else number_text
    try:
        json.loads(number_text)
    except ValueError:
        return json.dumps(number)
    return number_text


def _to_json(entered: str, *, text_only: bool) -> str:
    if not text_only and entered[:1] in ("{", "[", '"'):
        return _validate_json(entered)
    return to_json(entered)


def _validate_json(entered: str) -> str:
    try:
        json.loads(entered)
    except ValueError as error:
        raise UsageError(f"not valid JSON: {error}") from None
    return entered


FORM_COLUMNS = (("parameter", 27), ("value", 18), ("default", 10), ("unit", 8), ("allowed", 44))


class ParameterForm(SafeDataTable):
    """Table of form rows."""

    DEFAULT_CSS = """
    ParameterForm { background: $background; height: 1fr; scrollbar-size: 1 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,e", "select_cursor", "change", key_display="enter", id="editor.form.change"),
        Binding("d,delete", "reset_value", "reset to default", key_display="d", id="editor.form.default"),
        Binding("slash", "find", "filter", key_display="/", id="editor.form.find"),
        Binding("escape", "close", "text", id="editor.form.leave"),
        Binding("g", "scroll_top", "first", show=False, id="editor.form.first"),
        Binding("G", "scroll_bottom", "last", show=False, id="editor.form.last"),
    ]

    class ResetRequested(Message):
        """Posted to remove the value of the row under the cursor."""

    class FilterRequested(Message):
        """Posted to open the filter input."""

    class Closed(Message):
        """Posted when the user leaves the form."""

    def __init__(self) -> None:
        super().__init__(id="form", cursor_type="row", zebra_stripes=False)
        self.display = False
        self.shown_fields: list[FormField] = []
        self._cell_texts: dict[str, tuple[str, ...]] = {}
        self.filter_text = ""
        self._all_fields: list[FormField] = []

    def on_mount(self) -> None:
        """Create the columns."""
        for title, width in FORM_COLUMNS:
            self.add_column(Text(title), key=title, width=width)

    @property
    def current_field(self) -> FormField | None:
        """Row under the cursor; None if the table is empty."""
        return self.shown_fields[self.cursor_row] if 0 <= self.cursor_row < len(self.shown_fields) else None

    def show_fields(self, fields: list[FormField], error_keys: frozenset[str]) -> None:
        """Show rows and mark the keys with errors; only changed cells are updated."""
        self._all_fields = fields
        shown = [field for field in fields if self.filter_text.lower() in field.key.lower()]
        if [field.key for field in shown] != list(self._cell_texts):
            current = self.current_field.key if self.current_field else ""
            self.clear()
            self._cell_texts = {}
            for field in shown:
                self._cell_texts[field.key] = _plain_cells(field, error_keys)
                self.add_row(*_styled_cells(field, error_keys), key=field.key)
            at = next((index for index, field in enumerate(shown) if field.key == current), 0)
            self.shown_fields = shown
            self.move_cursor(row=at, animate=False)
            return
        self.shown_fields = shown
        for field in shown:
            plain = _plain_cells(field, error_keys)
            if plain != self._cell_texts[field.key]:
                self._cell_texts[field.key] = plain
                for (title, _), cell in zip(FORM_COLUMNS, _styled_cells(field, error_keys), strict=True):
                    self.update_cell(field.key, title, cell)

    def set_filter(self, text: str, error_keys: frozenset[str]) -> None:
        """Show only rows whose key contains a text."""
        self.filter_text = text
        self.show_fields(self._all_fields, error_keys)

    def action_reset_value(self) -> None:
        """Remove the value of the row."""
        self.post_message(self.ResetRequested())

    def action_find(self) -> None:
        """Open the filter input."""
        self.post_message(self.FilterRequested())

    def action_close(self) -> None:
        """Leave the form."""
        self.post_message(self.Closed())


def _plain_cells(field: FormField, error_keys: frozenset[str]) -> tuple[str, ...]:
    sign = "!" if field.key in error_keys else "?" if field.is_searched else " "
    return (f"{sign} {field.key}", field.value, field.default, field.unit, field.allowed)


def _styled_cells(field: FormField, error_keys: frozenset[str]) -> tuple[Text, ...]:
    key, value, default, unit, allowed = _plain_cells(field, error_keys)
    style = "bold red" if field.key in error_keys else "bold" if value else ""
    return (
        Text(key, style),
        Text(value or field.default, "bold" if value else "dim"),
        Text(default, "dim"),
        Text(unit, "dim"),
        Text(allowed, "dim"),
    )


def ask_field_value(app: App[Any], field: FormField, kind: str, callback: Callable[[str | None], None]) -> None:
    """Ask for the value of a row: with a list if it has choices, else with an input."""
    if field.choices and not field.is_searched:
        shown = [(choice, f"{choice}   default" if choice == field.default else choice) for choice in field.choices]
        app.push_screen(ChoiceDialog(field.key, shown), callback)
        return
    allowed = f"{field.key}: {field.allowed}" if field.allowed else field.key
    more = "\nto search it: 1e-4 .. 1e-2 log, or 16, 32, 64" if kind == "space" and field.parameter else ""
    app.push_screen(InputDialog(allowed + more, field.value or field.default), callback)
