"""From a moment to terminal cells: braille dots, half blocks, or plain ASCII."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gts.playback.camera import camera_for
from gts.playback.cell_buffer import PLAIN, Cells, colour_of
from gts.playback.frame_protocol import Moment, Stage
from gts.playback.ground import Ground, lay_ground
from gts.playback.rendering.raster import NOTHING, Grid, Raster, rasterise

Glyphs = Literal["braille", "half", "ascii"]
GLYPHS: tuple[Glyphs, ...] = get_args(Glyphs)
DOTS: dict[Glyphs, tuple[int, int, float]] = {"braille": (2, 4, 1.0), "half": (1, 2, 1.0), "ascii": (1, 1, 2.0)}
"""Dots of a cell across and down, and how much higher than wide a dot is."""

Bools = NDArray[np.bool_]

GROUND, TOUCH, LABEL = 0x808080, 0xFFAF00, 0x808080
_GAP = 0.03
"""m: a part that is this much nearer than what is behind it is set off from it by a gap."""
_LEVELS = 4
_RAMP = np.array([ord(letter) for letter in ".:-=+*#%@"], np.uint32)
_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], np.uint32)
_BRAILLE = 0x2800


def draw(cells: Cells, stage: Stage, moment: Moment, glyphs: Glyphs) -> None:
    """Draw a moment into blank cells, as large as they are."""
    across, down, stretch = DOTS[glyphs]
    grid = Grid(cells.columns * across, cells.rows * down, stretch)
    if not grid.columns or not grid.rows:
        return
    camera = camera_for(stage, moment, grid.columns / stretch, grid.rows)
    raster = rasterise(stage, moment, camera, grid)
    ground = lay_ground(stage, moment, camera, grid)
    {"braille": _braille, "half": _half, "ascii": _ascii}[glyphs](cells, stage, raster, ground)
    _label(cells, ground, down, across)


def _braille(cells: Cells, stage: Stage, raster: Raster, ground: Ground) -> None:
    seen = raster.shapes != NOTHING
    lines, touching = _floor(raster.shapes.shape, ground, deep=True)
    dots = (seen & ~_gaps(raster)) | (lines & ~seen) | touching
    size = cells.rows, 4, cells.columns, 2
    bits = (dots.reshape(size).transpose(0, 2, 1, 3) * _BITS).sum(axis=(2, 3), dtype=np.uint32)
    cells.letters[:] = np.where(bits > 0, _BRAILLE + bits, ord(" "))
    # A cell has one colour: that of a contact, else that of the nearest part in it, else the ground's.
    depth = raster.depth.reshape(size).transpose(0, 2, 1, 3).reshape(*cells.letters.shape, 8)
    shapes = raster.shapes.reshape(size).transpose(0, 2, 1, 3).reshape(*cells.letters.shape, 8)
    nearest = np.take_along_axis(shapes, depth.argmin(axis=2)[..., None], axis=2)[..., 0]
    touched = touching.reshape(size).any(axis=(1, 3))
    colours = np.array([*(colour_of(*shape.colour) for shape in stage.shapes), GROUND], np.int32)
    cells.inks[:] = np.where(touched, TOUCH, colours[nearest])
    cells.inks[bits == 0] = PLAIN


def _half(cells: Cells, stage: Stage, raster: Raster, ground: Ground) -> None:
    shades = [
        colour_of(*(part * (0.35 + 0.65 * level / (_LEVELS - 1)) for part in shape.colour))
        for shape in stage.shapes
        for level in range(_LEVELS)
    ]
    lines, touching = _floor(raster.shapes.shape, ground, deep=False)
    level = np.minimum((raster.light * _LEVELS).astype(np.int64), _LEVELS - 1)
    colours = np.array([*shades, PLAIN], np.int32)[np.where(raster.shapes == NOTHING, -1, raster.shapes * _LEVELS + level)]
    empty = colours == PLAIN
    colours[lines & empty], colours[touching] = GROUND, TOUCH
    top, bottom = colours[0::2], colours[1::2]
    alike = top == bottom
    cells.letters[:] = np.where(alike, ord("█"), np.where(top == PLAIN, ord("▄"), ord("▀")))
    cells.letters[alike & (top == PLAIN)] = ord(" ")
    cells.inks[:] = np.where(top == PLAIN, bottom, top)
    cells.papers[:] = np.where(alike | (top == PLAIN), PLAIN, bottom)


def _ascii(cells: Cells, stage: Stage, raster: Raster, ground: Ground) -> None:
    lines, touching = _floor(raster.shapes.shape, ground, deep=False)
    level = np.minimum((raster.light * len(_RAMP)).astype(np.int64), len(_RAMP) - 1)
    cells.letters[lines] = ord("-")
    if ground.line is not None and 0 <= ground.line < cells.rows:
        columns = [column for column, _ in ground.metres if 0 <= column < cells.columns]
        cells.letters[ground.line, columns] = ord("+")
    else:
        cells.letters[lines] = ord(".")
    cells.inks[lines] = GROUND
    seen = (raster.shapes != NOTHING) & ~_gaps(raster)
    colours = np.array([*(colour_of(*shape.colour) for shape in stage.shapes), PLAIN], np.int32)
    cells.letters[seen] = _RAMP[level[seen]]
    cells.inks[seen] = colours[raster.shapes[seen]]
    cells.letters[touching], cells.inks[touching] = ord("^"), TOUCH


def _floor(size: tuple[int, ...], ground: Ground, *, deep: bool) -> tuple[Bools, Bools]:
    """Dots of the ground and dots of contacts, (H, W) each; `deep`: there is room for marks below the line."""
    lines, touching = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    height, width = size
    row = ground.line
    if row is not None and 0 <= row < height:
        lines[row] = True
        for column, _ in ground.metres:
            if 0 <= column < width:
                lines[row : row + 4 if deep else row + 1, column] = deep
        for column in ground.halves.tolist():
            if 0 <= column < width and deep:
                lines[row : row + 2, column] = True
    _put(lines, ground.dots)
    for aside in (-1, 0, 1) if deep else (0,):
        for below in (1, 2) if deep else (0,):
            _put(touching, ground.contacts + np.array([aside, below]))
    return lines, touching


def _put(dots: Bools, places: NDArray[np.int64]) -> None:
    columns, rows = places.T
    inside = (columns >= 0) & (columns < dots.shape[1]) & (rows >= 0) & (rows < dots.shape[0])
    dots[rows[inside], columns[inside]] = True


def _gaps(raster: Raster) -> Bools:
    """Dots of a part that lie right beside a nearer part, (H, W)."""
    gaps = np.zeros(raster.shapes.shape, np.bool_)
    for axis in (0, 1):
        one, other = (np.s_[:-1], np.s_[1:]) if axis == 0 else (np.s_[:, :-1], np.s_[:, 1:])
        for here, there in ((one, other), (other, one)):
            parted = (raster.shapes[here] != raster.shapes[there]) & (raster.shapes[there] != NOTHING)
            gaps[here] |= parted & (raster.shapes[here] != NOTHING) & (raster.depth[there] < raster.depth[here] - _GAP)
    return gaps


def _label(cells: Cells, ground: Ground, down: int, across: int) -> None:
    """Numbers under the whole metres, as far as there is a row for them and they meet neither each other nor the figure."""
    if ground.line is None or not 0 <= ground.line // down + 1 < cells.rows:
        return
    row, last = ground.line // down + 1, -2
    taken = (cells.inks[row] != PLAIN) & (cells.inks[row] != GROUND)
    for column, number in ground.metres:
        text = str(number)
        first = column // across - len(text) // 2
        if last + 2 < first and 0 <= first <= cells.columns - len(text) and not taken[first : first + len(text)].any():
            cells.write(row, first, text, LABEL)
            last = first + len(text)
