"""Space files: the parameters that a search varies, and those that stay fixed."""

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
    """A figure, a technique, fixed parameters and searched parameters."""

    figure: str
    technique: str
    name: str
    """Name of the study; its folder is `studies/<name>/`."""
    params: Mapping[str, Any]
    """Fixed parameters by file key; one that is also searched has no effect here."""
    param_space: tuple[SpaceParameter, ...]
    """Searched parameters, in the order of the file."""
    n_steps: int | None = None
    """`nSteps` at the top level; `params` or `param_space` may contain it instead."""
    n_epochs: int | None = None
    """`nEpochs` at the top level."""
    objective: tuple[ObjectiveWeights, ...] = DEFAULT_OBJECTIVES
    """One objective, or two for a Pareto front; each is maximised."""
    comment: str = ""
    warnings: tuple[Problem, ...] = ()

    def fixed_params(self) -> dict[str, Any]:
        """Parameters that the file gives a value, by file key."""
        budget = {"nSteps": self.n_steps, "nEpochs": self.n_epochs}
        return {key: value for key, value in budget.items() if value is not None} | dict(self.params)

    def ordered_parameters(self) -> tuple[SpaceParameter, ...]:
        """Searched parameters in an order for sampling: those that conditions name come first."""
        return sort_by_conditions(self.param_space)

    def is_active(self, parameter: SpaceParameter, values: Mapping[str, Any]) -> bool:
        """Whether a parameter's conditions hold at a point with these values of earlier parameters."""
        return parameter.key in self._list_active_keys(values, stop=parameter.key)

    def spec(self, values: Mapping[str, Any]) -> Spec:
        """Spec of one point; values of inactive parameters are left out.

        Raises ParameterError for an invalid value, a parameter without a value, and a value of an unknown parameter.
        """
        active = self._list_active_keys(values)
        known = {parameter.key for parameter in self.param_space}
        problems = [Problem(unknown_name_message("searched parameter", key, known), key) for key in values if key not in known]
        problems += [Problem(f"the point has no value of `{key}`", key) for key in active if key not in values]
        if problems:
            raise ParameterError(problems)
        return make_spec(self.figure, self.technique, self.fixed_params() | {key: values[key] for key in active})

    def document(self) -> dict[str, Any]:
        """Content of its file."""
        head: dict[str, Any] = {"comment": self.comment} if self.comment else {}
        head |= {"physicalModel": self.figure, "name": self.name, "technique": self.technique}
        head |= {key: value for key, value in (("nSteps", self.n_steps), ("nEpochs", self.n_epochs)) if value is not None}
        if self.objective != DEFAULT_OBJECTIVES:
            head["objective"] = objectives_to_document(self.objective)
        return head | {
            "params": dict(self.params),
            "paramSpace": {parameter.key: parameter.document() for parameter in self.param_space},
        }

    def _list_active_keys(self, values: Mapping[str, Any], stop: str = "") -> list[str]:
        """Keys of active parameters at a point, up to and including `stop`."""
        has_conditions = any(parameter.when for parameter in self.param_space)
        known = make_spec(self.figure, self.technique, self.fixed_params(), partial=True).values() if has_conditions else {}
        active = []
        for parameter in self.ordered_parameters():
            if all(known.get(condition.key) in condition.values for condition in parameter.when):
                active.append(parameter.key)
                known = known | ({parameter.key: values[parameter.key]} if parameter.key in values else {})
            if parameter.key == stop:
                break
        return active


def read_space(path: str | os.PathLike[str]) -> SearchSpace:
    """Read a space file.

    Raises FileError if it cannot be read, FormatError with all errors in it. Errors and warnings have line and column.
    """
    return parse_space(read_json(path, "space"))


def parse_space(document: JsonDocument) -> SearchSpace:
    """Build the space of a JSON document. Raises FormatError with all errors in it."""
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
            problems.append(document.problem(("params", key), f"`{key}` is at the top level too; keep one"))
    budget = {key: members[key] for key in _BUDGET_KEYS if key in members}
    given = budget | params

    def path_of(key: str) -> JsonPath:
        return (key,) if key in budget else ("params", key)

    spec = check_params(document, figure, technique, given, problems, path_of, partial=True)
    reader = SpaceParameterReader(document, figure, technique, problems, warnings)
    parameters = reader.read(read_object(document, "paramSpace", problems))
    objective = read_objectives(document, figure, problems)
    comment = read_comments(document, ((), ("params",), ("paramSpace",)), problems)
    if not members.get("paramSpace"):
        warnings.append(document.problem(("paramSpace",), "`paramSpace` is empty: no parameter is searched"))
    if spec is None or problems:
        raise make_format_error(document, problems)
    warnings += [*technique_warnings, *(document.problem(path_of(warning.key), warning.message) for warning in spec.warnings)]
    return SearchSpace(
        figure=figure,
        technique=technique,
        name=name,
        params={key: value for key, value in spec.given_values.items() if key not in budget},
        param_space=parameters,
        n_steps=budget.get("nSteps"),
        n_epochs=budget.get("nEpochs"),
        objective=objective,
        comment=comment,
        warnings=tuple(sorted(warnings, key=lambda warning: (warning.line, warning.column))),
    )


def write_space(path: str | os.PathLike[str], space: SearchSpace) -> None:
    """Write a space durably. Raises FileError."""
    write_durably(path, format_space(space).encode())


def format_space(space: SearchSpace) -> str:
    """Content of a space file."""
    return format_json(space.document())


def _sort_repeated_keys(document: JsonDocument) -> tuple[list[Problem], list[Problem]]:
    """Repeated keys as (problems, warnings): warnings in `params` of the original program's spaces, problems elsewhere.

    The original's reader kept the last of two equal keys, and at least one of its published spaces repeats a fixed parameter.
    Its files are recognised by a key that no program reads and that new spaces do not have.
    """
    params = document.value.get("params")
    original = isinstance(params, dict) and any(key in IGNORED_KEYS for key in params)
    problems = []
    warnings = []
    for repetition, problem in zip(document.repeated_keys, list_repeated_key_problems(document), strict=True):
        if original and len(repetition.path) == 2 and repetition.path[0] == "params":
            key, first = to_printable(str(repetition.path[1])), repetition.first_line
            message = f"`{key}` is repeated (first in line {first}); this value counts, as in the original program"
            warnings.append(document.problem(repetition.path, message))
        else:
            problems.append(problem)
    return problems, warnings


def _read_name(document: JsonDocument, problems: list[Problem]) -> str:
    """Name of the study, by default that of the file."""
    name = document.value.get("name", Path(document.name).stem)
    if isinstance(name, str) and _NAME.match(name):
        return name
    if ("name",) not in document.invalid_values:
        message = "`name` becomes a folder: use 1 to 80 letters, digits, spaces or _ . + -, beginning with a letter or digit"
        problems.append(document.problem(("name",), message, "name"))
    return ""
