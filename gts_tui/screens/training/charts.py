"""Readings as plots: which lines, how smooth, over what.

The lines above the charts: how a training stands, and which charts are shown how.

What a person wants to see first, kept from one evening to the next.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.text import Text

from gts.commands.views.formatting import clock, short
from gts_tui.screens.training.data import EVALUATED, NOTHING, Page, Panel, RunReading, Series, smoothed
from gts_tui.terminal import Glyphs
from gts_tui.widgets.chart_render import Line, Plot

STRENGTHS = (0.0, 0.6, 0.9, 0.97)
_LONGEST_NAME = 24


@dataclass(frozen=True)
class View:
    """How curves are looked at."""

    smoothing: float = 0.0
    time: bool = False
    """Over the seconds of training, in place of its steps."""
    cursor: float | None = None


def plot_of(panel: Panel, readings: Sequence[RunReading], view: View, *, log: bool = False, pinned: bool = False) -> Plot:
    """One chart of trainings."""
    lines: list[Line] = []
    for number, reading in enumerate(readings):
        for at, name in enumerate(panel.names):
            several = len(panel.names) > 1
            colour = (at if several else number) % 8
            title = name.partition("/")[2] or name if several else reading.name[:_LONGEST_NAME]
            if len(readings) == 1 and not several:
                title = ""
            lines += _lines(title, colour, name, reading.series.get(name, NOTHING), view, bare=several)
    ends = [one.elapsed if view.time else float(one.step) for one in readings]
    if any(ends):
        # Every chart of a page is as wide, whatever is drawn in it.
        lines.append(Line("", (0.0, max(ends)), (math.nan, math.nan), look="faint"))
    return Plot(
        f"{panel.title} (pinned)" if pinned else panel.title,
        tuple(lines),
        x_label="time" if view.time else "steps",
        time=view.time,
        log_y=log,
        cursor=view.cursor,
    )


def xs_of(series: Series, *, time: bool) -> tuple[float, ...]:
    """Where the points of a series stand."""
    return series.elapsed if time else series.steps


def _lines(title: str, colour: int, name: str, series: Series, view: View, *, bare: bool) -> list[Line]:
    """A series: smoothed it is a line with the raw one behind it; the band is left out where many lines share a chart."""
    xs = xs_of(series, time=view.time)
    spread = not bare and any(low != high for low, high in zip(series.lows, series.highs, strict=True))
    lows, highs = (series.lows, series.highs) if spread else ((), ())
    if not view.smoothing or name == EVALUATED:
        return [Line(title, xs, series.means, colour=colour, lows=lows, highs=highs, newest=series.newest)]
    smooth = Line(
        title,
        xs,
        smoothed(series.means, view.smoothing),
        colour=colour,
        lows=smoothed(lows, view.smoothing),
        highs=smoothed(highs, view.smoothing),
    )
    return [Line("", xs, series.means, colour=colour, look="faint"), smooth]


_BAR_CELLS = 10
_TOO_LONG = 1e7
"""Seconds left that nobody waits for."""


def standing_line(reading: RunReading, sign: Text, glyphs: Glyphs, bad: str, width: int) -> Text:
    """State, name, how far, how fast, how long still, what there is room for; `bad` is the colour of what is wrong."""
    parts = _parts(reading, sign, glyphs, bad)
    while len(parts) > 1 and sum(part.cell_len for _, part in parts) > width:
        # What says least goes first.
        parts.remove(max(parts, key=lambda part: part[0]))
    line = Text(no_wrap=True, overflow="ellipsis")
    for _, part in parts:
        line.append_text(part)
    return line


def _parts(reading: RunReading, sign: Text, glyphs: Glyphs, bad: str) -> list[tuple[int, Text]]:
    """What there is to say, in its order, each with how easily it is done without."""
    state = Text.assemble(sign, (f" {reading.state} ", sign.style))
    parts = [(0, state.append(f" {reading.name}", "bold"))]
    if reading.reason and reading.state in ("failed", "interrupted", "waiting"):
        parts.append((1, Text(f"  {reading.reason}", bad if reading.state != "waiting" else "")))
    if reading.total_steps:
        share = min(1.0, reading.step / reading.total_steps)
        full = round(share * _BAR_CELLS)
        bar = Text.assemble("  ", glyphs.bar * full, (glyphs.horizontal * (_BAR_CELLS - full), "dim"))
        said = f"  {int(100 * share)} %"
        parts += [(6, bar), (2, Text(said)), (4, Text(f"  {short(reading.step)} of {short(reading.total_steps)}"))]
    left = reading.seconds_left
    if left is not None and left < _TOO_LONG and reading.step < reading.total_steps:
        parts.append((3, Text(f"  {clock(left)} left")))
    elif not reading.alive and reading.elapsed:
        parts.append((5, Text(f"  took {clock(reading.elapsed)}")))
    if reading.alive and reading.rate:
        parts.append((5, Text(f"  {short(reading.rate)} steps/s")))
    if reading.members > 1:
        parts.append((7, Text(f"  {reading.members} members", "dim")))
    if reading.failures:
        parts.append((1, Text(f"  {reading.failures[0]}", bad)))
    return parts


def page_line(pages: Sequence[Page], at: int, view: View, width: int) -> Text:
    """The groups of charts, the present one set off, and how they are looked at."""
    line = Text(no_wrap=True, overflow="ellipsis")
    for group in dict.fromkeys(page.group for page in pages):
        here = pages[at].group == group
        page = pages[at]
        many = f" {page.number}/{page.pages}" if here and page.pages > 1 else ""
        line.append(f" {group}{many} ", "reverse" if here else "dim")
    said = f"smooth {view.smoothing:g}" if view.smoothing else ""
    room = width - line.cell_len - len(said)
    if said and room > 0:
        line.append(" " * room + said, "dim")
    return line


_FILE = "pinned.json"


def pinned_charts() -> frozenset[str]:
    """The charts that are pinned; none where nothing was kept."""
    try:
        kept = json.loads(_path().read_text(encoding="utf-8"))
        return frozenset(str(one) for one in kept["charts"])
    except (OSError, ValueError, KeyError, TypeError):
        return frozenset()


def keep_pinned(charts: Collection[str]) -> str:
    """Keep which charts are pinned; why that is impossible, or nothing."""
    path = _path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"charts": sorted(charts)}) + "\n", encoding="utf-8")
    except OSError as error:
        return f"cannot keep this in {path}: {(error.strerror or str(error)).lower()}"
    return ""


def _path() -> Path:
    from gts.system import this_system

    return this_system().state_folder() / _FILE
