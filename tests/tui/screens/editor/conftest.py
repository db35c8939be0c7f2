"""A workspace for the tests of the editor."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gts.store.workspace import Workspace
from tests.support.sample_workspace import EXAMPLES


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Specs and spaces of two figures, as the current folder."""
    root = tmp_path / "work"
    for figure in ("hopper", "inverted"):
        shutil.copytree(EXAMPLES / figure, root / figure)
    monkeypatch.setenv("GTS_STATE", str(tmp_path / "state"))
    monkeypatch.chdir(root)
    return Workspace(root)
