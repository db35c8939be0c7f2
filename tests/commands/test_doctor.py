"""`doctor`: what this machine and its packages can do."""

from __future__ import annotations

from pathlib import Path

import pytest


def test_doctor_looks_at_everything(gts, workspace: Path) -> None:
    data = gts("doctor", "--json").data
    assert data["ok"] is True
    found = {(finding["section"], finding["name"]): finding for finding in data["findings"]}
    assert found["packages", "torch"]["value"]
    assert found["processors", "CPUs for this process"]["value"] >= 1
    assert found["workspace", "can be written"]["value"] is True
    assert found["workspace", "free bytes"]["value"] > 0
    assert {section for section, _ in found} == {"python", "packages", "processors", "screen", "workspace"}
    assert "✓" in gts("doctor").out
    assert sorted(path.name for path in workspace.iterdir()) == ["tiny.spec"]


def test_doctor_tells_what_is_missing(gts, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.metadata

    version = importlib.metadata.version

    def without_mujoco(name: str) -> str:
        if name == "mujoco":
            raise importlib.metadata.PackageNotFoundError(name)
        return "2.1.0" if name == "torch" else version(name)

    monkeypatch.setattr(importlib.metadata, "version", without_mujoco)
    outcome = gts("doctor", "--json")
    assert outcome.code == 3
    found = {finding["name"]: finding for finding in outcome.data["findings"]}
    assert (found["mujoco"]["verdict"], found["mujoco"]["remedy"]) == ("bad", "pip install mujoco")
    assert (found["torch"]["verdict"], found["torch"]["value"]) == ("bad", "2.1.0")
