"""Axes: which values they show, where a value stands on one, and the labels that a person reads them by.

Lines as dots, dots as signs: 2×4 dots a sign in braille, 1×2 in half blocks, one in ascii.

A canvas is one whole number a column of dots, whose bits are the dots from the top down: a piece of a line is then a run of
bits in few columns, however many dots it has.

Curves as rows of bars, for where a chart has no room.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from gts_tui.terminal import Glyphs, Level

_LEAST = 1e-290
"""A span below this is none: what is divided by it would leave the numbers that there are."""

_LARGEST = sys.float_info.max
_TIMES = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 432000, 864000)
_UNITS = ((1e9, "G"), (1e6, "M"), (1e4, "k"))
_SIZES = {"G": 1e9, "M": 1e6, "k": 1e3, "": 1.0}


@dataclass(frozen=True)
class Scale:
    """One axis. On a logarithmic one `low` and `high` are exponents of ten."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...] = ()
    """Values, on a logarithmic axis exponents, with their labels."""
    log: bool = False

    def places(self, values: Sequence[float], dots: int) -> list[int | None]:
        """Where values stand among `dots` places from low to high; None for what is not finite. None may be beyond the ends."""
        # Halves, since the difference of two large numbers may be none.
        low, half = self.low * 0.5, self.high * 0.5 - self.low * 0.5
        each = (dots - 1) / half
        if self.log:
            values = [math.log10(value) if 0 < value < math.inf else math.nan for value in values]
        finite = math.isfinite
        if all(map(finite, values)):
            return [int((value * 0.5 - low) * each + 0.5) for value in values]
        return [int((value * 0.5 - low) * each + 0.5) if finite(value) else None for value in values]

    def place(self, tick: float, dots: int) -> int | None:
        """Where a tick stands; None where it is outside."""
        if not self.low <= tick <= self.high:
            return None
        return int((tick * 0.5 - self.low * 0.5) * ((dots - 1) / (self.high * 0.5 - self.low * 0.5)) + 0.5)

    def value(self, place: float, dots: int) -> float:
        """The value that stands at a place; the exponent on a logarithmic axis."""
        share = place / max(1, dots - 1)
        return self.low * (1 - share) + self.high * share


def bounds(values: Iterable[float]) -> tuple[float, float] | None:
    """The least and the largest of the finite values."""
    kept = [value for value in values if math.isfinite(value)]
    return (min(kept), max(kept)) if kept else None


def linear(low: float, high: float, most: int, *, snap: bool) -> Scale:
    """An axis with about `most` labels; `snap` moves its ends to quarters of a tick, so that it stays while data moves."""
    low, high = _opened(low, high)
    step = _nice(high / most - low / most)
    if snap:
        part = step / 4
        outer = (math.floor(low / part) * part, math.ceil(high / part) * part)
        if all(math.isfinite(end) for end in outer):
            low, high = outer
    ticks = _multiples(low, high, step)
    return Scale(low, high, tuple((tick, label(tick, step, max(abs(low), abs(high)))) for tick in ticks))


def clock(low: float, high: float, most: int) -> Scale:
    """An axis of seconds, labelled as times."""
    low, high = _opened(low, high)
    rough = high / most - low / most
    step = next((float(step) for step in _TIMES if step >= rough), 0.0) or _nice(rough)
    return Scale(low, high, tuple((tick, time_of(tick, high)) for tick in _multiples(low, high, step)))


def logarithmic(low: float, high: float, most: int) -> Scale:
    """An axis of exponents from about `low` to `high`, which are above 0; its ends are 1, 2 or 5 times a power of ten."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    marks = [(power + math.log10(times), f"{times}e{power}") for power in range(first, last + 1) for times in (1, 2, 5)]
    below = [at for at, _ in marks if at <= math.log10(low) + 1e-9]
    above = [at for at, _ in marks if at >= math.log10(high) - 1e-9]
    start, end = (below or [float(first)])[-1], (above or [float(last)])[0]
    if end <= start:
        start, end = start - 0.5, end + 0.5
    inside = [(at, written) for at, written in marks if start <= at <= end]
    if len(inside) > most:
        every = max(1, math.ceil((last - first + 1) / most))
        inside = [(at, written) for at, written in inside if at == round(at) and round(at) % every == 0]
    return Scale(start, end, tuple((at, _plain(written)) for at, written in inside), log=True)


def label(value: float, step: float, largest: float) -> str:
    """A number beside an axis whose labels are `step` apart and at most `largest`."""
    if value == 0:
        return "0"
    if largest >= 1e13 or largest < 1e-3:
        return _short_exponent(f"{value:.{min(4, max(0, _power(abs(value)) - _power(step)))}e}")
    unit = next((name for size, name in _UNITS if largest >= size), "")
    size = _SIZES[unit]
    decimals = max(0, -_power(step / size))
    return f"{value / size:.{min(decimals, 8)}f}{unit}"


def shown(value: float) -> str:
    """A single value, in few letters."""
    if not math.isfinite(value):
        return "–" if math.isnan(value) else ("∞" if value > 0 else "-∞")
    size = abs(value)
    if size >= 1e13 or 0 < size < 1e-3:
        return _short_exponent(f"{value:.2e}")
    unit = next((name for least, name in _UNITS if size >= least), "")
    if unit:
        return f"{value / _SIZES[unit]:.2f}".rstrip("0").rstrip(".") + unit
    return f"{value:.0f}" if size >= 1000 else f"{value:.4g}"


def time_of(seconds: float, largest: float) -> str:
    """Seconds as m:ss, or as h:mm where an axis goes beyond an hour."""
    if not math.isfinite(seconds) or abs(seconds) > 1e12:
        return shown(seconds)
    sign, whole = "-" if seconds < 0 else "", int(abs(seconds))
    if abs(largest) >= 3600:
        return f"{sign}{whole // 3600}:{whole // 60 % 60:02}"
    return f"{sign}{whole // 60}:{whole % 60:02}"


def _opened(low: float, high: float) -> tuple[float, float]:
    """Ends that are apart."""
    if high * 0.5 - low * 0.5 > max(_LEAST, 1e-12 * max(abs(low), abs(high))):
        return low, high
    around = max(abs(low), abs(high)) * 0.05
    around = around if around > _LEAST else 1.0
    return max(low - around, -_LARGEST), min(high + around, _LARGEST)


def _nice(rough: float) -> float:
    """The next of 1, 2 and 5 times a power of ten."""
    power = 10.0 ** _power(rough)
    return next((times * power for times in (1, 2, 5) if times * power >= rough * (1 - 1e-9)), 10 * power)


def _power(value: float) -> int:
    """The exponent of ten of a number above 0."""
    return math.floor(math.log10(value) + 1e-9)


def _multiples(low: float, high: float, step: float) -> list[float]:
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    if last - first > 100:
        return []
    found = (at * step for at in range(first, last + 1))
    return [tick for tick in found if math.isfinite(tick)]


def _plain(written: str) -> str:
    """`2e3` as 2000, `1e-2` as 0.01; what is far off stays as it is."""
    power = int(written.partition("e")[2])
    return f"{float(written):.{max(0, -power)}f}" if -3 <= power <= 4 else written


def _short_exponent(written: str) -> str:
    digits, _, power = written.partition("e")
    return f"{digits}e{int(power)}"


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


def bars(values: Sequence[float], width: int, height: int, glyphs: Glyphs) -> list[str]:
    """Values as `height` lines of at most `width` columns, the lowest at the foot; what is not finite leaves a gap."""
    columns = _columns(values, width)
    finite = [value for value in columns if math.isfinite(value)]
    if not finite:
        return []
    low, high = min(finite), max(finite)
    levels = len(glyphs.spark)
    # Halves, since the difference of two huge numbers need not be finite.
    span = high / 2 - low / 2
    heights = [
        0 if not math.isfinite(value) else 1 + round((value / 2 - low / 2) / span * (levels * height - 1)) if span else levels
        for value in columns
    ]
    return ["".join(_cell(one - levels * row, glyphs) for one in heights) for row in reversed(range(height))]


def _cell(filled: int, glyphs: Glyphs) -> str:
    return " " if filled <= 0 else glyphs.spark[min(filled, len(glyphs.spark)) - 1]


def _columns(values: Sequence[float], width: int) -> list[float]:
    """At most `width` values, each the mean of the finite ones that it stands for."""
    if len(values) <= width:
        return list(values)
    columns = []
    for at in range(max(1, width)):
        part = values[at * len(values) // width : (at + 1) * len(values) // width]
        finite = [value for value in part if math.isfinite(value)]
        columns.append(sum(value / len(finite) for value in finite) if finite else math.nan)
    return columns
