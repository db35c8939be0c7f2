"""Fixtures of the tests of worlds: figures, weights, actions, and worlds in a given pose."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gts.params.figures import FIGURES
from gts.physics.worlds import Worlds

# Weights of all optional terms, by short name.
EVERYTHING = {
    "targetSpeedWeight": 0.7,
    "uprightWeight": 0.3,
    "heightWeight": 0.4,
    "footClearanceWeight": 0.6,
    "smoothnessPenalty": 0.05,
    "energyPenalty": 0.0003,
    "symmetryPenalty": 0.8,
    "balancePenalty": 0.6,
    "flightPenalty": 0.4,
    "alternationWeight": 0.3,
    "speedPenalty": 0.1,
    "minimumSpeed": 0.25,
}


@pytest.fixture(params=list(FIGURES))
def figure(request: pytest.FixtureRequest) -> str:
    """Every figure in turn."""
    return str(request.param)


@pytest.fixture(scope="session")
def every_term() -> Callable[[str], dict[str, float]]:
    """Weights that activate every term of a figure."""

    def weights(figure: str) -> dict[str, float]:
        declared = {parameter.name: parameter.key for parameter in FIGURES[figure].parameters()}
        return {declared[name]: value for name, value in EVERYTHING.items() if name in declared}

    return weights


@pytest.fixture(scope="session")
def random_actions() -> Callable[..., NDArray[np.float32]]:
    """Uniform actions in the range of the controls times `reach`, (steps, W, A)."""

    def actions(worlds: Worlds, steps: int, *, reach: float = 1.0) -> NDArray[np.float32]:
        low, high = reach * worlds.action_low, reach * worlds.action_high
        drawn = np.random.default_rng(0).uniform(low, high, (steps, worlds.n_worlds, worlds.action_size))
        return drawn.astype(np.float32)

    return actions


@pytest.fixture(scope="session")
def posed() -> Callable[..., Worlds]:
    """Worlds of a figure, one per pose: coordinates and velocities that differ from the default pose, by index.

    Relaxed: joints that the model's own pose leaves at a limit, which would push, are put into the middle of their ranges.
    Worlds are not started again where the pose is one of a figure that has fallen.
    """

    def pose(
        figure: str,
        poses: Sequence[Mapping[int, float]],
        velocities: Sequence[Mapping[int, float]] | None = None,
        rewards: Mapping[str, float] | None = None,
        *,
        relaxed: bool = True,
    ) -> Worlds:
        worlds = Worlds(figure, len(poses), rewards=[rewards or {}] * len(poses), autoreset=False)
        worlds.reset(range(len(poses)))
        state, model = worlds.get_state(), worlds.frame.model
        for row, (places, speeds) in enumerate(zip(poses, velocities or [{}] * len(poses), strict=True)):
            qpos, qvel = _own_pose(model, relaxed), np.zeros(model.nv)
            for index, value in places.items():
                qpos[index] = value
            for index, value in speeds.items():
                qvel[index] = value
            state["rows"][row, 1 : 1 + model.nq + model.nv] = np.concatenate([qpos, qvel])
            # Positions before the step, from which speeds are computed.
            state["positions"][row] = qpos[0]
        worlds.set_state(None, state)
        return worlds

    return pose


def _own_pose(model: Any, relaxed: bool) -> NDArray[np.float64]:
    qpos: NDArray[np.float64] = model.qpos0.copy()
    for joint in range(model.njnt) if relaxed else ():
        address, (low, high) = model.jnt_qposadr[joint], model.jnt_range[joint]
        if model.jnt_limited[joint] and not low + 0.05 < qpos[address] < high - 0.05:
            qpos[address] = (low + high) / 2
    return qpos
