"""The worlds as environments of Gymnasium, for any library of its ecosystem.

`import gts.envs` registers `gts/InvertedPendulum`, `gts/Hopper`, `gts/Walker2d`, `gts/HalfCheetah`, `gts/Ant`, `gts/Humanoid`;
`gymnasium.make_vec("gts.envs:gts/Hopper", num_envs=64)` imports this module by itself. Observations, rewards, ends and infos
are those of Gymnasium's v5 environments of the same names. Keyword arguments of both kinds of environment: `physics` ("exact"
or "fast") and `rewards` (parameters by full key, `{"Hopper/minimumSpeed": 0.5}`); of vector environments also `threads`,
`autoreset_mode`, and `rewards` as a sequence with one mapping per environment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.spaces import Box
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from gts.params.figures import FIGURES
from gts.params.techniques import Physics
from gts.physics.streams import make_streams
from gts.physics.worlds import Worlds
from gts.system.threads import available_cpus

Arrays = NDArray[Any]
Infos = dict[str, Any]

_TERM_KEYS = {"alive": "reward_survive", "control": "reward_ctrl"}
"""Gymnasium's keys of two terms; the others are `reward_` and the name of the term."""
_REWARD_THRESHOLDS = {"invertedPendulum": 950.0, "hopper": 3800.0, "halfCheetah": 4800.0, "ant": 6000.0}
"""Returns at which Gymnasium calls a task solved."""
_NO_TIME_LIMIT = 2**62


class InfoBuilder:
    """Builds the infos of Gymnasium's environments, for all worlds at once."""

    fields: ClassVar[dict[str, tuple[str, ...]]] = {"humanoid": ("ten_length", "ten_velocity")}
    """MjData fields that only infos read, by figure."""

    def __init__(self, worlds: Worlds, *, is_default_reward: bool) -> None:
        """`is_default_reward`: whether the reward is that of Gymnasium."""
        self._worlds = worlds
        self._figure = worlds.figure
        single = {term.name for term in self._figure.terms if term.is_float32}
        self._terms: list[tuple[str, Any]] = []
        for name in worlds.term_names:
            kind: Any = np.float32 if name in single else np.float64
            # Gymnasium's pendulum has integer rewards.
            kind = np.int64 if is_default_reward and self._figure.name == "invertedPendulum" else kind
            self._terms.append((_TERM_KEYS.get(name, f"reward_{name}"), kind))
        self._lateral_positions = np.zeros(worlds.n_worlds)

    def reset_infos(self, ids: Arrays) -> dict[str, Arrays]:
        """Infos of worlds that have just been started, (n, …) by key."""
        frame = self._worlds.frame
        if self._figure.lateral_position is not None:
            self._lateral_positions[ids] = self._figure.lateral_position(frame)
        return {key: np.array(read(frame)) for key, read in self._figure.info.items()}

    def step_infos(self, ids: Arrays) -> dict[str, Arrays]:
        """Infos of worlds that have just been stepped, (n, …) by key."""
        frame = self._worlds.frame
        infos = {key: np.array(read(frame)) for key, read in self._figure.info.items()}
        if infos:
            infos["x_velocity"] = frame.speed
        if self._figure.lateral_position is not None:
            lateral_position = self._figure.lateral_position(frame)
            infos["y_velocity"] = (lateral_position - self._lateral_positions[ids]) / frame.dt
            self._lateral_positions[ids] = lateral_position
        for (key, kind), values in zip(self._terms, self._worlds.reward_terms(), strict=True):
            infos[key] = values.astype(kind)
        return infos


class FigureVectorEnv(VectorEnv[Arrays, Arrays, Arrays]):
    """N worlds of a figure that step in one call, on several threads."""

    def __init__(
        self,
        figure: str,
        num_envs: int = 1,
        *,
        max_episode_steps: int = 1000,
        threads: int | None = None,
        physics: Physics = "exact",
        rewards: Mapping[str, float] | Sequence[Mapping[str, float]] | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
    ) -> None:
        """`threads`: None takes all CPUs that this process may use. Raises what `Worlds` raises."""
        if isinstance(rewards, Mapping):
            rewards = [rewards] * num_envs
        self._worlds = _make_worlds(figure, num_envs, threads or available_cpus(), physics, rewards, max_episode_steps)
        self._info_builder = InfoBuilder(self._worlds, is_default_reward=rewards is None)
        self._autoreset_mode = AutoresetMode(autoreset_mode)
        self.num_envs = num_envs
        self.metadata = {**_metadata(self._worlds), "autoreset_mode": self._autoreset_mode}
        self.single_observation_space, self.single_action_space = _spaces(self._worlds)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._all_ids = np.arange(num_envs)
        self._is_done = np.zeros(num_envs, np.bool_)
        self._observations = np.zeros(self.observation_space.shape or ())
        self._seeds: list[int] = []

    @property  # type: ignore[misc]
    def np_random(self) -> Any:
        """The random streams of the environments, a tuple as in Gymnasium's own vector environments."""
        return tuple(self._worlds.streams)

    @property
    def np_random_seed(self) -> Any:
        """The seeds of these streams, a tuple."""
        return tuple(self._seeds)

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[Arrays, Infos]:
        """Restart all environments, or those of `options["reset_mask"]` (N,) bool.

        `seed`: an int for seed, seed + 1, …; a list with an int or None per environment; None continues the streams.
        """
        ids = self._all_ids
        if options is not None and "reset_mask" in options:
            ids = _masked_ids(options["reset_mask"], self.num_envs)
        seeds = [seed + index for index in range(self.num_envs)] if isinstance(seed, int) else seed or [None] * self.num_envs
        if len(seeds) != self.num_envs:
            raise ValueError(f"there are {self.num_envs} environments and {len(seeds)} seeds")
        if not self._worlds.streams:
            self._seeds = [_random_seed() for _ in self._all_ids]
            self._worlds.streams = make_streams(self._seeds)
        for index in ids.tolist():
            if seeds[index] is not None:
                self._seeds[index] = seeds[index]
                self._worlds.streams[index] = make_streams([seeds[index]])[0]
        infos: Infos = {}
        self._reset_ids(ids, self._observations, infos)
        self._is_done[ids] = False
        return self._observations.copy(), infos

    def step(self, actions: Arrays) -> tuple[Arrays, Arrays, Arrays, Arrays, Infos]:
        """Step all environments with actions (N, A); AutoresetMode decides how those that ended are restarted."""
        if not self._worlds.streams:
            raise ResetNeeded("call reset before step")
        if self._is_done.any():
            if self._autoreset_mode is AutoresetMode.NEXT_STEP:
                return self._step_next_step_mode(np.asarray(actions))
            raise ResetNeeded("environments that ended must be reset, with `reset_mask`, before the next step")
        transition = self._worlds.step(actions)
        is_done = transition.terminated | transition.truncated
        step_infos = self._info_builder.step_infos(self._all_ids)
        infos: Infos = {}
        observations = transition.observations
        if self._autoreset_mode is AutoresetMode.SAME_STEP and is_done.any():
            ids = is_done.nonzero()[0]
            final = np.full(self.num_envs, None, object)
            for index in ids.tolist():
                final[index] = observations[index].copy()
            infos = {"final_obs": final, "_final_obs": is_done.copy(), "final_info": {}, "_final_info": is_done.copy()}
            _write_infos(infos["final_info"], ids, {key: values[ids] for key, values in step_infos.items()}, self.num_envs)
            others = (~is_done).nonzero()[0]
            _write_infos(infos, others, {key: values[others] for key, values in step_infos.items()}, self.num_envs)
            self._reset_ids(ids, observations, infos)
        else:
            _write_infos(infos, self._all_ids, step_infos, self.num_envs)
            self._is_done = is_done
        self._observations = observations
        return observations.copy(), transition.rewards, transition.terminated, transition.truncated, infos

    def _step_next_step_mode(self, actions: Arrays) -> tuple[Arrays, Arrays, Arrays, Arrays, Infos]:
        """Step, but restart the environments that ended and ignore their actions."""
        observations = np.empty_like(self._observations)
        rewards = np.zeros(self.num_envs)
        terminated, truncated = np.zeros(self.num_envs, np.bool_), np.zeros(self.num_envs, np.bool_)
        infos: Infos = {}
        ids = (~self._is_done).nonzero()[0]
        if len(ids):
            transition = self._worlds.step(actions[ids], ids)
            observations[ids], rewards[ids] = transition.observations, transition.rewards
            terminated[ids], truncated[ids] = transition.terminated, transition.truncated
            _write_infos(infos, ids, self._info_builder.step_infos(ids), self.num_envs)
        self._reset_ids(self._is_done.nonzero()[0], observations, infos)
        self._is_done = terminated | truncated
        self._observations = observations
        return observations.copy(), rewards, terminated, truncated, infos

    def _reset_ids(self, ids: Arrays, observations: Arrays, infos: Infos) -> None:
        """Restart environments and write their observations and infos into the given containers."""
        observations[ids] = self._worlds.restart(ids)
        _write_infos(infos, ids, self._info_builder.reset_infos(ids), self.num_envs)


class FigureEnv(gymnasium.Env[Arrays, Arrays]):
    """One world of a figure, for `gymnasium.make`; the time limit is the wrapper's, as with Gymnasium's own."""

    def __init__(self, figure: str, *, physics: Physics = "exact", rewards: Mapping[str, float] | None = None) -> None:
        """Raises what `Worlds` raises."""
        self._worlds = _make_worlds(figure, 1, 1, physics, None if rewards is None else [rewards], _NO_TIME_LIMIT)
        self._info_builder = InfoBuilder(self._worlds, is_default_reward=rewards is None)
        self.metadata = _metadata(self._worlds)
        self.observation_space, self.action_space = _spaces(self._worlds)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Arrays, Infos]:
        """Start a new episode; `options` has no meaning here."""
        super().reset(seed=seed)
        self._worlds.streams = [self.np_random]
        first = np.zeros(1, np.int64)
        observation = self._worlds.restart(first)[0]
        return observation, {key: values[0] for key, values in self._info_builder.reset_infos(first).items()}

    def step(self, action: Arrays) -> tuple[Arrays, float, bool, bool, Infos]:
        """One control step with an action (A,)."""
        transition = self._worlds.step(np.asarray(action, np.float32)[None])
        infos = {key: values[0] for key, values in self._info_builder.step_infos(np.zeros(1, np.int64)).items()}
        return transition.observations[0], float(transition.rewards[0]), bool(transition.terminated[0]), False, infos


def _make_worlds(
    figure: str,
    n_worlds: int,
    threads: int,
    physics: Physics,
    rewards: Sequence[Mapping[str, float]] | None,
    max_episode_length: int,
) -> Worlds:
    return Worlds(
        figure,
        n_worlds,
        rewards=rewards,
        threads=threads,
        physics=physics,
        max_episode_length=max_episode_length,
        autoreset=False,
        fields=InfoBuilder.fields.get(figure, ()),
    )


def _metadata(worlds: Worlds) -> dict[str, Any]:
    return {"render_modes": [], "render_fps": round(1.0 / worlds.dt)}


def _spaces(worlds: Worlds) -> tuple[Box, Box]:
    """Observation space (float64, unbounded) and action space (float32) of one environment."""
    observations = Box(-np.inf, np.inf, (worlds.observation_size,), np.float64)
    return observations, Box(worlds.action_low, worlds.action_high, dtype=np.float32)


def _write_infos(infos: Infos, ids: Arrays, values_by_key: Mapping[str, Arrays], count: int) -> None:
    """Write values of n environments into (N, …) arrays, with their masks under `_key`."""
    if not len(ids):
        return
    for key, values in values_by_key.items():
        if key not in infos:
            infos[key] = np.zeros((count, *values.shape[1:]), values.dtype)
            infos[f"_{key}"] = np.zeros(count, np.bool_)
        infos[key][ids] = values
        infos[f"_{key}"][ids] = True


def _masked_ids(mask: object, count: int) -> Arrays:
    """The environments of a reset mask."""
    if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_ or mask.shape != (count,) or not mask.any():
        raise ValueError(f"`reset_mask` must be a boolean array of shape ({count},) with at least one True")
    return mask.nonzero()[0]


def _random_seed() -> int:
    entropy = np.random.SeedSequence().entropy
    assert isinstance(entropy, int)
    return entropy


for _figure in FIGURES.values():
    gymnasium.register(
        id=f"gts/{_figure.gymnasium_id.removesuffix('-v5')}",
        entry_point="gts.envs:FigureEnv",
        vector_entry_point="gts.envs:FigureVectorEnv",
        reward_threshold=_REWARD_THRESHOLDS.get(_figure.name),
        max_episode_steps=1000,
        kwargs={"figure": _figure.name},
    )
