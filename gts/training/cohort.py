"""A cohort: P trainings of one shape that learn side by side, each at its own step.

This is where agents meet worlds. The cohort owns the order of things: worlds step, agents act, a rollout fills, agents update,
and now and then a policy is tried out. Which trainings sit together, and for how long, is the affair of whoever holds it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gts.agents.agent import make_agent
from gts.agents.state import fill
from gts.errors import UsageError
from gts.formats.checkpoint import Checkpoint
from gts.formats.trajectory import Trajectory
from gts.params.spec import Spec
from gts.physics.simulations import Physics
from gts.physics.streams import evaluation_seeds
from gts.physics.worlds import Worlds
from gts.system.threads import available_cpus
from gts.training.collecting import Collector
from gts.training.evaluation import Evaluation
from gts.training.plan import Plan
from gts.training.score import Score


@dataclass(frozen=True)
class Round:
    """What one round of collect and update brought."""

    metrics: tuple[Mapping[str, float], ...]
    """One mapping a member, names as in `gts.training.metrics`; what had no value is left out."""
    seconds: Mapping[str, float]
    """Wall-clock by phase: `physics`, `acting`, `learning`, `evaluation`."""
    failures: Mapping[int, str]
    """Why members failed in this round."""
    scores: Mapping[int, Score]
    """Those of the members whose policy was tried out."""
    best: frozenset[int]
    """Whose score is its best so far: `Cohort.best(member)` now holds this policy."""
    trajectories: Mapping[int, Trajectory]
    """The beginning of one of the episodes of each member that was tried out."""


class Cohort:
    """P members that share every parameter that decides a shape."""

    def __init__(self, specs: Sequence[Spec], *, threads: int | None = None) -> None:
        """Make worlds and agents, all of them at the beginning. Raises UsageError where the specs do not fit together."""
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
        self.epochs = np.zeros(len(specs), np.int64)
        """Rounds that each member has made, (P,)."""
        self.active = torch.ones(len(specs), dtype=torch.bool)
        """Who has not failed and was not dismissed, (P,)."""
        self._best_score = [float("-inf")] * len(specs)
        self._best: list[Checkpoint | None] = [None] * len(specs)
        self._kept: dict[int, Checkpoint] = {}
        self._collector.reset()

    @property
    def members(self) -> int:
        """P"""
        return len(self.specs)

    def steps_of(self, member: int) -> int:
        """Environment steps that a member has made."""
        return int(self.epochs[member]) * self.plan.steps_per_epoch

    def learning(self) -> Tensor:
        """Who has rounds to make still, (P,) bool."""
        return self.active & torch.from_numpy(self.epochs < self.plan.epochs)

    def dismiss(self, member: int) -> None:
        """Leave a member as it is from here on."""
        self._keep(member)
        self.active[member] = False

    def _keep(self, member: int) -> None:
        # Those who stand still go through the motions with the others, and what becomes of them means nothing.
        self._kept[member] = self.checkpoint(member)

    def round(self) -> Round:
        """One round of collect and update for everybody who has rounds to make, and evaluations that are due."""
        plan, taking = self.plan, self.learning()
        rollout, numbers, seconds = self._collector.collect(self._phases(taking))
        began = perf_counter()
        progress = torch.from_numpy(self.epochs / plan.epochs).to(torch.float32)[:, None]
        losses = self.agent.update(rollout, progress, taking)
        finite = self.agent.state.finite() & self._collector.healthy
        rows = _rows(losses)
        seconds["learning"] = perf_counter() - began
        self.epochs += taking.numpy()
        failures = {int(member): self._reason(int(member), rows[int(member)]) for member in torch.nonzero(taking & ~finite)}
        self.active &= finite
        due = [int(member) for member in torch.nonzero(taking & finite) if plan.evaluates_after(int(self.epochs[int(member)]))]
        scores: dict[int, Score] = {}
        best, seen = frozenset[int](), dict[int, Trajectory]()
        if due:
            began = perf_counter()
            scores, best, seen = self._evaluate(due)
            seconds["evaluation"] = perf_counter() - began
        for member in torch.nonzero(taking & finite)[:, 0].tolist():
            if self.epochs[member] == plan.epochs:
                self._keep(member)
        rate = {"steps_per_second": int((taking & finite).sum()) * plan.steps_per_epoch / sum(seconds.values())}
        metrics = tuple({**number, **row, **rate} for number, row in zip(numbers, rows, strict=True))
        return Round(metrics, seconds, failures, scores, best, seen)

    def _phases(self, taking: Tensor) -> list[tuple[Physics, Tensor]]:
        """Who acts in which physics in this round: members at different steps may be on either side of the exact tail."""
        sides: dict[Physics, list[int]] = {}
        for member in torch.nonzero(taking)[:, 0].tolist():
            sides.setdefault(self.plan.physics_at(self.steps_of(member)), []).append(member)
        return [(physics, torch.zeros_like(taking).index_fill(0, torch.tensor(own), True)) for physics, own in sides.items()]

    def _reason(self, member: int, losses: Mapping[str, float]) -> str:
        """Why a member failed in the round that just ended."""
        divergence = self._collector.divergence(member)
        if divergence is None:
            broken = ", ".join(f"{name} is {value}" for name, value in losses.items() if not np.isfinite(value))
            return "a network left the finite range" + (f": {broken}" if broken else "")
        environment, rollout_step = divergence
        step = self.steps_of(member) - self.plan.steps_per_epoch + rollout_step * self.plan.worlds
        return f"the physics of environment {environment + 1} of {self.plan.worlds} diverged at step {step}"

    def _evaluate(self, due: Sequence[int]) -> tuple[dict[int, Score], frozenset[int], dict[int, Trajectory]]:
        shared = self.specs[0].params
        if self._evaluation is None:
            self._evaluation = Evaluation(
                self.specs,
                seeds=evaluation_seeds(shared.evaluation_episodes),
                steps=shared.max_episode_length,
                threads=self.threads,
            )
        scores = dict(zip(due, self._evaluation.run(self.agent.state, due), strict=True))
        better = frozenset(member for member, score in scores.items() if score.score > self._best_score[member])
        for member in better:
            self._best_score[member] = scores[member].score
            self._best[member] = self.checkpoint(member)
        tape = self._evaluation.tape
        assert tape is not None
        seen = {member: tape.trajectory(index, self.steps_of(member)) for index, member in enumerate(due)}
        return scores, better, seen

    def best(self, member: int) -> Checkpoint | None:
        """The state at the member's best evaluation; None before the first."""
        return self._best[member]

    def keep_best(self, member: int, checkpoint: Checkpoint) -> None:
        """Take in the best policy of an earlier attempt at the same training."""
        self._best[member] = checkpoint

    def checkpoint(self, member: int) -> Checkpoint:
        """The present state of a member, complete: `resume` goes on from it exactly, in this or another cohort of its shape.

        Of one that has come to its end or was dismissed: the state in which it was then.
        """
        if member in self._kept:
            return self._kept[member]
        best = self._best_score[member]
        counters = {
            "step": self.steps_of(member),
            "epoch": int(self.epochs[member]),
            "active": bool(self.active[member]),
            "bestScore": best if np.isfinite(best) else None,
        }
        tensors = self.agent.state.arrays(member) | self._collector.arrays(member)
        return Checkpoint(self.specs[member], tensors, counters)

    def remains(self, member: int) -> dict[str, NDArray[Any]]:
        """What a member that has just failed leaves: its state as it is, and under `rollout.` what it saw and did before.

        Rollout arrays are (T, N, …); asked for before the next round.
        """
        rollout = {f"rollout.{name}": array for name, array in self._collector.rollout_arrays(member).items()}
        return self.agent.state.arrays(member) | self._collector.arrays(member) | rollout

    def start_from(self, member: int, checkpoint: Checkpoint) -> None:
        """Begin a new training with the networks, optimisers and normalisers of a checkpoint; raises FileError."""
        fill(self.agent.state, member, checkpoint, exactly=False)

    def resume(self, member: int, checkpoint: Checkpoint) -> None:
        """Let the very same training go on, bit for bit where versions and thread count are the same; raises FileError."""
        fill(self.agent.state, member, checkpoint, exactly=True)
        counters = checkpoint.counters
        self.epochs[member] = int(counters["epoch"])
        self.active[member] = bool(counters["active"])
        best = counters.get("bestScore")
        self._best_score[member] = float("-inf") if best is None else float(best)
        self._collector.load(member, checkpoint.tensors)


def _rows(numbers: Mapping[str, Tensor]) -> list[dict[str, float]]:
    """Numbers (P,) by name → one mapping a member."""
    names = list(numbers)
    table = torch.stack([numbers[name].to(torch.float64) for name in names], dim=1)
    return [dict(zip(names, row, strict=True)) for row in table.tolist()]
