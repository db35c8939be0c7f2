"""What stands behind everything: the sky, and the checker of the ground."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gts.playback.rendering.scene import RenderScene, ScreenBox
from gts.playback.rendering.shapes import Floats

_SKY_LOW = np.array([0.84, 0.88, 0.92], np.float32)
_SKY_HIGH = np.array([0.47, 0.60, 0.76], np.float32)
_LIGHT_SQUARE = np.array([0.62, 0.66, 0.70], np.float32)
_DARK_SQUARE = np.array([0.47, 0.52, 0.58], np.float32)
_FADE_LENGTHS = 30
"""Lengths of a figure after which the ground goes over into the sky."""


@dataclass(frozen=True)
class ImagePoints:
    """Points of a picture."""

    x: Floats
    """Pixels from the left, (N,)."""
    y: Floats
    """Pixels from the top, (N,)."""
    size: tuple[int, int] | None = None
    """Width and height where they are the middles of all its pixels, row by row."""

    def indices_in_box(self, box: ScreenBox) -> NDArray[np.int64]:
        """Which of them are in this part of the picture."""
        left, right, top, bottom = box
        if self.size is None:
            return np.flatnonzero((self.x >= left) & (self.x <= right) & (self.y >= top) & (self.y <= bottom))
        width, height = self.size
        columns = np.arange(max(math.floor(max(left, 0)), 0), math.ceil(min(right, width)))
        rows = np.arange(max(math.floor(max(top, 0)), 0), math.ceil(min(bottom, height)))
        return (rows[:, None] * width + columns).ravel()


class Background:
    """Rays through points of a picture, and what each meets behind all things."""

    def __init__(self, scene: RenderScene, points: ImagePoints) -> None:
        view, floor = scene.view, scene.floor
        self.points = points
        self.directions = view.ray_directions(points.x, points.y)
        """(N, 3), of length 1 along the camera's axis."""
        self.distances = np.full(len(points.x), np.inf, np.float32)
        """To the ground, in lengths of `directions`; infinite where there is sky; (N,)."""
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
        # How far the point on the ground moves when the ray moves by a pixel to the right or down.
        widths = np.zeros_like(self._offsets)
        for step in (view.right_step @ floor.axes, view.down_step @ floor.axes):
            widths += np.abs(distances * (step[:2, None] - local[:, :2].T * (step[2] / local[:, 2])))
        self._pixel_footprints = np.clip(widths / scene.checker_size, 1e-4, 8)
        clear = np.exp(-np.square(distances / np.float32(_FADE_LENGTHS * scene.length_scale)))[:, None]
        sky = self._colours[self._ground]
        self._dark_square_colours, self._checker_contrast = (
            sky + clear * (_DARK_SQUARE - sky),
            clear * (_LIGHT_SQUARE - _DARK_SQUARE),
        )

    def matches(self, scene: RenderScene) -> bool:
        """Whether a scene is seen from another place only, and that along the ground."""
        return bool(np.array_equal(self._view_key, _make_view_key(scene)))

    def colours(self, scene: RenderScene) -> Floats:
        """Sky and ground, (N, 3)."""
        colours: Floats = self._colours.copy()
        if scene.floor is not None and len(self._ground):
            places = self._offsets + np.remainder(scene.floor.camera_position[:2] / np.float32(scene.checker_size), 2)[:, None]
            colours[self._ground] = (
                self._dark_square_colours
                + _compute_checker_coverage(places, self._pixel_footprints)[:, None] * self._checker_contrast
            )
        return colours


def _compute_checker_coverage(positions: Floats, widths: Floats) -> Floats:
    """How much of each point of the ground is light squares, 0 to 1: the checker averaged over a pixel's area.

    `places` and `widths` are in sides of squares, (2, N).
    """
    low, high = (positions - widths * 0.5) * 0.5, (positions + widths * 0.5) * 0.5
    low -= np.floor(low)
    high -= np.floor(high)
    waves = (np.abs(low - 0.5) - np.abs(high - 0.5)) / (widths * 0.5)
    return np.asarray(0.5 - 0.5 * waves[0] * waves[1], np.float32)


def _make_view_key(scene: RenderScene) -> NDArray[np.float64]:
    """All that a backdrop depends on, but for the place along the ground."""
    view, floor = scene.view, scene.floor
    ground = [0.0] * 10 if floor is None else [*floor.axes.ravel(), round(float(floor.camera_position[2]), 6)]
    return np.array([*view.axes.ravel(), view.half_height, scene.length_scale, *ground])
