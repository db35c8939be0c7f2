"""Two lines above a study: how it stands, and the best of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from gts.commands.views.formatting import number, plain
from gts_tui.glyphs import Glyphs
from gts_tui.screens.search.data import StudyLine
from gts_tui.trials.following import Reading
from gts_tui.trials.signs import shown, signed

if TYPE_CHECKING:
    from gts.search.trial_records import TrialRow

_LONGEST = 32


def heading(word: str, line: StudyLine | None, reading: Reading | None, glyphs: Glyphs) -> Text:
    """The lines; what is not known yet is left out."""
    state = signed(line.state) if line and line.state else ""
    first = Text()
    first.append_text(plain(_short(word), "bold"))
    if reading is not None:
        counted = _counted(reading, still=line is not None and line.still)
        first.append_text(plain("  " + "  ".join(filter(None, [state, counted, line.reason if line else ""]))))
    elif state:
        first.append(f"  {state}")
    best = _best(reading) if reading is not None else ""
    made = Text.assemble(first, "\n", best)
    return Text(shown(made.plain, glyphs), spans=made.spans)


def _short(word: str) -> str:
    return word if len(word) <= _LONGEST else f"…{word[1 - _LONGEST :]}"


def _counted(reading: Reading, *, still: bool) -> str:
    counts = {"paused" if still and state == "running" else state: count for state, count in reading.view.counts().items()}
    ended = sum(counts[state] for state in ("complete", "pruned", "failed"))
    each = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    of = f" of {reading.wanted}" if reading.wanted else ""
    return f"{ended}{of} trials ended" + (f" ({each})" if each else "")


def _best(reading: Reading) -> str:
    if reading.front:
        numbers = ", ".join(str(trial.number) for trial in reading.front[:8]) + (", …" if len(reading.front) > 8 else "")
        first = f"front: {len(reading.front)} trials ({numbers})"
    elif reading.best is None:
        first = "no trial is complete yet"
    else:
        first = f"best {_value(reading.best)} (trial {reading.best.number})"
    again = reading.confirmed
    if again is None or again.confirmed is None:
        return first + ("  not confirmed on fresh seeds yet" if reading.best else "")
    found = again.confirmed
    return f"{first}  confirmed {number(found.iqm)} [{number(found.low)}, {number(found.high)}] (trial {again.number})"


def _value(trial: TrialRow) -> str:
    return ", ".join(map(number, trial.values))
