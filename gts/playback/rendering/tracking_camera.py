"""The camera of videos: follows a figure, from the side if it is planar, from an oblique angle otherwise."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

FIELD_OF_VIEW = 45.0
"""Degrees, from the lower to the upper edge: MuJoCo's default."""

_SMOOTHING_SECONDS = 0.12
"""Time constant of the filter that keeps the camera from shaking with every step."""
_DISTANCE_FACTOR = 1.35
"""Camera distance ÷ distance that just fits the figure at rest: room for arms and jumps."""


class TrackingCamera:
    """Keeps a figure in the picture at constant camera height, so that hops stay visible."""

    def __init__(self, model: mujoco.MjModel, fps: float) -> None:
        """`fps`: pictures per second of simulated time."""
        start = mujoco.MjData(model)
        mujoco.mj_forward(model, start)
        self._body = _find_moving_body(model)
        self._is_tracking = bool((model.geom_type == mujoco.mjtGeom.mjGEOM_PLANE).any())
        self._fps = fps
        # An alpha-beta filter tracks the speed too, so it does not lag behind a figure at constant speed.
        self._position_gain = 1.0 - np.exp(-1.0 / (fps * _SMOOTHING_SECONDS))
        self._velocity_gain = self._position_gain**2 / (2.0 - self._position_gain)
        self._velocity = np.zeros(2)
        centre, radius = _measure_extent(model, start, all_geoms=not self._is_tracking)
        planar = not (model.jnt_type == mujoco.mjtJoint.mjJNT_FREE).any()
        self.camera = mujoco.MjvCamera()
        self.camera.type = mujoco.mjtCamera.mjCAMERA_FREE
        self.camera.azimuth, self.camera.elevation = (90.0, -8.0) if planar else (125.0, -16.0)
        self.camera.distance = radius / np.tan(np.radians(FIELD_OF_VIEW / 2)) * _DISTANCE_FACTOR
        self.camera.lookat[:] = centre
        self._loop = -1

    def follow(self, data: mujoco.MjData, loop: int) -> mujoco.MjvCamera:
        """Move the camera to the current state; it jumps at the start of another `loop`."""
        if self._is_tracking:
            target = data.subtree_com[self._body][:2]
            if loop != self._loop:
                self.camera.lookat[:2], self._velocity[:] = target, 0.0
            self.camera.lookat[:2] += self._velocity / self._fps
            behind = target - self.camera.lookat[:2]
            self.camera.lookat[:2] += self._position_gain * behind
            self._velocity += self._velocity_gain * self._fps * behind
        self._loop = loop
        return self.camera


def _find_moving_body(model: mujoco.MjModel) -> int:
    moving = np.flatnonzero(model.body_dofnum > 0)
    return int(moving[0]) if len(moving) else 0


def _measure_extent(model: mujoco.MjModel, data: mujoco.MjData, *, all_geoms: bool) -> tuple[NDArray[np.float64], float]:
    """Centre and radius, m, of the figure at its start, or of all bounded geoms."""
    bounded = model.geom_type != mujoco.mjtGeom.mjGEOM_PLANE
    chosen = bounded if all_geoms else bounded & (model.body_weldid[model.geom_bodyid] > 0)
    if not chosen.any():
        return np.array(model.stat.center), float(model.stat.extent) / 2
    places, reach = data.geom_xpos[chosen], model.geom_rbound[chosen, None]
    low, high = (places - reach).min(axis=0), (places + reach).max(axis=0)
    return (low + high) / 2, float(np.linalg.norm(high - low) / 2)
