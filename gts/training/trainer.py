"""The training loop: a cohort that begins together, and what it tells on the way.

The trainer owns time and order; the agent owns the mathematics, the worlds the physics, the listener the files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gts.formats.checkpoint import Checkpoint
from gts.params.spec import Spec
from gts.training.cohort import Cohort
from gts.training.events import Evaluated, Event, Finished, MemberFailed, Progress, Started


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
        self._stopping = False
        for member, checkpoint in enumerate(checkpoints or ()):
            if checkpoint is None:
                self.dismiss(member)
            elif resume:
                self.resume(member, checkpoint)
            else:
                self.start_from(member, checkpoint)
        if resume:
            self.epoch = int(self.epochs.max())

    @property
    def step(self) -> int:
        """Environment steps that each member has made."""
        return self.epoch * self.plan.steps_per_epoch

    def stop(self) -> None:
        """Ask for an end after the present update; may be called from a signal handler."""
        self._stopping = True

    def run(self) -> Iterator[Event]:
        """Train to the end of the plan, telling what happens; see `gts.training.events`."""
        plan = self.plan
        yield Started(self.members, plan.total_steps, self.step, plan.rollout_steps, plan.worlds)
        while self.epoch < plan.epochs and not self._stopping and bool(self.active.any()):
            made = self.round()
            self.epoch += 1
            for member, reason in made.failures.items():
                yield MemberFailed(member, self.step, reason)
            yield Progress(self.step, self.epoch, made.metrics, made.seconds)
            if made.scores:
                everybody = range(self.members)
                scores = tuple(made.scores.get(member) for member in everybody)
                seen = tuple(made.trajectories.get(member) for member in everybody)
                yield Evaluated(self.step, scores, tuple(member in made.best for member in everybody), seen)
        yield Finished(self.step, self.epoch < plan.epochs)
