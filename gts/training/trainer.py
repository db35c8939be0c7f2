"""The training loop: a cohort that begins together, and what it tells on the way.

The trainer owns time and order; the agent owns the mathematics, the worlds the physics, the listener the files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gts.formats.checkpoint import Checkpoint
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


class Trainer(Cohort):
    """One training of P members at the same step."""

    def __init__(
        self,
        specs: Sequence[Spec],
        *,
        threads: int | None = None,
        checkpoints: Sequence[Checkpoint | None] | None = None,
        resume: bool = False,
    ) -> None:
        """Begin from scratch or from checkpoints (one a member).

        With `resume` the very same training goes on, bit for bit where versions and thread count are the same; a member
        without a checkpoint is one that has failed. Without it a new training starts from the networks, optimisers and
        normalisers of the checkpoints. Raises UsageError where the specs do not fit together, FileError where a checkpoint
        does not fit its spec.
        """
        super().__init__(specs, threads=threads)
        self.epoch = 0
        self._stop_requested = False
        for member, checkpoint in enumerate(checkpoints or ()):
            if checkpoint is None:
                self.deactivate(member)
            elif resume:
                self.resume(member, checkpoint)
            else:
                self.load_networks(member, checkpoint)
        if resume:
            self.epoch = int(self.epochs.max())

    @property
    def step(self) -> int:
        """Environment steps that each member has made."""
        return self.epoch * self.plan.steps_per_epoch

    def stop(self) -> None:
        """Ask for an end after the present update; may be called from a signal handler."""
        self._stop_requested = True

    def run(self) -> Iterator[TrainingEvent]:
        """Train to the end of the plan, telling what happens; see `gts.training.events`."""
        plan = self.plan
        yield TrainingStarted(self.n_members, plan.total_steps, self.step, plan.rollout_steps, plan.n_environments)
        while self.epoch < plan.n_epochs and not self._stop_requested and bool(self.active.any()):
            result = self.run_round()
            self.epoch += 1
            for member, reason in result.failures.items():
                yield MemberFailed(member, self.step, reason)
            yield TrainingProgress(self.step, self.epoch, result.metrics, result.seconds)
            if result.scores:
                members = range(self.n_members)
                scores = tuple(result.scores.get(member) for member in members)
                trajectories = tuple(result.trajectories.get(member) for member in members)
                yield MembersEvaluated(self.step, scores, tuple(member in result.improved for member in members), trajectories)
        yield TrainingFinished(self.step, self.epoch < plan.n_epochs)
