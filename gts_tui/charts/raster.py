"""Lines as dots, dots as signs: 2×4 dots a sign in braille, 1×2 in half blocks, one in ascii.

A canvas is one whole number a column of dots, whose bits are the dots from the top down: a piece of a line is then a run of
bits in few columns, however many dots it has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gts_tui.glyphs import Level

Places = Sequence[int | None]
"""Where points stand, along one axis; None for what cannot be shown."""


@dataclass(frozen=True)
class Grain:
    """How dots become signs."""

    across: int
    """Dots in the width of a sign."""
    down: int
    marks: str
    """What tells the lines apart, one a line."""
    band: str
    """The sign of a band; empty where it is made of dots."""
    signs: str
    """By their bits, the left column of dots in the lower half; empty where a line is made of its mark."""


def _braille() -> str:
    left, right = (0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80)
    return "".join(chr(0x2800 + sum(dot for at, dot in enumerate((*left, *right)) if bits >> at & 1)) for bits in range(256))


GRAINS: dict[Level, Grain] = {
    "braille": Grain(2, 4, "●◆▲■○◇△□", "", _braille()),
    "block": Grain(1, 2, "ox+*#@%&", "░", " ▀▄█"),
    "ascii": Grain(1, 1, "*ox+#@%&", ".", ""),
}


def stroke(columns: list[int], xs: Places, ys: Places) -> None:
    """Light the dots of a line through points, in order; a point that is None interrupts it."""
    last: tuple[int, int] | None = None
    for x, y in zip(xs, ys, strict=True):
        if x is None or y is None:
            last = None
            continue
        if last is None:
            columns[x] |= 1 << y
        elif last[0] == x:
            columns[x] |= run(last[1], y)
        else:
            _slope(columns, last[0], last[1], x, y)
        last = (x, y)


def stairs(columns: list[int], xs: Places, ys: Places) -> None:
    """The same, but a value holds until the next."""
    held_xs: list[int | None] = []
    held_ys: list[int | None] = []
    for at, (x, y) in enumerate(zip(xs, ys, strict=True)):
        if at and ys[at - 1] is not None and xs[at - 1] is not None:
            held_xs.append(x)
            held_ys.append(ys[at - 1])
        held_xs.append(x)
        held_ys.append(y)
    stroke(columns, held_xs, held_ys)


def dots(columns: list[int], xs: Places, ys: Places) -> None:
    """Light each point alone."""
    for x, y in zip(xs, ys, strict=True):
        if x is not None and y is not None:
            columns[x] |= 1 << y


def fill(columns: list[int], xs: Places, lows: Places, highs: Places) -> None:
    """Light every dot between two lines."""
    last: tuple[int, int, int] | None = None
    for x, low, high in zip(xs, lows, highs, strict=True):
        if x is None or low is None or high is None:
            last = None
            continue
        if last is None or last[0] == x:
            columns[x] |= run(low, high)
        else:
            start, end = (last, (x, low, high)) if last[0] < x else ((x, low, high), last)
            wide = end[0] - start[0]
            for at in range(wide + 1):
                columns[start[0] + at] |= run(
                    start[1] + (end[1] - start[1]) * at // wide, start[2] + (end[2] - start[2]) * at // wide
                )
        last = (x, low, high)


def run(one: int, other: int) -> int:
    """The bits from one dot to another, both included."""
    if one > other:
        one, other = other, one
    return ((1 << (other - one + 1)) - 1) << one


def thinned(columns: list[int], down: int) -> list[int]:
    """Every other dot, like a chess board: what is filled so is dimmer than a line."""
    even = int("01" * (down // 2 + 1), 2)
    return [column & (even if at % 2 else even << 1) for at, column in enumerate(columns)]


def cells(columns: Sequence[int], grain: Grain) -> Iterator[tuple[int, int, int]]:
    """The signs that have dots: their row, column and bits."""
    across, down = grain.across, grain.down
    every = (1 << down) - 1
    for at in range(0, len(columns) - across + 1, across):
        left = columns[at]
        right = columns[at + 1] if across == 2 else 0
        rest = left | right
        while rest:
            row = ((rest & -rest).bit_length() - 1) // down
            shift = row * down
            yield row, at // across, (left >> shift & every) | (right >> shift & every) << down
            rest = rest >> (shift + down) << (shift + down)


def _slope(columns: list[int], x0: int, y0: int, x1: int, y1: int) -> None:
    """A straight piece between two dots in different columns."""
    if x0 > x1:
        x0, y0, x1, y1 = x1, y1, x0, y0
    wide, high = x1 - x0, abs(y1 - y0)
    sign = 1 if y1 > y0 else -1
    if high <= wide:
        for at in range(wide + 1):
            columns[x0 + at] |= 1 << (y0 + sign * ((2 * high * at + wide) // (2 * wide)))
        return
    start = y0
    for at in range(wide):
        bound = y0 + sign * ((high * (2 * at + 1)) // (2 * wide))
        columns[x0 + at] |= run(start, bound)
        start = bound + sign
    columns[x1] |= run(start, y1)
