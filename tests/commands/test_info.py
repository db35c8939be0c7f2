"""`score`, `info` and `compare`: what they say about specs, spaces, checkpoints and runs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from gts.commands.views.charts import learning_curve
from gts.formats.checkpoint import read_checkpoint
from gts.store.catalogue import Catalogue
from gts.store.workspace import Workspace


@pytest.fixture
def here(trained: Path, workspace: Path) -> Path:
    """A copy of the trained workspace, to stand in."""
    shutil.copytree(trained, workspace, dirs_exist_ok=True)
    return workspace


def test_a_checkpoint_gets_the_same_score_again(gts, here: Path) -> None:
    first = gts("score", "out-seed1.checkpoint", "out-seed2.checkpoint", "--json").data
    again = gts("score", "out-seed2.checkpoint", "--json").data
    assert again["checkpoints"][0]["score"] == first["checkpoints"][1]["score"]
    assert first["checkpoints"][0]["score"] == read_checkpoint("out-seed1.checkpoint").score
    assert first["checkpoints"][0]["score"]["episodes"] == 100
    with Catalogue(here / "gts.db", read_only=True) as catalogue:
        assert len(catalogue.scores(first["checkpoints"][1]["checksum"])) == 3


def test_scores_are_a_table_with_terms_on_demand(gts, here: Path) -> None:
    outcome = gts("score", "out-seed1.checkpoint", "--episodes", 5, "--steps", 50, "--seed", 3, "-v")
    assert outcome.code == 0
    head, row, *rest = outcome.out.splitlines()
    assert head.split() == ["checkpoint", "mean", "cov", "score", "IQM", "95", "%", "length", "m/s", "falls"]
    assert row.startswith("out-seed1.checkpoint")
    assert "alive" in "\n".join(rest)
    assert "scoring one policy: 5 episodes of up to 50 steps" in outcome.err


def test_scoring_without_a_workspace_makes_none(gts, workspace: Path, trained: Path) -> None:
    outcome = gts("score", trained / "out-seed1.checkpoint", "--episodes", 2, "--workspace", workspace)
    assert outcome.code == 0
    assert not (workspace / "gts.db").exists()


def test_scoring_with_a_locked_catalogue_says_so_and_scores(gts, here: Path) -> None:
    (here / "gts.db").write_bytes(b"nothing that SQLite knows" * 100)
    outcome = gts("score", "out-seed1.checkpoint", "--episodes", 2, "--json")
    assert outcome.code == 0
    assert "note: the scores were not recorded" in outcome.err
    assert outcome.data["checkpoints"][0]["score"]["episodes"] == 2


def test_info_of_a_spec_shows_what_differs(gts, here: Path) -> None:
    shown = gts("info", "tiny.spec").out
    assert "invertedPendulum, ppo" in shown
    changed, others = shown.split("as by default")
    assert "actor.hiddenSize" in changed
    assert "clipRatio" in others
    data = gts("info", "tiny.spec", "--json").data
    values = {value["key"]: value for value in data["values"]}
    assert (data["kind"], values["actor.hiddenSize"]["value"], values["actor.hiddenSize"]["default"]) == ("spec", 8, 64)
    assert values["clipRatio"]["changed"] is False
    assert values["clipRatio"]["meaning"] in " ".join(gts("info", "tiny.spec", "-v").out.split())


def test_info_of_a_checkpoint_shows_all_there_is(gts, here: Path) -> None:
    shown = gts("info", "out-seed2.checkpoint").out
    for part in ("4–8–8–1", "score ", "learning curve", "nSteps", "made with", "torch", "1 200 steps", "checksum"):
        assert part in shown, part
    data = gts("info", "out-seed2.checkpoint", "--json").data
    assert data["networks"][0] | {} == {
        "name": "actor",
        "sizes": [4, 8, 8, 1],
        "activation": "tanh",
        "deviation": "learned",
        "parameters": 4 * 8 + 8 + 8 * 8 + 8 + 8 + 1 + 1,
    }
    assert [row["step"] for row in data["history"]] == [480, 840, 1200]
    assert data["parents"] == []


@pytest.mark.parametrize("word", ["@last", "id", "folder", "beginning", "end"])
def test_info_of_a_run_by_any_of_its_names(gts, here: Path, word: str) -> None:
    (run,) = Workspace(here).run_ids()
    name = {"@last": "@last", "id": run, "folder": f"runs/{run}", "beginning": run[:15], "end": run[-3:]}[word]
    data = gts("info", name, "--json").data
    assert (data["kind"], data["step"], data["job"]["state"]) == ("run", 1200, "done")
    assert [len(member["history"]) for member in data["members"]] == [3, 3]
    assert data["members"][1]["latest"]["policy_loss"] is not None
    shown = gts("info", name).out
    assert "done, 1 200 of 1 200 steps" in shown
    assert "member2/best.checkpoint" in shown


def test_info_of_a_run_without_its_numbers(gts, here: Path) -> None:
    (run,) = Workspace(here).run_ids()
    (here / "runs" / run / "metrics.db").unlink()
    outcome = gts("info", run)
    assert outcome.code == 0
    assert "cannot use the database" in outcome.out
    (here / "runs" / run / "run.json").write_text("{")
    assert gts("info", run).code == 2


def test_a_word_that_names_several_runs_is_refused(gts, here: Path) -> None:
    (run,) = Workspace(here).run_ids()
    shutil.copytree(here / "runs" / run, here / "runs" / (run[:-3] + "zzz"))
    outcome = gts("info", run[:-3])
    assert outcome.code == 2
    assert "names 2 runs" in outcome.err


def test_info_of_a_space(gts, here: Path) -> None:
    gts("new", "space", "mine", "-f", "hopper", "-t", "a2c")
    shown = gts("info", "mine.space").out
    assert "searched" in shown
    assert "min 0.0001, max 0.003, log true" in shown
    assert gts("info", "mine.space", "--json").data["axes"]["lambda"] == {"min": 0.8, "max": 1.0}


def test_compare_shows_scores_and_what_differs(gts, here: Path) -> None:
    data = gts("compare", "out-seed1.checkpoint", "out-seed2.checkpoint", "tiny.spec", "--json").data
    assert data["differing"] == ["seed"]
    assert [side["kind"] for side in data["sides"]] == ["checkpoint", "checkpoint", "spec"]
    assert [side["score"] is None for side in data["sides"]] == [False, False, True]
    (run,) = Workspace(here).run_ids()
    shown = gts("compare", run, "tiny.spec").out
    assert f"1  {run}/1" in shown
    assert "seed" in shown
    assert gts("compare", "tiny.spec", "tiny.spec").out.splitlines()[-1] == "every parameter is the same"


def test_compare_knows_a_score_that_only_the_workspace_has(gts, here: Path) -> None:
    gts("train", "tiny.spec", "new.checkpoint", "--no-score")
    assert gts("compare", "new.checkpoint", "tiny.spec", "--json").data["sides"][0]["score"] is None
    score = gts("score", "new.checkpoint", "--episodes", 3, "--json").data["checkpoints"][0]["score"]
    assert gts("compare", "new.checkpoint", "tiny.spec", "--json").data["sides"][0]["score"] == score


def test_a_curve_is_drawn_from_finite_numbers_only() -> None:
    rows = [{"step": step, "mean": float("nan") if step % 3 else step**0.5} for step in range(3000)]
    drawn = learning_curve([*rows, {"step": None, "mean": 1.0}, {"step": 1.0, "mean": float("inf")}], width=60, height=10)
    assert drawn is not None
    assert len(drawn.plain.splitlines()) <= 11
    assert all(len(line) <= 60 for line in drawn.plain.splitlines())
    assert learning_curve(rows[:2]) is None
    assert learning_curve([]) is None
    assert learning_curve([{"step": 1, "mean": 5.0}, {"step": 2, "mean": 5.0}]) is not None


def test_a_file_cannot_steer_the_terminal(gts, workspace: Path) -> None:
    spec = json.loads((workspace / "tiny.spec").read_text()) | {"comment": "red \x1b[31m [bold]not bold[/bold]"}
    (workspace / "odd [x].spec").write_text(json.dumps(spec))
    shown = gts("info", "odd [x].spec").out
    assert "\x1b" not in shown
    assert "[bold]not bold[/bold]" in shown
    assert "odd [x].spec" in shown
