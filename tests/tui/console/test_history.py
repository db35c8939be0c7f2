"""History: across sessions, in read-only workspaces, and the cursor in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gts.store.catalogue import Catalogue
from gts.store.workspace import Workspace
from gts_tui.console.history import History, HistoryCursor


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    with Catalogue(tmp_path / "gts.db"):
        return Workspace(tmp_path)


def test_two_programs_share_the_history(workspace: Workspace) -> None:
    here, there = History(workspace), History(workspace)
    here.add("train a.spec", 0)
    there.add("stop k3f", 2)
    here.load()
    assert here.lines == ("train a.spec", "stop k3f")
    new = History(workspace)
    new.load()
    assert new.lines == ("stop k3f", "train a.spec")


def test_a_line_is_kept_once_and_newest(workspace: Workspace) -> None:
    history = History(workspace)
    for line in ("info a", "info b", "info a"):
        history.add(line, 0)
    history.load()
    assert history.lines == ("info a", "info b")


def test_no_file_is_written_without_a_catalogue(workspace: Workspace, tmp_path: Path) -> None:
    reader = History(workspace, persistent=False)
    reader.add("info a", 0)
    assert reader.lines == ("info a",)
    with Catalogue(workspace.catalogue, read_only=True) as catalogue:
        assert catalogue.commands() == []
    nowhere = tmp_path / "empty"
    nowhere.mkdir()
    visitor = History(Workspace(nowhere))
    visitor.add("help", 0)
    visitor.load()
    assert visitor.lines == ("help",)
    assert list(nowhere.iterdir()) == []


def test_a_store_that_fails_costs_nothing_but_the_memory(workspace: Workspace) -> None:
    workspace.catalogue.write_bytes(b"nothing that SQLite knows" * 100)
    history = History(workspace)
    history.add("info a", 0)
    history.load()
    assert history.lines == ("info a",)


def test_the_cursor_keeps_the_typed_prefix(workspace: Workspace) -> None:
    history = History(workspace)
    for line in ("train a.spec", "info a", "train b.spec", "stop x"):
        history.add(line, 0)
    walk = HistoryCursor.start(history, "train")
    assert [walk.move(1), walk.move(1), walk.move(1)] == ["train b.spec", "train a.spec", "train a.spec"]
    assert [walk.move(-1), walk.move(-1), walk.move(-1)] == ["train b.spec", "train", "train"]
    assert history.with_prefix("tra") == "train b.spec"
    assert history.with_prefix("train a.spec") == ""


def test_capitals_count_in_a_search_that_has_some(workspace: Workspace) -> None:
    history = History(workspace)
    for line in ("info hopperPPO.spec", "info HOPPER.spec"):
        history.add(line, 0)
    assert history.containing("hopper") == ["info HOPPER.spec", "info hopperPPO.spec"]
    assert history.containing("HOPPER") == ["info HOPPER.spec"]
