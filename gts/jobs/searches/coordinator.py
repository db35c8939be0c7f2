"""Coordinates a search: asks the study for trials, has worker processes train them, reports the results to the study.

Only the coordinator opens the study. All it knows about a training can be read from the training's folder, so it may be killed
at any time: the next one asks the study for the trials in progress, reads their folders and continues.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from statistics import median
from typing import Any

from gts.errors import GtsError, WorkError
from gts.formats.objectives import compute_objective_value, compute_training_value, compute_trial_values
from gts.formats.spec_file import parse_spec
from gts.formats.strict_json import parse_json
from gts.jobs.job_events import (
    ConfirmationStarted,
    DiskFull,
    DiskFullCleared,
    JobNote,
    SearchOutcome,
    SearchStarted,
    TrialConfirmed,
    TrialEnded,
    TrialReported,
    TrialStarted,
)
from gts.jobs.job_lock import JobLock
from gts.jobs.requests import SearchRequest
from gts.jobs.searches.active_trials import ActiveTraining, ActiveTrial, copy_space, copy_training_files
from gts.jobs.searches.workers import WorkerPool, WorkerProcess, describe_worker_exit, read_worker_count
from gts.jobs.stop_request import StopRequest
from gts.params.spec import Spec
from gts.search.study import Study, TrialRef
from gts.search.trial_records import ENDED_STATES, StudyView, TrialRecord

MAX_WORKER_CRASHES = 5
"""Worker crashes at one step before a training counts as failed; more than for a single job, since another training of the same
worker may be the cause.
"""

_MIN_TRIALS_TO_COMPARE = 4
_POLL_SECONDS = 0.5

SearchEvent = (
    SearchStarted
    | TrialStarted
    | TrialReported
    | TrialEnded
    | ConfirmationStarted
    | TrialConfirmed
    | JobNote
    | DiskFull
    | DiskFullCleared
)


class SearchCoordinator:
    """One attempt at a search."""

    def __init__(self, request: SearchRequest, lock: JobLock, stop_request: StopRequest) -> None:
        """Open the study; raises what `Study.create_or_load` raises. The caller holds the lock of its folder."""
        self._request = request
        self._lock = lock
        self._stop_request = stop_request
        self._study = Study.create_or_load(
            request.folder, request.space, storage=request.storage, settings=dict(request.settings)
        )
        self._settings = self._study.settings
        if request.logdir is not None:
            copy_space(request.space, request.logdir / request.space.name)
        self._goals = request.space.objective
        self._active_trials: dict[int, ActiveTrial] = {}
        self._unassigned: list[ActiveTraining] = []
        self._assigned: dict[str, ActiveTraining] = {}
        self._started_at = time.monotonic()
        self._trainings: list[ActiveTraining] = []
        """All trainings of this attempt."""
        self._workers: WorkerPool | None = None
        self._early_crashes = 0

    def run(self) -> Iterator[SearchEvent | SearchOutcome]:
        """Search until the target number of trials has ended or a stop is requested; the outcome comes last."""
        request = self._request
        self._workers = WorkerPool(
            request.workers, threads=request.threads, save_every=request.save_every, log=request.folder.log
        )
        try:
            left = self._study.claim_running_trials()
            yield SearchStarted(
                request.folder, _ended(self._study.read_view()), self._study.target_trials, tuple(ref.number for ref in left)
            )
            yield from self._study_notes()
            for ref in left:
                yield from self._start_trial(ref)
            yield from self._train_until_idle(more=True)
            if not self._stop_request.requested:
                yield from self._confirm_best_trials()
        finally:
            self._workers.shut_down()
            view = self._study.read_view()
            self._study.close()
        seconds = time.monotonic() - self._started_at
        steps = sum(training.steps_made() for training in self._trainings)
        yield SearchOutcome(request.folder, self._stop_request.requested, _ended(view), seconds, steps)

    def _train_until_idle(self, *, more: bool) -> Iterator[SearchEvent]:
        """Keep all workers busy until nothing is left to train; `more`: ask the study for new trials."""
        assert self._workers is not None
        while not self._stop_request.requested:
            if self._workers.resize(count := read_worker_count(self._request.folder, self._request.workers)):
                yield JobNote(f"{count} worker{'s' if count > 1 else ''} now")
            yield from self._assign_trainings(more)
            if not self._assigned and not self._unassigned:
                return
            for worker, answer in self._workers.read_messages(_POLL_SECONDS):
                yield from self._handle_message(worker, answer)
            self._study.send_heartbeat()
            yield from self._study_notes()

    def _assign_trainings(self, more: bool) -> Iterator[SearchEvent]:
        """Give each worker trainings until it has its share."""
        assert self._workers is not None
        while room := [worker for worker in self._workers.processes if len(worker.tasks) < self._request.cohort]:
            if not self._unassigned:
                ref = self._study.ask() if more else None
                if ref is None:
                    return
                yield from self._start_trial(ref)
                continue
            training = self._unassigned.pop(0)
            # An idle CPU costs more than a cohort saves: shapes decide only between equally busy workers.
            worker = min(room, key=lambda worker: (len(worker.tasks), not self._has_same_shape(worker, training)))
            self._assigned[training.key] = training
            self._workers.assign(worker, training.key, training.folder.path)

    def _has_same_shape(self, worker: WorkerProcess, training: ActiveTraining) -> bool:
        """Whether a worker has trainings with the same network shapes, which can share a cohort."""
        shape = training.spec.shape_key()
        return any(self._assigned[key].spec.shape_key() == shape for key in worker.tasks)

    def _start_trial(self, ref: TrialRef) -> Iterator[SearchEvent]:
        """Start or resume a trial from the state of its folders."""
        live = self._active_trials[ref.number] = ActiveTrial(
            ref.number, ref, ref.spec, self._request.folder, self._request.source
        )
        yield TrialStarted(ref.number, ref.values)
        first, *others = self._settings.tuning_seeds(ref.spec.params.seed)
        for seed in (first, *(seed for seed in others if live.folder(seed).run_file.exists())):
            yield from self._add_seed(live, seed)
        if ref.number in self._active_trials:
            yield from self._advance_trial(live)

    def _add_seed(self, live: ActiveTrial, seed: int) -> Iterator[SearchEvent]:
        """Add a seed to a trial; its training may have ended under a coordinator that was killed before it reported that."""
        if live.number not in self._active_trials:
            return
        training, ended = live.add(seed)
        self._trainings.append(training)
        if ended is None:
            self._unassigned.append(training)
        elif ended["state"] == "failed":
            yield from self._fail_trial(live, self._with_seed(live, training, f"step {ended['step']}: {ended['reason']}"))
        elif ended["state"] == "pruned":
            yield from self._prune_trial(live, ())

    def _handle_message(self, worker: WorkerProcess, message: Mapping[str, Any]) -> Iterator[SearchEvent]:
        """Handle a message of a worker."""
        event = message["event"]
        if event == "exited":
            yield from self._handle_worker_exit(worker, message["code"])
        elif event == "disk_full":
            self._lock.set_activity("paused", message["reason"])
            yield DiskFull(message["reason"])
        elif event == "disk_full_cleared":
            self._lock.set_activity("running")
            yield DiskFullCleared()
        training = self._assigned.get(message.get("key", ""))
        live = next((one for one in self._active_trials.values() if training in one.trainings.values()), None)
        if training is None or live is None:
            return
        if event == "evaluated":
            yield from self._report_evaluation(live, training, int(message["step"]), message["score"])
        elif event == "finished":
            self._assigned.pop(training.key)
            worker.tasks.pop(training.key, None)
            training.done = True
            yield from self._advance_trial(live)
        elif event == "failed":
            worker.tasks.pop(training.key, None)
            yield from self._fail_trial(live, self._with_seed(live, training, f"step {message['step']}: {message['reason']}"))

    def _report_evaluation(
        self, live: ActiveTrial, training: ActiveTraining, step: int, score: Mapping[str, Any]
    ) -> Iterator[SearchEvent]:
        """Report an evaluation of the first seed, and prune the trial if the study advises it."""
        self._early_crashes = 0
        training.scores[step] = score
        if live.ref is None or training is not live.first:
            return
        try:
            value = compute_objective_value(self._goals[0], score)
        except GtsError as error:
            yield from self._fail_trial(live, error.message)
            return
        self._study.report(live.ref, step, value)
        yield TrialReported(live.number, step, value)
        if self._study.should_prune(live.ref):
            yield from self._prune_trial(live, (value,))

    def _advance_trial(self, live: ActiveTrial) -> Iterator[SearchEvent]:
        """Continue a trial after a seed is done: add seeds if it is promising, else complete it."""
        if not all(training.done for training in live.trainings.values()):
            return
        if live.ref is None:
            yield from self._record_confirmation(live)
            return
        others = [seed for seed in self._settings.tuning_seeds(live.spec.params.seed) if seed not in live.trainings]
        try:
            if others and self._is_promising(live):
                for seed in others:
                    yield from self._add_seed(live, seed)
                return
            values = compute_trial_values(self._goals, live.curves(), self._settings.last_evaluations)
        except GtsError as error:
            yield from self._fail_trial(live, error.message)
            return
        self._study.complete(live.ref, values, live.study_attributes(self._goals[0], self._settings.last_evaluations))
        yield self._end_trial(live, "complete", values)

    def _is_promising(self, live: ActiveTrial) -> bool:
        """Whether more seeds are worth training: the first one beats the median, or there are too few trials to compare."""
        if len(self._goals) > 1:
            return True
        last = self._settings.last_evaluations
        value = compute_training_value(self._goals[0], live.first.curve(), last)
        firsts = [row.seed_values[0] for row in self._study.read_view().trials if row.state == "complete" and row.seed_values]
        return len(firsts) < _MIN_TRIALS_TO_COMPARE or value >= median(firsts)

    def _prune_trial(self, live: ActiveTrial, values: tuple[float, ...]) -> Iterator[SearchEvent]:
        assert live.ref is not None
        self._unassign_trial(live)
        self._study.prune(live.ref, live.study_attributes(self._goals[0], self._settings.last_evaluations))
        yield self._end_trial(live, "pruned", values)

    def _fail_trial(self, live: ActiveTrial, reason: str) -> Iterator[SearchEvent]:
        self._unassign_trial(live)
        if live.ref is None:
            del self._active_trials[live.number]
            yield JobNote(f"trial {live.number} could not be confirmed: {reason}")
            return
        self._study.fail(live.ref, reason, live.study_attributes(self._goals[0], self._settings.last_evaluations))
        yield self._end_trial(live, "failed", (), reason)

    def _unassign_trial(self, live: ActiveTrial) -> None:
        """Withdraw all trainings of a trial from the workers."""
        assert self._workers is not None
        for training in live.trainings.values():
            if training in self._unassigned:
                self._unassigned.remove(training)
            if self._assigned.pop(training.key, None) is not None:
                self._workers.unassign(training.key)

    def _end_trial(self, live: ActiveTrial, state: str, values: tuple[float, ...], reason: str = "") -> TrialEnded:
        del self._active_trials[live.number]
        if self._request.logdir is not None:
            for training in live.trainings.values():
                copy_training_files(training.folder, self._request.logdir / self._request.space.name / training.key)
        return TrialEnded(live.number, state, values, reason)

    def _handle_worker_exit(self, worker: WorkerProcess, code: int) -> Iterator[SearchEvent]:
        """Replace a crashed worker and reassign its trainings."""
        assert self._workers is not None
        if self._stop_request.requested:
            return  # Ctrl-C at a terminal reaches the workers too
        if self._workers.remove_if_leaving(worker):
            self._unassigned[:0] = [gone for key in worker.tasks if (gone := self._assigned.pop(key, None)) is not None]
            return
        yield JobNote(
            f"worker {worker.number + 1} ended unexpectedly ({describe_worker_exit(code)}); "
            f"its {len(worker.tasks)} trainings are resumed"
        )
        self._early_crashes += 1
        if self._early_crashes > MAX_WORKER_CRASHES * self._request.workers:
            raise WorkError("workers end right after their start", hint=f"see the end of {self._request.folder.log}")
        self._workers.restart(worker)
        for key in list(worker.tasks):
            training = self._assigned.pop(key, None)
            if training is None:
                continue  # its trial has just failed with another seed
            live = next(one for one in self._active_trials.values() if training in one.trainings.values())
            if training.record_crash() >= MAX_WORKER_CRASHES:
                reason = f"{MAX_WORKER_CRASHES} workers crashed with it at step {training.crash_steps[-1]}"
                yield from self._fail_trial(live, self._with_seed(live, training, reason))
            else:
                self._unassigned.insert(0, training)

    def _with_seed(self, live: ActiveTrial, training: ActiveTraining, reason: str) -> str:
        return f"seed {training.spec.params.seed}, {reason}" if len(live.trainings) > 1 else reason

    def _confirm_best_trials(self) -> Iterator[SearchEvent]:
        """Train the best trials again with fresh seeds, to exclude lucky winners."""
        rows = [
            row for row in self._study.best_trials(self._settings.confirm) if row.confirmed is None and row.spec is not None
        ]
        if not rows or not self._settings.confirm_seeds:
            return
        seeds = self._settings.fresh_seeds(_spec(rows[0]).params.seed)
        yield ConfirmationStarted(tuple(row.number for row in rows), seeds)
        for row in rows:
            live = ActiveTrial(row.number, None, _spec(row), self._request.folder, self._request.source)
            self._active_trials[row.number] = live
            for seed in self._settings.fresh_seeds(live.spec.params.seed):
                yield from self._add_seed(live, seed)
            if row.number in self._active_trials:
                yield from self._advance_trial(live)
        yield from self._train_until_idle(more=False)

    def _record_confirmation(self, live: ActiveTrial) -> Iterator[SearchEvent]:
        last = self._settings.last_evaluations
        values = [compute_training_value(self._goals[0], curve, last) for curve in live.curves()]
        found = self._study.confirm(live.number, list(live.trainings), values)
        del self._active_trials[live.number]
        row = next(row for row in self._study.read_view().trials if row.number == live.number)
        yield TrialConfirmed(live.number, row.value or 0.0, found.iqm, found.low, found.high)

    def _study_notes(self) -> Iterator[SearchEvent]:
        yield from map(JobNote, self._study.take_notes())


def _ended(view: StudyView) -> int:
    """Number of ended trials."""
    return sum(row.state in ENDED_STATES for row in view.trials)


def _spec(row: TrialRecord) -> Spec:
    return parse_spec(parse_json(json.dumps(row.spec), f"trial {row.number}"))
