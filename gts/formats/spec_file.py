"""Spec files: figure, technique and parameters of one training. Also JSON readers and the writer shared with spaces."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from gts.errors import FormatError, Problem
from gts.formats.durable import write_durably
from gts.formats.strict_json import JsonDocument, JsonPath, read_json, to_printable
from gts.params.figures import FIGURES
from gts.params.spec import ParameterError, Spec, make_spec, unknown_name_message
from gts.params.techniques import TECHNIQUES

SPEC_KEYS = ("physicalModel", "technique", "params", "comment")
_SPACE_ONLY_KEYS = ("name", "paramSpace", "objective")
_PARAMS_ONLY_KEYS = ("nSteps", "nEpochs")
_MAX_PROBLEMS = 100
_MAX_INLINE_LENGTH = 100
CHECK_HINT = "`gts check FILE` lists all errors; the editor of `gts` explains every parameter"


def read_spec(path: str | os.PathLike[str]) -> Spec:
    """Read a spec file.

    Raises FileError if it cannot be read, FormatError with all errors in it. Errors and warnings have line and column.
    """
    document = read_json(path, "spec")
    return parse_spec(document)


def parse_spec(document: JsonDocument) -> Spec:
    """Build the spec of a JSON document. Raises FormatError with all errors in it."""
    members = get_members(document)
    problems = [*list_repeated_key_problems(document), *document.invalid_values.values()]
    problems += [document.problem((key,), _explain_unknown_key(key)) for key in members if key not in SPEC_KEYS]
    figure, technique, warnings = read_figure_and_technique(document, problems)
    given = read_object(document, "params", problems)
    comment = read_comments(document, ((), ("params",)), problems)
    spec = check_params(document, figure, technique, given, problems)
    if spec is None or problems:
        raise make_format_error(document, problems)
    located = [document.problem(("params", warning.key), warning.message) for warning in spec.warnings]
    return replace(spec, comment=comment, warnings=(*warnings, *located))


def write_spec(path: str | os.PathLike[str], spec: Spec) -> None:
    """Write a spec durably, with the keys of its file in their order. Raises FileError."""
    write_durably(path, format_spec(spec).encode())


def format_spec(spec: Spec) -> str:
    """Content of a spec file."""
    return format_json(spec.to_document())


def format_json(document: Mapping[str, Any]) -> str:
    """Format a document: a comment of several lines becomes a list, ranges and lists of values take one line."""
    content = dict(document)
    lines = str(content.get("comment", "")).split("\n")
    if len(lines) > 1:
        content["comment"] = lines
    return _format_value(content, 0) + "\n"


def _format_value(value: Any, depth: int) -> str:
    short = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if not isinstance(value, (dict, list)) or not value or (depth > 1 and len(short) <= _MAX_INLINE_LENGTH):
        return short
    parts = [_format_value(item, depth + 1) for item in (value.values() if isinstance(value, dict) else value)]
    if isinstance(value, dict):
        parts = [f"{json.dumps(key, ensure_ascii=False)}: {part}" for key, part in zip(value, parts, strict=True)]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    margin = "\n" + "  " * depth
    return opening + ",".join(f"{margin}  {part}" for part in parts) + margin + closing


def get_members(document: JsonDocument) -> dict[str, Any]:
    """Top-level object of a file. Raises FormatError for another value."""
    if not isinstance(document.value, dict):
        raise FormatError(
            document.name, [document.problem((), 'the file must be an object: {"physicalModel": …}')], hint=CHECK_HINT
        )
    return document.value


def make_format_error(document: JsonDocument, problems: Sequence[Problem]) -> FormatError:
    """FormatError of a file with its problems in the order of their lines."""
    ordered = sorted(problems, key=lambda problem: (problem.line, problem.column))
    shown = ordered[:_MAX_PROBLEMS]
    if len(ordered) > _MAX_PROBLEMS:
        shown.append(Problem(f"… and {len(ordered) - _MAX_PROBLEMS} more like these"))
    return FormatError(document.name, shown, hint=CHECK_HINT)


def list_repeated_key_problems(document: JsonDocument) -> list[Problem]:
    """Repeated keys of a file as problems."""
    return [
        document.problem(at.path, f"`{to_printable(str(at.path[-1]))}` is repeated (first in line {at.first_line}); keep one")
        for at in document.repeated_keys
    ]


def read_figure_and_technique(document: JsonDocument, problems: list[Problem]) -> tuple[str, str, list[Problem]]:
    """Figure and technique of a file, empty if invalid, and warnings. Problems are appended to the list."""
    figure = _read_choice(document, "physicalModel", "physical model", FIGURES, problems)
    warnings = []
    technique = document.value.get("technique")
    if isinstance(technique, str) and technique not in TECHNIQUES and technique.lower() in TECHNIQUES:
        # The original program ignored case here.
        warnings.append(document.problem(("technique",), f'"{technique}" is read as "{technique.lower()}"'))
        return figure, technique.lower(), warnings
    return figure, _read_choice(document, "technique", "technique", TECHNIQUES, problems), warnings


def read_object(document: JsonDocument, key: str, problems: list[Problem]) -> dict[str, Any]:
    """Object under a top-level key; empty if it is missing, or of another type, which is appended to the problems."""
    value = document.value.get(key, {})
    if isinstance(value, dict):
        return value
    if (key,) not in document.invalid_values:
        problems.append(document.problem((key,), f'`{key}` must be an object: {{"key": value, …}}'))
    return {}


def read_comments(document: JsonDocument, paths: Sequence[tuple[str, ...]], problems: list[Problem]) -> str:
    """Join the comments at these paths; each is a string or a list of strings."""
    found = []
    for path in paths:
        inside = document.value
        for key in path:
            inside = inside.get(key) if isinstance(inside, dict) else None
        comment = inside.get("comment", "") if isinstance(inside, dict) else ""
        lines = [comment] if isinstance(comment, str) else comment
        if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
            problems.append(document.problem((*path, "comment"), "a comment must be a string or a list of strings"))
            continue
        found.append("\n".join(lines))
    return "\n".join(text for text in found if text)


def _params_path(key: str) -> JsonPath:
    """Path of a parameter in a spec."""
    return ("params", key)


def check_params(
    document: JsonDocument,
    figure: str,
    technique: str,
    given: Mapping[str, Any],
    problems: list[Problem],
    path_of: Callable[[str], JsonPath] = _params_path,
    partial: bool = False,
) -> Spec | None:
    """Spec of these values; None if they are invalid, with the errors appended to `problems`.

    `path_of` maps a key to its path in the file. With an unknown figure or technique the other one's parameters are checked.
    """
    known = {key: value for key, value in given.items() if path_of(key) not in document.invalid_values}
    if not figure:
        known = {key: value for key, value in known.items() if "/" not in key}
    if not technique:
        known = {key: value for key, value in known.items() if "/" in key}
    try:
        return make_spec(figure or next(iter(FIGURES)), technique or next(iter(TECHNIQUES)), known, partial=partial)
    except ParameterError as error:
        problems += [document.problem(path_of(problem.key), problem.message, problem.key) for problem in error.problems]
        return None


def _read_choice(document: JsonDocument, key: str, kind: str, known: Mapping[str, Any], problems: list[Problem]) -> str:
    """A top-level choice; empty if it is missing or unknown."""
    word = document.value.get(key)
    if isinstance(word, str) and word in known:
        return word
    allowed = "one of " + ", ".join(f'"{choice}"' for choice in known)
    if key not in document.value:
        problems.append(document.problem((), f"`{key}` is missing; it is {allowed}", key))
    elif isinstance(word, str):
        problems.append(document.problem((key,), unknown_name_message(kind, word, known)))
    elif (key,) not in document.invalid_values:
        problems.append(document.problem((key,), f"`{key}` must be {allowed}"))
    return ""


def _explain_unknown_key(key: str) -> str:
    if key in _PARAMS_ONLY_KEYS:
        return f"in a spec, `{key}` belongs under `params`"
    if key in _SPACE_ONLY_KEYS:
        return f"`{key}` belongs in a space, not in a spec"
    return unknown_name_message("key", key, SPEC_KEYS)
