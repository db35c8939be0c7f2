"""A sheet of terminal cells: letters and their colours, before anybody sends them anywhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DEFAULT_COLOUR = -1
"""The terminal's own colour."""


@dataclass(frozen=True)
class CellBuffer:
    """R × C cells; the arrays are written to while a picture is made."""

    chars: NDArray[np.uint32]
    """Code points, (R, C)."""
    fg: NDArray[np.int32]
    """Colours of the letters, 0xRRGGBB or PLAIN; (R, C)."""
    bg: NDArray[np.int32]
    """Colours behind them; (R, C)."""

    @classmethod
    def blank(cls, rows: int, columns: int) -> CellBuffer:
        """Spaces."""
        size = rows, columns
        return cls(
            np.full(size, ord(" "), np.uint32), np.full(size, DEFAULT_COLOUR, np.int32), np.full(size, DEFAULT_COLOUR, np.int32)
        )

    @property
    def rows(self) -> int:
        """R"""
        return int(self.chars.shape[0])

    @property
    def columns(self) -> int:
        """C"""
        return int(self.chars.shape[1])

    def write(self, row: int, column: int, text: str, fg: int = DEFAULT_COLOUR) -> None:
        """Put a text in one row; what does not fit is cut off."""
        if not 0 <= row < self.rows:
            return
        first, last = max(0, column), min(self.columns, column + len(text))
        if first < last:
            self.chars[row, first:last] = [ord(letter) for letter in text[first - column : last - column]]
            self.fg[row, first:last] = fg
            self.bg[row, first:last] = DEFAULT_COLOUR

    def region(self, top: int, left: int, rows: int, columns: int) -> CellBuffer:
        """A window on these cells: what is written there is written here."""
        place = np.s_[top : top + rows, left : left + columns]
        return CellBuffer(self.chars[place], self.fg[place], self.bg[place])

    def to_text(self) -> str:
        """The letters alone, a line a row."""
        return "\n".join("".join(map(chr, row)).rstrip() for row in self.chars.tolist())


def rgb_to_int(red: float, green: float, blue: float) -> int:
    """0xRRGGBB of three parts from 0 to 1."""
    parts = [round(255 * min(max(part, 0.0), 1.0)) for part in (red, green, blue)]
    return parts[0] << 16 | parts[1] << 8 | parts[2]
