"""From shapes to a picture: every dot asks which shape its line of sight meets first. NumPy only, no GL."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gts.playback.camera import VERTICAL_FOV, PerspectiveCamera
from gts.playback.frame_protocol import FrameState, SceneInfo, SceneShape
from gts.playback.rendering.shapes import INTERSECTORS, compute_dot_products

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

NO_SHAPE = -1


@dataclass(frozen=True)
class ShapeRaster:
    """A picture of H × W dots, the top row first."""

    shape_indices: NDArray[np.int16]
    """The number of the shape that is seen, or NOTHING; (H, W)."""
    depth: Floats
    """How far away it is, m; infinite where nothing is; (H, W)."""
    shading: Floats
    """How squarely it faces the camera, 0 to 1; (H, W)."""


@dataclass(frozen=True)
class DotGrid:
    """Where the dots of a picture are, as slopes of lines of sight."""

    columns: int
    rows: int
    dot_aspect: float = 1.0
    """Height of a dot ÷ its width."""

    @property
    def dot_height(self) -> float:
        """Height of a dot."""
        return 2 * math.tan(VERTICAL_FOV / 2) / self.rows

    def to_dots(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Column and row of points in the picture, not rounded and not cut off."""
        return x / self.dot_height * self.dot_aspect + self.columns / 2, self.rows / 2 - y / self.dot_height

    def ray_slopes(self, left: int, right: int, top: int, bottom: int) -> tuple[Floats, Floats]:
        """Slopes of the middles of these columns and rows: x (w,), y (h,)."""
        x = (np.arange(left, right) + 0.5 - self.columns / 2) * self.dot_height / self.dot_aspect
        y = (self.rows / 2 - np.arange(top, bottom) - 0.5) * self.dot_height
        return np.asarray(x), np.asarray(y)


def rasterise_shapes(scene: SceneInfo, state: FrameState, camera: PerspectiveCamera, grid: DotGrid) -> ShapeRaster:
    """Draw all shapes of a moment."""
    size = grid.rows, grid.columns
    picture = ShapeRaster(np.full(size, NO_SHAPE, np.int16), np.full(size, np.inf), np.zeros(size))
    x, y, depth = camera.project(state.positions)
    for number, shape in enumerate(scene.shapes):
        reach = shape.bounding_radius * 1.02
        if depth[number] <= reach:
            continue
        # How wide a ball looks whose middle is in the middle of the picture, with some room for those that are not.
        around = reach / math.sqrt(depth[number] ** 2 - reach**2) * (1 + math.hypot(x[number], y[number]))
        (left, right), (top, bottom) = grid.to_dots(
            np.array([x[number] - around, x[number] + around]), np.array([y[number] + around, y[number] - around])
        )
        box = (max(0, math.floor(left)), min(grid.columns, math.ceil(right)), max(0, math.floor(top)), math.ceil(bottom))
        box = (*box[:3], min(grid.rows, box[3]))
        if box[0] < box[1] and box[2] < box[3]:
            _draw_shape(picture, number, shape, state.positions[number], state.rotations[number], camera, grid, box)
    return picture


def _draw_shape(
    picture: ShapeRaster,
    number: int,
    shape: SceneShape,
    position: Floats,
    rotation: Floats,
    camera: PerspectiveCamera,
    grid: DotGrid,
    box: tuple[int, int, int, int],
) -> None:
    """Draw one shape into a part of the picture."""
    x, y = grid.ray_slopes(*box)
    size = len(y), len(x)
    ahead, aside, above = (rotation.T @ axis for axis in (camera.forward, camera.right, camera.up))
    start = (rotation.T @ (camera.position - position)).astype(np.float32)
    sights = (ahead + x[None, :, None] * aside + y[:, None, None] * above).astype(np.float32).reshape(-1, 3)
    depth, normals = INTERSECTORS[shape.kind](start, sights, np.array(shape.size, np.float32))
    light = -compute_dot_products(normals, sights) / np.sqrt(compute_dot_products(sights, sights))
    part = np.s_[box[2] : box[3], box[0] : box[1]]
    nearer = depth.reshape(size) < picture.depth[part]
    picture.depth[part][nearer] = depth.reshape(size)[nearer]
    picture.shape_indices[part][nearer] = number
    picture.shading[part][nearer] = np.clip(light, 0.0, 1.0).reshape(size)[nearer]
