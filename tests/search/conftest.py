"""What the tests of searches share: studies in a folder of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from postgresql import Server, programs
from small_space import Open, space

from gts.formats.space_file import Space
from gts.search.study import Study
from gts.store.workspace import StudyFolder, Workspace


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


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A PostgreSQL server for one file of tests."""
    found = programs()
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL must be there: apt-get install postgresql")
        pytest.skip("PostgreSQL is not installed")
    made = Server(found)
    try:
        made.start()
        yield made
    finally:
        made.remove()
