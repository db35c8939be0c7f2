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
from gts.jobs.interruption import Interruption
from gts.jobs.job_lock import Life
from gts.jobs.job_store import STOPPED, Job
from gts.jobs.trainings.request import (
    SCORE_EPISODES,
    SCORE_STEPS,
    Halted,
    MemberOutcome,
    RunBegan,
    Saved,
    ScoringBegan,
    TrainingOutcome,
    TrainingRequest,
    Trouble,
    WentOn,
)
from gts.jobs.trainings.resume_state import Restart
from gts.jobs.trainings.run_writer import Recorder
from gts.jobs.trainings.summary import write_summary
from gts.store.filesystem import file_system
from gts.training.evaluation import evaluate
from gts.training.events import Evaluated, Event, Finished, MemberFailed, Progress
from gts.training.trainer import Trainer

FULL_DISK_SECONDS = 2.0
"""How long a run that stands still on a full disk waits before it tries again."""

FIRST_SAVE = 6
"""How many times sooner the first state of a run is saved than the others follow."""

Told = Event | RunBegan | Saved | ScoringBegan | Trouble | Halted | WentOn

T = TypeVar("T")


class Attempt:
    """One training under way, from where it stood, with its recorder.

    Raises what its recorder raises, FullDiskError only where somebody wants it to stop while the disk is full.
    """

    def __init__(
        self,
        job: Job,
        request: TrainingRequest,
        trainer: Trainer,
        life: Life,
        interruption: Interruption,
        restart: Restart | None,
        versions: Mapping[str, str],
    ) -> None:
        self._request = request
        self._trainer = trainer
        self._life = life
        self._interruption = interruption
        self._versions = versions
        self._began = self._saved_at = time.monotonic()
        self._stopped = False
        self._told_troubles = 0
        self._halted = False
        self._seconds = 0.0
        self._failed = dict(restart.failed) if restart else {}
        self._notes = restart.notes if restart else ()
        self.step = self._saved_step = trainer.step if restart else -1
        self.ended = self.over = False
        plan = trainer.plan
        self.recorder = Recorder(
            job,
            request,
            rounds=plan.epochs,
            resume=restart.step if restart else None,
            history=[one.history if one else () for one in restart.checkpoints] if restart else (),
        )
        what = f"going on from step {restart.step}" if restart else f"training {request.source}"
        self.recorder.log(
            f"{what}: {len(request.specs)} × {plan.total_steps} steps in {plan.epochs} rounds, "
            f"{plan.worlds} worlds each, {trainer.threads} threads"
        )
        disk = file_system(job.folder)
        if disk.network:
            self._notes += (
                f"the workspace is on a network disk ({disk.kind}): slower to write, and one machine at a time may use it",
            )
        for note in self._notes:
            self.recorder.log(note)

    def stop(self) -> None:
        """End after the present update; may be called from a signal handler."""
        self._life.say("stopping")
        self._trainer.stop()

    def train(self) -> Iterator[Told]:
        """Drive the trainer to its end, writing down what it tells and saving what is due."""
        self._life.say("stopping" if self._interruption.requested else "running")
        yield RunBegan(self.recorder.folder, max(self.step, 0))
        yield from map(Trouble, self._notes)
        for event in self._trainer.run():
            yield from self._take(event)
            yield from self._troubles()

    def close(self) -> None:
        """Bring the last numbers to the disk, as far as it takes them."""
        # What a full disk refuses here has been told already, or comes after the newest state.
        with suppress(FullDiskError):
            self.recorder.close(complete=self.over)

    def _take(self, event: Event) -> Iterator[Told]:
        recorder = self.recorder
        if isinstance(event, Progress):
            self.step = event.step
            yield from self._persist(lambda: recorder.round(event), recorder.metrics.flush)
            yield event
            if "evaluation" not in event.seconds:
                yield from self._save_due(event.epoch)
        elif isinstance(event, Evaluated):
            recorder.evaluated(event)
            yield event
            yield from self._save_best(event)
            # Of a round with an evaluation the state is only complete when its history has the evaluation too.
            yield from self._save_due(self._trainer.epoch)
        elif isinstance(event, MemberFailed):
            self._failed[event.member] = f"step {event.step}: {event.reason}"
            remains = self._trainer.remains(event.member)
            path = yield from self._persist(lambda: recorder.bury(event, remains))
            yield from self._persist(lambda: recorder.failed(event), recorder.metrics.flush)
            recorder.log(f"member {event.member + 1} failed at step {event.step}: {event.reason}; what it left is in {path}")
            yield event
        else:
            if isinstance(event, Finished):
                self._stopped = event.stopped
                self._seconds = time.monotonic() - self._began
            yield event

    def finish(self) -> Iterator[Told | TrainingOutcome]:
        """Save the outcome, score it, and say what the training came to."""
        saves = self._request.save_when_stopped or not self._stopped
        outcomes: dict[int, tuple[Path, Checkpoint]] = {}
        if saves:
            yield from self._save_last()
            for member in self._alive():
                best = self._trainer.best(member) if self._request.keep == "best" else None
                chosen = self._versioned(best or self._trainer.checkpoint(member))
                path = self._request.results[member]
                saved, written = yield from self._persist(self._saving(path, member, "result", chosen))
                outcomes[member] = (path, written)
                yield saved
        scores: dict[int, dict[str, Any]] = {}
        if outcomes and self._request.score and not self._stopped:
            yield ScoringBegan(len(outcomes), SCORE_EPISODES, SCORE_STEPS)
            scores = yield from self._score(outcomes)
        members = tuple(self._member(member, outcomes, scores) for member in range(len(self._request.specs)))
        outcome = self._outcome(members)
        summary = yield from self._persist(lambda: write_summary(self._request, outcome))
        yield from self._persist(lambda: self._end(members))
        yield from self._troubles()
        yield replace(outcome, summary=summary)

    def _outcome(self, members: tuple[MemberOutcome, ...]) -> TrainingOutcome:
        spec = self._request.specs[0]
        return TrainingOutcome(
            folder=self.recorder.folder,
            figure=spec.figure,
            technique=spec.technique,
            step=self._trainer.step,
            total_steps=self._trainer.plan.total_steps,
            seconds=self._seconds,
            stopped=self._stopped,
            members=members,
        )

    def _end(self, members: tuple[MemberOutcome, ...]) -> None:
        """Write down how it ended: the outcome first, since the claim says that it is there."""
        self.recorder.at(self._trainer.step)
        self.recorder.outcome([_plain(member) for member in members])
        if not self._alive():
            self.recorder.claim("failed", "; ".join(sorted(set(self._failed.values()))))
        elif self._stopped:
            self.recorder.claim("paused", STOPPED)
            self.recorder.log(f"stopped at step {self._trainer.step}")
        else:
            self.recorder.claim("done")
            self.recorder.log("done")
        self.ended, self.over = True, not self._stopped

    def _persist(self, write: Callable[[], T], again: Callable[[], Any] | None = None) -> Generator[Told, None, T | Any]:
        """Do something that writes; on a full disk stand still and try it (or `again`) until it works or somebody stops."""
        attempt: Callable[[], Any] = write
        while True:
            try:
                result = attempt()
            except FullDiskError as error:
                if not self._halted:
                    self._halted = True
                    self._life.say("paused", error.message)
                    self.recorder.log(f"paused: {error.message}")
                    yield Halted(error.message)
                if self._interruption.wait(FULL_DISK_SECONDS):
                    raise
                attempt = again or write
                continue
            if self._halted:
                self._halted = False
                self._life.say("running")
                self.recorder.log("there is room again: going on")
                yield WentOn()
            return result

    def _saving(self, path: Path, member: int, kind: Any, checkpoint: Checkpoint) -> Callable[[], tuple[Saved, Checkpoint]]:
        return lambda: self.recorder.save(path, member, kind, checkpoint)

    def _alive(self) -> list[int]:
        return [member for member in range(len(self._request.specs)) if member not in self._failed]

    def _versioned(self, checkpoint: Checkpoint) -> Checkpoint:
        return replace(checkpoint, versions=self._versions)

    def _save_best(self, event: Evaluated) -> Iterator[Told]:
        for member, better in enumerate(event.best):
            best = self._trainer.best(member) if better else None
            if best is not None:
                path = self.recorder.folder.best(member)
                yield (yield from self._persist(self._saving(path, member, "best", self._versioned(best))))[0]

    def _save_due(self, epoch: int) -> Iterator[Told]:
        """What is to be saved between two rounds."""
        milestones = self._request.milestones
        if milestones is not None and epoch % milestones.interval == 0:
            for member in self._alive():
                path = milestones.path(self.step, self._request.suffix(member))
                checkpoint = self._versioned(self._trainer.checkpoint(member))
                yield (yield from self._persist(self._saving(path, member, "milestone", checkpoint)))[0]
        # What was learned in the first half minute is worth keeping too.
        wait = self._request.save_every / (1 if self._saved_step > 0 else FIRST_SAVE)
        if time.monotonic() - self._saved_at >= wait:
            yield from self._save_last()
            yield from self._persist(lambda: self.recorder.at(self.step))

    def _save_last(self) -> Iterator[Told]:
        """The complete state of every member, once a step."""
        step = self._trainer.step
        if self._saved_step == step:
            return
        for member in self._alive():
            checkpoint = self._versioned(self._trainer.checkpoint(member))
            path = self.recorder.folder.last(member, step)
            yield (yield from self._persist(self._saving(path, member, "last", checkpoint)))[0]
        self._saved_step, self._saved_at = step, time.monotonic()

    def _score(self, outcomes: dict[int, tuple[Path, Checkpoint]]) -> Generator[Told, None, dict[int, dict[str, Any]]]:
        """Try the outcomes out, and put the scores into their files."""
        found: dict[int, dict[str, Any]] = {}
        self.recorder.log(f"scoring {len(outcomes)} over {SCORE_EPISODES} episodes")
        for member, (path, checkpoint) in outcomes.items():
            # One at a time: in company the last bits of an action, and with them whole episodes, could come out otherwise.
            score = evaluate(checkpoint, episodes=SCORE_EPISODES, steps=SCORE_STEPS, threads=self._trainer.threads)
            found[member] = score.as_dict()
            scored = replace(checkpoint, score=found[member])
            _, written = yield from self._persist(self._saving(path, member, "result", scored))
            yield from self._persist(self._noting(path, written, found[member]))
        return found

    def _noting(self, path: Path, checkpoint: Checkpoint, score: Mapping[str, Any]) -> Callable[[], None]:
        return lambda: self.recorder.scored(path, checkpoint, score)

    def _member(
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

    def _troubles(self) -> Iterator[Told]:
        """What went wrong beside the training, each once."""
        for text in self.recorder.troubles[self._told_troubles :]:
            yield Trouble(text)
        self._told_troubles = len(self.recorder.troubles)


def _plain(outcome: MemberOutcome) -> dict[str, Any]:
    return asdict(outcome) | {"result": str(outcome.result) if outcome.result else None}
