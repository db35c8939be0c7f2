"""Losses and steps shared by several techniques. Every loss is (P,): one number per member."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from gts.agents.state import AgentState
from gts.data.returns import compute_gae
from gts.data.rollout import Rollout, compute_values, flatten_by_member
from gts.nets.gaussian import gaussian_entropy, gaussian_log_prob


def policy_gradient_loss(log_prob: Tensor, advantages: Tensor) -> Tensor:
    """Negative surrogate of the policy gradient, −E[log π · A] (Sutton et al. 2000, theorem 1). (P, B), (P, B) → (P,)"""
    return -(log_prob * advantages).mean(1)


def value_loss(values: Tensor, returns: Tensor) -> Tensor:
    """Half the mean squared error. (P, B), (P, B) → (P,)"""
    return 0.5 * (values - returns).square().mean(1)


def normalize(samples: Tensor) -> Tensor:
    """Shift and scale to mean 0 and standard deviation 1 for each member. (P, B) → (P, B)"""
    std, mean = torch.std_mean(samples, dim=1, keepdim=True)
    return (samples - mean) / (std + 1e-8)


def explained_variance(returns: Tensor, residuals: Tensor) -> Tensor:
    """1 − Var[residual] ÷ Var[return]: 1 for a perfect critic, 0 for a constant one. (P, B), (P, B) → (P,)"""
    return 1 - residuals.var(1) / (returns.var(1) + 1e-8)


@torch.no_grad()
def estimate_advantages(
    state: AgentState, rollout: Rollout, rewards: Tensor, gamma: Tensor, gae_lambda: Tensor
) -> tuple[Tensor, Tensor]:
    """Advantages A and value targets A + V by the present critic, each (P, T·N).

    `rewards` (T, P, N), scaled; `gamma`, `gae_lambda` (P, 1).
    """
    values, next_values = compute_values(rollout, state.values)
    advantages = compute_gae(rewards, values, next_values, rollout.terminated, rollout.truncated, gamma, gae_lambda)
    return flatten_by_member(advantages), flatten_by_member(advantages + values)


def policy_gradient_step(
    state: AgentState,
    observations: Tensor,
    actions: Tensor,
    advantages: Tensor,
    *,
    entropy_coef: Tensor,
    learning_rate: Tensor,
    active: Tensor,
) -> dict[str, Tensor]:
    """One optimiser step along ∇E[log π · A] + β ∇H(π).

    `observations` (P, B, O), normalised; `actions` (P, B, A); `advantages` (P, B); `entropy_coef` β (P,); `learning_rate`,
    `active` (P, 1). Returns metrics, each (P,).
    """
    mean, log_std = state.policy(observations)
    loss = policy_gradient_loss(gaussian_log_prob(actions, mean, log_std), advantages)
    entropy = gaussian_entropy(log_std).mean(1)
    grad_norm = state.policy_step(loss - entropy_coef * entropy, learning_rate, active)
    return {
        "policy_loss": loss.detach(),
        "entropy": entropy.detach(),
        "actor_gradient": grad_norm,
        "learning_rate": learning_rate[:, 0],
    }


class MeanMetrics:
    """Means of metrics over the optimiser steps of an update; each metric is (P,)."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}

    def add(self, metrics: Mapping[str, Tensor]) -> None:
        """Add the metrics of one step."""
        for name, value in metrics.items():
            self._sums[name] = self._sums[name] + value.detach() if name in self._sums else value.detach()
            self._counts[name] = self._counts.get(name, 0) + 1

    def means(self) -> dict[str, Tensor]:
        """Mean of each metric over the steps that reported it, (P,)."""
        return {name: total / self._counts[name] for name, total in self._sums.items()}
