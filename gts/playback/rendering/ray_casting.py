"""Rays through the points of a picture and the geoms they hit. NumPy only, without GL and MuJoCo."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gts.playback.camera import FULL_BOX, CameraView, ScreenBox
from gts.playback.rendering.intersections import INTERSECTORS, Floats, compute_dot_products
from gts.playback.stream import FrameState, SceneInfo

NO_SHAPE = -1
_CORNERS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float32)


@dataclass(frozen=True)
class RenderGeom:
    """A geom in float32, relative to the camera."""

    kind: str
    """A key of `INTERSECTORS`, or `plane`, or any other name for a geom that MuJoCo intersects."""
    size: Floats
    """Half extents as its intersector takes them, (3,)."""
    position: Floats
    """Its centre relative to the camera, m, (3,)."""
    axes: Floats
    """Its own axes as columns, (3, 3)."""
    camera_position: Floats
    """The camera in the geom's frame, (3,)."""
    radius: float
    """Radius of its bounding sphere, m."""
    corners: Floats
    """Corners of its bounding box relative to the camera, (8, 3)."""
    screen_box: ScreenBox
    colour: Floats
    """(3,)."""


def make_render_geom(
    kind: str,
    size: ArrayLike,
    position: NDArray[np.float64],
    rotation: ArrayLike,
    colour: ArrayLike,
    view: CameraView,
    bounding_radius: float = 0.0,
) -> RenderGeom:
    """Make a geom for a view; `bounding_radius` (m) is used for kinds without an intersector."""
    axes = np.array(rotation, np.float32).reshape(3, 3)
    offset = (position - view.position).astype(np.float32)
    sizes = np.maximum(np.array(size, np.float32), 1e-6)
    if kind in INTERSECTORS:
        reach = sizes + (np.array([0, 0, sizes[0]], np.float32) if kind == "capsule" else 0)
    else:
        reach = np.full(3, max(bounding_radius, 1e-6), np.float32)
    corners = offset + (_CORNERS * reach) @ axes.T
    box = FULL_BOX if kind == "plane" else view.bounding_box(corners)
    radius = float(np.linalg.norm(reach))
    return RenderGeom(kind, sizes, offset, axes, (-offset) @ axes, radius, corners, box, np.array(colour, np.float32))


@dataclass(frozen=True)
class ImagePoints:
    """Points of a picture."""

    x: Floats
    """Pixels from the left, (N,)."""
    y: Floats
    """Pixels from the top, (N,)."""
    size: tuple[int, int] | None = None
    """Width and height if the points are the centres of all pixels, row by row."""

    def indices_in_box(self, box: ScreenBox) -> NDArray[np.int64]:
        """Indices of the points in a part of the picture."""
        left, right, top, bottom = box
        if self.size is None:
            return np.flatnonzero((self.x >= left) & (self.x <= right) & (self.y >= top) & (self.y <= bottom))
        width, height = self.size
        columns = np.arange(max(math.floor(max(left, 0)), 0), math.ceil(min(right, width)))
        rows = np.arange(max(math.floor(max(top, 0)), 0), math.ceil(min(bottom, height)))
        return (rows[:, None] * width + columns).ravel()


def make_pixel_centres(width: int, height: int) -> ImagePoints:
    """The centres of all pixels, row by row."""
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    return ImagePoints(columns.ravel() + np.float32(0.5), rows.ravel() + np.float32(0.5), (width, height))


@dataclass
class TracedRays:
    """Rays from the camera and their nearest hits so far."""

    points: ImagePoints
    directions: Floats
    """(N, 3), of length 1 along the camera's forward axis."""
    distances: Floats
    """In lengths of `directions`, infinite without a hit; (N,)."""
    normals: Floats
    """(N, 3)."""
    labels: NDArray[np.int32]
    """(N,)."""


def intersect_geom(rays: TracedRays, geom: RenderGeom, label: int) -> None:
    """Update the rays that hit a geom nearer than anything before, and give them its label."""
    rows = rays.points.indices_in_box(geom.screen_box)
    if not len(rows):
        return
    distances, normals = INTERSECTORS[geom.kind](geom.camera_position, rays.directions[rows] @ geom.axes, geom.size)
    nearer = distances < rays.distances[rows]
    rows = rows[nearer]
    rays.distances[rows] = distances[nearer]
    rays.normals[rows] = normals[nearer] @ geom.axes.T
    rays.labels[rows] = label


@dataclass(frozen=True)
class ShapeRaster:
    """The shapes of a frame as H × W pixels, top row first."""

    shape_indices: NDArray[np.int32]
    """Index of the visible shape, or NO_SHAPE; (H, W)."""
    depth: Floats
    """Its depth along the camera's forward axis, m; infinite without a shape; (H, W)."""
    shading: Floats
    """Cosine between its normal and the line of sight, 0 to 1; (H, W)."""


def rasterise_shapes(scene: SceneInfo, state: FrameState, view: CameraView) -> ShapeRaster:
    """Draw all shapes of a frame, one ray per pixel."""
    size = view.height, view.width
    points = make_pixel_centres(view.width, view.height)
    directions = view.ray_directions(points.x, points.y)
    count = len(directions)
    no_hit = np.full(count, np.inf, np.float32)
    rays = TracedRays(points, directions, no_hit, np.zeros_like(directions), np.full(count, NO_SHAPE, np.int32))
    for number, (shape, position, rotation) in enumerate(zip(scene.shapes, state.positions, state.rotations, strict=True)):
        intersect_geom(rays, make_render_geom(shape.kind, shape.size, position, rotation, shape.colour, view), number)
    hits = np.flatnonzero(rays.labels != NO_SHAPE)
    sight, shading = directions[hits], np.zeros(count, np.float32)
    cosines = -compute_dot_products(rays.normals[hits], sight) / np.sqrt(compute_dot_products(sight, sight))
    shading[hits] = np.clip(cosines, 0.0, 1.0)
    return ShapeRaster(rays.labels.reshape(size), rays.distances.reshape(size), shading.reshape(size))
