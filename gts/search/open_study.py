"""Create a study or open an existing one: which changes of the space are refused, which are noted."""

from __future__ import annotations

import json
import os
import platform
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import optuna
from optuna.distributions import check_distribution_compatibility
from optuna.storages import RDBStorage
from optuna.study import StudyDirection

from gts.errors import FileError, UsageError, reason
from gts.formats.objectives import objectives_to_document
from gts.formats.space_file import SearchSpace
from gts.search.samplers import check_sampler
from gts.search.search_space import make_default_point, make_distribution
from gts.search.settings import SearchSettings, describe_changes
from gts.search.storage import RetryPolicy, find_study_id, lock_database_file, lock_shared_study, open_storage
from gts.search.storage_url import StorageLocation, parse_storage_url
from gts.search.study_file import (
    MACHINE_INFO_ATTRIBUTE,
    SETTINGS_ATTRIBUTE,
    SPACE_ATTRIBUTE,
    StudyFile,
    read_study_file,
    write_study_file,
)
from gts.search.study_reader import locate_study_storage
from gts.store.workspace import StudyFolder
from gts.system.threads import available_cpus
from gts.system.versions import cpu_name, installed_versions

_RESET_HINT = "start again with --reset, or give the space another name"
_CONNECT_RETRY_SECONDS = 30.0
"""Longest wait for a server's first answer: after a power cut it boots at the same time as this machine."""
_LIBRARIES = ("torch", "mujoco", "gymnasium", "numpy", "optuna")


@dataclass(frozen=True)
class OpenStudy:
    """A study opened by its owner."""

    location: StorageLocation
    storage: RDBStorage
    study: optuna.Study
    settings: SearchSettings
    owner_token: str
    """Token of the study's folder: marks its own trials in a shared study."""
    lock: int | None
    """Descriptor of the lock on a database file outside the study's folder."""


def open_or_create(
    folder: StudyFolder,
    space: SearchSpace,
    *,
    storage: str | None,
    settings: SearchSettings | Mapping[str, Any],
    on_note: Callable[[str], None],
) -> OpenStudy:
    """Open the study of a space, or create it; `on_note` gets what has changed. Raises as `Study.create_or_load`."""
    location = _resolve_location(folder, storage)
    lock = lock_database_file(location) if location.path is not None and location.path != folder.database else None
    try:
        _create_folder(folder)
        optuna_storage = open_storage(location, retry=RetryPolicy(location, on_note, seconds=_CONNECT_RETRY_SECONDS))

        def open_locked() -> tuple[optuna.Study, SearchSettings]:
            with lock_shared_study(optuna_storage, location, space.name):
                return _open_optuna_study(optuna_storage, space, settings, on_note)

        study, chosen = RetryPolicy(location, on_note)(open_locked)
        owner = _update_study_file(folder, space, location)
    except BaseException:
        if lock is not None:
            os.close(lock)
        raise
    return OpenStudy(location, optuna_storage, study, chosen, owner, lock)


def _collect_machine_info() -> dict[str, Any]:
    """Library versions and machine, as a study stores them."""
    machine = {"cpus": available_cpus(), "processor": cpu_name(), "system": f"{platform.system()} {platform.machine()}"}
    return {"versions": installed_versions(_LIBRARIES), "machine": machine}


def _open_optuna_study(
    storage: RDBStorage,
    space: SearchSpace,
    requested: SearchSettings | Mapping[str, Any],
    on_note: Callable[[str], None],
) -> tuple[optuna.Study, SearchSettings]:
    study_id = find_study_id(storage, space.name)
    before = storage.get_study_user_attrs(study_id) if study_id is not None else {}
    stored = SearchSettings.from_dict(before[SETTINGS_ATTRIBUTE]) if SETTINGS_ATTRIBUTE in before else None
    chosen = requested if isinstance(requested, SearchSettings) else replace(stored or SearchSettings(), **requested)
    check_sampler(chosen, space)
    if study_id is not None:
        _check_compatible(storage, study_id, before.get(SPACE_ATTRIBUTE), space)
    directions = [StudyDirection.MAXIMIZE] * len(space.objective)
    study = optuna.create_study(storage=storage, study_name=space.name, directions=directions, load_if_exists=True)
    for text in describe_changes(stored.as_dict() if stored else chosen.as_dict(), chosen.as_dict()):
        on_note(text)
    if SPACE_ATTRIBUTE in before:
        for text in describe_changes(_flatten_space(before[SPACE_ATTRIBUTE]), _flatten_space(space.document())):
            on_note(f"the space has changed: {text}")
    _store_attributes(study, before, space, chosen)
    default_point = make_default_point(space)
    if default_point and not study.get_trials(deepcopy=False):
        study.enqueue_trial(default_point)
    return study, chosen


def _store_attributes(study: optuna.Study, before: Mapping[str, Any], space: SearchSpace, settings: SearchSettings) -> None:
    document = json.loads(json.dumps(space.document()))
    for key, value in ((SPACE_ATTRIBUTE, document), (SETTINGS_ATTRIBUTE, settings.as_dict())):
        if before.get(key) != value:
            study.set_user_attr(key, value)
    if MACHINE_INFO_ATTRIBUTE not in before:
        study.set_user_attr(MACHINE_INFO_ATTRIBUTE, _collect_machine_info())


def _check_compatible(storage: RDBStorage, study_id: int, before: Any, space: SearchSpace) -> None:
    """Refuse a space whose trials could not be compared with those of the study, or that its storage cannot hold."""
    directions = [direction.name for direction in storage.get_study_directions(study_id)]
    if len(directions) != len(space.objective) or "MINIMIZE" in directions:
        raise UsageError(f"the study `{space.name}` has other objectives than the space", hint=_RESET_HINT)
    trials = storage.get_all_trials(study_id, deepcopy=False)
    if not trials:
        return
    if isinstance(before, dict):
        now = {
            "physicalModel": space.figure,
            "technique": space.technique,
            "objective": objectives_to_document(space.objective),
        }
        for key, value in now.items():
            if before.get(key, "score") != value:
                stored = json.dumps(before.get(key, "score"))
                raise UsageError(f"the trials of `{space.name}` were made with the {key} {stored}", hint=_RESET_HINT)
    distributions = {key: distribution for trial in trials for key, distribution in trial.distributions.items()}
    for parameter in space.param_space:
        try:
            if parameter.key in distributions:
                check_distribution_compatibility(distributions[parameter.key], make_distribution(parameter))
        except ValueError:
            message = f"the values that `{parameter.key}` can take have changed since the study `{space.name}` was created"
            raise UsageError(message, hint=_RESET_HINT) from None


def _resolve_location(folder: StudyFolder, storage: str | None) -> StorageLocation:
    if not storage:
        return locate_study_storage(folder)[0]
    location = parse_storage_url(storage)
    return StorageLocation(location.path.absolute()) if location.path is not None else location


def _create_folder(folder: StudyFolder) -> None:
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot make the folder {folder.path}: {reason(error)}") from error


def _update_study_file(folder: StudyFolder, space: SearchSpace, location: StorageLocation) -> str:
    """Write `study.json` if it has changed. Returns the folder's owner token, which never changes."""
    before = read_study_file(folder)
    now = StudyFile(
        name=space.name,
        # display_url has no password: the file lives as long as the study.
        storage="" if location.path == folder.database else location.display_url,
        owner=(before and before.owner) or secrets.token_hex(8),
        created=(before and before.created) or datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        space=space.document(),
    )
    if now != before:
        write_study_file(folder, now)
    return now.owner


def _flatten_space(document: Mapping[str, Any]) -> dict[str, Any]:
    """Values of a space document by key, without its comment."""
    flat: dict[str, Any] = {}
    for key, value in document.items():
        if isinstance(value, dict) and key in ("params", "paramSpace"):
            flat |= {f"{key} {name}": json.dumps(inner) for name, inner in value.items()}
        elif key != "comment":
            flat[key] = json.dumps(value)
    return flat
