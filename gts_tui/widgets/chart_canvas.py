"""Axes with ticks and labels, and rasters of dots: 2×4 dots per character in braille, 1×2 in half blocks."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from gts_tui.terminal import GlyphLevel

_MIN_SPAN = 1e-290
"""Spans below this count as zero, to avoid overflow in divisions."""

_MAX_FLOAT = sys.float_info.max
_TIME_STEPS = (
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    10800,
    21600,
    43200,
    86400,
    172800,
    432000,
    864000,
)
_UNIT_PREFIXES = ((1e9, "G"), (1e6, "M"), (1e4, "k"))
_UNIT_SIZES = {"G": 1e9, "M": 1e6, "k": 1e3, "": 1.0}


@dataclass(frozen=True)
class AxisScale:
    """One axis. If it is logarithmic, `low`, `high` and the ticks are exponents of ten."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...] = ()
    """Values, or exponents of a logarithmic axis, with their labels."""
    is_log: bool = False

    def positions(self, values: Sequence[float], dots: int) -> list[int | None]:
        """Return dot indices of values, from 0 at `low` to `dots` - 1; None for a value that is not finite."""
        # Halves, since the difference of two large numbers may be none.
        low, half = self.low * 0.5, self.high * 0.5 - self.low * 0.5
        each = (dots - 1) / half
        if self.is_log:
            values = [math.log10(value) if 0 < value < math.inf else math.nan for value in values]
        finite = math.isfinite
        if all(map(finite, values)):
            return [int((value * 0.5 - low) * each + 0.5) for value in values]
        return [int((value * 0.5 - low) * each + 0.5) if finite(value) else None for value in values]

    def position(self, tick: float, dots: int) -> int | None:
        """Return the dot index of a tick; None if it is outside."""
        if not self.low <= tick <= self.high:
            return None
        return int((tick * 0.5 - self.low * 0.5) * ((dots - 1) / (self.high * 0.5 - self.low * 0.5)) + 0.5)

    def value_at(self, position: float, dots: int) -> float:
        """Return the value at a dot index; the exponent on a logarithmic axis."""
        share = position / max(1, dots - 1)
        return self.low * (1 - share) + self.high * share


def finite_bounds(values: Iterable[float]) -> tuple[float, float] | None:
    """Return the minimum and maximum of the finite values; None if there are none."""
    kept = [value for value in values if math.isfinite(value)]
    return (min(kept), max(kept)) if kept else None


def make_linear_axis(low: float, high: float, max_ticks: int, *, snap: bool) -> AxisScale:
    """Make an axis with about `max_ticks` labels; `snap` rounds its ends to quarters of a tick, so that it moves rarely."""
    low, high = _widen_range(low, high)
    step = _round_step(high / max_ticks - low / max_ticks)
    if snap:
        part = step / 4
        outer = (math.floor(low / part) * part, math.ceil(high / part) * part)
        if all(math.isfinite(end) for end in outer):
            low, high = outer
    ticks = _tick_values(low, high, step)
    return AxisScale(low, high, tuple((tick, format_tick_label(tick, step, max(abs(low), abs(high)))) for tick in ticks))


def make_time_axis(low: float, high: float, max_ticks: int) -> AxisScale:
    """Make an axis of seconds with times as labels."""
    low, high = _widen_range(low, high)
    rough = high / max_ticks - low / max_ticks
    step = next((float(step) for step in _TIME_STEPS if step >= rough), 0.0) or _round_step(rough)
    return AxisScale(low, high, tuple((tick, format_axis_time(tick, high)) for tick in _tick_values(low, high, step)))


def make_log_axis(low: float, high: float, max_ticks: int) -> AxisScale:
    """Make an axis of exponents; its ends are 1, 2 or 5 times a power of ten. `low` and `high` must be positive."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    marks = [(power + math.log10(times), f"{times}e{power}") for power in range(first, last + 1) for times in (1, 2, 5)]
    below = [at for at, _ in marks if at <= math.log10(low) + 1e-9]
    above = [at for at, _ in marks if at >= math.log10(high) - 1e-9]
    start, end = (below or [float(first)])[-1], (above or [float(last)])[0]
    if end <= start:
        start, end = start - 0.5, end + 0.5
    inside = [(at, written) for at, written in marks if start <= at <= end]
    if len(inside) > max_ticks:
        every = max(1, math.ceil((last - first + 1) / max_ticks))
        inside = [(at, written) for at, written in inside if at == round(at) and round(at) % every == 0]
    return AxisScale(start, end, tuple((at, _expand_exponent(written)) for at, written in inside), is_log=True)


def format_tick_label(value: float, step: float, largest: float) -> str:
    """Format a tick label for ticks `step` apart, with values up to `largest`."""
    if value == 0:
        return "0"
    if largest >= 1e13 or largest < 1e-3:
        return _shorten_exponent(f"{value:.{min(4, max(0, _exponent(abs(value)) - _exponent(step)))}e}")
    unit = next((name for size, name in _UNIT_PREFIXES if largest >= size), "")
    size = _UNIT_SIZES[unit]
    decimals = max(0, -_exponent(step / size))
    return f"{value / size:.{min(decimals, 8)}f}{unit}"


def format_axis_value(value: float) -> str:
    """Format a single value in few characters."""
    if not math.isfinite(value):
        return "–" if math.isnan(value) else ("∞" if value > 0 else "-∞")
    size = abs(value)
    if size >= 1e13 or 0 < size < 1e-3:
        return _shorten_exponent(f"{value:.2e}")
    unit = next((name for least, name in _UNIT_PREFIXES if size >= least), "")
    if unit:
        return f"{value / _UNIT_SIZES[unit]:.2f}".rstrip("0").rstrip(".") + unit
    return f"{value:.0f}" if size >= 1000 else f"{value:.4g}"


def format_axis_time(seconds: float, largest: float) -> str:
    """Format seconds as m:ss, or as h:mm on an axis longer than an hour."""
    if not math.isfinite(seconds) or abs(seconds) > 1e12:
        return format_axis_value(seconds)
    sign, whole = "-" if seconds < 0 else "", int(abs(seconds))
    if abs(largest) >= 3600:
        return f"{sign}{whole // 3600}:{whole // 60 % 60:02}"
    return f"{sign}{whole // 60}:{whole % 60:02}"


def _widen_range(low: float, high: float) -> tuple[float, float]:
    """Return bounds that differ."""
    if high * 0.5 - low * 0.5 > max(_MIN_SPAN, 1e-12 * max(abs(low), abs(high))):
        return low, high
    around = max(abs(low), abs(high)) * 0.05
    around = around if around > _MIN_SPAN else 1.0
    return max(low - around, -_MAX_FLOAT), min(high + around, _MAX_FLOAT)


def _round_step(step: float) -> float:
    """Round a step up to 1, 2 or 5 times a power of ten."""
    power = 10.0 ** _exponent(step)
    return next((times * power for times in (1, 2, 5) if times * power >= step * (1 - 1e-9)), 10 * power)


def _exponent(value: float) -> int:
    """Return the decimal exponent of a positive number."""
    return math.floor(math.log10(value) + 1e-9)


def _tick_values(low: float, high: float, step: float) -> list[float]:
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    if last - first > 100:
        return []
    found = (at * step for at in range(first, last + 1))
    return [tick for tick in found if math.isfinite(tick)]


def _expand_exponent(text: str) -> str:
    """`2e3` as 2000, `1e-2` as 0.01; what is far off stays as it is."""
    power = int(text.partition("e")[2])
    return f"{float(text):.{max(0, -power)}f}" if -3 <= power <= 4 else text


def _shorten_exponent(text: str) -> str:
    """Write exponents near zero as decimal numbers: 2e3 as 2000, 1e-2 as 0.01."""
    digits, _, power = text.partition("e")
    return f"{digits}e{int(power)}"


DotPositions = Sequence[int | None]
"""Dot indices along one axis; None for points that cannot be shown."""


@dataclass(frozen=True)
class DotEncoding:
    """Mapping of dots to characters."""

    dots_across: int
    """Dots in the width of a character."""
    dots_down: int
    markers: str
    """Markers that distinguish lines, one character per line."""
    band_char: str
    """Character of a band; empty if bands are drawn as dots."""
    chars: str
    """Characters by the bits of their dots, left column in the lower bits; empty if lines are drawn as markers."""


def _braille_chars() -> str:
    left, right = (0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80)
    return "".join(chr(0x2800 + sum(dot for at, dot in enumerate((*left, *right)) if bits >> at & 1)) for bits in range(256))


DOT_ENCODINGS: dict[GlyphLevel, DotEncoding] = {
    "braille": DotEncoding(2, 4, "●◆▲■○◇△□", "", _braille_chars()),
    "block": DotEncoding(1, 2, "ox+*#@%&", "░", " ▀▄█"),
    "ascii": DotEncoding(1, 1, "*ox+#@%&", ".", ""),
}


def draw_polyline(columns: list[int], xs: DotPositions, ys: DotPositions) -> None:
    """Set the dots of a line through points in order; None interrupts it."""
    last: tuple[int, int] | None = None
    for x, y in zip(xs, ys, strict=True):
        if x is None or y is None:
            last = None
            continue
        if last is None:
            columns[x] |= 1 << y
        elif last[0] == x:
            columns[x] |= bit_range(last[1], y)
        else:
            _draw_segment(columns, last[0], last[1], x, y)
        last = (x, y)


def draw_steps(columns: list[int], xs: DotPositions, ys: DotPositions) -> None:
    """Set the dots of a line that keeps each value until the next."""
    held_xs: list[int | None] = []
    held_ys: list[int | None] = []
    for at, (x, y) in enumerate(zip(xs, ys, strict=True)):
        if at and ys[at - 1] is not None and xs[at - 1] is not None:
            held_xs.append(x)
            held_ys.append(ys[at - 1])
        held_xs.append(x)
        held_ys.append(y)
    draw_polyline(columns, held_xs, held_ys)


def draw_points(columns: list[int], xs: DotPositions, ys: DotPositions) -> None:
    """Set the dot of each point."""
    for x, y in zip(xs, ys, strict=True):
        if x is not None and y is not None:
            columns[x] |= 1 << y


def fill_between(columns: list[int], xs: DotPositions, lows: DotPositions, highs: DotPositions) -> None:
    """Set all dots between two lines."""
    last: tuple[int, int, int] | None = None
    for x, low, high in zip(xs, lows, highs, strict=True):
        if x is None or low is None or high is None:
            last = None
            continue
        if last is None or last[0] == x:
            columns[x] |= bit_range(low, high)
        else:
            start, end = (last, (x, low, high)) if last[0] < x else ((x, low, high), last)
            wide = end[0] - start[0]
            for at in range(wide + 1):
                columns[start[0] + at] |= bit_range(
                    start[1] + (end[1] - start[1]) * at // wide, start[2] + (end[2] - start[2]) * at // wide
                )
        last = (x, low, high)


def bit_range(one: int, other: int) -> int:
    """Return the bits between two dots, both included."""
    if one > other:
        one, other = other, one
    return ((1 << (other - one + 1)) - 1) << one


def thin_checkerboard(columns: list[int], down: int) -> list[int]:
    """Keep every other dot in a checkerboard pattern, so that bands look dimmer than lines."""
    even = int("01" * (down // 2 + 1), 2)
    return [column & (even if at % 2 else even << 1) for at, column in enumerate(columns)]


def iterate_cells(columns: Sequence[int], encoding: DotEncoding) -> Iterator[tuple[int, int, int]]:
    """Yield row, column and bits of the characters that have any dots."""
    across, down = encoding.dots_across, encoding.dots_down
    every = (1 << down) - 1
    for at in range(0, len(columns) - across + 1, across):
        left = columns[at]
        right = columns[at + 1] if across == 2 else 0
        remaining = left | right
        while remaining:
            row = ((remaining & -remaining).bit_length() - 1) // down
            shift = row * down
            yield row, at // across, (left >> shift & every) | (right >> shift & every) << down
            remaining = remaining >> (shift + down) << (shift + down)


def _draw_segment(columns: list[int], x0: int, y0: int, x1: int, y1: int) -> None:
    """Set the dots of a straight segment between two columns."""
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
        columns[x0 + at] |= bit_range(start, bound)
        start = bound + sign
    columns[x1] |= bit_range(start, y1)
