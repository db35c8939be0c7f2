"""Observations and positions that several figures share; the values are those of Gymnasium's v5 environments."""

from __future__ import annotations

import numpy as np

from gts.physics.frame import Floats, PhysicsFrame


def root_x(frame: PhysicsFrame) -> Floats:
    """The root's own x coordinate, m; (n,)."""
    return frame.qpos[:, 0]


def root_y(frame: PhysicsFrame) -> Floats:
    """The root's own y coordinate, m; (n,)."""
    return frame.qpos[:, 1]


def root_z(frame: PhysicsFrame) -> Floats:
    """Height of the root of a planar figure above that of the default pose, m; (n,)."""
    return np.asarray(frame.qpos[:, 1] - frame.model.qpos0[1])


def root_distance(frame: PhysicsFrame) -> Floats:
    """Horizontal distance of the root from the origin, m; (n,)."""
    # Row by row as in Gymnasium, since a norm along an axis rounds differently.
    return np.array([np.linalg.norm(row, ord=2) for row in frame.qpos[:, :2]])


def planar_observation(frame: PhysicsFrame) -> Floats:
    """All but the forward position: qpos[1:], qvel; (n, nq − 1 + nv)."""
    return frame.motion[:, 1:].copy()


def clipped_planar_observation(frame: PhysicsFrame) -> Floats:
    """All but the forward position, velocities clipped to ±10: qpos[1:], clip(qvel); (n, nq − 1 + nv)."""
    observation = frame.motion[:, 1:].copy()
    velocity = observation[:, frame.model.nq - 1 :]
    np.minimum(velocity, 10.0, out=velocity)
    np.maximum(velocity, -10.0, out=velocity)
    return observation
