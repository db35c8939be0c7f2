"""The winner of a study as a spec that says where it comes from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gts.errors import UsageError, WorkError
from gts.formats.spec_file import spec_of
from gts.formats.strict_json import parse_json
from gts.params.spec import Spec
from gts.search.checklist import tuning_seeds
from gts.search.trial_records import StudyView, TrialRow


def chosen(view: StudyView, number: int | None) -> TrialRow:
    """A trial by its number, else the winner; raises UsageError or WorkError where there is none with a spec."""
    if number is not None:
        trial = view.trial(number)
        if trial is None:
            hint = f"its trials are 0 to {view.trials[-1].number}" if view.trials else "it has no trial yet"
            raise UsageError(f"the study `{view.name}` has no trial {number}", hint=hint)
        return trial
    winner = view.winner()
    if winner is None:
        hint = f"how it stands: gts study {view.name}"
        raise WorkError(f"no trial of the study `{view.name}` is complete yet", hint=hint)
    return winner


def spec_of_trial(view: StudyView, trial: TrialRow) -> Spec:
    """The spec of a trial, with a comment that tells study, trial, seeds and scores. Raises FormatError, WorkError."""
    if trial.spec is None:
        raise WorkError(f"trial {trial.number} of `{view.name}` did not get as far as a spec", hint=trial.reason)
    spec = spec_of(parse_json(json.dumps(trial.spec), f"trial {trial.number} of {view.name}"))
    return replace(spec, comment="\n".join(story(view, trial)))


def story(view: StudyView, trial: TrialRow) -> list[str]:
    """Where a trial comes from and what it came to, in lines for a comment."""
    lines = [f"Trial {trial.number} of the study {view.name}, one of {len(view.trials)}."]
    goal = _goal(view.space)
    values = ", ".join(f"{value:.6g}" for value in trial.values) or f"none: {trial.reason or trial.state}"
    seeds = tuning_seeds(trial)
    over = f", mean over the seeds {_listed(seeds)}" if len(seeds) > 1 else f", seed {seeds[0]}" if seeds else ""
    lines.append(f"Search {goal}: {values}{over}.")
    if trial.confirmed is not None:
        again = trial.confirmed
        interval = f"95 % interval {again.low:.6g} to {again.high:.6g}"
        lines.append(f"Confirmed {goal} on the fresh seeds {_listed(again.seeds)}: IQM {again.iqm:.6g}, {interval}.")
        if trial.value is not None:
            lines.append(f"Optimism of the search: {trial.value - again.iqm:.6g}.")
    else:
        lines.append("Not confirmed on fresh seeds: the search score is likely to be too good.")
    if view.space is None:
        lines.append("The study does not say how many steps a trial had; the original program kept that in the space.")
    return lines


def _goal(space: Mapping[str, Any] | None) -> str:
    goal = (space or {}).get("objective", "score")
    return goal if isinstance(goal, str) else json.dumps(goal)


def _listed(seeds: Sequence[int]) -> str:
    return ", ".join(map(str, seeds)) if len(seeds) < 4 else f"{seeds[0]} to {seeds[-1]}"
