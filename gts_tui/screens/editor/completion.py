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

from gts.formats.objectives import objectives
from gts.formats.strict_json import JsonPath
from gts.params.declaration import Parameter
from gts.params.figures import FIGURES
from gts.params.spec import RENAMED
from gts.params.techniques import TECHNIQUES
from gts_tui.screens.editor.json_syntax import Place, values_in
from gts_tui.screens.editor.parameter_docs import AXIS, ONLY_SPACE, TOP, Subject, parameter_at, subject_of
from gts_tui.screens.editor.text_area import SpecText
from gts_tui.textual_fixes import SteadyList


@dataclass(frozen=True)
class Proposal:
    """Something that could be written."""

    word: str
    """What is looked for, and shown."""
    note: str
    key: str = ""
    """JSON text of a key; empty for a value."""
    value: str = ""
    """JSON text of a value; of a key the one that it is given at first."""


def keys_at(subject: Subject, parent: JsonPath, present: Set[str]) -> Iterator[Proposal]:
    """The keys that could still stand in an object; `present` are those that are there."""
    keys = [part for part in parent if isinstance(part, str)]
    if not keys:
        for key, note in TOP.items():
            if key not in present and (subject.kind == "space" or key not in ONLY_SPACE):
                yield Proposal(key, note, _text(key), _first(subject, key))
    elif keys in (["params"], ["paramSpace"]) or (len(keys) == 3 and keys[0] == "paramSpace" and keys[2] == "when"):
        taken = {RENAMED.get(key, key) for key in present}
        for parameter in subject.parameters():
            if parameter.key not in taken:
                value = range_of(parameter) if keys == ["paramSpace"] else _text(parameter.default)
                yield Proposal(parameter.key, described(parameter), _text(parameter.key), value)
    elif len(keys) == 2 and keys[0] == "paramSpace":
        for key, (note, value) in AXIS.items():
            if key not in present and not ("values" in present and key in ("min", "max", "log", "step")):
                yield Proposal(key, note, _text(key), _text(value))
    elif keys == ["objective"]:
        for measure in objectives(subject.figure):
            if measure not in present:
                yield Proposal(measure, "a measure of a figure's episodes", _text(measure), "1.0")


def values_at(subject: Subject, path: JsonPath) -> Iterator[Proposal]:
    """The values that a place could have."""
    keys = [part for part in path if isinstance(part, str)]
    if keys == ["physicalModel"]:
        for figure in FIGURES.values():
            yield Proposal(figure.name, figure.title, value=_text(figure.name))
    elif keys == ["technique"]:
        for technique in TECHNIQUES:
            yield Proposal(technique, "", value=_text(technique))
    elif keys == ["objective"]:
        for measure in objectives(subject.figure):
            yield Proposal(measure, "", value=_text(measure))
    elif len(keys) == 3 and keys[0] == "paramSpace" and keys[2] == "log":
        yield from (Proposal(word, "", value=word) for word in ("true", "false"))
    else:
        parameter = parameter_at(subject, path)
        if parameter is None:
            return
        if len(path) == 2 and keys[0] == "paramSpace":
            yield Proposal(range_of(parameter), described(parameter), value=range_of(parameter))
            return
        for value in choices_of(parameter):
            note = "the default" if value == parameter.default else ""
            yield Proposal(str(value).lower() if isinstance(value, bool) else str(value), note, value=_text(value))


def choices_of(parameter: Parameter) -> tuple[Any, ...]:
    """The values that a parameter can have, or the default where they are too many."""
    if parameter.kind == "choice":
        return parameter.choices
    return (True, False) if parameter.kind == "boolean" else (parameter.default,)


def range_of(parameter: Parameter) -> str:
    """A first range to search around the default."""
    if parameter.kind in ("choice", "boolean"):
        return _text(list(choices_of(parameter)))
    default = parameter.default
    if default <= 0:
        high = 10.0 if parameter.kind == "integer" else 1.0
        if parameter.maximum is not None and high >= parameter.maximum:
            high = parameter.maximum / 2 if parameter.exclusive_maximum else parameter.maximum
        return _text({"min": 0, "max": int(high)} if parameter.kind == "integer" else {"min": 0.0, "max": high})
    low, high = (max(1, default // 4), default * 4) if parameter.kind == "integer" else (default / 3, default * 3)
    if parameter.maximum is not None and high >= parameter.maximum:
        high = parameter.maximum if not parameter.exclusive_maximum else (default + parameter.maximum) / 2
    if parameter.minimum is not None and low < parameter.minimum:
        low = parameter.minimum
    number = int if parameter.kind == "integer" else lambda value: float(f"{value:.2g}")
    low, high = number(low), number(high)
    if low >= high:
        return _text([default])
    return _text({"min": low, "max": high, "log": True} if high / low > 4 else {"min": low, "max": high})


def described(parameter: Parameter) -> str:
    """A parameter in a line."""
    unit = f" [{parameter.unit}]" if parameter.unit else ""
    return f"{_text(parameter.default)}{unit}  {parameter.meaning}"


def _first(subject: Subject, key: str) -> str:
    """What a new key of the top is given."""
    if key in ("params", "paramSpace"):
        return "{}"
    parameter = subject.parameter(key)
    if parameter is not None:
        return _text(parameter.default)
    return _text({"physicalModel": "hopper", "technique": "ppo", "objective": "score"}.get(key, ""))


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


ROWS = 8
COLUMNS = 64


class Offers(SteadyList, can_focus=False):
    """Opens below the cursor while the text keeps the focus."""

    DEFAULT_CSS = f"""
    Offers {{
        position: absolute; overlay: screen; constrain: inside inside; display: none;
        width: {COLUMNS}; height: auto; max-height: {ROWS}; border: none; padding: 0;
        background: $panel; text-wrap: nowrap; text-overflow: ellipsis; scrollbar-size-vertical: 1;
    }}
    """

    def __init__(self) -> None:
        super().__init__(id="offers")
        self.proposals: list[Proposal] = []
        self._kind = "spec"

    # -- the list -----------------------------------------------------------------------------------------------------

    def begin(self, area: SpecText, kind: str) -> None:
        """Open at the cursor of a text; where one thing only fits what is typed, write it."""
        self._kind = kind
        place = area.place
        proposals = [] if area.read_only else proposals_at(area.text, kind, place)
        if len(proposals) == 1 and place.typed:
            self._write(proposals[0], area)
            return
        if not proposals and not area.read_only:
            self.notify("nothing is known that could be written here", timeout=2)
        self._show(proposals, area)

    def go_on(self, area: SpecText) -> None:
        """Something was typed while the list is open."""
        place = area.place
        empty = place.role == "between" or (place.role == "value" and place.start == place.end)
        self._show([] if empty else proposals_at(area.text, self._kind, place), area)

    def press(self, key: str, area: SpecText) -> None:
        """A key of the open list."""
        if key in ("enter", "tab"):
            at = self.highlighted
            proposal = self.proposals[at] if at is not None and at < len(self.proposals) else None
            self.end(area)
            if proposal is not None:
                self._write(proposal, area)
        elif key == "escape":
            self.end(area)
        else:
            move = {"up": "cursor_up", "down": "cursor_down", "pageup": "page_up", "pagedown": "page_down"}[key]
            getattr(self, f"action_{move}")()

    def end(self, area: SpecText) -> None:
        """Close."""
        self.display = False
        area.proposing = False

    def _write(self, proposal: Proposal, area: SpecText) -> None:
        text, cursor = accepted(area.text, area.place, proposal)
        area.become(text, cursor=cursor)

    def _show(self, proposals: list[Proposal], area: SpecText) -> None:
        """Show these below (or above) the cursor; nothing where there are none."""
        self.display = area.proposing = bool(proposals)
        if proposals != self.proposals:
            self.proposals = proposals
            self.clear_options()
            widest = min(max((len(proposal.word) for proposal in proposals), default=0), 34)
            self.add_options([Option(_line(proposal, widest)) for proposal in proposals])
        if not proposals or self.parent is None:
            return
        self.highlighted = 0
        room = self.parent.region  # type: ignore[attr-defined]
        cursor = area.cursor_screen_offset - room.offset
        rows = min(len(proposals), ROWS)
        below, above = cursor.y + 1, cursor.y - rows
        self.styles.offset = (cursor.x, below if below + rows <= room.height or above < 0 else above)


def _line(proposal: Proposal, width: int) -> Text:
    return Text.assemble((f"{proposal.word:<{width}}  ", "bold"), (proposal.note, "dim"))


def proposals_at(text: str, kind: str, place: Place) -> list[Proposal]:
    """What can be written at a place, what begins with what is typed first."""
    values = values_in(text)
    subject = subject_of(kind, values)
    if place.role == "key":
        # What stands behind the end of the document is no part of it, and has no path.
        written = place.start != place.end and bool(place.path)
        parent, own = (place.path[:-1], place.path[-1]) if written else (place.path, None)
        present = {str(path[-1]) for path in values if path and path[:-1] == parent and path[-1] != own}
        found = list(keys_at(subject, parent, present))
    elif place.role == "value":
        found = list(values_at(subject, place.path))
    else:
        return []
    typed = place.typed.lower()
    whole = text[place.start : place.end].strip('"').lower()
    if place.role == "value" and any(proposal.word.lower() == whole for proposal in found):
        # What stands there is one of them: all the others are what one wants to see.
        return found
    fitting = [proposal for proposal in found if typed in proposal.word.lower()]
    return sorted(fitting, key=lambda proposal: not proposal.word.lower().startswith(typed))


def accepted(text: str, place: Place, proposal: Proposal) -> tuple[str, int]:
    """The text with a proposal written at a place, and where the cursor is then."""
    before, after = text[: place.start], text[place.end :]
    rest = after.lstrip()
    if proposal.key:
        written = proposal.key if rest.startswith(":") else f"{proposal.key}: {proposal.value}"
        if not rest.startswith(":") and rest.startswith('"'):
            written += ","
        if place.comma_at is not None:
            before = f"{before[: place.comma_at]},{before[place.comma_at :]}"
    else:
        written = proposal.value
    cursor = len(before) + len(written.rstrip(","))
    if proposal.key and proposal.value in ("{}", "[]", '""') and written != proposal.key:
        cursor -= 1
    return before + written + after, cursor
