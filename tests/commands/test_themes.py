"""`gts themes`: the list, and errors of invalid files."""

from __future__ import annotations

from pathlib import Path

import pytest

MINE = """\
name = "mine"
about = "Of my own."
[colours]
primary = "#4040ff"
background = "#000000"
foreground = "#ffffff"
"""


@pytest.fixture(autouse=True)
def config(workspace: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("config")
    monkeypatch.setenv("GTS_CONFIG", str(folder))
    return folder


def lay(folder: Path, text: str, name: str = "mine.toml") -> Path:
    (folder / "themes").mkdir(exist_ok=True)
    path = folder / "themes" / name
    path.write_text(text)
    return path


def test_themes_are_listed_by_origin(gts, workspace: Path, config: Path) -> None:
    lay(config, MINE)
    lay(workspace, MINE.replace("mine", "ours").replace("Of my own", "Of this place"))
    listed = {theme["name"]: theme for theme in gts("themes", "--json").data["themes"]}
    assert {"dark", "light", "high-contrast", "blue-orange", "16-colour", "monochrome"} <= set(listed)
    assert [listed[name]["origin"] for name in ("dark", "mine", "ours")] == ["program", "user", "workspace"]
    shown = gts("themes").out
    assert "Of my own." in shown and "Of this place." in shown and str(config) in shown


def test_workspace_theme_replaces_user_theme(gts, workspace: Path, config: Path) -> None:
    lay(config, MINE)
    ours = lay(workspace, MINE)
    listed = [theme for theme in gts("themes", "list", "--json").data["themes"] if theme["name"] == "mine"]
    assert [theme["path"] for theme in listed] == [str(ours)]


def test_builtin_themes_are_valid(gts) -> None:
    outcome = gts("themes", "check", "--json")
    assert (outcome.code, outcome.data["ok"]) == (0, True)
    assert len(outcome.data["files"]) >= 6


def test_invalid_theme_is_listed_with_its_errors(gts, workspace: Path) -> None:
    path = lay(workspace, MINE.replace("primary", "primery").replace("#000000", "#00000"))
    shown = gts("themes")
    assert shown.code == 0
    assert f"{path}:4:1: unknown key `primery` in [colours]; did you mean `primary`?" in shown.out
    checked = gts("themes", "check", "themes/mine.toml")
    assert checked.code == 2
    assert "mine.toml:5:1: `background` is '#00000', which is not a colour" in checked.out
    data = gts("themes", "check", "--json")
    assert data.code == 2 and data.data["ok"] is False
    (bad,) = [file for file in data.data["files"] if file["errors"]]
    assert {problem["line"] for problem in bad["errors"]} == {3, 4, 5}


@pytest.mark.parametrize(("content", "said"), [(b"", "is empty"), (b"\xff\xfe\x00", "TOML"), (b"[" * 5000, "TOML")])
def test_binary_theme_file_is_an_error(gts, workspace: Path, content: bytes, said: str) -> None:
    (workspace / "x.toml").write_bytes(content)
    checked = gts("themes", "check", "x.toml")
    assert checked.code == 2
    assert said in checked.out


def test_themes_wrong_usage(gts) -> None:
    assert gts("themes", "check", "nowhere.toml").code == 2
    assert "not one of" in gts("themes", "paint").err
    assert "takes no files" in gts("themes", "list", "x.toml").err
