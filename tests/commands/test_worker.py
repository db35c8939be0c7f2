"""`gts worker`: two machines, here two workspaces, share a study on a PostgreSQL server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.cli import TINY_SPACE, run_json
from tests.support.postgresql import Server

pytestmark = pytest.mark.process

ONE = ("-n", "1", "--threads", "1")


@pytest.mark.slow
def test_machines_share_a_study(postgresql: Server, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    (first / "shared.space").write_text(json.dumps(TINY_SPACE))
    code, data, said = run_json(
        first, "search", "shared.space", postgresql.url, "2", *ONE, "--confirm", "0", "--sampler", "random"
    )
    assert code == 0, said
    assert "the password is not stored" in said
    assert data["counts"] == {"complete": 2}

    code, data, said = run_json(second, "worker", "--study", f"{postgresql.url}#shred", *ONE)
    assert (code, "there is no study `shred`" in said) == (2, True)
    code, data, said = run_json(second, "worker", "--study", f"{postgresql.url}#shared", *ONE, "-l", "logs")
    assert code == 0, said
    assert "all 2 trials are done" in said
    assert json.loads((second / "logs" / "shared" / "shared.space").read_text())["name"] == "shared"

    # More trials are wanted: the second machine goes on by the name of its job, the first one sees them.
    code, data, said = run_json(
        second, "search", str(second / "studies" / "shared" / "searched.space"), postgresql.url, "3", *ONE
    )
    assert code == 0, said
    assert data["counts"] == {"complete": 3}
    (row,) = run_json(second, "jobs")[1]["jobs"]
    assert (row["state"], row["trials"]) == ("done", 3)  # from the folder: a list waits for no server
    assert len(list((second / "studies" / "shared" / "trials").iterdir())) == 1

    # Begun anew on the server, the study of old keeps its trials under another name.
    code, data, said = run_json(
        first, "search", "shared.space", postgresql.url, "1", *ONE, "--confirm", "0", "--reset", "--yes"
    )
    assert code == 0, said
    assert data["counts"] == {"complete": 1}
    (kept,) = (first / "studies" / ".trash").iterdir()
    assert len(run_json(first, "trials", f"{postgresql.url}#{kept.name}")[1]["trials"]) == 3

    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert b"secret" not in path.read_bytes(), path
