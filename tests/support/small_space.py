"""A space that is small enough to be searched in a moment."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from gts.formats.space_file import SearchSpace, parse_space
from gts.formats.strict_json import parse_json
from gts.search.study import Study

SPACE: dict[str, Any] = {
    "physicalModel": "hopper",
    "name": "small",
    "technique": "ppo",
    "nSteps": 90_000,
    "params": {"nEnvironments": 4},
    "paramSpace": {
        "actor.learningRate": {"min": 1e-4, "max": 1e-2, "log": True},
        "lambda": {"min": 0.8, "max": 1.0},
        "actor.hiddenSize": [16, 32, 64],
    },
}

Open = Callable[..., Study]


def space(**changes: Any) -> SearchSpace:
    """The small space, changed."""
    return parse_space(parse_json(json.dumps({**SPACE, **changes}), "small.space"))
