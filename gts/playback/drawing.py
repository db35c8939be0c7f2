"""A frame as terminal cells: the figure, the ground and contacts in braille dots, half blocks or plain ASCII."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from gts.playback.camera import CameraView, make_camera
from gts.playback.cell_buffer import DEFAULT_COLOUR, CellBuffer, rgb_to_int
from gts.playback.rendering.ray_casting import NO_SHAPE, ShapeRaster, rasterise_shapes
from gts.playback.stream import FrameState, SceneInfo


class CellDots(NamedTuple):
    """The dots of one cell."""

    across: int
    down: int
    aspect: float
    """Height ÷ width of a dot."""


CellGlyphs = Literal["braille", "half", "ascii"]
CELL_GLYPHS: tuple[CellGlyphs, ...] = get_args(CellGlyphs)
DOTS_PER_CELL: dict[CellGlyphs, CellDots] = {
    "braille": CellDots(2, 4, 1.0),
    "half": CellDots(1, 2, 1.0),
    "ascii": CellDots(1, 1, 2.0),
}

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
DotCoordinates = NDArray[np.int64]

GROUND_COLOUR, CONTACT_COLOUR, LABEL_COLOUR = 0x808080, 0xFFAF00, 0x808080
_DEPTH_GAP = 0.03
"""Difference in depth, m, from which on a gap separates a nearer part from a farther one."""
_GRID_REACH = 3.0
"""Extent of the ground grid, in heights of the figure."""
_CONTACT_HEIGHT = 0.05
"""Highest contact point that counts as one with the ground, m."""
_SHADE_LEVELS = 4
_ASCII_RAMP = np.array([ord(char) for char in ".:-=+*#%@"], np.uint32)
_BRAILLE_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], np.uint32)
_BRAILLE = 0x2800


@dataclass(frozen=True)
class GroundMarks:
    """Dots of the ground, (N, 2) each as column and row; some may lie outside the picture."""

    line_row: int | None
    """Row of the line under a planar figure; None for a grid."""
    metres: tuple[tuple[int, int], ...]
    """Column and number of each whole metre along the line."""
    half_metres: DotCoordinates
    """Columns of the half metres, (N,)."""
    dots: DotCoordinates
    """Dots of the grid."""
    contacts: DotCoordinates
    """Contacts with the ground."""


def draw_state(cells: CellBuffer, scene: SceneInfo, state: FrameState, glyphs: CellGlyphs) -> None:
    """Draw a frame into blank cells, filling them."""
    across, down, aspect = DOTS_PER_CELL[glyphs]
    if not cells.columns or not cells.rows:
        return
    view = make_camera(scene, state, cells.columns * across, cells.rows * down, aspect)
    raster = rasterise_shapes(scene, state, view)
    ground = project_ground(scene, state, view)
    {"braille": _draw_braille, "half": _draw_half_blocks, "ascii": _draw_ascii}[glyphs](cells, scene, raster, ground)
    _draw_metre_labels(cells, ground, down, across)


def project_ground(scene: SceneInfo, state: FrameState, view: CameraView) -> GroundMarks:
    """Project the line or grid of the ground, and the contacts with it."""
    nothing = np.zeros((0, 2), np.int64)
    if not scene.has_ground:
        return GroundMarks(None, (), nothing[:, 0], nothing, nothing)
    touching = state.contacts[np.abs(state.contacts[:, 2]) < _CONTACT_HEIGHT].copy()
    touching[:, 2] = 0.0
    contacts = _project_to_dots(touching, view)
    if not scene.is_planar:
        return GroundMarks(None, (), nothing[:, 0], _project_to_dots(_make_grid_points(scene, state), view), contacts)
    line = int(_project_to_dots(np.array([[state.centre_of_mass[0], 0.0, 0.0]]), view)[0, 1])
    contacts[:, 1] = line
    depth = abs(float(view.position[1]))
    half_width = view.width * view.pixel_width * depth / 2
    first, last = math.ceil((view.position[0] - half_width) * 2), math.floor((view.position[0] + half_width) * 2)
    half_metres = np.arange(first, last + 1)
    points = np.zeros((len(half_metres), 3))
    points[:, 0] = half_metres / 2
    columns = _project_to_dots(points, view)[:, 0]
    whole = half_metres % 2 == 0
    numbers = (half_metres[whole] // 2).tolist()
    return GroundMarks(line, tuple(zip(columns[whole].tolist(), numbers, strict=True)), columns[~whole], nothing, contacts)


def _make_grid_points(scene: SceneInfo, state: FrameState) -> Floats:
    """Points on the lines of a grid of metres around the figure, (N, 3)."""
    reach = max(2, round(_GRID_REACH * max(scene.extent) / 2))
    x, y = (np.arange(round(at) - reach, round(at) + reach + 1, dtype=np.float64) for at in state.centre_of_mass[:2])
    half_metres = np.arange(x[0] * 2, x[-1] * 2 + 1) / 2
    points = np.stack(np.meshgrid(half_metres, y), axis=-1).reshape(-1, 2)
    return np.concatenate([points, np.zeros((len(points), 1))], axis=1)


def _project_to_dots(points: Floats, view: CameraView) -> DotCoordinates:
    columns, rows, _ = view.project(points - view.position)
    return np.stack([np.floor(columns), np.floor(rows)], axis=1).astype(np.int64)


def _draw_braille(cells: CellBuffer, scene: SceneInfo, raster: ShapeRaster, ground: GroundMarks) -> None:
    visible = raster.shape_indices != NO_SHAPE
    lines, touching = _find_ground_dots(raster.shape_indices.shape, ground, with_marks=True)
    dots = (visible & ~_find_depth_gaps(raster)) | (lines & ~visible) | touching
    size = cells.rows, 4, cells.columns, 2
    bits = (dots.reshape(size).transpose(0, 2, 1, 3) * _BRAILLE_BITS).sum(axis=(2, 3), dtype=np.uint32)
    cells.chars[:] = np.where(bits > 0, _BRAILLE + bits, ord(" "))
    # A cell has one colour: that of a contact, else that of its nearest part, else the ground's.
    depth = raster.depth.reshape(size).transpose(0, 2, 1, 3).reshape(*cells.chars.shape, 8)
    shapes = raster.shape_indices.reshape(size).transpose(0, 2, 1, 3).reshape(*cells.chars.shape, 8)
    nearest = np.take_along_axis(shapes, depth.argmin(axis=2)[..., None], axis=2)[..., 0]
    touched = touching.reshape(size).any(axis=(1, 3))
    colours = np.array([*(rgb_to_int(*shape.colour) for shape in scene.shapes), GROUND_COLOUR], np.int32)
    cells.fg[:] = np.where(touched, CONTACT_COLOUR, colours[nearest])
    cells.fg[bits == 0] = DEFAULT_COLOUR


def _draw_half_blocks(cells: CellBuffer, scene: SceneInfo, raster: ShapeRaster, ground: GroundMarks) -> None:
    shades = [
        rgb_to_int(*(part * (0.35 + 0.65 * level / (_SHADE_LEVELS - 1)) for part in shape.colour))
        for shape in scene.shapes
        for level in range(_SHADE_LEVELS)
    ]
    lines, touching = _find_ground_dots(raster.shape_indices.shape, ground, with_marks=False)
    level = np.minimum((raster.shading * _SHADE_LEVELS).astype(np.int64), _SHADE_LEVELS - 1)
    colours = np.array([*shades, DEFAULT_COLOUR], np.int32)[
        np.where(raster.shape_indices == NO_SHAPE, -1, raster.shape_indices * _SHADE_LEVELS + level)
    ]
    empty = colours == DEFAULT_COLOUR
    colours[lines & empty], colours[touching] = GROUND_COLOUR, CONTACT_COLOUR
    top, bottom = colours[0::2], colours[1::2]
    alike = top == bottom
    cells.chars[:] = np.where(alike, ord("█"), np.where(top == DEFAULT_COLOUR, ord("▄"), ord("▀")))
    cells.chars[alike & (top == DEFAULT_COLOUR)] = ord(" ")
    cells.fg[:] = np.where(top == DEFAULT_COLOUR, bottom, top)
    cells.bg[:] = np.where(alike | (top == DEFAULT_COLOUR), DEFAULT_COLOUR, bottom)


def _draw_ascii(cells: CellBuffer, scene: SceneInfo, raster: ShapeRaster, ground: GroundMarks) -> None:
    lines, touching = _find_ground_dots(raster.shape_indices.shape, ground, with_marks=False)
    level = np.minimum((raster.shading * len(_ASCII_RAMP)).astype(np.int64), len(_ASCII_RAMP) - 1)
    cells.chars[lines] = ord("-")
    if ground.line_row is not None and 0 <= ground.line_row < cells.rows:
        columns = [column for column, _ in ground.metres if 0 <= column < cells.columns]
        cells.chars[ground.line_row, columns] = ord("+")
    else:
        cells.chars[lines] = ord(".")
    cells.fg[lines] = GROUND_COLOUR
    visible = (raster.shape_indices != NO_SHAPE) & ~_find_depth_gaps(raster)
    colours = np.array([*(rgb_to_int(*shape.colour) for shape in scene.shapes), DEFAULT_COLOUR], np.int32)
    cells.chars[visible] = _ASCII_RAMP[level[visible]]
    cells.fg[visible] = colours[raster.shape_indices[visible]]
    cells.chars[touching], cells.fg[touching] = ord("^"), CONTACT_COLOUR


def _find_ground_dots(size: tuple[int, ...], ground: GroundMarks, *, with_marks: bool) -> tuple[Bools, Bools]:
    """Mark the dots of the ground and of contacts, (H, W) each; `with_marks` adds ticks at metres and half metres."""
    lines, touching = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    height, width = size
    row = ground.line_row
    if row is not None and 0 <= row < height:
        lines[row] = True
        for column, _ in ground.metres:
            if 0 <= column < width:
                lines[row : row + 4 if with_marks else row + 1, column] = with_marks
        for column in ground.half_metres.tolist():
            if 0 <= column < width and with_marks:
                lines[row : row + 2, column] = True
    _set_dots(lines, ground.dots)
    for right in (-1, 0, 1) if with_marks else (0,):
        for below in (1, 2) if with_marks else (0,):
            _set_dots(touching, ground.contacts + np.array([right, below]))
    return lines, touching


def _set_dots(dots: Bools, positions: DotCoordinates) -> None:
    columns, rows = positions.T
    inside = (columns >= 0) & (columns < dots.shape[1]) & (rows >= 0) & (rows < dots.shape[0])
    dots[rows[inside], columns[inside]] = True


def _find_depth_gaps(raster: ShapeRaster) -> Bools:
    """Mark the dots of a part right beside a nearer part, (H, W)."""
    shapes, depth = raster.shape_indices, raster.depth
    gaps = np.zeros(shapes.shape, np.bool_)
    for axis in (0, 1):
        one, other = (np.s_[:-1], np.s_[1:]) if axis == 0 else (np.s_[:, :-1], np.s_[:, 1:])
        for here, there in ((one, other), (other, one)):
            different = (shapes[here] != shapes[there]) & (shapes[here] != NO_SHAPE) & (shapes[there] != NO_SHAPE)
            gaps[here] |= different & (depth[there] < depth[here] - _DEPTH_GAP)
    return gaps


def _draw_metre_labels(cells: CellBuffer, ground: GroundMarks, down: int, across: int) -> None:
    """Write the numbers of whole metres under the line, leaving out those that would touch another one or the figure."""
    if ground.line_row is None or not 0 <= ground.line_row // down + 1 < cells.rows:
        return
    row, last = ground.line_row // down + 1, -2
    taken = (cells.fg[row] != DEFAULT_COLOUR) & (cells.fg[row] != GROUND_COLOUR)
    for column, number in ground.metres:
        text = str(number)
        first = column // across - len(text) // 2
        if last + 2 < first and 0 <= first <= cells.columns - len(text) and not taken[first : first + len(text)].any():
            cells.write(row, first, text, LABEL_COLOUR)
            last = first + len(text)
