"""The training loop: collect, update, evaluate, report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from gts.formats.checkpoint import Checkpoint
from gts.formats.trajectory import Trajectory
from gts.params.spec import Spec
from gts.training.cohort import Cohort
from gts.training.events import (
    MemberFailed,
    MembersEvaluated,
    TrainingEvent,
    TrainingFinished,
    TrainingProgress,
    TrainingStarted,
)
from gts.training.metrics import PhaseTimer
from gts.training.score import Score


@dataclass(frozen=True)
class RoundResult:
    """One round of `learn`."""

    metrics: tuple[Mapping[str, float], ...]
    """One mapping per member, names as in `gts.training.metrics`; metrics without a value are left out."""
    seconds: Mapping[str, float]
    """Wall-clock by phase: `physics`, `acting`, `learning`, `evaluation`; a phase that did not happen has no entry."""
    failures: Mapping[int, str]
    """Reasons of the members that failed in this round."""
    scores: Mapping[int, Score]
    """Scores of the members that were evaluated."""
    improved: frozenset[int]
    """Members with their best score so far: `Cohort.best_checkpoint` is this policy."""
    trajectories: Mapping[int, Trajectory]
    """The beginning of one evaluation episode of each evaluated member."""


def learn(cohort: Cohort, should_stop: Callable[[], bool] = lambda: False) -> Iterator[RoundResult]:
    """Train a cohort to the end of its plan, for any technique; yields once per round.

    Between two rounds the caller may take checkpoints, deactivate members or stop. A rollout is valid until the next round:
    an agent that learns from older transitions copies them.
    """
    agent, plan = cohort.agent, cohort.plan
    while not should_stop() and bool((learners := cohort.learning_members()).any()):
        timer = PhaseTimer()

        # Collect T steps in N environments of each member.
        rollout, episode_metrics = cohort.collector.collect(cohort.group_by_physics(learners), timer)

        # Update.
        with timer.phase("learning"):
            update_metrics = _by_member(agent.update(rollout, cohort.progress(), learners), cohort.n_members)
            failures = cohort.complete_round(learners, update_metrics)
        members = [member for member in learners.nonzero()[:, 0].tolist() if member not in failures]

        # Evaluate.
        scores: dict[int, Score] = {}
        improved, trajectories = frozenset[int](), dict[int, Trajectory]()
        if due := [member for member in members if plan.is_evaluation_due(int(cohort.epochs[member]))]:
            with timer.phase("evaluation"):
                scores, improved, trajectories = cohort.evaluate(due)
        cohort.freeze_finished(members)

        # Report.
        rate = {"steps_per_second": len(members) * plan.steps_per_epoch / sum(timer.seconds.values())}
        metrics = tuple({**own, **updates, **rate} for own, updates in zip(episode_metrics, update_metrics, strict=True))
        yield RoundResult(metrics, timer.seconds, failures, scores, improved, trajectories)


def _by_member(metrics: Mapping[str, Tensor], n_members: int) -> list[dict[str, float]]:
    """Metrics (P,) by name → one mapping per member."""
    columns = {name: values.tolist() for name, values in metrics.items()}
    return [{name: column[member] for name, column in columns.items()} for member in range(n_members)]


class Trainer:
    """One training of P members at the same step; owns its cohort and reports events."""

    def __init__(
        self,
        specs: Sequence[Spec],
        *,
        threads: int | None = None,
        checkpoints: Sequence[Checkpoint | None] | None = None,
        resume: bool = False,
    ) -> None:
        """Start from scratch or from checkpoints (one per member).

        With `resume` the same training continues, bit for bit if versions and thread count are equal; a member without a
        checkpoint has failed earlier. Without it a new training starts from the networks, optimisers and normalisers of the
        checkpoints. Raises UsageError if the specs do not fit together, FileError if a checkpoint does not fit its spec.
        """
        self.cohort = Cohort(specs, threads=threads)
        self._stop_requested = False
        for member, checkpoint in enumerate(checkpoints or ()):
            if checkpoint is None:
                self.cohort.deactivate(member)
            elif resume:
                self.cohort.resume(member, checkpoint)
            else:
                self.cohort.load_networks(member, checkpoint)

    @property
    def epoch(self) -> int:
        """Number of finished rounds."""
        return int(self.cohort.epochs.max())

    @property
    def step(self) -> int:
        """Environment steps of each member so far."""
        return self.epoch * self.cohort.plan.steps_per_epoch

    def stop(self) -> None:
        """Stop after the present round; may be called from a signal handler."""
        self._stop_requested = True

    def run(self) -> Iterator[TrainingEvent]:
        """Train to the end of the plan; see `gts.training.events`."""
        plan, members = self.cohort.plan, range(self.cohort.n_members)
        yield TrainingStarted(len(members), plan.total_steps, self.step, plan.rollout_steps, plan.n_environments)
        for result in learn(self.cohort, lambda: self._stop_requested):
            for member, reason in result.failures.items():
                yield MemberFailed(member, self.step, reason)
            yield TrainingProgress(self.step, self.epoch, result.metrics, result.seconds)
            if result.scores:
                yield MembersEvaluated(
                    self.step,
                    tuple(result.scores.get(member) for member in members),
                    tuple(member in result.improved for member in members),
                    tuple(result.trajectories.get(member) for member in members),
                )
        yield TrainingFinished(self.step, self.epoch < plan.n_epochs)
