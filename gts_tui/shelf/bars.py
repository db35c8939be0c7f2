"""Curves as rows of bars, for where a chart has no room."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gts_tui.glyphs import Glyphs


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
