"""From a moment to terminal cells: braille dots, half blocks, or plain ASCII."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gts.playback.camera import make_camera
from gts.playback.cell_buffer import DEFAULT_COLOUR, CellBuffer, rgb_to_int
from gts.playback.frame_protocol import FrameState, SceneInfo
from gts.playback.ground import GroundMarks, project_ground
from gts.playback.rendering.raster import NO_SHAPE, DotGrid, ShapeRaster, rasterise_shapes

CellGlyphs = Literal["braille", "half", "ascii"]
CELL_GLYPHS: tuple[CellGlyphs, ...] = get_args(CellGlyphs)
DOTS_PER_CELL: dict[CellGlyphs, tuple[int, int, float]] = {"braille": (2, 4, 1.0), "half": (1, 2, 1.0), "ascii": (1, 1, 2.0)}
"""Dots of a cell across and down, and how much higher than wide a dot is."""

Bools = NDArray[np.bool_]

GROUND_COLOUR, CONTACT_COLOUR, LABEL_COLOUR = 0x808080, 0xFFAF00, 0x808080
_DEPTH_GAP = 0.03
"""m: a part that is this much nearer than what is behind it is set off from it by a gap."""
_SHADE_LEVELS = 4
_ASCII_RAMP = np.array([ord(letter) for letter in ".:-=+*#%@"], np.uint32)
_BRAILLE_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], np.uint32)
_BRAILLE = 0x2800


def draw_state(cells: CellBuffer, scene: SceneInfo, state: FrameState, glyphs: CellGlyphs) -> None:
    """Draw a moment into blank cells, as large as they are."""
    across, down, stretch = DOTS_PER_CELL[glyphs]
    grid = DotGrid(cells.columns * across, cells.rows * down, stretch)
    if not grid.columns or not grid.rows:
        return
    camera = make_camera(scene, state, grid.columns / stretch, grid.rows)
    raster = rasterise_shapes(scene, state, camera, grid)
    ground = project_ground(scene, state, camera, grid)
    {"braille": _draw_braille, "half": _draw_half_blocks, "ascii": _draw_ascii}[glyphs](cells, scene, raster, ground)
    _draw_metre_labels(cells, ground, down, across)


def _draw_braille(cells: CellBuffer, scene: SceneInfo, raster: ShapeRaster, ground: GroundMarks) -> None:
    seen = raster.shape_indices != NO_SHAPE
    lines, touching = _find_ground_dots(raster.shape_indices.shape, ground, with_marks=True)
    dots = (seen & ~_find_depth_gaps(raster)) | (lines & ~seen) | touching
    size = cells.rows, 4, cells.columns, 2
    bits = (dots.reshape(size).transpose(0, 2, 1, 3) * _BRAILLE_BITS).sum(axis=(2, 3), dtype=np.uint32)
    cells.chars[:] = np.where(bits > 0, _BRAILLE + bits, ord(" "))
    # A cell has one colour: that of a contact, else that of the nearest part in it, else the ground's.
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
    seen = (raster.shape_indices != NO_SHAPE) & ~_find_depth_gaps(raster)
    colours = np.array([*(rgb_to_int(*shape.colour) for shape in scene.shapes), DEFAULT_COLOUR], np.int32)
    cells.chars[seen] = _ASCII_RAMP[level[seen]]
    cells.fg[seen] = colours[raster.shape_indices[seen]]
    cells.chars[touching], cells.fg[touching] = ord("^"), CONTACT_COLOUR


def _find_ground_dots(size: tuple[int, ...], ground: GroundMarks, *, with_marks: bool) -> tuple[Bools, Bools]:
    """Dots of the ground and dots of contacts, (H, W) each; `deep`: there is room for marks below the line."""
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
    for aside in (-1, 0, 1) if with_marks else (0,):
        for below in (1, 2) if with_marks else (0,):
            _set_dots(touching, ground.contacts + np.array([aside, below]))
    return lines, touching


def _set_dots(dots: Bools, positions: NDArray[np.int64]) -> None:
    columns, rows = positions.T
    inside = (columns >= 0) & (columns < dots.shape[1]) & (rows >= 0) & (rows < dots.shape[0])
    dots[rows[inside], columns[inside]] = True


def _find_depth_gaps(raster: ShapeRaster) -> Bools:
    """Dots of a part that lie right beside a nearer part, (H, W)."""
    gaps = np.zeros(raster.shape_indices.shape, np.bool_)
    for axis in (0, 1):
        one, other = (np.s_[:-1], np.s_[1:]) if axis == 0 else (np.s_[:, :-1], np.s_[:, 1:])
        for here, there in ((one, other), (other, one)):
            parted = (raster.shape_indices[here] != raster.shape_indices[there]) & (raster.shape_indices[there] != NO_SHAPE)
            gaps[here] |= (
                parted & (raster.shape_indices[here] != NO_SHAPE) & (raster.depth[there] < raster.depth[here] - _DEPTH_GAP)
            )
    return gaps


def _draw_metre_labels(cells: CellBuffer, ground: GroundMarks, down: int, across: int) -> None:
    """Numbers under the whole metres, as far as there is a row for them and they meet neither each other nor the figure."""
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
