"""Formatting of numbers, times, states, lines and tables for all views and the terminal program."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from rich.table import Table
from rich.text import Text

from gts.jobs.states import Done, Failed, Interrupted, Paused, Queued, Running, Stopping

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
    """Format a value of a metric or a parameter, floats with four significant digits."""
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
    """Format a parameter as in a file, without quotes."""
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
    """`2026-11-22T08:15:30Z` → `08:15` in local time if that is today, else `22 Nov`; other text is returned as it is."""
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


def replace_controls(text: str) -> str:
    """Replace control characters, which text from files could steer the terminal with; keeps tabs and line ends."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def plain_text(text: str, style: str = "") -> Text:
    """Make a Text without control characters, for text that may come from files."""
    return Text(replace_controls(text), style=style)


def nowrap_line(text: str, style: str = "") -> Text:
    """Make a line that is never wrapped, so that it can be copied."""
    made = plain_text(text, style)
    made.no_wrap, made.overflow = True, "ignore"
    return made


def section_heading(text: str) -> Text:
    """Make the heading of a section."""
    return Text(f"\n{text}", style="bold")


def verdict_sign(verdict: str) -> Text:
    """Return the sign of a verdict, readable without colours."""
    mark, colour = _VERDICT_SIGNS[verdict]
    return Text(mark, style=colour)


def make_grid(*columns: str) -> Table:
    """Make a table without borders; a title that begins with `>` right-aligns its column."""
    table = Table(box=None, pad_edge=False, show_header=any(columns), header_style="dim")
    for column in columns:
        right = column.startswith(">")
        table.add_column(column.lstrip(">"), justify="right" if right else "left", overflow="fold")
    return table


def pairs_table(rows: Iterable[tuple[str, str]]) -> Table:
    """Make a table of names and values, one pair per line; pairs without a value are left out."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        if value:
            table.add_row(plain_text(name), plain_text(value))
    return table


class StateSign(NamedTuple):
    """Symbol and colour of a state."""

    symbol: str
    ascii: str
    """Symbol for terminals that show ASCII only."""
    colour: str


JOB_STATE_SIGNS: Mapping[str, StateSign] = {
    Queued.name: StateSign("…", ".", "cyan"),
    Running.name: StateSign("▶", ">", "green"),
    Stopping.name: StateSign("■", "#", "yellow"),
    Paused.name: StateSign("‖", "=", "yellow"),
    Done.name: StateSign("✓", "+", "green"),
    Failed.name: StateSign("✗", "x", "red"),
    Interrupted.name: StateSign("!", "!", "red"),
}
"""Signs of job states, by name of the state."""

TRIAL_STATE_SIGNS: Mapping[str, StateSign] = {
    "waiting": StateSign("…", ".", "cyan"),
    "running": StateSign("▶", ">", "green"),
    "complete": StateSign("✓", "+", "green"),
    "pruned": StateSign("✂", "/", "yellow"),
    "failed": StateSign("✗", "x", "red"),
}
"""Signs of trial states, by name of the state."""


def job_state_text(state: str) -> Text:
    """Format a job state as symbol and word, readable without colours."""
    return _sign_and_word(JOB_STATE_SIGNS[state], state)


def trial_state_text(state: str) -> Text:
    """Format a trial state as symbol and word, readable without colours."""
    return _sign_and_word(TRIAL_STATE_SIGNS[state], state)


def _sign_and_word(sign: StateSign, word: str) -> Text:
    return Text(f"{sign.symbol} {word}", style=sign.colour)
