"""What the parts of specs and spaces mean, from the declarations of the parameters."""

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
    "physicalModel": "The figure that learns.",
    "technique": "How it learns.",
    "name": "Name of the study: its folder is `studies/<name>/`.",
    "nSteps": "Environment steps of every trial.",
    "nEpochs": "Rounds of collect and update of every trial.",
    "objective": "What a search makes large: a measure, weights of measures, or a list of two for a Pareto front.",
    "params": "Parameters and their values; what is not said has its default.",
    "paramSpace": "Parameters that are searched: a list of values, or a range with min and max.",
    "comment": "A note: a text, or a list of texts.",
}
SPACE_ONLY_KEYS = ("name", "nSteps", "nEpochs", "objective", "paramSpace")
SEARCH_RANGE_KEYS: Mapping[str, tuple[str, Any]] = {
    "min": ("Smallest value. A whole number here means that only whole numbers are tried.", 0.1),
    "max": ("Largest value.", 1.0),
    "log": ("With true equal ratios are equally likely, not equal differences.", True),
    "step": ("Distance of the values that are tried, from min on.", 1),
    "values": ("The values that are tried.", []),
    "when": ("Keeps the parameter out unless another one has a value: a parameter and its value, or a list of values.", {}),
}


@dataclass(frozen=True)
class ParameterDoc:
    """What a person wants to know about a part."""

    key: str
    description: str
    allowed: str = ""
    default: str = ""
    """As a file has it."""
    unit: str = ""
    parameter: Parameter | None = None


@dataclass(frozen=True)
class DocumentContext:
    """What is written: the kind of file, and what it says about figure and technique, empty where that is unknown."""

    kind: str
    figure: str = ""
    technique: str = ""

    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters that the file may give; those of the half that is known where the other is not."""
        if self.figure and self.technique:
            return spec_parameters(self.figure, self.technique)
        known = spec_parameters(self.figure or next(iter(FIGURES)), self.technique or next(iter(TECHNIQUES)))
        return tuple(one for one in known if (self.figure if "/" in one.key else self.technique))

    def find_parameter(self, key: str) -> Parameter | None:
        """One of them, by its own or an older spelling."""
        current_key = KEY_ALIASES.get(key, key)
        return next((one for one in self.parameters() if one.key == current_key), None)


def detect_document_context(kind: str, values: Mapping[JsonPath, Any]) -> DocumentContext:
    """What a text is about, by what it says."""
    figure, technique = values.get(("physicalModel",)), values.get(("technique",))
    technique = technique.lower() if isinstance(technique, str) else ""
    return DocumentContext(
        kind, figure if isinstance(figure, str) and figure in FIGURES else "", technique if technique in TECHNIQUES else ""
    )


def find_parameter_at(context: DocumentContext, path: JsonPath) -> Parameter | None:
    """The parameter that a place belongs to."""
    keys = [part for part in path if isinstance(part, str)]
    if len(keys) > 3 and keys[0] == "paramSpace" and keys[2] == "when":
        return context.find_parameter(keys[3])
    if len(keys) > 1 and keys[0] in ("params", "paramSpace"):
        return context.find_parameter(keys[1])
    return context.find_parameter(keys[0]) if keys and keys[0] in ("nSteps", "nEpochs") and context.kind == "space" else None


def doc_at(context: DocumentContext, path: JsonPath) -> ParameterDoc | None:
    """What stands at a place, None where nothing is known of it."""
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
    if key == "physicalModel":
        return ", ".join(FIGURES)
    if key == "technique":
        return ", ".join(TECHNIQUES)
    return ", ".join(list_measures(context.figure)) if key == "objective" else ""
