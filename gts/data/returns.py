"""Returns and advantages of a rollout.

A terminated step has no future; a truncated one has the value of its true last observation.
"""

from __future__ import annotations

import torch
from torch import Tensor


def generalised_advantages(
    rewards: Tensor,
    values: Tensor,
    following: Tensor,
    terminated: Tensor,
    truncated: Tensor,
    discount: Tensor,
    gae_lambda: Tensor,
) -> Tensor:
    """Generalised advantage estimates (Schulman et al. 2016, equations 11, 12 and 16).

    `rewards`, `values` V(s_t), `following` V(s_{t+1}), `terminated`, `truncated`: (T, P, N); `discount` γ and `gae_lambda`
    λ: (P, 1). Returns (T, P, N).
    """
    alive = (~terminated).to(rewards.dtype)
    same_episode = alive * (~truncated).to(rewards.dtype)
    # δ_t = r_t + γ V(s_{t+1}) − V(s_t)
    deltas = rewards + discount * following * alive - values
    decay = discount * gae_lambda * same_episode
    advantages = torch.empty_like(rewards)
    carry = torch.zeros_like(rewards[0])
    for step in reversed(range(rewards.shape[0])):
        # A_t = δ_t + γ λ A_{t+1}
        carry = torch.addcmul(deltas[step], decay[step], carry)
        advantages[step] = carry
    return advantages


def returns_to_go(rewards: Tensor, following: Tensor, terminated: Tensor, truncated: Tensor, discount: Tensor) -> Tensor:
    """Discounted sums of what came after each step, G_t = r_t + γ G_{t+1}.

    Where the rollout ends or an episode was truncated, `following` (T, P, N) stands for the rest. All (T, P, N); `discount`
    (P, 1).
    """
    alive = (~terminated).to(rewards.dtype)
    result = torch.empty_like(rewards)
    carry = following[-1]
    for step in reversed(range(rewards.shape[0])):
        carry = torch.where(truncated[step], following[step], carry)
        carry = rewards[step] + discount * alive[step] * carry
        result[step] = carry
    return result
