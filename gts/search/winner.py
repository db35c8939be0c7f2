"""The winner of a study as a spec that says where it comes from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gts.errors import UsageError, WorkError
from gts.formats.spec_file import parse_spec
from gts.formats.strict_json import parse_json
from gts.params.spec import Spec
from gts.search.checklist import get_tuning_seeds
from gts.search.trial_records import StudyView, TrialRecord


def select_trial(view: StudyView, number: int | None) -> TrialRecord:
    """A trial by its number, else the winner; raises UsageError or WorkError where there is none with a spec."""
    if number is not None:
        trial = view.get_trial(number)
        if trial is None:
            hint = f"its trials are 0 to {view.trials[-1].number}" if view.trials else "it has no trial yet"
            raise UsageError(f"the study `{view.name}` has no trial {number}", hint=hint)
        return trial
    winner = view.best_trial()
    if winner is None:
        hint = f"how it stands: gts study {view.name}"
        raise WorkError(f"no trial of the study `{view.name}` is complete yet", hint=hint)
    return winner


def make_trial_spec(view: StudyView, trial: TrialRecord) -> Spec:
    """The spec of a trial, with a comment that tells study, trial, seeds and scores. Raises FormatError, WorkError."""
    if trial.spec is None:
        raise WorkError(f"trial {trial.number} of `{view.name}` did not get as far as a spec", hint=trial.reason)
    spec = parse_spec(parse_json(json.dumps(trial.spec), f"trial {trial.number} of {view.name}"))
    return replace(spec, comment="\n".join(describe_origin(view, trial)))


def describe_origin(view: StudyView, trial: TrialRecord) -> list[str]:
    """Where a trial comes from and what it came to, in lines for a comment."""
    lines = [f"Trial {trial.number} of the study {view.name}, one of {len(view.trials)}."]
    goal = _format_objective(view.space)
    values = ", ".join(f"{value:.6g}" for value in trial.values) or f"none: {trial.reason or trial.state}"
    seeds = get_tuning_seeds(trial)
    over = f", mean over the seeds {_format_seeds(seeds)}" if len(seeds) > 1 else f", seed {seeds[0]}" if seeds else ""
    lines.append(f"Search {goal}: {values}{over}.")
    if trial.confirmed is not None:
        confirmation = trial.confirmed
        interval = f"95 % interval {confirmation.low:.6g} to {confirmation.high:.6g}"
        lines.append(
            f"Confirmed {goal} on the fresh seeds {_format_seeds(confirmation.seeds)}: IQM {confirmation.iqm:.6g}, {interval}."
        )
        if trial.value is not None:
            lines.append(f"Optimism of the search: {trial.value - confirmation.iqm:.6g}.")
    else:
        lines.append("Not confirmed on fresh seeds: the search score is likely to be too good.")
    if view.space is None:
        lines.append("The study does not say how many steps a trial had; the original program kept that in the space.")
    return lines


def _format_objective(space: Mapping[str, Any] | None) -> str:
    goal = (space or {}).get("objective", "score")
    return goal if isinstance(goal, str) else json.dumps(goal)


def _format_seeds(seeds: Sequence[int]) -> str:
    return ", ".join(map(str, seeds)) if len(seeds) < 4 else f"{seeds[0]} to {seeds[-1]}"
