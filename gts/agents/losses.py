"""Losses that more than one technique needs. Every loss is (P,): one number a member."""

from __future__ import annotations

import torch
from torch import Tensor

from gts.agents.state import AgentState
from gts.nets.gaussian import entropy, log_probability


def policy_gradient_loss(log_prob: Tensor, gains: Tensor) -> Tensor:
    """Minus the policy gradient's surrogate, −E[log π · gain] (Sutton et al. 2000, theorem 1). (P, B), (P, B) → (P,)"""
    return -(log_prob * gains).mean(1)


def value_loss(values: Tensor, targets: Tensor) -> Tensor:
    """Half the mean squared error. (P, B), (P, B) → (P,)"""
    return 0.5 * (values - targets).square().mean(1)


def standardised(samples: Tensor) -> Tensor:
    """Samples with mean 0 and deviation 1 for each member. (P, B) → (P, B)"""
    deviation, mean = torch.std_mean(samples, dim=1, keepdim=True)
    return (samples - mean) / (deviation + 1e-8)


def explained_variance(targets: Tensor, errors: Tensor) -> Tensor:
    """1 − Var[error] ÷ Var[target]: 1 where the targets were foreseen, 0 where a constant would do as well. (P, B) → (P,)"""
    return 1 - errors.var(1) / (targets.var(1) + 1e-8)


def policy_gradient_step(
    state: AgentState,
    observations: Tensor,
    actions: Tensor,
    gains: Tensor,
    *,
    entropy_weight: Tensor,
    rate: Tensor,
    active: Tensor,
) -> dict[str, Tensor]:
    """One step along ∇E[log π · gain] + β ∇H(π).

    Normalised `observations` (P, B, O), `actions` (P, B, A), `gains` (P, B), `entropy_weight` β (P,), `rate` and `active`
    (P, 1). Returns numbers to log, each (P,).
    """
    mean, log_deviation = state.policy(observations)
    loss = policy_gradient_loss(log_probability(actions, mean, log_deviation), gains)
    spread = entropy(log_deviation).mean(1)
    norm = state.policy_step(loss - entropy_weight * spread, rate, active)
    return {"policy_loss": loss.detach(), "entropy": spread.detach(), "actor_gradient": norm, "learning_rate": rate[:, 0]}
