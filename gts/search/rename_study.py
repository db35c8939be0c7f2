"""Giving a study another name in its storage, so that its own name is free; nothing of it is lost."""

from __future__ import annotations

import os

import optuna
import sqlalchemy
from optuna.storages import RDBStorage
from optuna.trial import TrialState

from gts.errors import UsageError
from gts.search import study_attributes as names
from gts.search.open_study import hold_file
from gts.search.storage import Patience, alone, open_storage
from gts.search.storage_url import Place


def has_study(place: Place, name: str) -> bool:
    """Whether a storage has a study of that name; raises FileError or WorkError where it cannot be read."""
    if place.path is not None and not place.path.exists():
        return False
    storage = open_storage(place)
    try:
        return name in _ids(storage)
    finally:
        _let_go(storage)


def rename_study(place: Place, name: str, new: str, *, owner: str) -> None:
    """Give a study a new name; `owner` is the token of whoever wants it, whose own trials keep nobody from it.

    Raises UsageError where somebody works on the study, FileError or WorkError where the storage cannot be used.
    """
    lock = hold_file(place) if place.path is not None else None
    storage = open_storage(place)
    try:
        Patience(place, lambda text: None, seconds=0.0)(lambda: _rename(storage, place, name, new, owner))
    finally:
        _let_go(storage)
        if lock is not None:
            os.close(lock)


def _rename(storage: RDBStorage, place: Place, name: str, new: str, owner: str) -> None:
    with alone(storage, place, name):
        study = _ids(storage)[name]
        if place.shared and (count := _others(storage, study, owner)):
            hint = "stop the searches on the other machines first, or give the space another name"
            raise UsageError(f"others work on {count} trials of `{name}` in {place.shown}", hint=hint)
        with storage.engine.begin() as connection:
            query = sqlalchemy.text("UPDATE studies SET study_name = :new WHERE study_id = :study")
            connection.execute(query, {"new": new, "study": study})


def _others(storage: RDBStorage, study: int, owner: str) -> int:
    """How many trials others are at, who gave a sign of life lately."""
    stale = storage._get_stale_trial_ids(study)
    running: list[optuna.trial.FrozenTrial] = storage.get_all_trials(study, deepcopy=False, states=(TrialState.RUNNING,))
    return sum(trial._trial_id not in stale and trial.user_attrs.get(names.OWNER) != owner for trial in running)


def _ids(storage: RDBStorage) -> dict[str, int]:
    return {study.study_name: study._study_id for study in storage.get_all_studies()}


def _let_go(storage: RDBStorage) -> None:
    storage.remove_session()
    storage.engine.dispose()
