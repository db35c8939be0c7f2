"""The trash: deleted files are restored to their former paths, with their rows in the catalogue."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from gts.errors import FileError, UsageError
from gts.store.catalogue import Catalogue, CheckpointRecord
from gts.store.transfer import copy_file, move_path
from gts.store.trash import Trash
from gts.store.workspace import Workspace
from tests.support.store_records import JOB, RUN

NASTY = ("[b]bold.spec", "ходок 🦘.spec", "two\nlines.spec", "a" * 250, "\udcff.spec")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def make(workspace: Workspace, name: str, text: str = "{}") -> Path:
    path = workspace.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", NASTY)
def test_a_file_comes_back_whatever_its_name(workspace: Workspace, name: str) -> None:
    path = make(workspace, f"hopper/{name}", "content")
    trash = Trash(workspace)
    trash.discard(path, "spec", batch=1)
    assert not path.exists()
    (one,) = trash.last_batch()
    assert one.content.read_text() == "content"
    assert trash.restore(one) == path
    assert path.read_text() == "content"
    assert (trash.entries(), list(trash.folder.iterdir())) == ([], [])


def test_its_folder_is_made_again(workspace: Workspace) -> None:
    path = make(workspace, "deep/er/a.spec")
    trash = Trash(workspace)
    one = trash.discard(path, "spec", batch=1)
    path.parent.rmdir()
    trash.restore(one)
    assert path.is_file()


def test_what_was_deleted_together_comes_back_together(workspace: Workspace) -> None:
    trash = Trash(workspace)
    for together, name in enumerate(("a.spec", "b.spec", "c.spec")):
        trash.discard(make(workspace, name), "spec", batch=min(together, 1))
    assert {one.origin for one in trash.last_batch()} == {"b.spec", "c.spec"}
    assert [one.origin for one in trash.entries()][-1] == "a.spec"


def test_nothing_is_written_over(workspace: Workspace) -> None:
    trash = Trash(workspace)
    one = trash.discard(make(workspace, "a.spec", "old"), "spec", batch=1)
    path = make(workspace, "a.spec", "new")
    with pytest.raises(FileError, match="exists already") as raised:
        trash.restore(one)
    assert one.name in raised.value.hint
    assert (path.read_text(), one.content.read_text()) == ("new", "old")


def test_two_of_one_name_are_two_things(workspace: Workspace) -> None:
    trash = Trash(workspace)
    for together, text in enumerate(("first", "second")):
        trash.discard(make(workspace, "a.spec", text), "spec", batch=together)
    assert trash.find("a.spec").content.read_text() == "second"
    with pytest.raises(UsageError, match="2 deleted files"):
        trash.find("spec")
    with pytest.raises(UsageError, match="no `z`"):
        trash.find("z")


def test_half_of_a_thing_counts_as_nothing(workspace: Workspace) -> None:
    trash = Trash(workspace)
    for name, text in (("killed", ""), ("damaged", "{"), ("foreign", '{"kind": 1}')):
        make(workspace, f".trash/{name}/from.json", text)
    make(workspace, ".trash/a file")
    assert trash.entries() == []
    trash.discard(make(workspace, "a.spec"), "spec", batch=1)
    assert len(trash.entries()) == 1


def test_a_file_that_cannot_be_moved_stays(workspace: Workspace) -> None:
    trash = Trash(workspace)
    with pytest.raises(FileError, match="no such file"):
        trash.discard(workspace.root / "none.spec", "spec", batch=1)
    assert list(trash.folder.iterdir()) == []


def test_the_catalogue_forgets_and_remembers(workspace: Workspace) -> None:
    run = workspace.run_folder(RUN.id)
    make(workspace, f"runs/{RUN.id}/run.json")
    checkpoint = CheckpointRecord(f"runs/{RUN.id}/member1/best.checkpoint", RUN.id, 0, "best", 5, "abc", "2026-11-22T08:15:30Z")
    with Catalogue(workspace.catalogue) as catalogue:
        catalogue.put_many([RUN, replace(RUN, id="other")], [replace(JOB, id=RUN.id)])
        catalogue.put_checkpoint(checkpoint)
        trash = Trash(workspace)
        one = trash.discard(run.path, "run", batch=1)
        assert (catalogue.get_run(RUN.id), catalogue.get_job(RUN.id), catalogue.checkpoints(RUN.id)) == (None, None, [])
        assert catalogue.get_run("other") is not None
        trash.restore(trash.find(one.name))
        assert (catalogue.get_run(RUN.id), catalogue.get_job(RUN.id)) == (RUN, replace(JOB, id=RUN.id))
        assert catalogue.checkpoints(RUN.id) == [checkpoint]
    assert run.exists()


def test_a_damaged_catalogue_keeps_nobody_from_deleting(workspace: Workspace) -> None:
    workspace.catalogue.write_bytes(b"no database" * 1000)
    make(workspace, "runs/a/run.json")
    trash = Trash(workspace)
    trash.restore(trash.discard(workspace.run_folder("a").path, "run", batch=1))
    assert workspace.run_folder("a").exists()


def test_moving_and_copying_never_replace(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_bytes(b"\x00old")
    new.write_bytes(b"new")
    (tmp_path / "folder").mkdir()
    for does in (move_path, copy_file):
        for target in (new, tmp_path / "folder", old):
            with pytest.raises(FileError, match="exists already"):
                does(old, target)
        with pytest.raises(FileError, match="folder does not exist"):
            does(old, tmp_path / "none" / "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "new", "old"]
    copy_file(old, tmp_path / "copy")
    move_path(old, tmp_path / "moved")
    assert (tmp_path / "copy").read_bytes() == (tmp_path / "moved").read_bytes() == b"\x00old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "folder", "moved", "new"]


def test_where_links_are_unknown_it_is_renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_link(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", no_link)
    (tmp_path / "old").write_text("old")
    move_path(tmp_path / "old", tmp_path / "new")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_a_record_that_cannot_be_read_does_not_keep_the_others_out(workspace: Workspace) -> None:
    with Catalogue(workspace.catalogue) as catalogue:
        catalogue.put_many([RUN], [JOB])
        catalogue.put_checkpoint(CheckpointRecord("runs/x/a.checkpoint", RUN.id, 0, "last", 1, "abc", "2026-11-22T08:15:30Z"))
    make(workspace, f"runs/{RUN.id}/run.json")
    trash = Trash(workspace)
    trash.discard(workspace.run_folder(RUN.id).path, "run", batch=1)
    (one,) = trash.entries()
    broken = dict(one.records["job"]) | {"recorded_state": "no such state"}
    trash.restore(replace(one, records={**one.records, "job": broken}))
    with Catalogue(workspace.catalogue) as catalogue:
        assert catalogue.get_run(RUN.id) == RUN
        assert catalogue.get_job(JOB.id) is None
        assert len(catalogue.checkpoints(RUN.id)) == 1
