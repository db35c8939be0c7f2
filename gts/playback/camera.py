"""A camera: where from a scene is looked at, and how much of it is in the picture."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gts.playback.frame_protocol import FrameState, SceneInfo

Floats = NDArray[np.float64]

VERTICAL_FOV = math.radians(30.0)
"""Height of the picture, as an angle: narrow, so that what is near and what is far do not differ much."""
_MARGIN = 1.4
"""Height of the picture ÷ height of what must be seen in it: room to jump."""
_GROUND_LEVEL = 0.12
"""How far up in the picture the ground is."""
_SIDE_VIEW, _CORNER_VIEW = (90.0, 0.0), (112.0, -14.0)
"""Azimuth and elevation, degrees: square to the plane of a planar figure; a little ahead of one that is free."""


@dataclass(frozen=True)
class PerspectiveCamera:
    """A perspective camera: where it is, and its three directions, of length 1."""

    position: Floats
    forward: Floats
    right: Floats
    up: Floats

    def project(self, points: Floats) -> tuple[Floats, Floats, Floats]:
        """x, y in the picture (as the slope of the line of sight), and depth in m; points (N, 3) → (N,) each."""
        seen = points - self.position
        depth = np.maximum(seen @ self.forward, 1e-6)
        return seen @ self.right / depth, seen @ self.up / depth, depth


def make_camera(scene: SceneInfo, state: FrameState, width: float, height: float) -> PerspectiveCamera:
    """A camera that has the figure in view and follows it, for a picture of this shape.

    Its way is cut into steps of a `height`th of the picture, so that what does not move stands still in the picture too.
    """
    azimuth, elevation = (math.radians(angle) for angle in (_SIDE_VIEW if scene.is_planar else _CORNER_VIEW))
    visible_height = _MARGIN * max(scene.extent[1], scene.extent[0] * height / width)
    distance = visible_height / 2 / math.tan(VERTICAL_FOV / 2)
    forward = np.array([math.cos(elevation) * math.cos(azimuth), math.cos(elevation) * math.sin(azimuth), math.sin(elevation)])
    right = np.array([math.sin(azimuth), -math.cos(azimuth), 0.0])
    up = np.cross(right, forward)
    target = np.array(scene.centre)
    if scene.has_ground:
        target[2] = visible_height * (0.5 - _GROUND_LEVEL) if scene.is_planar else target[2] + 0.1 * visible_height
    if scene.is_travelling:
        target[:2] = np.round(np.array(state.centre_of_mass[:2]) / (visible_height / height)) * (visible_height / height)
    return PerspectiveCamera(target - forward * distance, forward, right, up)
