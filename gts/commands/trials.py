"""`gts trials`: table of the trials of a study."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from gts.commands.command import Argument, Command, Context, Note, Option, Result
from gts.errors import UsageError

if TYPE_CHECKING:
    from gts.search.trial_records import StudyView, TrialRecord

STUDY_HELP = (
    "A study: its name in the workspace, its folder, a database file, or the URL of a server; #NAME selects one of several."
)

_FIELDS: dict[str, Callable[[TrialRecord], Any]] = {
    "number": lambda trial: trial.number,
    "state": lambda trial: trial.state,
    "value": lambda trial: trial.value,
    "value2": lambda trial: trial.values[1] if len(trial.values) > 1 else None,
    "confirmed": lambda trial: trial.confirmed.iqm if trial.confirmed else None,
    "seeds": lambda trial: len(trial.seed_values) or None,
    "steps": lambda trial: trial.steps,
    "seconds": lambda trial: trial.seconds,
    "started": lambda trial: trial.started or None,
    "reason": lambda trial: trial.reason or None,
}
_CONDITION = re.compile(r"\s*([\w./]+)\s*(<=|>=|!=|<|>|=)\s*(.+?)\s*\Z")
_BEST_FIRST = ("value", "value2", "confirmed", "steps", "seconds", "seeds")


@dataclass(frozen=True)
class TrialsResult(Result):
    """Selected trials of a study, in the requested order."""

    view: ClassVar[str] = "studies:render_trials"
    study: str
    storage: str
    maximised: tuple[bool, ...]
    parameters: tuple[str, ...]
    """File keys of the searched parameters."""
    trials: tuple[TrialRecord, ...]
    total: int
    """Number of trials in the study."""


def run_trials(
    context: Context,
    *,
    study: str,
    sort: str,
    reverse: bool,
    filters: Sequence[str],
    number: int | None,
    csv: Path | None,
    verbose: bool,
) -> Iterator[Any]:
    """Read a study, and filter and sort its trials."""
    from gts.search.study_reader import read_study_by_reference

    view = read_study_by_reference(context.workspace, study)
    conditions = [parse_condition(view, text) for text in filters]
    chosen = [trial for trial in view.trials if all(holds(trial) for holds in conditions)]
    chosen = sort_trials(view, chosen, sort, reverse)[:number]
    if csv is not None:
        _write_csv(csv, view, chosen)
        yield Note(f"wrote {len(chosen)} trials to {csv}")
    yield TrialsResult(view.name, view.storage, view.maximised, tuple(view.domains), tuple(chosen), len(view.trials))


def sort_trials(view: StudyView, trials: list[TrialRecord], field: str, reverse: bool) -> list[TrialRecord]:
    """Sort trials by a field, best or largest first; trials without it come last."""
    read = _field_reader(view, field)
    down = field in _BEST_FIRST
    if field in ("value", "value2") and len(view.maximised) > int(field == "value2"):
        down = view.maximised[int(field == "value2")]
    known = [trial for trial in trials if read(trial) is not None]
    # The value of a pruned trial is of fewer steps and not comparable: complete trials come first.
    numbers = all(isinstance(read(trial), (int, float)) for trial in known)
    known.sort(key=lambda trial: read(trial) if numbers else str(read(trial)), reverse=down != reverse)
    if field in ("value", "value2"):
        known.sort(key=lambda trial: trial.state != "complete")
    return known + [trial for trial in trials if read(trial) is None]


def parse_condition(view: StudyView, text: str) -> Callable[[TrialRecord], bool]:
    """Parse a condition such as `value>1000` or `state=failed` into a predicate; raises UsageError."""
    match = _CONDITION.match(text)
    if match is None:
        raise UsageError(
            f"`{text[:60]}` is not a condition", hint="write FIELD, one of = != < > <= >=, and a value: value>1000"
        )
    field, sign, wanted = match.groups()
    read = _field_reader(view, field)
    limit = _number(wanted)
    if limit is None and sign not in ("=", "!="):
        hint = f"write {field}={wanted[:40]}, or give a number"
        raise UsageError(f"`{sign}` compares numbers; `{wanted[:40]}` is not one", hint=hint)

    def holds(trial: TrialRecord) -> bool:
        value = read(trial)
        if sign in ("=", "!="):
            known = _number(value)
            same = known == limit if known is not None and limit is not None else str(value).lower() == wanted.lower()
            return same == (sign == "=")
        if limit is None or not isinstance(value, (int, float)) or isinstance(value, bool):
            return False
        return {"<": value < limit, ">": value > limit, "<=": value <= limit, ">=": value >= limit}[sign]

    return holds


def _field_reader(view: StudyView, field: str) -> Callable[[TrialRecord], Any]:
    if field in _FIELDS:
        return _FIELDS[field]
    if field in view.domains:
        return lambda trial: trial.params.get(field)
    from gts.params.spec import unknown_name_message

    known = (*_FIELDS, *view.domains)
    raise UsageError(unknown_name_message("field", field, known), hint=f"fields: {', '.join(known)}")


def _number(value: Any) -> float | None:
    try:
        return None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None


def _write_csv(path: Path, view: StudyView, trials: Sequence[TrialRecord]) -> None:
    """Write one line per trial, with all parameters; raises FileError."""
    from csv import writer
    from io import StringIO

    from gts.formats.durable import write_durably

    fields = [name for name in _FIELDS if name != "value2" or len(view.maximised) > 1]
    text = StringIO(newline="")
    rows = writer(text, lineterminator="\n")
    rows.writerow([*fields, *view.domains])
    for trial in trials:
        rows.writerow([*(_FIELDS[name](trial) for name in fields), *(trial.params.get(key) for key in view.domains)])
    write_durably(path, text.getvalue().encode())


COMMAND = Command(
    name="trials",
    summary="List the trials of a study.",
    group="results",
    run=run_trials,
    read_only=True,
    help="The best come first. Also works during the search, and for studies of the original program.",
    arguments=(Argument("study", STUDY_HELP, "study"),),
    options=(
        Option(
            ("--sort",),
            "Field to sort by: number, state, value, confirmed, steps, seconds, or a parameter.",
            default="value",
            metavar="FIELD",
        ),
        Option(("--reverse",), "Reverse the order.", "flag"),
        Option(
            ("--filter",),
            "List only matching trials: value>1000, state=failed.",
            multiple=True,
            metavar="CONDITION",
            name="filters",
        ),
        Option(("-n", "--number"), "Number of trials to list.", "integer", minimum=0, metavar="N"),
        Option(("--csv",), "Also write them to a CSV file.", "path", completion="file", writes=True, metavar="FILE"),
        Option(("-v", "--verbose"), "Show all parameters and the value of each seed.", "flag"),
    ),
    examples=(
        "gts trials hopper",
        "gts trials hopperSpace.db --filter state=failed",
        "gts trials hopper --sort lambda --csv t.csv",
    ),
)
