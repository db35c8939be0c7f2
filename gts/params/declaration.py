"""Declaration of a parameter in one line: key, default, bounds, unit and a sentence.

File readers, the option `--set`, the reference, the JSON Schemas and the forms of the terminal program read these
declarations.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo


class ParameterModel(BaseModel):
    """Base of all groups of parameters: frozen, with strict types and without unknown keys."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        allow_inf_nan=False,
        validate_default=True,
        validate_by_name=False,
        validate_by_alias=True,
        serialize_by_alias=True,
    )


def parameter(
    key: str,
    default: Any,
    description: str,
    *,
    unit: str = "",
    shared: bool = False,
    gt: float | None = None,
    ge: float | None = None,
    lt: float | None = None,
    le: float | None = None,
) -> Any:
    """Declare a parameter.

    `key`: spelling in files; `description`: one sentence; `shared`: whether all members of a cohort must agree in it, since it
    decides the shapes of tensors or the order of computation; `gt`, `ge`, `lt`, `le`: bounds.
    """
    return Field(
        default,
        alias=key,
        description=description,
        gt=gt,
        ge=ge,
        lt=lt,
        le=le,
        json_schema_extra={"unit": unit, "shape": shared},
    )


@dataclass(frozen=True)
class Parameter:
    """A declared parameter."""

    key: str
    """Spelling in files, `actor.learningRate`."""
    name: str
    """Spelling in Python, `actor_learning_rate`."""
    kind: Literal["integer", "number", "boolean", "choice"]
    default: Any
    description: str
    unit: str
    is_shared: bool
    """Whether all members of a cohort must agree in it."""
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: bool = False
    exclusive_maximum: bool = False

    @property
    def allowed(self) -> str:
        """Description of the allowed values: `a number > 0, ≤ 1`."""
        if self.kind == "choice":
            return "one of " + ", ".join(f'"{choice}"' for choice in self.choices)
        if self.kind == "boolean":
            return "true or false"
        words = "a whole number" if self.kind == "integer" else "a number"
        bounds = []
        if self.minimum is not None:
            bounds.append(f"{'>' if self.exclusive_minimum else '≥'} {_format_number(self.minimum)}")
        if self.maximum is not None:
            bounds.append(f"{'<' if self.exclusive_maximum else '≤'} {_format_number(self.maximum)}")
        return " ".join([words, ", ".join(bounds)]).strip()

    def accepts(self, value: Any) -> bool:
        """Whether a value is a finite number within the bounds; for parameters of the kinds integer and number."""
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e300:
            return False
        low, high = self.minimum, self.maximum
        if low is not None and (value < low or (self.exclusive_minimum and value == low)):
            return False
        return high is None or (value < high if self.exclusive_maximum else value <= high)


def model_parameters(model: type[ParameterModel]) -> Iterator[Parameter]:
    """The parameters of a model, in the order of their declaration."""
    return iter(_cached_parameters(model))


@functools.cache
def _cached_parameters(model: type[ParameterModel]) -> tuple[Parameter, ...]:
    return tuple(_read_fields(model))


def _read_fields(model: type[ParameterModel]) -> Iterator[Parameter]:
    for name, field in model.model_fields.items():
        extra = field.json_schema_extra
        assert isinstance(extra, dict)
        choices = _choices(field)
        low, low_open = _bound(field, "ge", "gt")
        high, high_open = _bound(field, "le", "lt")
        yield Parameter(
            key=field.alias or name,
            name=name,
            kind=_kind(field, choices),
            default=field.default,
            description=field.description or "",
            unit=str(extra["unit"]),
            is_shared=bool(extra["shape"]),
            choices=choices,
            minimum=low,
            maximum=high,
            exclusive_minimum=low_open,
            exclusive_maximum=high_open,
        )


def _format_number(bound: float) -> str:
    """Format a bound without rounding: 4294967296, not 4.29497e+09."""
    short = f"{bound:g}"
    return short if float(short) == bound else f"{bound:.0f}" if bound.is_integer() else repr(bound)


def _choices(field: FieldInfo) -> tuple[str, ...]:
    return get_args(field.annotation) if get_origin(field.annotation) is Literal else ()


def _kind(field: FieldInfo, choices: tuple[str, ...]) -> Literal["integer", "number", "boolean", "choice"]:
    if choices:
        return "choice"
    if field.annotation is bool:
        return "boolean"
    return "integer" if field.annotation is int else "number"


def _bound(field: FieldInfo, closed: str, opened: str) -> tuple[float | None, bool]:
    for constraint in field.metadata:
        for name in (closed, opened):
            if getattr(constraint, name, None) is not None:
                return float(getattr(constraint, name)), name == opened
    return None, False
