"""Division of a training into rounds."""

from __future__ import annotations

from dataclasses import dataclass

from gts.params.techniques import CommonParams, Physics


@dataclass(frozen=True)
class TrainingPlan:
    """Rounds, evaluations and physics of a training, from its parameters."""

    n_environments: int
    """Worlds of each member, N."""
    rollout_steps: int
    """Steps of a world between two updates, T."""
    n_epochs: int
    """Rounds of collect and update."""
    n_evaluations: int
    fast_steps: int
    """Steps with fast physics before the exact tail; 0 if all physics is exact."""

    @classmethod
    def from_params(cls, params: CommonParams) -> TrainingPlan:
        """Make the plan of a spec.

        A rollout is nSteps ÷ nEpochs ÷ nEnvironments steps long, rounded down, at least 1. The number of rounds is as many as
        fit into nSteps, at least 1: nEpochs up to rounding.
        """
        worlds = params.n_environments
        rollout = max(1, params.n_steps // (params.n_epochs * worlds))
        epochs = max(1, params.n_steps // (rollout * worlds))
        total = epochs * rollout * worlds
        fast = int(total * (1 - params.exact_tail)) if params.physics == "fast" else 0
        return cls(worlds, rollout, epochs, min(params.n_evaluations, epochs), fast)

    @property
    def steps_per_epoch(self) -> int:
        """Environment steps of one member in one round."""
        return self.rollout_steps * self.n_environments

    @property
    def total_steps(self) -> int:
        """Environment steps of one member in the whole training."""
        return self.n_epochs * self.steps_per_epoch

    def physics_at(self, step: int) -> Physics:
        """Physics of the round that starts at a step."""
        return "fast" if step < self.fast_steps else "exact"

    def is_evaluation_due(self, epoch: int) -> bool:
        """Whether the policy is evaluated after this round; always after the last one, unless there are no evaluations."""
        return (
            self.n_evaluations > 0
            and epoch * self.n_evaluations // self.n_epochs > (epoch - 1) * self.n_evaluations // self.n_epochs
        )
