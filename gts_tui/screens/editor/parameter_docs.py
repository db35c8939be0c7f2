"""Documentation of keys and values in specs and spaces, taken from the parameter declarations."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gts.formats.objectives import list_measures
from gts.formats.strict_json import JsonPath
from gts.params.declaration import Parameter
from gts.params.figures import FIGURES
from gts.params.spec import IGNORED_KEYS, KEY_ALIASES, spec_parameters
from gts.params.techniques import TECHNIQUES

TOP_LEVEL_KEYS: Mapping[str, str] = {
    "physicalModel": "Figure to train.",
    "technique": "Learning technique.",
    "name": "Name of the study: its folder is `studies/<name>/`.",
    "nSteps": "Environment steps of every trial.",
    "nEpochs": "Rounds of collect and update of every trial.",
    "objective": "Objective to maximise: a measure, weights of measures, or a list of two for a Pareto front.",
    "params": "Parameters and their values; all others have their defaults.",
    "paramSpace": "Parameters to search: a list of values, or a range with min and max.",
    "comment": "A note: a text, or a list of texts.",
}
TOP_LEVEL_CHOICES: Mapping[str, Mapping[str, Any]] = {"physicalModel": FIGURES, "technique": TECHNIQUES}
"""Keys of the top level whose value is one of a few names."""
SPACE_ONLY_KEYS = ("name", "nSteps", "nEpochs", "objective", "paramSpace")
SEARCH_RANGE_KEYS: Mapping[str, tuple[str, Any]] = {
    "min": ("Smallest value. If it is a whole number, only whole numbers are tried.", 0.1),
    "max": ("Largest value.", 1.0),
    "log": ("If true, the logarithm of the value is sampled evenly.", True),
    "step": ("Distance between the values that are tried, from min on.", 1),
    "values": ("Values to try.", []),
    "when": ("Searches the parameter only if another one has a value: a parameter with its value or a list of values.", {}),
}


@dataclass(frozen=True)
class ParameterDoc:
    """Documentation of a key."""

    key: str
    description: str
    allowed: str = ""
    default: str = ""
    """Default as JSON text; empty for keys that are not parameters."""
    unit: str = ""
    parameter: Parameter | None = None


@dataclass(frozen=True)
class DocumentContext:
    """Kind, figure and technique of a document; figure and technique are empty if the text does not name valid ones."""

    kind: str
    figure: str = ""
    technique: str = ""

    def parameters(self) -> tuple[Parameter, ...]:
        """Return the parameters that the document may set; if figure or technique is unknown, only those of the other."""
        if self.figure and self.technique:
            return spec_parameters(self.figure, self.technique)
        known = spec_parameters(self.figure or next(iter(FIGURES)), self.technique or next(iter(TECHNIQUES)))
        return tuple(one for one in known if (self.figure if "/" in one.key else self.technique))

    def find_parameter(self, key: str) -> Parameter | None:
        """Find a parameter by its key or an alias; None if the document may not set it."""
        current_key = KEY_ALIASES.get(key, key)
        return next((one for one in self.parameters() if one.key == current_key), None)


def detect_document_context(kind: str, values: Mapping[JsonPath, Any]) -> DocumentContext:
    """Return the context of a document from its values by path."""
    figure, technique = values.get(("physicalModel",)), values.get(("technique",))
    technique = technique.lower() if isinstance(technique, str) else ""
    return DocumentContext(
        kind, figure if isinstance(figure, str) and figure in FIGURES else "", technique if technique in TECHNIQUES else ""
    )


def find_parameter_at(context: DocumentContext, path: JsonPath) -> Parameter | None:
    """Find the parameter that a path belongs to, or None."""
    keys = [part for part in path if isinstance(part, str)]
    if len(keys) > 3 and keys[0] == "paramSpace" and keys[2] == "when":
        return context.find_parameter(keys[3])
    if len(keys) > 1 and keys[0] in ("params", "paramSpace"):
        return context.find_parameter(keys[1])
    return context.find_parameter(keys[0]) if keys and keys[0] in ("nSteps", "nEpochs") and context.kind == "space" else None


def doc_at(context: DocumentContext, path: JsonPath) -> ParameterDoc | None:
    """Return the documentation of a path, or None."""
    keys = [part for part in path if isinstance(part, str)]
    if not keys:
        return None
    if len(keys) == 3 and keys[0] == "paramSpace" and keys[2] in SEARCH_RANGE_KEYS:
        found = find_parameter_at(context, path)
        return ParameterDoc(f"{keys[1]} > {keys[2]}", SEARCH_RANGE_KEYS[keys[2]][0], found.allowed if found else "")
    parameter = find_parameter_at(context, path)
    if parameter is not None:
        return ParameterDoc(
            parameter.key, parameter.description, parameter.allowed, json.dumps(parameter.default), parameter.unit, parameter
        )
    if keys[-1] in IGNORED_KEYS:
        return ParameterDoc(keys[-1], f"Never read: {IGNORED_KEYS[keys[-1]]}.")
    if keys[0] in TOP_LEVEL_KEYS and (len(keys) == 1 or keys[0] in ("objective", "comment")):
        return ParameterDoc(keys[0], TOP_LEVEL_KEYS[keys[0]], _allowed_values(context, keys[0]))
    return None


def _allowed_values(context: DocumentContext, key: str) -> str:
    return ", ".join(list_measures(context.figure) if key == "objective" else TOP_LEVEL_CHOICES.get(key, ()))
