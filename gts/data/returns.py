"""Returns and advantages of a rollout.

The value after a terminated step is 0; after a truncated one it is that of the true last observation.
"""

from __future__ import annotations

import torch
from torch import Tensor


def compute_gae(
    rewards: Tensor,
    values: Tensor,
    next_values: Tensor,
    terminated: Tensor,
    truncated: Tensor,
    gamma: Tensor,
    gae_lambda: Tensor,
) -> Tensor:
    """Generalised advantage estimates (Schulman et al. 2016, equations 11, 12 and 16).

    `rewards`, `values` V(s_t), `next_values` V(s_{t+1}), `terminated`, `truncated`: (T, P, N); `gamma` γ, `gae_lambda` λ:
    (P, 1). Returns (T, P, N).
    """
    not_terminated = (~terminated).to(rewards.dtype)
    not_done = not_terminated * (~truncated).to(rewards.dtype)
    # δ_t = r_t + γ V(s_{t+1}) − V(s_t)
    deltas = rewards + gamma * next_values * not_terminated - values
    decay = gamma * gae_lambda * not_done
    advantages = torch.empty_like(rewards)
    last_advantage = torch.zeros_like(rewards[0])
    for step in reversed(range(rewards.shape[0])):
        # A_t = δ_t + γ λ A_{t+1}
        last_advantage = torch.addcmul(deltas[step], decay[step], last_advantage)
        advantages[step] = last_advantage
    return advantages


def returns_to_go(rewards: Tensor, next_values: Tensor, terminated: Tensor, truncated: Tensor, gamma: Tensor) -> Tensor:
    """Discounted returns G_t = r_t + γ G_{t+1}.

    At the end of the rollout and at truncated steps G_{t+1} is `next_values`. All (T, P, N); `gamma` (P, 1).
    """
    not_terminated = (~terminated).to(rewards.dtype)
    returns = torch.empty_like(rewards)
    next_return = next_values[-1]
    for step in reversed(range(rewards.shape[0])):
        next_return = torch.where(truncated[step], next_values[step], next_return)
        next_return = rewards[step] + gamma * not_terminated[step] * next_return
        returns[step] = next_return
    return returns
