"""The trials of a study as rows of a table: which columns, which order, which of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from gts.commands.trials import condition, ordered
from gts.commands.views.formatting import duration, number, plain
from gts_tui.trials.signs import INKS, signed
from gts_tui.widgets.table import Cell, Column

if TYPE_CHECKING:
    from gts.search.trial_records import StudyView, TrialRow

FIELDS = ("number", "value", "confirmed", "state", "seconds")
"""By which trials are sorted with a key."""
STATES = ("waiting", "running", "complete", "pruned", "failed")

_SIGN = re.compile(r"\s*(<=|>=|!=|<|>|=)\s*")
_WIDEST = 14


def chosen(view: StudyView, text: str, sort: str, reverse: bool) -> list[TrialRow]:
    """The trials that fit the conditions of a line, in order; raises UsageError for what is no condition or field."""
    conditions = [condition(view, one) for one in conditions_in(text)]
    fitting = [trial for trial in view.trials if all(holds(trial) for holds in conditions)]
    return ordered(view, fitting, sort, reverse)


def conditions_in(text: str) -> list[str]:
    """`value > 100 failed` → `value>100`, `state=failed`: conditions as `gts trials --filter` has them.

    Trials that are shown as paused are running ones of a search that stands still.
    """
    words = re.sub(r"\bpaused\b", "running", _SIGN.sub(r"\1", text)).replace(",", " ").split()
    return [f"state={word}" if word in STATES else word for word in words if word != "and"]


def columns_of(
    view: StudyView, sort: str, reverse: bool, *, still: bool = False
) -> tuple[list[Column], Callable[[TrialRow], Sequence[Cell]]]:
    """The columns of a study, and what they have of a trial; the one that sorts has a sign.

    `still`: nobody works on the study, and what was begun waits for the search to go on.
    """
    from gts.search.charts import short_names

    several = len(view.maximised) > 1
    again = any(trial.confirmed for trial in view.trials)
    failed = any(trial.state == "failed" for trial in view.trials)
    names = short_names(view.domains)
    columns = [Column("trial", 6, right=True), Column("state", 10)]
    goals = [goal[:_WIDEST] for goal in view.goals()]
    columns += [Column(goal, max(9, len(goal) + 1), right=True) for goal in goals]
    columns += [Column("confirmed", 10, right=True)] if again else []
    columns += [Column("time", 7, right=True)]
    for key, domain in view.domains.items():
        widest = max((len(number(choice)) for choice in domain.choices), default=8)
        columns.append(Column(names[key][:_WIDEST], min(_WIDEST, max(len(names[key]), widest)) + 1, right=True))
    columns += [Column("why it failed", 60)] if failed else []
    heads = {"number": "trial", "value": goals[0], "seconds": "time"}
    heads |= {key: name[:_WIDEST] for key, name in names.items()}
    title = heads.get(sort, sort)
    sign = "▴" if reverse else "▾"
    columns = [replace(one, title=f"{title}{sign}") if one.title == title else one for one in columns]

    def cells(trial: TrialRow) -> Sequence[Cell]:
        known = tuple(value for _, value in trial.curve[-1:]) if trial.state == "running" else trial.values
        values = [number(known[at]) if at < len(known) else "" for at in range(1 + several)]
        # The value of one that is at work or was pruned is of fewer steps.
        ink = "dim" if trial.state != "complete" else ""
        state = "paused" if still and trial.state == "running" else trial.state
        made: list[Cell] = [(str(trial.number), ""), (signed(state), INKS[state])]
        made += [(value, ink) for value in values]
        made += [(number(trial.confirmed.iqm) if trial.confirmed else "", "")] if again else []
        made += [(spent(trial.seconds), "dim")]
        made += [(plain(number(trial.params[key])).plain if key in trial.params else "", "") for key in view.domains]
        made += [(plain(trial.reason.partition("\n")[0]).plain, "bad")] if failed else []
        return made

    return columns, cells


def spent(seconds: float | None) -> str:
    """A time in seven columns."""
    if seconds is None:
        return ""
    if seconds < 600:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 36_000 else f"{seconds / 3600:.1f} h"


def told(trial: TrialRow) -> list[tuple[str, str]]:
    """Names and values of all that is known of a trial, a pair a line."""
    rows = [("trial", f"{trial.number}  {signed(trial.state)}")]
    if trial.values:
        what = "value" if trial.state == "complete" else "last value"
        rows.append((what, ", ".join(map(number, trial.values))))
    if len(trial.seed_values) > 1:
        rows.append(("of each seed", ", ".join(map(number, trial.seed_values))))
    again = trial.confirmed
    if again is not None:
        rows.append(("confirmed", f"{number(again.iqm)}  [{number(again.low)}, {number(again.high)}]"))
        rows.append(
            ("fresh seeds", ", ".join(f"{seed}: {number(one)}" for seed, one in zip(again.seeds, again.values, strict=False)))
        )
    if trial.reason:
        rows.append(("why", trial.reason.strip()))
    if trial.seconds is not None:
        rows.append(("took", duration(trial.seconds)))
    return rows + [(key, number(value)) for key, value in trial.params.items()]
