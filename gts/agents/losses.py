"""Losses that more than one technique needs. Every loss is (P,): one number a member."""

from __future__ import annotations

import torch
from torch import Tensor

from gts.agents.state import AgentState
from gts.nets.gaussian import gaussian_entropy, gaussian_log_prob


def policy_gradient_loss(log_prob: Tensor, advantages: Tensor) -> Tensor:
    """Minus the policy gradient's surrogate, −E[log π · gain] (Sutton et al. 2000, theorem 1). (P, B), (P, B) → (P,)"""
    return -(log_prob * advantages).mean(1)


def value_loss(values: Tensor, targets: Tensor) -> Tensor:
    """Half the mean squared error. (P, B), (P, B) → (P,)"""
    return 0.5 * (values - targets).square().mean(1)


def normalize(samples: Tensor) -> Tensor:
    """Samples with mean 0 and deviation 1 for each member. (P, B) → (P, B)"""
    std, mean = torch.std_mean(samples, dim=1, keepdim=True)
    return (samples - mean) / (std + 1e-8)


def explained_variance(targets: Tensor, residuals: Tensor) -> Tensor:
    """1 − Var[error] ÷ Var[target]: 1 where the targets were foreseen, 0 where a constant would do as well. (P, B) → (P,)"""
    return 1 - residuals.var(1) / (targets.var(1) + 1e-8)


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
    """One step along ∇E[log π · gain] + β ∇H(π).

    Normalised `observations` (P, B, O), `actions` (P, B, A), `gains` (P, B), `entropy_weight` β (P,), `rate` and `active`
    (P, 1). Returns numbers to log, each (P,).
    """
    mean, log_std = state.policy(observations)
    loss = policy_gradient_loss(gaussian_log_prob(actions, mean, log_std), advantages)
    mean_entropy = gaussian_entropy(log_std).mean(1)
    grad_norm = state.policy_step(loss - entropy_coef * mean_entropy, learning_rate, active)
    return {
        "policy_loss": loss.detach(),
        "entropy": mean_entropy.detach(),
        "actor_gradient": grad_norm,
        "learning_rate": learning_rate[:, 0],
    }
