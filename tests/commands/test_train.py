"""`gts train`: from a spec to a scored checkpoint; interrupted, continued, with several seeds."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gts.formats.checkpoint import read_checkpoint
from gts.formats.spec_file import read_spec
from gts.jobs.job_store import read_job_status
from gts.jobs.states import Done, Paused
from gts.jobs.trainings.run_writer import RunWriter
from gts.store.catalogue import Catalogue
from gts.store.curves import MetricsReader
from gts.store.workspace import Workspace
from gts.training.events import TrainingProgress
from tests.support.cli import start


def test_training_writes_a_scored_checkpoint(gts, workspace: Path) -> None:
    outcome = gts("train", "tiny.spec")
    assert outcome.code == 0, outcome.err
    assert "score " in outcome.out
    assert "checkpoint: tiny.checkpoint" in outcome.out
    assert "next: gts info tiny.checkpoint" in outcome.out
    checkpoint = read_checkpoint("tiny.checkpoint")
    assert checkpoint.score is not None
    assert checkpoint.score["episodes"] == 100
    assert [row["step"] for row in checkpoint.history] == [480, 840, 1200]
    assert checkpoint.versions["threads"].isdigit()

    (run,) = Workspace(workspace).run_ids()
    folder = Workspace(workspace).run_folder(run)
    assert run[16:20] == "tiny"
    assert folder.spec(0).is_file()
    assert folder.best_checkpoint(0).is_file()
    assert [path.name for path in folder.last_checkpoints(0)] == ["last-0000000001200.checkpoint"]
    assert "training tiny.spec" in folder.log.read_text()
    facts = json.loads(folder.run_file.read_text())
    assert (facts["step"], facts["outcome"][0]["result"]) == (1200, "tiny.checkpoint")
    assert read_job_status(folder.path).state == Done()
    with MetricsReader(folder.metrics) as reader:
        assert reader.curve("policy_loss").steps == tuple(range(120, 1320, 120))
        assert len(reader.evaluations()) == 3
        best = max(reader.evaluations(), key=lambda one: one.score["score"])
    assert checkpoint.counters["step"] == best.step
    with Catalogue(workspace / "gts.db", read_only=True) as catalogue:
        record = catalogue.get_run(run)
        assert record is not None
        assert (record.step, record.figure) == (1200, "invertedPendulum")
        job = catalogue.get_job(run)
        assert job is not None
        assert (job.recorded_state, job.threads) == ("done", 1)
        assert {one.kind for one in catalogue.checkpoints(run)} == {"last", "best", "result"}
        assert [one.mean for one in catalogue.scores(checkpoint.checksum)] == [checkpoint.score["mean"]]


def test_json_output_is_the_only_output(gts, workspace: Path) -> None:
    data = gts("train", "tiny.spec", "out.checkpoint", "--json", "-v").data
    assert data["steps"] == data["total_steps"] == 1200
    assert data["interrupted"] is False
    (member,) = data["members"]
    assert member["result"] == "out.checkpoint"
    assert member["score"]["score"] <= member["score"]["mean"]


def test_original_options_work(gts, workspace: Path) -> None:
    (workspace / "hopper").mkdir()
    (workspace / "hopper" / "tiny.spec").write_bytes((workspace / "tiny.spec").read_bytes())
    words = "train hopper/tiny.spec out.checkpoint -e 4 -s 1600 -c way --checkinterval 2 --nosaveoninterrupt -v"
    outcome = gts(*words.split(), "--no-score")
    assert outcome.code == 0, outcome.err
    assert "policy_loss" in outcome.err
    spec = read_checkpoint("out.checkpoint").spec
    assert (spec.values()["nSteps"], spec.values()["nEpochs"]) == (1600, 4)
    assert sorted(path.name for path in workspace.glob("way*")) == ["way-1600.checkpoint", "way-800.checkpoint"]
    assert read_checkpoint("way-800.checkpoint").counters["step"] == 800
    assert read_checkpoint("out.checkpoint").score is None


def test_several_seeds_write_checkpoints_and_a_summary(gts, workspace: Path) -> None:
    outcome = gts("train", "tiny.spec", "out.checkpoint", "--seeds", 3, "--set", "seed=7", "--json")
    data = outcome.data
    assert [member["seed"] for member in data["members"]] == [7, 8, 9]
    names = [f"out-seed{seed}.checkpoint" for seed in (7, 8, 9)]
    assert [member["result"] for member in data["members"]] == names
    for seed, name in zip((7, 8, 9), names, strict=True):
        assert read_checkpoint(name).spec.values()["seed"] == seed
    means = sorted(member["score"]["mean"] for member in data["members"])
    assert data["over_seeds"]["mean"]["median"] == means[1]
    assert json.loads((workspace / "out-summary.json").read_text())["over_seeds"] == data["over_seeds"]
    assert not (workspace / "out.checkpoint").exists()
    shown = gts("info", "@last").out
    assert "member 3" in shown


def test_keep_last_writes_the_last_policy(gts, workspace: Path) -> None:
    gts("train", "tiny.spec", "last.checkpoint", "--keep", "last", "--no-score")
    assert read_checkpoint("last.checkpoint").counters["step"] == 1200


def test_training_continues_a_checkpoint(gts, workspace: Path) -> None:
    gts("train", "tiny.spec", "--no-score", "--keep", "last")
    first = read_checkpoint("tiny.checkpoint")
    outcome = gts("train", "tiny.checkpoint", "-s", 600, "-e", 5, "--no-score", "--keep", "last")
    assert outcome.code == 0, outcome.err
    assert "checkpoint: tiny-2.checkpoint" in outcome.out  # the one it began with stays
    assert gts("train", "tiny-2.checkpoint", "third.checkpoint", "-s", 600, "-e", 5, "--no-score").code == 0
    third = read_checkpoint("third.checkpoint")
    assert [(parent["name"], parent["step"]) for parent in third.parents] == [
        ("tiny.checkpoint", 1200),
        ("tiny-2.checkpoint", 600),
    ]
    assert third.parents[0]["checksum"] == first.checksum
    assert "tiny.checkpoint (1 200 steps) → tiny-2.checkpoint (600 steps) → " in gts("info", "third.checkpoint").out


def test_parameters_can_be_changed_on_the_command_line(gts, workspace: Path) -> None:
    gts("train", "tiny.spec", "--set", "lambda=0.9", "--set", "actor.hiddenActivation=ELU", "--no-score")
    values = read_checkpoint("tiny.checkpoint").spec.values()
    assert (values["lambda"], values["actor.hiddenActivation"]) == (0.9, "ELU")


def test_more_steps_keep_the_rollout_length(gts, workspace: Path) -> None:
    rounds = read_spec("tiny.spec").params.n_epochs
    gts("train", "tiny.spec", "twice.checkpoint", "-s", 2400, "--no-score")
    gts("train", "tiny.spec", "longer.checkpoint", "-s", 2400, "-e", rounds, "--no-score")
    assert read_checkpoint("twice.checkpoint").spec.params.n_epochs == 2 * rounds
    assert read_checkpoint("longer.checkpoint").spec.params.n_epochs == rounds


def test_warnings_of_a_spec_have_positions(gts, workspace: Path) -> None:
    spec = json.loads((workspace / "tiny.spec").read_text())
    spec["params"]["actor.discountFactor"] = 0.99
    (workspace / "old.spec").write_text(json.dumps(spec, indent=1))
    outcome = gts("train", "old.spec", "--no-score", "-s", 200, "-e", 1)
    assert outcome.code == 0
    assert "note: old.spec:" in outcome.err
    assert "was never read" in outcome.err


@pytest.fixture
def signal_at_round(monkeypatch: pytest.MonkeyPatch):
    """Sends this process a signal at a given round of its training."""

    def arm(number: int, at: int) -> None:
        take = RunWriter.add_round

        def take_and_signal(recorder: RunWriter, event: TrainingProgress) -> None:
            take(recorder, event)
            if event.epoch == at:
                os.kill(os.getpid(), number)

        monkeypatch.setattr(RunWriter, "add_round", take_and_signal)

    return arm


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_training_is_saved(gts, workspace: Path, signal_at_round, number: int) -> None:
    signal_at_round(number, at=4)
    outcome = gts("train", "tiny.spec")
    assert outcome.code == 130, outcome.err
    assert "stopping after this update" in outcome.err
    assert "interrupted after 480 of 1 200 steps" in outcome.out
    (run,) = Workspace(workspace).run_ids()
    assert f"next: gts info tiny.checkpoint\n      gts resume {run}" in outcome.out
    checkpoint = read_checkpoint("tiny.checkpoint")
    assert (checkpoint.counters["step"], checkpoint.score) == (480, None)
    folder = Workspace(workspace).run_folder(run)
    assert [path.name for path in folder.last_checkpoints(0)] == ["last-0000000000480.checkpoint"]
    assert read_job_status(folder.path).state == Paused("stopped")
    assert signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler)


def test_no_save_on_interrupt(gts, workspace: Path, signal_at_round) -> None:
    signal_at_round(signal.SIGINT, at=4)
    outcome = gts("train", "tiny.spec", "--no-save-on-interrupt", "--json")
    assert outcome.code == 130
    assert outcome.data["members"][0]["result"] is None
    assert not (workspace / "tiny.checkpoint").exists()


def test_a_second_interrupt_ends_the_training_at_once(gts, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take = RunWriter.add_round

    def take_and_signal_twice(recorder: RunWriter, event: TrainingProgress) -> None:
        take(recorder, event)
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(RunWriter, "add_round", take_and_signal_twice)
    outcome = gts("train", "tiny.spec")
    assert (outcome.code, outcome.out) == (130, "")
    assert outcome.err.endswith("error: interrupted\n")
    assert not (workspace / "tiny.checkpoint").exists()
    (run,) = Workspace(workspace).run_ids()
    assert read_job_status(Workspace(workspace).run_folder(run).path).state == Paused("stopped")


def test_an_interrupt_while_scoring_costs_only_the_score(gts, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gts.jobs.trainings import attempt

    def interrupted(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(attempt, "evaluate_checkpoint", interrupted)
        outcome = gts("train", "tiny.spec")
    assert outcome.code == 130
    assert "saved tiny.checkpoint" in outcome.err
    assert read_checkpoint("tiny.checkpoint").score is None
    outcome = gts("resume", "@last", "--attach", "--json")
    assert outcome.code == 0
    assert read_checkpoint("tiny.checkpoint").score == outcome.data["members"][0]["score"]


@pytest.mark.slow
@pytest.mark.process
def test_ctrl_c_never_shows_a_traceback(workspace: Path) -> None:
    process = start(workspace, "train", "tiny.spec", "-s", "100M", "-e", "100000")
    assert process.stderr is not None
    said = process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130, said + err
    assert "Traceback" not in err


@pytest.mark.slow
@pytest.mark.process
def test_closed_terminal_does_not_end_the_training(workspace: Path) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm-256color"
        os.execv(sys.executable, [sys.executable, "-m", "gts", "train", "tiny.spec", "-s", "100M", "-e", "100000"])
    said = b""
    while b"left" not in said:
        said += os.read(terminal, 65536)
    assert b"\x1b[" in said  # a bar
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) in (0, 130)
    assert read_checkpoint(workspace / "tiny.checkpoint").counters["step"] > 0


@pytest.mark.process
def test_closed_output_ends_quietly(workspace: Path) -> None:
    process = start(workspace, "info", "tiny.spec", "-v")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(timeout=60) in (0, 1)


@pytest.mark.process
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full is Linux's")
@pytest.mark.parametrize("words", [("info", "tiny.spec"), ("check", "tiny.spec", "--json"), ("--help",)])
def test_output_to_a_full_disk_is_an_error(workspace: Path, words: tuple[str, ...]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "gts", *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == "error: the output cannot be written: the disk is full"
    assert "Traceback" not in done.stderr


def test_training_survives_an_unwritable_catalogue(gts, workspace: Path) -> None:
    (workspace / "gts.db").write_bytes(b"this is no database, whatever it looks like" * 100)
    outcome = gts("train", "tiny.spec", "--json")
    assert outcome.code == 0
    assert outcome.err.count("warning: this run is missing in the catalogue") == 1
    assert read_checkpoint("tiny.checkpoint").score is not None
    assert gts("score", "tiny.checkpoint", "--episodes", 2, "--json").code == 0
    assert gts("compare", "tiny.checkpoint", "tiny.spec").code == 0
