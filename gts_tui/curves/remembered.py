"""What a person wants to see first, kept from one evening to the next."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

_FILE = "pinned.json"


def pinned_charts() -> frozenset[str]:
    """The charts that are pinned; none where nothing was kept."""
    try:
        kept = json.loads(_path().read_text(encoding="utf-8"))
        return frozenset(str(one) for one in kept["charts"])
    except (OSError, ValueError, KeyError, TypeError):
        return frozenset()


def keep_pinned(charts: Collection[str]) -> str:
    """Keep which charts are pinned; why that is impossible, or nothing."""
    path = _path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"charts": sorted(charts)}) + "\n", encoding="utf-8")
    except OSError as error:
        return f"cannot keep this in {path}: {(error.strerror or str(error)).lower()}"
    return ""


def _path() -> Path:
    from gts.system import this_system

    return this_system().state_folder() / _FILE
