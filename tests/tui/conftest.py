"""What the tests of the terminal program share: nothing of the person who runs them, and a workspace that was much used."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gts.store.workspace import Workspace
from tests.support.sample_workspace import furnish


@pytest.fixture(autouse=True)
def own_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder and a config folder of their own; a terminal of many colours."""
    folder = tmp_path_factory.mktemp("person")
    monkeypatch.setenv("GTS_STATE", str(folder / "state"))
    monkeypatch.setenv("GTS_CONFIG", str(folder / "config"))
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "COLORTERM", "GTS_WORKSPACE", "TEXTUAL_COLOR_SYSTEM"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some evenings' work, made once."""
    return furnish(tmp_path_factory.mktemp("made") / "evening").root


@pytest.fixture
def workspace(furnished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A copy of it, which is where the test works."""
    root = tmp_path / "evening"
    shutil.copytree(furnished, root)
    monkeypatch.chdir(root)
    return Workspace(root)
