"""`info`: the contents of specs, spaces, checkpoints and runs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from gts.store.workspace import Workspace


def test_info_of_a_spec_shows_changed_parameters(gts, here: Path) -> None:
    shown = gts("info", "tiny.spec").out
    assert "invertedPendulum, ppo" in shown
    changed, others = shown.split("default parameters")
    assert "actor.hiddenSize" in changed
    assert "clipRatio" in others
    data = gts("info", "tiny.spec", "--json").data
    values = {value["key"]: value for value in data["values"]}
    assert (data["kind"], values["actor.hiddenSize"]["value"], values["actor.hiddenSize"]["default"]) == ("spec", 8, 64)
    assert values["clipRatio"]["changed"] is False
    assert values["clipRatio"]["meaning"] in " ".join(gts("info", "tiny.spec", "-v").out.split())


def test_info_of_a_checkpoint_shows_all_sections(gts, here: Path) -> None:
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
def test_info_finds_a_run_by_folder_id_and_part(gts, here: Path, word: str) -> None:
    (run,) = Workspace(here).run_ids()
    name = {"@last": "@last", "id": run, "folder": f"runs/{run}", "beginning": run[:15], "end": run[-3:]}[word]
    data = gts("info", name, "--json").data
    assert (data["kind"], data["step"], data["job"]["state"]) == ("run", 1200, "done")
    assert [len(member["history"]) for member in data["members"]] == [3, 3]
    assert data["members"][1]["latest"]["policy_loss"] is not None
    shown = gts("info", name).out
    assert "done, 1 200 of 1 200 steps" in shown
    assert "member2/best.checkpoint" in shown


def test_info_of_a_run_without_metrics(gts, here: Path) -> None:
    (run,) = Workspace(here).run_ids()
    (here / "runs" / run / "metrics.db").unlink()
    outcome = gts("info", run)
    assert outcome.code == 0
    assert "cannot use the database" in outcome.out
    (here / "runs" / run / "run.json").write_text("{")
    assert gts("info", run).code == 2


def test_ambiguous_run_id_is_refused(gts, here: Path) -> None:
    (run,) = Workspace(here).run_ids()
    shutil.copytree(here / "runs" / run, here / "runs" / (run[:-3] + "zzz"))
    outcome = gts("info", run[:-3])
    assert outcome.code == 2
    assert "matches 2 runs" in outcome.err


def test_info_of_a_space(gts, here: Path) -> None:
    gts("new", "space", "mine", "-f", "hopper", "-t", "a2c")
    shown = gts("info", "mine.space").out
    assert "searched" in shown
    assert "min 0.0001, max 0.003, log true" in shown
    assert gts("info", "mine.space", "--json").data["axes"]["lambda"] == {"min": 0.9, "max": 1.0}


def test_control_characters_of_files_are_replaced(gts, workspace: Path) -> None:
    spec = json.loads((workspace / "tiny.spec").read_text()) | {"comment": "red \x1b[31m [bold]not bold[/bold]"}
    (workspace / "odd [x].spec").write_text(json.dumps(spec))
    shown = gts("info", "odd [x].spec").out
    assert "\x1b" not in shown
    assert "[bold]not bold[/bold]" in shown
    assert "odd [x].spec" in shown
