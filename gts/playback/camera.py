"""A camera: where from a scene is looked at, and how much of it is in the picture."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gts.playback.frame_protocol import Moment, Stage

Floats = NDArray[np.float64]

FIELD = math.radians(30.0)
"""Height of the picture, as an angle: narrow, so that what is near and what is far do not differ much."""
_MARGIN = 1.4
"""Height of the picture ÷ height of what must be seen in it: room to jump."""
_FLOOR = 0.12
"""How far up in the picture the ground is."""
_SIDE, _CORNER = (90.0, 0.0), (112.0, -14.0)
"""Azimuth and elevation, degrees: square to the plane of a planar figure; a little ahead of one that is free."""


@dataclass(frozen=True)
class Camera:
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


def camera_for(stage: Stage, moment: Moment, width: float, height: float) -> Camera:
    """A camera that has the figure in view and follows it, for a picture of this shape.

    Its way is cut into steps of a `height`th of the picture, so that what does not move stands still in the picture too.
    """
    azimuth, elevation = (math.radians(angle) for angle in (_SIDE if stage.planar else _CORNER))
    tall = _MARGIN * max(stage.extent[1], stage.extent[0] * height / width)
    distance = tall / 2 / math.tan(FIELD / 2)
    forward = np.array([math.cos(elevation) * math.cos(azimuth), math.cos(elevation) * math.sin(azimuth), math.sin(elevation)])
    right = np.array([math.sin(azimuth), -math.cos(azimuth), 0.0])
    up = np.cross(right, forward)
    target = np.array(stage.centre)
    if stage.ground:
        target[2] = tall * (0.5 - _FLOOR) if stage.planar else target[2] + 0.1 * tall
    if stage.travels:
        target[:2] = np.round(np.array(moment.focus[:2]) / (tall / height)) * (tall / height)
    return Camera(target - forward * distance, forward, right, up)
