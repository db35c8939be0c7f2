"""Read a study, also while its owner works on it: takes no lock, writes nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.storages import RDBStorage
from optuna.trial import TrialState

from gts.errors import FileError, GtsError, UsageError
from gts.search.settings import SearchSettings
from gts.search.storage import RetryPolicy, opened_storage
from gts.search.storage_url import StorageLocation, parse_storage_url, split_study_name
from gts.search.study_file import (
    MACHINE_INFO_ATTRIBUTE,
    REASON_ATTRIBUTE,
    SECONDS_ATTRIBUTE,
    SEED_VALUES_ATTRIBUTE,
    SETTINGS_ATTRIBUTE,
    SPACE_ATTRIBUTE,
    SPEC_ATTRIBUTE,
    STEPS_ATTRIBUTE,
    confirmation_attribute,
    read_study_file,
)
from gts.search.trial_reader import StoredTrial, TrialCache, read_stored_trials
from gts.search.trial_records import (
    OPTUNA_STATE_NAMES,
    Confirmation,
    ParameterDomain,
    StudyView,
    TrialRecord,
    TrialStateName,
)
from gts.store.workspace import StudyFolder, Workspace

STATE_NAMES: Mapping[TrialState, TrialStateName] = {TrialState[name]: state for state, name in OPTUNA_STATE_NAMES.items()}
_READ_RETRY_SECONDS = 5.0


def read_study(location: StorageLocation, name: str = "", *, cache: TrialCache | None = None) -> StudyView:
    """Read the present state of a study; `name` is needed only if the storage holds several studies.

    `cache` makes repeated reads of one study fast. Raises FileError if the study does not exist, UsageError if the name is
    ambiguous, WorkError if the server does not answer.
    """
    with opened_storage(location, read_only=True) as storage:
        retry = RetryPolicy(location, lambda text: None, seconds=_READ_RETRY_SECONDS if location.is_shared else 0.0)
        found = [study.study_name for study in retry(storage.get_all_studies)]
        if not found or (name and name not in found):
            known = f"it has {_format_names(found)}" if found else "the database has no study"
            raise FileError(f"there is no study{f' `{name}`' if name else ''} in {location.display_url}", hint=known)
        if not name and len(found) > 1:
            hint = f"name it: {location.display_url}#{found[0]}"
            raise UsageError(f"there are {len(found)} studies in {location.display_url}: {_format_names(found)}", hint=hint)
        name = name or found[0]
        return retry(lambda: build_study_view(storage, storage.get_study_id_from_name(name), name, location, cache))


def read_study_by_reference(workspace: Workspace, reference: str, *, cache: TrialCache | None = None) -> StudyView:
    """Read the study that `reference` names: a name in the workspace, a folder, a database file or a server's URL.

    `FILE#NAME` and `URL#NAME` choose one of several studies in a storage. Raises as `read_study`.
    """
    storage, name = split_study_name(reference)
    if "://" in reference:
        return read_study(parse_storage_url(storage), name, cache=cache)
    folder = workspace.study_folder(reference)
    if not reference.startswith((".", "/", "~")) and folder.path.is_dir():
        return read_study(*locate_study_storage(folder), cache=cache)
    for candidate, study in ((Path(reference), ""), (Path(storage), name)):
        for path in (candidate.expanduser(), workspace.root / candidate):
            if path.is_dir():
                return read_study(*locate_study_storage(StudyFolder(path.absolute())), cache=cache)
            if path.is_file():
                return read_study(StorageLocation(path), study, cache=cache)
    raise FileError(f"there is no study `{reference}`", hint=_suggest_study(workspace, reference))


def locate_study_storage(folder: StudyFolder) -> tuple[StorageLocation, str]:
    """Storage of a study's folder and the study's name in it; without a study file the folder's database and no name."""
    stored = read_study_file(folder)
    return (stored.location(folder), stored.name) if stored else (StorageLocation(folder.database), "")


def build_study_view(
    storage: RDBStorage, study_id: int, name: str, location: StorageLocation, cache: TrialCache | None = None
) -> StudyView:
    """View of a study in an open storage."""
    user_attrs = storage.get_study_user_attrs(study_id)
    trials = read_stored_trials(storage, study_id, cache)
    newest = {key: distribution for trial in trials for key, distribution in trial.distributions.items()}
    space = user_attrs.get(SPACE_ATTRIBUTE)
    return StudyView(
        name=name,
        storage=location.display_url,
        maximised=tuple(direction.name != "MINIMIZE" for direction in storage.get_study_directions(study_id)),
        trials=tuple(
            _get_cached_record(trial, user_attrs.get(confirmation_attribute(trial.header.number)), cache) for trial in trials
        ),
        domains={key: _make_domain(key, distribution) for key, distribution in newest.items()},
        space=space if isinstance(space, dict) else None,
        settings=_parse_settings(user_attrs.get(SETTINGS_ATTRIBUTE)),
        machine_info=user_attrs.get(MACHINE_INFO_ATTRIBUTE),
    )


def parse_spec_attribute(user_attrs: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Document of a trial's spec; None if it was not stored."""
    text = user_attrs.get(SPEC_ATTRIBUTE)
    with suppress(ValueError):
        found = json.loads(text) if isinstance(text, str) else text
        return found if isinstance(found, dict) else None
    return None


def _get_cached_record(trial: StoredTrial, confirmed: Any, cache: TrialCache | None) -> TrialRecord:
    """Record of a trial, from the cache unless the trial or its confirmation has changed."""
    if cache is None:
        return _make_record(trial, confirmed)
    before = cache.records.get(trial.header.number)
    if before is None or before[0] is not trial or before[1] != confirmed:
        before = cache.records[trial.header.number] = trial, confirmed, _make_record(trial, confirmed)
    return before[2]


def _make_record(trial: StoredTrial, confirmed: Any) -> TrialRecord:
    user_attrs, started, ended = trial.user_attrs, trial.header.started, trial.header.ended
    seconds = user_attrs.get(SECONDS_ATTRIBUTE)
    if seconds is None and started and ended:
        seconds = (ended - started).total_seconds()
    return TrialRecord(
        number=trial.header.number,
        state=STATE_NAMES[trial.header.state],
        values=_final_values(trial),
        params=trial.params,
        curve=trial.curve,
        started=_format_timestamp(started),
        ended=_format_timestamp(ended),
        seconds=seconds,
        steps=user_attrs.get(STEPS_ATTRIBUTE),
        seed_values=tuple(user_attrs.get(SEED_VALUES_ATTRIBUTE) or ()),
        reason=str(
            user_attrs.get(REASON_ATTRIBUTE) or ("failed without a reason" if trial.header.state == TrialState.FAIL else "")
        ),
        spec=parse_spec_attribute(user_attrs),
        confirmed=_parse_confirmation(confirmed),
    )


def _final_values(trial: StoredTrial) -> tuple[float, ...]:
    return trial.values if trial.header.state in (TrialState.COMPLETE, TrialState.PRUNED) else ()


def _make_domain(key: str, distribution: BaseDistribution) -> ParameterDomain:
    if isinstance(distribution, CategoricalDistribution):
        return ParameterDomain(key, choices=tuple(distribution.choices))
    numeric: Any = distribution
    is_integer = isinstance(distribution, IntDistribution)
    return ParameterDomain(key, (), numeric.low, numeric.high, numeric.log, is_integer, numeric.step)


def _parse_confirmation(stored: Any) -> Confirmation | None:
    with suppress(TypeError, KeyError, ValueError):
        iqm, low, high = (float(stored[number]) for number in ("iqm", "low", "high"))
        return Confirmation(tuple(map(int, stored["seeds"])), tuple(map(float, stored["values"])), iqm, low, high)
    return None


def _parse_settings(stored: Any) -> SearchSettings | None:
    with suppress(TypeError, AttributeError, GtsError):
        return SearchSettings.from_dict(stored)
    return None


def _format_timestamp(time: datetime | None) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if time else ""


def _format_names(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:5])
    return shown + (", …" if len(names) > 5 else "")


def _suggest_study(workspace: Workspace, reference: str) -> str:
    known = workspace.study_names()
    if not known:
        return "search first: gts search FILE.space; or name a database file or the URL of a server"
    import difflib

    close = difflib.get_close_matches(reference, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else f"studies here: {_format_names(known)}"
