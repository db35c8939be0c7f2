"""A buffer of terminal cells: characters with foreground and background colours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DEFAULT_COLOUR = -1
"""The terminal's default colour."""


@dataclass(frozen=True)
class CellBuffer:
    """R × C cells; mutable while a picture is drawn."""

    chars: NDArray[np.uint32]
    """Code points, (R, C)."""
    fg: NDArray[np.int32]
    """Foreground colours, 0xRRGGBB or DEFAULT_COLOUR; (R, C)."""
    bg: NDArray[np.int32]
    """Background colours; (R, C)."""

    @classmethod
    def blank(cls, rows: int, columns: int) -> CellBuffer:
        """Make a buffer of spaces."""
        size = rows, columns
        return cls(
            np.full(size, ord(" "), np.uint32), np.full(size, DEFAULT_COLOUR, np.int32), np.full(size, DEFAULT_COLOUR, np.int32)
        )

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.chars.shape[0])

    @property
    def columns(self) -> int:
        """Number of columns."""
        return int(self.chars.shape[1])

    def write(self, row: int, column: int, text: str, fg: int = DEFAULT_COLOUR) -> None:
        """Write a text into one row, cut at the edges."""
        if not 0 <= row < self.rows:
            return
        first, last = max(0, column), min(self.columns, column + len(text))
        if first < last:
            self.chars[row, first:last] = [ord(letter) for letter in text[first - column : last - column]]
            self.fg[row, first:last] = fg
            self.bg[row, first:last] = DEFAULT_COLOUR

    def region(self, top: int, left: int, rows: int, columns: int) -> CellBuffer:
        """A view of a rectangle of these cells, sharing their arrays."""
        place = np.s_[top : top + rows, left : left + columns]
        return CellBuffer(self.chars[place], self.fg[place], self.bg[place])

    def to_text(self) -> str:
        """The characters without colours, one line per row."""
        return "\n".join("".join(map(chr, row)).rstrip() for row in self.chars.tolist())


def rgb_to_int(red: float, green: float, blue: float) -> int:
    """Convert three parts from 0 to 1 to 0xRRGGBB."""
    parts = [round(255 * min(max(part, 0.0), 1.0)) for part in (red, green, blue)]
    return parts[0] << 16 | parts[1] << 8 | parts[2]
