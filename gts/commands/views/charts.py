"""Curves as text."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.text import Text

from gts.commands.views.formatting import short

_MOST_POINTS = 400


def learning_curve(history: Sequence[Mapping[str, Any]], *, width: int = 76, height: int = 14) -> Text | None:
    """Mean return over the steps; None where there are fewer than two points to draw."""
    points = [
        (float(row["step"]), float(row["mean"])) for row in history if _finite(row.get("step")) and _finite(row.get("mean"))
    ]
    if len(points) < 2:
        return None
    # The plotter aborts on what is not finite and draws no more than it has columns.
    points = points[:: math.ceil(len(points) / _MOST_POINTS)]

    steps, means = zip(*points, strict=True)
    with fresh_figure() as plotext:
        plotext.plot_size(width, height)
        plotext.plot(steps, means, marker="braille")
        ticks = [steps[0] + (steps[-1] - steps[0]) * part / 4 for part in range(5)]
        plotext.xticks(ticks, [short(tick) for tick in ticks])
        plotext.xlabel("steps")
        return built(plotext)


@contextmanager
def fresh_figure() -> Iterator[Any]:
    """The plotter, whose one figure belongs to the whole process, with nothing on it before and after."""
    import plotext

    def cleared() -> None:
        plotext.main()
        plotext.clear_figure()

    cleared()
    plotext.theme("clear")
    plotext.limit_size(False, False)
    try:
        yield plotext
    finally:
        cleared()


def built(plotext: Any) -> Text:
    """What was plotted, in lines that are never folded."""
    drawn = Text.from_ansi(plotext.build().rstrip("\n"))
    drawn.no_wrap, drawn.overflow = True, "ignore"
    return drawn


def _finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value) and abs(value) < 1e15
