"""The training loop: worlds step, agents act, a rollout fills, agents update.

The trainer owns time and order; the agent owns the mathematics, the worlds the physics, the listener the files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gts.agents.agent import make_agent
from gts.agents.restoring import fill
from gts.errors import UsageError
from gts.formats.checkpoint import Checkpoint
from gts.formats.trajectory import Trajectory
from gts.params.spec import Spec
from gts.physics.starts import evaluation_seeds
from gts.physics.worlds import Worlds
from gts.threads import available_cpus
from gts.training.collecting import Collector
from gts.training.evaluation import Evaluation
from gts.training.events import Evaluated, Event, Finished, MemberFailed, Progress, Started
from gts.training.plan import Plan
from gts.training.score import Score


class Trainer:
    """One training of a cohort: P specs that share their shapes, P members that learn side by side."""

    def __init__(
        self,
        specs: Sequence[Spec],
        *,
        threads: int | None = None,
        checkpoints: Sequence[Checkpoint | None] | None = None,
        resume: bool = False,
    ) -> None:
        """Make worlds and agents, from scratch or from checkpoints (one a member).

        With `resume` the very same training goes on, bit for bit where versions and thread count are the same; a member
        without a checkpoint is one that has failed. Without it a new training starts from the networks, optimisers and
        normalisers of the checkpoints. Raises UsageError where the specs do not fit together, FileError where a checkpoint
        does not fit its spec.
        """
        if len({spec.shape_key() for spec in specs}) != 1:
            raise UsageError("the members of a cohort must agree in figure, technique and every parameter that decides a shape")
        self.specs = tuple(specs)
        self.threads = threads or available_cpus()
        torch.set_num_threads(self.threads)
        shared = specs[0].params
        self.plan = Plan.of(shared)
        self.worlds = Worlds(
            specs[0].figure,
            len(specs) * shared.n_environments,
            rewards=[spec.rewards for spec in specs for _ in range(shared.n_environments)],
            threads=self.threads,
            physics=self.plan.physics_at(0),
            max_episode_length=shared.max_episode_length,
        )
        self.agent = make_agent(
            specs[0].technique, [spec.params for spec in specs], self.worlds.observation_size, self.worlds.action_size
        )
        self._collector = Collector(self.worlds, self.agent.state, self.plan, clip=shared.clip_actions)
        self._evaluation: Evaluation | None = None
        self.step = 0
        self.epoch = 0
        self.active = torch.ones(len(specs), dtype=torch.bool)
        self._best_score = [float("-inf")] * len(specs)
        self._best: list[Checkpoint | None] = [None] * len(specs)
        self._stopping = False
        if checkpoints is not None:
            self._start_from(checkpoints, resume)
        if not resume:
            self._collector.reset()

    @property
    def members(self) -> int:
        """P"""
        return len(self.specs)

    def stop(self) -> None:
        """Ask for an end after the present update; may be called from a signal handler."""
        self._stopping = True

    def run(self) -> Iterator[Event]:
        """Train to the end of the plan, telling what happens; see `gts.training.events`."""
        plan = self.plan
        yield Started(self.members, plan.total_steps, self.step, plan.rollout_steps, plan.worlds)
        while self.epoch < plan.epochs and not self._stopping and bool(self.active.any()):
            yield from self._round()
        yield Finished(self.step, self.epoch < plan.epochs)

    def _round(self) -> Iterator[Event]:
        """Collect, update, and now and then evaluate."""
        plan = self.plan
        self.worlds.set_physics(plan.physics_at(self.step))
        rollout, numbers, seconds = self._collector.collect(self.active)
        began = perf_counter()
        losses = self.agent.update(rollout, self.step / plan.total_steps, self.active)
        finite = self.agent.state.finite() & self._collector.healthy
        rows = _rows(losses)
        seconds["learning"] = perf_counter() - began
        self.step += plan.steps_per_epoch
        self.epoch += 1
        failed = [int(member) for member in torch.nonzero(self.active & ~finite)]
        reasons = [self._reason(member, rows[member]) for member in failed]
        self.active &= finite
        evaluated = None
        if plan.evaluates_after(self.epoch):
            began = perf_counter()
            evaluated = self._evaluate()
            seconds["evaluation"] = perf_counter() - began
        rate = {"steps_per_second": int(self.active.sum()) * plan.steps_per_epoch / sum(seconds.values())}
        metrics = tuple({**number, **row, **rate} for number, row in zip(numbers, rows, strict=True))
        for member, reason in zip(failed, reasons, strict=True):
            yield MemberFailed(member, self.step, reason)
        yield Progress(self.step, self.epoch, metrics, seconds)
        if evaluated:
            yield evaluated

    def _reason(self, member: int, losses: Mapping[str, float]) -> str:
        """Why a member failed in the round that just ended."""
        divergence = self._collector.divergence(member)
        if divergence is None:
            broken = ", ".join(f"{name} is {value}" for name, value in losses.items() if not np.isfinite(value))
            return "a network left the finite range" + (f": {broken}" if broken else "")
        environment, rollout_step = divergence
        step = self.step - self.plan.steps_per_epoch + rollout_step * self.plan.worlds
        return f"the physics of environment {environment + 1} of {self.plan.worlds} diverged at step {step}"

    def _evaluate(self) -> Evaluated:
        shared = self.specs[0].params
        if self._evaluation is None:
            self._evaluation = Evaluation(
                self.specs,
                seeds=evaluation_seeds(shared.evaluation_episodes),
                steps=shared.max_episode_length,
                threads=self.threads,
            )
        playing = [int(member) for member in torch.nonzero(self.active)]
        scores: list[Score | None] = [None] * self.members
        seen: list[Trajectory | None] = [None] * self.members
        best = [False] * self.members
        found = self._evaluation.run(self.agent.state, playing)
        for index, (member, score) in enumerate(zip(playing, found, strict=True)):
            scores[member] = score
            seen[member] = self._evaluation.tape.trajectory(index, self.step) if self._evaluation.tape else None
            if score.score > self._best_score[member]:
                self._best_score[member] = score.score
                best[member] = True
                self._best[member] = self.checkpoint(member)
        return Evaluated(self.step, tuple(scores), tuple(best), tuple(seen))

    def best(self, member: int) -> Checkpoint | None:
        """The state at the member's best evaluation; None before the first."""
        return self._best[member]

    def keep_best(self, member: int, checkpoint: Checkpoint) -> None:
        """Take in the best policy of an earlier attempt at the same training."""
        self._best[member] = checkpoint

    def remains(self, member: int) -> dict[str, NDArray[Any]]:
        """What a member that has just failed leaves: its state as it is, and under `rollout.` what it saw and did before.

        Rollout arrays are (T, N, …); asked for between its MemberFailed and the next event.
        """
        rollout = {f"rollout.{name}": array for name, array in self._collector.rollout_arrays(member).items()}
        return self.agent.state.arrays(member) | self._collector.arrays(member) | rollout

    def checkpoint(self, member: int) -> Checkpoint:
        """The present state of a member, complete: from it, `resume=True` goes on exactly."""
        counters = {
            "step": self.step,
            "epoch": self.epoch,
            "active": bool(self.active[member]),
            "bestScore": self._best_score[member] if np.isfinite(self._best_score[member]) else None,
        }
        tensors = self.agent.state.arrays(member) | self._collector.arrays(member)
        return Checkpoint(self.specs[member], tensors, counters)

    def _start_from(self, checkpoints: Sequence[Checkpoint | None], resume: bool) -> None:
        given = {member: checkpoint for member, checkpoint in enumerate(checkpoints) if checkpoint is not None}
        for member, checkpoint in given.items():
            fill(self.agent.state, member, checkpoint, exactly=resume)
        if not resume:
            return
        counters = next(iter(given.values())).counters
        self.step, self.epoch = int(counters["step"]), int(counters["epoch"])
        self.worlds.set_physics(self.plan.physics_at(max(0, self.step - self.plan.steps_per_epoch)))
        self.active[:] = False
        for member, checkpoint in given.items():
            best = checkpoint.counters.get("bestScore")
            self._best_score[member] = float("-inf") if best is None else float(best)
            self.active[member] = bool(checkpoint.counters["active"])
            self._collector.load(member, checkpoint.tensors)


def _rows(numbers: object) -> list[dict[str, float]]:
    """Numbers (P,) by name → one mapping a member."""
    assert isinstance(numbers, dict)
    names = list(numbers)
    table: Tensor = torch.stack([numbers[name].to(torch.float64) for name in names], dim=1)
    return [dict(zip(names, row, strict=True)) for row in table.tolist()]
