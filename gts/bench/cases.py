"""Workloads of `gts bench`.

A workload is a function that makes a number of environment steps and returns this number. Other libraries are imported when
their workload is made, which raises MissingError if they are not installed.
"""

from __future__ import annotations

import importlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from gts.bench.mujoco_loop import make_mujoco_loop
from gts.errors import MissingError
from gts.params.figures import FIGURES
from gts.params.spec import Spec, specs_with_seeds
from gts.params.techniques import Physics
from gts.physics.worlds import Worlds
from gts.training.events import TrainingProgress
from gts.training.trainer import Trainer

Workload = Callable[[], int]

_BLOCK_STEPS = 64
"""Control steps of each world per call of a workload."""

_SB3_ENVIRONMENTS, _SB3_ROLLOUT = 8, 16_384

# rl-zoo3, hyperparams/ppo.yml at 22e3ff2: one environment, observations and rewards normalised, 256-256 ReLU, no annealing.
_ZOO_KEYS = (
    *("learning_rate", "batch_size", "n_steps", "n_epochs", "gamma", "gae_lambda"),
    *("clip_range", "ent_coef", "vf_coef", "max_grad_norm"),
)
_ZOO_VALUES: dict[str, tuple[float, ...]] = {
    "hopper": (9.80828e-5, 32, 512, 5, 0.999, 0.99, 0.2, 0.00229519, 0.835671, 0.7),
    "walker": (5.05041e-5, 32, 512, 20, 0.99, 0.95, 0.1, 0.000585045, 0.871923, 1.0),
    "halfCheetah": (2.0633e-5, 64, 512, 20, 0.98, 0.92, 0.1, 0.000401762, 0.58096, 0.8),
}
_ZOO_NETWORKS = {
    "net_arch": {"pi": [256, 256], "vf": [256, 256]},
    "activation_fn": torch.nn.ReLU,
    "log_std_init": -2,
    "ortho_init": False,
}
ZOO_PARAMS: Mapping[str, Mapping[str, Any]] = {
    figure: dict(zip(_ZOO_KEYS, row, strict=True)) | {"policy_kwargs": _ZOO_NETWORKS} for figure, row in _ZOO_VALUES.items()
}
"""Arguments of Stable-Baselines3's PPO from rl-zoo3, for one normalised environment."""
_ZOO_ROLLOUTS = 4


def worlds_workload(figure: str, count: int, physics: Physics, threads: int) -> Workload:
    """Worlds with random actions, with all outputs that training uses."""
    own = Worlds(figure, count, threads=threads, physics=physics)
    own.reset(range(count))
    actions = _draw_actions(count, own.action_low, own.action_high)

    def work() -> int:
        for action in actions:
            own.step(action)
        return _BLOCK_STEPS * count

    return work


def mujoco_workload(figure: str, physics: Physics, threads: int) -> Workload:
    """The `mj_step` loop of `gts.bench.mujoco_loop`."""
    return make_mujoco_loop(figure, physics=physics, threads=threads).run


@contextmanager
def gymnasium_workload(figure: str, count: int, mode: Literal["sync", "async"]) -> Iterator[Workload]:
    """Gymnasium's environments, in a SyncVectorEnv or an AsyncVectorEnv."""
    import gymnasium

    environments = gymnasium.make_vec(FIGURES[figure].gymnasium_id, num_envs=count, vectorization_mode=mode)
    environments.reset(seed=0)
    try:
        yield _random_policy_workload(environments, count)
    finally:
        environments.close()


def envpool_workload(figure: str, count: int, threads: int) -> Workload:
    """EnvPool's C++ environments on a thread pool."""
    library = _import_library("envpool", "envpool")
    environments = library.make(
        FIGURES[figure].gymnasium_id, env_type="gymnasium", num_envs=count, batch_size=count, num_threads=threads
    )
    environments.reset()
    return _random_policy_workload(environments, count)


class TrainingWorkload:
    """Training of a cohort, one round of collect and update per call."""

    def __init__(self, spec: Spec, members: int, physics: Physics, threads: int) -> None:
        # Without evaluations, as with other libraries, and with one kind of physics.
        measured = spec.with_values({"physics": physics, "exactTail": 0.0, "nEvaluations": 0})
        self._trainer = Trainer(specs_with_seeds(measured, members), threads=threads)
        self._threads = threads
        self._events = self._trainer.run()
        self._phase_seconds: dict[str, float] = defaultdict(float)
        self._wall_seconds = 0.0
        self._is_warm = False
        next(self._events)

    def __call__(self) -> int:
        """Make one round; returns its steps, of all members together."""
        torch.set_num_threads(self._threads)
        before, started = self._trainer.step, perf_counter()
        event = next(self._events)
        assert isinstance(event, TrainingProgress)
        if self._is_warm:
            self._wall_seconds += perf_counter() - started
            for phase, seconds in event.seconds.items():
                self._phase_seconds[phase] += seconds
        # The first round runs with cold caches and is left out of the profile.
        self._is_warm = True
        return (event.step - before) * self._trainer.cohort.n_members

    def profile(self) -> dict[str, float]:
        """Fractions of the wall-clock by phase, from the second round on; `other` is the rest."""
        shares = {phase: seconds / self._wall_seconds for phase, seconds in self._phase_seconds.items()}
        return {**shares, "other": max(0.0, 1.0 - sum(shares.values()))}


def sb3_workload(figure: str, n_worlds: int = 0, threads: int = 1) -> Workload:
    """PPO of Stable-Baselines3, one torch thread: rollouts of 16 384 steps and its other defaults; a rollout and its updates.

    It trains in 8 of Gymnasium's environments in a DummyVecEnv, or in `n_worlds` worlds; with more than 8 worlds the size of
    minibatches grows in proportion.
    """
    library = _import_library("stable_baselines3", "stable-baselines3")
    rollout, batch_factor = _SB3_ROLLOUT, max(1, n_worlds // _SB3_ENVIRONMENTS)
    if n_worlds:
        environments = importlib.import_module("gts.sb3").FigureVecEnv(figure, n_worlds, threads=threads)
        environments.seed(1)
    else:
        vectorised = importlib.import_module("stable_baselines3.common.env_util")
        environments = vectorised.make_vec_env(FIGURES[figure].gymnasium_id, _SB3_ENVIRONMENTS, seed=1)
    model = library.PPO(
        "MlpPolicy", environments, n_steps=rollout // environments.num_envs, batch_size=64 * batch_factor, seed=1
    )
    return _sb3_learn_workload(model, rollout)


def sb3_zoo_workload(figure: str) -> Workload:
    """PPO of Stable-Baselines3 with the parameters of rl-zoo3, one torch thread: four rollouts of 512 steps, and updates."""
    library = _import_library("stable_baselines3", "stable-baselines3")
    vectorised = importlib.import_module("stable_baselines3.common.env_util")
    normalised = importlib.import_module("stable_baselines3.common.vec_env").VecNormalize
    environments = vectorised.make_vec_env(FIGURES[figure].gymnasium_id, 1, seed=1)
    environments = normalised(environments, gamma=ZOO_PARAMS[figure]["gamma"])
    model = library.PPO("MlpPolicy", environments, seed=1, device="cpu", **ZOO_PARAMS[figure])
    return _sb3_learn_workload(model, _ZOO_ROLLOUTS * model.n_steps)


def _sb3_learn_workload(model: Any, steps: int) -> Workload:
    """Train a model of Stable-Baselines3 for `steps`, whole rollouts, on one torch thread."""

    def work() -> int:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            model.learn(total_timesteps=steps, reset_num_timesteps=False)
        finally:
            torch.set_num_threads(threads)
        return steps

    return work


def _random_policy_workload(environments: Any, count: int) -> Workload:
    """Step a vector environment of another library with random actions.

    Steps after the end of an episode only restart the environment and are not counted.
    """
    space = getattr(environments, "single_action_space", environments.action_space)
    actions = _draw_actions(count, space.low, space.high).astype(space.dtype)

    def work() -> int:
        starts = 0
        for action in actions:
            _, _, terminated, truncated, _ = environments.step(action)
            starts += int(np.count_nonzero(terminated | truncated))
        return _BLOCK_STEPS * count - starts

    return work


def _draw_actions(count: int, low: NDArray[Any], high: NDArray[Any]) -> NDArray[np.float32]:
    """Random actions (block, W, A), drawn before the measurement."""
    generator = np.random.default_rng(0)
    return generator.uniform(low, high, (_BLOCK_STEPS, count, len(low))).astype(np.float32)


def _import_library(module: str, package: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingError(f"{package} cannot be imported: {error}", hint=f"pip install {package}") from error
