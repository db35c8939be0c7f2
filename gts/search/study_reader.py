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
from gts.search.settings import Settings
from gts.search.storage import Patience, open_storage
from gts.search.storage_url import Place, place_of, split_name
from gts.search.trial_reader import Memory, StoredTrial, stored_trials
from gts.search.trial_records import Confirmed, Domain, StudyView, TrialRow
from gts.search.trial_records import TrialState as Word
from gts.store.workspace import StudyFolder, Workspace

_WORDS: Mapping[TrialState, Word] = {
    TrialState.WAITING: "waiting",
    TrialState.RUNNING: "running",
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
}
_READ_SECONDS = 5.0


def read_trials(place: Place, name: str = "", *, memory: Memory | None = None) -> StudyView:
    """A study as it stands; `name` is needed only where a storage holds several, `memory` where it is read again and again.

    Raises FileError where there is none, UsageError where the name says too little, WorkError where a server does not answer.
    """
    storage = open_storage(place, read_only=True)
    try:
        # A look is not worth a long wait.
        patiently = Patience(place, lambda text: None, seconds=_READ_SECONDS if place.shared else 0.0)
        studies = patiently(storage.get_all_studies)
        found = {study.study_name: study._study_id for study in studies}
        if not found or (name and name not in found):
            known = f"it has {_listed(found)}" if found else "the database has no study"
            raise FileError(f"there is no study{f' `{name}`' if name else ''} in {place.shown}", hint=known)
        if not name and len(found) > 1:
            hint = f"name it: {place.shown}#{next(iter(found))}"
            raise UsageError(f"there are {len(found)} studies in {place.shown}: {_listed(found)}", hint=hint)
        name = name or next(iter(found))
        return patiently(lambda: view_of(storage, found[name], name, place, memory))
    finally:
        storage.remove_session()
        storage.engine.dispose()


def read_named(workspace: Workspace, word: str, *, memory: Memory | None = None) -> StudyView:
    """The study that a word names: its name in the workspace, its folder, a database file, the address of a server.

    `FILE#NAME` and `URL#NAME` name one of several studies in a storage. Raises as `read_trials`.
    """
    storage, name = split_name(word)
    if "://" in word:
        return read_trials(place_of(storage), name, memory=memory)
    folder = workspace.study(word)
    if not word.startswith((".", "/", "~")) and folder.path.is_dir():
        return read_trials(*stored_at(folder), memory=memory)
    for candidate, of in ((Path(word), ""), (Path(storage), name)):
        for path in (candidate.expanduser(), workspace.root / candidate):
            if path.is_dir():
                return read_trials(*stored_at(StudyFolder(path.absolute())), memory=memory)
            if path.is_file():
                return read_trials(Place(path), of, memory=memory)
    raise FileError(f"there is no study `{word}`", hint=_nearest(workspace, word))


def stored_at(folder: StudyFolder) -> tuple[Place, str]:
    """The storage of a study's folder, and the study's name in it."""
    with suppress(OSError, ValueError, KeyError, TypeError, GtsError):
        facts = json.loads(folder.facts.read_bytes())
        name = str(facts["name"])
        return (place_of(facts["storage"]) if facts["storage"] else Place(folder.database)), name
    return Place(folder.database), ""


def view_of(storage: RDBStorage, study_id: int, name: str, place: Place, memory: Memory | None = None) -> StudyView:
    """A study of an open storage."""
    about = storage.get_study_user_attrs(study_id)
    trials = stored_trials(storage, study_id, memory)
    newest = {key: drawn for trial in trials for key, drawn in trial.distributions.items()}
    space = about.get(names.SPACE)
    return StudyView(
        name=name,
        storage=place.shown,
        maximised=tuple(direction.name != "MINIMIZE" for direction in storage.get_study_directions(study_id)),
        trials=tuple(_remembered(trial, about.get(names.confirmed(trial.head.number)), memory) for trial in trials),
        domains={key: _domain(key, drawn) for key, drawn in newest.items()},
        space=space if isinstance(space, dict) else None,
        settings=_settings(about.get(names.SETTINGS)),
        circumstances=about.get(names.CIRCUMSTANCES),
    )


def spec_document(attributes: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The spec of a trial, as its file has it; None where it was not kept."""
    text = attributes.get(names.SPEC)
    with suppress(ValueError):
        found = json.loads(text) if isinstance(text, str) else text
        return found if isinstance(found, dict) else None
    return None


def _remembered(trial: StoredTrial, confirmed: Any, memory: Memory | None) -> TrialRow:
    """The row of a trial, made anew only where the trial or its confirming is not what it was."""
    if memory is None:
        return _row(trial, confirmed)
    before = memory.rows.get(trial.head.number)
    if before is None or before[0] is not trial or before[1] != confirmed:
        before = memory.rows[trial.head.number] = trial, confirmed, _row(trial, confirmed)
    return before[2]


def _row(trial: StoredTrial, confirmed: Any) -> TrialRow:
    said, started, ended = trial.user_attrs, trial.head.started, trial.head.ended
    seconds = said.get(names.SECONDS)
    if seconds is None and started and ended:
        seconds = (ended - started).total_seconds()
    return TrialRow(
        number=trial.head.number,
        state=_WORDS[trial.head.state],
        values=_values(trial),
        params=trial.params,
        curve=trial.curve,
        started=_moment(started),
        ended=_moment(ended),
        seconds=seconds,
        steps=said.get(names.STEPS),
        seed_values=tuple(said.get(names.SEED_VALUES) or ()),
        reason=str(said.get(names.REASON) or ("it ended without a reason" if trial.head.state == TrialState.FAIL else "")),
        spec=spec_document(said),
        confirmed=_confirmed(confirmed),
    )


def _values(trial: StoredTrial) -> tuple[float, ...]:
    return trial.values if trial.head.state in (TrialState.COMPLETE, TrialState.PRUNED) else ()


def _domain(key: str, known: BaseDistribution) -> Domain:
    if isinstance(known, CategoricalDistribution):
        return Domain(key, choices=tuple(known.choices))
    one: Any = known
    return Domain(key, (), one.low, one.high, one.log, isinstance(known, IntDistribution), one.step)


def _confirmed(said: Any) -> Confirmed | None:
    with suppress(TypeError, KeyError, ValueError):
        iqm, low, high = (float(said[number]) for number in ("iqm", "low", "high"))
        return Confirmed(tuple(map(int, said["seeds"])), tuple(map(float, said["values"])), iqm, low, high)
    return None


def _settings(said: Any) -> Settings | None:
    with suppress(TypeError, AttributeError, GtsError):
        return Settings.from_dict(said)
    return None


def _moment(when: datetime | None) -> str:
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if when else ""


def _listed(found: Mapping[str, int] | Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in list(found)[:5])
    return shown + (", …" if len(found) > 5 else "")


def _nearest(workspace: Workspace, word: str) -> str:
    known = workspace.study_names()
    if not known:
        return "search first: gts search FILE.space; or name a database file or the address of a server"
    import difflib

    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else f"studies here: {_listed(known)}"
