"""Reads records from files and tables with a check of every field's type, since a file may contain anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import lru_cache
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

_Record = TypeVar("_Record")


def parse_record(record_type: type[_Record], data: Any) -> _Record:
    """Make a frozen record from a mapping; unknown keys are ignored.

    Raises ValueError if it is no mapping, lacks a required field, or has a field of another type.
    """
    if not isinstance(data, Mapping):
        raise ValueError("it is no JSON object")
    hints = _hints(record_type)  # type: ignore[arg-type]
    known = {field.name: data[field.name] for field in fields(record_type) if field.name in data}  # type: ignore[arg-type]
    for name, value in known.items():
        if not _matches_type(value, hints[name]):
            raise ValueError(f"`{name}` is {value!r:.60}")
    try:
        return record_type(**known)
    except TypeError as error:
        raise ValueError("something is missing") from error


@lru_cache(maxsize=64)
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _matches_type(value: Any, hint: Any) -> bool:
    origin = get_origin(hint)
    if hint is Any:
        return True
    if origin is Literal:
        return isinstance(value, str) and value in get_args(hint)
    if origin in (Union, UnionType):
        return any(_matches_type(value, one) for one in get_args(hint))
    if origin is tuple:
        return isinstance(value, tuple) and all(_matches_type(one, get_args(hint)[0]) for one in value)
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, origin or hint)
