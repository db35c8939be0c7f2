"""`score`: scores are repeatable, recorded, and shown as a table."""

from __future__ import annotations

from pathlib import Path

from gts.formats.checkpoint import read_checkpoint
from gts.store.catalogue import Catalogue


def test_scores_are_repeatable(gts, here: Path) -> None:
    first = gts("score", "out-seed1.checkpoint", "out-seed2.checkpoint", "--json").data
    again = gts("score", "out-seed2.checkpoint", "--json").data
    assert again["checkpoints"][0]["score"] == first["checkpoints"][1]["score"]
    assert first["checkpoints"][0]["score"] == read_checkpoint("out-seed1.checkpoint").score
    assert first["checkpoints"][0]["score"]["episodes"] == 100
    with Catalogue(here / "gts.db", read_only=True) as catalogue:
        assert len(catalogue.scores(first["checkpoints"][1]["checksum"])) == 3


def test_scores_are_a_table_with_terms_if_verbose(gts, here: Path) -> None:
    outcome = gts("score", "out-seed1.checkpoint", "--episodes", 5, "--steps", 50, "--seed", 3, "-v")
    assert outcome.code == 0
    head, row, *rest = outcome.out.splitlines()
    assert head.split() == ["checkpoint", "mean", "cov", "score", "IQM", "95", "%", "length", "m/s", "falls"]
    assert row.startswith("out-seed1.checkpoint")
    assert "alive" in "\n".join(rest)
    assert "scoring over 5 episodes of up to 50 steps" in outcome.err


def test_scoring_creates_no_workspace(gts, workspace: Path, trained: Path) -> None:
    outcome = gts("score", trained / "out-seed1.checkpoint", "--episodes", 2, "--workspace", workspace)
    assert outcome.code == 0
    assert not (workspace / "gts.db").exists()


def test_scoring_with_a_locked_catalogue_is_noted(gts, here: Path) -> None:
    (here / "gts.db").write_bytes(b"nothing that SQLite knows" * 100)
    outcome = gts("score", "out-seed1.checkpoint", "--episodes", 2, "--json")
    assert outcome.code == 0
    assert "note: the scores were not recorded" in outcome.err
    assert outcome.data["checkpoints"][0]["score"]["episodes"] == 2
