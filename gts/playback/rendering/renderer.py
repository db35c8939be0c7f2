"""Pictures of a scene without GL: the geoms that MuJoCo would draw, met by rays in numpy.

Every pixel is one ray; pixels on an edge are drawn again with several. The ground is a checker of squares of 1 m (10 m or
0.1 m and so on where a figure is that large or small), smoothed with distance, so that one sees how fast a figure goes.
"""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from gts.playback.rendering.backdrop import Background, ImagePoints
from gts.playback.rendering.scene import GEOM_INTERSECTORS, RenderGeom, RenderScene, build_render_scene
from gts.playback.rendering.shapes import Floats, compute_dot_products

_SHADOW_FACTOR = np.float32(0.58)
"""What shadow leaves of the ground's light."""
_FIRST_GEOM_LABEL = 2
"""Labels of what a ray met: 0 sky, 1 ground, then two for each thing, the second one in shadow."""
_SUBPIXEL_OFFSETS = np.array([(-0.375, -0.125), (0.125, -0.375), (0.375, 0.125), (-0.125, 0.375)], np.float32)


@dataclass
class _TracedRays:
    """Rays from the camera, and what they have met so far."""

    backdrop: Background
    """What they meet where nothing is before it."""
    distances: Floats
    """(N,), in lengths of the rays' directions."""
    normals: Floats
    """(N, 3)."""
    labels: NDArray[np.int32]
    """(N,)."""


class SoftwareRenderer:
    """Draws a model in pictures of one size."""

    def __init__(self, model: mujoco.MjModel, width: int, height: int) -> None:
        self._model = model
        self._size = width, height
        rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
        self._grid = ImagePoints(columns.ravel() + np.float32(0.5), rows.ravel() + np.float32(0.5), self._size)
        self._backdrop: Background | None = None
        self._scene = mujoco.MjvScene(model, 2000)
        self._option = mujoco.MjvOption()

    def draw(self, data: mujoco.MjData, camera: mujoco.MjvCamera) -> NDArray[np.uint8]:
        """The picture, (height, width, 3)."""
        everything = mujoco.mjtCatBit.mjCAT_ALL
        mujoco.mjv_updateScene(self._model, data, self._option, None, camera, everything, self._scene)
        scene = build_render_scene(self._scene, self._size)
        # A camera that only moves along sees the same directions, and the ground at the same distances.
        if self._backdrop is None or not self._backdrop.matches(scene):
            self._backdrop = Background(scene, self._grid)
        width, height = self._size
        picture, labels = self._trace_rays(scene, data, self._backdrop)
        edges = np.flatnonzero(_find_edges(labels.reshape(height, width)))
        x = self._grid.x[edges] + _SUBPIXEL_OFFSETS[:, :1]
        y = self._grid.y[edges] + _SUBPIXEL_OFFSETS[:, 1:]
        finer, _ = self._trace_rays(scene, data, Background(scene, ImagePoints(x.ravel(), y.ravel())))
        picture[edges] = finer.reshape(len(_SUBPIXEL_OFFSETS), -1, 3).mean(axis=0)
        np.clip(picture * np.float32(255), 0, 255, out=picture)
        return picture.astype(np.uint8).reshape(height, width, 3)

    def _trace_rays(self, scene: RenderScene, data: mujoco.MjData, backdrop: Background) -> tuple[Floats, NDArray[np.int32]]:
        """Colours, (N, 3), and labels, (N,), of points of the picture."""
        normals = np.zeros_like(backdrop.directions)
        rays = _TracedRays(backdrop, backdrop.distances.copy(), normals, np.isfinite(backdrop.distances).astype(np.int32))
        for number, thing in enumerate(scene.geoms):
            _intersect_geom(rays, thing, _FIRST_GEOM_LABEL + 2 * number)
        if scene.mujoco_geoms:
            self._intersect_mujoco_geoms(rays, scene, data)
        met = np.flatnonzero(rays.labels >= _FIRST_GEOM_LABEL)
        colours = backdrop.colours(scene)
        _darken_shadows(colours, rays, scene)
        shaded = _find_shadowed(rays.backdrop.directions[met] * rays.distances[met, None], rays.normals[met], scene)
        colours[met] = _shade_surfaces(rays, met, shaded, scene)
        rays.labels[met] += shaded
        return colours, rays.labels

    def _intersect_mujoco_geoms(self, rays: _TracedRays, scene: RenderScene, data: mujoco.MjData) -> None:
        """Let MuJoCo itself send the rays that may meet meshes and height fields."""
        inside = rays.backdrop.points.indices_in_box
        chosen = np.unique(np.concatenate([inside(thing.screen_box) for thing in scene.mujoco_geoms.values()]))
        count = len(chosen)
        met, distances = np.full(count, -1, np.int32), np.full(count, -1.0)
        normals, directions = np.zeros(3 * count), rays.backdrop.directions[chosen].astype(np.float64).ravel()
        camera = scene.view.position
        mujoco.mj_multiRay(
            self._model, data, camera, directions, None, True, -1, met, distances, normals, count, mujoco.mjMAXVAL
        )
        for number, geom in enumerate(scene.mujoco_geoms):
            hit = (met == geom) & (distances < rays.distances[chosen])
            rows = chosen[hit]
            rays.distances[rows] = distances[hit]
            rays.normals[rows] = normals.reshape(-1, 3)[hit]
            rays.labels[rows] = _FIRST_GEOM_LABEL + 2 * (len(scene.geoms) + number)


def _intersect_geom(rays: _TracedRays, geom: RenderGeom, label: int) -> None:
    rows = rays.backdrop.points.indices_in_box(geom.screen_box)
    if not len(rows):
        return
    distances, normals = GEOM_INTERSECTORS[geom.type](
        geom.camera_position, rays.backdrop.directions[rows] @ geom.axes, geom.size
    )
    nearer = distances < rays.distances[rows]
    rows = rows[nearer]
    rays.distances[rows] = distances[nearer]
    rays.normals[rows] = normals[nearer] @ geom.axes.T
    rays.labels[rows] = label


def _darken_shadows(colours: Floats, rays: _TracedRays, scene: RenderScene) -> None:
    """Let things throw their shadows on the ground."""
    if scene.floor is None or not scene.geoms:
        return
    boxes = np.array([scene.shadow_box(thing) for thing in scene.geoms])
    (left, _, top, _), (_, right, _, bottom) = boxes.min(axis=0), boxes.max(axis=0)
    rows = rays.backdrop.points.indices_in_box((left, right, top, bottom))
    rows = rows[rays.labels[rows] == 1]
    normals = np.broadcast_to(scene.floor.axes[:, 2], (len(rows), 3))
    shaded = _find_shadowed(rays.backdrop.directions[rows] * rays.distances[rows, None], normals, scene)
    colours[rows[shaded]] *= _SHADOW_FACTOR
    # Another label, so that edges of shadows are drawn with more rays; no thing has a negative one.
    rays.labels[rows[shaded]] = -1


def _find_shadowed(points: Floats, normals: Floats, scene: RenderScene) -> NDArray[np.bool_]:
    """Which points of surfaces the light does not reach because of some thing, (N,)."""
    dark = np.zeros(len(points), np.bool_)
    facing = normals @ scene.light_direction > 0
    points = points + normals * np.float32(1e-3 * scene.length_scale)
    for thing in scene.geoms:
        away = thing.position - points
        along = away @ scene.light_direction
        passed = compute_dot_products(away, away) - along * along
        near = np.flatnonzero((passed < thing.radius**2) & (along > -thing.radius) & facing & ~dark)
        if len(near):
            local = (points[near] - thing.position) @ thing.axes
            distances, _ = GEOM_INTERSECTORS[thing.type](local, (scene.light_direction @ thing.axes)[None], thing.size)
            dark[near] = np.isfinite(distances)
    return dark


def _shade_surfaces(rays: _TracedRays, rows: NDArray[np.int64], shaded: NDArray[np.bool_], scene: RenderScene) -> Floats:
    """Colours of the points of things that these rays met, (N, 3)."""
    normals, directions = rays.normals[rows], rays.backdrop.directions[rows]
    facing = np.where(shaded, 0, np.clip(normals @ scene.light_direction, 0, 1))
    halfway = scene.light_direction - directions / np.sqrt(compute_dot_products(directions, directions))[:, None]
    glint = (
        0.22
        * np.clip(compute_dot_products(normals, halfway) / np.sqrt(compute_dot_products(halfway, halfway)), 0, 1) ** 40
        * (facing > 0)
    )
    surface = scene.geom_colours[(rays.labels[rows] - _FIRST_GEOM_LABEL) // 2]
    ambient = 0.40 + 0.14 * normals[:, 2]
    return np.asarray(surface * (ambient + 0.62 * facing)[:, None] + glint[:, None], np.float32)


def _find_edges(labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    edges = np.zeros(labels.shape, np.bool_)
    for axis in (0, 1):
        different = np.diff(labels, axis=axis) != 0
        first, second = [slice(None)] * 2, [slice(None)] * 2
        first[axis], second[axis] = slice(None, -1), slice(1, None)
        edges[tuple(first)] |= different
        edges[tuple(second)] |= different
    return edges
