"""A study opened by its owner: ask for trials, report and finish them, resume after a crash.

A trial has one of five states, and only this class changes them: waiting → running → complete, pruned or failed. A trial that
was started and not finished stays running. The next owner gets it first, with its number, values and spec, so that no trial is
lost or started twice. A failed trial has a reason and no value.

A study in a file has one owner, which holds the lock of its folder. A study on a server may have several, each with a folder
of its own, whose token marks its trials. An owner must call `send_heartbeat` more often than every five minutes; otherwise
other owners take its trials over, and its later results for them are ignored.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
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
from gts.search.open_study import OpenStudy, open_or_create
from gts.search.optuna_internals import get_trial_id, list_stale_trial_ids, reopen_trial
from gts.search.samplers import make_pruner, make_sampler
from gts.search.search_space import count_grid_points, suggest_value
from gts.search.settings import SearchSettings
from gts.search.storage import GRACE_SECONDS, HEARTBEAT_SECONDS, RetryPolicy, close_storage, lock_shared_study
from gts.search.study_file import (
    OWNER_ATTRIBUTE,
    PARAMS_ATTRIBUTE,
    REASON_ATTRIBUTE,
    SPEC_ATTRIBUTE,
    confirmation_attribute,
)
from gts.search.study_reader import STATE_NAMES, build_study_view, parse_spec_attribute
from gts.search.summary import summarize_study, write_study_summary
from gts.search.trial_reader import TrialCache
from gts.search.trial_records import ENDED_STATES, Confirmation, StudyView, TrialRecord
from gts.store.workspace import StudyFolder
from gts.training.score import bootstrap_interval, interquartile_mean

_STARTED_STATES = tuple(state for state, name in STATE_NAMES.items() if name != "waiting")
_ENDED_STATES = tuple(state for state, name in STATE_NAMES.items() if name in ENDED_STATES)
_MAX_REASON_LENGTH = 2000


@dataclass(frozen=True)
class TrialRef:
    """A trial to train."""

    number: int
    values: Mapping[str, Any]
    """Sampled values, by file key."""
    spec: Spec


class Study:
    """An open study; a call blocks while its server is unreachable. See the top of this file."""

    def __init__(self, folder: StudyFolder, opened: OpenStudy, space: SearchSpace, notes: list[str]) -> None:
        self._folder = folder
        self.space = space
        self.settings = opened.settings
        self.location = opened.location
        self._storage, self._study, self._owner_token = opened.storage, opened.study, opened.owner_token
        self._name = opened.study.study_name
        self._lock = opened.lock
        self._notes = notes
        self._seen_notes: set[str] = set(notes)
        self._retry = RetryPolicy(opened.location, self._add_note)
        self._study_id = self._retry(lambda: self._storage.get_study_id_from_name(self._name))
        self._open_trials: dict[int, optuna.trial.Trial] = {}
        self._last_beat = 0.0
        self._cache = TrialCache()
        self._target_trials = self.settings.trials
        if self.settings.sampler == "grid":
            self._target_trials = min(self._target_trials, count_grid_points(space))
        started_trials = self._retry(lambda: len(self._list_trials(_STARTED_STATES)))
        # The one owner of a file samples reproducibly; owners that share a server must not sample the same points.
        owner = self._owner_token if self.location.is_shared else ""
        self._study.sampler, sampler_notes = self._retry(lambda: make_sampler(self.settings, space, started_trials, owner))
        self._study.pruner = make_pruner(self.settings, space)
        for note in sampler_notes:
            self._add_note(note)

    @classmethod
    def create_or_load(
        cls, folder: StudyFolder, space: SearchSpace, *, storage: str | None, settings: SearchSettings | Mapping[str, Any]
    ) -> Self:
        """Open the study of a space, or create it; the caller holds the lock of its folder.

        `storage` is a file or a URL; None keeps the stored one, or uses a file in the folder. `settings` may be partial; the
        others keep their stored values. Raises UsageError if the space or the settings do not fit, FileError if the storage
        cannot be used, WorkError if the server does not answer, MissingError without a library.
        """
        notes: list[str] = []
        return cls(
            folder, open_or_create(folder, space, storage=storage, settings=settings, on_note=notes.append), space, notes
        )

    @property
    def target_trials(self) -> int:
        """Number of trials to start."""
        return self._target_trials

    def take_notes(self) -> list[str]:
        """Return new notes, each once: changed settings, an unreachable server, warnings."""
        notes, self._notes = self._notes, []
        return notes

    def close(self) -> None:
        """Close the storage; unfinished trials stay running."""
        close_storage(self._storage)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def claim_running_trials(self) -> list[TrialRef]:
        """Take unfinished trials back, ordered by number, to resume them from their checkpoints."""
        refs = []
        while (ref := self._claim_next(self._find_abandoned_trial)) is not None:
            refs.append(ref)
        return sorted(refs, key=lambda ref: ref.number)

    def ask(self) -> TrialRef | None:
        """Return a trial to train; None if the target number has been started.

        Abandoned trials come first. A point that makes no valid spec becomes a failed trial, and the next one is asked for.
        """
        return self._claim_next(lambda: self._find_abandoned_trial() or self._ask_new_trial())

    def report(self, trial: TrialRef, step: int, value: float) -> None:
        """Store an intermediate value: `step` is the environment steps of each seed. The first value of a step stays.

        Ignores values that are not finite, and all values if there are two objectives.
        """
        open_trial = self._open_trials.get(trial.number)
        if open_trial is None or len(self.space.objective) > 1 or not math.isfinite(value):
            return
        if step not in self._retry(lambda: self._storage.get_trial(get_trial_id(open_trial))).intermediate_values:
            self._retry(lambda: open_trial.report(value, step))

    def should_prune(self, trial: TrialRef) -> bool:
        """Whether the pruner ends a trial after its last report, or it has a new owner. Never prunes after its last step."""
        open_trial = self._open_trials.get(trial.number)
        if open_trial is None or not self._still_owns(open_trial):
            return True
        if len(self.space.objective) > 1:
            return False
        frozen = self._retry(lambda: self._storage.get_trial(get_trial_id(open_trial)))
        if frozen.last_step is None or frozen.last_step >= trial.spec.params.n_steps:
            return False
        return self._retry(open_trial.should_prune)

    def complete(self, trial: TrialRef, values: Sequence[float], details: Mapping[str, Any] | None = None) -> None:
        """Finish a trial with one value per objective; `details` are user attributes, see `gts.search.study_file`.

        A value that is not finite makes it a failed trial.
        """
        if not all(math.isfinite(value) for value in values):
            self.fail(trial, f"its value is not a number: {', '.join(map(str, values))}")
            return
        self._finish_trial(trial.number, TrialState.COMPLETE, details or {}, [float(value) for value in values])

    def prune(self, trial: TrialRef, details: Mapping[str, Any] | None = None) -> None:
        """Finish a trial as pruned; its value is the last reported one."""
        self._finish_trial(trial.number, TrialState.PRUNED, details or {})

    def fail(self, trial: TrialRef, reason: str, details: Mapping[str, Any] | None = None) -> None:
        """Finish a trial as failed, without a value."""
        self._finish_trial(trial.number, TrialState.FAIL, {**(details or {}), REASON_ATTRIBUTE: reason[:_MAX_REASON_LENGTH]})

    def confirm(self, number: int, seeds: Sequence[int], values: Sequence[float]) -> Confirmation:
        """Store the values of a trial on fresh seeds: one value of the first objective per seed."""
        array = np.asarray(values, np.float64)
        low, high = bootstrap_interval(array)
        result = Confirmation(tuple(seeds), tuple(map(float, values)), float(interquartile_mean(array)), low, high)
        plain = json.loads(json.dumps(asdict(result)))
        self._retry(lambda: self._study.set_user_attr(confirmation_attribute(number), plain))
        return result

    def send_heartbeat(self) -> None:
        """Renew the heartbeat of open trials in a shared study and write its summary; calls that come too early do nothing."""
        if not self.location.is_shared or time.monotonic() - self._last_beat < HEARTBEAT_SECONDS / 2:
            return
        for trial in self._open_trials.values():
            self._record_heartbeat(trial)
        self.read_view()
        self._last_beat = time.monotonic()

    def is_finished(self) -> bool:
        """Whether the target number of trials has ended."""
        return self._retry(lambda: len(self._list_trials(_ENDED_STATES))) >= self._target_trials

    def read_view(self) -> StudyView:
        """Read the present state of the study; for a shared study also write the summary into its folder."""
        view = self._retry(lambda: build_study_view(self._storage, self._study_id, self._name, self.location, self._cache))
        if self.location.is_shared:
            write_study_summary(self._folder, summarize_study(view, self._target_trials))
        return view

    def best_trials(self, count: int = 1) -> list[TrialRecord]:
        """Best complete trials by search value, best first; with two objectives those of the Pareto front."""
        view = self.read_view()
        return (view.pareto_front() if len(self.space.objective) > 1 else view.ranked_trials())[:count]

    def _claim_next(self, pick: Callable[[], optuna.trial.Trial | None]) -> TrialRef | None:
        """Open the next trial with a valid spec; `pick` runs while other owners are locked out."""

        def take() -> optuna.trial.Trial | None:
            with lock_shared_study(self._storage, self.location, self._name):
                trial = pick()
                if trial is not None:
                    if SPEC_ATTRIBUTE in trial.user_attrs and OWNER_ATTRIBUTE not in trial.user_attrs:
                        # Specs of the original program have no number of steps.
                        trial.set_user_attr(SPEC_ATTRIBUTE, "")
                    trial.set_user_attr(OWNER_ATTRIBUTE, self._owner_token)
                return trial

        while (trial := self._retry(take)) is not None:
            self._open_trials[trial.number] = trial
            if self.location.is_shared:
                self._record_heartbeat(trial)
            try:
                return self._retry(partial(self._resolve_spec, trial))
            except (FormatError, ParameterError) as error:
                self._finish_trial(trial.number, TrialState.FAIL, {REASON_ATTRIBUTE: error.message[:_MAX_REASON_LENGTH]})
        return None

    def _find_abandoned_trial(self) -> optuna.trial.Trial | None:
        """A running trial without a process: this owner's own, or another owner's with an old heartbeat."""
        stale = list_stale_trial_ids(self._storage, self._study_id) if self.location.is_shared else []
        for frozen in self._list_trials((TrialState.RUNNING,)):
            if frozen.number not in self._open_trials and (self._is_mine(frozen) or get_trial_id(frozen) in stale):
                return reopen_trial(self._study, frozen)
        return None

    def _ask_new_trial(self) -> optuna.trial.Trial | None:
        if len(self._list_trials(_STARTED_STATES)) >= self._target_trials:
            return None
        if self.location.is_shared and not self._list_trials((TrialState.WAITING,)):
            # The owner is set before the trial starts: if the server is lost in between, this owner finds it again.
            self._study.enqueue_trial({}, user_attrs={OWNER_ATTRIBUTE: self._owner_token})
        return self._study.ask()

    def _is_mine(self, frozen: FrozenTrial) -> bool:
        owner = frozen.user_attrs.get(OWNER_ATTRIBUTE)
        if not self.location.is_shared or owner == self._owner_token:
            return True
        started = frozen.datetime_start
        return owner is None and started is not None and (datetime.now() - started).total_seconds() > GRACE_SECONDS

    def _resolve_spec(self, trial: optuna.trial.Trial) -> TrialRef:
        """Sample the missing values of a trial and store its spec. Raises FormatError or ParameterError."""
        frozen = self._storage.get_trial(get_trial_id(trial))
        stored = parse_spec_attribute(frozen.user_attrs)
        if stored is not None:
            spec = parse_spec(parse_json(json.dumps(stored), f"trial {trial.number}"))
            return TrialRef(trial.number, dict(frozen.params), spec)
        values: dict[str, Any] = {}
        for parameter in self.space.ordered_parameters():
            if self.space.is_active(parameter, values):
                values[parameter.key] = suggest_value(trial, parameter)
        spec = self.space.spec(values)
        trial.set_user_attr(PARAMS_ATTRIBUTE, dict(spec.given_values))
        trial.set_user_attr(SPEC_ATTRIBUTE, format_spec(spec))
        return TrialRef(trial.number, values, spec)

    def _finish_trial(
        self, number: int, state: TrialState, details: Mapping[str, Any], values: list[float] | None = None
    ) -> None:
        trial = self._open_trials.pop(number, None)
        if trial is None or not self._still_owns(trial):
            return
        try:
            for key, value in details.items():
                self._retry(partial(trial.set_user_attr, key, json.loads(json.dumps(value))))
            # A repeated call finds the trial finished if only the first answer was lost.
            self._retry(lambda: self._study.tell(trial, values, state, skip_if_finished=True))
        except BaseException:
            self._open_trials[number] = trial
            raise

    def _still_owns(self, trial: optuna.trial.Trial) -> bool:
        """Whether no other owner has taken a trial over."""
        if not self.location.is_shared:
            return True
        frozen = self._retry(lambda: self._storage.get_trial(get_trial_id(trial)))
        return frozen.state == TrialState.RUNNING and frozen.user_attrs.get(OWNER_ATTRIBUTE) == self._owner_token

    def _record_heartbeat(self, trial: optuna.trial.Trial) -> None:
        self._retry(lambda: self._storage.record_heartbeat(get_trial_id(trial)))

    def _list_trials(self, states: tuple[TrialState, ...]) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False, states=states)

    def _add_note(self, text: str) -> None:
        if text not in self._seen_notes:
            self._seen_notes.add(text)
            self._notes.append(text)
