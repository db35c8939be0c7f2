"""Worlds against Gymnasium's own v5 environments, bit for bit."""

from __future__ import annotations

import functools
from typing import Any

import gymnasium
import numpy as np
import pytest

from gts.params.figures import FIGURES
from gts.physics.models import silence_mujoco_log
from gts.physics.worlds import Worlds

SEEDS = (11, 5, 2024)
STEPS = 340
LIMIT = 110


@functools.cache
def recorded(figure: str) -> dict[str, Any]:
    """Steps of Gymnasium's environments with random actions, also beyond the control range; (STEPS, worlds, …)."""
    silence_mujoco_log()
    environments = [gymnasium.make(FIGURES[figure].gymnasium_id, max_episode_steps=LIMIT) for _ in SEEDS]
    space = environments[0].action_space
    shape = (STEPS, len(SEEDS), *space.shape)
    actions = np.random.default_rng(0).uniform(1.3 * space.low, 1.3 * space.high, shape).astype(np.float32)
    starts = np.stack([environment.reset(seed=seed)[0] for environment, seed in zip(environments, SEEDS, strict=True)])
    rows: dict[str, list[Any]] = {name: [] for name in ("final", "reward", "terminated", "truncated", "next")}
    for step in range(STEPS):
        for environment, action in zip(environments, actions[step], strict=True):
            final, reward, terminated, truncated, _ = environment.step(action)
            following = environment.reset()[0] if terminated or truncated else final
            for name, value in zip(rows, (final, reward, terminated, truncated, following), strict=True):
                rows[name].append(value)
    arrays = {name: np.array(values).reshape(STEPS, len(SEEDS), *np.shape(values[0])) for name, values in rows.items()}
    return {"space": space, "starts": starts, "actions": actions, **arrays}


@pytest.mark.parametrize("threads", [1, 2])
def test_worlds_equal_gymnasium(figure: str, threads: int) -> None:
    """Observations, rewards and ends of whole episodes with restarts; the number of threads makes no difference."""
    expected = recorded(figure)
    worlds = Worlds(figure, len(SEEDS), threads=threads, max_episode_length=LIMIT)
    assert np.array_equal(worlds.action_low, expected["space"].low)
    assert np.array_equal(worlds.action_high, expected["space"].high)
    assert np.array_equal(worlds.reset(SEEDS), expected["starts"])
    for step in range(STEPS):
        transition = worlds.step(expected["actions"][step])
        assert np.array_equal(transition.final_observations, expected["final"][step]), step
        assert np.array_equal(transition.rewards, expected["reward"][step]), step
        assert np.array_equal(transition.terminated, expected["terminated"][step]), step
        assert np.array_equal(transition.truncated, expected["truncated"][step]), step
        assert np.array_equal(transition.observations, expected["next"][step]), step
        assert not transition.diverged.any()


def test_recordings_contain_restarts(figure: str) -> None:
    """Every figure was restarted more than once, by falls, or by the time limit if it cannot fall."""
    expected = recorded(figure)
    ends = (expected["terminated"] | expected["truncated"]).sum(axis=0)
    assert ends.min() >= 2
    assert expected["terminated"].any() == (figure != "halfCheetah")


def test_the_default_limit_is_a_thousand_steps() -> None:
    """As Gymnasium's registered environments have it."""
    worlds = Worlds("halfCheetah", 1)
    worlds.reset([0])
    action = np.zeros((1, 6), np.float32)
    ends = [bool(worlds.step(action).truncated[0]) for _ in range(1001)]
    assert [step for step, ended in enumerate(ends, start=1) if ended] == [1000]


def test_one_world_stepped_alone_equals_its_companions(figure: str) -> None:
    """Each world depends on its own seed and actions only, whichever worlds are stepped with it."""
    expected = recorded(figure)
    worlds = Worlds(figure, len(SEEDS), max_episode_length=LIMIT)
    worlds.reset(SEEDS)
    for step in range(60):
        for world in (2, 0, 1):
            transition = worlds.step(expected["actions"][step, [world]], np.array([world]))
            assert np.array_equal(transition.final_observations[0], expected["final"][step, world])
            assert transition.rewards[0] == expected["reward"][step, world]
            assert np.array_equal(transition.observations[0], expected["next"][step, world])
