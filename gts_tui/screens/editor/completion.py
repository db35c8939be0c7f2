"""The list of what can be written at the cursor.

What could be written at a place: keys with their defaults, figures, techniques, choices, ranges.
"""

from __future__ import annotations

import json
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
from gts_tui.screens.editor.json_syntax import CursorContext, parse_values
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
    """Something that could be written."""

    label: str
    """What is looked for, and shown."""
    description: str
    key: str = ""
    """JSON text of a key; empty for a value."""
    value: str = ""
    """JSON text of a value; of a key the one that it is given at first."""


def complete_keys(context: DocumentContext, parent: JsonPath, existing_keys: Set[str]) -> Iterator[Completion]:
    """The keys that could still stand in an object; `present` are those that are there."""
    keys = [part for part in parent if isinstance(part, str)]
    if not keys:
        for key, description in TOP_LEVEL_KEYS.items():
            if key not in existing_keys and (context.kind == "space" or key not in SPACE_ONLY_KEYS):
                yield Completion(key, description, _json_text(key), _initial_value(context, key))
    elif keys in (["params"], ["paramSpace"]) or (len(keys) == 3 and keys[0] == "paramSpace" and keys[2] == "when"):
        used_keys = {KEY_ALIASES.get(key, key) for key in existing_keys}
        for parameter in context.parameters():
            if parameter.key not in used_keys:
                value = suggest_search_range(parameter) if keys == ["paramSpace"] else _json_text(parameter.default)
                yield Completion(parameter.key, summarize_parameter(parameter), _json_text(parameter.key), value)
    elif len(keys) == 2 and keys[0] == "paramSpace":
        for key, (description, value) in SEARCH_RANGE_KEYS.items():
            if key not in existing_keys and not ("values" in existing_keys and key in ("min", "max", "log", "step")):
                yield Completion(key, description, _json_text(key), _json_text(value))
    elif keys == ["objective"]:
        for measure in list_measures(context.figure):
            if measure not in existing_keys:
                yield Completion(measure, "a measure of a figure's episodes", _json_text(measure), "1.0")


def complete_values(context: DocumentContext, path: JsonPath) -> Iterator[Completion]:
    """The values that a place could have."""
    keys = [part for part in path if isinstance(part, str)]
    if keys == ["physicalModel"]:
        for figure in FIGURES.values():
            yield Completion(figure.name, figure.title, value=_json_text(figure.name))
    elif keys == ["technique"]:
        for technique in TECHNIQUES:
            yield Completion(technique, "", value=_json_text(technique))
    elif keys == ["objective"]:
        for measure in list_measures(context.figure):
            yield Completion(measure, "", value=_json_text(measure))
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
            note = "the default" if value == parameter.default else ""
            yield Completion(str(value).lower() if isinstance(value, bool) else str(value), note, value=_json_text(value))


def list_choices(parameter: Parameter) -> tuple[Any, ...]:
    """The values that a parameter can have, or the default where they are too many."""
    if parameter.kind == "choice":
        return parameter.choices
    return (True, False) if parameter.kind == "boolean" else (parameter.default,)


def suggest_search_range(parameter: Parameter) -> str:
    """A first range to search around the default."""
    if parameter.kind in ("choice", "boolean"):
        return _json_text(list(list_choices(parameter)))
    default = parameter.default
    if default <= 0:
        high = 10.0 if parameter.kind == "integer" else 1.0
        if parameter.maximum is not None and high >= parameter.maximum:
            high = parameter.maximum / 2 if parameter.exclusive_maximum else parameter.maximum
        return _json_text({"min": 0, "max": int(high)} if parameter.kind == "integer" else {"min": 0.0, "max": high})
    low, high = (max(1, default // 4), default * 4) if parameter.kind == "integer" else (default / 3, default * 3)
    if parameter.maximum is not None and high >= parameter.maximum:
        high = parameter.maximum if not parameter.exclusive_maximum else (default + parameter.maximum) / 2
    if parameter.minimum is not None and low < parameter.minimum:
        low = parameter.minimum
    number = int if parameter.kind == "integer" else lambda value: float(f"{value:.2g}")
    low, high = number(low), number(high)
    if low >= high:
        return _json_text([default])
    return _json_text({"min": low, "max": high, "log": True} if high / low > 4 else {"min": low, "max": high})


def summarize_parameter(parameter: Parameter) -> str:
    """A parameter in a line."""
    unit = f" [{parameter.unit}]" if parameter.unit else ""
    return f"{_json_text(parameter.default)}{unit}  {parameter.description}"


def _initial_value(context: DocumentContext, key: str) -> str:
    """What a new key of the top is given."""
    if key in ("params", "paramSpace"):
        return "{}"
    parameter = context.find_parameter(key)
    if parameter is not None:
        return _json_text(parameter.default)
    return _json_text({"physicalModel": "hopper", "technique": "ppo", "objective": "score"}.get(key, ""))


def _json_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


POPUP_ROWS = 8
POPUP_COLUMNS = 64


class CompletionPopup(SafeOptionList, can_focus=False):
    """Opens below the cursor while the text keeps the focus."""

    DEFAULT_CSS = f"""
    Offers {{
        position: absolute; overlay: screen; constrain: inside inside; display: none;
        width: {POPUP_COLUMNS}; height: auto; max-height: {POPUP_ROWS}; border: none; padding: 0;
        background: $panel; text-wrap: nowrap; text-overflow: ellipsis; scrollbar-size-vertical: 1;
    }}
    """

    def __init__(self) -> None:
        super().__init__(id="offers")
        self.completions: list[Completion] = []
        self._kind = "spec"

    # -- the list -----------------------------------------------------------------------------------------------------

    def open_at_cursor(self, text_area: SpecTextArea, kind: str) -> None:
        """Open at the cursor of a text; where one thing only fits what is typed, write it."""
        self._kind = kind
        cursor_context = text_area.cursor_context
        completions = [] if text_area.read_only else find_completions(text_area.text, kind, cursor_context)
        if len(completions) == 1 and cursor_context.prefix:
            self._insert_completion(completions[0], text_area)
            return
        if not completions and not text_area.read_only:
            self.notify("nothing is known that could be written here", timeout=2)
        self._show_completions(completions, text_area)

    def update_completions(self, text_area: SpecTextArea) -> None:
        """Something was typed while the list is open."""
        cursor_context = text_area.cursor_context
        empty = cursor_context.role == "between" or (
            cursor_context.role == "value" and cursor_context.start == cursor_context.end
        )
        self._show_completions([] if empty else find_completions(text_area.text, self._kind, cursor_context), text_area)

    def handle_popup_key(self, key: str, text_area: SpecTextArea) -> None:
        """A key of the open list."""
        if key in ("enter", "tab"):
            index = self.highlighted
            completion = self.completions[index] if index is not None and index < len(self.completions) else None
            self.close_popup(text_area)
            if completion is not None:
                self._insert_completion(completion, text_area)
        elif key == "escape":
            self.close_popup(text_area)
        else:
            move = {"up": "cursor_up", "down": "cursor_down", "pageup": "page_up", "pagedown": "page_down"}[key]
            getattr(self, f"action_{move}")()

    def close_popup(self, text_area: SpecTextArea) -> None:
        """Close."""
        self.display = False
        text_area.is_completing = False

    def _insert_completion(self, completion: Completion, text_area: SpecTextArea) -> None:
        text, cursor = insert_completion(text_area.text, text_area.cursor_context, completion)
        text_area.change_text(text, cursor=cursor)

    def _show_completions(self, completions: list[Completion], text_area: SpecTextArea) -> None:
        """Show these below (or above) the cursor; nothing where there are none."""
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


def find_completions(text: str, kind: str, cursor_context: CursorContext) -> list[Completion]:
    """What can be written at a place, what begins with what is typed first."""
    values = parse_values(text)
    context = detect_document_context(kind, values)
    if cursor_context.role == "key":
        # What stands behind the end of the document is no part of it, and has no path.
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
        # What stands there is one of them: all the others are what one wants to see.
        return found
    matches = [completion for completion in found if prefix in completion.label.lower()]
    return sorted(matches, key=lambda completion: not completion.label.lower().startswith(prefix))


def insert_completion(text: str, cursor_context: CursorContext, completion: Completion) -> tuple[str, int]:
    """The text with a proposal written at a place, and where the cursor is then."""
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
