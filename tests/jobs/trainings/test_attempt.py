"""An attempt at a run: the state of the disk at every moment, and after faults."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from gts.formats.checkpoint import read_checkpoint
from gts.jobs.job_events import CheckpointSaved, JobWarning, RunStarted, ScoringStarted
from gts.jobs.job_store import list_jobs, read_job_status
from gts.jobs.requests import Milestones
from gts.jobs.states import Done, Paused
from gts.jobs.trainings import attempt
from gts.store.catalogue import Catalogue
from gts.store.curves import MetricsReader
from gts.store.workspace import RunFolder, Workspace
from gts.training.events import MemberFailed, TrainingEvent, TrainingFinished, TrainingProgress, TrainingStarted
from gts.training.trainer import Trainer
from tests.support.trainings import run_training


class FailingTrainer(Trainer):
    """A trainer with a last member that fails after the third round."""

    def run(self) -> Iterator[TrainingEvent]:
        for event in super().run():
            yield event
            if isinstance(event, TrainingProgress) and event.epoch == 3:
                yield MemberFailed(self.cohort.n_members - 1, event.step, "a loss of nan")


def test_a_training_tells_what_it_does_in_order(ask, tmp_path: Path) -> None:
    told: list[object] = []
    outcome = run_training(ask(score=True), told.append)
    kinds = [type(one) for one in told]
    assert kinds[:2] == [RunStarted, TrainingStarted]
    assert kinds.count(TrainingProgress) == 10
    assert kinds.index(TrainingFinished) < kinds.index(ScoringStarted)
    assert (outcome.step, outcome.total_steps, outcome.stopped) == (1200, 1200, False)
    (member,) = outcome.members
    assert member.score is not None
    assert member.score["episodes"] == 100
    # What is told of is on the disk already, unless a newer one took its place.
    assert all(one.path.is_file() for one in told if isinstance(one, CheckpointSaved) and one.kind != "last")


def test_the_last_three_states_are_kept_and_the_best(ask, tmp_path: Path) -> None:
    told: list[object] = []
    outcome = run_training(ask(save_every=0.0), told.append)
    assert [one.step for one in told if isinstance(one, CheckpointSaved) and one.kind == "last"] == list(range(120, 1320, 120))
    kept = [read_checkpoint(path).counters["step"] for path in outcome.folder.last_checkpoints(0)]
    assert kept == [960, 1080, 1200]
    with Catalogue(tmp_path / "gts.db") as catalogue:
        known = [one.path for one in catalogue.checkpoints(outcome.folder.id) if one.kind == "last"]
    assert known == [str(path.relative_to(tmp_path)) for path in outcome.folder.last_checkpoints(0)]


def test_a_state_from_the_disk_goes_on_as_if_nothing_had_happened(ask, tmp_path: Path) -> None:
    request = ask(seeds=2, save_every=0.0)
    outcome = run_training(request)
    before = [read_checkpoint(outcome.folder.last_checkpoint(member, 960)) for member in range(2)]
    assert [len(one.history) for one in before] == [2, 2]
    again = Trainer(request.specs, threads=1, checkpoints=before, resume=True)
    for _ in again.run():
        pass
    for member in range(2):
        undisturbed = read_checkpoint(outcome.folder.last_checkpoint(member, 1200)).tensors
        resumed = again.cohort.checkpoint(member).tensors
        assert undisturbed.keys() == resumed.keys()
        assert all(np.array_equal(undisturbed[name], resumed[name]) for name in undisturbed)


def test_numbers_reach_the_disk_before_the_state_that_needs_them(ask, tmp_path: Path) -> None:
    folder: list[RunFolder] = []

    def look(event: object) -> None:
        if isinstance(event, RunStarted):
            folder.append(event.folder)
        if isinstance(event, CheckpointSaved) and event.kind == "last":
            with MetricsReader(folder[0].metrics) as reader:
                assert reader.newest_position()[0] == event.step
                assert len(reader.evaluations()) == len(read_checkpoint(event.path).history)

    run_training(ask(save_every=0.0), look)
    assert folder


def test_one_member_that_fails_leaves_the_others_alone(ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt, "Trainer", FailingTrainer)
    outcome = run_training(ask(seeds=2))
    first, second = outcome.members
    assert (first.failed, first.result) == ("", tmp_path / "out0.checkpoint")
    assert (second.failed, second.result) == ("step 360: a loss of nan", None)
    assert not (tmp_path / "out1.checkpoint").exists()
    assert read_job_status(outcome.folder.path).state == Done()
    assert json.loads(outcome.folder.run_file.read_text())["outcome"][1]["failed"] == "step 360: a loss of nan"
    with MetricsReader(outcome.folder.metrics) as reader:
        assert [(one.member, one.step, one.reason) for one in reader.failures()] == [(1, 360, "a loss of nan")]
    assert "member 2 failed at step 360: a loss of nan" in outcome.folder.log.read_text()


def test_a_listener_that_fails_leaves_a_run_that_says_so(ask, tmp_path: Path) -> None:
    def break_off(event: object) -> None:
        if isinstance(event, TrainingProgress) and event.epoch == 2:
            raise ZeroDivisionError("the listener's own mistake")

    with pytest.raises(ZeroDivisionError):
        run_training(ask(), break_off)
    (one,) = list_jobs(Workspace(tmp_path))
    assert one.state == Paused("stopped"), "it can be gone on with"


def test_a_catalogue_that_cannot_be_used_is_said_once(ask, tmp_path: Path) -> None:
    (tmp_path / "gts.db").mkdir()
    told: list[object] = []
    outcome = run_training(ask(), told.append)
    (trouble,) = [one for one in told if isinstance(one, JobWarning)]
    assert "this run is missing in the catalogue" in trouble.text
    assert outcome.members[0].result is not None


def test_milestones_of_several_members_have_names_of_their_own(ask, tmp_path: Path) -> None:
    run_training(ask(seeds=2, milestones=Milestones(str(tmp_path / "way"), 5)))
    names = sorted(path.name for path in tmp_path.glob("way*"))
    assert names == [f"way-seed{seed}-{step}.checkpoint" for seed in (1, 2) for step in (1200, 600)]
    assert read_checkpoint(tmp_path / "way-seed2-600.checkpoint").counters["epoch"] == 5


def test_a_best_policy_knows_the_curve_until_its_end(ask, tmp_path: Path) -> None:
    outcome = run_training(ask(keep="best"))
    result = read_checkpoint(tmp_path / "out0.checkpoint")
    assert [row["step"] for row in result.history] == [480, 840, 1200]
    best = max(result.history, key=lambda row: row["score"])
    assert (result.counters["step"], outcome.members[0].step) == (best["step"], best["step"])
