"""`gts trials`, `gts study` and `gts best`."""

from __future__ import annotations

import csv
import json
import sqlite3
from pathlib import Path

import pytest

from gts.cli import main
from gts.formats.space_file import parse_space
from gts.formats.spec_file import read_spec
from gts.formats.strict_json import parse_json
from gts.search.study import Study
from gts.store.workspace import Workspace

SPACE = {
    "physicalModel": "hopper",
    "name": "hops",
    "technique": "ppo",
    "nSteps": 90_000,
    "paramSpace": {
        "actor.learningRate": {"min": 1e-4, "max": 1e-2, "log": True},
        "lambda": {"min": 0.8, "max": 1.0},
        "actor.hiddenActivation": ["tanh", "ELU"],
    },
}


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a study of nine trials; read-only by convention."""
    root = tmp_path_factory.mktemp("searched")
    space = parse_space(parse_json(json.dumps(SPACE), "hops.space"))
    study = Study.create_or_load(
        Workspace(root).study_folder("hops"), space, storage=None, settings={"trials": 9, "sampler": "random"}
    )
    for value in (100.0, 700.0, 300.0, None, 500.0, 400.0, 900.0):
        trial = study.ask()
        if value is None:
            study.fail(trial, "a loss was [bold]not[/bold] finite\x1b[31m")
        elif value == 400.0:
            study.report(trial, 30_000, value)
            study.prune(trial)
        else:
            study.complete(trial, [value], {"seedValues": [value - 1, value + 1], "steps": 180_000, "seconds": 90.0})
    study.ask()
    for number, values in ((6, (600.0, 650.0, 700.0)), (1, (690.0, 710.0, 720.0))):
        study.confirm(number, (1_000_001, 1_000_002, 1_000_003), values)
    study.close()
    return root


@pytest.fixture
def here(searched: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That workspace as the current folder."""
    monkeypatch.delenv("GTS_WORKSPACE", raising=False)
    monkeypatch.chdir(searched)
    monkeypatch.setenv("COLUMNS", "80")
    return searched


def test_trials_are_listed_best_first(gts, here: Path) -> None:
    outcome = gts("trials", "hops")
    lines = outcome.out.splitlines()
    assert [line.split()[0] for line in lines[1:9]] == ["6", "1", "4", "2", "0", "5", "3", "7"]
    assert "✗ failed" in lines[7] and "▶ running" in lines[8]
    assert "failed, 3: a loss was [bold]not[/bold] finite�[31m" in outcome.out
    assert max(map(len, lines)) <= 80
    assert "IQM" not in lines[0] and "confirmed" in lines[0]


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ((), [6, 1, 4, 2, 0, 5, 3, 7]),
        (("--filter", "value>400"), [6, 1, 4]),
        (("--filter", "value >= 300", "--filter", "state=complete", "--reverse"), [2, 4, 1, 6]),
        (("--filter", "state!=complete"), [5, 3, 7]),
        (("--filter", "state=FAILED"), [3]),
        (("--sort", "number", "-n", "2"), [0, 1]),
        (("--sort", "confirmed", "-n", "2"), [1, 6]),
        (("--filter", "actor.hiddenActivation=tanh", "--filter", "number<1"), [0]),
        (("-n", "0"), []),
    ],
)
def test_trials_are_filtered_and_sorted(gts, here: Path, words: tuple[str, ...], numbers: list[int]) -> None:
    data = gts("trials", "hops", *words, "--json").data
    assert [trial["number"] for trial in data["trials"]] == numbers
    assert data["total"] == 8


def test_json_has_all_fields_of_a_trial(gts, here: Path) -> None:
    trial = gts("trials", "hops", "--filter", "number=1", "--json").data["trials"][0]
    assert trial["values"] == [700.0] and trial["seed_values"] == [699.0, 701.0]
    assert trial["confirmed"]["values"] == [690.0, 710.0, 720.0]
    assert set(trial["params"]) == set(SPACE["paramSpace"])
    assert trial["spec"]["physicalModel"] == "hopper"


def test_csv_has_one_line_per_trial(gts, here: Path, tmp_path: Path) -> None:
    file = tmp_path / "hops.csv"
    outcome = gts("trials", "hops", "--csv", file)
    assert f"note: wrote 8 trials to {file}" in outcome.err
    with file.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [row["number"] for row in rows][:2] == ["6", "1"]
    assert float(rows[1]["confirmed"]) == pytest.approx(706.67, abs=0.01)
    assert float(rows[0]["lambda"]) <= 1.0 and rows[-1]["value"] == ""


def test_verbose_shows_every_parameter_and_seed(gts, here: Path) -> None:
    out = gts("trials", "hops", "-v", "--filter", "number=6").out
    assert "actor.hiddenActivation" in out and "899, 901" in out and "confirmed: 600, 650, 700" in out


def test_study_shows_a_summary(gts, here: Path) -> None:
    outcome = gts("study", "hops")
    for said in ("hops: hopper ppo", "5 complete, 1 pruned, 1 failed", "of 9 wanted", "sampler random", "confirmed on fresh"):
        assert said in outcome.out
    assert "next: gts best hops" in outcome.out
    data = gts("study", "hops", "--json").data
    assert data["counts"]["complete"] == 5 and [trial["number"] for trial in data["confirmed"]] == [1, 6]


@pytest.mark.parametrize("kind", ["history", "importance", "parallel", "slice", "intermediate", "timeline", "front"])
def test_every_chart_is_drawn(gts, here: Path, kind: str) -> None:
    outcome = gts("study", "hops", "--plot", kind)
    assert outcome.code == 0
    lines = outcome.out.rstrip("\n").split("\n")
    assert len(lines) <= 24 and max(map(len, lines)) <= 80
    assert gts("study", "hops", "--plot", kind, "--json").data["chart"]["kind"] == kind


def test_the_checklist_is_filled_in(gts, here: Path) -> None:
    out = gts("study", "hops", "--checklist").out
    for said in (
        "✓ Which task and technique? hopper, ppo",
        "lambda: 0.8 to 1.0",
        "none of them used for tuning",
        "! Was the search repeated",
    ):
        assert said in out


def test_the_winner_is_the_confirmed_one(gts, here: Path, tmp_path: Path) -> None:
    printed = gts("best", "hops")
    assert json.loads(printed.out)["physicalModel"] == "hopper"
    file = tmp_path / "winner.spec"
    outcome = gts("best", "hops", "--out", tmp_path / "winner")
    assert outcome.code == 0 and "next: gts train" in outcome.out
    spec = read_spec(file)
    assert "Trial 1 of the study hops" in spec.comment and "IQM 706.667" in spec.comment
    assert spec.params.n_steps == 90_000
    assert (
        spec.values()["lambda"] == gts("trials", "hops", "--filter", "number=1", "--json").data["trials"][0]["params"]["lambda"]
    )
    again = gts("best", "hops", "--out", file)
    assert again.code == 2 and "exists already" in again.err
    assert "Trial 4" in gts("best", "hops", "--trial", "4", "--json").data["comment"]


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (("trials", "hopps"), 2, "did you mean hops?"),
        (("trials", "hops", "--filter", "value"), 2, "is not a condition"),
        (("trials", "hops", "--filter", "valu>3"), 2, 'did you mean "value"?'),
        (("trials", "hops", "--filter", "state>3x"), 2, "compares numbers"),
        (("trials", "hops", "--sort", "lamda"), 2, 'did you mean "lambda"?'),
        (("trials", "hops", "--csv", "nowhere/a.csv"), 2, "the folder does not exist"),
        (("study", "hops", "--plot", "pie"), 2, "is not one of"),
        (("best", "hops", "--trial", "70"), 2, "its trials are 0 to 7"),
        (("best", "postgresql://a:secret@127.0.0.1:9/b"), 1, "cannot use postgresql+psycopg://a@127.0.0.1"),
        (("trials", "mysql://a/b"), 2, "unknown kind of storage"),
    ],
)
def test_study_errors_have_hints(gts, here: Path, words: tuple[str, ...], code: int, complaint: str) -> None:
    outcome = gts(*words)
    assert (outcome.code, outcome.out) == (code, "")
    assert complaint in outcome.err
    assert outcome.err.startswith("error: ") and "hint: " in outcome.err
    assert "secret" not in outcome.err


def test_study_without_complete_trials_has_no_best(gts, workspace: Path) -> None:
    space = parse_space(parse_json(json.dumps({**SPACE, "name": "new"}), "new.space"))
    Study.create_or_load(Workspace(workspace).study_folder("new"), space, storage=None, settings={}).close()
    assert "no trial of the study `new` is complete" in gts("best", "new").err
    assert "1 waiting" in gts("study", "new").out
    assert gts("trials", "new").code == 0


def test_studies_of_the_original_program_are_shown(gts, workspace: Path, repository: Path) -> None:
    connection = sqlite3.connect(workspace / "hopperSpace.db")
    connection.executescript((repository / "tests" / "search" / "original.sql").read_text())
    connection.close()
    assert "1589" in gts("trials", "hopperSpace.db").out
    assert "13 complete, 1 failed" in gts("study", "hopperSpace.db").out
    assert "next: gts best hopperSpace.db" in gts("study", "hopperSpace.db").out
    for kind in ("history", "slice", "timeline"):
        assert gts("study", "hopperSpace.db", "--plot", kind).code == 0
    assert "yes: the result may be due to a lucky" in gts("study", "hopperSpace.db", "--checklist").out
    outcome = gts("best", "hopperSpace.db", "--out", "winner.spec")
    assert outcome.code == 0 and "may be luck" in outcome.err
    assert read_spec(workspace / "winner.spec").technique == "a2c"


def test_studies_are_completed(here: Path) -> None:
    from gts.commands.command import Context
    from gts.commands.shell_completion import complete_word

    assert complete_word("study", "h", Context(Workspace(here))) == ["hops"]
    assert main(["trials", "--help"]) == 0
