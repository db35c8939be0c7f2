"""What a chart shows, as plain data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Look = Literal["line", "steps", "points", "faint"]


@dataclass(frozen=True)
class Line:
    """Points that belong together; all tuples that are not empty have the same length. What is not finite leaves a gap."""

    name: str
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    colour: int = 0
    """Which of the theme's chart colours, from 0."""
    look: Look = "line"
    lows: tuple[float, ...] = ()
    """Lower edge of a band around the line; empty for none."""
    highs: tuple[float, ...] = ()
    newest: float = math.nan
    """What the legend tells in place of the last of `ys`, where that one stands for several."""


@dataclass(frozen=True)
class Plot:
    """One pair of axes."""

    title: str
    lines: tuple[Line, ...]
    x_label: str = ""
    time: bool = False
    """Whether x is seconds, and labelled as times."""
    log_y: bool = False
    x_ticks: tuple[tuple[float, str], ...] = ()
    """In place of numbers."""
    cursor: float | None = None
    """Where on the x axis a cursor stands, whose values are shown."""
    values: bool = True
    """Whether the legend tells values of lines; not where the last point of one says no more than the others."""
