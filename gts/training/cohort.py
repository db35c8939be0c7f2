"""A cohort: the state of P trainings of one shape that learn side by side, each at its own step.

`gts.training.trainer.learn` trains it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gts.agents.agent import make_agent
from gts.agents.state import load_checkpoint
from gts.errors import UsageError
from gts.formats.checkpoint import Checkpoint
from gts.formats.trajectory import Trajectory
from gts.nets.stack import add_prefix
from gts.params.spec import Spec
from gts.params.techniques import Physics
from gts.physics.streams import evaluation_seeds
from gts.physics.worlds import Worlds
from gts.system.threads import available_cpus
from gts.training.evaluation import Evaluator
from gts.training.plan import TrainingPlan
from gts.training.rollout_collector import RolloutCollector
from gts.training.score import Score


class Cohort:
    """Worlds, agents, progress and checkpoints of P members that agree in every shared parameter."""

    def __init__(self, specs: Sequence[Spec], *, threads: int | None = None) -> None:
        """Make the worlds and agents of one spec per member. Raises UsageError if the specs do not fit together."""
        if len({spec.shape_key() for spec in specs}) != 1:
            raise UsageError("the members of a cohort must agree in figure, technique and every parameter that decides a shape")
        self.specs = tuple(specs)
        self.threads = threads or available_cpus()
        torch.set_num_threads(self.threads)
        shared = specs[0].params
        self.plan = TrainingPlan.from_params(shared)
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
        self.collector = RolloutCollector(self.worlds, self.agent.state, self.plan, clip=shared.clip_actions)
        self._evaluator: Evaluator | None = None
        self.epochs = np.zeros(len(specs), np.int64)
        """Finished rounds of each member, (P,)."""
        self.active = torch.ones(len(specs), dtype=torch.bool)
        """Members that have neither failed nor been deactivated, (P,)."""
        self._best_scores = [float("-inf")] * len(specs)
        self._best_checkpoints: list[Checkpoint | None] = [None] * len(specs)
        self._frozen_checkpoints: dict[int, Checkpoint] = {}
        self.collector.reset()

    @property
    def n_members(self) -> int:
        """P"""
        return len(self.specs)

    def member_step(self, member: int) -> int:
        """Environment steps of a member so far."""
        return int(self.epochs[member]) * self.plan.steps_per_epoch

    def learning_members(self) -> Tensor:
        """Active members that have not finished their plan, (P,) bool."""
        return self.active & torch.from_numpy(self.epochs < self.plan.n_epochs)

    def deactivate(self, member: int) -> None:
        """Stop training a member; `checkpoint` keeps returning its present state."""
        self._freeze(member)
        self.active[member] = False

    def _freeze(self, member: int) -> None:
        # The tensors of an inactive member keep their rows in the cohort, and their values become meaningless.
        self._frozen_checkpoints[member] = self.checkpoint(member)

    def progress(self) -> Tensor:
        """Finished fraction of each member's plan, 0 to 1, (P, 1)."""
        return torch.from_numpy(self.epochs / self.plan.n_epochs).to(torch.float32)[:, None]

    def complete_round(self, learners: Tensor, update_metrics: Sequence[Mapping[str, float]]) -> dict[int, str]:
        """Count the round and deactivate members that left the finite range; returns their reasons."""
        finite = self.agent.state.finite_members() & self.collector.healthy_members
        self.epochs += learners.numpy()
        self.active &= finite
        failed = torch.nonzero(learners & ~finite)[:, 0].tolist()
        return {member: self._failure_reason(member, update_metrics[member]) for member in failed}

    def freeze_finished(self, members: Sequence[int]) -> None:
        """Keep the final checkpoints of members that reached the end of their plan."""
        for member in members:
            if self.epochs[member] == self.plan.n_epochs:
                self._freeze(member)

    def group_by_physics(self, learners: Tensor) -> list[tuple[Physics, Tensor]]:
        """The learners (P,) bool by physics, which differs between members before and in their exact tail."""
        groups: dict[Physics, list[int]] = {}
        for member in torch.nonzero(learners)[:, 0].tolist():
            groups.setdefault(self.plan.physics_at(self.member_step(member)), []).append(member)
        return [
            (physics, torch.zeros_like(learners).index_fill(0, torch.tensor(members), True))
            for physics, members in groups.items()
        ]

    def _failure_reason(self, member: int, losses: Mapping[str, float]) -> str:
        """The reason for which a member failed in the round that just ended."""
        divergence = self.collector.find_divergence(member)
        if divergence is None:
            non_finite = ", ".join(f"{name} is {value}" for name, value in losses.items() if not np.isfinite(value))
            return "a network left the finite range" + (f": {non_finite}" if non_finite else "")
        environment, rollout_step = divergence
        step = self.member_step(member) - self.plan.steps_per_epoch + rollout_step * self.plan.n_environments
        return f"the physics of environment {environment + 1} of {self.plan.n_environments} diverged at step {step}"

    def evaluate(self, due: Sequence[int]) -> tuple[dict[int, Score], frozenset[int], dict[int, Trajectory]]:
        """Evaluate the members `due`.

        Returns their scores, the members with their best score so far, and the beginning of one episode of each.
        """
        shared = self.specs[0].params
        if self._evaluator is None:
            self._evaluator = Evaluator(
                self.specs,
                seeds=evaluation_seeds(shared.evaluation_episodes),
                steps=shared.max_episode_length,
                threads=self.threads,
            )
        scores = dict(zip(due, self._evaluator.evaluate(self.agent.state, due), strict=True))
        improved = frozenset(member for member, score in scores.items() if score.score > self._best_scores[member])
        for member in improved:
            self._best_scores[member] = scores[member].score
            self._best_checkpoints[member] = self.checkpoint(member)
        recorder = self._evaluator.recorder
        assert recorder is not None
        trajectories = {member: recorder.trajectory(index, self.member_step(member)) for index, member in enumerate(due)}
        return scores, improved, trajectories

    def best_checkpoint(self, member: int) -> Checkpoint | None:
        """The state of a member at its best evaluation; None before the first."""
        return self._best_checkpoints[member]

    def set_best_checkpoint(self, member: int, checkpoint: Checkpoint) -> None:
        """Set the best policy of an earlier attempt at the same training."""
        self._best_checkpoints[member] = checkpoint

    def checkpoint(self, member: int) -> Checkpoint:
        """The complete state of a member, from which `resume` continues exactly, in any cohort of its shape.

        For a finished or deactivated member: its last state.
        """
        if member in self._frozen_checkpoints:
            return self._frozen_checkpoints[member]
        best = self._best_scores[member]
        counters = {
            "step": self.member_step(member),
            "epoch": int(self.epochs[member]),
            "active": bool(self.active[member]),
            "bestScore": best if np.isfinite(best) else None,
        }
        tensors = self.agent.state.state_dict(member) | self.collector.state_dict(member)
        return Checkpoint(self.specs[member], tensors, counters)

    def failure_dump(self, member: int) -> dict[str, NDArray[Any]]:
        """State of a member that has just failed, with its last rollout as `rollout.*`, each (T, N, …).

        To be called before the next round.
        """
        rollout = add_prefix("rollout.", self.collector.rollout_arrays(member))
        return self.agent.state.state_dict(member) | self.collector.state_dict(member) | rollout

    def load_networks(self, member: int, checkpoint: Checkpoint) -> None:
        """Start a new training from the networks, optimisers and normalisers of a checkpoint; raises FileError."""
        load_checkpoint(self.agent.state, member, checkpoint, strict=False)

    def resume(self, member: int, checkpoint: Checkpoint) -> None:
        """Continue the same training, bit for bit if versions and thread count are equal; raises FileError."""
        load_checkpoint(self.agent.state, member, checkpoint, strict=True)
        counters = checkpoint.counters
        self.epochs[member] = int(counters["epoch"])
        self.active[member] = bool(counters["active"])
        best = counters.get("bestScore")
        self._best_scores[member] = float("-inf") if best is None else float(best)
        self.collector.load_state_dict(member, checkpoint.tensors)
