"""A camera that goes along with a figure: from the side of one that moves in a plane, from aslant otherwise."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

FIELD_OF_VIEW = 45.0
"""Degrees, from the lower to the upper edge: MuJoCo's default."""

_SMOOTHING_SECONDS = 0.12
"""Seconds over which the camera evens out what it follows, so that it does not shake with every step."""
_DISTANCE_FACTOR = 1.35
"""How much farther away it is than the standing figure needs: for arms, and for jumps."""


class TrackingCamera:
    """Keeps a figure in the picture; its height stays as it is, so that a hop is seen as a hop."""

    def __init__(self, model: mujoco.MjModel, fps: float) -> None:
        """`fps`: frames a second of the figure's time."""
        start = mujoco.MjData(model)
        mujoco.mj_forward(model, start)
        self._body = _find_moving_body(model)
        self._is_tracking = bool((model.geom_type == mujoco.mjtGeom.mjGEOM_PLANE).any())
        self._fps = fps
        # An alpha-beta filter: it knows the speed, so it does not fall behind a figure that runs evenly.
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
        """Where the camera is now; it jumps where another `loop` begins."""
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
    """Middle and radius, m, of the figure as it starts, or of all that has an end."""
    bounded = model.geom_type != mujoco.mjtGeom.mjGEOM_PLANE
    chosen = bounded if all_geoms else bounded & (model.body_weldid[model.geom_bodyid] > 0)
    if not chosen.any():
        return np.array(model.stat.center), float(model.stat.extent) / 2
    places, reach = data.geom_xpos[chosen], model.geom_rbound[chosen, None]
    low, high = (places - reach).min(axis=0), (places + reach).max(axis=0)
    return (low + high) / 2, float(np.linalg.norm(high - low) / 2)
