"""The private API of Optuna that searches need, in one place; checked with Optuna 5.0.

Each use has its reason. A new major version of Optuna has to be checked against this file before it is allowed.
"""

from __future__ import annotations

from optuna.storages import RDBStorage
from optuna.storages._rdb.models import (
    # The tables themselves: the public reader builds an object per number, which takes seconds with thousands of trials.
    TrialIntermediateValueModel,
    TrialModel,
    TrialParamModel,
    TrialUserAttributeModel,
    TrialValueModel,
)
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial

__all__ = [
    "TrialIntermediateValueModel",
    "TrialModel",
    "TrialParamModel",
    "TrialUserAttributeModel",
    "TrialValueModel",
    "get_trial_id",
    "list_stale_trial_ids",
    "reopen_trial",
]


def get_trial_id(trial: Trial | FrozenTrial) -> int:
    """Database key of a trial. The storage's public methods take it, but no public attribute holds it."""
    return trial._trial_id


def list_stale_trial_ids(storage: RDBStorage, study_id: int) -> list[int]:
    """Keys of running trials whose last heartbeat is too old.

    The public `fail_stale_trials` would also fail them; here another owner continues them.
    """
    return storage._get_stale_trial_ids(study_id)


def reopen_trial(study: Study, frozen: FrozenTrial) -> Trial:
    """A running trial as an object that can report and prune. `Study.ask` opens new and enqueued trials only."""
    return Trial(study, frozen._trial_id)
