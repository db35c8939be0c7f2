"""What the tests of the terminal program share: nothing of the person who runs them."""

from __future__ import annotations

from pathlib import Path

import pytest


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
