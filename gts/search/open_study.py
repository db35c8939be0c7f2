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
from gts.errors import FileError, UsageError
from gts.formats.durable import write_durably
from gts.formats.objectives import objective_document
from gts.formats.space_file import Space
from gts.search import study_attributes as names
from gts.search.samplers import check_fit
from gts.search.search_space import defaults_inside, distribution_of
from gts.search.settings import Settings, differences
from gts.search.storage import Patience, alone, open_storage
from gts.search.storage_url import Place, place_of
from gts.search.study_reader import stored_at
from gts.store.workspace import StudyFolder
from gts.system.threads import available_cpus

_FORMAT = 1
_AGAIN = "begin again with --reset, or give the space another name"
_OPENING_SECONDS = 30.0
"""How long a server may take to answer first: after a power cut it begins when this machine does."""
_LIBRARIES = ("torch", "mujoco", "gymnasium", "numpy", "optuna")


@dataclass(frozen=True)
class Founded:
    """A study that can be worked on."""

    place: Place
    storage: RDBStorage
    study: optuna.Study
    settings: Settings
    owner: str
    """Token of the folder: which trials of a shared study are its own."""
    lock: int | None
    """Descriptor of a lock on a database that lies outside of the study's folder."""


def found(
    folder: StudyFolder,
    space: Space,
    *,
    storage: str | None,
    settings: Settings | Mapping[str, Any],
    say: Callable[[str], None],
) -> Founded:
    """Make a study, or find it again; `say` is told what has changed since. Raises as `Study.create_or_load`."""
    place = _place(folder, storage)
    lock = hold_file(place) if place.path is not None and place.path != folder.database else None
    try:
        _make_folder(folder)
        store = open_storage(place, patience=Patience(place, say, seconds=_OPENING_SECONDS))
        name = space.name

        def begin() -> tuple[optuna.Study, Settings]:
            with alone(store, place, name):
                return _begin(store, name, space, settings, say)

        study, chosen = Patience(place, say)(begin)
        owner = _write_facts(folder, space, place)
    except BaseException:
        if lock is not None:
            os.close(lock)
        raise
    return Founded(place, store, study, chosen, owner, lock)


def circumstances() -> dict[str, Any]:
    """Versions and machine, as a study keeps them."""
    versions = {"gts": __version__, "python": platform.python_version()}
    for library in _LIBRARIES:
        with suppress(PackageNotFoundError):
            versions[library] = version(library)
    machine = {"cpus": available_cpus(), "processor": _processor(), "system": f"{platform.system()} {platform.machine()}"}
    return {"versions": versions, "machine": machine}


def _begin(
    store: RDBStorage, name: str, space: Space, asked: Settings | Mapping[str, Any], say: Callable[[str], None]
) -> tuple[optuna.Study, Settings]:
    known = {study.study_name: study._study_id for study in store.get_all_studies()}
    before = store.get_study_user_attrs(known[name]) if name in known else {}
    stored = Settings.from_dict(before[names.SETTINGS]) if names.SETTINGS in before else None
    chosen = asked if isinstance(asked, Settings) else replace(stored or Settings(), **asked)
    check_fit(chosen, space)
    if name in known:
        _check_same(store, known[name], before.get(names.SPACE), space)
    directions = [StudyDirection.MAXIMIZE] * len(space.objective)
    study = optuna.create_study(storage=store, study_name=name, directions=directions, load_if_exists=True)
    for text in differences(stored.as_dict() if stored else chosen.as_dict(), chosen.as_dict()):
        say(text)
    if names.SPACE in before:
        for text in differences(_flat(before[names.SPACE]), _flat(space.document())):
            say(f"the space has changed: {text}")
    document = json.loads(json.dumps(space.document()))
    for key, value in ((names.SPACE, document), (names.SETTINGS, chosen.as_dict())):
        if before.get(key) != value:
            study.set_user_attr(key, value)
    if names.CIRCUMSTANCES not in before:
        study.set_user_attr(names.CIRCUMSTANCES, circumstances())
    usual = defaults_inside(space)
    if usual and not study.get_trials(deepcopy=False):
        study.enqueue_trial(usual)
    return study, chosen


def _check_same(store: RDBStorage, study_id: int, before: Any, space: Space) -> None:
    """Refuse what would make the trials of a study incomparable, or what its storage cannot hold."""
    directions = [direction.name for direction in store.get_study_directions(study_id)]
    if len(directions) != len(space.objective) or "MINIMIZE" in directions:
        raise UsageError(f"the study `{space.name}` has other objectives than the space", hint=_AGAIN)
    trials = store.get_all_trials(study_id, deepcopy=False)
    if not trials:
        return
    if isinstance(before, dict):
        now = {"physicalModel": space.figure, "technique": space.technique, "objective": objective_document(space.objective)}
        for key, value in now.items():
            if before.get(key, "score") != value:
                said = json.dumps(before.get(key, "score"))
                raise UsageError(f"the trials of `{space.name}` were made with the {key} {said}", hint=_AGAIN)
    drawn = {key: known for trial in trials for key, known in trial.distributions.items()}
    for axis in space.param_space:
        try:
            if axis.key in drawn:
                check_distribution_compatibility(drawn[axis.key], distribution_of(axis))
        except ValueError:
            message = f"the values that `{axis.key}` can take have changed since the study `{space.name}` began"
            raise UsageError(message, hint=_AGAIN) from None


def _place(folder: StudyFolder, storage: str | None) -> Place:
    if storage:
        place = place_of(storage)
        return Place(place.path.absolute()) if place.path is not None else place
    return stored_at(folder)[0]


def _make_folder(folder: StudyFolder) -> None:
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot make the folder {folder.path}: {(error.strerror or str(error)).lower()}") from error


def _write_facts(folder: StudyFolder, space: Space, place: Place) -> str:
    """Write down what is searched and where its trials are; the folder's token, which stays the same."""
    before: dict[str, Any] = {}
    with suppress(OSError, ValueError):
        said = json.loads(folder.facts.read_bytes())
        before = said if isinstance(said, dict) else {}
    facts = {
        "format": _FORMAT,
        "name": space.name,
        # Never a password: it would lie in a file for as long as the study does.
        "storage": "" if place.path == folder.database else place.shown,
        "owner": before.get("owner") or secrets.token_hex(8),
        "created": before.get("created") or datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "space": space.document(),
    }
    if facts != before:
        write_durably(folder.facts, (json.dumps(facts, indent=2, ensure_ascii=False) + "\n").encode())
    return str(facts["owner"])


def hold_file(place: Place) -> int:
    """Lock a database file that several folders could name; the lock ends with the process."""
    path = f"{place.path}.lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise FileError(f"cannot lock {path}: {(error.strerror or str(error)).lower()}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        hint = "several searches need one on a server: postgresql+psycopg://USER@HOST/DATABASE"
        raise UsageError(f"another search works with {place.path} already", hint=hint) from None
    except OSError:
        # A disk without locks; the folder of the study has one that was taken.
        pass
    return descriptor


def _flat(document: Mapping[str, Any]) -> dict[str, Any]:
    """What a space says, by key, without its comment."""
    flat: dict[str, Any] = {}
    for key, value in document.items():
        if isinstance(value, dict) and key in ("params", "paramSpace"):
            flat |= {f"{key} {inner}": json.dumps(one) for inner, one in value.items()}
        elif key != "comment":
            flat[key] = json.dumps(value)
    return flat


def _processor() -> str:
    with suppress(OSError), open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or sys.platform
