"""Space files: a family of specs for a search."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gts.errors import Problem
from gts.formats.durable import write_durably
from gts.formats.objectives import DEFAULT_OBJECTIVES, ObjectiveWeights, objectives_to_document, read_objectives
from gts.formats.space_parameters import SpaceParameter, SpaceParameterReader, sort_by_conditions
from gts.formats.spec_file import (
    check_params,
    format_json,
    get_members,
    list_repeated_key_problems,
    make_format_error,
    read_comments,
    read_figure_and_technique,
    read_object,
)
from gts.formats.strict_json import JsonDocument, JsonPath, read_json, to_printable
from gts.params.spec import IGNORED_KEYS, ParameterError, Spec, make_spec, unknown_name_message

SPACE_KEYS = ("physicalModel", "name", "technique", "nSteps", "nEpochs", "objective", "params", "paramSpace", "comment")
_BUDGET_KEYS = ("nSteps", "nEpochs")
_NAME = re.compile(r"\w[\w .+-]{0,79}\Z")


@dataclass(frozen=True)
class SearchSpace:
    """A figure, a technique, the parameters that stay, and those that are searched."""

    figure: str
    technique: str
    name: str
    """Of the study: its folder is `studies/<name>/`."""
    params: Mapping[str, Any]
    """Parameters that every trial has, by file key; one that is searched too counts for nothing here."""
    param_space: tuple[SpaceParameter, ...]
    """In the order of the file."""
    n_steps: int | None = None
    """`nSteps` at the top of the file; a parameter like any other, so `params` or `param_space` may have it instead."""
    n_epochs: int | None = None
    """`nEpochs` at the top of the file."""
    objective: tuple[ObjectiveWeights, ...] = DEFAULT_OBJECTIVES
    """One goal, or two for a Pareto front; each is made as large as possible."""
    comment: str = ""
    warnings: tuple[Problem, ...] = ()

    def fixed_params(self) -> dict[str, Any]:
        """Every parameter that the file gives a value, by file key."""
        budget = {"nSteps": self.n_steps, "nEpochs": self.n_epochs}
        return {key: value for key, value in budget.items() if value is not None} | dict(self.params)

    def ordered_parameters(self) -> tuple[SpaceParameter, ...]:
        """The axes in an order in which a point can be drawn: those that conditions name come first."""
        return sort_by_conditions(self.param_space)

    def is_active(self, parameter: SpaceParameter, values: Mapping[str, Any]) -> bool:
        """Whether an axis is there at a point whose earlier axes have these values."""
        return parameter.key in self._list_active_keys(values, stop=parameter.key)

    def spec(self, values: Mapping[str, Any]) -> Spec:
        """The spec of one point; values of axes that are not there are left out.

        Raises ParameterError for a value that no spec can have, for an axis without a value, and for a value without an axis.
        """
        active = self._list_active_keys(values)
        known = {axis.key for axis in self.param_space}
        problems = [Problem(unknown_name_message("axis", key, known), key) for key in values if key not in known]
        problems += [Problem(f"the point has no value of `{key}`", key) for key in active if key not in values]
        if problems:
            raise ParameterError(problems)
        return make_spec(self.figure, self.technique, self.fixed_params() | {key: values[key] for key in active})

    def document(self) -> dict[str, Any]:
        """The content of its file."""
        head: dict[str, Any] = {"comment": self.comment} if self.comment else {}
        head |= {"physicalModel": self.figure, "name": self.name, "technique": self.technique}
        head |= {key: value for key, value in (("nSteps", self.n_steps), ("nEpochs", self.n_epochs)) if value is not None}
        if self.objective != DEFAULT_OBJECTIVES:
            head["objective"] = objectives_to_document(self.objective)
        return head | {"params": dict(self.params), "paramSpace": {axis.key: axis.document() for axis in self.param_space}}

    def _list_active_keys(self, values: Mapping[str, Any], stop: str = "") -> list[str]:
        """Keys of the axes that are there at a point, up to and with the axis `stop`."""
        now = (
            make_spec(self.figure, self.technique, self.fixed_params(), partial=True).values()
            if any(a.when for a in self.param_space)
            else {}
        )
        active = []
        for axis in self.ordered_parameters():
            if all(now.get(condition.key) in condition.values for condition in axis.when):
                active.append(axis.key)
                now = now | ({axis.key: values[axis.key]} if axis.key in values else {})
            if axis.key == stop:
                break
        return active


def read_space(path: str | os.PathLike[str]) -> SearchSpace:
    """Read a space file.

    Raises FileError where it cannot be read, FormatError with everything that is wrong in it, each thing with its line and
    column. The warnings of the space have their place too.
    """
    return parse_space(read_json(path, "space"))


def parse_space(document: JsonDocument) -> SearchSpace:
    """The space that a JSON text describes; raises FormatError."""
    members = get_members(document)
    problems, warnings = _sort_repeated_keys(document)
    problems += document.invalid_values.values()
    problems += [
        document.problem((key,), unknown_name_message("key", key, SPACE_KEYS)) for key in members if key not in SPACE_KEYS
    ]
    figure, technique, technique_warnings = read_figure_and_technique(document, problems)
    name = _read_name(document, problems)
    params = read_object(document, "params", problems)
    for key in _BUDGET_KEYS:
        if key in members and key in params:
            problems.append(document.problem(("params", key), f"`{key}` stands at the top of the file too; keep one"))
    budget = {key: members[key] for key in _BUDGET_KEYS if key in members}
    given = budget | params

    def place(key: str) -> JsonPath:
        return (key,) if key in budget else ("params", key)

    spec = check_params(document, figure, technique, given, problems, place, partial=True)
    reader = SpaceParameterReader(document, figure, technique, problems, warnings)
    axes = reader.read(read_object(document, "paramSpace", problems))
    goals = read_objectives(document, figure, problems)
    comment = read_comments(document, ((), ("params",), ("paramSpace",)), problems)
    if not members.get("paramSpace"):
        warnings.append(document.problem(("paramSpace",), "nothing is searched: `paramSpace` names no parameter"))
    if spec is None or problems:
        raise make_format_error(document, problems)
    warnings += [*technique_warnings, *(document.problem(place(warning.key), warning.message) for warning in spec.warnings)]
    return SearchSpace(
        figure=figure,
        technique=technique,
        name=name,
        params={key: value for key, value in spec.given_values.items() if key not in budget},
        param_space=axes,
        n_steps=budget.get("nSteps"),
        n_epochs=budget.get("nEpochs"),
        objective=goals,
        comment=comment,
        warnings=tuple(sorted(warnings, key=lambda warning: (warning.line, warning.column))),
    )


def write_space(path: str | os.PathLike[str], space: SearchSpace) -> None:
    """Write a space durably. Raises FileError."""
    write_durably(path, format_space(space).encode())


def format_space(space: SearchSpace) -> str:
    """The content of a space's file."""
    return format_json(space.document())


def _sort_repeated_keys(document: JsonDocument) -> tuple[list[Problem], list[Problem]]:
    """Repeated keys as problems; as warnings where the file is one of the original program's.

    Its reader kept the last of two equal keys, and at least one of its spaces, which ran and gave results, has a fixed
    parameter twice. Such a file is known by a key that the original program's files carry and that nothing ever read; a space
    written for this program has none. Only `params` is forgiven, and only in a space: a spec is the record of one training.
    """
    params = document.value.get("params")
    original = isinstance(params, dict) and any(key in IGNORED_KEYS for key in params)
    problems = []
    warnings = []
    for repetition, problem in zip(document.repeated_keys, list_repeated_key_problems(document), strict=True):
        if original and len(repetition.path) == 2 and repetition.path[0] == "params":
            key, first = to_printable(str(repetition.path[1])), repetition.first_line
            message = f"`{key}` is said again (first in line {first}); this one counts, as the original program read it"
            warnings.append(document.problem(repetition.path, message))
        else:
            problems.append(problem)
    return problems, warnings


def _read_name(document: JsonDocument, problems: list[Problem]) -> str:
    """The name of the study, that of the file where none is given."""
    name = document.value.get("name", Path(document.name).stem)
    if isinstance(name, str) and _NAME.match(name):
        return name
    if ("name",) not in document.invalid_values:
        message = "`name` becomes a folder: 1 to 80 letters, digits, spaces or any of _ . + -, and a letter or digit first"
        problems.append(document.problem(("name",), message, "name"))
    return ""
