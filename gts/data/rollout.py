"""Transitions of a cohort between two updates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Rollout:
    """T steps of P members in N worlds each.

    Its tensors are valid until the next rollout is collected and are not written to; a replay buffer copies them.
    """

    observations: Tensor
    """(T, P, N, O), raw."""
    actions: Tensor
    """(T, P, N, A) unit actions, before any clipping."""
    rewards: Tensor
    """(T, P, N)"""
    terminated: Tensor
    """(T, P, N) bool: the episode ended by the figure's health rule; the value after it is 0."""
    truncated: Tensor
    """(T, P, N) bool: the episode reached its maximum length; the value after it is estimated."""
    last_observations: Tensor
    """(P, N, O) after the last step; the first of a new episode if the last step ended one."""
    truncation_indices: Tensor
    """(M, 3) step, member and world of each truncation."""
    truncation_observations: Tensor
    """(M, O) true last observation of each truncated episode."""

    @property
    def done(self) -> Tensor:
        """(T, P, N) bool: terminated or truncated."""
        return self.terminated | self.truncated


def flatten_by_member(values: Tensor) -> Tensor:
    """(T, P, N, …) → (P, T·N, …): the samples of each member, world by world within a step."""
    moved = values.transpose(0, 1)
    return moved.reshape(moved.shape[0], -1, *moved.shape[3:])


def unflatten_by_step(values: Tensor, n_steps: int) -> Tensor:
    """(P, T·N) → (T, P, N), the inverse of `flatten_by_member`."""
    return values.reshape(values.shape[0], n_steps, -1).transpose(0, 1)


def compute_values(rollout: Rollout, critic: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
    """Values of the observations of a rollout and of their true successors.

    `critic` maps (P, B, O) → (P, B). Returns V(s_t) and V(s_{t+1}), both (T, P, N). At truncated steps the second is the
    value of the true last observation; at terminated steps it is meaningless and must be masked.
    """
    n_steps, n_members = rollout.observations.shape[:2]
    all_observations = torch.cat([rollout.observations, rollout.last_observations[None]])
    values = unflatten_by_step(critic(flatten_by_member(all_observations)), n_steps + 1)
    next_values = values[1:].clone()
    if len(rollout.truncation_indices):
        step, member, world = rollout.truncation_indices.unbind(1)
        rank = _rank_within_member(member, n_members)
        padded = rollout.truncation_observations.new_zeros(
            n_members, int(rank.max()) + 1, rollout.truncation_observations.shape[1]
        )
        padded[member, rank] = rollout.truncation_observations
        next_values[step, member, world] = critic(padded)[member, rank]
    return values[:-1], next_values


def _rank_within_member(member: Tensor, n_members: int) -> Tensor:
    """Index of each entry among those of the same member. (M,) → (M,)"""
    matches = torch.nn.functional.one_hot(member, n_members)
    return (matches.cumsum(0) * matches).sum(1) - 1
