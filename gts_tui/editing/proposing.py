"""What could be written at a place: keys with their defaults, figures, techniques, choices, ranges."""

from __future__ import annotations

import json
from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import Any

from gts.formats.objectives import objectives
from gts.formats.strict_json import JsonPath
from gts.params.declaration import Parameter
from gts.params.figures import FIGURES
from gts.params.spec import RENAMED
from gts.params.techniques import TECHNIQUES
from gts_tui.screens.editor.parameter_docs import AXIS, ONLY_SPACE, TOP, Subject, parameter_at


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
