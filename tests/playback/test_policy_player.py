"""Policy players: loops equal the episodes of a score, bit for bit."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from gts.errors import FileError
from gts.formats.checkpoint import Checkpoint
from gts.jobs.job_events import SCORE_EPISODES
from gts.params.spec import make_spec
from gts.playback.policy_player import _SCORE_ROWS, PlaybackFrame, PolicyPlayer
from gts.training.evaluation import evaluate_checkpoint


def loop_of(player: PolicyPlayer) -> list[PlaybackFrame]:
    frames = [player.restart()]
    while not frames[-1].ended:
        frames.append(player.advance())
    return frames


def test_loops_equal_the_episodes_of_a_score(hopper: Checkpoint) -> None:
    # With the batch size of a score, since the last bits of an action depend on it.
    steps = 40
    score = evaluate_checkpoint(hopper, episodes=SCORE_EPISODES, steps=steps, seed=3, threads=1)
    player = PolicyPlayer(hopper, seed=3, frames_per_loop=steps)
    played = [loop_of(player)[-1] for _ in range(SCORE_EPISODES)]
    returns = np.array([frame.episode_return for frame in played])
    assert returns.mean() == score.mean
    assert returns.std() == score.deviation
    assert np.mean([frame.step for frame in played]) == score.length


def test_players_use_the_batch_size_of_a_score() -> None:
    assert _SCORE_ROWS == SCORE_EPISODES


def test_loops_start_differently_and_a_seed_repeats_them(hopper: Checkpoint) -> None:
    one, other = PolicyPlayer(hopper, seed=5, frames_per_loop=5), PolicyPlayer(hopper, seed=5, frames_per_loop=5)
    first, second = loop_of(one), loop_of(one)
    assert [frame.loop for frame in first + second] == [0] * 6 + [1] * 6
    assert not np.array_equal(first[0].qpos, second[0].qpos)
    for ours, theirs in zip(first + second, loop_of(other) + loop_of(other), strict=True):
        assert np.array_equal(ours.qpos, theirs.qpos) and ours.episode_return == theirs.episode_return
    assert not np.array_equal(PolicyPlayer(hopper, seed=6).restart().qpos, first[0].qpos)


def test_players_without_a_seed_differ(hopper: Checkpoint) -> None:
    assert PolicyPlayer(hopper).seed != PolicyPlayer(hopper).seed


def test_a_frame_is_the_state_of_the_simulation(hopper: Checkpoint) -> None:
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
    # Body positions belong to the same state.
    assert player.data.body("torso").xpos[0] == frames[-1].qpos[0]


def test_the_hopper_touches_the_ground(hopper: Checkpoint) -> None:
    frames = loop_of(PolicyPlayer(hopper, seed=0, frames_per_loop=200))
    touching = [frame for frame in frames if len(frame.contacts)]
    assert 20 < len(touching) < 200
    assert all(abs(point[2]) < 0.05 for frame in touching for point in frame.contacts)


def test_a_fall_ends_a_loop_without_keep_on(untrained) -> None:
    checkpoint = untrained("walker")
    fallen = loop_of(PolicyPlayer(checkpoint, seed=0, frames_per_loop=400))
    assert fallen[-1].fallen and fallen[-1].step < 400
    assert not any(frame.fallen for frame in fallen[:-1])
    on = loop_of(PolicyPlayer(checkpoint, seed=0, frames_per_loop=400, keep_on=True))
    assert on[-1].step == 400 and on[fallen[-1].step].fallen
    assert on[fallen[-1].step].episode_return == fallen[-1].episode_return


def test_exploration_changes_the_episode_reproducibly(hopper: Checkpoint) -> None:
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
