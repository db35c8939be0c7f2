"""`import`: checkpoints of the original program."""

from __future__ import annotations

from pathlib import Path


def test_legacy_checkpoint_is_imported_to_a_new_file(gts, workspace: Path, repository: Path) -> None:
    old = repository / "tests" / "formats" / "legacy" / "inverted" / "invertedPPO.checkpoint"
    outcome = gts("import", old)
    assert outcome.code == 0, outcome.err
    assert "invertedPPO-imported.checkpoint: invertedPendulum, ppo, actor 4–32–32–1" in outcome.out
    assert gts("score", "invertedPPO-imported.checkpoint", "--episodes", 2).code == 0
    data = gts("import", old, "mine.checkpoint", "--json").data
    assert (data["path"], data["technique"]) == ("mine.checkpoint", "ppo")
    (workspace / "copy.checkpoint").write_bytes(old.read_bytes())
    assert gts("import", "copy.checkpoint", "copy.checkpoint").code == 2
    assert (workspace / "copy.checkpoint").read_bytes() == old.read_bytes()
