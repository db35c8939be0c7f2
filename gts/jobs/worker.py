"""The one who trains: drives a trainer, and writes down everything that it tells.

Only this module of the room knows torch; whoever imports it pays for that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from gts.errors import GtsError
from gts.formats.checkpoint import Checkpoint, current_versions
from gts.jobs.interruption import Interruption
from gts.jobs.recorder import Recorder, Standing
from gts.jobs.training import (
    SCORE_EPISODES,
    SCORE_STEPS,
    MemberOutcome,
    RunBegan,
    Saved,
    ScoringBegan,
    TrainingOutcome,
    TrainingRequest,
    Trouble,
)
from gts.store.catalogue import RunState
from gts.training.evaluation import evaluate
from gts.training.events import Evaluated, Event, Finished, MemberFailed, Progress, Started
from gts.training.trainer import Trainer

CHECKPOINT_SECONDS = 60.0

Told = Event | RunBegan | Saved | ScoringBegan | Trouble


def run_training(
    request: TrainingRequest, listener: Callable[[Told], None], interruption: Interruption | None = None
) -> TrainingOutcome:
    """Train to the end, telling `listener` what happens; raises what `training` raises."""
    for told in training(request, interruption or Interruption()):
        if isinstance(told, TrainingOutcome):
            return told
        listener(told)
    raise AssertionError("a training ends with its outcome")


def training(request: TrainingRequest, interruption: Interruption) -> Iterator[Told | TrainingOutcome]:
    """Train, telling what happens; the outcome comes last.

    Everything told of is on the disk already. Raises FileError where the run's folder or the outcome cannot be written,
    UsageError or FileError where the checkpoint does not fit.
    """
    start = [request.start] * len(request.specs) if request.start is not None else None
    trainer = Trainer(request.specs, threads=request.threads, checkpoints=start)
    run: _Run | None = None
    try:
        with interruption.heard_by(trainer.stop):
            for event in trainer.run():
                if isinstance(event, Started):
                    run = _Run(request, trainer, event)
                    yield RunBegan(run.recorder.folder)
                assert run is not None
                yield from run.take(event)
        assert run is not None
        yield from run.finish()
    except BaseException as error:
        if run is not None:
            run.abandon(error)
        raise
    finally:
        if run is not None:
            run.recorder.close()


class _Run:
    """One training under way, and its recorder."""

    def __init__(self, request: TrainingRequest, trainer: Trainer, started: Started) -> None:
        self._request = request
        self._trainer = trainer
        self._versions = current_versions() | {"threads": str(trainer.threads)}
        self._began = time.monotonic()
        self._saved_at = self._began
        self._step = started.step
        self._epoch = 0
        self._saved_step = -1
        self._total_steps = started.total_steps
        self._stopped = False
        self._told_troubles = 0
        self._failed: dict[int, str] = {}
        self._seconds = 0.0
        self._over = False
        rounds = started.total_steps // (started.rollout_steps * started.worlds)
        self.recorder = Recorder(request, total_steps=started.total_steps, rounds=rounds)
        self.recorder.log(
            f"training {request.source}: {started.members} × {started.total_steps} steps in {rounds} rounds, "
            f"{started.worlds} worlds each, {trainer.threads} threads"
        )

    def take(self, event: Event) -> Iterator[Told]:
        """Write down an event, pass it on, and save what is due."""
        complete = False
        if isinstance(event, Progress):
            self._step, self._epoch = event.step, event.epoch
            self.recorder.round(event)
            # Of a round with an evaluation the state is only complete when its history has the evaluation too.
            complete = "evaluation" not in event.seconds
        elif isinstance(event, Evaluated):
            self.recorder.evaluated(event)
            complete = True
        elif isinstance(event, MemberFailed):
            self._failed[event.member] = f"step {event.step}: {event.reason}"
            self.recorder.metrics.failed(event.member, event.step, event.reason)
            self.recorder.log(f"member {event.member + 1} failed at step {event.step}: {event.reason}")
        elif isinstance(event, Finished):
            self._stopped = event.stopped
            self._seconds = time.monotonic() - self._began
        yield event
        if isinstance(event, Evaluated):
            yield from self._save_best(event)
        if complete:
            yield from self._save_due()
        yield from self._troubles()

    def finish(self) -> Iterator[Told | TrainingOutcome]:
        """Save the outcome, score it, and say what the training came to."""
        saves = self._request.save_when_stopped or not self._stopped
        outcomes: dict[int, tuple[Path, Checkpoint]] = {}
        if saves:
            yield from self._save_last()
            for member in self._alive():
                best = self._trainer.best(member) if self._request.keep == "best" else None
                chosen = self._with_versions(best or self._trainer.checkpoint(member))
                path = self._request.results[member]
                saved, written = self.recorder.save(path, member, "result", chosen)
                outcomes[member] = (path, written)
                yield saved
        self.recorder.stand(self._standing())
        self._over = True
        yield from self._troubles()
        scores: dict[int, dict[str, Any]] = {}
        if outcomes and self._request.score and not self._stopped:
            yield ScoringBegan(len(outcomes), SCORE_EPISODES, SCORE_STEPS)
            scores = self._score(outcomes)
        members = tuple(self._outcome(member, outcomes, scores) for member in range(len(self._request.specs)))
        self.recorder.stand(self._standing(), [_plain(member) for member in members])
        yield from self._troubles()
        spec = self._request.specs[0]
        yield TrainingOutcome(
            folder=self.recorder.folder,
            figure=spec.figure,
            technique=spec.technique,
            step=self._step,
            total_steps=self._total_steps,
            seconds=self._seconds,
            stopped=self._stopped,
            members=members,
        )

    def abandon(self, error: BaseException) -> None:
        """Write down that the training ended in the middle."""
        interrupted = isinstance(error, (KeyboardInterrupt, GeneratorExit))
        reason = "interrupted" if interrupted else str(error) or type(error).__name__
        self.recorder.log(f"ended at step {self._step}: {reason}")
        if self._over:
            return  # how the training ended is written down already; only its score is missing
        # What ended the training, a full disk say, may well prevent this too; it is the first error that counts.
        with suppress(GtsError):
            state: RunState = "interrupted" if interrupted else "failed"
            self.recorder.stand(Standing(state, self._step, "" if interrupted else reason))

    def _standing(self) -> Standing:
        if not self._alive():
            return Standing("failed", self._step, "; ".join(sorted(set(self._failed.values()))))
        return Standing("interrupted" if self._stopped else "done", self._step)

    def _alive(self) -> list[int]:
        return [member for member in range(len(self._request.specs)) if member not in self._failed]

    def _with_versions(self, checkpoint: Checkpoint) -> Checkpoint:
        return replace(checkpoint, versions=self._versions)

    def _save_best(self, event: Evaluated) -> Iterator[Told]:
        for member, better in enumerate(event.best):
            best = self._trainer.best(member) if better else None
            if best is not None:
                path = self.recorder.folder.best(member)
                yield self.recorder.save(path, member, "best", self._with_versions(best))[0]

    def _save_due(self) -> Iterator[Told]:
        """What is to be saved between two rounds."""
        milestones = self._request.milestones
        if milestones is not None and self._epoch % milestones.interval == 0:
            for member in self._alive():
                path = milestones.path(self._step, self._request.suffix(member))
                checkpoint = self._with_versions(self._trainer.checkpoint(member))
                yield self.recorder.save(path, member, "milestone", checkpoint)[0]
        if time.monotonic() - self._saved_at >= CHECKPOINT_SECONDS and self.recorder.metrics.at_boundary:
            yield from self._save_last()
            self.recorder.stand(Standing("running", self._step))

    def _save_last(self) -> Iterator[Told]:
        """The complete state of every member, once a step."""
        if self._saved_step == self._step:
            return
        for member in self._alive():
            checkpoint = self._with_versions(self._trainer.checkpoint(member))
            yield self.recorder.save(self.recorder.folder.last(member, self._step), member, "last", checkpoint)[0]
        self._saved_step, self._saved_at = self._step, time.monotonic()

    def _score(self, outcomes: dict[int, tuple[Path, Checkpoint]]) -> dict[int, dict[str, Any]]:
        """Try the outcomes out, and put the scores into their files."""
        found: dict[int, dict[str, Any]] = {}
        for member, (path, checkpoint) in outcomes.items():
            # One at a time: in company the last bits of an action, and with them whole episodes, could come out otherwise.
            score = evaluate(checkpoint, episodes=SCORE_EPISODES, steps=SCORE_STEPS, threads=self._trainer.threads)
            found[member] = score.as_dict()
            _, written = self.recorder.save(path, member, "result", replace(checkpoint, score=found[member]))
            self.recorder.scored(path, written, found[member])
        return found

    def _outcome(
        self, member: int, outcomes: dict[int, tuple[Path, Checkpoint]], scores: dict[int, dict[str, Any]]
    ) -> MemberOutcome:
        path, checkpoint = outcomes.get(member, (None, None))
        return MemberOutcome(
            seed=self._request.specs[member].params.seed,
            result=path,
            step=int(checkpoint.counters.get("step", self._step)) if checkpoint else self._step,
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
