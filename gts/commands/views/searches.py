"""How the result of `search` looks."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table

from gts.commands.searches import Searched
from gts.commands.views.formatting import duration, grid, line, number, plain, whole


def searched(result: Searched, detail: bool) -> RenderableType:
    """What a search came to: its best trials, the winner, what to do next."""
    counts = {state: result.counts[state] for state in ("complete", "pruned", "failed") if state in result.counts}
    ended, kinds = sum(counts.values()), ", ".join(f"{count} {state}" for state, count in counts.items())
    how = "interrupted after" if result.interrupted else "searched"
    spent = f" in {duration(result.seconds)}" if result.seconds else ""
    rate = f" ({whole(result.steps / result.seconds)} steps/s)" if result.seconds and result.steps else ""
    of = f" of {result.wanted}" if ended != result.wanted else ""
    rows: list[RenderableType] = [line(f"{how} {ended}{of} trials{f': {kinds}' if kinds else ''}{spent}{rate}")]
    if result.best:
        rows += best_trials(result)
    elif ended:
        rows.append(line(f"no trial is complete; why they failed: gts trials {shlex.quote(result.study)}", "red"))
    rows.append(line(f"study: {result.folder} (trials, log, checkpoints)"))
    name = shlex.quote(result.study)
    after = []
    if result.interrupted:
        after = [f"gts resume {name}" if "#" in result.source else f"gts search {shlex.quote(result.source)}"]
    if result.winner is not None and not result.interrupted:
        after = [f"gts best {name} --out {name}.spec", f"gts trials {name}"]
    rows += [line(f"{'next:' if not place else '     '} {text}") for place, text in enumerate(after)]
    return Group(*rows)


def best_trials(result: Searched) -> list[RenderableType]:
    """The best trials of a search, and the winner."""
    return [_table(result), *(line(text, "bold") for text in _winner(result))]


def _table(result: Searched) -> Table:
    """The best trials, with as many parameters as there is room for."""
    several, again = result.objectives > 1, any(trial.confirmed for trial in result.best)
    worth = [">first", ">second"] if several else [">search"]
    table = grid(">trial", *worth, *([">confirmed", "95 %"] if again else []), "parameters")
    for column in table.columns:
        column.no_wrap = True
    table.columns[-1].overflow = "ellipsis"
    table.columns[-1].ratio = 1
    for trial in result.best:
        values = [number(value) for value in trial.values]
        table.add_row(str(trial.number), *values, *(_again(trial.confirmed) if again else []), plain(point(trial.params)))
    return table


def _again(confirmed: Mapping[str, Any] | None) -> list[str]:
    if confirmed is None:
        return ["", ""]
    return [number(confirmed["iqm"]), f"{number(confirmed['low'])}–{number(confirmed['high'])}"]


def _winner(result: Searched) -> list[str]:
    winner = next((trial for trial in result.best if trial.number == result.winner), None)
    if winner is None:
        return []
    if winner.confirmed is None:
        best = f"best so far: trial {winner.number}, {number(winner.values[0])}; not confirmed on fresh seeds"
        return [best] if result.objectives == 1 else []
    seeds = len(winner.confirmed["seeds"])
    over = f"{seeds} fresh seeds" if seeds > 1 else "a fresh seed"
    thought = f"; the search thought {number(winner.values[0])}" if winner.values else ""
    return [f"winner: trial {winner.number}, IQM {number(winner.confirmed['iqm'])} over {over}{thought}"]


def point(values: Mapping[str, Any]) -> str:
    """What was searched at a point, in one line."""
    # Only here: it loads Optuna, which whoever shows a trial has loaded already.
    from gts.search.charts import short_names

    names = short_names(values)
    return ", ".join(f"{names[key]} {number(value)}" for key, value in values.items())
