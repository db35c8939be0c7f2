"""`init`: the examples are copied into a workspace, and nothing is overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest

from gts.commands import init


def test_init_copies_the_examples(gts, workspace: Path, examples: Path) -> None:
    data = gts("init", "deep/w", "--json").data
    assert data["made"] == ["hopper/hopper.space", "inverted/invertedPPO.spec"]
    assert (workspace / "deep/w/inverted/invertedPPO.spec").read_text() == "content of inverted/invertedPPO.spec"
    assert sorted(path.name for path in (workspace / "deep/w").iterdir()) == ["gts.db", "hopper", "inverted"]


def test_links_out_of_the_examples_become_text(gts, workspace: Path, examples: Path) -> None:
    (examples / "README.md").write_text("[stays](hopper/hopper.space), [Gymnasium](https://x.org), [the page](../there.md#é).")
    gts("init", "w")
    assert (workspace / "w/README.md").read_text() == "[stays](hopper/hopper.space), [Gymnasium](https://x.org), the page."


def test_init_never_overwrites(gts, workspace: Path, examples: Path) -> None:
    (workspace / "inverted").mkdir()
    (workspace / "inverted" / "invertedPPO.spec").write_text("mine")
    outcome = gts("init")
    assert outcome.code == 0
    assert "wrote 1 file to ., left 1 existing file unchanged" in outcome.out
    assert "next: gts train inverted/invertedPPO.spec" in outcome.out
    assert (workspace / "inverted" / "invertedPPO.spec").read_text() == "mine"
    assert gts("init", "--json").data["made"] == []


def test_init_reports_an_impossible_folder(gts, workspace: Path, examples: Path) -> None:
    outcome = gts("init", "tiny.spec")
    assert outcome.code == 2
    assert "cannot make a workspace in `tiny.spec`" in outcome.err


def test_missing_examples_are_reported(gts, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(init, "__file__", str(workspace / "a" / "b" / "init.py"))
    outcome = gts("init", "w")
    assert outcome.code == 3
    assert not (workspace / "w").exists()


def test_examples_are_valid_and_complete(gts, workspace: Path) -> None:
    made = gts("init", "w", "--json").data["made"]
    files = [f"w/{name}" for name in made if name.endswith((".spec", ".space", ".checkpoint"))]
    assert {f"{figure}/" for figure in ("inverted", "hopper", "walker")} <= {f"{Path(name).parent}/" for name in made}
    checked = gts("check", *files, "--json").data
    assert checked["ok"] is True
    assert [file["warnings"] for file in checked["files"]] == [[]] * len(files)
