"""Giving a study another name in its storage, so that its own name is free; nothing of it is lost."""

from __future__ import annotations

import os

import optuna
import sqlalchemy
from optuna.storages import RDBStorage
from optuna.trial import TrialState

from gts.errors import UsageError
from gts.search import study_attributes as names
from gts.search.open_study import lock_database_file
from gts.search.storage import RetryPolicy, lock_shared_study, open_storage
from gts.search.storage_url import StorageLocation


def has_study(location: StorageLocation, name: str) -> bool:
    """Whether a storage has a study of that name; raises FileError or WorkError where it cannot be read."""
    if location.path is not None and not location.path.exists():
        return False
    storage = open_storage(location)
    try:
        return name in _read_study_ids(storage)
    finally:
        _close_storage(storage)


def rename_study(location: StorageLocation, name: str, new_name: str, *, owner: str) -> None:
    """Give a study a new name; `owner` is the token of whoever wants it, whose own trials keep nobody from it.

    Raises UsageError where somebody works on the study, FileError or WorkError where the storage cannot be used.
    """
    lock = lock_database_file(location) if location.path is not None else None
    storage = open_storage(location)
    try:
        RetryPolicy(location, lambda text: None, seconds=0.0)(lambda: _rename(storage, location, name, new_name, owner))
    finally:
        _close_storage(storage)
        if lock is not None:
            os.close(lock)


def _rename(storage: RDBStorage, location: StorageLocation, name: str, new_name: str, owner: str) -> None:
    with lock_shared_study(storage, location, name):
        study = _read_study_ids(storage)[name]
        if location.is_shared and (count := _count_foreign_trials(storage, study, owner)):
            hint = "stop the searches on the other machines first, or give the space another name"
            raise UsageError(f"others work on {count} trials of `{name}` in {location.display_url}", hint=hint)
        with storage.engine.begin() as connection:
            query = sqlalchemy.text("UPDATE studies SET study_name = :new WHERE study_id = :study")
            connection.execute(query, {"new": new_name, "study": study})


def _count_foreign_trials(storage: RDBStorage, study: int, owner: str) -> int:
    """How many trials others are at, who gave a sign of life lately."""
    stale = storage._get_stale_trial_ids(study)
    running: list[optuna.trial.FrozenTrial] = storage.get_all_trials(study, deepcopy=False, states=(TrialState.RUNNING,))
    return sum(trial._trial_id not in stale and trial.user_attrs.get(names.OWNER) != owner for trial in running)


def _read_study_ids(storage: RDBStorage) -> dict[str, int]:
    return {study.study_name: study._study_id for study in storage.get_all_studies()}


def _close_storage(storage: RDBStorage) -> None:
    storage.remove_session()
    storage.engine.dispose()
