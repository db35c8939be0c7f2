"""Trajectories: recorded by evaluations, written to files, and played."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gts.errors import FileError, FormatError
from gts.formats.trajectory import Trajectory, read_trajectory, write_trajectory
from gts.jobs.requests import TrainingRequest
from gts.params.spec import make_spec, specs_with_seeds
from gts.physics.streams import evaluation_seeds
from gts.physics.worlds import Worlds
from gts.playback.trajectory_player import TrajectoryPlayer
from gts.store.workspace import Workspace
from gts.training.events import MembersEvaluated
from gts.training.trainer import Trainer
from gts.training.trajectory_recorder import MAX_STEPS
from tests.support.trainings import run_training

TINY = {"nSteps": 1200, "nEpochs": 4, "nEnvironments": 2, "nEvaluations": 2, "evaluationEpisodes": 1}


def evaluations(figure: str, seeds: int = 1, **params) -> list[MembersEvaluated]:
    trainer = Trainer(specs_with_seeds(make_spec(figure, "ppo", TINY | params), seeds), threads=1)
    return [event for event in trainer.run() if isinstance(event, MembersEvaluated)]


def test_the_evaluated_episode_is_recorded() -> None:
    events = evaluations("walker", seeds=3, evaluationEpisodes=2)
    assert len(events) == 2
    start = Worlds("walker", 1).reset(evaluation_seeds(1))
    for event in events:
        for trajectory in event.trajectories:
            assert trajectory is not None
            assert trajectory.step == event.step and trajectory.figure == "walker"
            assert trajectory.fell and 5 < len(trajectory.qpos) < MAX_STEPS, "an untrained walker falls soon"
            assert np.allclose(trajectory.qpos[0, 1:], start[0, :8], atol=1e-6)
            moved = np.diff(trajectory.qpos[:, 0]) / trajectory.dt
            assert np.allclose(trajectory.speed[1:], moved, atol=0.01)
    with_one = evaluations("walker")[-1]
    assert with_one.trajectories[0] is not None and with_one.scores[0] is not None
    assert with_one.trajectories[0].terms.sum() == pytest.approx(with_one.scores[0].mean, rel=1e-4)


def test_a_long_episode_is_cut_and_has_not_fallen() -> None:
    (trajectory,) = evaluations("halfCheetah")[-1].trajectories
    assert trajectory is not None
    assert len(trajectory.qpos) == MAX_STEPS + 1 and not trajectory.fell


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """Train two members; returns the run's folder."""
    specs = specs_with_seeds(make_spec("walker", "ppo", TINY), 2)
    results = tuple(tmp_path / f"out{number}.checkpoint" for number in range(2))
    request = TrainingRequest(
        workspace=Workspace(tmp_path), name="tiny", source="tiny.spec", specs=specs, results=results, score=False, threads=1
    )
    return run_training(request).folder.path


def test_a_run_keeps_the_newest_of_every_member(recorded: Path) -> None:
    for member in ("member1", "member2"):
        files = list((recorded / member).glob("*.trajectory"))
        assert [file.name for file in files] == ["newest.trajectory"]
        assert read_trajectory(files[0]).step == 1200
        assert files[0].stat().st_size < 30_000


def test_a_trajectory_plays_with_its_name(recorded: Path) -> None:
    path = recorded / "member1" / "newest.trajectory"
    trajectory, recording = read_trajectory(path), TrajectoryPlayer(path)
    assert recording.name == "walker  step 1200" and recording.fps == pytest.approx(125.0)
    frames = [recording.restart()]
    while not frames[-1].ended:
        frames.append(recording.advance())
    assert len(frames) == len(trajectory.qpos)
    assert np.array_equal(np.array([frame.qpos for frame in frames], np.float32), trajectory.qpos)
    assert frames[-1].episode_return == pytest.approx(trajectory.terms.sum(), rel=1e-4)
    assert frames[-1].fallen and not frames[0].fallen
    assert recording.data.body("torso").xpos[0] == pytest.approx(frames[-1].qpos[0])
    again = recording.advance()
    assert (again.loop, again.step) == (1, 0)


def test_following_reloads_new_files_and_ignores_damaged_ones(recorded: Path) -> None:
    path = recorded / "member1" / "newest.trajectory"
    known = read_trajectory(path)
    still, following = TrajectoryPlayer(path), TrajectoryPlayer(path, follow=True)
    write_trajectory(path, replace(known, step=9999, qpos=known.qpos[:5], speed=known.speed[:5], terms=known.terms[:5]))
    for recording in (still, following):
        recording.restart()
    assert (still.name, following.name) == ("walker  step 1200", "walker  step 9999")
    path.write_bytes(b"cut off")
    assert following.restart().step == 0 and following.name == "walker  step 9999"
    path.unlink()
    assert following.restart().step == 0
    write_trajectory(path, known)
    following.restart()
    assert following.name == "walker  step 1200"


SAMPLE = Trajectory(
    "hopper", 5, 0.008, True, ("alive",), np.zeros((3, 6), np.float32), np.zeros(3, np.float32), np.ones((3, 1), np.float32)
)


def test_the_file_keeps_everything(tmp_path: Path) -> None:
    write_trajectory(tmp_path / "x.trajectory", SAMPLE)
    read = read_trajectory(tmp_path / "x.trajectory")
    assert (read.figure, read.step, read.dt, read.fell, read.term_names) == ("hopper", 5, 0.008, True, ("alive",))
    assert read.qpos.dtype == np.float32 and np.array_equal(read.terms, SAMPLE.terms)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_file_that_is_cut_off_is_refused(tmp_path: Path, share: float) -> None:
    path = tmp_path / "x.trajectory"
    write_trajectory(path, SAMPLE)
    os.truncate(path, int(path.stat().st_size * share))
    with pytest.raises(FileError):
        read_trajectory(path)


def test_numbers_that_do_not_fit_are_refused(tmp_path: Path, hopper_file: Path) -> None:
    path = tmp_path / "x.trajectory"
    broken = SAMPLE.qpos.copy()
    broken[1, 1] = np.nan
    for wrong in (
        replace(SAMPLE, speed=np.zeros(2, np.float32)),
        replace(SAMPLE, qpos=broken),
        replace(SAMPLE, dt=0.0),
        replace(SAMPLE, qpos=np.zeros((0, 6)), speed=np.zeros(0), terms=np.zeros((0, 1))),
    ):
        write_trajectory(path, wrong)
        with pytest.raises(FormatError):
            read_trajectory(path)
    write_trajectory(path, replace(SAMPLE, qpos=np.zeros((3, 7), np.float32)))
    with pytest.raises(FileError, match="does not fit the hopper"):
        TrajectoryPlayer(path)
    with pytest.raises(FormatError):
        read_trajectory(hopper_file)
