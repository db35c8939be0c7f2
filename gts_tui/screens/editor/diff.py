"""Differences between two texts, by line or by parameter, and the view that shows them."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from rich.style import Style
from rich.table import Table
from rich.text import Text
from textual import getters
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import Static

from gts.errors import GtsError
from gts.formats.strict_json import JsonPath
from gts_tui.app_base import BaseApp
from gts_tui.screens.editor.files import find_specs_and_spaces, load_file
from gts_tui.screens.editor.json_syntax import parse_values, to_json
from gts_tui.screens.editor.parameter_docs import detect_document_context
from gts_tui.theme import theme_style
from gts_tui.widgets.dialogs import ChoiceDialog

MAX_DIFF_LINES = 2000
_MAX_VALUE_LENGTH = 80


@dataclass(frozen=True)
class ValueDifference:
    """A value that differs between two documents."""

    key: str
    before: str
    """JSON text; empty if the document does not have the key."""
    after: str
    default: str
    """Default of a parameter as JSON text; empty for other keys."""


def unified_diff_lines(before: str, after: str, before_name: str, after_name: str) -> list[str]:
    """Return the difference in the format of `diff -u`; empty if the texts are equal."""
    found = difflib.unified_diff(before.splitlines(), after.splitlines(), before_name, after_name, lineterm="")
    lines = [line for line, _ in zip(found, range(MAX_DIFF_LINES), strict=False)]
    if not lines and before != after:
        return ["only the line break at the end differs"]
    return lines


def diff_parameters(before: str, after: str, kind: str) -> list[ValueDifference]:
    """Return the values that differ: first in the order of `after`, then keys that only `before` has."""
    old, new = _values_by_path(before), _values_by_path(after)
    context = detect_document_context(kind, parse_values(after))
    differences = []
    for path in dict.fromkeys((*new, *old)):
        if old.get(path, _MISSING) != new.get(path, _MISSING):
            parameter = context.find_parameter(str(path[1])) if len(path) == 2 and path[0] == "params" else None
            default = json.dumps(parameter.default) if parameter else ""
            name = str(path[1]) if path[0] == "params" and len(path) > 1 else " > ".join(map(str, path))
            differences.append(ValueDifference(name, _format_value(old, path), _format_value(new, path), default))
    return differences


_MISSING = object()


def _values_by_path(text: str) -> dict[JsonPath, Any]:
    """Return the values of the top level and of each key in `params` and `paramSpace`."""
    values = parse_values(text)
    return dict(_iter_values(values))


def _iter_values(values: dict[JsonPath, Any]) -> Iterator[tuple[JsonPath, Any]]:
    order = [path for path in values if len(path) == 1] + [path for path in values if len(path) == 2]
    for path in order:
        inside = path[0] in ("params", "paramSpace")
        if (len(path) == 1 and not inside) or (len(path) == 2 and inside):
            yield path, values[path]


def _format_value(values: dict[JsonPath, Any], path: JsonPath) -> str:
    text = to_json(values[path]) if path in values else ""
    return text if len(text) <= _MAX_VALUE_LENGTH else text[: _MAX_VALUE_LENGTH - 1] + "…"


_DIFF_COLOURS = {"+": "success", "-": "error", "@": "accent"}
"""Theme variables by the first character of a line."""


class DiffView(VerticalScroll):
    """Scrollable difference between two texts."""

    DEFAULT_CSS = """
    DiffView { height: 1fr; background: $background; padding: 0 1; scrollbar-size: 1 1; }
    DiffView Static { width: auto; min-width: 100%; height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "toggle_mode", "lines/parameters", id="editor.diff.turn"),
        Binding("b", "choose_other_file", "compare with", id="editor.diff.against"),
        Binding("escape", "close", "text", id="editor.diff.leave"),
    ]

    app = getters.app(BaseApp)

    class Closed(Message):
        """Posted when the user goes back to the text."""

    def __init__(self) -> None:
        super().__init__(id="diff")
        self.display = False
        self.is_by_parameter = False
        self._texts = ("", "")
        self._names = ("", "")
        self._kind = "spec"
        self._static = Static()

    def compose(self) -> ComposeResult:
        """Create the text."""
        yield self._static

    def show(self, before: str, after: str, names: tuple[str, str], kind: str) -> None:
        """Show how `after` differs from `before`."""
        self._texts, self._names, self._kind = (before, after), names, kind
        self._show_difference()

    def _show_difference(self) -> None:
        before, after = self._texts
        self._static.styles.width = "100%" if self.is_by_parameter else "auto"
        old, new = self._names
        if before == after:
            self._static.update(Text(f"{new} is the same as {old}", "dim"))
        elif self.is_by_parameter:
            table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
            for title in ("parameter", old, new):
                table.add_column(Text(title, "dim"), overflow="fold")
            for one in diff_parameters(before, after, self._kind):
                default_text = Text(f"{one.default} default" if one.default else "-", "dim")
                sides = (Text(value) if value else default_text for value in (one.before, one.after))
                table.add_row(Text(one.key), *sides)
            self._static.update(table if table.row_count else Text("only spaces, order or comments differ", "dim"))
        else:
            text = Text()
            for line in unified_diff_lines(before, after, old, new):
                colour = theme_style(self.app, _DIFF_COLOURS.get(line[:1], ""))
                text.append(line + "\n", "bold" if line.startswith(("+++", "---")) else _rich_style(colour))
            self._static.update(text)

    def action_toggle_mode(self) -> None:
        """Switch between lines and parameters."""
        self.is_by_parameter = not self.is_by_parameter
        self._show_difference()

    def action_choose_other_file(self) -> None:
        """Choose another file of the workspace to compare with."""
        root = self.app.workspace.root
        names = [name for name in find_specs_and_spaces(root) if name != self._names[1]]

        def compare(name: str | None) -> None:
            if name is not None:
                self._compare_with(root, name)

        self.app.push_screen(ChoiceDialog("Compare with which file?", [(name, name) for name in names]), compare)

    def _compare_with(self, root: Path, name: str) -> None:
        try:
            other = load_file(root / name)
        except GtsError as error:
            self.notify(error.message, severity="error", markup=False)
            return
        self.is_by_parameter = True
        self.show(other.text, self._texts[1], (name, self._names[1]), self._kind)

    def action_close(self) -> None:
        """Go back to the text."""
        self.post_message(self.Closed())


def _rich_style(colour: str) -> Style:
    """Return the Rich style of a theme colour; a null style for an empty name."""
    return Style(color=Color.parse(colour).rich_color) if colour else Style()
