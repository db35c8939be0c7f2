"""Reading a study that others work on: nobody is locked out, nothing is written."""

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
from gts.search import study_attributes as names
from gts.search.settings import SearchSettings
from gts.search.storage import RetryPolicy, open_storage
from gts.search.storage_url import StorageLocation, parse_storage_url, split_study_name
from gts.search.trial_reader import StoredTrial, TrialCache, read_stored_trials
from gts.search.trial_records import Confirmation, ParameterDomain, StudyView, TrialRecord
from gts.search.trial_records import TrialStateName as Word
from gts.store.workspace import StudyFolder, Workspace

_STATE_NAMES: Mapping[TrialState, Word] = {
    TrialState.WAITING: "waiting",
    TrialState.RUNNING: "running",
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
}
_READ_RETRY_SECONDS = 5.0


def read_study(location: StorageLocation, name: str = "", *, cache: TrialCache | None = None) -> StudyView:
    """A study as it stands; `name` is needed only where a storage holds several, `memory` where it is read again and again.

    Raises FileError where there is none, UsageError where the name says too little, WorkError where a server does not answer.
    """
    storage = open_storage(location, read_only=True)
    try:
        # A look is not worth a long wait.
        retry = RetryPolicy(location, lambda text: None, seconds=_READ_RETRY_SECONDS if location.is_shared else 0.0)
        studies = retry(storage.get_all_studies)
        found = {study.study_name: study._study_id for study in studies}
        if not found or (name and name not in found):
            known = f"it has {_format_names(found)}" if found else "the database has no study"
            raise FileError(f"there is no study{f' `{name}`' if name else ''} in {location.display_url}", hint=known)
        if not name and len(found) > 1:
            hint = f"name it: {location.display_url}#{next(iter(found))}"
            raise UsageError(f"there are {len(found)} studies in {location.display_url}: {_format_names(found)}", hint=hint)
        name = name or next(iter(found))
        return retry(lambda: build_study_view(storage, found[name], name, location, cache))
    finally:
        storage.remove_session()
        storage.engine.dispose()


def read_study_by_reference(workspace: Workspace, reference: str, *, cache: TrialCache | None = None) -> StudyView:
    """The study that a word names: its name in the workspace, its folder, a database file, the address of a server.

    `FILE#NAME` and `URL#NAME` name one of several studies in a storage. Raises as `read_study`.
    """
    storage, name = split_study_name(reference)
    if "://" in reference:
        return read_study(parse_storage_url(storage), name, cache=cache)
    folder = workspace.study_folder(reference)
    if not reference.startswith((".", "/", "~")) and folder.path.is_dir():
        return read_study(*locate_study_storage(folder), cache=cache)
    for candidate, of in ((Path(reference), ""), (Path(storage), name)):
        for path in (candidate.expanduser(), workspace.root / candidate):
            if path.is_dir():
                return read_study(*locate_study_storage(StudyFolder(path.absolute())), cache=cache)
            if path.is_file():
                return read_study(StorageLocation(path), of, cache=cache)
    raise FileError(f"there is no study `{reference}`", hint=_suggest_study(workspace, reference))


def locate_study_storage(folder: StudyFolder) -> tuple[StorageLocation, str]:
    """The storage of a study's folder, and the study's name in it."""
    with suppress(OSError, ValueError, KeyError, TypeError, GtsError):
        facts = json.loads(folder.study_file.read_bytes())
        name = str(facts["name"])
        return (parse_storage_url(facts["storage"]) if facts["storage"] else StorageLocation(folder.database)), name
    return StorageLocation(folder.database), ""


def build_study_view(
    storage: RDBStorage, study_id: int, name: str, location: StorageLocation, cache: TrialCache | None = None
) -> StudyView:
    """A study of an open storage."""
    user_attrs = storage.get_study_user_attrs(study_id)
    trials = read_stored_trials(storage, study_id, cache)
    newest = {key: drawn for trial in trials for key, drawn in trial.distributions.items()}
    space = user_attrs.get(names.SPACE)
    return StudyView(
        name=name,
        storage=location.display_url,
        maximised=tuple(direction.name != "MINIMIZE" for direction in storage.get_study_directions(study_id)),
        trials=tuple(
            _get_cached_record(trial, user_attrs.get(names.confirmation_key(trial.header.number)), cache) for trial in trials
        ),
        domains={key: _make_domain(key, drawn) for key, drawn in newest.items()},
        space=space if isinstance(space, dict) else None,
        settings=_parse_settings(user_attrs.get(names.SETTINGS)),
        machine_info=user_attrs.get(names.MACHINE_INFO),
    )


def parse_spec_attribute(user_attrs: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The spec of a trial, as its file has it; None where it was not kept."""
    text = user_attrs.get(names.SPEC)
    with suppress(ValueError):
        found = json.loads(text) if isinstance(text, str) else text
        return found if isinstance(found, dict) else None
    return None


def _get_cached_record(trial: StoredTrial, confirmed: Any, cache: TrialCache | None) -> TrialRecord:
    """The row of a trial, made anew only where the trial or its confirming is not what it was."""
    if cache is None:
        return _make_record(trial, confirmed)
    before = cache.records.get(trial.header.number)
    if before is None or before[0] is not trial or before[1] != confirmed:
        before = cache.records[trial.header.number] = trial, confirmed, _make_record(trial, confirmed)
    return before[2]


def _make_record(trial: StoredTrial, confirmed: Any) -> TrialRecord:
    user_attrs, started, ended = trial.user_attrs, trial.header.started, trial.header.ended
    seconds = user_attrs.get(names.SECONDS)
    if seconds is None and started and ended:
        seconds = (ended - started).total_seconds()
    return TrialRecord(
        number=trial.header.number,
        state=_STATE_NAMES[trial.header.state],
        values=_final_values(trial),
        params=trial.params,
        curve=trial.curve,
        started=_format_timestamp(started),
        ended=_format_timestamp(ended),
        seconds=seconds,
        steps=user_attrs.get(names.STEPS),
        seed_values=tuple(user_attrs.get(names.SEED_VALUES) or ()),
        reason=str(
            user_attrs.get(names.REASON) or ("it ended without a reason" if trial.header.state == TrialState.FAIL else "")
        ),
        spec=parse_spec_attribute(user_attrs),
        confirmed=_parse_confirmation(confirmed),
    )


def _final_values(trial: StoredTrial) -> tuple[float, ...]:
    return trial.values if trial.header.state in (TrialState.COMPLETE, TrialState.PRUNED) else ()


def _make_domain(key: str, distribution: BaseDistribution) -> ParameterDomain:
    if isinstance(distribution, CategoricalDistribution):
        return ParameterDomain(key, choices=tuple(distribution.choices))
    one: Any = distribution
    return ParameterDomain(key, (), one.low, one.high, one.log, isinstance(distribution, IntDistribution), one.step)


def _parse_confirmation(stored: Any) -> Confirmation | None:
    with suppress(TypeError, KeyError, ValueError):
        iqm, low, high = (float(stored[number]) for number in ("iqm", "low", "high"))
        return Confirmation(tuple(map(int, stored["seeds"])), tuple(map(float, stored["values"])), iqm, low, high)
    return None


def _parse_settings(stored: Any) -> SearchSettings | None:
    with suppress(TypeError, AttributeError, GtsError):
        return SearchSettings.from_dict(stored)
    return None


def _format_timestamp(when: datetime | None) -> str:
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if when else ""


def _format_names(found: Mapping[str, int] | Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in list(found)[:5])
    return shown + (", …" if len(found) > 5 else "")


def _suggest_study(workspace: Workspace, reference: str) -> str:
    known = workspace.study_names()
    if not known:
        return "search first: gts search FILE.space; or name a database file or the address of a server"
    import difflib

    close = difflib.get_close_matches(reference, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else f"studies here: {_format_names(known)}"
