"""JSON Schemas of spec and space files for editors, generated from the parameter declarations.

They are installed as `schemas/*.schema.json`; `python -m gts.formats.schema` updates them. Some errors are beyond JSON Schema
and found by the readers only: repeated keys, ranges with min above max, cyclic conditions.
"""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from gts.formats.durable import write_durably
from gts.formats.objectives import list_measures
from gts.formats.spec_file import format_json
from gts.params.declaration import Parameter, model_parameters
from gts.params.figures import FIGURES
from gts.params.spec import IGNORED_KEYS, KEY_ALIASES
from gts.params.techniques import TECHNIQUES

Schema = dict[str, Any]
SchemaKind = Literal["spec", "space"]
SCHEMA_KINDS: tuple[SchemaKind, ...] = ("spec", "space")

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_COMMENT: Schema = {
    "description": "A free comment; a list has one element per line.",
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
}
_SCALAR: Schema = {"type": ["string", "number", "boolean"]}


def make_spec_schema() -> Schema:
    """The schema of a `.spec` file."""
    properties = {**_make_name_properties(), "params": {"$ref": "#/$defs/params"}, "comment": _COMMENT}
    return _make_file_schema(
        "spec", "One training: a figure, a technique, and the parameters of both.", properties, ("params",)
    )


def make_space_schema() -> Schema:
    """The schema of a `.space` file."""
    budget = {parameter.key: parameter for parameter in model_parameters(TECHNIQUES["ppo"])}
    properties = {
        **_make_name_properties(),
        "name": {
            "description": "Name of the study; by default that of the file.",
            "type": "string",
            "pattern": r"^\w[\w .+-]{0,79}$",
        },
        "nSteps": _make_value_schema(budget["nSteps"]),
        "nEpochs": {key: value for key, value in _make_value_schema(budget["nEpochs"]).items() if key != "default"},
        "objective": _make_objective_schema(),
        "params": {"$ref": "#/$defs/params"},
        "paramSpace": {
            "description": "The searched parameters: a list of values, or a range.",
            "type": "object",
            "properties": {"comment": _COMMENT},
        },
        "comment": _COMMENT,
    }
    return _make_file_schema("space", "A family of specs for a search.", properties, ("params", "paramSpace"))


def format_schema(kind: SchemaKind) -> str:
    """Text of a schema file."""
    schema = make_spec_schema() if kind == "spec" else make_space_schema()
    return format_json(schema)


def read_shipped_schema(kind: SchemaKind) -> str:
    """Text of the installed schema."""
    return (importlib.resources.files("gts.formats") / "schemas" / f"{kind}.schema.json").read_text(encoding="utf-8")


def write_schemas(folder: Path) -> None:
    """Write all schemas. Raises FileError."""
    for kind in SCHEMA_KINDS:
        write_durably(folder / f"{kind}.schema.json", format_schema(kind).encode())


def _make_file_schema(kind: SchemaKind, description: str, properties: Schema, groups: tuple[str, ...]) -> Schema:
    """Schema of a file: its keys, and the keys under `groups` for each technique and figure."""
    definitions: Schema = {
        "params": {"description": "Parameters by key.", "type": "object", "properties": {"comment": _COMMENT}},
    }
    if "paramSpace" in groups:
        definitions |= _make_parameter_forms()
    conditions = []
    for group in groups:
        for technique, model in TECHNIQUES.items():
            name = f"{group}.{technique}"
            definitions[name] = _make_group_schema(group, technique, tuple(model_parameters(model)))
            definitions[name]["propertyNames"] = {
                "anyOf": [{"enum": _list_allowed_names(model_parameters(model))}, {"pattern": "/"}]
            }
            conditions.append(_make_condition("technique", technique, group, name))
        for figure, declaration in FIGURES.items():
            name = f"{group}.{figure}"
            keys = [parameter.key for parameter in declaration.parameters()]
            definitions[name] = _make_group_schema(group, figure, tuple(declaration.parameters()))
            definitions[name]["propertyNames"] = {"anyOf": [{"enum": keys}, {"not": {"pattern": "/"}}]}
            conditions.append(_make_condition("physicalModel", figure, group, name))
    return {
        "$schema": _DRAFT,
        "$id": f"urn:gts:{kind}",
        "title": f"GTS {kind}",
        "description": description,
        "type": "object",
        "required": ["physicalModel", "technique"],
        "properties": properties,
        "additionalProperties": False,
        "allOf": conditions,
        "$defs": definitions,
    }


def _make_name_properties() -> Schema:
    return {
        "physicalModel": {"description": "The figure.", "enum": list(FIGURES)},
        "technique": {"description": "The learning method.", "enum": list(TECHNIQUES)},
    }


def _make_condition(key: str, value: str, group: str, name: str) -> Schema:
    """If the file has `key: value`, its `group` follows the definition `name`."""
    return {
        "if": {"properties": {key: {"const": value}}, "required": [key]},
        "then": {"properties": {group: {"$ref": f"#/$defs/{name}"}}},
    }


def _list_allowed_names(parameters: Iterable[Parameter]) -> list[str]:
    known = [parameter.key for parameter in parameters]
    aliases = [key for key, target in KEY_ALIASES.items() if target in known]
    return [*known, *aliases, *IGNORED_KEYS, "comment"]


def _make_group_schema(group: str, owner: str, parameters: tuple[Parameter, ...]) -> Schema:
    if group == "params":
        return {"properties": {parameter.key: _make_value_schema(parameter) for parameter in parameters}}
    return {
        "properties": {
            parameter.key: _make_parameter_schema(parameter, f"#/$defs/params.{owner}/properties") for parameter in parameters
        }
    }


def _make_value_schema(parameter: Parameter) -> Schema:
    """Schema of a parameter's values."""
    unit = f" [{parameter.unit}]" if parameter.unit else ""
    schema: Schema = {"description": parameter.description + unit, "default": parameter.default}
    if parameter.kind == "choice":
        return schema | {"enum": list(parameter.choices)}
    schema["type"] = parameter.kind
    if parameter.minimum is not None:
        schema["exclusiveMinimum" if parameter.exclusive_minimum else "minimum"] = parameter.minimum
    if parameter.maximum is not None:
        schema["exclusiveMaximum" if parameter.exclusive_maximum else "maximum"] = parameter.maximum
    return schema


def _make_parameter_schema(parameter: Parameter, pointer: str) -> Schema:
    """Schema of a searched parameter; `pointer` leads to the schemas of values."""
    value = {"$ref": f"{pointer}/{parameter.key.replace('~', '~0').replace('/', '~1')}"}
    members: Schema = {"values": {"items": value}}
    if parameter.kind in ("integer", "number"):
        members |= {"min": value, "max": value}
        return {"$ref": "#/$defs/listOrRange", "items": value, "properties": members}
    return {"$ref": "#/$defs/list", "items": value, "properties": members}


def _make_parameter_forms() -> Schema:
    """Forms of a searched parameter: a list of values, the same with a condition, or a range."""
    values: Schema = {"type": "array", "minItems": 1, "maxItems": 1000}
    when: Schema = {
        "description": "The parameter is searched only if other parameters have these values.",
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


def _make_objective_schema() -> Schema:
    measures = sorted({measure for figure in FIGURES for measure in list_measures(figure)})
    weights = {
        "type": "object",
        "minProperties": 1,
        "properties": {"comment": _COMMENT, **{measure: {"type": "number"} for measure in measures}},
        "additionalProperties": False,
    }
    goal: Schema = {"anyOf": [{"enum": measures}, weights]}
    return {
        "description": "The maximised objective: a measure, a weighted sum, or two of these for a Pareto front.",
        "default": "score",
        "anyOf": [*goal["anyOf"], {"type": "array", "items": goal, "minItems": 2, "maxItems": 2}],
    }


if __name__ == "__main__":
    write_schemas(Path(__file__).parent / "schemas")
