"""Optuna samplers and pruners by name, configured for few, noisy and expensive trials."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import BaseSampler, BruteForceSampler, CmaEsSampler, GPSampler, QMCSampler, RandomSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from gts.errors import MissingError, UsageError
from gts.formats.space_file import SearchSpace
from gts.formats.space_parameters import CategoricalParameter
from gts.search.search_space import compute_max_steps, count_grid_points, has_conditions
from gts.search.settings import SearchSettings

_REQUIRED_MODULES = {"qmc": "scipy", "gp": "scipy", "cmaes": "cmaes"}
_STARTUP_TRIALS = 10
_MEDIAN_STARTUP_TRIALS = 5
_REDUCTION_FACTOR = 3
_FIRST_RUNG_DIVISOR = 9


class ExhaustiveSampler(BruteForceSampler):
    """Visits every point of a space once, respecting conditions."""

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
        """Override Optuna, which would stop the study after the last point; `Study.ask` counts the trials."""


def check_sampler(settings: SearchSettings, space: SearchSpace) -> None:
    """Raise UsageError if a sampler does not fit a space, MissingError if its library is missing."""
    needed = _REQUIRED_MODULES.get(settings.sampler)
    if needed and find_spec(needed) is None:
        hint = "install it: pip install 'gts[search]'"
        raise MissingError(f"the sampler {settings.sampler} needs {needed}, which is not installed", hint=hint)
    if settings.sampler == "cmaes":
        _check_cmaes(space)
    if settings.sampler == "grid":
        count_grid_points(space)


def make_sampler(
    settings: SearchSettings, space: SearchSpace, started_trials: int, owner: str
) -> tuple[BaseSampler, list[str]]:
    """Sampler of a study that has `started_trials`, and notes about it.

    `owner` gives each owner of a shared study its own random stream.
    """
    # With the seed of an earlier process the sampler would draw the same points again.
    seed = int(np.random.SeedSequence([settings.seed, started_trials, *owner.encode()]).generate_state(1)[0])
    return _create_sampler(settings, space, seed), _list_notes(settings, space)


def make_pruner(settings: SearchSettings, space: SearchSpace) -> BasePruner:
    """Pruner of a study; its steps are environment steps."""
    steps = compute_max_steps(space)
    if len(space.objective) > 1 or settings.pruner == "none":
        return NopPruner()
    if settings.pruner == "median":
        return MedianPruner(n_startup_trials=_MEDIAN_STARTUP_TRIALS, n_warmup_steps=steps // 3)
    first = max(1, steps // _FIRST_RUNG_DIVISOR)
    if settings.pruner == "asha":
        return SuccessiveHalvingPruner(min_resource=first, reduction_factor=_REDUCTION_FACTOR)
    return HyperbandPruner(min_resource=first, max_resource=max(steps, first), reduction_factor=_REDUCTION_FACTOR)


def _create_sampler(settings: SearchSettings, space: SearchSpace, seed: int) -> BaseSampler:
    random = RandomSampler(seed=seed)
    if settings.sampler == "random":
        return random
    if settings.sampler == "grid":
        return ExhaustiveSampler(seed=seed)
    if settings.sampler == "qmc":
        # One sequence for the whole study; its position is stored with the trials.
        return QMCSampler(scramble=True, seed=settings.seed, independent_sampler=random, warn_independent_sampling=False)
    if settings.sampler == "gp":
        return GPSampler(
            seed=seed,
            independent_sampler=random,
            n_startup_trials=_STARTUP_TRIALS,
            deterministic_objective=False,
            warn_independent_sampling=False,
        )
    if settings.sampler == "cmaes":
        return CmaEsSampler(seed=seed, independent_sampler=random, warn_independent_sampling=False)
    group = has_conditions(space)
    return TPESampler(seed=seed, n_startup_trials=_STARTUP_TRIALS, multivariate=True, group=group, constant_liar=True)


def _check_cmaes(space: SearchSpace) -> None:
    if len(space.objective) > 1:
        raise UsageError("cmaes takes one objective only", hint="choose tpe or gp for a Pareto front")
    ranges = [
        parameter for parameter in space.param_space if not isinstance(parameter, CategoricalParameter) and not parameter.when
    ]
    if len(ranges) < 2:
        raise UsageError("cmaes needs two or more ranges without a condition", hint="choose tpe, gp or random")


def _list_notes(settings: SearchSettings, space: SearchSpace) -> list[str]:
    """Notes for the user about a sampler in this space."""
    notes = []
    if settings.sampler in ("qmc", "gp", "cmaes"):
        unmodelled = [
            parameter.key
            for parameter in space.param_space
            if parameter.when or (settings.sampler == "cmaes" and isinstance(parameter, CategoricalParameter))
        ]
        if unmodelled:
            notes.append(f"{settings.sampler} samples at random, since it cannot model them: {', '.join(unmodelled)}")
    if len(space.objective) > 1 and settings.pruner != "none":
        notes.append("a search with two objectives prunes no trials")
    return notes
