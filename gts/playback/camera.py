"""A perspective camera with its picture, and the view of a figure that the terminal draws."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gts.playback.stream import FrameState, SceneInfo

Floats = NDArray[np.floating[Any]]
ScreenBox = tuple[float, float, float, float]
"""Left, right, top and bottom of a part of a picture, in pixels."""
FULL_BOX: ScreenBox = (-math.inf, math.inf, -math.inf, math.inf)

_VERTICAL_FOV = math.radians(30.0)
"""Narrow, so that near and far parts of a figure have nearly the same scale."""
_MARGIN = 1.4
"""Height of the picture ÷ height of the figure at its start: room for jumps."""
_GROUND_LEVEL = 0.12
"""Height of the ground in the picture, as a share."""
_SIDE_VIEW, _CORNER_VIEW = (90.0, 0.0), (112.0, -14.0)
"""Azimuth and elevation, degrees: at right angles to the plane of a planar figure; a little ahead of other figures."""


@dataclass(frozen=True)
class CameraView:
    """A perspective camera and the size of its picture. Pixels are counted from the top left corner."""

    position: NDArray[np.float64]
    """m, (3,)."""
    axes: Floats
    """Unit vectors right, up and forward as columns, (3, 3)."""
    width: int
    height: int
    half_height: float
    """Half the height of the picture at a distance of 1."""
    pixel_aspect: float = 1.0
    """Height ÷ width of a pixel."""

    @property
    def pixel_height(self) -> float:
        """Height of a pixel at a distance of 1."""
        return 2 * self.half_height / self.height

    @property
    def pixel_width(self) -> float:
        """Width of a pixel at a distance of 1."""
        return self.pixel_height / self.pixel_aspect

    @property
    def right_step(self) -> Floats:
        """Change of a ray's direction per pixel to the right, (3,)."""
        return np.asarray(self.axes[:, 0] * np.float32(self.pixel_width), np.float32)

    @property
    def down_step(self) -> Floats:
        """Change of a ray's direction per pixel down, (3,)."""
        return np.asarray(self.axes[:, 1] * np.float32(-self.pixel_height), np.float32)

    def ray_directions(self, x: Floats, y: Floats) -> Floats:
        """Directions of the rays through points of the picture, (N, 3) float32, of length 1 along the forward axis."""
        right, down = (x - np.float32(self.width / 2))[:, None], (y - np.float32(self.height / 2))[:, None]
        return np.asarray(self.axes[:, 2] + right * self.right_step + down * self.down_step, np.float32)

    def project(self, offsets: Floats) -> tuple[Floats, Floats, Floats]:
        """Project points given relative to the camera, (N, 3); returns x, y in pixels and the depth in m, (N,) each."""
        along_axes = offsets @ self.axes
        depth = np.maximum(along_axes[:, 2], 1e-6)
        scale = self.height / (2 * self.half_height) / depth
        x = self.width / 2 + along_axes[:, 0] * scale * self.pixel_aspect
        return x, self.height / 2 - along_axes[:, 1] * scale, depth

    def bounding_box(self, offsets: Floats) -> ScreenBox:
        """The part of the picture that holds the convex hull of points, (N, 3); all of it if one is too near."""
        x, y, depth = self.project(offsets)
        if depth.min() < 1e-3:
            return FULL_BOX
        return float(x.min()) - 1, float(x.max()) + 1, float(y.min()) - 1, float(y.max()) + 1


def make_camera(scene: SceneInfo, state: FrameState, width: int, height: int, pixel_aspect: float = 1.0) -> CameraView:
    """Make a camera that shows a figure and follows one that travels, for a picture of `width` × `height` pixels.

    It moves by whole pixels, so that resting parts of the scene do not flicker.
    """
    azimuth, elevation = (math.radians(angle) for angle in (_SIDE_VIEW if scene.is_planar else _CORNER_VIEW))
    visible_height = _MARGIN * max(scene.extent[1], scene.extent[0] * height * pixel_aspect / width)
    half_height = math.tan(_VERTICAL_FOV / 2)
    forward = np.array([math.cos(elevation) * math.cos(azimuth), math.cos(elevation) * math.sin(azimuth), math.sin(elevation)])
    right = np.array([math.sin(azimuth), -math.cos(azimuth), 0.0])
    target = np.array(scene.centre)
    if scene.has_ground:
        target[2] = visible_height * (0.5 - _GROUND_LEVEL) if scene.is_planar else target[2] + 0.1 * visible_height
    if scene.is_travelling:
        target[:2] = np.round(np.array(state.centre_of_mass[:2]) / (visible_height / height)) * (visible_height / height)
    axes = np.stack([right, np.cross(right, forward), forward], axis=1)
    return CameraView(target - forward * (visible_height / 2 / half_height), axes, width, height, half_height, pixel_aspect)
