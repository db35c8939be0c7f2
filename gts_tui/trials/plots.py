"""The charts of a study as plots and as bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from gts.commands.views.formatting import clock, plain
from gts_tui.charts.plot import Line, Look, Plot
from gts_tui.glyphs import Glyphs
from gts_tui.trials.signs import INKS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gts.search.charts import Bar, Chart, Panel, Series
    from gts.search.trial_records import TrialRow

_LOOKS: dict[str, Look] = {"points": "points", "line": "line", "best": "line", "faint": "faint"}
_BLOCKS = {"complete": "█", "pruned": "▒", "failed": "×", "running": "░"}
_ASCII_BLOCKS = {"complete": "#", "pruned": "-", "failed": "x", "running": "."}
_GREY = 7
"""The last of the theme's chart colours: for what stands back."""
_NARROWEST = 1e-9
_ENDING = ("history", "intermediate")
"""Charts whose lines have an end that says something."""


def plots_of(chart: Chart) -> list[Plot]:
    """The pairs of axes of a chart."""
    return [_plot(chart, panel) for panel in chart.panels]


def curve_of(trial: TrialRow) -> Plot | None:
    """The values that a trial reported on its way; None where there are fewer than two."""
    if len(trial.curve) < 2:
        return None
    steps, values = zip(*trial.curve, strict=True)
    line = Line("", tuple(map(float, steps)), tuple(map(float, values)))
    return Plot(f"trial {trial.number}", (line,), x_label="steps")


def _plot(chart: Chart, panel: Panel) -> Plot:
    colours = iter(range(1, _GREY))
    lines = [_line(chart, series, 0 if series.look == "best" else next(colours, _GREY)) for series in panel.series]
    title = panel.title or chart.title
    return Plot(title, tuple(lines), x_label=panel.x_label, x_ticks=panel.x_ticks, values=chart.kind in _ENDING)


def _line(chart: Chart, series: Series, colour: int) -> Line:
    look = _LOOKS[series.look]
    if chart.kind == "history" and series.look == "best":
        look = "steps"
    elif chart.kind != "intermediate" and series.look == "faint":
        look = "points"
    # A legend of forty names would be all that is seen.
    name = "" if (series.look == "faint" and chart.kind == "intermediate") or chart.kind == "slice" else series.name
    if chart.kind == "parallel":
        # Its title says that they are trials.
        name = name.removeprefix("trial ")
    return Line(name, series.xs, series.ys, _GREY if series.look == "faint" else colour, look)


def bars_of(chart: Chart, width: int, glyphs: Glyphs, colour: Callable[[str], str]) -> Text:
    """A row a bar, on one scale; `colour` gives what the theme has for an ink."""
    bars = chart.bars
    left = min(width // 3, max(len(bar.label) for bar in bars))
    right = max(len(bar.says) for bar in bars)
    room = max(4, width - left - right - 4)
    first, last = min(bar.start for bar in bars), max(bar.end for bar in bars)
    span = max(last - first, _NARROWEST)
    blocks = _ASCII_BLOCKS if glyphs.level == "ascii" else _BLOCKS
    made = Text(no_wrap=True, overflow="crop")
    for bar in bars:
        start = min(room - 1, int((bar.start - first) / span * room))
        length = max(1, min(room - start, round((bar.end - bar.start) / span * room)))
        made.append_text(plain(f"{bar.label[:left]:{left}}  {' ' * start}"))
        ink = colour(f"state-{INKS[bar.kind]}" if bar.kind in INKS else "chart-1")
        made.append(blocks.get(bar.kind, glyphs.bar) * length, style=ink)
        made.append(" " * (room - start - length) + f"  {bar.says:>{right}}\n")
    if chart.kind == "timeline":
        made.append_text(_scale(bars, left, room, first, last, blocks))
    made.rstrip()
    return made


def _scale(bars: Sequence[Bar], left: int, room: int, first: float, last: float, blocks: dict[str, str]) -> Text:
    ends = clock(first), clock(last)
    states = dict.fromkeys(bar.kind for bar in bars)
    signs = "  ".join(f"{blocks[state]} {state}" for state in states if state in blocks)
    return Text(f"{'':{left}}  {ends[0]}{ends[1]:>{max(1, room - len(ends[0]))}}\n{'':{left}}  {signs}", style="dim")
