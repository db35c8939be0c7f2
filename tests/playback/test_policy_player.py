"""Players: what is played is what is scored."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from gts.errors import FileError
from gts.formats.checkpoint import Checkpoint
from gts.jobs.trainings.request import SCORE_EPISODES
from gts.params.spec import make_spec
from gts.playback.policy_player import _SCORE_ROWS, PlaybackFrame, PolicyPlayer
from gts.training.evaluation import evaluate_checkpoint


def loop_of(player: PolicyPlayer) -> list[PlaybackFrame]:
    frames = [player.restart()]
    while not frames[-1].ended:
        frames.append(player.advance())
    return frames


def test_what_is_played_is_what_is_scored(hopper: Checkpoint) -> None:
    # With a hundred episodes of which two are looked at: an action's last bits depend on the company it is computed in.
    steps = 40
    score = evaluate_checkpoint(hopper, episodes=SCORE_EPISODES, steps=steps, seed=3, threads=1)
    player = PolicyPlayer(hopper, seed=3, frames_per_loop=steps)
    played = [loop_of(player)[-1] for _ in range(SCORE_EPISODES)]
    returns = np.array([frame.episode_return for frame in played])
    assert returns.mean() == score.mean
    assert returns.std() == score.deviation
    assert np.mean([frame.step for frame in played]) == score.length


def test_the_company_of_a_score_is_the_one_that_players_reckon_with() -> None:
    assert _SCORE_ROWS == SCORE_EPISODES


def test_every_loop_starts_elsewhere_and_a_seed_brings_them_back(hopper: Checkpoint) -> None:
    one, other = PolicyPlayer(hopper, seed=5, frames_per_loop=5), PolicyPlayer(hopper, seed=5, frames_per_loop=5)
    first, second = loop_of(one), loop_of(one)
    assert [frame.loop for frame in first + second] == [0] * 6 + [1] * 6
    assert not np.array_equal(first[0].qpos, second[0].qpos)
    for ours, theirs in zip(first + second, loop_of(other) + loop_of(other), strict=True):
        assert np.array_equal(ours.qpos, theirs.qpos) and ours.episode_return == theirs.episode_return
    assert not np.array_equal(PolicyPlayer(hopper, seed=6).restart().qpos, first[0].qpos)


def test_a_player_without_a_seed_is_another_one_every_time(hopper: Checkpoint) -> None:
    assert PolicyPlayer(hopper).seed != PolicyPlayer(hopper).seed


def test_a_frame_is_what_the_simulation_is_in(hopper: Checkpoint) -> None:
    player = PolicyPlayer(hopper, seed=0, frames_per_loop=30)
    frames = loop_of(player)
    assert player.fps == pytest.approx(125.0)
    assert frames[-1].time == pytest.approx(30 / 125)
    assert np.array_equal(frames[-1].qpos, player.data.qpos)
    assert frames[-1].episode_return == pytest.approx(sum(frame.reward for frame in frames))
    assert frames[-1].reward == pytest.approx(sum(frames[-1].terms.values()))
    assert set(frames[-1].terms) == {"forward", "alive", "control"}
    moved = [(after.qpos[0] - before.qpos[0]) * player.fps for before, after in pairwise(frames)]
    assert moved == pytest.approx([frame.speed for frame in frames[1:]])
    # The picture belongs to these positions: the torso is where its joint says.
    assert player.data.body("torso").xpos[0] == frames[-1].qpos[0]


def test_it_stands_on_the_ground(hopper: Checkpoint) -> None:
    frames = loop_of(PolicyPlayer(hopper, seed=0, frames_per_loop=200))
    touching = [frame for frame in frames if len(frame.contacts)]
    assert 20 < len(touching) < 200
    assert all(abs(point[2]) < 0.05 for frame in touching for point in frame.contacts)


def test_a_fall_ends_a_loop_unless_it_shall_keep_on(untrained) -> None:
    checkpoint = untrained("walker")
    fallen = loop_of(PolicyPlayer(checkpoint, seed=0, frames_per_loop=400))
    assert fallen[-1].fallen and fallen[-1].step < 400
    assert not any(frame.fallen for frame in fallen[:-1])
    on = loop_of(PolicyPlayer(checkpoint, seed=0, frames_per_loop=400, keep_on=True))
    assert on[-1].step == 400 and on[fallen[-1].step].fallen
    assert on[fallen[-1].step].episode_return == fallen[-1].episode_return


def test_exploring_is_another_episode_and_the_same_again(hopper: Checkpoint) -> None:
    def end(stochastic: bool, seed: int = 2) -> PlaybackFrame:
        return loop_of(PolicyPlayer(hopper, seed=seed, stochastic=stochastic, frames_per_loop=20))[-1]

    assert end(True).episode_return != end(False).episode_return
    assert end(True).episode_return == end(True).episode_return


@pytest.mark.parametrize("figure", ["invertedPendulum", "halfCheetah", "ant", "humanoid"])
def test_every_figure_plays(untrained, figure: str) -> None:
    player = PolicyPlayer(untrained(figure), seed=1, frames_per_loop=3, keep_on=True)
    frames = loop_of(player)
    assert [frame.step for frame in frames] == [0, 1, 2, 3]
    assert all(np.isfinite(frame.qpos).all() for frame in frames)


def test_tensors_of_another_figure_are_refused(hopper: Checkpoint) -> None:
    wrong = Checkpoint(make_spec("ant", "ppo", {}), hopper.tensors)
    with pytest.raises(FileError, match="does not fit the ant"):
        PolicyPlayer(wrong)
