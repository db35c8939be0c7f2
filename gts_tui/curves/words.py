"""The lines above the charts: how a training stands, and which charts are shown how."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from gts.commands.views.formatting import clock, short
from gts_tui.curves.panels import Page
from gts_tui.glyphs import Glyphs
from gts_tui.screens.training.charts import View
from gts_tui.screens.training.data import RunReading

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
