"""The reference `@best`: the checkpoint with the best score, for all commands that take a checkpoint."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from gts.commands.command import Context
from gts.commands.shell_completion import complete_word
from gts.store.catalogue import Catalogue
from gts.store.workspace import Workspace
from tests.support.cli import TINY_SPEC


@pytest.fixture
def here(trained: Path, workspace: Path) -> Path:
    """A copy of a workspace with two scored checkpoints; the second is better."""
    shutil.copytree(trained, workspace, dirs_exist_ok=True)
    with Catalogue(workspace / "gts.db") as catalogue:
        scores = catalogue.best_scores()
        for one, score in zip(sorted(scores, key=lambda record: record.path), (10.0, 20.0), strict=True):
            catalogue.add_score(replace(one, score=score))
        best = next(one for one in scores if one.path == "out-seed2.checkpoint")
        assert all(one.score < 5000 for one in scores)
        catalogue.add_score(replace(best, score=5000.0))
    return workspace


def test_commands_accept_best(gts, here: Path) -> None:
    path = str(here / "out-seed2.checkpoint")
    assert gts("info", "@best", "--json").data["path"] == path
    assert gts("score", "@best", "--episodes", 2, "--json").data["checkpoints"][0]["path"] == path
    assert gts("compare", "@best", "out-seed1.checkpoint", "--json").data["sides"][0]["name"] == path
    assert gts("export", "@best", "curve.csv", "--json").data["source"] == path
    assert gts("train", "@best", "more.checkpoint", "-s", 2400, "--no-score").code == 0
    assert (here / "more.checkpoint").is_file()


def test_best_ignores_changed_files(gts, here: Path) -> None:
    shutil.copy(here / "out-seed1.checkpoint", here / "out-seed2.checkpoint")
    assert gts("info", "@best", "--json").data["path"] == str(here / "out-seed1.checkpoint")
    (here / "out-seed1.checkpoint").unlink()
    (here / "out-seed2.checkpoint").unlink()
    outcome = gts("info", "@best")
    assert outcome.code == 2
    assert "no checkpoint" in outcome.err


def test_best_ignores_scores_over_few_episodes(gts, here: Path) -> None:
    with Catalogue(here / "gts.db") as catalogue:
        other = next(one for one in catalogue.best_scores() if one.path == "out-seed1.checkpoint")
        catalogue.add_score(replace(other, score=9000.0, episodes=3))
        catalogue.add_score(replace(other, score=9000.0, steps=20))
    assert gts("info", "@best", "--json").data["path"] == str(here / "out-seed2.checkpoint")


def test_best_needs_a_score(gts, workspace: Path) -> None:
    outcome = gts("play", "@best")
    assert outcome.code == 2
    assert "gts score" in outcome.err
    assert not (workspace / "gts.db").exists()


def test_best_finds_scores_taken_in_a_subfolder(gts, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "deep").mkdir()
    monkeypatch.chdir(here / "deep")
    shutil.copy(here / "out-seed1.checkpoint", here / "deep" / "mine.checkpoint")
    assert gts("score", "mine.checkpoint", "--steps", 1000).code == 0
    with Catalogue(here / "gts.db", read_only=True) as catalogue:
        assert "deep/mine.checkpoint" in {one.path for one in catalogue.best_scores()}
        assert {one.figure for one in catalogue.best_scores()} == {TINY_SPEC["physicalModel"]}


def test_completion_offers_best_if_scores_exist(here: Path, tmp_path: Path) -> None:
    context = Context(Workspace(here))
    assert "@best" in complete_word("checkpoint", "@", context)
    assert "@best" in complete_word("document", "@", context)
    assert "@best" in complete_word("reference", "@", context)
    assert "@best" not in complete_word("spec", "@", context)
    assert "@best" not in complete_word("checkpoint", "@", Context(Workspace(tmp_path / "elsewhere")))
