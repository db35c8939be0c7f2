"""Simulation of W worlds of one figure: states, steps, starts, divergences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

import mujoco
import numpy as np
from mujoco.batch import Batch, SimulationError
from numpy.typing import NDArray

from gts.errors import UsageError
from gts.params.spec import unknown_name_message
from gts.params.techniques import Physics
from gts.physics.contact_batch import ContactBatch
from gts.physics.figure import Figure
from gts.physics.frame import Floats, Ids
from gts.physics.models import load_model
from gts.physics.streams import ResetSampler

_FIRST_DIVERGENCE_WARNING = int(mujoco.mjtWarning.mjWARN_BADQPOS)


class MujocoSimulations:
    """W simulations of a figure's model on a thread pool; results do not depend on the number of threads."""

    def __init__(self, figure: Figure, n_worlds: int, *, threads: int, physics: Physics, fields: Sequence[str] = ()) -> None:
        """`fields`: MjData fields to copy out besides those of the figure."""
        # A newly bound field is zero until the next call, so all are bound before the first.
        self._fields = (*figure.fields, *fields)
        self._figure, self._n_worlds, self._threads = figure, n_worlds, threads
        self.model = load_model(figure.model_file)
        self._exact_integrator = self.model.opt.integrator
        nq, nv = self.model.nq, self.model.nv
        self._reset_sampler = ResetSampler(figure.reset_noise, nq, nv)
        self.dt = float(self.model.opt.timestep * figure.frame_skip)
        """Seconds of one control step, with either physics."""
        self._motion_columns = slice(1, 1 + nq + nv)
        self._build_batch(physics)

    @property
    def state(self) -> Floats:
        """Rows of MuJoCo's integration state, (W, S); live."""
        rows: Floats = self._batch.state
        return rows

    def bind(self, name: str) -> NDArray[Any]:
        """The live (W, …) array of an MjData field; raises KeyError for a field not given to the constructor."""
        if name not in self._fields:
            raise KeyError(f"`{name}` is not among the fields that these worlds keep: {', '.join(self._fields) or 'none'}")
        bound: NDArray[Any] = self._batch.bind(name)
        return bound

    def set_physics(self, physics: Physics) -> None:
        """Change the integrator at the same timestep and keep the states. Bound arrays become invalid."""
        rows = self.state.copy()
        self._build_batch(physics)
        self.state[:] = rows

    def step(self, controls: NDArray[np.float32], ids: Ids | None) -> NDArray[np.bool_] | None:
        """Make one control step of these worlds (None: all) with controls (n, A).

        Returns the worlds that failed, (n,) bool, or None: MuJoCo raised an error, or found a number that is not finite or
        too large and reset the world to the default pose.
        """
        has_error = None
        if ids is None:
            self._controls[...] = controls
        else:
            self._controls[ids] = controls
        try:
            self._batch.step(ids, self._figure.frame_skip)
        except SimulationError as error:
            has_error = np.isin(np.arange(self._n_worlds) if ids is None else ids, error.ids)
        warnings = self._batch.warning
        # Comparing bytes takes a tenth of the time of numpy.any, and the counters are nearly always zero.
        if has_error is None and warnings.tobytes() == self._no_warnings:
            return None
        diverged = np.asarray(warnings[:, _FIRST_DIVERGENCE_WARNING:, 1].any(axis=1), np.bool_)
        warnings[...] = 0
        if ids is not None:
            diverged = diverged[ids]
        return diverged if has_error is None else diverged | has_error

    def start_episodes(self, ids: Ids, streams: list[np.random.Generator]) -> Floats:
        """Reset these worlds to starts drawn from their streams, in Gymnasium's order: positions, then velocities.

        Returns these positions and velocities, (n, nq + nv).
        """
        rows = self._default_rows[: len(ids)].copy()
        motion = rows[:, self._motion_columns]
        motion += self._reset_sampler.sample([streams[world] for world in ids.tolist()])
        if not self._figure.fields:
            # Only the state is read, which a forward pass would not change.
            self.state[ids] = rows
            return motion
        self._batch.reset(ids)
        self.state[ids] = rows
        self._batch.forward(ids)
        return motion

    def reset_to_default_pose(self, ids: Ids) -> None:
        """Reset these worlds to the default pose of the model, without motion."""
        self.state[ids] = self._default_rows[0]

    def _build_batch(self, physics: Physics) -> None:
        if physics not in get_args(Physics):
            raise UsageError(unknown_name_message("physics", physics, get_args(Physics)))
        fast = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
        self.model.opt.integrator = fast if physics == "fast" else self._exact_integrator
        threads = min(self._threads, self._n_worlds)
        kind = ContactBatch if self._figure.needs_contact_forces else Batch
        self._batch: Any = kind(self.model, self._n_worlds, threads)
        for name in self._fields:
            self._batch.bind(name)
        self._batch.reset(np.zeros(1, np.int32))
        self._default_rows: Floats = np.repeat(self.state[:1], self._n_worlds, axis=0)
        self._no_warnings: bytes = bytes(self._batch.warning.nbytes)
        first, count = _state_slice(self.model, mujoco.mjtState.mjSTATE_CTRL)
        self._controls: Floats = self.state[:, first : first + count]


def _state_slice(model: mujoco.MjModel, component: mujoco.mjtState) -> tuple[int, int]:
    """(first, count) of a component in a state row, in which components are in the order of their bits."""
    everything = int(mujoco.mjtState.mjSTATE_INTEGRATION)
    before = everything & (int(component) - 1)
    return mujoco.mj_stateSize(model, before), mujoco.mj_stateSize(model, int(component))
