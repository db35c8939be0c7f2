"""The vector environment of Stable-Baselines3 against its own, over Gymnasium's environments."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from gts.params.figures import FIGURES
from gts.sb3 import FigureVecEnv

COUNT = 3


def theirs(figure: str, limit: int) -> DummyVecEnv:
    made = make_vec_env(
        lambda: gymnasium.make(FIGURES[figure].gymnasium_id, max_episode_steps=limit), n_envs=COUNT, vec_env_cls=DummyVecEnv
    )
    assert isinstance(made, DummyVecEnv)
    return made


@pytest.mark.parametrize("figure, limit", [("hopper", 1000), ("hopper", 20), ("halfCheetah", 30), ("invertedPendulum", 1000)])
def test_it_equals_the_environment_of_stable_baselines(figure: str, limit: int) -> None:
    own, other = FigureVecEnv(figure, COUNT, max_episode_steps=limit), theirs(figure, limit)
    assert own.observation_space == other.observation_space
    assert own.action_space == other.action_space
    own.seed(7), other.seed(7)
    np.testing.assert_array_equal(own.reset(), other.reset())
    draw, ends, cut = np.random.default_rng(0), 0, 0
    for _ in range(200):
        actions = draw.uniform(own.action_space.low, own.action_space.high, (COUNT, *own.action_space.shape))
        actions = actions.astype(np.float32)
        for one, another in zip(own.step(actions)[:3], other.step(actions)[:3], strict=True):
            assert one.dtype == another.dtype
            np.testing.assert_array_equal(one, another)
    own.seed(9), other.seed(9)
    own.reset(), other.reset()
    for _ in range(200):
        actions = draw.uniform(-0.1, 0.1, (COUNT, *own.action_space.shape)).astype(np.float32)
        _, _, ended, infos = own.step(actions)
        for world, (told, expected) in enumerate(zip(infos, other.step(actions)[3], strict=True)):
            assert ("episode" in told) == ended[world] == ("episode" in expected)
            if not ended[world]:
                continue
            ends += 1
            cut += told["TimeLimit.truncated"]
            assert told["TimeLimit.truncated"] == expected["TimeLimit.truncated"]
            np.testing.assert_array_equal(told["terminal_observation"], expected["terminal_observation"])
            assert told["episode"]["l"] == expected["episode"]["l"]
            assert told["episode"]["r"] == pytest.approx(expected["episode"]["r"], abs=1e-5)
    assert ends > COUNT
    assert (cut > 0) == (limit < 100)


@pytest.mark.learning
def test_their_ppo_learns_in_it() -> None:
    worlds = VecNormalize(FigureVecEnv("invertedPendulum", 16))
    model = PPO("MlpPolicy", worlds, n_steps=64, batch_size=256, learning_rate=1e-3, seed=1)
    before = evaluate_policy(model, FigureVecEnv("invertedPendulum", 4), n_eval_episodes=8)[0]
    model.learn(30_000)
    assert model.ep_info_buffer is not None and len(model.ep_info_buffer) > 10
    worlds.training = worlds.norm_reward = False
    after = evaluate_policy(model, worlds, n_eval_episodes=8)[0]
    assert isinstance(before, float) and isinstance(after, float)
    assert after > 5 * before
    worlds.close()


def test_single_worlds_are_not_objects() -> None:
    worlds = FigureVecEnv("hopper", 2)
    assert worlds.get_attr("num_envs", [1]) == [2]
    with pytest.raises(AttributeError, match="when they are made"):
        worlds.set_attr("mass", 3)
    with pytest.raises(AttributeError, match="jump"):
        worlds.env_method("jump")
