"""`gts worker`: two machines, here two workspaces, search one study on a server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from postgresql import Server

SPACE = {
    "physicalModel": "invertedPendulum",
    "technique": "ppo",
    "name": "shared",
    "nSteps": 1200,
    "nEpochs": 10,
    "params": {"nEnvironments": 4, "nEvaluations": 2, "evaluationEpisodes": 2, "actor.hiddenSize": 8, "critic.hiddenSize": 8},
    "paramSpace": {"discountFactor": [0.9, 0.95, 0.99]},
}
ONE = ("-n", "1", "--threads", "1")


def gts(folder: Path, *words: str) -> tuple[int, Any, str]:
    """Exit code, the result as data, and what was said, of a command in a workspace."""
    environment = {**os.environ, "GTS_STATE": str(folder / "state")}
    environment.pop("PGPASSWORD", None)
    done = subprocess.run(
        [sys.executable, "-m", "gts", *words, "--json"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
    )
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr


def test_machines_share_a_study(server: Server, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    (first / "shared.space").write_text(json.dumps(SPACE))
    code, data, said = gts(first, "search", "shared.space", server.url, "2", *ONE, "--confirm", "0", "--sampler", "random")
    assert code == 0, said
    assert "the password is not kept" in said
    assert data["counts"] == {"complete": 2}

    code, data, said = gts(second, "worker", "--study", f"{server.url}#shred", *ONE)
    assert (code, "there is no study `shred`" in said) == (2, True)
    code, data, said = gts(second, "worker", "--study", f"{server.url}#shared", *ONE, "-l", "logs")
    assert code == 0, said
    assert "all 2 trials have ended" in said
    assert json.loads((second / "logs" / "shared" / "shared.space").read_text())["name"] == "shared"

    # More trials are wanted: the second machine goes on by the name of its job, the first one sees them.
    code, data, said = gts(second, "search", str(second / "studies" / "shared" / "searched.space"), server.url, "3", *ONE)
    assert code == 0, said
    assert data["counts"] == {"complete": 3}
    (row,) = gts(second, "jobs")[1]["jobs"]
    assert (row["state"], row["trials"]) == ("done", 3)  # from the folder: a list waits for no server
    assert len(list((second / "studies" / "shared" / "trials").iterdir())) == 1

    # Begun anew on the server, the study of old keeps its trials under another name.
    code, data, said = gts(first, "search", "shared.space", server.url, "1", *ONE, "--confirm", "0", "--reset", "--yes")
    assert code == 0, said
    assert data["counts"] == {"complete": 1}
    (kept,) = (first / "studies" / ".trash").iterdir()
    assert len(gts(first, "trials", f"{server.url}#{kept.name}")[1]["trials"]) == 3

    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert b"secret" not in path.read_bytes(), path
