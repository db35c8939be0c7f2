"""What the tests of the commands share: a workspace of their own, tiny trainings, and `gts` as a function."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gts.cli import main

TINY = {
    "physicalModel": "invertedPendulum",
    "technique": "ppo",
    "params": {
        "nSteps": 1200,
        "nEpochs": 10,
        "nEnvironments": 4,
        "nEvaluations": 3,
        "evaluationEpisodes": 2,
        "actor.hiddenSize": 8,
        "critic.hiddenSize": 8,
    },
}
"""A training of less than a second."""


@dataclass(frozen=True)
class Outcome:
    """What a command line did."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Standard output as JSON, and nothing else."""
        return json.loads(self.out)


Gts = Callable[..., Outcome]


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
    """An empty folder to work in, with one tiny spec."""
    monkeypatch.delenv("GTS_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.spec").write_text(json.dumps(TINY))
    return tmp_path


@pytest.fixture(scope="session", autouse=True)
def row(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A row of jobs of their own: what else works on this machine neither counts nor waits."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("state")
        patch.setenv("GTS_STATE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a finished training of two seeds: not to be changed."""
    folder = tmp_path_factory.mktemp("trained")
    spec, out = folder / "tiny.spec", folder / "out.checkpoint"
    spec.write_text(json.dumps(TINY))
    words = ["train", str(spec), str(out), "--seeds", "2", "--workspace", str(folder), "--threads", "1", "--json"]
    assert main(words) == 0
    return folder


def start(folder: Path, *words: str, **environment: str) -> subprocess.Popen[str]:
    """`gts` as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "gts", *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
