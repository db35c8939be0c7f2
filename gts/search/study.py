"""One study, as the process that owns it works on it: asking for trials, telling what they came to, going on after a crash.

A trial has one of five states, and only this class moves it: waiting → running → complete, pruned or failed. A trial that was
begun and not told stays running for ever, and is the first to be handed out again by whoever opens the study next, with its
number, its values and its spec; so none is lost and none is begun twice. What has failed has a reason and no value.

A study in a file has one owner, who holds the lock of its folder. A study on a server may have many, each with a folder of
its own: a token in that folder says which trials are its. An owner must call `beat` more often than every five minutes; the
trials of one that does not are taken over by the others, and what it tells of them later counts for nothing.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import Any, Self

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState

from gts.errors import FormatError
from gts.formats.space_file import SearchSpace
from gts.formats.spec_file import format_spec, parse_spec
from gts.formats.strict_json import parse_json
from gts.params.spec import ParameterError, Spec
from gts.search import study_attributes as names
from gts.search.open_study import OpenStudy, open_or_create
from gts.search.samplers import make_pruner, make_sampler
from gts.search.search_space import count_grid_points, suggest_value
from gts.search.settings import SearchSettings
from gts.search.storage import GRACE_SECONDS, HEARTBEAT_SECONDS, RetryPolicy, lock_shared_study
from gts.search.study_reader import build_study_view, parse_spec_attribute
from gts.search.summary import summarize_study, write_study_summary
from gts.search.trial_reader import TrialCache
from gts.search.trial_records import Confirmation, StudyView, TrialRecord
from gts.store.workspace import StudyFolder
from gts.training.score import bootstrap_interval, interquartile_mean

_STARTED_STATES = (TrialState.RUNNING, TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
_ENDED_STATES = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
_MAX_REASON_LENGTH = 2000


@dataclass(frozen=True)
class TrialRef:
    """A trial that is to be trained."""

    number: int
    values: Mapping[str, Any]
    """What is searched, by file key."""
    spec: Spec
    """What to train."""


class Study:
    """A study, open; every call may take as long as a server is away. See the top of this file."""

    def __init__(self, folder: StudyFolder, opened: OpenStudy, space: SearchSpace, notes: list[str]) -> None:
        self._folder = folder
        self.space = space
        self.settings = opened.settings
        self.location = opened.location
        self._storage, self._study, self._owner_token = opened.storage, opened.study, opened.owner_token
        self._lock = opened.lock
        self._notes = notes
        self._seen_notes: set[str] = set(notes)
        self._retry = RetryPolicy(opened.location, self._add_note)
        self._open_trials: dict[int, optuna.trial.Trial] = {}
        self._last_beat = 0.0
        self._cache = TrialCache()
        self._target_trials = self.settings.trials
        if self.settings.sampler == "grid":
            self._target_trials = min(self._target_trials, count_grid_points(space))
        started_trials = self._retry(lambda: len(self._list_trials(_STARTED_STATES)))
        # A file has one owner at a time, and its draws can be repeated; on a server no two owners may draw alike.
        owner = self._owner_token if self.location.is_shared else ""
        self._study.sampler, remarks = self._retry(lambda: make_sampler(self.settings, space, started_trials, owner))
        self._study.pruner = make_pruner(self.settings, space)
        for remark in remarks:
            self._add_note(remark)

    @classmethod
    def create_or_load(
        cls, folder: StudyFolder, space: SearchSpace, *, storage: str | None, settings: SearchSettings | Mapping[str, Any]
    ) -> Self:
        """Open the study of a space, made where there is none; the caller holds the lock of its folder.

        `storage` is a file or an address; None: as before, or a file in the folder. `settings` may be a few of them only; the
        others stay as they were. Raises UsageError where the space or the settings do not fit, FileError where the storage
        cannot be used, WorkError where a server does not answer, MissingError without a library.
        """
        notes: list[str] = []
        return cls(
            folder, open_or_create(folder, space, storage=storage, settings=settings, on_note=notes.append), space, notes
        )

    @property
    def target_trials(self) -> int:
        """Trials that are begun in all."""
        return self._target_trials

    def take_notes(self) -> list[str]:
        """What there is to say since the last time, each thing once: changed settings, a server that was away, warnings."""
        notes, self._notes = self._notes, []
        return notes

    def close(self) -> None:
        """Let go of the storage; trials that were not told stay running."""
        self._storage.remove_session()
        self._storage.engine.dispose()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def claim_running_trials(self) -> list[TrialRef]:
        """Trials that were begun and not told, by number: to be gone on with, from their checkpoints where there are some."""
        refs = []
        while (ref := self._claim_next(self._find_abandoned_trial)) is not None:
            refs.append(ref)
        return sorted(refs, key=lambda ref: ref.number)

    def ask(self) -> TrialRef | None:
        """A trial to train; None where as many as wanted have been begun.

        One that somebody left comes first. A point that no spec can have becomes a failed trial, and the next one is asked for.
        """
        return self._claim_next(lambda: self._find_abandoned_trial() or self._ask_new_trial())

    def report(self, trial: TrialRef, step: int, value: float) -> None:
        """Say how far a trial is: environment steps of each seed, and its value there; what was said before stays.

        Nothing is kept of a value that is not finite, nor where there are two objectives.
        """
        open_trial = self._open_trials.get(trial.number)
        if open_trial is None or len(self.space.objective) > 1 or not math.isfinite(value):
            return
        if step not in self._retry(lambda: self._storage.get_trial(open_trial._trial_id)).intermediate_values:
            self._retry(lambda: open_trial.report(value, step))

    def should_prune(self, trial: TrialRef) -> bool:
        """Whether a trial should end here, by what was reported of it; never where it has all its steps behind it."""
        open_trial = self._open_trials.get(trial.number)
        if open_trial is None or not self._still_owns(open_trial._trial_id):
            return True
        if len(self.space.objective) > 1:
            return False
        frozen = self._retry(lambda: self._storage.get_trial(open_trial._trial_id))
        if frozen.last_step is None or frozen.last_step >= trial.spec.params.n_steps:
            return False
        return self._retry(open_trial.should_prune)

    def complete(self, trial: TrialRef, values: Sequence[float], details: Mapping[str, Any] | None = None) -> None:
        """Tell what a trial came to, a value an objective; `details` by the names of `gts.search.study_attributes`.

        A value that is not finite makes it a failed one.
        """
        if not all(math.isfinite(value) for value in values):
            self.fail(trial, f"its value is not a number: {', '.join(map(str, values))}")
            return
        self._finish_trial(trial, TrialState.COMPLETE, details or {}, [float(value) for value in values])

    def prune(self, trial: TrialRef, details: Mapping[str, Any] | None = None) -> None:
        """Tell that a trial was ended early; its value is the last one reported."""
        self._finish_trial(trial, TrialState.PRUNED, details or {})

    def fail(self, trial: TrialRef, reason: str, details: Mapping[str, Any] | None = None) -> None:
        """Tell that a trial has failed, and why; it has no value."""
        self._finish_trial(trial, TrialState.FAIL, {**(details or {}), names.REASON: reason[:_MAX_REASON_LENGTH]})

    def confirm(self, number: int, seeds: Sequence[int], values: Sequence[float]) -> Confirmation:
        """Keep what a trial came to when it was trained again on fresh seeds: a value of the first objective each."""
        array = np.asarray(values, np.float64)
        low, high = bootstrap_interval(array)
        result = Confirmation(tuple(seeds), tuple(map(float, values)), float(interquartile_mean(array)), low, high)
        plain = json.loads(json.dumps(asdict(result)))
        self._retry(lambda: self._study.set_user_attr(names.confirmation_key(number), plain))
        return result

    def send_heartbeat(self) -> None:
        """Show those who share the study that this owner lives, and its folder how far it is; as often as one likes."""
        if not self.location.is_shared or time.monotonic() - self._last_beat < HEARTBEAT_SECONDS / 2:
            return
        for trial in self._open_trials.values():
            self._record_heartbeat(trial._trial_id)
        self.read_view()
        self._last_beat = time.monotonic()

    def is_finished(self) -> bool:
        """Whether as many trials as wanted have ended."""
        return self._retry(lambda: len(self._list_trials(_ENDED_STATES))) >= self._target_trials

    def read_view(self) -> StudyView:
        """The study as it stands; of one on a server its folder keeps how far it is."""
        found = self._retry(self._build_view)
        if self.location.is_shared:
            write_study_summary(self._folder, summarize_study(found, self._target_trials))
        return found

    def _build_view(self) -> StudyView:
        return build_study_view(self._storage, self._study._study_id, self._study.study_name, self.location, self._cache)

    def best_trials(self, count: int = 1) -> list[TrialRecord]:
        """The best complete trials by the value of the search, best first; of the front where there are two objectives."""
        view = self.read_view()
        return (view.pareto_front() if len(self.space.objective) > 1 else view.ranked_trials())[:count]

    def pareto_front(self) -> list[TrialRecord]:
        """Complete trials that no other one beats in one objective without losing in another."""
        return self.read_view().pareto_front()

    def _claim_next(self, pick: Any) -> TrialRef | None:
        """The next trial that can be trained, opened; `pick` is called while other owners wait."""

        def take() -> optuna.trial.Trial | None:
            with lock_shared_study(self._storage, self.location, self._study.study_name):
                trial: optuna.trial.Trial | None = pick()
                if trial is not None:
                    if names.SPEC in trial.user_attrs and names.OWNER not in trial.user_attrs:
                        # Of the original program, whose specs do not say how long they train.
                        trial.set_user_attr(names.SPEC, "")
                    trial.set_user_attr(names.OWNER, self._owner_token)
                return trial

        while (trial := self._retry(take)) is not None:
            self._open_trials[trial.number] = trial
            if self.location.is_shared:
                self._record_heartbeat(trial._trial_id)
            try:
                return self._retry(partial(self._resolve_spec, trial))
            except (FormatError, ParameterError) as error:
                self._finish_trial_number(trial.number, TrialState.FAIL, {names.REASON: error.message[:_MAX_REASON_LENGTH]})
        return None

    def _find_abandoned_trial(self) -> optuna.trial.Trial | None:
        """A trial that somebody began and is no longer at: this owner's own, or of one that gives no sign of life."""
        stale: Sequence[int] = ()
        if self.location.is_shared:
            stale = self._storage._get_stale_trial_ids(self._study._study_id)
        for frozen in self._list_trials((TrialState.RUNNING,)):
            if frozen.number not in self._open_trials and (self._is_mine(frozen) or frozen._trial_id in stale):
                return optuna.trial.Trial(self._study, frozen._trial_id)
        return None

    def _ask_new_trial(self) -> optuna.trial.Trial | None:
        if len(self._list_trials(_STARTED_STATES)) >= self._target_trials:
            return None
        if self.location.is_shared and not self._list_trials((TrialState.WAITING,)):
            # Owned before it begins: one whose owner loses the server in this moment is found again.
            self._study.enqueue_trial({}, user_attrs={names.OWNER: self._owner_token})
        return self._study.ask()

    def _is_mine(self, frozen: FrozenTrial) -> bool:
        owner = frozen.user_attrs.get(names.OWNER)
        if not self.location.is_shared or owner == self._owner_token:
            return True
        began = frozen.datetime_start
        return owner is None and began is not None and (datetime.now() - began).total_seconds() > GRACE_SECONDS

    def _resolve_spec(self, trial: optuna.trial.Trial) -> TrialRef:
        """Draw what is not drawn yet, and keep the spec with the trial."""
        frozen = self._storage.get_trial(trial._trial_id)
        kept = parse_spec_attribute(frozen.user_attrs)
        if kept is not None:
            return TrialRef(
                trial.number, dict(frozen.params), parse_spec(parse_json(json.dumps(kept), f"trial {trial.number}"))
            )
        values: dict[str, Any] = {}
        for axis in self.space.ordered_parameters():
            if self.space.is_active(axis, values):
                values[axis.key] = suggest_value(trial, axis)
        spec = self.space.spec(values)
        trial.set_user_attr(names.PARAMS, dict(spec.given_values))
        trial.set_user_attr(names.SPEC, format_spec(spec))
        return TrialRef(trial.number, values, spec)

    def _finish_trial(
        self, trial: TrialRef, state: TrialState, details: Mapping[str, Any], values: list[float] | None = None
    ) -> None:
        self._finish_trial_number(trial.number, state, details, values)

    def _finish_trial_number(
        self, number: int, state: TrialState, details: Mapping[str, Any], values: list[float] | None = None
    ) -> None:
        trial = self._open_trials.pop(number, None)
        if trial is None or not self._still_owns(trial._trial_id):
            return
        try:
            for key, value in details.items():
                self._retry(partial(trial.set_user_attr, key, json.loads(json.dumps(value))))
            # Where the answer to the first try was lost, the second one finds it done.
            self._retry(lambda: self._study.tell(trial, values, state, skip_if_finished=True))
        except BaseException:
            self._open_trials[number] = trial
            raise

    def _still_owns(self, trial_id: int) -> bool:
        """Whether a trial is still this owner's to tell of."""
        if not self.location.is_shared:
            return True
        frozen = self._retry(lambda: self._storage.get_trial(trial_id))
        return frozen.state == TrialState.RUNNING and frozen.user_attrs.get(names.OWNER) == self._owner_token

    def _record_heartbeat(self, trial_id: int) -> None:
        self._retry(lambda: self._storage.record_heartbeat(trial_id))

    def _list_trials(self, states: tuple[TrialState, ...]) -> list[FrozenTrial]:
        return self._study._storage.get_all_trials(self._study._study_id, deepcopy=False, states=states)

    def _add_note(self, text: str) -> None:
        if text not in self._seen_notes:
            self._seen_notes.add(text)
            self._notes.append(text)
