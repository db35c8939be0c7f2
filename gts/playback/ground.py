"""What shows that a figure moves over ground: a line with marks, or a grid, and a mark where something touches."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gts.playback.camera import PerspectiveCamera
from gts.playback.frame_protocol import FrameState, SceneInfo
from gts.playback.rendering.raster import DotGrid

Floats = NDArray[np.float64]
DotCoordinates = NDArray[np.int64]

_REACH = 3.0
"""How far a grid goes, in heights of the figure."""
_CONTACT_HEIGHT = 0.05
"""m: how near to the ground a contact is one with the ground."""


@dataclass(frozen=True)
class GroundMarks:
    """Dots of a picture, (N, 2) each as column and row; some may lie outside of it."""

    line_row: int | None
    """The row of the line on which a planar figure moves; None for a grid."""
    metres: tuple[tuple[int, int], ...]
    """Column and number of every whole metre along the line."""
    half_metres: DotCoordinates
    """Columns of the half metres between them, (N,)."""
    dots: DotCoordinates
    """Dots of a grid."""
    contacts: DotCoordinates
    """Where something touches the ground."""


def project_ground(scene: SceneInfo, state: FrameState, camera: PerspectiveCamera, grid: DotGrid) -> GroundMarks:
    """The ground of a moment."""
    nothing = np.zeros((0, 2), np.int64)
    if not scene.has_ground:
        return GroundMarks(None, (), nothing[:, 0], nothing, nothing)
    touching = state.contacts[np.abs(state.contacts[:, 2]) < _CONTACT_HEIGHT].copy()
    touching[:, 2] = 0.0
    contacts = _project_to_dots(touching, camera, grid)
    if not scene.is_planar:
        return GroundMarks(None, (), nothing[:, 0], _project_to_dots(_make_grid_points(scene, state), camera, grid), contacts)
    line = int(_project_to_dots(np.array([[state.centre_of_mass[0], 0.0, 0.0]]), camera, grid)[0, 1])
    contacts[:, 1] = line
    depth = abs(float(camera.position[1]))
    half = grid.columns * grid.dot_height / grid.dot_aspect * depth / 2
    first, last = math.ceil((camera.position[0] - half) * 2), math.floor((camera.position[0] + half) * 2)
    marks = np.array([[number / 2, 0.0, 0.0] for number in range(first, last + 1)]).reshape(-1, 3)
    columns = _project_to_dots(marks, camera, grid)[:, 0]
    whole = np.arange(first, last + 1) % 2 == 0
    numbers = (np.arange(first, last + 1)[whole] // 2).tolist()
    return GroundMarks(line, tuple(zip(columns[whole].tolist(), numbers, strict=True)), columns[~whole], nothing, contacts)


def _make_grid_points(scene: SceneInfo, state: FrameState) -> Floats:
    """Points of a grid of metres around the figure."""
    reach = max(2, round(_REACH * max(scene.extent) / 2))
    x, y = (np.arange(round(at) - reach, round(at) + reach + 1, dtype=np.float64) for at in state.centre_of_mass[:2])
    between = np.arange(x[0] * 2, x[-1] * 2 + 1) / 2
    across = np.stack(np.meshgrid(between, y), axis=-1).reshape(-1, 2)
    return np.concatenate([across, np.zeros((len(across), 1))], axis=1)


def _project_to_dots(points: Floats, camera: PerspectiveCamera, grid: DotGrid) -> DotCoordinates:
    x, y, _ = camera.project(points)
    columns, rows = grid.to_dots(x, y)
    return np.stack([np.floor(columns), np.floor(rows)], axis=1).astype(np.int64)
