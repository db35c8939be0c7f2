"""Finding a workspace, naming its runs."""

from datetime import datetime
from pathlib import Path

import pytest

from gts.errors import FileError
from gts.store.workspace import Workspace, find_files, find_workspace, make_run_id, short_run_name
from gts.system.filesystem import file_system, is_writable

NOW = datetime(2026, 11, 22, 8, 15, 30)


@pytest.fixture(autouse=True)
def _no_workspace_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GTS_WORKSPACE", raising=False)


def test_the_nearest_folder_with_a_catalogue_is_the_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / "w" / "hopper"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert find_workspace().root == deep
    (tmp_path / "w" / "gts.db").touch()
    assert find_workspace().root == tmp_path / "w"
    monkeypatch.setenv("HOME", str(tmp_path / "w"))
    assert find_workspace().root == deep
    monkeypatch.setenv("GTS_WORKSPACE", str(tmp_path))
    assert find_workspace().root == tmp_path
    assert find_workspace(deep).root == deep


def test_a_workspace_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="does not exist"):
        find_workspace(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="not a folder"):
        find_workspace(tmp_path / "file")


@pytest.mark.parametrize(
    ("name", "word"),
    [("hopperPPO", "hopperPPO"), ("../../etc", "etc"), ("a [b] c", "a-b-c"), ("😀", "run"), ("", "run"), ("x" * 300, "x" * 32)],
)
def test_ids_of_runs_sort_by_time_and_are_names_of_files(name: str, word: str) -> None:
    made = make_run_id(name, NOW)
    assert made[:-4] == f"20261122-081530-{word}"
    assert made < make_run_id(name, NOW.replace(second=31))


def test_two_runs_of_one_second_have_two_folders(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    folders = {workspace.create_run_folder("a", NOW).path for _ in range(50)}
    assert len(folders) == 50
    assert all(folder.is_dir() for folder in folders)
    assert workspace.run_ids() == []  # a folder without its facts is no run yet


def test_a_workspace_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "runs").touch()
    with pytest.raises(FileError, match="cannot make a folder") as caught:
        Workspace(tmp_path).create_run_folder("a", NOW)
    assert "--workspace" in caught.value.hint


def test_a_disk_knows_its_kind_and_room(tmp_path: Path) -> None:
    disk = file_system(tmp_path)
    assert disk.free_bytes > 0
    assert not disk.is_network
    assert is_writable(tmp_path)
    assert not is_writable(Path("/proc"))


def test_network_disks_are_recognised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from collections import namedtuple

    import psutil

    mount = namedtuple("mount", "mountpoint fstype")
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: [mount("/", "ext4"), mount(str(tmp_path.resolve()), "nfs4")])
    assert file_system(tmp_path).is_network
    assert not file_system(tmp_path.parent).is_network


def test_studies_have_folders_beside_the_runs(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    study = workspace.study_folder("gait")
    assert (study.name, study.path) == ("gait", tmp_path / "studies" / "gait")
    files = (study.study_file, study.job_file, study.lock, study.database, study.log)
    assert [path.relative_to(study.path).name for path in files] == ["study.json", "job.json", "lock", "study.db", "log.txt"]
    assert not study.exists()
    study.path.mkdir(parents=True)
    study.study_file.touch()
    assert study.exists()
    assert workspace.run_ids() == []


def test_what_a_failed_member_left_stands_in_its_folder(tmp_path: Path) -> None:
    run = Workspace(tmp_path).run_folder("a")
    assert run.failure_dump(1, 12_000) == run.path / "member2" / "failed-0000000012000.safetensors"
    assert run.last_checkpoints(1) == []


def test_files_are_found_by_suffix_outside_hidden_and_generated_folders(tmp_path: Path) -> None:
    for name in (
        "b.spec",
        "a/z.space",
        "a/deep/er/c.spec",
        "runs/x/training.spec",
        "studies/s.space",
        ".trash/d.spec",
        "n.txt",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "folder.spec").mkdir()
    (tmp_path / "folder.spec" / "e.spec").touch()
    (tmp_path / "loop").symlink_to(tmp_path)
    found = find_files(tmp_path, (".spec", ".space"))
    files = [str(path.relative_to(tmp_path)) for path in found.files]
    assert files == [
        "a/deep/er/c.spec",
        "a/z.space",
        "b.spec",
        "folder.spec/e.spec",
    ]
    assert {str(path.relative_to(tmp_path)) for path in found.folders} == {".", "a", "a/deep", "a/deep/er", "folder.spec"}


def test_the_search_for_files_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deepest = tmp_path.joinpath(*"1234567")
    deepest.mkdir(parents=True)
    for folder in (deepest, *deepest.parents):
        if folder.is_relative_to(tmp_path):
            (folder / "a.spec").touch()
    assert len(find_files(tmp_path, (".spec",)).files) == 6
    monkeypatch.setattr("gts.store.workspace.MAX_FOLDERS", 2)
    assert len(find_files(tmp_path, (".spec",)).folders) == 2


@pytest.mark.parametrize(
    ("run_id", "name"),
    [
        ("20261122-081530-hopperPPO-k3f", "hopperPPO-k3f"),
        ("20261122-081530-", "20261122-081530-"),
        ("hopperPPO", "hopperPPO"),
        ("0003-seed17", "0003-seed17"),
    ],
)
def test_a_run_name_is_shown_without_its_time(run_id: str, name: str) -> None:
    assert short_run_name(run_id) == name
