"""What the tests of searches share: a small space, studies in a folder of their own, scores that are not trained."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gts.formats.space_file import Space, space_of
from gts.formats.strict_json import parse_json
from gts.search.study import Study
from gts.store.workspace import StudyFolder, Workspace

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


def space(**changes: Any) -> Space:
    """The small space, changed."""
    return space_of(parse_json(json.dumps({**SPACE, **changes}), "small.space"))


@pytest.fixture
def folder(tmp_path: Path) -> StudyFolder:
    """Where the study is."""
    return Workspace(tmp_path).study("small")


@pytest.fixture
def open_study(folder: StudyFolder) -> Iterator[Open]:
    """Opens the study of a space as a new process would; `open_study(sampler="random")`."""
    opened: list[Study] = []

    def run(of: Space | None = None, *, storage: str | None = None, at: StudyFolder = folder, **settings: Any) -> Study:
        opened.append(Study.create_or_load(at, of or space(), storage=storage, settings=settings))
        return opened[-1]

    yield run
    for study in opened:
        study.close()
