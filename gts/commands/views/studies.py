"""How the results of `trials`, `study` and `best` look."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from gts.commands.study import Best, StudyShown
from gts.commands.trials import Trials
from gts.commands.views.formatting import duration, exact, grid, heading, line, number, pairs, plain, short

if TYPE_CHECKING:
    from gts.search.trial_records import TrialRow

SIGNS = {
    "waiting": ("…", "cyan"),
    "running": ("▶", "green"),
    "complete": ("✓", "green"),
    "pruned": ("✂", "yellow"),
    "failed": ("✗", "red"),
}
"""What stands before the state of a trial, and its colour."""

_WIDTH = 78
_FIXED = 46
_LONGEST = 60


def trials(result: Trials, detail: bool) -> RenderableType:
    """A table of trials; as many parameters as fit beside the values."""
    from gts.search.charts import short_names

    if not result.trials:
        some = f"none of the {result.total} trials of {result.study} fits" if result.total else f"{result.study} has no trials"
        return line(some)
    names = short_names(result.parameters)
    shown = _fitting(result, names)
    several = len(result.maximised) > 1
    confirmed = any(trial.confirmed for trial in result.trials)
    titles = [">trial", "state", *([">first", ">second"] if several else [">value"]), *([">confirmed"] if confirmed else [])]
    table = grid(*titles, ">time", *(f">{names[key]}" for key in shown))
    for column in table.columns:
        column.no_wrap, column.overflow = True, "crop"
    for trial in result.trials:
        values = [number(value) for value in trial.values] or [""]
        cells = [*values, *[""] * (1 + several - len(values))]
        cells += [number(trial.confirmed.iqm) if trial.confirmed else ""] if confirmed else []
        spent = _time(trial.seconds)
        params = [number(trial.params[key]) if key in trial.params else "" for key in shown]
        table.add_row(str(trial.number), _state(trial.state), *cells, spent, *map(plain, params))
    rows: list[RenderableType] = [table, *_reasons(result.trials)]
    if detail:
        rows += _details(result.trials)
    elif len(shown) < len(result.parameters):
        hidden = ", ".join(names[key] for key in result.parameters if key not in shown)
        rows.append(line(f"not shown: {hidden}; see --verbose", "dim"))
    if len(result.trials) < result.total:
        rows.append(line(f"{len(result.trials)} of {result.total} trials", "dim"))
    return Group(*rows)


def study(result: StudyShown, detail: bool) -> RenderableType:
    """A summary; or the chart or the checklist that was asked for."""
    if result.chart is not None:
        from gts.commands.views.charts import drawn

        if result.checklist is None:
            return drawn(result.chart)
        return Group(drawn(result.chart), *_items(result))
    if result.checklist is not None:
        return Group(*_items(result))
    counts = ", ".join(f"{count} {state}" for state, count in result.counts.items() if count)
    wanted = f" of {result.settings['trials']} wanted" if result.settings else ""
    rows: list[RenderableType] = [
        line(f"{result.name}: {' '.join(filter(None, [result.figure, result.technique])) or 'a study'}", "bold"),
        pairs(
            (
                ("trials", f"{counts or 'none'}{wanted}"),
                ("objective", _objective(result.objective)),
                ("method", _method(result)),
                ("training", duration(result.seconds) if result.seconds else ""),
                ("storage", result.storage),
                ("failures", "; ".join(result.failures)[: 4 * _LONGEST]),
            )
        ),
    ]
    if result.confirmed:
        rows += [heading("confirmed on fresh seeds"), _confirmed(result.confirmed)]
    if result.best:
        rows += [heading("the front" if any(len(one.values) > 1 for one in result.best) else "best by the search")]
        rows += [_ranked(trial) for trial in result.best]
    if result.importances:
        said = ", ".join(f"{key} {share:.2f}" for key, share in list(result.importances.items())[:6])
        rows += [heading("what matters"), plain(said)]
    rows.append(line(f"next: gts {'best' if result.best else 'trials'} {result.reference}", "dim"))
    return Group(*rows)


def best(result: Best, detail: bool) -> RenderableType:
    """Where the winner comes from; its spec, or where that was written."""
    if result.path:
        return Group(
            *map(line, result.comment.split("\n")), line(f"written: {result.path}"), line(f"next: gts train {result.path}")
        )
    # Never folded, so that it can be sent into a file.
    return Group(*map(line, result.text.rstrip("\n").split("\n")))


def _fitting(result: Trials, names: dict[str, str]) -> list[str]:
    room = _WIDTH - _FIXED + (0 if any(trial.confirmed for trial in result.trials) else 11)
    room -= 10 if len(result.maximised) > 1 else 0
    shown = []
    for key in result.parameters:
        width = max(len(names[key]), *(len(number(trial.params.get(key))) for trial in result.trials)) + 1
        if width > room:
            break
        room -= width
        shown.append(key)
    return shown


def _reasons(found: Iterable[TrialRow]) -> list[Text]:
    """Why trials failed, each reason once."""
    reasons: dict[str, list[int]] = {}
    for trial in found:
        if trial.state == "failed":
            reasons.setdefault(trial.reason.partition("\n")[0], []).append(trial.number)
    return [line(f"failed, {', '.join(map(str, numbers[:8]))}: {reason}", "red") for reason, numbers in reasons.items()]


def _details(found: Iterable[TrialRow]) -> list[Text]:
    """Every parameter, and what each seed came to."""
    rows = []
    for trial in found:
        params = ", ".join(f"{key} {exact(value)}" for key, value in trial.params.items())
        rows.append(plain(f"trial {trial.number}: {params}"))
        if len(trial.seed_values) > 1:
            rows.append(line(f"trial {trial.number}, a seed each: {', '.join(map(number, trial.seed_values))}", "dim"))
        if trial.confirmed is not None:
            again = ", ".join(map(number, trial.confirmed.values))
            rows.append(line(f"trial {trial.number}, confirmed: {again}", "dim"))
    return rows


def _confirmed(found: Sequence[TrialRow]) -> RenderableType:
    table = grid(">trial", ">IQM", ">from", ">to", ">search", ">optimism", ">seeds")
    for trial in found:
        again = trial.confirmed
        if again is not None:
            searched = number(trial.value)
            optimism = number(trial.value - again.iqm) if trial.value is not None else ""
            ends = (number(again.iqm), number(again.low), number(again.high))
            table.add_row(str(trial.number), *ends, searched, optimism, str(len(again.values)))
    return table


def _ranked(trial: TrialRow) -> Text:
    params = ", ".join(f"{key} {number(value)}" for key, value in trial.params.items())
    return plain(f"trial {trial.number}: {', '.join(map(number, trial.values))}  {params}")


def _items(result: StudyShown) -> Iterable[RenderableType]:
    """The checklist: what is open is marked."""
    for item in result.checklist or ():
        mark, colour = ("!", "yellow") if item.open else ("✓", "green")
        yield Text.assemble((mark, colour), plain(f" {item.question}", "bold"), plain(f" {item.answer}"))


def _objective(objective: object) -> str:
    if isinstance(objective, list):
        return " and ".join(map(_objective, objective))
    if isinstance(objective, dict):
        return " + ".join(f"{exact(weight)} × {measure}" for measure, weight in objective.items())
    return str(objective or "")


def _method(result: StudyShown) -> str:
    chosen = result.settings
    if not chosen:
        return ""
    seeds = f"{chosen['seeds']} seed{'s' if chosen['seeds'] > 1 else ''} a trial"
    return f"sampler {chosen['sampler']}, pruner {chosen['pruner']}, {seeds}"


def _state(word: str) -> Text:
    mark, colour = SIGNS[word]
    return Text(f"{mark} {word}", style=colour)


def _time(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return (
        f"{seconds:.0f} s" if seconds < 600 else f"{short(seconds / 60)} min" if seconds < 36_000 else f"{seconds / 3600:.1f} h"
    )
