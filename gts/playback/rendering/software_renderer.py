"""Pictures of a MuJoCo scene without GL, by ray casting in NumPy.

One ray per pixel, and four more for pixels on an edge. The ground is a checker of squares of 1 m (or another power of 10 for
very large or small figures), averaged over each pixel, so that the speed of a figure is visible.
"""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from gts.playback.rendering.intersections import INTERSECTORS, Floats, compute_dot_products
from gts.playback.rendering.ray_casting import ImagePoints, TracedRays, intersect_geom, make_pixel_centres
from gts.playback.rendering.render_scene import RenderScene, build_render_scene

_SHADOW_FACTOR = np.float32(0.58)
"""Share of the ground's light that remains in shadow."""
_FIRST_GEOM_LABEL = 2
"""Labels of rays: 0 sky, 1 ground, then two per geom, the second one for its shaded side."""
_SUBPIXEL_OFFSETS = np.array([(-0.375, -0.125), (0.125, -0.375), (0.375, 0.125), (-0.125, 0.375)], np.float32)

_SKY_LOW = np.array([0.84, 0.88, 0.92], np.float32)
_SKY_HIGH = np.array([0.47, 0.60, 0.76], np.float32)
_LIGHT_SQUARE = np.array([0.62, 0.66, 0.70], np.float32)
_DARK_SQUARE = np.array([0.47, 0.52, 0.58], np.float32)
_FADE_LENGTHS = 30
"""Distance at which the ground fades into the sky, in `length_scale`s."""


class SoftwareRenderer:
    """Draws a model in pictures of one size."""

    def __init__(self, model: mujoco.MjModel, width: int, height: int) -> None:
        self._model = model
        self._size = width, height
        self._grid = make_pixel_centres(width, height)
        self._background: Background | None = None
        self._scene = mujoco.MjvScene(model, 2000)
        self._option = mujoco.MjvOption()

    def draw(self, data: mujoco.MjData, camera: mujoco.MjvCamera) -> NDArray[np.uint8]:
        """Draw the current state; returns the picture, (height, width, 3)."""
        everything = mujoco.mjtCatBit.mjCAT_ALL
        mujoco.mjv_updateScene(self._model, data, self._option, None, camera, everything, self._scene)
        scene = build_render_scene(self._scene, self._size)
        # Moving the camera along the ground changes neither the rays' directions nor their distances to the ground.
        if self._background is None or not self._background.matches(scene):
            self._background = Background(scene, self._grid)
        width, height = self._size
        picture, labels = self._trace_rays(scene, data, self._background)
        edges = np.flatnonzero(_find_edges(labels.reshape(height, width)))
        x = self._grid.x[edges] + _SUBPIXEL_OFFSETS[:, :1]
        y = self._grid.y[edges] + _SUBPIXEL_OFFSETS[:, 1:]
        finer, _ = self._trace_rays(scene, data, Background(scene, ImagePoints(x.ravel(), y.ravel())))
        picture[edges] = finer.reshape(len(_SUBPIXEL_OFFSETS), -1, 3).mean(axis=0)
        np.clip(picture * np.float32(255), 0, 255, out=picture)
        return picture.astype(np.uint8).reshape(height, width, 3)

    def _trace_rays(self, scene: RenderScene, data: mujoco.MjData, background: Background) -> tuple[Floats, NDArray[np.int32]]:
        """Colours, (N, 3), and labels, (N,), of points of the picture."""
        distances, directions = background.distances.copy(), background.directions
        labels = np.isfinite(distances).astype(np.int32)
        rays = TracedRays(background.points, directions, distances, np.zeros_like(directions), labels)
        for number, geom in enumerate(scene.geoms):
            intersect_geom(rays, geom, _FIRST_GEOM_LABEL + 2 * number)
        if scene.mujoco_geoms:
            self._intersect_mujoco_geoms(rays, scene, data)
        hits = np.flatnonzero(rays.labels >= _FIRST_GEOM_LABEL)
        colours = background.colours(scene)
        _darken_shadows(colours, rays, scene)
        shaded = _find_shadowed(directions[hits] * rays.distances[hits, None], rays.normals[hits], scene)
        colours[hits] = _shade_surfaces(rays, hits, shaded, scene)
        rays.labels[hits] += shaded
        return colours, rays.labels

    def _intersect_mujoco_geoms(self, rays: TracedRays, scene: RenderScene, data: mujoco.MjData) -> None:
        """Let MuJoCo trace the rays that may hit meshes and height fields."""
        inside = rays.points.indices_in_box
        chosen = np.unique(np.concatenate([inside(geom.screen_box) for geom in scene.mujoco_geoms.values()]))
        count = len(chosen)
        hit_ids, distances = np.full(count, -1, np.int32), np.full(count, -1.0)
        normals, directions = np.zeros(3 * count), rays.directions[chosen].astype(np.float64).ravel()
        camera = scene.view.position
        mujoco.mj_multiRay(
            self._model, data, camera, directions, None, True, -1, hit_ids, distances, normals, count, mujoco.mjMAXVAL
        )
        for number, geom_id in enumerate(scene.mujoco_geoms):
            hit = (hit_ids == geom_id) & (distances < rays.distances[chosen])
            rows = chosen[hit]
            rays.distances[rows] = distances[hit]
            rays.normals[rows] = normals.reshape(-1, 3)[hit]
            rays.labels[rows] = _FIRST_GEOM_LABEL + 2 * (len(scene.geoms) + number)


class Background:
    """Sky and ground behind the geoms, for rays through points of the picture."""

    def __init__(self, scene: RenderScene, points: ImagePoints) -> None:
        view, floor = scene.view, scene.floor
        self.points = points
        self.directions = view.ray_directions(points.x, points.y)
        """(N, 3), of length 1 along the camera's forward axis."""
        self.distances = np.full(len(points.x), np.inf, np.float32)
        """Distances to the ground, in lengths of `directions`; infinite for the sky; (N,)."""
        self._view_key = _make_view_key(scene)
        rise = self.directions[:, 2] / np.linalg.norm(self.directions, axis=1)
        self._colours = _SKY_LOW + np.clip(rise * 2.2, 0, 1)[:, None] * (_SKY_HIGH - _SKY_LOW)
        self._ground: NDArray[np.int64] = np.zeros(0, np.int64)
        if floor is None or floor.camera_position[2] <= 0:
            return
        local = self.directions @ floor.axes
        self._ground = np.flatnonzero(local[:, 2] < -1e-5)
        local = local[self._ground]
        distances = -floor.camera_position[2] / local[:, 2]
        self.distances[self._ground] = distances
        self._offsets = (local[:, :2] * distances[:, None]).T / scene.checker_size
        # Movement of the point on the ground per pixel to the right and per pixel down.
        widths = np.zeros_like(self._offsets)
        for step in (view.right_step @ floor.axes, view.down_step @ floor.axes):
            widths += np.abs(distances * (step[:2, None] - local[:, :2].T * (step[2] / local[:, 2])))
        self._pixel_footprints = np.clip(widths / scene.checker_size, 1e-4, 8)
        clear = np.exp(-np.square(distances / np.float32(_FADE_LENGTHS * scene.length_scale)))[:, None]
        sky = self._colours[self._ground]
        self._dark_square_colours = sky + clear * (_DARK_SQUARE - sky)
        self._checker_contrast = clear * (_LIGHT_SQUARE - _DARK_SQUARE)

    def matches(self, scene: RenderScene) -> bool:
        """Whether the camera has at most moved along the ground."""
        return bool(np.array_equal(self._view_key, _make_view_key(scene)))

    def colours(self, scene: RenderScene) -> Floats:
        """Colours of sky and ground, (N, 3)."""
        colours: Floats = self._colours.copy()
        if scene.floor is not None and len(self._ground):
            shift = np.remainder(scene.floor.camera_position[:2] / np.float32(scene.checker_size), 2)
            coverage = _compute_checker_coverage(self._offsets + shift[:, None], self._pixel_footprints)
            colours[self._ground] = self._dark_square_colours + coverage[:, None] * self._checker_contrast
        return colours


def _compute_checker_coverage(positions: Floats, widths: Floats) -> Floats:
    """Share of light squares around points of the ground, 0 to 1: the checker averaged over the area of a pixel.

    `positions` and `widths` are in sides of squares, (2, N).
    """
    low, high = (positions - widths * 0.5) * 0.5, (positions + widths * 0.5) * 0.5
    low -= np.floor(low)
    high -= np.floor(high)
    waves = (np.abs(low - 0.5) - np.abs(high - 0.5)) / (widths * 0.5)
    return np.asarray(0.5 - 0.5 * waves[0] * waves[1], np.float32)


def _make_view_key(scene: RenderScene) -> NDArray[np.float64]:
    """Everything a background depends on, except for the position along the ground."""
    view, floor = scene.view, scene.floor
    ground = [0.0] * 10 if floor is None else [*floor.axes.ravel(), round(float(floor.camera_position[2]), 6)]
    return np.array([*view.axes.ravel(), view.half_height, scene.length_scale, *ground])


def _darken_shadows(colours: Floats, rays: TracedRays, scene: RenderScene) -> None:
    """Darken the ground in the shadows of geoms."""
    if scene.floor is None or not scene.geoms:
        return
    boxes = np.array([scene.shadow_box(geom) for geom in scene.geoms])
    (left, _, top, _), (_, right, _, bottom) = boxes.min(axis=0), boxes.max(axis=0)
    rows = rays.points.indices_in_box((left, right, top, bottom))
    rows = rows[rays.labels[rows] == 1]
    normals = np.broadcast_to(scene.floor.axes[:, 2], (len(rows), 3))
    shaded = _find_shadowed(rays.directions[rows] * rays.distances[rows, None], normals, scene)
    colours[rows[shaded]] *= _SHADOW_FACTOR
    # A label of its own makes the outlines of shadows edges; no geom has a negative one.
    rays.labels[rows[shaded]] = -1


def _find_shadowed(points: Floats, normals: Floats, scene: RenderScene) -> NDArray[np.bool_]:
    """Mark the points of surfaces that a geom hides from the light, (N,)."""
    dark = np.zeros(len(points), np.bool_)
    facing = normals @ scene.light_direction > 0
    points = points + normals * np.float32(1e-3 * scene.length_scale)
    for geom in scene.geoms:
        offsets = geom.position - points
        along = offsets @ scene.light_direction
        squared_miss = compute_dot_products(offsets, offsets) - along * along
        near = np.flatnonzero((squared_miss < geom.radius**2) & (along > -geom.radius) & facing & ~dark)
        if len(near):
            local = (points[near] - geom.position) @ geom.axes
            distances, _ = INTERSECTORS[geom.kind](local, (scene.light_direction @ geom.axes)[None], geom.size)
            dark[near] = np.isfinite(distances)
    return dark


def _shade_surfaces(rays: TracedRays, rows: NDArray[np.int64], shaded: NDArray[np.bool_], scene: RenderScene) -> Floats:
    """Colours of the geoms that these rays hit, (N, 3): ambient, diffuse and specular light."""
    normals, directions = rays.normals[rows], rays.directions[rows]
    diffuse = np.where(shaded, 0, np.clip(normals @ scene.light_direction, 0, 1))
    halfway = scene.light_direction - directions / np.sqrt(compute_dot_products(directions, directions))[:, None]
    cosines = compute_dot_products(normals, halfway) / np.sqrt(compute_dot_products(halfway, halfway))
    specular = 0.22 * np.clip(cosines, 0, 1) ** 40 * (diffuse > 0)
    surface = scene.geom_colours[(rays.labels[rows] - _FIRST_GEOM_LABEL) // 2]
    ambient = 0.40 + 0.14 * normals[:, 2]
    return np.asarray(surface * (ambient + 0.62 * diffuse)[:, None] + specular[:, None], np.float32)


def _find_edges(labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Mark the pixels beside one with another label, (H, W)."""
    edges = np.zeros(labels.shape, np.bool_)
    for axis in (0, 1):
        different = np.diff(labels, axis=axis) != 0
        first, second = [slice(None)] * 2, [slice(None)] * 2
        first[axis], second[axis] = slice(None, -1), slice(1, None)
        edges[tuple(first)] |= different
        edges[tuple(second)] |= different
    return edges
