"""Views of `trials`, `study` and `best`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from gts.commands.study import BestResult, StudyResult
from gts.commands.trials import TrialsResult
from gts.commands.views.formatting import (
    format_duration,
    format_number,
    format_short,
    format_value,
    make_grid,
    nowrap_line,
    pairs_table,
    plain_text,
    section_heading,
    trial_state_text,
)

if TYPE_CHECKING:
    from gts.search.trial_records import TrialRecord

_WIDTH = 78
_FIXED = 46
_LONGEST = 60


def render_trials(result: TrialsResult, detail: bool) -> RenderableType:
    """Render a table of trials, with as many parameters as fit beside the values."""
    from gts.search.charts import shorten_keys

    if not result.trials:
        total = result.total
        return nowrap_line(f"none of the {total} trials of {result.study} match" if total else f"{result.study} has no trials")
    names = shorten_keys(result.parameters)
    shown = _fitting_parameters(result, names)
    several = len(result.maximised) > 1
    confirmed = any(trial.confirmed for trial in result.trials)
    titles = [">trial", "state", *([">first", ">second"] if several else [">value"]), *([">confirmed"] if confirmed else [])]
    table = make_grid(*titles, ">time", *(f">{names[key]}" for key in shown))
    for column in table.columns:
        column.no_wrap, column.overflow = True, "crop"
    for trial in result.trials:
        values = [format_number(value) for value in trial.values] or [""]
        cells = [*values, *[""] * (1 + several - len(values))]
        cells += [format_number(trial.confirmed.iqm) if trial.confirmed else ""] if confirmed else []
        spent = _time(trial.seconds)
        params = [format_number(trial.params[key]) if key in trial.params else "" for key in shown]
        table.add_row(str(trial.number), trial_state_text(trial.state), *cells, spent, *map(plain_text, params))
    rows: list[RenderableType] = [table, *_reasons(result.trials)]
    if detail:
        rows += _details(result.trials)
    elif len(shown) < len(result.parameters):
        hidden = ", ".join(names[key] for key in result.parameters if key not in shown)
        rows.append(nowrap_line(f"not shown: {hidden}; see --verbose", "dim"))
    if len(result.trials) < result.total:
        rows.append(nowrap_line(f"{len(result.trials)} of {result.total} trials", "dim"))
    return Group(*rows)


def render_study(result: StudyResult, detail: bool) -> RenderableType:
    """Render the summary, or the requested chart and checklist."""
    if result.chart is not None:
        from gts.commands.views.charts import render_study_chart

        if result.checklist is None:
            return render_study_chart(result.chart)
        return Group(render_study_chart(result.chart), *_checklist_lines(result))
    if result.checklist is not None:
        return Group(*_checklist_lines(result))
    counts = ", ".join(f"{count} {state}" for state, count in result.counts.items() if count)
    wanted = f" of {result.settings['trials']} wanted" if result.settings else ""
    rows: list[RenderableType] = [
        nowrap_line(f"{result.name}: {' '.join(filter(None, [result.figure, result.technique])) or 'a study'}", "bold"),
        pairs_table(
            (
                ("trials", f"{counts or 'none'}{wanted}"),
                ("objective", _objective(result.objective)),
                ("method", _method(result)),
                ("training", format_duration(result.seconds) if result.seconds else ""),
                ("storage", result.storage),
                ("failures", "; ".join(result.failures)[: 4 * _LONGEST]),
            )
        ),
    ]
    if result.confirmed:
        rows += [section_heading("confirmed on fresh seeds"), _confirmed(result.confirmed)]
    if result.best:
        rows += [section_heading("Pareto front" if any(len(one.values) > 1 for one in result.best) else "best by the search")]
        rows += [_ranked(trial) for trial in result.best]
    if result.importances:
        shares = ", ".join(f"{key} {share:.2f}" for key, share in list(result.importances.items())[:6])
        rows += [section_heading("parameter importance"), plain_text(shares)]
    rows.append(nowrap_line(f"next: gts {'best' if result.best else 'trials'} {result.reference}", "dim"))
    return Group(*rows)


def render_best(result: BestResult, detail: bool) -> RenderableType:
    """Render the spec of the winner, or its comment and the path of the written file."""
    if result.path:
        return Group(
            *map(nowrap_line, result.comment.split("\n")),
            nowrap_line(f"written: {result.path}"),
            nowrap_line(f"next: gts train {result.path}"),
        )
    # Never wrapped, so that it can be redirected to a file.
    return Group(*map(nowrap_line, result.text.rstrip("\n").split("\n")))


def _fitting_parameters(result: TrialsResult, names: dict[str, str]) -> list[str]:
    room = _WIDTH - _FIXED + (0 if any(trial.confirmed for trial in result.trials) else 11)
    room -= 10 if len(result.maximised) > 1 else 0
    shown = []
    for key in result.parameters:
        width = max(len(names[key]), *(len(format_number(trial.params.get(key))) for trial in result.trials)) + 1
        if width > room:
            break
        room -= width
        shown.append(key)
    return shown


def _reasons(found: Iterable[TrialRecord]) -> list[Text]:
    """Why trials failed, each reason once."""
    reasons: dict[str, list[int]] = {}
    for trial in found:
        if trial.state == "failed":
            reasons.setdefault(trial.reason.partition("\n")[0], []).append(trial.number)
    return [nowrap_line(f"failed, {', '.join(map(str, numbers[:8]))}: {reason}", "red") for reason, numbers in reasons.items()]


def _details(found: Iterable[TrialRecord]) -> list[Text]:
    """Every parameter, and what each seed came to."""
    rows = []
    for trial in found:
        params = ", ".join(f"{key} {format_value(value)}" for key, value in trial.params.items())
        rows.append(plain_text(f"trial {trial.number}: {params}"))
        if len(trial.seed_values) > 1:
            rows.append(
                nowrap_line(f"trial {trial.number}, a seed each: {', '.join(map(format_number, trial.seed_values))}", "dim")
            )
        if trial.confirmed is not None:
            again = ", ".join(map(format_number, trial.confirmed.values))
            rows.append(nowrap_line(f"trial {trial.number}, confirmed: {again}", "dim"))
    return rows


def _confirmed(found: Sequence[TrialRecord]) -> RenderableType:
    table = make_grid(">trial", ">IQM", ">from", ">to", ">search", ">optimism", ">seeds")
    for trial in found:
        again = trial.confirmed
        if again is not None:
            searched = format_number(trial.value)
            optimism = format_number(trial.value - again.iqm) if trial.value is not None else ""
            ends = (format_number(again.iqm), format_number(again.low), format_number(again.high))
            table.add_row(str(trial.number), *ends, searched, optimism, str(len(again.values)))
    return table


def _ranked(trial: TrialRecord) -> Text:
    params = ", ".join(f"{key} {format_number(value)}" for key, value in trial.params.items())
    return plain_text(f"trial {trial.number}: {', '.join(map(format_number, trial.values))}  {params}")


def _checklist_lines(result: StudyResult) -> Iterable[RenderableType]:
    """Yield the items of the checklist; open ones are marked."""
    for item in result.checklist or ():
        mark, colour = ("!", "yellow") if item.is_open else ("✓", "green")
        yield Text.assemble((mark, colour), plain_text(f" {item.question}", "bold"), plain_text(f" {item.answer}"))


def _objective(objective: object) -> str:
    if isinstance(objective, list):
        return " and ".join(map(_objective, objective))
    if isinstance(objective, dict):
        return " + ".join(f"{format_value(weight)} × {measure}" for measure, weight in objective.items())
    return str(objective or "")


def _method(result: StudyResult) -> str:
    chosen = result.settings
    if not chosen:
        return ""
    seeds = f"{chosen['seeds']} seed{'s' if chosen['seeds'] > 1 else ''} per trial"
    return f"sampler {chosen['sampler']}, pruner {chosen['pruner']}, {seeds}"


def _time(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return (
        f"{seconds:.0f} s"
        if seconds < 600
        else f"{format_short(seconds / 60)} min"
        if seconds < 36_000
        else f"{seconds / 3600:.1f} h"
    )
