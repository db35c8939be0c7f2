"""Completion: keys with their defaults, figures, techniques, choices and search ranges, and the popup that offers them."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import Any

from rich.text import Text
from textual.widgets.option_list import Option

from gts.formats.objectives import list_measures
from gts.formats.strict_json import JsonPath
from gts.params.declaration import Parameter
from gts.params.figures import FIGURES
from gts.params.spec import KEY_ALIASES
from gts.params.techniques import TECHNIQUES
from gts_tui.screens.editor.json_syntax import CursorContext, parse_values, to_json
from gts_tui.screens.editor.parameter_docs import (
    SEARCH_RANGE_KEYS,
    SPACE_ONLY_KEYS,
    TOP_LEVEL_KEYS,
    DocumentContext,
    detect_document_context,
    find_parameter_at,
)
from gts_tui.screens.editor.text_area import SpecTextArea
from gts_tui.textual_fixes import SafeOptionList


@dataclass(frozen=True)
class Completion:
    """A key or value that can be inserted."""

    label: str
    """Text to match and show."""
    description: str
    key: str = ""
    """JSON text of the key; empty if this is a value."""
    value: str = ""
    """JSON text of the value; for a key, its initial value."""


def complete_keys(context: DocumentContext, parent: JsonPath, existing_keys: Set[str]) -> Iterator[Completion]:
    """Yield the keys that an object may still get; `existing_keys` are those that it has."""
    keys = [part for part in parent if isinstance(part, str)]
    if not keys:
        for key, description in TOP_LEVEL_KEYS.items():
            if key not in existing_keys and (context.kind == "space" or key not in SPACE_ONLY_KEYS):
                yield Completion(key, description, to_json(key), _initial_value(context, key))
    elif keys in (["params"], ["paramSpace"]) or (len(keys) == 3 and keys[0] == "paramSpace" and keys[2] == "when"):
        used_keys = {KEY_ALIASES.get(key, key) for key in existing_keys}
        for parameter in context.parameters():
            if parameter.key not in used_keys:
                value = suggest_search_range(parameter) if keys == ["paramSpace"] else to_json(parameter.default)
                yield Completion(parameter.key, summarize_parameter(parameter), to_json(parameter.key), value)
    elif len(keys) == 2 and keys[0] == "paramSpace":
        for key, (description, value) in SEARCH_RANGE_KEYS.items():
            if key not in existing_keys and not ("values" in existing_keys and key in ("min", "max", "log", "step")):
                yield Completion(key, description, to_json(key), to_json(value))
    elif keys == ["objective"]:
        for measure in list_measures(context.figure):
            if measure not in existing_keys:
                yield Completion(measure, "a measure of a figure's episodes", to_json(measure), "1.0")


def complete_values(context: DocumentContext, path: JsonPath) -> Iterator[Completion]:
    """Yield the values that a path may have."""
    keys = [part for part in path if isinstance(part, str)]
    if keys == ["physicalModel"]:
        for figure in FIGURES.values():
            yield Completion(figure.name, figure.title, value=to_json(figure.name))
    elif keys == ["technique"]:
        for technique in TECHNIQUES:
            yield Completion(technique, "", value=to_json(technique))
    elif keys == ["objective"]:
        for measure in list_measures(context.figure):
            yield Completion(measure, "", value=to_json(measure))
    elif len(keys) == 3 and keys[0] == "paramSpace" and keys[2] == "log":
        yield from (Completion(word, "", value=word) for word in ("true", "false"))
    else:
        parameter = find_parameter_at(context, path)
        if parameter is None:
            return
        if len(path) == 2 and keys[0] == "paramSpace":
            yield Completion(
                suggest_search_range(parameter), summarize_parameter(parameter), value=suggest_search_range(parameter)
            )
            return
        for value in list_choices(parameter):
            note = "default" if value == parameter.default else ""
            yield Completion(str(value).lower() if isinstance(value, bool) else str(value), note, value=to_json(value))


def list_choices(parameter: Parameter) -> tuple[Any, ...]:
    """Return all values of a choice or boolean; for other kinds, only the default."""
    if parameter.kind == "choice":
        return parameter.choices
    return (True, False) if parameter.kind == "boolean" else (parameter.default,)


def suggest_search_range(parameter: Parameter) -> str:
    """Return a search range around the default as JSON text."""
    if parameter.kind in ("choice", "boolean"):
        return to_json(list(list_choices(parameter)))
    default = parameter.default
    if default <= 0:
        high = 10.0 if parameter.kind == "integer" else 1.0
        if parameter.maximum is not None and high >= parameter.maximum:
            high = parameter.maximum / 2 if parameter.exclusive_maximum else parameter.maximum
        return to_json({"min": 0, "max": int(high)} if parameter.kind == "integer" else {"min": 0.0, "max": high})
    low, high = (max(1, default // 4), default * 4) if parameter.kind == "integer" else (default / 3, default * 3)
    if parameter.maximum is not None and high >= parameter.maximum:
        high = parameter.maximum if not parameter.exclusive_maximum else (default + parameter.maximum) / 2
    if parameter.minimum is not None and low < parameter.minimum:
        low = parameter.minimum
    number = int if parameter.kind == "integer" else lambda value: float(f"{value:.2g}")
    low, high = number(low), number(high)
    if low >= high:
        return to_json([default])
    return to_json({"min": low, "max": high, "log": True} if high / low > 4 else {"min": low, "max": high})


def summarize_parameter(parameter: Parameter) -> str:
    """Format default, unit and description on one line."""
    unit = f" [{parameter.unit}]" if parameter.unit else ""
    return f"{to_json(parameter.default)}{unit}  {parameter.description}"


def _initial_value(context: DocumentContext, key: str) -> str:
    """Return the initial value of a top-level key as JSON text."""
    if key in ("params", "paramSpace"):
        return "{}"
    parameter = context.find_parameter(key)
    if parameter is not None:
        return to_json(parameter.default)
    return to_json({"physicalModel": "hopper", "technique": "ppo", "objective": "score"}.get(key, ""))


def find_completions(text: str, kind: str, cursor_context: CursorContext) -> list[Completion]:
    """Return the completions at the cursor, those that start with the typed prefix first."""
    values = parse_values(text)
    context = detect_document_context(kind, values)
    if cursor_context.role == "key":
        # A key typed after the end of the document has an empty path.
        has_key = cursor_context.start != cursor_context.end and bool(cursor_context.path)
        parent, own_key = (cursor_context.path[:-1], cursor_context.path[-1]) if has_key else (cursor_context.path, None)
        present = {str(path[-1]) for path in values if path and path[:-1] == parent and path[-1] != own_key}
        found = list(complete_keys(context, parent, present))
    elif cursor_context.role == "value":
        found = list(complete_values(context, cursor_context.path))
    else:
        return []
    prefix = cursor_context.prefix.lower()
    current_value = text[cursor_context.start : cursor_context.end].strip('"').lower()
    if cursor_context.role == "value" and any(completion.label.lower() == current_value for completion in found):
        # The value is complete already, so offer the alternatives too.
        return found
    matches = [completion for completion in found if prefix in completion.label.lower()]
    return sorted(matches, key=lambda completion: not completion.label.lower().startswith(prefix))


def insert_completion(text: str, cursor_context: CursorContext, completion: Completion) -> tuple[str, int]:
    """Return the text with a completion inserted, and the offset of the cursor after it."""
    before, after = text[: cursor_context.start], text[cursor_context.end :]
    following = after.lstrip()
    if completion.key:
        inserted = completion.key if following.startswith(":") else f"{completion.key}: {completion.value}"
        if not following.startswith(":") and following.startswith('"'):
            inserted += ","
        if cursor_context.missing_comma_at is not None:
            before = f"{before[: cursor_context.missing_comma_at]},{before[cursor_context.missing_comma_at :]}"
    else:
        inserted = completion.value
    cursor = len(before) + len(inserted.rstrip(","))
    if completion.key and completion.value in ("{}", "[]", '""') and inserted != completion.key:
        cursor -= 1
    return before + inserted + after, cursor


POPUP_ROWS = 8
POPUP_COLUMNS = 64


class CompletionPopup(SafeOptionList, can_focus=False):
    """List of completions below the cursor; the text keeps the focus."""

    DEFAULT_CSS = f"""
    CompletionPopup {{
        position: absolute; overlay: screen; constrain: inside inside; display: none;
        width: {POPUP_COLUMNS}; height: auto; max-height: {POPUP_ROWS}; border: none; padding: 0;
        background: $panel; text-wrap: nowrap; text-overflow: ellipsis; scrollbar-size-vertical: 1;
    }}
    """

    def __init__(self) -> None:
        super().__init__(id="completions")
        self.completions: list[Completion] = []
        self._kind = "spec"

    # -- the list -----------------------------------------------------------------------------------------------------

    def open_at_cursor(self, text_area: SpecTextArea, kind: str) -> None:
        """Open the popup at the cursor; if a single completion matches the typed prefix, insert it instead."""
        self._kind = kind
        cursor_context = text_area.cursor_context
        completions = [] if text_area.read_only else find_completions(text_area.text, kind, cursor_context)
        if len(completions) == 1 and cursor_context.prefix:
            self._insert_completion(completions[0], text_area)
            return
        if not completions and not text_area.read_only:
            self.notify("no completion here", timeout=2)
        self._show_completions(completions, text_area)

    def update_completions(self, text_area: SpecTextArea) -> None:
        """Narrow the list after a key was typed."""
        cursor_context = text_area.cursor_context
        empty = cursor_context.role == "between" or (
            cursor_context.role == "value" and cursor_context.start == cursor_context.end
        )
        self._show_completions([] if empty else find_completions(text_area.text, self._kind, cursor_context), text_area)

    def handle_popup_key(self, key: str, text_area: SpecTextArea) -> None:
        """Handle a key while the popup is open."""
        if key in ("enter", "tab"):
            index = self.highlighted
            completion = self.completions[index] if index is not None and index < len(self.completions) else None
            self.close_popup(text_area)
            if completion is not None:
                self._insert_completion(completion, text_area)
        elif key == "escape":
            self.close_popup(text_area)
        else:
            moves = {
                "up": self.action_cursor_up,
                "down": self.action_cursor_down,
                "pageup": self.action_page_up,
                "pagedown": self.action_page_down,
            }
            moves[key]()

    def close_popup(self, text_area: SpecTextArea) -> None:
        """Hide the popup."""
        self.display = False
        text_area.is_completing = False

    def _insert_completion(self, completion: Completion, text_area: SpecTextArea) -> None:
        text, cursor = insert_completion(text_area.text, text_area.cursor_context, completion)
        text_area.change_text(text, cursor=cursor)

    def _show_completions(self, completions: list[Completion], text_area: SpecTextArea) -> None:
        """Show completions below the cursor, or above it if there is no room; hide the popup if there are none."""
        self.display = text_area.is_completing = bool(completions)
        if completions != self.completions:
            self.completions = completions
            self.clear_options()
            widest = min(max((len(completion.label) for completion in completions), default=0), 34)
            self.add_options([Option(_popup_line(completion, widest)) for completion in completions])
        if not completions or self.parent is None:
            return
        self.highlighted = 0
        region = self.parent.region  # type: ignore[attr-defined]
        cursor = text_area.cursor_screen_offset - region.offset
        rows = min(len(completions), POPUP_ROWS)
        below, above = cursor.y + 1, cursor.y - rows
        self.styles.offset = (cursor.x, below if below + rows <= region.height or above < 0 else above)


def _popup_line(completion: Completion, width: int) -> Text:
    return Text.assemble((f"{completion.label:<{width}}  ", "bold"), (completion.description, "dim"))
