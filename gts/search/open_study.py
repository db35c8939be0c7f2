"""Beginning a study, and finding it again: what must be the same, and what may have changed."""

from __future__ import annotations

import fcntl
import json
import os
import platform
import secrets
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import optuna
from optuna.distributions import check_distribution_compatibility
from optuna.storages import RDBStorage
from optuna.study import StudyDirection

from gts import __version__
from gts.errors import FileError, UsageError, reason
from gts.formats.durable import write_durably
from gts.formats.objectives import objectives_to_document
from gts.formats.space_file import SearchSpace
from gts.search import study_attributes as names
from gts.search.samplers import check_sampler
from gts.search.search_space import make_default_point, make_distribution
from gts.search.settings import SearchSettings, describe_changes
from gts.search.storage import RetryPolicy, lock_shared_study, open_storage
from gts.search.storage_url import StorageLocation, parse_storage_url
from gts.search.study_reader import locate_study_storage
from gts.store.workspace import StudyFolder
from gts.system.threads import available_cpus

_FORMAT = 1
_RESET_HINT = "begin again with --reset, or give the space another name"
_CONNECT_RETRY_SECONDS = 30.0
"""How long a server may take to answer first: after a power cut it begins when this machine does."""
_LIBRARIES = ("torch", "mujoco", "gymnasium", "numpy", "optuna")


@dataclass(frozen=True)
class OpenStudy:
    """A study that can be worked on."""

    location: StorageLocation
    storage: RDBStorage
    study: optuna.Study
    settings: SearchSettings
    owner_token: str
    """Token of the folder: which trials of a shared study are its own."""
    lock: int | None
    """Descriptor of a lock on a database that lies outside of the study's folder."""


def open_or_create(
    folder: StudyFolder,
    space: SearchSpace,
    *,
    storage: str | None,
    settings: SearchSettings | Mapping[str, Any],
    on_note: Callable[[str], None],
) -> OpenStudy:
    """Make a study, or find it again; `say` is told what has changed since. Raises as `Study.create_or_load`."""
    location = _resolve_location(folder, storage)
    lock = lock_database_file(location) if location.path is not None and location.path != folder.database else None
    try:
        _create_folder(folder)
        optuna_storage = open_storage(location, retry=RetryPolicy(location, on_note, seconds=_CONNECT_RETRY_SECONDS))
        name = space.name

        def begin() -> tuple[optuna.Study, SearchSettings]:
            with lock_shared_study(optuna_storage, location, name):
                return _open_optuna_study(optuna_storage, name, space, settings, on_note)

        study, chosen = RetryPolicy(location, on_note)(begin)
        owner = _write_study_file(folder, space, location)
    except BaseException:
        if lock is not None:
            os.close(lock)
        raise
    return OpenStudy(location, optuna_storage, study, chosen, owner, lock)


def collect_machine_info() -> dict[str, Any]:
    """Versions and machine, as a study keeps them."""
    versions = {"gts": __version__, "python": platform.python_version()}
    for library in _LIBRARIES:
        with suppress(PackageNotFoundError):
            versions[library] = version(library)
    machine = {"cpus": available_cpus(), "processor": _read_cpu_name(), "system": f"{platform.system()} {platform.machine()}"}
    return {"versions": versions, "machine": machine}


def _open_optuna_study(
    store: RDBStorage,
    name: str,
    space: SearchSpace,
    requested: SearchSettings | Mapping[str, Any],
    on_note: Callable[[str], None],
) -> tuple[optuna.Study, SearchSettings]:
    known = {study.study_name: study._study_id for study in store.get_all_studies()}
    before = store.get_study_user_attrs(known[name]) if name in known else {}
    stored = SearchSettings.from_dict(before[names.SETTINGS]) if names.SETTINGS in before else None
    chosen = requested if isinstance(requested, SearchSettings) else replace(stored or SearchSettings(), **requested)
    check_sampler(chosen, space)
    if name in known:
        _check_compatible(store, known[name], before.get(names.SPACE), space)
    directions = [StudyDirection.MAXIMIZE] * len(space.objective)
    study = optuna.create_study(storage=store, study_name=name, directions=directions, load_if_exists=True)
    for text in describe_changes(stored.as_dict() if stored else chosen.as_dict(), chosen.as_dict()):
        on_note(text)
    if names.SPACE in before:
        for text in describe_changes(_flatten_space(before[names.SPACE]), _flatten_space(space.document())):
            on_note(f"the space has changed: {text}")
    document = json.loads(json.dumps(space.document()))
    for key, value in ((names.SPACE, document), (names.SETTINGS, chosen.as_dict())):
        if before.get(key) != value:
            study.set_user_attr(key, value)
    if names.MACHINE_INFO not in before:
        study.set_user_attr(names.MACHINE_INFO, collect_machine_info())
    default_point = make_default_point(space)
    if default_point and not study.get_trials(deepcopy=False):
        study.enqueue_trial(default_point)
    return study, chosen


def _check_compatible(store: RDBStorage, study_id: int, before: Any, space: SearchSpace) -> None:
    """Refuse what would make the trials of a study incomparable, or what its storage cannot hold."""
    directions = [direction.name for direction in store.get_study_directions(study_id)]
    if len(directions) != len(space.objective) or "MINIMIZE" in directions:
        raise UsageError(f"the study `{space.name}` has other objectives than the space", hint=_RESET_HINT)
    trials = store.get_all_trials(study_id, deepcopy=False)
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
                said = json.dumps(before.get(key, "score"))
                raise UsageError(f"the trials of `{space.name}` were made with the {key} {said}", hint=_RESET_HINT)
    drawn = {key: known for trial in trials for key, known in trial.distributions.items()}
    for axis in space.param_space:
        try:
            if axis.key in drawn:
                check_distribution_compatibility(drawn[axis.key], make_distribution(axis))
        except ValueError:
            message = f"the values that `{axis.key}` can take have changed since the study `{space.name}` began"
            raise UsageError(message, hint=_RESET_HINT) from None


def _resolve_location(folder: StudyFolder, storage: str | None) -> StorageLocation:
    if storage:
        place = parse_storage_url(storage)
        return StorageLocation(place.path.absolute()) if place.path is not None else place
    return locate_study_storage(folder)[0]


def _create_folder(folder: StudyFolder) -> None:
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot make the folder {folder.path}: {reason(error)}") from error


def _write_study_file(folder: StudyFolder, space: SearchSpace, location: StorageLocation) -> str:
    """Write down what is searched and where its trials are; the folder's token, which stays the same."""
    before: dict[str, Any] = {}
    with suppress(OSError, ValueError):
        said = json.loads(folder.study_file.read_bytes())
        before = said if isinstance(said, dict) else {}
    facts = {
        "format": _FORMAT,
        "name": space.name,
        # Never a password: it would lie in a file for as long as the study does.
        "storage": "" if location.path == folder.database else location.display_url,
        "owner": before.get("owner") or secrets.token_hex(8),
        "created": before.get("created") or datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "space": space.document(),
    }
    if facts != before:
        write_durably(folder.study_file, (json.dumps(facts, indent=2, ensure_ascii=False) + "\n").encode())
    return str(facts["owner"])


def lock_database_file(location: StorageLocation) -> int:
    """Lock a database file that several folders could name; the lock ends with the process."""
    path = f"{location.path}.lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise FileError(f"cannot lock {path}: {reason(error)}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        hint = "several searches need one on a server: postgresql+psycopg://USER@HOST/DATABASE"
        raise UsageError(f"another search works with {location.path} already", hint=hint) from None
    except OSError:
        # A disk without locks; the folder of the study has one that was taken.
        pass
    return descriptor


def _flatten_space(document: Mapping[str, Any]) -> dict[str, Any]:
    """What a space says, by key, without its comment."""
    flat: dict[str, Any] = {}
    for key, value in document.items():
        if isinstance(value, dict) and key in ("params", "paramSpace"):
            flat |= {f"{key} {inner}": json.dumps(one) for inner, one in value.items()}
        elif key != "comment":
            flat[key] = json.dumps(value)
    return flat


def _read_cpu_name() -> str:
    with suppress(OSError), open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or sys.platform
