"""Fixtures of the search tests: studies in a temporary folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gts.formats.space_file import SearchSpace
from gts.search.study import Study
from gts.store.workspace import StudyFolder, Workspace
from tests.support.small_space import Open, space


@pytest.fixture
def folder(tmp_path: Path) -> StudyFolder:
    """Folder of the study."""
    return Workspace(tmp_path).study_folder("small")


@pytest.fixture
def open_study(folder: StudyFolder) -> Iterator[Open]:
    """Function that opens the study of a space as a new process would: `open_study(sampler="random")`."""
    opened: list[Study] = []

    def run(of: SearchSpace | None = None, *, storage: str | None = None, at: StudyFolder = folder, **settings: Any) -> Study:
        opened.append(Study.create_or_load(at, of or space(), storage=storage, settings=settings))
        return opened[-1]

    yield run
    for study in opened:
        study.close()
