"""Repair of a damaged catalogue."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gts.errors import FileError
from gts.jobs import repair
from gts.jobs.repair import repair_catalogue
from gts.store.catalogue import Catalogue
from gts.store.database import move_database_aside
from gts.store.workspace import Workspace
from tests.support.store_records import RUN


def damaged(folder: Path) -> Workspace:
    """A workspace with a damaged catalogue and a journal beside it."""
    (folder / "gts.db").write_bytes(b"nothing that SQLite knows" * 1000)
    (folder / "gts.db-journal").write_bytes(b"half a transaction")
    return Workspace(folder)


def test_the_journal_is_moved_before_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash in between must not leave a journal that SQLite applies to the new catalogue."""
    workspace = damaged(tmp_path)
    rename = Path.rename

    def crash(self: Path, target: Path) -> Path:
        if self.name == "gts.db":
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", crash)
    with pytest.raises(KeyboardInterrupt):
        move_database_aside(workspace.catalogue)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gts-damaged-1.db-journal", "gts.db"]


def test_a_repaired_catalogue_can_be_written(tmp_path: Path) -> None:
    workspace = damaged(tmp_path)
    repair_catalogue(workspace)
    with Catalogue(workspace.catalogue) as catalogue:
        catalogue.put_run(RUN)
        assert catalogue.runs() == [RUN]
    assert repair_catalogue(workspace) is None


def test_a_folder_that_cannot_be_opened_is_a_file_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = damaged(tmp_path)
    monkeypatch.setattr(repair, "_is_damaged", lambda workspace: True)

    def refuse(path: object, flags: int) -> int:
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr(repair.os, "open", refuse)
    with pytest.raises(FileError, match=r"cannot open the folder .*: permission denied"):
        repair_catalogue(workspace)
