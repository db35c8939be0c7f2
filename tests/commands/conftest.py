"""Fixtures of the command tests: an isolated workspace, tiny trainings, and `gts` as a function."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gts.cli import main
from tests.support.cli import TINY_SPEC, Gts, Outcome


@pytest.fixture
def gts(capsys: pytest.CaptureFixture[str]) -> Gts:
    """Runs a command line in this process; `gts("score", "x.checkpoint")`."""

    def run(*words: object) -> Outcome:
        capsys.readouterr()
        # Several tests share the cores: waiting for each other's threads would take longer than the work.
        threads = ["--threads", "1"] if words and words[0] in ("train", "score") and "--help" not in words else []
        code = main([*(str(word) for word in words), *threads])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return Outcome(code, out, err)

    return run


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder with one tiny spec."""
    monkeypatch.delenv("GTS_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.spec").write_text(json.dumps(TINY_SPEC))
    return tmp_path


@pytest.fixture(scope="session", autouse=True)
def row(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An isolated queue, in which other jobs of this machine do not count."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("state")
        patch.setenv("GTS_STATE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a finished training of two seeds; read-only by convention."""
    folder = tmp_path_factory.mktemp("trained")
    spec, out = folder / "tiny.spec", folder / "out.checkpoint"
    spec.write_text(json.dumps(TINY_SPEC))
    words = ["train", str(spec), str(out), "--seeds", "2", "--workspace", str(folder), "--threads", "1", "--json"]
    assert main(words) == 0
    return folder


@pytest.fixture
def here(trained: Path, workspace: Path) -> Path:
    """A copy of the trained workspace, as the current folder."""
    shutil.copytree(trained, workspace, dirs_exist_ok=True)
    return workspace


@pytest.fixture
def examples(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of examples that also contains runs and other products of use."""
    from gts.commands import init

    folder = tmp_path_factory.mktemp("examples")
    for name in ("inverted/invertedPPO.spec", "hopper/hopper.space", "runs/a/run.json", "gts.db", "gts.db-journal", ".hidden"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"content of {name}")
    monkeypatch.setattr(init, "example_workspace", lambda: folder)
    return folder
