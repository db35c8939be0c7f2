"""How numbers, times and lines are written for a person.

States as they are shown: a sign and a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_VERDICT_SIGNS = {"good": ("✓", "green"), "note": ("!", "yellow"), "bad": ("✗", "red")}


def format_integer(number: float) -> str:
    """`1000000` → `1 000 000`."""
    return f"{number:,.0f}".replace(",", " ")


def format_short(number: float) -> str:
    """`1250000` → `1.25M`, `999936` → `1M`."""
    number = float(f"{number:.3g}")
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= size:
            return f"{number / size:.3g}{letter}"
    return f"{number:.3g}"


def format_number(value: Any) -> str:
    """A value of a metric or a parameter: four digits where they say something."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, float):
        return "–" if value is None else str(value)
    if value == 0 or 0.01 <= abs(value) < 1e5:
        return f"{value:.4g}" if abs(value) < 1000 else f"{value:.1f}"
    return f"{value:.3g}"


def format_value(value: Any) -> str:
    """A parameter as a file would have it, without quotes."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def format_duration(seconds: float) -> str:
    """`192` → `3 min 12 s`."""
    total = round(seconds)
    if seconds < 10:
        return f"{seconds:.1f} s"
    if total < 60:
        return f"{total} s"
    if total < 3600:
        return f"{total // 60} min {total % 60} s"
    return f"{total // 3600} h {total % 3600 // 60} min"


def format_clock(seconds: float) -> str:
    """`192` → `3:12`."""
    total = max(0, round(seconds))
    hours, rest = divmod(total, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def format_time(text: str) -> str:
    """`2026-11-22T08:15:30Z` → `08:15` in local time if that is today, else `22 Nov`; as it is where it is no time."""
    try:
        when = datetime.fromisoformat(text).astimezone()
    except ValueError:
        return text
    now = datetime.now().astimezone()
    if when.date() == now.date():
        return f"{when:%H:%M}"
    return f"{when.day} {when:%b}" if when.year == now.year else f"{when:%Y-%m-%d}"


def format_bytes(count: int) -> str:
    """`27000` → `27 kB`."""
    digits = format_short(count)
    return f"{digits[:-1]} {digits[-1]}B" if count >= 1000 else f"{count} B"


def plain_text(text: str, style: str = "") -> Text:
    """Text that may come out of a file: what would steer the terminal is replaced."""
    return Text(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", text), style=style)


def nowrap_line(text: str, style: str = "") -> Text:
    """A line that is never folded, so that what stands in it can be copied."""
    made = plain_text(text, style)
    made.no_wrap, made.overflow = True, "ignore"
    return made


def section_heading(text: str) -> Text:
    """A line above a part."""
    return Text(f"\n{text}", style="bold")


def verdict_sign(verdict: str) -> Text:
    """A mark that says the same with and without colours."""
    mark, colour = _VERDICT_SIGNS[verdict]
    return Text(mark, style=colour)


def make_grid(*columns: str) -> Table:
    """A table without lines; a column whose title begins with `>` is set to the right."""
    table = Table(box=None, pad_edge=False, show_header=any(columns), header_style="dim")
    for column in columns:
        right = column.startswith(">")
        table.add_column(column.lstrip(">"), justify="right" if right else "left", overflow="fold")
    return table


def pairs_table(rows: Iterable[tuple[str, str]]) -> Table:
    """Names and what they are, one a line."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        if value:
            table.add_row(plain_text(name), plain_text(value))
    return table


JOB_STATE_SIGNS = {
    "queued": ("…", "cyan"),
    "running": ("▶", "green"),
    "stopping": ("■", "yellow"),
    "paused": ("‖", "yellow"),
    "done": ("✓", "green"),
    "failed": ("✗", "red"),
    "interrupted": ("!", "red"),
}
"""Sign and colour."""


def job_state_text(word: str) -> Text:
    """The word of a state, with a sign that says the same without colours."""
    mark, colour = JOB_STATE_SIGNS[word]
    return Text(f"{mark} {word}", style=colour)
