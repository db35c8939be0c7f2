"""The worlds as a vector environment of Stable-Baselines3.

```python
from stable_baselines3 import PPO
from gts.sb3 import FigureVecEnv

PPO("MlpPolicy", FigureVecEnv("hopper", 64), n_steps=256, batch_size=1024).learn(1_000_000)
```

Observations, rewards and ends are those of Gymnasium's v5 environments; all worlds step in one call, on several threads.
Returns and lengths of episodes are reported as its `Monitor` does. Needs the package stable-baselines3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from time import perf_counter
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import VecEnv

from gts.envs import FigureVectorEnv
from gts.params.techniques import Physics

EnvIndices = int | Iterable[int] | None
"""One environment, several, or all."""


class FigureVecEnv(VecEnv):
    """N worlds of a figure."""

    def __init__(
        self,
        figure: str,
        n_envs: int = 1,
        *,
        max_episode_steps: int = 1000,
        threads: int | None = None,
        physics: Physics = "exact",
        rewards: Mapping[str, float] | Sequence[Mapping[str, float]] | None = None,
    ) -> None:
        """`figure` as in a spec, such as "halfCheetah"; the others as in `gts.envs.FigureVectorEnv`, which raises the same."""
        self.worlds = FigureVectorEnv(
            figure,
            n_envs,
            max_episode_steps=max_episode_steps,
            threads=threads,
            physics=physics,
            rewards=rewards,
            autoreset_mode=AutoresetMode.SAME_STEP,
        )
        self._actions: NDArray[Any] = np.zeros((n_envs, *(self.worlds.single_action_space.shape or ())))
        self._returns, self._lengths = np.zeros(n_envs), np.zeros(n_envs, np.int64)
        self._start_time = perf_counter()
        super().__init__(n_envs, self.worlds.single_observation_space, self.worlds.single_action_space)

    def reset(self) -> NDArray[Any]:
        """Restart all episodes; returns observations (N, O)."""
        observations, _ = self.worlds.reset(seed=None if self._seeds[0] is None else list(self._seeds))
        self._reset_seeds()
        self._reset_options()
        self._returns[:], self._lengths[:] = 0.0, 0
        return observations

    def step_async(self, actions: NDArray[Any]) -> None:
        """Take the actions (N, A) of the next step."""
        self._actions = actions

    def step_wait(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], list[dict[str, Any]]]:
        """Step; returns observations (N, O), rewards (N,), dones (N,), and infos with the results of episodes that ended."""
        observations, rewards, terminated, truncated, env_infos = self.worlds.step(self._actions)
        dones = terminated | truncated
        self._returns += rewards
        self._lengths += 1
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for index in np.flatnonzero(dones).tolist():
            infos[index] = {
                "terminal_observation": env_infos["final_obs"][index],
                "TimeLimit.truncated": bool(truncated[index] and not terminated[index]),
                "episode": {
                    "r": round(float(self._returns[index]), 6),
                    "l": int(self._lengths[index]),
                    "t": round(perf_counter() - self._start_time, 6),
                },
            }
        self._returns[dones], self._lengths[dones] = 0.0, 0
        return observations, rewards.astype(np.float32), dones, infos

    def close(self) -> None:
        """Close the worlds."""
        self.worlds.close()

    # -- abstract methods of VecEnv ------------------------------------------------------------------------------------

    def get_attr(self, attr_name: str, indices: EnvIndices = None) -> list[Any]:
        """The attribute of the worlds, once per environment; raises AttributeError."""
        return [getattr(self.worlds, attr_name)] * len(list(self._get_indices(indices)))

    def set_attr(self, attr_name: str, value: Any, indices: EnvIndices = None) -> None:
        """Raise AttributeError, since single worlds are not objects."""
        raise AttributeError(f"`{attr_name}` cannot be set in single worlds; give it when they are made")

    def env_method(self, method_name: str, *method_args: Any, indices: EnvIndices = None, **method_kwargs: Any) -> list[Any]:
        """Raise AttributeError, since single worlds are not objects."""
        raise AttributeError(f"`{method_name}` cannot be called in single worlds")

    def env_is_wrapped(
        self, wrapper_class: type[gymnasium.Wrapper[Any, Any, Any, Any]], indices: EnvIndices = None
    ) -> list[bool]:
        """Whether they do what a wrapper does, which is true of `Monitor`."""
        return [issubclass(wrapper_class, Monitor)] * len(list(self._get_indices(indices)))
