"""Axes: which values they show, where a value stands on one, and the labels that a person reads them by."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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
