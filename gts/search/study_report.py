"""Report of a study: a reproducibility checklist, and the best trial as a spec with its origin.

The checklist follows Eimer, Lindauer and Raileanu, "Hyperparameters in Reinforcement Learning and How To Tune Them", 2023.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gts.errors import UsageError, WorkError
from gts.formats.objectives import format_objective
from gts.formats.spec_file import parse_spec
from gts.formats.strict_json import parse_json
from gts.params.spec import Spec
from gts.search.trial_records import StudyView, TrialRecord

_MAX_REASONS = 3
_MIN_TEST_SEEDS = 5


@dataclass(frozen=True)
class ChecklistItem:
    """One question of the checklist."""

    question: str
    answer: str
    is_open: bool
    """Whether the answer is missing or weakens the result."""


def build_checklist(view: StudyView) -> tuple[ChecklistItem, ...]:
    """All items, in the order of a report."""
    return (*_describe_space(view), *_describe_search(view), *_describe_result(view), *_describe_machine(view))


def _describe_space(view: StudyView) -> Iterator[ChecklistItem]:
    space = view.space
    if space is None:
        yield ChecklistItem(
            "What was searched?", f"{', '.join(view.domains) or 'nothing'}; the study does not store its space", True
        )
        return
    yield ChecklistItem("Which task and technique?", f"{space.get('physicalModel')}, {space.get('technique')}", False)
    searched: Mapping[str, Any] = space.get("paramSpace") or {}
    yield ChecklistItem(
        "Which parameters, in which ranges?",
        "; ".join(f"{key}: {_format_parameter(parameter)}" for key, parameter in searched.items()),
        not searched,
    )
    fixed = {key: space[key] for key in ("nSteps", "nEpochs") if key in space} | dict(space.get("params") or {})
    values = ", ".join(f"{key} {value}" for key, value in fixed.items() if key not in searched)
    yield ChecklistItem(
        "Which parameters are fixed?", f"{values or 'none'}; all others have the defaults of this version", False
    )
    objective = format_objective(space.get("objective", "score"))
    last = f", mean of the last {view.settings.last_evaluations} evaluations" if view.settings else ""
    yield ChecklistItem("Which objective is maximised?", f"{objective}{last}, on episodes that no training uses", False)


def _describe_search(view: StudyView) -> Iterator[ChecklistItem]:
    if "seed" in view.domains:
        yield ChecklistItem("Is the seed searched?", "yes: the result may be due to a lucky seed", True)
    counts = view.count_states()
    if view.settings is None:
        yield ChecklistItem("By which method?", "the study does not store it", True)
    else:
        method = f"sampler {view.settings.sampler} (seed {view.settings.seed}), pruner {view.settings.pruner}"
        yield ChecklistItem("By which method?", method, False)
    started = sum(count for state, count in counts.items() if state != "waiting")
    spent = [f"{started} trials ({', '.join(f'{count} {state}' for state, count in counts.items() if count)})"]
    steps = sum(trial.steps or 0 for trial in view.trials)
    seconds = sum(trial.seconds or 0.0 for trial in view.trials)
    spent += [f"{steps:.3g} environment steps"] if steps else []
    spent += [f"{seconds / 3600:.2f} hours of training"] if seconds else []
    is_running = counts["running"] + counts["waiting"] > 0
    yield ChecklistItem(
        "With which budget?", ", ".join(spent) + ("; the search is not finished" if is_running else ""), is_running
    )
    if counts["failed"]:
        reasons = Counter(trial.reason.partition("\n")[0] for trial in view.trials if trial.state == "failed")
        failures = "; ".join(f"{count} × {reason}" for reason, count in reasons.most_common(_MAX_REASONS))
        yield ChecklistItem("Which trials failed?", failures, False)


def _describe_result(view: StudyView) -> Iterator[ChecklistItem]:
    best = view.best_trial()
    tuned = sorted({seed for trial in view.trials for seed in _get_tuning_seeds(trial)})
    yield ChecklistItem("Which tuning seeds?", _format_seeds(tuned) or "not known", not tuned)
    if best is None:
        yield ChecklistItem("Which trial is best?", "no trial is complete", True)
        return
    values = ", ".join(f"{key} {value}" for key, value in best.params.items())
    yield ChecklistItem(
        "Which trial is best?", f"trial {best.number}: {values}; search value {_format_values(best.values)}", False
    )
    default_trial = view.get_trial(0)
    if default_trial is not None and default_trial.value is not None and best.value is not None and view.settings is not None:
        answer = f"trial 0, which has the default values: {default_trial.value:.6g}"
        yield ChecklistItem("What is the baseline?", answer, False)
    if best.confirmed is None:
        yield ChecklistItem("Which test seeds?", "none: the search value is likely too high", True)
        return
    confirmation = best.confirmed
    common = set(confirmation.seeds) & set(tuned)
    overlap = f"; {len(common)} of them were used for tuning" if common else ", none of them used for tuning"
    few = len(confirmation.seeds) < _MIN_TEST_SEEDS
    yield ChecklistItem("Which test seeds?", f"{_format_seeds(confirmation.seeds)}{overlap}", bool(common) or few)
    yield ChecklistItem(
        "Which score has it on these seeds?",
        f"IQM {confirmation.iqm:.6g}, 95 % interval {confirmation.low:.6g} to {confirmation.high:.6g}",
        False,
    )
    if best.value is not None:
        yield ChecklistItem("How much too high is the search value?", f"{best.value - confirmation.iqm:.6g}", False)


def _describe_machine(view: StudyView) -> Iterator[ChecklistItem]:
    info = view.machine_info or {}
    machine, versions = info.get("machine") or {}, info.get("versions") or {}
    described = f"{machine.get('processor')}, {machine.get('cpus')} CPUs, {machine.get('system')}" if machine else "not known"
    yield ChecklistItem("On which machine?", described, not machine)
    yield ChecklistItem(
        "With which software?", ", ".join(f"{name} {number}" for name, number in versions.items()) or "not known", not versions
    )
    yield ChecklistItem("Was the search repeated?", "no: three or more searches would show how much it depends on luck", True)


def _get_tuning_seeds(trial: TrialRecord) -> range:
    """Seeds that a trial was trained with, as far as its spec and seed values show."""
    first = ((trial.spec or {}).get("params") or {}).get("seed", 1)
    if trial.state == "waiting" or not isinstance(first, int):
        return range(0)
    return range(first, first + max(1, len(trial.seed_values)))


def select_trial(view: StudyView, number: int | None) -> TrialRecord:
    """The trial with this number, or the best one. Raises UsageError for an unknown number, WorkError without a best trial."""
    if number is not None:
        trial = view.get_trial(number)
        if trial is None:
            hint = f"its trials are 0 to {view.trials[-1].number}" if view.trials else "it has no trial yet"
            raise UsageError(f"the study `{view.name}` has no trial {number}", hint=hint)
        return trial
    best = view.best_trial()
    if best is None:
        hint = f"see its progress: gts study {view.name}"
        raise WorkError(f"no trial of the study `{view.name}` is complete yet", hint=hint)
    return best


def make_trial_spec(view: StudyView, trial: TrialRecord) -> Spec:
    """The spec of a trial; its comment names study, trial, seeds and scores. Raises FormatError, WorkError."""
    if trial.spec is None:
        raise WorkError(f"trial {trial.number} of `{view.name}` has no spec", hint=trial.reason)
    spec = parse_spec(parse_json(json.dumps(trial.spec), f"trial {trial.number} of {view.name}"))
    return replace(spec, comment="\n".join(_describe_origin(view, trial)))


def _describe_origin(view: StudyView, trial: TrialRecord) -> list[str]:
    """Lines of a spec's comment: study, trial, seeds and scores."""
    lines = [f"Trial {trial.number} of the study {view.name}, one of {len(view.trials)}."]
    objective = format_objective((view.space or {}).get("objective", "score"))
    values = ", ".join(f"{value:.6g}" for value in trial.values) or f"none: {trial.reason or trial.state}"
    seeds = _get_tuning_seeds(trial)
    mean = f", mean over the seeds {_format_seeds(seeds)}" if len(seeds) > 1 else f", seed {seeds[0]}" if seeds else ""
    lines.append(f"Search {objective}: {values}{mean}.")
    if trial.confirmed is not None:
        confirmation = trial.confirmed
        interval = f"95 % interval {confirmation.low:.6g} to {confirmation.high:.6g}"
        lines.append(
            f"Confirmed {objective} on the fresh seeds {_format_seeds(confirmation.seeds)}: "
            f"IQM {confirmation.iqm:.6g}, {interval}."
        )
        if trial.value is not None:
            lines.append(f"Search value minus confirmed value: {trial.value - confirmation.iqm:.6g}.")
    else:
        lines.append("Not confirmed on fresh seeds: the search score is likely too high.")
    if view.space is None:
        lines.append("The study does not store the number of steps; the original program stored it in the space.")
    return lines


def _format_parameter(parameter: Any) -> str:
    """A searched parameter of a space document."""
    if isinstance(parameter, dict) and "min" in parameter:
        extra = "".join([" log" if parameter.get("log") else "", f" step {parameter['step']}" if "step" in parameter else ""])
        return f"{parameter['min']} to {parameter['max']}{extra}"
    values = parameter.get("values", ()) if isinstance(parameter, dict) else parameter
    return " | ".join(map(str, values))


def _format_seeds(seeds: Iterable[int]) -> str:
    """`1, 2` or `1 to 5`; empty without seeds."""
    seeds = list(seeds)
    consecutive = len(seeds) > 2 and seeds == list(range(seeds[0], seeds[0] + len(seeds)))
    return f"{seeds[0]} to {seeds[-1]}" if consecutive else ", ".join(map(str, seeds))


def _format_values(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:.6g}" for value in values)
