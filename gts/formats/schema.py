"""JSON Schemas of spec and space files, for editors: generated from the declarations of the parameters.

They travel with the program as `schemas/*.schema.json`; `python -m gts.formats.schema` writes them anew. An editor sees what a
schema can say; the readers of this room say the rest (repeated keys, ranges upside down, conditions in a circle).
"""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from gts.formats.durable import write_durably
from gts.formats.objectives import objectives
from gts.formats.spec_file import json_text
from gts.params.declaration import Parameter, declared
from gts.params.figures import FIGURES
from gts.params.spec import NEVER_READ, RENAMED
from gts.params.techniques import TECHNIQUES

Schema = dict[str, Any]
Kind = Literal["spec", "space"]
KINDS: tuple[Kind, ...] = ("spec", "space")

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_COMMENT: Schema = {
    "description": "Whatever a person wants to note; a list is a text of several lines.",
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
}
_SCALAR: Schema = {"type": ["string", "number", "boolean"]}


def spec_schema() -> Schema:
    """The schema of a `.spec` file."""
    properties = {**_words(), "params": {"$ref": "#/$defs/params"}, "comment": _COMMENT}
    return _top("spec", "One training: a figure, a technique, and the parameters of both.", properties, ("params",))


def space_schema() -> Schema:
    """The schema of a `.space` file."""
    budget = {parameter.key: parameter for parameter in declared(TECHNIQUES["ppo"])}
    properties = {
        **_words(),
        "name": {
            "description": "Name of the study; the file's own where it is not given.",
            "type": "string",
            "pattern": r"^\w[\w .+-]{0,79}$",
        },
        "nSteps": _value(budget["nSteps"]),
        "nEpochs": {key: value for key, value in _value(budget["nEpochs"]).items() if key != "default"},
        "objective": _objective(),
        "params": {"$ref": "#/$defs/params"},
        "paramSpace": {
            "description": "The parameters that are searched: a list of values, or a range.",
            "type": "object",
            "properties": {"comment": _COMMENT},
        },
        "comment": _COMMENT,
    }
    return _top("space", "A family of specs for a search.", properties, ("params", "paramSpace"))


def schema_text(kind: Kind) -> str:
    """A schema as its file has it."""
    schema = spec_schema() if kind == "spec" else space_schema()
    return json_text(schema)


def shipped_schema(kind: Kind) -> str:
    """The schema that travels with the program."""
    return (importlib.resources.files("gts.formats") / "schemas" / f"{kind}.schema.json").read_text(encoding="utf-8")


def write_schemas(folder: Path) -> None:
    """Write both schemas. Raises FileError."""
    for kind in KINDS:
        write_durably(folder / f"{kind}.schema.json", schema_text(kind).encode())


def _top(kind: Kind, meaning: str, properties: Schema, groups: tuple[str, ...]) -> Schema:
    """A whole file: its keys, and what technique and figure decide about those under `groups`."""
    definitions: Schema = {
        "params": {"description": "Parameters by key.", "type": "object", "properties": {"comment": _COMMENT}},
    }
    if "paramSpace" in groups:
        definitions |= _axis_forms()
    conditions = []
    for group in groups:
        for technique, model in TECHNIQUES.items():
            name = f"{group}.{technique}"
            definitions[name] = _group(group, technique, tuple(declared(model)))
            definitions[name]["propertyNames"] = {"anyOf": [{"enum": _names(declared(model))}, {"pattern": "/"}]}
            conditions.append(_where("technique", technique, group, name))
        for figure, declaration in FIGURES.items():
            name = f"{group}.{figure}"
            keys = [parameter.key for parameter in declaration.parameters()]
            definitions[name] = _group(group, figure, tuple(declaration.parameters()))
            definitions[name]["propertyNames"] = {"anyOf": [{"enum": keys}, {"not": {"pattern": "/"}}]}
            conditions.append(_where("physicalModel", figure, group, name))
    return {
        "$schema": _DRAFT,
        "$id": f"urn:gts:{kind}",
        "title": f"GTS {kind}",
        "description": meaning,
        "type": "object",
        "required": ["physicalModel", "technique"],
        "properties": properties,
        "additionalProperties": False,
        "allOf": conditions,
        "$defs": definitions,
    }


def _words() -> Schema:
    return {
        "physicalModel": {"description": "The figure.", "enum": list(FIGURES)},
        "technique": {"description": "The learning method.", "enum": list(TECHNIQUES)},
    }


def _where(key: str, value: str, group: str, name: str) -> Schema:
    """If the file says `key: value`, its `group` is as the definition says."""
    return {
        "if": {"properties": {key: {"const": value}}, "required": [key]},
        "then": {"properties": {group: {"$ref": f"#/$defs/{name}"}}},
    }


def _names(parameters: Iterable[Parameter]) -> list[str]:
    known = [parameter.key for parameter in parameters]
    older = [key for key, target in RENAMED.items() if target in known]
    return [*known, *older, *NEVER_READ, "comment"]


def _group(group: str, owner: str, parameters: tuple[Parameter, ...]) -> Schema:
    if group == "params":
        return {"properties": {parameter.key: _value(parameter) for parameter in parameters}}
    return {"properties": {parameter.key: _axis(parameter, f"#/$defs/params.{owner}/properties") for parameter in parameters}}


def _value(parameter: Parameter) -> Schema:
    """The values of one parameter."""
    unit = f" [{parameter.unit}]" if parameter.unit else ""
    schema: Schema = {"description": parameter.meaning + unit, "default": parameter.default}
    if parameter.kind == "choice":
        return schema | {"enum": list(parameter.choices)}
    schema["type"] = parameter.kind
    if parameter.minimum is not None:
        schema["exclusiveMinimum" if parameter.exclusive_minimum else "minimum"] = parameter.minimum
    if parameter.maximum is not None:
        schema["exclusiveMaximum" if parameter.exclusive_maximum else "maximum"] = parameter.maximum
    return schema


def _axis(parameter: Parameter, place: str) -> Schema:
    """The form of an axis, and that everything in it is a value of the parameter."""
    value = {"$ref": f"{place}/{parameter.key.replace('~', '~0').replace('/', '~1')}"}
    members: Schema = {"values": {"items": value}}
    if parameter.kind in ("integer", "number"):
        members |= {"min": value, "max": value}
        return {"$ref": "#/$defs/listOrRange", "items": value, "properties": members}
    return {"$ref": "#/$defs/list", "items": value, "properties": members}


def _axis_forms() -> Schema:
    """A list of values, the same with a condition, or a range."""
    values: Schema = {"type": "array", "minItems": 1, "maxItems": 1000}
    when: Schema = {
        "description": "The axis is there only where other parameters have these values.",
        "type": "object",
        "additionalProperties": {"anyOf": [_SCALAR, {"type": "array", "items": _SCALAR, "minItems": 1}]},
        "properties": {"comment": _COMMENT},
    }
    around: Schema = {"when": when, "comment": _COMMENT}
    conditional = {"required": ["values"], "properties": {"values": values, **around}}
    bounds: Schema = {"min": {"type": "number"}, "max": {"type": "number"}}
    steps: Schema = {"log": {"type": "boolean"}, "step": {"type": "number", "exclusiveMinimum": 0}}
    between = {"required": ["min", "max"], "properties": bounds | steps | around}
    closed = {"type": "object", "additionalProperties": False}
    return {
        "list": {"anyOf": [values, closed | conditional]},
        "listOrRange": {"anyOf": [values, closed | conditional, closed | between]},
    }


def _objective() -> Schema:
    measures = sorted({measure for figure in FIGURES for measure in objectives(figure)})
    weights = {
        "type": "object",
        "minProperties": 1,
        "properties": {"comment": _COMMENT, **{measure: {"type": "number"} for measure in measures}},
        "additionalProperties": False,
    }
    goal: Schema = {"anyOf": [{"enum": measures}, weights]}
    return {
        "description": "What is made as large as possible: a measure, a weighted sum, or two of these for a Pareto front.",
        "default": "score",
        "anyOf": [*goal["anyOf"], {"type": "array", "items": goal, "minItems": 2, "maxItems": 2}],
    }


if __name__ == "__main__":
    write_schemas(Path(__file__).parent / "schemas")
