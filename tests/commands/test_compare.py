"""`compare`: scores side by side, and parameters that differ."""

from __future__ import annotations

from pathlib import Path

from gts.store.workspace import Workspace


def test_compare_shows_scores_and_what_differs(gts, here: Path) -> None:
    data = gts("compare", "out-seed1.checkpoint", "out-seed2.checkpoint", "tiny.spec", "--json").data
    assert data["differing"] == ["seed"]
    assert [side["kind"] for side in data["sides"]] == ["checkpoint", "checkpoint", "spec"]
    assert [side["score"] is None for side in data["sides"]] == [False, False, True]
    (run,) = Workspace(here).run_ids()
    shown = gts("compare", run, "tiny.spec").out
    assert f"1  {run}/1" in shown
    assert "seed" in shown
    assert gts("compare", "tiny.spec", "tiny.spec").out.splitlines()[-1] == "all parameters are the same"


def test_compare_reads_scores_from_the_catalogue(gts, here: Path) -> None:
    gts("train", "tiny.spec", "new.checkpoint", "--no-score")
    assert gts("compare", "new.checkpoint", "tiny.spec", "--json").data["sides"][0]["score"] is None
    score = gts("score", "new.checkpoint", "--episodes", 3, "--json").data["checkpoints"][0]["score"]
    assert gts("compare", "new.checkpoint", "tiny.spec", "--json").data["sides"][0]["score"] == score
