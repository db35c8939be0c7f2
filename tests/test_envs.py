"""The registered environments against those of Gymnasium, and its checkers and wrappers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.wrappers.vector import NormalizeObservation, RecordEpisodeStatistics

import gts.envs
from gts.errors import UsageError
from gts.physics.models import silence_mujoco_log

NAMES = ("InvertedPendulum", "Hopper", "Walker2d", "HalfCheetah", "Ant", "Humanoid")
LIMIT = 30


def assert_same_infos(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> None:
    """The same keys, masks, types and numbers, at every depth."""
    assert set(ours) == set(theirs)
    for key, expected in theirs.items():
        if isinstance(expected, dict):
            assert_same_infos(ours[key], expected)
            continue
        assert (ours[key].dtype, ours[key].shape) == (expected.dtype, expected.shape), key
        for one, other in zip(ours[key], expected, strict=True):
            assert np.array_equal(one, other), key


def assert_same_step(ours: tuple[Any, ...], theirs: tuple[Any, ...]) -> None:
    """Observations, rewards, terminations, truncations, infos."""
    for one, other in zip(ours[:4], theirs[:4], strict=True):
        assert one.dtype == other.dtype
        assert np.array_equal(one, other)
    assert_same_infos(ours[4], theirs[4])


def pair(name: str, mode: AutoresetMode, **options: Any) -> tuple[VectorEnv[Any, Any, Any], VectorEnv[Any, Any, Any]]:
    """(ours, Gymnasium's SyncVectorEnv) of three environments each."""
    silence_mujoco_log()
    ours = gymnasium.make_vec(
        f"gts.envs:gts/{name}", num_envs=3, max_episode_steps=LIMIT, autoreset_mode=mode, threads=2, **options
    )
    theirs = gymnasium.make_vec(
        f"{name}-v5",
        num_envs=3,
        vectorization_mode="sync",
        vector_kwargs={"autoreset_mode": mode},
        max_episode_steps=LIMIT,
    )
    theirs.action_space.seed(1)
    return ours, theirs


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
@pytest.mark.parametrize("name", NAMES)
def test_vector_environments_equal_gymnasiums(name: str, mode: AutoresetMode) -> None:
    """Everything that reset and step give, over several episodes, with a reset without a seed in the middle."""
    ours, theirs = pair(name, mode)
    assert ours.observation_space == theirs.observation_space
    assert ours.single_observation_space == theirs.single_observation_space
    assert ours.action_space == theirs.action_space
    assert ours.metadata["render_fps"] == theirs.metadata["render_fps"]
    ends = 0
    for seed, steps in ((3, 45), (None, 45), ([8, None, 9], 20)):
        start, infos = ours.reset(seed=seed)  # type: ignore[arg-type]
        expected, expected_infos = theirs.reset(seed=seed)  # type: ignore[arg-type]
        assert np.array_equal(start, expected)
        assert_same_infos(infos, expected_infos)
        for _ in range(steps):
            actions = theirs.action_space.sample()
            result = ours.step(actions)
            assert_same_step(result, theirs.step(actions))
            ends += int((result[2] | result[3]).sum())
    assert ends >= 6
    theirs.close()
    ours.close()


@pytest.mark.parametrize("name", ["InvertedPendulum", "Humanoid"])
def test_environments_without_autoreset_are_reset_by_mask(name: str) -> None:
    """As in Gymnasium, the caller resets those that ended; the others keep their observations."""
    ours, theirs = pair(name, AutoresetMode.DISABLED)
    ours.reset(seed=5)
    theirs.reset(seed=5)
    masks = 0
    for _ in range(70):
        actions = theirs.action_space.sample()
        result, expected = ours.step(actions), theirs.step(actions)
        assert_same_step(result, expected)
        ended = result[2] | result[3]
        if ended.any():
            masks += 1
            observations, infos = ours.reset(options={"reset_mask": ended})
            expected_observations, expected_infos = theirs.reset(options={"reset_mask": ended.copy()})
            assert np.array_equal(observations, expected_observations)
            assert_same_infos(infos, expected_infos)
    assert masks >= 2
    theirs.close()


def test_a_missing_reset_raises() -> None:
    """Before the first step, and after an end without autoreset."""
    envs = gymnasium.make_vec("gts.envs:gts/HalfCheetah", num_envs=2, max_episode_steps=1, autoreset_mode="Disabled")
    actions = np.zeros((2, 6), np.float32)
    with pytest.raises(ResetNeeded):
        envs.step(actions)
    envs.reset(seed=1)
    envs.step(actions)
    with pytest.raises(ResetNeeded, match="reset_mask"):
        envs.step(actions)
    for mask in (np.ones(3, np.bool_), np.zeros(2, np.bool_), np.ones(2), [True, True]):
        with pytest.raises(ValueError, match="reset_mask"):
            envs.reset(options={"reset_mask": mask})
    with pytest.raises(ValueError, match="2 environments and 3 seeds"):
        envs.reset(seed=[1, 2, 3])  # type: ignore[arg-type]


@pytest.mark.parametrize("name", NAMES)
def test_single_environments_equal_gymnasiums(name: str) -> None:
    """`gymnasium.make` gives one world with the usual wrappers; infos are plain numbers."""
    silence_mujoco_log()
    ours = gymnasium.make(f"gts.envs:gts/{name}", max_episode_steps=LIMIT)
    theirs = gymnasium.make(f"{name}-v5", max_episode_steps=LIMIT)
    theirs.action_space.seed(0)
    seed: int | None = 4
    for _ in range(3):
        observation, infos = ours.reset(seed=seed)
        expected, expected_infos = theirs.reset(seed=seed)
        assert np.array_equal(observation, expected)
        assert {key: np.asarray(value).tolist() for key, value in infos.items()} == {
            key: np.asarray(value).tolist() for key, value in expected_infos.items()
        }
        seed, over = None, False
        while not over:
            action = theirs.action_space.sample()
            one, other = ours.step(action), theirs.step(action)
            assert np.array_equal(one[0], other[0])
            assert one[1:4] == (float(other[1]), *other[2:4])
            assert set(one[4]) == set(other[4])
            assert all(np.array_equal(one[4][key], other[4][key]) for key in other[4])
            over = one[2] or one[3]


@pytest.mark.filterwarnings("ignore:.*")
@pytest.mark.parametrize("name", NAMES)
def test_gymnasiums_checker_passes(name: str) -> None:
    """Spaces, determinism, seeding, fresh arrays."""
    check_env(gymnasium.make(f"gts/{name}").unwrapped)


def test_registered_as_gymnasium_registers_its_own() -> None:
    """Time limit and threshold."""
    for name in NAMES:
        spec, original = gymnasium.spec(f"gts/{name}"), gymnasium.spec(f"{name}-v5")
        assert (spec.max_episode_steps, spec.reward_threshold) == (original.max_episode_steps, original.reward_threshold)
    envs = gymnasium.make_vec("gts/Hopper", num_envs=2)
    assert envs.spec is not None
    assert envs.spec.id == "gts/Hopper"
    assert envs.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP


def test_rewards_and_physics_can_be_chosen() -> None:
    """One mapping for all environments or one for each; fast physics gives other numbers."""
    weights = [{"Hopper/forwardRewardWeight": 0.0, "Hopper/targetSpeedWeight": 2.0}, {}]
    envs = gymnasium.make_vec("gts/Hopper", num_envs=2, rewards=weights, threads=1)
    fast = gymnasium.make_vec("gts/Hopper", num_envs=2, rewards=weights[0], physics="fast")
    envs.reset(seed=[1, 1])  # type: ignore[arg-type]
    fast.reset(seed=1)
    actions = np.full((2, 3), 0.3, np.float32)
    observations, rewards, _, _, infos = envs.step(actions)
    assert rewards[0] != rewards[1]
    assert infos["reward_forward"][0] == 0.0 != infos["reward_forward"][1]
    assert infos["reward_targetSpeed"][0] > 0.0 == infos["reward_targetSpeed"][1]
    other, _, _, _, fast_infos = fast.step(actions)
    assert "reward_forward" not in fast_infos
    assert not np.array_equal(observations[0], other[0])
    with pytest.raises(UsageError, match="did you mean"):
        gymnasium.make_vec("gts/Hopper", num_envs=2, rewards={"Hopper/minimalSpeed": 1.0})
    single = gymnasium.make("gts/InvertedPendulum", rewards={"InvertedPendulum/aliveBonus": 0.5})
    single.reset(seed=1)
    assert single.step(np.zeros(1, np.float32))[1] == 0.5


def test_wrappers_of_the_ecosystem_work() -> None:
    """Episode statistics and observation normalisation, as a training library would wrap them."""
    envs = NormalizeObservation(RecordEpisodeStatistics(gymnasium.make_vec("gts/InvertedPendulum", num_envs=4)))
    envs.reset(seed=1)
    envs.action_space.seed(1)
    lengths = []
    for _ in range(60):
        observations, _, terminated, truncated, infos = envs.step(envs.action_space.sample())
        assert np.isfinite(observations).all()
        ended = terminated | truncated
        if ended.any():
            assert np.array_equal(infos["_episode"], ended)
            assert np.array_equal(infos["episode"]["r"][ended], infos["episode"]["l"][ended] - 1)
            lengths += infos["episode"]["l"][ended].tolist()
    assert len(lengths) > 4


def test_seeds_are_reported() -> None:
    """Given ones as they are, drawn ones so that an episode can be repeated."""
    envs = gymnasium.make_vec("gts/Hopper", num_envs=2)
    start, _ = envs.reset()
    seeds = envs.np_random_seed
    again, _ = gymnasium.make_vec("gts/Hopper", num_envs=2).reset(seed=list(seeds))  # type: ignore[arg-type, call-overload]
    assert np.array_equal(start, again)
    envs.reset(seed=7)
    assert envs.np_random_seed == (7, 8)  # type: ignore[comparison-overlap]
    assert len(envs.np_random) == 2  # type: ignore[arg-type]


@pytest.mark.process
def test_gts_stays_light_until_its_environments_are_asked_for() -> None:
    """`import gts` loads nothing heavy; the worlds need no torch."""
    program = (
        "import sys, gts\n"
        "assert not {'gymnasium', 'mujoco', 'torch', 'numpy'} & set(sys.modules)\n"
        "import gymnasium\n"
        "gymnasium.make_vec('gts.envs:gts/Hopper', num_envs=2)\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    assert gts.envs.FigureVectorEnv.__name__ in gymnasium.spec("gts/Ant").vector_entry_point  # type: ignore[operator]
