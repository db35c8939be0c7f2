"""One attempt at a run: what a trainer tells is written down, states are saved when they are due, the outcome is scored."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TypeVar

from gts.errors import FullDiskError
from gts.formats.checkpoint import Checkpoint
from gts.jobs.interruption import StopRequest
from gts.jobs.job_lock import JobLock
from gts.jobs.job_store import STOPPED, Job
from gts.jobs.trainings.request import (
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
    TrainingRequest,
)
from gts.jobs.trainings.resume_state import ResumeState
from gts.jobs.trainings.run_writer import RunWriter
from gts.jobs.trainings.summary import write_summary
from gts.store.filesystem import file_system
from gts.training.evaluation import evaluate_checkpoint
from gts.training.events import MemberFailed, MembersEvaluated, TrainingEvent, TrainingFinished, TrainingProgress
from gts.training.trainer import Trainer

DISK_FULL_RETRY_SECONDS = 2.0
"""How long a run that stands still on a full disk waits before it tries again."""

FIRST_SAVE_SPEEDUP = 6
"""How many times sooner the first state of a run is saved than the others follow."""

RunEvent = TrainingEvent | RunStarted | CheckpointSaved | ScoringStarted | JobWarning | DiskFull | DiskFullCleared

T = TypeVar("T")


class TrainingAttempt:
    """One training under way, from where it stood, with its recorder.

    Raises what its recorder raises, FullDiskError only where somebody wants it to stop while the disk is full.
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
        what = f"going on from step {resume_state.step}" if resume_state else f"training {request.source}"
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
        """End after the present update; may be called from a signal handler."""
        self._lock.set_activity("stopping")
        self._trainer.stop()

    def train(self) -> Iterator[RunEvent]:
        """Drive the trainer to its end, writing down what it tells and saving what is due."""
        self._lock.set_activity("stopping" if self._stop_request.requested else "running")
        yield RunStarted(self.writer.folder, max(self.step, 0))
        yield from map(JobWarning, self._notes)
        for event in self._trainer.run():
            yield from self._handle_event(event)
            yield from self._new_warnings()

    def close(self) -> None:
        """Bring the last numbers to the disk, as far as it takes them."""
        # What a full disk refuses here has been told already, or comes after the newest state.
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
            writer.log(f"member {event.member + 1} failed at step {event.step}: {event.reason}; what it left is in {path}")
            yield event
        else:
            if isinstance(event, TrainingFinished):
                self._stopped = event.stopped
                self._seconds = time.monotonic() - self._started_at
            yield event

    def finish(self) -> Iterator[RunEvent | TrainingOutcome]:
        """Save the outcome, score it, and say what the training came to."""
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
        """Write down how it ended: the outcome first, since the claim says that it is there."""
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
        """Do something that writes; on a full disk stand still and try it (or `again`) until it works or somebody stops."""
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
                self.writer.log("there is room again: going on")
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
        """What is to be saved between two rounds."""
        milestones = self._request.milestones
        if milestones is not None and epoch % milestones.interval == 0:
            for member in self._active_members():
                path = milestones.path(self.step, self._request.suffix(member))
                checkpoint = self._versioned(self._trainer.cohort.checkpoint(member))
                yield (yield from self._retry_while_disk_full(self._make_save(path, member, "milestone", checkpoint)))[0]
        # What was learned in the first half minute is worth keeping too.
        wait = self._request.save_every / (1 if self._saved_step > 0 else FIRST_SAVE_SPEEDUP)
        if time.monotonic() - self._saved_at >= wait:
            yield from self._save_last()
            yield from self._retry_while_disk_full(lambda: self.writer.record_step(self.step))

    def _save_last(self) -> Iterator[RunEvent]:
        """The complete state of every member, once a step."""
        step = self._trainer.step
        if self._saved_step == step:
            return
        for member in self._active_members():
            checkpoint = self._versioned(self._trainer.cohort.checkpoint(member))
            path = self.writer.folder.last_checkpoint(member, step)
            yield (yield from self._retry_while_disk_full(self._make_save(path, member, "last", checkpoint)))[0]
        self._saved_step, self._saved_at = step, time.monotonic()

    def _score(self, outcomes: dict[int, tuple[Path, Checkpoint]]) -> Generator[RunEvent, None, dict[int, dict[str, Any]]]:
        """Try the outcomes out, and put the scores into their files."""
        found: dict[int, dict[str, Any]] = {}
        self.writer.log(f"scoring {len(outcomes)} over {SCORE_EPISODES} episodes")
        for member, (path, checkpoint) in outcomes.items():
            # One at a time: in company the last bits of an action, and with them whole episodes, could come out otherwise.
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
        """What went wrong beside the training, each once."""
        for text in self.writer.warnings[self._reported_warnings :]:
            yield JobWarning(text)
        self._reported_warnings = len(self.writer.warnings)


def _outcome_document(outcome: MemberOutcome) -> dict[str, Any]:
    return asdict(outcome) | {"result": str(outcome.result) if outcome.result else None}
