"""`gts copy`, `rename`, `delete` and `restore`: files and runs are moved, and nothing is lost."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from gts.jobs.job_lock import JobLock
from gts.store.catalogue import Catalogue
from gts.store.workspace import Workspace


@pytest.fixture
def used(trained: Path, workspace: Path) -> Path:
    """Make an isolated workspace with a finished run; returns its id."""
    shutil.copytree(trained, workspace, dirs_exist_ok=True)
    (run,) = Workspace(workspace).run_ids()
    return Workspace(workspace).run_folder(run).path


def listed(gts) -> list[str]:
    return [job["id"] for job in gts("jobs", "--all", "--json").data["jobs"]]


def test_copy_and_rename_keep_every_byte(gts, workspace: Path) -> None:
    odd = b'{ "technique":"ppo" ,\r\n\t"physicalModel": "hopper"}  \n'
    Path("odd.spec").write_bytes(odd)
    assert gts("copy", "odd.spec", "twin", "--json").data == {"source": "odd.spec", "path": "twin.spec"}
    assert gts("rename", "twin.spec", "v1.2").code == 0
    assert Path("v1.2.spec").read_bytes() == Path("odd.spec").read_bytes() == odd
    assert not Path("twin.spec").exists()


def test_new_name_keeps_folder_or_file_name(gts, workspace: Path) -> None:
    Path("a").mkdir()
    Path("b").mkdir()
    shutil.copy("tiny.spec", "a/one.spec")
    assert gts("copy", "a/one.spec", "two").code == 0
    assert gts("copy", "a/one.spec", "b").code == 0
    assert gts("rename", "a/two.spec", "b/").code == 0
    assert gts("rename", "a/one.spec", "./three").code == 0
    assert sorted(str(path) for path in Path().rglob("*.spec")) == ["b/one.spec", "b/two.spec", "three.spec", "tiny.spec"]


@pytest.mark.parametrize("command", ["copy", "rename"])
def test_existing_files_are_not_overwritten(gts, workspace: Path, command: str) -> None:
    shutil.copy("tiny.spec", "old.spec")
    Path("other.spec").write_text("mine")
    outcome = gts(command, "old.spec", "other")
    assert (outcome.code, outcome.out) == (2, "")
    assert "`other.spec` exists already" in outcome.err
    assert Path("other.spec").read_text() == "mine"
    assert Path("old.spec").exists()
    assert "has the suffix of a space" in gts(command, "old.spec", "other.space").err
    assert "no such file: gone.spec" in gts(command, "gone.spec", "x").err
    assert "the folder does not exist" in gts(command, "old.spec", "nowhere/x").err


def test_run_cannot_be_renamed(gts, used: Path) -> None:
    outcome = gts("rename", "@last", "better")
    assert outcome.code == 2
    assert "is a run, which cannot be renamed" in outcome.err
    assert f"hint: copy a checkpoint of it: gts copy {used}/member1/best.checkpoint NAME" in outcome.err
    assert gts("rename", f"{used}/member1/best.checkpoint", "better").code == 2
    assert gts("copy", f"{used}/member1/best.checkpoint", "./better").code == 0
    assert gts("info", "better.checkpoint").code == 0


def test_files_deleted_together_are_restored_together(gts, workspace: Path) -> None:
    shutil.copy("tiny.spec", "other.spec")
    outcome = gts("delete", "tiny.spec", "other.spec", "tiny.spec")
    assert outcome.code == 0
    assert "to restore them: gts restore" in outcome.out
    assert list(Path().glob("*.spec")) == []
    assert len(gts("restore", "--list", "--json").data["things"]) == 2
    assert gts("restore").code == 0
    assert sorted(path.name for path in Path().glob("*.spec")) == ["other.spec", "tiny.spec"]
    assert gts("restore", "--list").out == "the trash is empty\n"
    assert gts("restore").code == 2


def test_one_of_several_items_is_restored_by_name(gts, workspace: Path) -> None:
    shutil.copy("tiny.spec", "other.spec")
    assert gts("delete", "tiny.spec").code == gts("delete", "other.spec").code == 0
    assert gts("restore", "tiny.spec").code == 0
    assert Path("tiny.spec").exists() and not Path("other.spec").exists()
    Path("other.spec").write_text("mine")
    outcome = gts("restore")
    assert outcome.code == 2
    assert "hint: rename it, then: gts restore 2" in outcome.err
    assert Path("other.spec").read_text() == "mine"


def test_run_is_deleted_and_restored_with_its_catalogue_entry(gts, used: Path) -> None:
    with Catalogue(Path("gts.db"), read_only=True) as catalogue:
        run, checkpoints = catalogue.get_run(used.name), catalogue.checkpoints(used.name)
    assert checkpoints
    before = {path.name for path in used.rglob("*")}
    assert gts("delete", used.name[-3:]).code == 0
    assert not used.exists()
    assert listed(gts) == []
    assert gts("info", used.name).code == 2
    assert gts("restore", used.name).code == 0
    assert listed(gts) == [used.name]
    assert {path.name for path in used.rglob("*")} >= before
    with Catalogue(Path("gts.db"), read_only=True) as catalogue:
        assert (catalogue.get_run(used.name), catalogue.checkpoints(used.name)) == (run, checkpoints)


def test_study_is_deleted_and_restored(gts, workspace: Path) -> None:
    folder = Workspace(workspace).study_folder("small")
    folder.path.mkdir(parents=True)
    folder.study_file.write_text(json.dumps({"name": "small", "storage": "postgresql://host/db"}))
    outcome = gts("delete", "small")
    assert outcome.code == 0
    assert "note: the trials of small are kept in postgresql://host/db" in outcome.err
    assert not folder.path.exists()
    assert gts("restore", "small").code == 0
    assert folder.exists()


def test_running_job_blocks_the_whole_deletion(gts, used: Path) -> None:
    life = JobLock.acquire(used / "lock")
    try:
        outcome = gts("delete", "tiny.spec", "@last")
    finally:
        life.release()
    assert outcome.code == 2
    assert f"{used.name} is running; nothing was deleted" in outcome.err
    assert f"hint: stop it first: gts stop {used.name}" in outcome.err
    assert used.is_dir() and Path("tiny.spec").is_file()
    assert not Path(".trash").exists()


@pytest.mark.parametrize("word", ["gts.db", "notes.txt", "gone.spec", "runs", "."])
def test_other_files_are_not_deleted(gts, used: Path, word: str) -> None:
    Path("notes.txt").write_text("{")
    outcome = gts("delete", word)
    assert (outcome.code, outcome.out) == (2, "")
    assert Path("gts.db").exists() and Path("notes.txt").exists() and used.exists()


def test_file_of_a_run_is_not_deleted_alone(gts, used: Path) -> None:
    checkpoint = used / "member1" / "best.checkpoint"
    assert "delete the run or the study as a whole" in gts("delete", checkpoint).err
    assert checkpoint.exists()
