"""The owner of a search: asks the study for trials, has its workers train them, and tells the study what they came to.

Only the owner opens the study. Whatever it knows of a training it has from the training's folder or could have had from there,
so it may die at any moment: the next owner asks the study which trials were begun, looks into their folders, and goes on.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from statistics import median
from typing import Any

from gts.errors import GtsError, WorkError
from gts.formats.spec_file import spec_of
from gts.formats.strict_json import parse_json
from gts.jobs.interruption import Interruption
from gts.jobs.job_lock import Life
from gts.jobs.searches.request import (
    ConfirmingBegan,
    Remark,
    SearchBegan,
    SearchOutcome,
    SearchRequest,
    TrialBegan,
    TrialConfirmed,
    TrialEnded,
    TrialReported,
)
from gts.jobs.searches.trials import LiveTraining, LiveTrial, copy_out, copy_space
from gts.jobs.searches.worker_count import wanted_workers
from gts.jobs.searches.workers import WorkerProcess, Workers, ending
from gts.jobs.trainings.request import Halted, WentOn
from gts.params.spec import Spec
from gts.search.objective_value import curve_value, goal_value, trial_values
from gts.search.study import Study, TrialRef
from gts.search.trial_records import ENDED, StudyView, TrialRow

MOST_DEATHS = 5
"""Workers that a training may take with it at one step before it counts as failed; more than a job alone may, since it may be
one of its companions that they die of."""

_ENOUGH_TO_COMPARE = 4
_LISTEN_SECONDS = 0.5

Told = SearchBegan | TrialBegan | TrialReported | TrialEnded | ConfirmingBegan | TrialConfirmed | Remark | Halted | WentOn


class Owner:
    """One attempt at a search."""

    def __init__(self, request: SearchRequest, life: Life, interruption: Interruption) -> None:
        """Open the study; raises what `Study.create_or_load` raises. For the one who holds the lock of its folder."""
        self._request = request
        self._life = life
        self._interruption = interruption
        self._study = Study.create_or_load(
            request.folder, request.space, storage=request.storage, settings=dict(request.settings)
        )
        self._settings = self._study.settings
        if request.logdir is not None:
            copy_space(request.space, request.logdir / request.space.name)
        self._goals = request.space.objective
        self._live: dict[int, LiveTrial] = {}
        self._waiting: list[LiveTraining] = []
        self._working: dict[str, LiveTraining] = {}
        self._began = time.monotonic()
        self._taken: list[LiveTraining] = []
        """Every training that this attempt has worked on."""
        self._workers: Workers | None = None
        self._short_lives = 0

    def run(self) -> Iterator[Told | SearchOutcome]:
        """Search until as many trials as wanted have ended, or somebody stops it; the outcome comes last."""
        request = self._request
        self._workers = Workers(request.workers, threads=request.threads, save_every=request.save_every, log=request.folder.log)
        try:
            left = self._study.running()
            yield SearchBegan(request.folder, _ended(self._study.view()), self._study.wanted, tuple(ref.number for ref in left))
            yield from self._remarks()
            for ref in left:
                yield from self._begin(ref)
            yield from self._drive(more=True)
            if not self._interruption.requested:
                yield from self._confirm()
        finally:
            self._workers.end()
            view = self._study.view()
            self._study.close()
        seconds = time.monotonic() - self._began
        steps = sum(training.made() for training in self._taken)
        yield SearchOutcome(request.folder, self._interruption.requested, _ended(view), seconds, steps)

    def _drive(self, *, more: bool) -> Iterator[Told]:
        """Keep every worker busy until nothing is left to train; `more`: ask the study for trials."""
        assert self._workers is not None
        while not self._interruption.requested:
            if self._workers.adapt(count := wanted_workers(self._request.folder, self._request.workers)):
                yield Remark(f"from now on {count} worker{'s' if count > 1 else ''}")
            yield from self._fill(more)
            if not self._working and not self._waiting:
                return
            for worker, answer in self._workers.answers(_LISTEN_SECONDS):
                yield from self._take(worker, answer)
            self._study.beat()
            yield from self._remarks()

    def _fill(self, more: bool) -> Iterator[Told]:
        """Give every worker as many trainings as it may have."""
        assert self._workers is not None
        while room := [worker for worker in self._workers.processes if len(worker.tasks) < self._request.cohort]:
            if not self._waiting:
                ref = self._study.ask() if more else None
                if ref is None:
                    return
                yield from self._begin(ref)
                continue
            training = self._waiting.pop(0)
            # An idle CPU costs more than a cohort brings: shapes decide only between workers that have as much to do.
            worker = min(room, key=lambda worker: (len(worker.tasks), not self._suits(worker, training)))
            self._working[training.key] = training
            self._workers.train(worker, training.key, training.folder.path)

    def _suits(self, worker: WorkerProcess, training: LiveTraining) -> bool:
        """Whether a worker has trainings of the same shape, with which this one can share a cohort."""
        shape = training.spec.shape_key()
        return any(self._working[key].spec.shape_key() == shape for key in worker.tasks)

    def _begin(self, ref: TrialRef) -> Iterator[Told]:
        """Train a trial, from where its folders stand."""
        live = self._live[ref.number] = LiveTrial(ref.number, ref, ref.spec, self._request.folder, self._request.source)
        yield TrialBegan(ref.number, ref.values)
        first, *others = self._settings.tuning_seeds(ref.spec.params.seed)
        for seed in (first, *(seed for seed in others if live.folder(seed).facts.exists())):
            yield from self._add(live, seed)
        if ref.number in self._live:
            yield from self._advance(live)

    def _add(self, live: LiveTrial, seed: int) -> Iterator[Told]:
        """Add a seed to a trial: to be trained, or over already where an earlier owner died before it could tell."""
        if live.number not in self._live:
            return
        training, ended = live.add(seed)
        self._taken.append(training)
        if ended is None:
            self._waiting.append(training)
        elif ended["state"] == "failed":
            yield from self._fail(live, self._blamed(live, training, f"step {ended['step']}: {ended['reason']}"))
        elif ended["state"] == "pruned":
            yield from self._prune(live, ())

    def _take(self, worker: WorkerProcess, answer: Mapping[str, Any]) -> Iterator[Told]:
        """Act on what a worker has said."""
        what = answer["what"]
        if what == "died":
            yield from self._bury(worker, answer["code"])
        elif what == "halted":
            self._life.say("paused", answer["reason"])
            yield Halted(answer["reason"])
        elif what == "went on":
            self._life.say("running")
            yield WentOn()
        training = self._working.get(answer.get("key", ""))
        live = next((one for one in self._live.values() if training in one.trainings.values()), None)
        if training is None or live is None:
            return
        if what == "tried":
            yield from self._tried(live, training, int(answer["step"]), answer["score"])
        elif what == "ended":
            self._working.pop(training.key)
            worker.tasks.pop(training.key, None)
            training.done = True
            yield from self._advance(live)
        elif what == "broke":
            worker.tasks.pop(training.key, None)
            yield from self._fail(live, self._blamed(live, training, f"step {answer['step']}: {answer['reason']}"))

    def _tried(self, live: LiveTrial, training: LiveTraining, step: int, score: Mapping[str, Any]) -> Iterator[Told]:
        """Report an evaluation of the first seed, and end the trial where the study thinks little of it."""
        self._short_lives = 0
        training.scores[step] = score
        if live.ref is None or training is not live.first:
            return
        try:
            value = goal_value(self._goals[0], score)
        except GtsError as error:
            yield from self._fail(live, error.message)
            return
        self._study.report(live.ref, step, value)
        yield TrialReported(live.number, step, value)
        if self._study.should_prune(live.ref):
            yield from self._prune(live, (value,))

    def _advance(self, live: LiveTrial) -> Iterator[Told]:
        """Go on with a trial one of whose seeds is done: more seeds where it looks good, else its value."""
        if not all(training.done for training in live.trainings.values()):
            return
        if live.ref is None:
            yield from self._confirmed(live)
            return
        others = [seed for seed in self._settings.tuning_seeds(live.spec.params.seed) if seed not in live.trainings]
        try:
            if others and self._looks_good(live):
                for seed in others:
                    yield from self._add(live, seed)
                return
            values = trial_values(self._goals, live.curves(), self._settings.last_evaluations)
        except GtsError as error:
            yield from self._fail(live, error.message)
            return
        self._study.complete(live.ref, values, live.details(self._goals[0], self._settings.last_evaluations))
        yield self._over(live, "complete", values)

    def _looks_good(self, live: LiveTrial) -> bool:
        """Whether a trial is worth more seeds: its first one is better than half of what was found, or it is too early."""
        if len(self._goals) > 1:
            return True
        last = self._settings.last_evaluations
        value = curve_value(self._goals[0], live.first.curve(), last)
        firsts = [row.seed_values[0] for row in self._study.view().trials if row.state == "complete" and row.seed_values]
        return len(firsts) < _ENOUGH_TO_COMPARE or value >= median(firsts)

    def _prune(self, live: LiveTrial, values: tuple[float, ...]) -> Iterator[Told]:
        assert live.ref is not None
        self._drop(live)
        self._study.prune(live.ref, live.details(self._goals[0], self._settings.last_evaluations))
        yield self._over(live, "pruned", values)

    def _fail(self, live: LiveTrial, reason: str) -> Iterator[Told]:
        self._drop(live)
        if live.ref is None:
            del self._live[live.number]
            yield Remark(f"trial {live.number} could not be confirmed: {reason}")
            return
        self._study.fail(live.ref, reason, live.details(self._goals[0], self._settings.last_evaluations))
        yield self._over(live, "failed", (), reason)

    def _drop(self, live: LiveTrial) -> None:
        """Take every training of a trial away from the workers."""
        assert self._workers is not None
        for training in live.trainings.values():
            if training in self._waiting:
                self._waiting.remove(training)
            if self._working.pop(training.key, None) is not None:
                self._workers.drop(training.key)

    def _over(self, live: LiveTrial, state: str, values: tuple[float, ...], reason: str = "") -> TrialEnded:
        del self._live[live.number]
        if self._request.logdir is not None:
            for training in live.trainings.values():
                copy_out(training.folder, self._request.logdir / self._request.space.name / training.key)
        return TrialEnded(live.number, state, values, reason)

    def _bury(self, worker: WorkerProcess, code: int) -> Iterator[Told]:
        """Start a worker in place of one that died, and have its trainings go on."""
        assert self._workers is not None
        if self._interruption.requested:
            return  # Ctrl-C at a terminal reaches the workers too
        if self._workers.left(worker):
            self._waiting[:0] = [gone for key in worker.tasks if (gone := self._working.pop(key, None)) is not None]
            return
        yield Remark(f"worker {worker.number + 1} ended unasked ({ending(code)}); its {len(worker.tasks)} trainings go on")
        self._short_lives += 1
        if self._short_lives > MOST_DEATHS * self._request.workers:
            raise WorkError("workers end as soon as they begin", hint=f"why is at the end of {self._request.folder.log}")
        self._workers.replace(worker)
        for key in list(worker.tasks):
            training = self._working.pop(key, None)
            if training is None:
                continue  # its trial has failed a moment ago, with another seed
            live = next(one for one in self._live.values() if training in one.trainings.values())
            if training.died() >= MOST_DEATHS:
                reason = f"{MOST_DEATHS} workers died of it at step {training.deaths[-1]}"
                yield from self._fail(live, self._blamed(live, training, reason))
            else:
                self._waiting.insert(0, training)

    def _blamed(self, live: LiveTrial, training: LiveTraining, reason: str) -> str:
        return f"seed {training.spec.params.seed}, {reason}" if len(live.trainings) > 1 else reason

    def _confirm(self) -> Iterator[Told]:
        """Train the best trials again on fresh seeds, so that the winner is no lucky one."""
        rows = [row for row in self._study.best(self._settings.confirm) if row.confirmed is None and row.spec is not None]
        if not rows or not self._settings.confirm_seeds:
            return
        seeds = self._settings.fresh_seeds(_spec(rows[0]).params.seed)
        yield ConfirmingBegan(tuple(row.number for row in rows), seeds)
        for row in rows:
            live = LiveTrial(row.number, None, _spec(row), self._request.folder, self._request.source)
            self._live[row.number] = live
            for seed in self._settings.fresh_seeds(live.spec.params.seed):
                yield from self._add(live, seed)
            if row.number in self._live:
                yield from self._advance(live)
        yield from self._drive(more=False)

    def _confirmed(self, live: LiveTrial) -> Iterator[Told]:
        last = self._settings.last_evaluations
        values = [curve_value(self._goals[0], curve, last) for curve in live.curves()]
        found = self._study.confirm(live.number, list(live.trainings), values)
        del self._live[live.number]
        row = next(row for row in self._study.view().trials if row.number == live.number)
        yield TrialConfirmed(live.number, row.value or 0.0, found.iqm, found.low, found.high)

    def _remarks(self) -> Iterator[Told]:
        yield from map(Remark, self._study.notes())


def _ended(view: StudyView) -> int:
    """How many trials have ended."""
    return sum(row.state in ENDED for row in view.trials)


def _spec(row: TrialRow) -> Spec:
    return spec_of(parse_json(json.dumps(row.spec), f"trial {row.number}"))
