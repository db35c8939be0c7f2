"""How two texts differ, in lines and in parameters."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gts.formats.strict_json import JsonPath
from gts_tui.screens.editor.json_syntax import values_in
from gts_tui.screens.editor.parameter_docs import subject_of

MOST_LINES = 2000
_LONGEST = 80


@dataclass(frozen=True)
class Difference:
    """A value that is not the same in both."""

    name: str
    before: str
    """As a file has it; empty where it says nothing."""
    after: str
    default: str
    """Of a parameter: what holds where a file says nothing."""


def lines_of(before: str, after: str, name_before: str, name_after: str) -> list[str]:
    """The difference as `diff -u` writes it; nothing where there is none."""
    found = difflib.unified_diff(before.splitlines(), after.splitlines(), name_before, name_after, lineterm="")
    lines = [line for line, _ in zip(found, range(MOST_LINES), strict=False)]
    if not lines and before != after:
        return ["only the end of the last line differs"]
    return lines


def parameters_of(before: str, after: str, kind: str) -> list[Difference]:
    """The values that differ, in the order of the newer text, then what only the older one says."""
    old, new = _leaves(before), _leaves(after)
    subject = subject_of(kind, values_in(after))
    found = []
    for path in dict.fromkeys((*new, *old)):
        if old.get(path, _MISSING) != new.get(path, _MISSING):
            parameter = subject.parameter(str(path[1])) if len(path) == 2 and path[0] == "params" else None
            default = json.dumps(parameter.default) if parameter else ""
            name = str(path[1]) if path[0] == "params" and len(path) > 1 else " > ".join(map(str, path))
            found.append(Difference(name, _shown(old, path), _shown(new, path), default))
    return found


_MISSING = object()


def _leaves(text: str) -> dict[JsonPath, Any]:
    """Members of the top, of `params` and of `paramSpace`, each whole."""
    values = values_in(text)
    return dict(_members(values))


def _members(values: dict[JsonPath, Any]) -> Iterator[tuple[JsonPath, Any]]:
    order = [path for path in values if len(path) == 1] + [path for path in values if len(path) == 2]
    for path in order:
        inside = path[0] in ("params", "paramSpace")
        if (len(path) == 1 and not inside) or (len(path) == 2 and inside):
            yield path, values[path]


def _shown(values: dict[JsonPath, Any], path: JsonPath) -> str:
    said = json.dumps(values[path], ensure_ascii=False) if path in values else ""
    return said if len(said) <= _LONGEST else said[: _LONGEST - 1] + "…"
