"""Fixtures of the terminal program's tests: isolated user settings and a sample workspace."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gts.store.workspace import Workspace
from tests.support.sample_workspace import furnish


@pytest.fixture(autouse=True)
def own_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Isolate the state and config folders; simulate a 256-colour terminal."""
    folder = tmp_path_factory.mktemp("person")
    monkeypatch.setenv("GTS_STATE", str(folder / "state"))
    monkeypatch.setenv("GTS_CONFIG", str(folder / "config"))
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "COLORTERM", "GTS_WORKSPACE", "TEXTUAL_COLOR_SYSTEM"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create the sample workspace once."""
    return furnish(tmp_path_factory.mktemp("made") / "evening").root


@pytest.fixture
def workspace(furnished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Copy the sample workspace and make it the working directory."""
    root = tmp_path / "evening"
    shutil.copytree(furnished, root)
    monkeypatch.chdir(root)
    return Workspace(root)
