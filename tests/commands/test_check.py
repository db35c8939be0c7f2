"""`check`: every error of every file, with its position."""

from __future__ import annotations

import json
from pathlib import Path


def test_check_lists_every_error_with_its_place(gts, workspace: Path) -> None:
    (workspace / "bad.spec").write_text(
        '{"physicalModel": "hoper",\n "technique": "ppo",\n "params": {"seed": -1,\n  "sed": 1}}'
    )
    (workspace / "warn.spec").write_text(
        json.dumps({"physicalModel": "hopper", "technique": "ppo", "params": {"nEpisodes": 3}})
    )
    outcome = gts("check", "bad.spec", "tiny.spec", "warn.spec", "none.spec")
    assert outcome.code == 2
    lines = outcome.out.splitlines()
    assert [line.rsplit(": ", 1)[0][:11] for line in lines[:3]] == ["bad.spec:1:", "bad.spec:3:", "bad.spec:4:"]
    assert lines[3] == "tiny.spec: valid"
    assert lines[4].startswith("warn.spec:1:")
    assert ": warning: " in lines[4]
    assert lines[6] == "no such file: none.spec"
    data = gts("check", "bad.spec", "--json")
    assert data.code == 2
    assert data.data["ok"] is False
    assert [problem["line"] for problem in data.data["files"][0]["errors"]] == [1, 3, 4]
    assert gts("check", "tiny.spec").code == 0


def test_check_reads_checkpoints_whole(gts, trained: Path, workspace: Path) -> None:
    data = bytearray((trained / "out-seed1.checkpoint").read_bytes())
    data[-30] ^= 1
    (workspace / "flipped.checkpoint").write_bytes(data)
    assert gts("check", trained / "out-seed1.checkpoint").code == 0
    outcome = gts("check", "flipped.checkpoint")
    assert outcome.code == 2
    assert "checksum" in outcome.out
