"""What shows that a figure moves over ground: a line with marks, or a grid, and a mark where something touches."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gts.playback.camera import Camera
from gts.playback.frame_protocol import Moment, Stage
from gts.playback.rendering.raster import Grid

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

_REACH = 3.0
"""How far a grid goes, in heights of the figure."""
_TOUCH = 0.05
"""m: how near to the ground a contact is one with the ground."""


@dataclass(frozen=True)
class Ground:
    """Dots of a picture, (N, 2) each as column and row; some may lie outside of it."""

    line: int | None
    """The row of the line on which a planar figure moves; None for a grid."""
    metres: tuple[tuple[int, int], ...]
    """Column and number of every whole metre along the line."""
    halves: Places
    """Columns of the half metres between them, (N,)."""
    dots: Places
    """Dots of a grid."""
    contacts: Places
    """Where something touches the ground."""


def lay_ground(stage: Stage, moment: Moment, camera: Camera, grid: Grid) -> Ground:
    """The ground of a moment."""
    nothing = np.zeros((0, 2), np.int64)
    if not stage.ground:
        return Ground(None, (), nothing[:, 0], nothing, nothing)
    touching = moment.contacts[np.abs(moment.contacts[:, 2]) < _TOUCH].copy()
    touching[:, 2] = 0.0
    contacts = _places(touching, camera, grid)
    if not stage.planar:
        return Ground(None, (), nothing[:, 0], _places(_lattice(stage, moment), camera, grid), contacts)
    line = int(_places(np.array([[moment.focus[0], 0.0, 0.0]]), camera, grid)[0, 1])
    contacts[:, 1] = line
    depth = abs(float(camera.position[1]))
    half = grid.columns * grid.pitch / grid.stretch * depth / 2
    first, last = math.ceil((camera.position[0] - half) * 2), math.floor((camera.position[0] + half) * 2)
    marks = np.array([[number / 2, 0.0, 0.0] for number in range(first, last + 1)]).reshape(-1, 3)
    columns = _places(marks, camera, grid)[:, 0]
    whole = np.arange(first, last + 1) % 2 == 0
    numbers = (np.arange(first, last + 1)[whole] // 2).tolist()
    return Ground(line, tuple(zip(columns[whole].tolist(), numbers, strict=True)), columns[~whole], nothing, contacts)


def _lattice(stage: Stage, moment: Moment) -> Floats:
    """Points of a grid of metres around the figure."""
    reach = max(2, round(_REACH * max(stage.extent) / 2))
    x, y = (np.arange(round(at) - reach, round(at) + reach + 1, dtype=np.float64) for at in moment.focus[:2])
    between = np.arange(x[0] * 2, x[-1] * 2 + 1) / 2
    across = np.stack(np.meshgrid(between, y), axis=-1).reshape(-1, 2)
    return np.concatenate([across, np.zeros((len(across), 1))], axis=1)


def _places(points: Floats, camera: Camera, grid: Grid) -> Places:
    x, y, _ = camera.project(points)
    columns, rows = grid.place(x, y)
    return np.stack([np.floor(columns), np.floor(rows)], axis=1).astype(np.int64)
