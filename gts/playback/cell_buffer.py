"""A sheet of terminal cells: letters and their colours, before anybody sends them anywhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PLAIN = -1
"""The terminal's own colour."""


@dataclass(frozen=True)
class Cells:
    """R × C cells; the arrays are written to while a picture is made."""

    letters: NDArray[np.uint32]
    """Code points, (R, C)."""
    inks: NDArray[np.int32]
    """Colours of the letters, 0xRRGGBB or PLAIN; (R, C)."""
    papers: NDArray[np.int32]
    """Colours behind them; (R, C)."""

    @classmethod
    def blank(cls, rows: int, columns: int) -> Cells:
        """Spaces."""
        size = rows, columns
        return cls(np.full(size, ord(" "), np.uint32), np.full(size, PLAIN, np.int32), np.full(size, PLAIN, np.int32))

    @property
    def rows(self) -> int:
        """R"""
        return int(self.letters.shape[0])

    @property
    def columns(self) -> int:
        """C"""
        return int(self.letters.shape[1])

    def write(self, row: int, column: int, text: str, ink: int = PLAIN) -> None:
        """Put a text in one row; what does not fit is cut off."""
        if not 0 <= row < self.rows:
            return
        first, last = max(0, column), min(self.columns, column + len(text))
        if first < last:
            self.letters[row, first:last] = [ord(letter) for letter in text[first - column : last - column]]
            self.inks[row, first:last] = ink
            self.papers[row, first:last] = PLAIN

    def part(self, top: int, left: int, rows: int, columns: int) -> Cells:
        """A window on these cells: what is written there is written here."""
        place = np.s_[top : top + rows, left : left + columns]
        return Cells(self.letters[place], self.inks[place], self.papers[place])

    def text(self) -> str:
        """The letters alone, a line a row."""
        return "\n".join("".join(map(chr, row)).rstrip() for row in self.letters.tolist())


def colour_of(red: float, green: float, blue: float) -> int:
    """0xRRGGBB of three parts from 0 to 1."""
    parts = [round(255 * min(max(part, 0.0), 1.0)) for part in (red, green, blue)]
    return parts[0] << 16 | parts[1] << 8 | parts[2]
