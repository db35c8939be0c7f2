"""One attempt at a run: drives the trainer, writes its results, saves due states, scores the result.

The only module of `gts.jobs.trainings` that loads torch.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TypeVar

from gts.errors import FullDiskError, GtsError, WorkError
from gts.formats.checkpoint import Checkpoint
from gts.jobs.job_events import (
    SCORE_EPISODES,
    SCORE_STEPS,
    CheckpointSaved,
    DiskFull,
    DiskFullCleared,
    JobWarning,
    MemberOutcome,
    RunStarted,
    ScoringStarted,
    TrainingOutcome,
)
from gts.jobs.job_lock import JobLock
from gts.jobs.job_store import STOPPED, Job, write_job
from gts.jobs.requests import TrainingRequest
from gts.jobs.stop_request import StopRequest
from gts.jobs.trainings.resume_state import ResumeState, find_resume_state, remove_later_states, remove_unfinished_files
from gts.jobs.trainings.run_writer import RunWriter
from gts.jobs.trainings.runs import read_training_request
from gts.jobs.trainings.seed_summary import write_summary
from gts.store.workspace import RunFolder, Workspace
from gts.system.filesystem import file_system
from gts.system.versions import cpu_name, package_versions
from gts.training.evaluation import evaluate_checkpoint
from gts.training.events import MemberFailed, MembersEvaluated, TrainingEvent, TrainingFinished, TrainingProgress
from gts.training.trainer import Trainer

DISK_FULL_RETRY_SECONDS = 2.0
"""How long a run waits on a full disk before it tries again."""

FIRST_SAVE_SPEEDUP = 6
"""How many times sooner the first state of a run is saved than the later ones."""

RunEvent = TrainingEvent | RunStarted | CheckpointSaved | ScoringStarted | JobWarning | DiskFull | DiskFullCleared

T = TypeVar("T")


class TrainingAttempt:
    """One attempt at a run, from its newest state, with its writer.

    Raises what the writer raises, FullDiskError only if a stop is requested while the disk is full.
    """

    def __init__(
        self,
        job: Job,
        request: TrainingRequest,
        trainer: Trainer,
        lock: JobLock,
        stop_request: StopRequest,
        resume_state: ResumeState | None,
        versions: Mapping[str, str],
    ) -> None:
        self._request = request
        self._trainer = trainer
        self._lock = lock
        self._stop_request = stop_request
        self._versions = versions
        self._started_at = self._saved_at = time.monotonic()
        self._stopped = False
        self._reported_warnings = 0
        self._is_disk_full = False
        self._seconds = 0.0
        self._failed = dict(resume_state.failed) if resume_state else {}
        self._notes = resume_state.notes if resume_state else ()
        self.step = self._saved_step = trainer.step if resume_state else -1
        self.is_end_recorded = self.is_complete = False
        plan = trainer.cohort.plan
        self.writer = RunWriter(
            job,
            request,
            rounds=plan.n_epochs,
            resume=resume_state.step if resume_state else None,
            history=[one.history if one else () for one in resume_state.checkpoints] if resume_state else (),
        )
        what = f"resuming from step {resume_state.step}" if resume_state else f"training {request.source}"
        self.writer.log(
            f"{what}: {len(request.specs)} × {plan.total_steps} steps in {plan.n_epochs} rounds, "
            f"{plan.n_environments} worlds each, {trainer.cohort.threads} threads"
        )
        disk = file_system(job.folder)
        if disk.is_network:
            self._notes += (
                f"the workspace is on a network disk ({disk.kind}): slower to write, and one machine at a time may use it",
            )
        for note in self._notes:
            self.writer.log(note)

    def stop(self) -> None:
        """Stop after the current update; safe to call in a signal handler."""
        self._lock.set_activity("stopping")
        self._trainer.stop()

    def train(self) -> Iterator[RunEvent]:
        """Drive the trainer to its end, writing its events and saving due states."""
        self._lock.set_activity("stopping" if self._stop_request.requested else "running")
        yield RunStarted(self.writer.folder, max(self.step, 0))
        yield from map(JobWarning, self._notes)
        for event in self._trainer.run():
            yield from self._handle_event(event)
            yield from self._new_warnings()

    def close(self) -> None:
        """Write the last metrics to the disk, as far as it has room."""
        # Reported already, or later than the newest state.
        with suppress(FullDiskError):
            self.writer.close(complete=self.is_complete)

    def _handle_event(self, event: TrainingEvent) -> Iterator[RunEvent]:
        writer = self.writer
        if isinstance(event, TrainingProgress):
            self.step = event.step
            yield from self._retry_while_disk_full(lambda: writer.add_round(event), writer.metrics.flush)
            yield event
            if "evaluation" not in event.seconds:
                yield from self._save_due(event.epoch)
        elif isinstance(event, MembersEvaluated):
            writer.add_evaluation(event)
            yield event
            yield from self._save_best(event)
            # Of a round with an evaluation the state is only complete when its history has the evaluation too.
            yield from self._save_due(self._trainer.epoch)
        elif isinstance(event, MemberFailed):
            self._failed[event.member] = f"step {event.step}: {event.reason}"
            arrays = self._trainer.cohort.failure_dump(event.member)
            path = yield from self._retry_while_disk_full(lambda: writer.write_failure_dump(event, arrays))
            yield from self._retry_while_disk_full(lambda: writer.add_failure(event), writer.metrics.flush)
            writer.log(f"member {event.member + 1} failed at step {event.step}: {event.reason}; its arrays are in {path}")
            yield event
        else:
            if isinstance(event, TrainingFinished):
                self._stopped = event.stopped
                self._seconds = time.monotonic() - self._started_at
            yield event

    def finish(self) -> Iterator[RunEvent | TrainingOutcome]:
        """Save and score the result; the outcome comes last."""
        saves = self._request.save_when_stopped or not self._stopped
        outcomes: dict[int, tuple[Path, Checkpoint]] = {}
        if saves:
            yield from self._save_last()
            for member in self._active_members():
                best = self._trainer.cohort.best_checkpoint(member) if self._request.keep == "best" else None
                chosen = self._versioned(best or self._trainer.cohort.checkpoint(member))
                path = self._request.results[member]
                saved, written = yield from self._retry_while_disk_full(self._make_save(path, member, "result", chosen))
                outcomes[member] = (path, written)
                yield saved
        scores: dict[int, dict[str, Any]] = {}
        if outcomes and self._request.score and not self._stopped:
            yield ScoringStarted(len(outcomes), SCORE_EPISODES, SCORE_STEPS)
            scores = yield from self._score(outcomes)
        members = tuple(self._member_outcome(member, outcomes, scores) for member in range(len(self._request.specs)))
        outcome = self._outcome(members)
        summary = yield from self._retry_while_disk_full(lambda: write_summary(self._request, outcome))
        yield from self._retry_while_disk_full(lambda: self._record_end(members))
        yield from self._new_warnings()
        yield replace(outcome, summary=summary)

    def _outcome(self, members: tuple[MemberOutcome, ...]) -> TrainingOutcome:
        spec = self._request.specs[0]
        return TrainingOutcome(
            folder=self.writer.folder,
            figure=spec.figure,
            technique=spec.technique,
            step=self._trainer.step,
            total_steps=self._trainer.cohort.plan.total_steps,
            seconds=self._seconds,
            stopped=self._stopped,
            members=members,
        )

    def _record_end(self, members: tuple[MemberOutcome, ...]) -> None:
        """Record the end of the run; the result comes first, since the state implies it."""
        self.writer.record_step(self._trainer.step)
        self.writer.write_outcome([_outcome_document(member) for member in members])
        if not self._active_members():
            self.writer.record_state("failed", "; ".join(sorted(set(self._failed.values()))))
        elif self._stopped:
            self.writer.record_state("paused", STOPPED)
            self.writer.log(f"stopped at step {self._trainer.step}")
        else:
            self.writer.record_state("done")
            self.writer.log("done")
        self.is_end_recorded, self.is_complete = True, not self._stopped

    def _retry_while_disk_full(
        self, write: Callable[[], T], retry: Callable[[], Any] | None = None
    ) -> Generator[RunEvent, None, T | Any]:
        """Call a function that writes; on a full disk, wait and call it (or `retry`) again. Raises FullDiskError if stopped."""
        attempt: Callable[[], Any] = write
        while True:
            try:
                result = attempt()
            except FullDiskError as error:
                if not self._is_disk_full:
                    self._is_disk_full = True
                    self._lock.set_activity("paused", error.message)
                    self.writer.log(f"paused: {error.message}")
                    yield DiskFull(error.message)
                if self._stop_request.wait(DISK_FULL_RETRY_SECONDS):
                    raise
                attempt = retry or write
                continue
            if self._is_disk_full:
                self._is_disk_full = False
                self._lock.set_activity("running")
                self.writer.log("there is room again: running")
                yield DiskFullCleared()
            return result

    def _make_save(
        self, path: Path, member: int, kind: Any, checkpoint: Checkpoint
    ) -> Callable[[], tuple[CheckpointSaved, Checkpoint]]:
        return lambda: self.writer.save(path, member, kind, checkpoint)

    def _active_members(self) -> list[int]:
        return [member for member in range(len(self._request.specs)) if member not in self._failed]

    def _versioned(self, checkpoint: Checkpoint) -> Checkpoint:
        return replace(checkpoint, versions=self._versions)

    def _save_best(self, event: MembersEvaluated) -> Iterator[RunEvent]:
        for member, better in enumerate(event.improved):
            best = self._trainer.cohort.best_checkpoint(member) if better else None
            if best is not None:
                path = self.writer.folder.best_checkpoint(member)
                yield (yield from self._retry_while_disk_full(self._make_save(path, member, "best", self._versioned(best))))[0]

    def _save_due(self, epoch: int) -> Iterator[RunEvent]:
        """Save due states and milestones between two rounds."""
        milestones = self._request.milestones
        if milestones is not None and epoch % milestones.interval == 0:
            for member in self._active_members():
                path = milestones.path(self.step, self._request.suffix(member))
                checkpoint = self._versioned(self._trainer.cohort.checkpoint(member))
                yield (yield from self._retry_while_disk_full(self._make_save(path, member, "milestone", checkpoint)))[0]
        # The first state is saved early, so that an early crash loses little.
        wait = self._request.save_every / (1 if self._saved_step > 0 else FIRST_SAVE_SPEEDUP)
        if time.monotonic() - self._saved_at >= wait:
            yield from self._save_last()
            yield from self._retry_while_disk_full(lambda: self.writer.record_step(self.step))

    def _save_last(self) -> Iterator[RunEvent]:
        """Save the complete state of every member, once per step."""
        step = self._trainer.step
        if self._saved_step == step:
            return
        for member in self._active_members():
            checkpoint = self._versioned(self._trainer.cohort.checkpoint(member))
            path = self.writer.folder.last_checkpoint(member, step)
            yield (yield from self._retry_while_disk_full(self._make_save(path, member, "last", checkpoint)))[0]
        self._saved_step, self._saved_at = step, time.monotonic()

    def _score(self, outcomes: dict[int, tuple[Path, Checkpoint]]) -> Generator[RunEvent, None, dict[int, dict[str, Any]]]:
        """Score the results, and write the scores into their files."""
        found: dict[int, dict[str, Any]] = {}
        self.writer.log(f"scoring {len(outcomes)} over {SCORE_EPISODES} episodes")
        for member, (path, checkpoint) in outcomes.items():
            # One by one: in a batch the last bits of an action, and with them whole episodes, could differ.
            score = evaluate_checkpoint(
                checkpoint, episodes=SCORE_EPISODES, steps=SCORE_STEPS, threads=self._trainer.cohort.threads
            )
            found[member] = score.as_dict()
            scored = replace(checkpoint, score=found[member])
            _, written = yield from self._retry_while_disk_full(self._make_save(path, member, "result", scored))
            yield from self._retry_while_disk_full(self._make_score_record(path, written, found[member]))
        return found

    def _make_score_record(self, path: Path, checkpoint: Checkpoint, score: Mapping[str, Any]) -> Callable[[], None]:
        return lambda: self.writer.add_score(path, checkpoint, score)

    def _member_outcome(
        self, member: int, outcomes: dict[int, tuple[Path, Checkpoint]], scores: dict[int, dict[str, Any]]
    ) -> MemberOutcome:
        path, checkpoint = outcomes.get(member, (None, None))
        return MemberOutcome(
            seed=self._request.specs[member].params.seed,
            result=path,
            step=int(checkpoint.counters.get("step", self._trainer.step)) if checkpoint else self._trainer.step,
            score=scores.get(member),
            failed=self._failed.get(member, ""),
        )

    def _new_warnings(self) -> Iterator[RunEvent]:
        """New warnings of the writer."""
        for text in self.writer.warnings[self._reported_warnings :]:
            yield JobWarning(text)
        self._reported_warnings = len(self.writer.warnings)


def _outcome_document(outcome: MemberOutcome) -> dict[str, Any]:
    return asdict(outcome) | {"result": str(outcome.result) if outcome.result else None}


def run_training(
    workspace: Workspace, job: Job, lock: JobLock, stop_request: StopRequest, *, request: TrainingRequest | None = None
) -> Iterator[RunEvent | TrainingOutcome]:
    """Work on a run from its newest state to its end, yielding events; the outcome comes last.

    The caller holds the lock of the job. Everything reported is on the disk already. While the disk is full, the run is paused.
    Raises FileError if the run's folder or the result cannot be written or a checkpoint does not fit, WorkError if memory runs
    out.
    """
    request = request or read_training_request(workspace, job)
    folder = RunFolder(job.folder)
    versions = package_versions(peers=False) | {"threads": str(job.threads), "cpu": cpu_name()}
    attempt: TrainingAttempt | None = None
    try:
        remove_unfinished_files(folder, request.results)
        resume_state = find_resume_state(folder, len(request.specs), versions)
        trainer = _make_trainer(request, job, resume_state)
        attempt = TrainingAttempt(job, request, trainer, lock, stop_request, resume_state, versions)
        with stop_request.listening(attempt.stop):
            yield from attempt.train()
        yield from attempt.finish()
    except BaseException as error:
        if attempt is not None and attempt.is_end_recorded:
            raise  # its end is recorded already
        explained = _translate_error(error, attempt.step if attempt else 0)
        _record_failure(workspace, job, attempt, explained)
        if explained is error:
            raise
        raise explained from error
    finally:
        if attempt is not None:
            attempt.close()


def _make_trainer(request: TrainingRequest, job: Job, resume_state: ResumeState | None) -> Trainer:
    """A trainer at the run's newest state."""
    if resume_state is None:
        start = [request.start] * len(request.specs) if request.start is not None else None
        return Trainer(request.specs, threads=job.threads or None, checkpoints=start)
    trainer = Trainer(request.specs, threads=job.threads or None, checkpoints=resume_state.checkpoints, resume=True)
    remove_later_states(RunFolder(job.folder), resume_state.step)
    for member, best in enumerate(resume_state.best_checkpoints):
        if best is not None:
            trainer.cohort.set_best_checkpoint(member, best)
    return trainer


def _translate_error(error: BaseException, step: int) -> BaseException:
    """Replace an error by one with a hint, if its cause is known."""
    text = str(error)
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and "memory" in text):
        return WorkError(
            f"memory ran out at step {step}",
            hint="use fewer environments, fewer seeds at a time or smaller networks; what was saved is kept",
        )
    return error


def _record_failure(workspace: Workspace, job: Job, attempt: TrainingAttempt | None, error: BaseException) -> None:
    """Record that the training ended early, as far as its cause allows."""
    deliberate = isinstance(error, (KeyboardInterrupt, GeneratorExit))
    reason = STOPPED if deliberate else str(error) or type(error).__name__
    step = attempt.step if attempt else 0
    if attempt is not None:
        attempt.writer.log(f"ended at step {max(step, 0)}: {reason}")
        if not isinstance(error, (GtsError, KeyboardInterrupt, GeneratorExit)):
            attempt.writer.log("".join(traceback.format_exception(error)))
    # After a full disk the run can be resumed: its recorded state stays.
    if isinstance(error, FullDiskError):
        return
    with suppress(GtsError):
        write_job(workspace, replace(job, recorded_state="paused" if deliberate else "failed", reason=reason, attempts=()))
