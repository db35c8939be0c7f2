"""From shapes to a picture: every dot asks which shape its line of sight meets first. NumPy only, no GL."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gts.playback.camera import FIELD, Camera
from gts.playback.stage import Moment, Shape, Stage

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

NOTHING = -1


@dataclass(frozen=True)
class Raster:
    """A picture of H × W dots, the top row first."""

    shapes: NDArray[np.int16]
    """The number of the shape that is seen, or NOTHING; (H, W)."""
    depth: Floats
    """How far away it is, m; infinite where nothing is; (H, W)."""
    light: Floats
    """How squarely it faces the camera, 0 to 1; (H, W)."""


@dataclass(frozen=True)
class Grid:
    """Where the dots of a picture are, as slopes of lines of sight."""

    columns: int
    rows: int
    stretch: float = 1.0
    """Height of a dot ÷ its width."""

    @property
    def pitch(self) -> float:
        """Height of a dot."""
        return 2 * math.tan(FIELD / 2) / self.rows

    def place(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Column and row of points in the picture, not rounded and not cut off."""
        return x / self.pitch * self.stretch + self.columns / 2, self.rows / 2 - y / self.pitch

    def sights(self, left: int, right: int, top: int, bottom: int) -> tuple[Floats, Floats]:
        """Slopes of the middles of these columns and rows: x (w,), y (h,)."""
        x = (np.arange(left, right) + 0.5 - self.columns / 2) * self.pitch / self.stretch
        y = (self.rows / 2 - np.arange(top, bottom) - 0.5) * self.pitch
        return np.asarray(x), np.asarray(y)


def rasterise(stage: Stage, moment: Moment, camera: Camera, grid: Grid) -> Raster:
    """Draw all shapes of a moment."""
    size = grid.rows, grid.columns
    picture = Raster(np.full(size, NOTHING, np.int16), np.full(size, np.inf), np.zeros(size))
    x, y, depth = camera.project(moment.positions)
    for number, shape in enumerate(stage.shapes):
        reach = shape.reach * 1.02
        if depth[number] <= reach:
            continue
        # How wide a ball looks whose middle is in the middle of the picture, with some room for those that are not.
        around = reach / math.sqrt(depth[number] ** 2 - reach**2) * (1 + math.hypot(x[number], y[number]))
        (left, right), (top, bottom) = grid.place(
            np.array([x[number] - around, x[number] + around]), np.array([y[number] + around, y[number] - around])
        )
        box = (max(0, math.floor(left)), min(grid.columns, math.ceil(right)), max(0, math.floor(top)), math.ceil(bottom))
        box = (*box[:3], min(grid.rows, box[3]))
        if box[0] < box[1] and box[2] < box[3]:
            _draw(picture, number, shape, moment.positions[number], moment.rotations[number], camera, grid, box)
    return picture


def _draw(
    picture: Raster,
    number: int,
    shape: Shape,
    position: Floats,
    rotation: Floats,
    camera: Camera,
    grid: Grid,
    box: tuple[int, int, int, int],
) -> None:
    """Draw one shape into a part of the picture."""
    x, y = grid.sights(*box)
    ahead, aside, above = (rotation.T @ axis for axis in (camera.forward, camera.right, camera.up))
    start = rotation.T @ (camera.position - position)
    sights = ahead[:, None, None] + aside[:, None, None] * x[None, None, :] + above[:, None, None] * y[None, :, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        depth, normal = _MEETINGS[shape.kind](start, sights, shape.size)
        part = np.s_[box[2] : box[3], box[0] : box[1]]
        nearer = depth < picture.depth[part]  # not where it is NaN: there is no meeting
        light = -(normal * sights).sum(axis=0) / np.sqrt(np.square(sights).sum(axis=0) * np.square(normal).sum(axis=0))
    picture.depth[part][nearer] = depth[nearer]
    picture.shapes[part][nearer] = number
    picture.light[part][nearer] = np.clip(light[nearer], 0.0, 1.0)


Meeting = Callable[[Floats, Floats, tuple[float, float, float]], tuple[Floats, Floats]]
"""(start of the lines of sight (3,), their directions (3, h, w), size) → depth (h, w), NaN where they miss; normal (3, h, w).

All in the shape's own axes.
"""


def _ball(start: Floats, sights: Floats, radius: float) -> tuple[Floats, Floats]:
    square = np.square(sights).sum(axis=0)
    along = np.tensordot(start, sights, 1)
    depth = (-along - np.sqrt(along**2 - square * (start @ start - radius**2))) / square
    return depth, start[:, None, None] + depth * sights


def _sphere(start: Floats, sights: Floats, size: tuple[float, float, float]) -> tuple[Floats, Floats]:
    return _ball(start, sights, size[0])


def _ellipsoid(start: Floats, sights: Floats, size: tuple[float, float, float]) -> tuple[Floats, Floats]:
    half = np.array(size)
    depth, meeting = _ball(start / half, sights / half[:, None, None], 1.0)
    return depth, meeting / half[:, None, None]


def _tube(start: Floats, sights: Floats, radius: float) -> tuple[Floats, Floats, Floats]:
    """Depth, normal and height of the meeting with an endless cylinder along z."""
    square = np.maximum(sights[0] ** 2 + sights[1] ** 2, 1e-12)
    along = start[0] * sights[0] + start[1] * sights[1]
    depth = (-along - np.sqrt(along**2 - square * (start[0] ** 2 + start[1] ** 2 - radius**2))) / square
    meeting = start[:, None, None] + depth * sights
    height = meeting[2].copy()
    meeting[2] = 0.0
    return depth, meeting, height


def _capsule(start: Floats, sights: Floats, size: tuple[float, float, float]) -> tuple[Floats, Floats]:
    radius, _, half = size
    depth, normal, height = _tube(start, sights, radius)
    for end, beyond in ((half, height > half), (-half, height < -half)):
        if beyond.any():
            there, round_normal = _ball(start - np.array([0.0, 0.0, end]), sights, radius)
            depth = np.where(beyond, there, depth)
            normal = np.where(beyond, round_normal, normal)
    return depth, normal


def _cylinder(start: Floats, sights: Floats, size: tuple[float, float, float]) -> tuple[Floats, Floats]:
    radius, _, half = size
    depth, normal, height = _tube(start, sights, radius)
    depth = np.where(np.abs(height) <= half, depth, np.nan)
    for end in (half, -half):
        there = (end - start[2]) / sights[2]
        meeting = start[:, None, None] + there * sights
        lid = (meeting[0] ** 2 + meeting[1] ** 2 <= radius**2) & ~(depth <= there)
        depth = np.where(lid, there, depth)
        normal = np.where(lid, np.array([0.0, 0.0, math.copysign(1.0, end)])[:, None, None], normal)
    return depth, normal


def _box(start: Floats, sights: Floats, size: tuple[float, float, float]) -> tuple[Floats, Floats]:
    half = np.array(size)[:, None, None]
    inverse = 1.0 / np.where(sights == 0.0, 1e-12, sights)
    middle = -start[:, None, None] * inverse
    into = middle - half * np.abs(inverse)
    out = middle + half * np.abs(inverse)
    depth = into.max(axis=0)
    depth = np.where(depth <= out.min(axis=0), depth, np.nan)
    return depth, np.where(into == into.max(axis=0), -np.sign(sights), 0.0)


_MEETINGS: dict[str, Meeting] = {
    "sphere": _sphere,
    "capsule": _capsule,
    "ellipsoid": _ellipsoid,
    "cylinder": _cylinder,
    "box": _box,
}
