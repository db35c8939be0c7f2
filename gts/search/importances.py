"""How much each searched parameter matters, as PED-ANOVA sees it (Watanabe, Bansal and Hutter 2023)."""

from __future__ import annotations

import math
import warnings
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.importance import get_param_importances
from optuna.trial import TrialState, create_trial

from gts.search.trial_records import ParameterDomain, StudyView

MIN_IMPORTANCE_TRIALS = 5
"""Complete trials below which it would say nothing."""


def compute_importances(view: StudyView, objective: int = 0) -> dict[str, float]:
    """Shares of the parameters that every complete trial has, largest first, 1 in sum; empty with too few trials."""
    trials = [
        trial for trial in view.ranked_trials() if len(trial.values) > objective and math.isfinite(trial.values[objective])
    ]
    if len(trials) < MIN_IMPORTANCE_TRIALS:
        return {}
    shared = [key for key in view.domains if all(key in trial.params for trial in trials)]
    shared = [key for key in shared if len({str(trial.params[key]) for trial in trials}) > 1]
    if not shared:
        return {}
    study = optuna.create_study(direction="maximize" if view.maximised[objective] else "minimize")
    for trial in trials:
        known = {key: _make_widened_distribution(view.domains[key], trial.params[key]) for key in shared}
        study.add_trial(
            create_trial(
                state=TrialState.COMPLETE,
                value=trial.values[objective],
                params={key: trial.params[key] for key in shared},
                distributions=known,
            )
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = get_param_importances(study)
        except (ValueError, RuntimeError):
            # All trials alike: there is nothing to tell apart.
            return {}
    total = sum(found.values())
    return {key: float(share / total) for key, share in found.items()} if total > 0 else {}


def _make_widened_distribution(domain: ParameterDomain, value: Any) -> BaseDistribution:
    """The distribution of a parameter, also where an older trial lies outside of what is searched now."""
    if domain.choices:
        inside = any(type(one) is type(value) and one == value for one in domain.choices)
        return CategoricalDistribution(domain.choices if inside else (*domain.choices, value))
    low, high = min(domain.low, value), max(domain.high, value)
    if domain.integer:
        return IntDistribution(int(low), int(high), domain.log)
    return FloatDistribution(low, high, domain.log)
