"""What is compared, as rows of tables."""

from __future__ import annotations

from rich.text import Text

from gts.commands.views.formatting import exact, number, plain, short
from gts.commands.views.scores import interval, speed_of
from gts_tui.keyed_table import Column, Row
from gts_tui.screens.compare_data import Entry, short_name
from gts_tui.screens.sources import Choice

SCORES = (
    Column("mean", 7, right=True),
    Column("score", 7, right=True),
    Column("IQM", 7, right=True),
    Column("95 %", 13, right=True),
    Column("length", 6, right=True),
    Column("m/s", 5, right=True),
)
"""What a score is shown as, one a column."""


def cells_of(at: int, entry: Entry, colour: str) -> tuple[Text, ...]:
    """Number and name in the colour of the curve, steps, and the score."""
    seeds = f" ×{len(entry.sides)}" if len(entry.sides) > 1 else ""
    name = Text.assemble((f"{at + 1} ", colour), plain(short_name(entry.name) + seeds))
    if entry.error:
        return name, Text(""), *(Text("–") for _ in SCORES[:-3]), plain(entry.error), Text(""), Text("")
    steps = max((side.step for side in entry.sides if side.step is not None), default=None)
    score = entry.score or {}
    return (
        name,
        Text("–" if steps is None else short(steps)),
        *(Text(number(score.get(key))) for key in ("mean", "score", "iqm")),
        Text(interval(score)),
        Text(number(score.get("length"))),
        Text(speed_of(score)),
    )


def parameter_row(key: str, entries: list[Entry]) -> Row | None:
    """A parameter of all entries; None where it is the same. Of members that differ all values are named."""
    values = []
    for entry in entries:
        if key in ("figure", "technique"):
            found = {getattr(side, key) for side in entry.sides}
        else:
            found = {exact(side.values[key]) if key in side.values else "–" for side in entry.sides}
        values.append(", ".join(sorted(found)))
    if key in ("figure", "technique") and len(set(values)) == 1:
        return None
    return Row(key, (plain(key), *map(plain, values)))


def known_of(choice: Choice) -> str:
    """What a choice is known to earn, for a list."""
    return "" if choice.score is None else f"  {number(choice.score)}"
