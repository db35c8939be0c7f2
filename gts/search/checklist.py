"""What a report of a search must say so that others can repeat it, filled in as far as the study knows.

After the checklist of Eimer, Lindauer and Raileanu, "Hyperparameters in Reinforcement Learning and How To Tune Them", 2023.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gts.search.trial_records import StudyView, TrialRecord

_MAX_REASONS = 3
_MIN_TEST_SEEDS = 5


@dataclass(frozen=True)
class ChecklistItem:
    """One thing that must be said."""

    question: str
    answer: str
    is_open: bool
    """Whether something is still missing, or speaks against the result."""


def build_checklist(view: StudyView) -> tuple[ChecklistItem, ...]:
    """Every item, in the order in which a report tells them."""
    return (*_describe_space(view), *_describe_search(view), *_describe_result(view), *_describe_machine(view))


def _describe_space(view: StudyView) -> Iterator[ChecklistItem]:
    space = view.space
    if space is None:
        yield ChecklistItem(
            "What was searched?", f"{', '.join(view.domains) or 'nothing'}; the study does not keep its space", True
        )
        return
    yield ChecklistItem("Which task and technique?", f"{space.get('physicalModel')}, {space.get('technique')}", False)
    axes: Mapping[str, Any] = space.get("paramSpace") or {}
    yield ChecklistItem(
        "Which parameters, in which ranges?",
        "; ".join(f"{key}: {_format_parameter(axis)}" for key, axis in axes.items()),
        not axes,
    )
    fixed = {key: space[key] for key in ("nSteps", "nEpochs") if key in space} | dict(space.get("params") or {})
    said = ", ".join(f"{key} {value}" for key, value in fixed.items() if key not in axes)
    yield ChecklistItem("Which parameters stay?", f"{said or 'none'}; all others have the defaults of this version", False)
    goal = space.get("objective", "score")
    last = f", mean of the last {view.settings.last_evaluations} evaluations" if view.settings else ""
    yield ChecklistItem("What is made large?", f"{goal}{last}, on episodes that no training sees", False)


def _describe_search(view: StudyView) -> Iterator[ChecklistItem]:
    if "seed" in view.domains:
        yield ChecklistItem("Is the seed searched?", "yes: what was found may be luck of that seed", True)
    counts = view.count_states()
    if view.settings is None:
        yield ChecklistItem("By which method?", "the study does not say", True)
    else:
        method = f"sampler {view.settings.sampler} (seed {view.settings.seed}), pruner {view.settings.pruner}"
        yield ChecklistItem("By which method?", method, False)
    begun = sum(count for state, count in counts.items() if state != "waiting")
    spent = [f"{begun} trials ({', '.join(f'{count} {state}' for state, count in counts.items() if count)})"]
    steps = sum(trial.steps or 0 for trial in view.trials)
    seconds = sum(trial.seconds or 0.0 for trial in view.trials)
    spent += [f"{steps:.3g} environment steps"] if steps else []
    spent += [f"{seconds / 3600:.2f} hours of training"] if seconds else []
    going = counts["running"] + counts["waiting"] > 0
    yield ChecklistItem("With which budget?", ", ".join(spent) + ("; it is still going on" if going else ""), going)
    if counts["failed"]:
        reasons = Counter(trial.reason.partition("\n")[0] for trial in view.trials if trial.state == "failed")
        said = "; ".join(f"{count} × {reason}" for reason, count in reasons.most_common(_MAX_REASONS))
        yield ChecklistItem("What failed?", said, False)


def _describe_result(view: StudyView) -> Iterator[ChecklistItem]:
    winner = view.best_trial()
    tuned = sorted({seed for trial in view.trials for seed in get_tuning_seeds(trial)})
    yield ChecklistItem("Which seeds was it tuned on?", _format_seeds(tuned) or "not known", not tuned)
    if winner is None:
        yield ChecklistItem("What was found?", "no trial is complete", True)
        return
    values = ", ".join(f"{key} {value}" for key, value in winner.params.items())
    yield ChecklistItem(
        "What was found?", f"trial {winner.number}: {values}; search value {_format_values(winner.values)}", False
    )
    default_trial = view.get_trial(0)
    if default_trial is not None and default_trial.value is not None and winner.value is not None and view.settings is not None:
        yield ChecklistItem("Against what?", f"trial 0, with the usual values, came to {default_trial.value:.6g}", False)
    if winner.confirmed is None:
        yield ChecklistItem("Which seeds was it tested on?", "none: the value above is likely to be too good", True)
        return
    confirmation = winner.confirmed
    common = set(confirmation.seeds) & set(tuned)
    apart = f"; {len(common)} of them were tuned on" if common else ", none of them tuned on"
    few = len(confirmation.seeds) < _MIN_TEST_SEEDS
    yield ChecklistItem("Which seeds was it tested on?", f"{_format_seeds(confirmation.seeds)}{apart}", bool(common) or few)
    yield ChecklistItem(
        "How good is it there?",
        f"IQM {confirmation.iqm:.6g}, 95 % interval {confirmation.low:.6g} to {confirmation.high:.6g}",
        False,
    )
    if winner.value is not None:
        yield ChecklistItem("How optimistic was the search?", f"by {winner.value - confirmation.iqm:.6g}", False)


def _describe_machine(view: StudyView) -> Iterator[ChecklistItem]:
    about = view.machine_info or {}
    machine, versions = about.get("machine") or {}, about.get("versions") or {}
    said = f"{machine.get('processor')}, {machine.get('cpus')} CPUs, {machine.get('system')}" if machine else "not known"
    yield ChecklistItem("On which machine?", said, not machine)
    yield ChecklistItem(
        "With which software?", ", ".join(f"{name} {word}" for name, word in versions.items()) or "not known", not versions
    )
    yield ChecklistItem(
        "Was the search itself repeated?", "this is one search; three or more tell how much it depends on luck", True
    )


def get_tuning_seeds(trial: TrialRecord) -> range:
    """The seeds that a trial was trained with, as far as its spec and its values tell."""
    first = ((trial.spec or {}).get("params") or {}).get("seed", 1)
    if trial.state == "waiting" or not isinstance(first, int):
        return range(0)
    return range(first, first + max(1, len(trial.seed_values)))


def _format_parameter(axis: Any) -> str:
    if isinstance(axis, dict) and "min" in axis:
        extra = "".join([" log" if axis.get("log") else "", f" step {axis['step']}" if "step" in axis else ""])
        return f"{axis['min']} to {axis['max']}{extra}"
    values = axis.get("values", ()) if isinstance(axis, dict) else axis
    return " | ".join(map(str, values))


def _format_seeds(seeds: Any) -> str:
    seeds = list(seeds)
    together = len(seeds) > 2 and seeds == list(range(seeds[0], seeds[0] + len(seeds)))
    return f"{seeds[0]} to {seeds[-1]}" if together else ", ".join(map(str, seeds))


def _format_values(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:.6g}" for value in values)
