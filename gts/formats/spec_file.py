"""Spec files: one training each."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from gts.errors import FormatError, Problem
from gts.formats.durable import write_durably
from gts.formats.strict_json import Document, JsonPath, printable, read_json
from gts.params.figures import FIGURES
from gts.params.spec import ParameterError, Spec, make_spec, unknown
from gts.params.techniques import TECHNIQUES

KEYS = ("physicalModel", "technique", "params", "comment")
_OF_A_SPACE = ("name", "paramSpace", "objective")
_UNDER_PARAMS = ("nSteps", "nEpochs")
_MOST = 100
_SHORT = 100
HINT = "`gts check FILE` lists what is wrong; the editor of `gts` says what every parameter may be"


def read_spec(path: str | os.PathLike[str]) -> Spec:
    """Read a spec file.

    Raises FileError where it cannot be read, FormatError with everything that is wrong in it, each thing with its line and
    column. The warnings of the spec have their place too.
    """
    document = read_json(path, "spec")
    return spec_of(document)


def spec_of(document: Document) -> Spec:
    """The spec that a JSON text describes; raises FormatError."""
    members = members_of(document)
    problems = [*repeated(document), *document.unreadable.values()]
    problems += [document.problem((key,), _unknown_key(key)) for key in members if key not in KEYS]
    figure, technique, warnings = figure_and_technique(document, problems)
    given = dict_at(document, "params", problems)
    comment = comments(document, ((), ("params",)), problems)
    spec = checked(document, figure, technique, given, problems)
    if spec is None or problems:
        raise all_at_once(document, problems)
    located = [document.problem(("params", warning.key), warning.message) for warning in spec.warnings]
    return replace(spec, comment=comment, warnings=(*warnings, *located))


def write_spec(path: str | os.PathLike[str], spec: Spec) -> None:
    """Write a spec durably, with the keys that its file gave, in their order. Raises FileError."""
    write_durably(path, spec_text(spec).encode())


def spec_text(spec: Spec) -> str:
    """The content of a spec's file."""
    return json_text(spec.document())


def json_text(document: Mapping[str, Any]) -> str:
    """A document as files have it: a comment of several lines is a list, ranges and lists of values stand on one line."""
    content = dict(document)
    lines = str(content.get("comment", "")).split("\n")
    if len(lines) > 1:
        content["comment"] = lines
    return _laid_out(content, 0) + "\n"


def _laid_out(value: Any, depth: int) -> str:
    short = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if not isinstance(value, (dict, list)) or not value or (depth > 1 and len(short) <= _SHORT):
        return short
    parts = [_laid_out(item, depth + 1) for item in (value.values() if isinstance(value, dict) else value)]
    if isinstance(value, dict):
        parts = [f"{json.dumps(key, ensure_ascii=False)}: {part}" for key, part in zip(value, parts, strict=True)]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    margin = "\n" + "  " * depth
    return opening + ",".join(f"{margin}  {part}" for part in parts) + margin + closing


def members_of(document: Document) -> dict[str, Any]:
    """The top of the file, which is an object; raises FormatError."""
    if not isinstance(document.value, dict):
        raise FormatError(document.name, [document.problem((), 'the file must be an object: {"physicalModel": …}')], hint=HINT)
    return document.value


def all_at_once(document: Document, problems: Sequence[Problem]) -> FormatError:
    """The error that says what is wrong with a file, from its top to its end."""
    ordered = sorted(problems, key=lambda problem: (problem.line, problem.column))
    shown = ordered[:_MOST]
    if len(ordered) > _MOST:
        shown.append(Problem(f"… and {len(ordered) - _MOST} more like these"))
    return FormatError(document.name, shown, hint=HINT)


def repeated(document: Document) -> list[Problem]:
    """The repeated keys of a file as problems."""
    return [
        document.problem(at.path, f"`{printable(str(at.path[-1]))}` is said again (first in line {at.first_line}); keep one")
        for at in document.repetitions
    ]


def figure_and_technique(document: Document, problems: list[Problem]) -> tuple[str, str, list[Problem]]:
    """What `physicalModel` and `technique` say, empty where that is wrong, and warnings; problems are added to the list."""
    figure = _word(document, "physicalModel", "physical model", FIGURES, problems)
    warnings = []
    technique = document.value.get("technique")
    if isinstance(technique, str) and technique not in TECHNIQUES and technique.lower() in TECHNIQUES:
        # The original program did not care for capitals here, so files that have them exist.
        warnings.append(document.problem(("technique",), f'"{technique}" is read as "{technique.lower()}"'))
        return figure, technique.lower(), warnings
    return figure, _word(document, "technique", "technique", TECHNIQUES, problems), warnings


def dict_at(document: Document, key: str, problems: list[Problem]) -> dict[str, Any]:
    """An object under a top-level key, empty where there is none; a value of another kind is added to the problems."""
    value = document.value.get(key, {})
    if isinstance(value, dict):
        return value
    if (key,) not in document.unreadable:
        problems.append(document.problem((key,), f'`{key}` must be an object: {{"key": value, …}}'))
    return {}


def comments(document: Document, places: Sequence[tuple[str, ...]], problems: list[Problem]) -> str:
    """The comments at these places, joined; each is a text or a list of texts."""
    found = []
    for place in places:
        inside = document.value
        for key in place:
            inside = inside.get(key) if isinstance(inside, dict) else None
        comment = inside.get("comment", "") if isinstance(inside, dict) else ""
        lines = [comment] if isinstance(comment, str) else comment
        if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
            problems.append(document.problem((*place, "comment"), "a comment must be a text, or a list of texts"))
            continue
        found.append("\n".join(lines))
    return "\n".join(text for text in found if text)


def under_params(key: str) -> JsonPath:
    """Where a parameter stands in a spec."""
    return ("params", key)


def checked(
    document: Document,
    figure: str,
    technique: str,
    given: Mapping[str, Any],
    problems: list[Problem],
    place: Callable[[str], JsonPath] = under_params,
) -> Spec | None:
    """The spec of these values, or None and what is wrong with them added to the problems.

    `place` says where a parameter stands. Where the figure or the technique is unknown, the parameters of the other one are
    still looked at.
    """
    known = {key: value for key, value in given.items() if place(key) not in document.unreadable}
    if not figure:
        known = {key: value for key, value in known.items() if "/" not in key}
    if not technique:
        known = {key: value for key, value in known.items() if "/" in key}
    try:
        return make_spec(figure or next(iter(FIGURES)), technique or next(iter(TECHNIQUES)), known)
    except ParameterError as error:
        problems += [document.problem(place(problem.key), problem.message, problem.key) for problem in error.problems]
        return None


def _word(document: Document, key: str, kind: str, known: Mapping[str, Any], problems: list[Problem]) -> str:
    """A top-level word out of a few, empty where it is missing or another one."""
    word = document.value.get(key)
    if isinstance(word, str) and word in known:
        return word
    allowed = "one of " + ", ".join(f'"{choice}"' for choice in known)
    if key not in document.value:
        problems.append(document.problem((), f"`{key}` is missing; it is {allowed}", key))
    elif isinstance(word, str):
        problems.append(document.problem((key,), unknown(kind, word, known)))
    elif (key,) not in document.unreadable:
        problems.append(document.problem((key,), f"`{key}` must be {allowed}"))
    return ""


def _unknown_key(key: str) -> str:
    if key in _UNDER_PARAMS:
        return f"in a spec, `{key}` belongs under `params`"
    if key in _OF_A_SPACE:
        return f"`{key}` belongs in a space; a spec is one training"
    return unknown("key", key, KEYS)
