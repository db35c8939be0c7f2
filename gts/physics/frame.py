"""State of some worlds after one control step, as rewards, measures and health rules read it."""

from __future__ import annotations

from typing import Any, Protocol

import mujoco
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ids = NDArray[np.int32]


class SimulationArrays(Protocol):
    """The simulations behind a frame: state rows (W, S) and live copies of MjData fields."""

    @property
    def state(self) -> Floats:
        """State rows, live."""

    def bind(self, name: str) -> NDArray[Any]:
        """The live (W, …) array of a field."""


class PhysicsFrame:
    """View of n of W worlds, set by `select` in every step. All its arrays have a leading n.

    Arrays may be read-only views of the simulations, valid until the next step or start of these worlds.
    """

    def __init__(self, model: mujoco.MjModel, simulations: SimulationArrays, dt: float) -> None:
        self.model = model
        self.dt = dt
        """Seconds of one control step."""
        self.ids: Ids | None = None
        """Ids of the worlds; None: all."""
        self.action: NDArray[np.float32] = np.zeros((0, model.nu), np.float32)
        """Controls before any clipping, (n, A)."""
        self.positions: tuple[Floats, Floats] = (np.zeros(0), np.zeros(0))
        """Forward positions before and after the step, m; (n,) each."""
        self.is_healthy: NDArray[np.bool_] = np.zeros(0, np.bool_)
        """Whether the health rule holds after the step; (n,)."""
        self.term_memory: dict[str, Floats] = {}
        """Memories (W, …) of reward terms from step to step, zero at the start of an episode; part of a world's state."""
        self._simulations = simulations
        self._bound_arrays: dict[str, NDArray[Any]] = {}
        self._squared_controls: NDArray[np.float32] | None = None
        self._speed: Floats | None = None
        self._geom_ids: dict[tuple[str, ...], NDArray[np.int64]] = {}
        nq, nv = model.nq, model.nv
        # A row is time, positions, velocities, …: mjSTATE_INTEGRATION lists its parts in the order of their bits.
        motion = simulations.state[:, 1 : 1 + nq + nv]
        self._all_motion = (motion, motion[:, :nq], motion[:, nq:])
        self._nq = nq
        self.motion: Floats
        """Positions and velocities side by side, (n, nq + nv)."""
        self.qpos: Floats
        """Positions: m, rad, quaternions; (n, nq)."""
        self.qvel: Floats
        """Velocities: m/s, rad/s; (n, nv)."""
        self.select(None)

    def select(self, ids: Ids | None, motion: Floats | None = None) -> None:
        """Select these worlds (sorted, unique; None: all) in their present state; `motion` (n, nq + nv) if known."""
        self.ids = ids
        self._squared_controls = None
        self._speed = None
        if ids is None:
            self.motion, self.qpos, self.qvel = self._all_motion
            return
        self.motion = self._all_motion[0][ids] if motion is None else motion
        self.qpos = self.motion[:, : self._nq]
        self.qvel = self.motion[:, self._nq :]

    @property
    def speed(self) -> Floats:
        """Forward speed over the step, m/s; (n,)."""
        if self._speed is None:
            before, after = self.positions
            self._speed = (after - before) / self.dt
        return self._speed

    def select_rows(self, values: NDArray[Any]) -> NDArray[Any]:
        """Rows of these worlds in a (W, …) array."""
        return values if self.ids is None else values[self.ids]

    def field(self, name: str) -> NDArray[Any]:
        """An MjData field of these worlds, (n, …), computed in the last substep: one substep behind the positions."""
        if name not in self._bound_arrays:
            self._bound_arrays[name] = self._simulations.bind(name)
        return self.select_rows(self._bound_arrays[name])

    def geom_ids(self, names: tuple[str, ...]) -> NDArray[np.int64]:
        """Ids of the named geoms, (G,); raises KeyError for an unknown name."""
        if names not in self._geom_ids:
            self._geom_ids[names] = np.array([self.model.geom(name).id for name in names])
        return self._geom_ids[names]

    def sum_squared_controls(self) -> NDArray[np.float32]:
        """Σ a² over the controls, in float32 as in Gymnasium; (n,)."""
        if self._squared_controls is None:
            squares = np.square(self.action)
            # Skipping the reduction of a single column halves the time for the pendulum.
            self._squared_controls = squares[:, 0] if squares.shape[1] == 1 else np.add.reduce(squares, axis=1)
        return self._squared_controls
