"""`doctor`: packages, machine, terminal and workspace."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from gts.commands import doctor


def test_report_has_every_section(gts, workspace: Path) -> None:
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


def test_missing_and_old_packages_are_bad(gts, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


@pytest.mark.parametrize("name", doctor._CORE_PACKAGES)
def test_missing_core_package_is_bad(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.version", _missing)
    found = doctor._check_package(name)
    assert (found.value, found.verdict, found.remedy) == (None, "bad", f"pip install {name}")


@pytest.mark.parametrize("name", doctor._EXTRAS)
def test_missing_optional_package_is_a_note_with_its_extra(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.version", _missing)
    found = doctor._check_package(name)
    assert (found.value, found.verdict) == (None, "note")
    assert f"gts[{doctor._EXTRAS[name]}]" in found.remedy


def test_package_lists_follow_the_project_file() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    extras = {extra: set(map(_package_name, names)) for extra, names in project["optional-dependencies"].items()}
    assert {_package_name(text) for text in project["dependencies"]} - {"imageio"} <= set(doctor._CORE_PACKAGES)
    assert all(name in extras[extra] for name, extra in doctor._EXTRAS.items())


def _missing(name: str) -> str:
    import importlib.metadata

    raise importlib.metadata.PackageNotFoundError(name)


def _package_name(requirement: str) -> str:
    found = re.match(r"[\w.-]+", requirement)
    assert found is not None
    return found[0].lower()
