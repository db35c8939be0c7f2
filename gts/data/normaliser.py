"""Running statistics of observations and returns, one set per member, stored in checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gts.nets.stack import DTYPE

_CLIP = 10.0
_EPSILON = 1e-8


class RunningMeanStd:
    """Running mean and variance in float64, (P, D)."""

    def __init__(self, n_members: int, width: int) -> None:
        self.mean = torch.zeros(n_members, width, dtype=torch.float64)
        self.variance = torch.ones(n_members, width, dtype=torch.float64)
        self.count = torch.zeros(n_members, 1, dtype=torch.float64)

    def update(self, samples: Tensor) -> None:
        """Merge a batch (P, B, D) by the parallel formula of Chan et al. (1979)."""
        if samples.shape[0] != self.mean.shape[0] or samples.shape[2] != self.mean.shape[1]:
            raise ValueError(f"samples {tuple(samples.shape)} do not fit statistics {tuple(self.mean.shape)}")
        size = samples.shape[1]
        variance, mean = torch.var_mean(samples.double(), dim=1, correction=0)
        total = self.count + size
        delta = mean - self.mean
        sum_squares = self.variance * self.count + variance * size + delta.square() * (self.count * size / total)
        self.mean += delta * (size / total)
        self.variance = sum_squares / total
        self.count = total

    def state_dict(self, member: int) -> dict[str, NDArray[Any]]:
        """One member's statistics by name."""
        return {name: getattr(self, name)[member].numpy().copy() for name in ("mean", "variance", "count")}

    def load_state_dict(self, member: int, tensors: Mapping[str, NDArray[Any]]) -> None:
        """The inverse of `state_dict`; raises KeyError, ValueError."""
        for name in ("mean", "variance", "count"):
            getattr(self, name)[member] = torch.from_numpy(np.asarray(tensors[name], dtype=np.float64))


class ObservationNormaliser:
    """x → clip((x − mean) ÷ √variance, ±10); statistics change in `update` only."""

    def __init__(self, n_members: int, size: int, *, enabled: bool) -> None:
        self.enabled = enabled
        self.statistics = RunningMeanStd(n_members, size)
        self._cache_statistics()

    def __call__(self, observations: Tensor) -> Tensor:
        """(P, B, O) float64 or float32 → (P, B, O) float32"""
        if not self.enabled:
            return observations.to(DTYPE)
        return ((observations.to(DTYPE) - self._mean) * self._inverse_std).clamp_(-_CLIP, _CLIP)

    def update(self, observations: Tensor) -> None:
        """Add the observations of a rollout, (P, B, O), to the statistics."""
        if self.enabled:
            self.statistics.update(observations)
            self._cache_statistics()

    def affine(self, member: int) -> tuple[NDArray[np.float32], NDArray[np.float32], float]:
        """One member's normalisation clip((x − shift) · scale, ±limit): shift (O,), scale (O,), limit."""
        return self._mean[member, 0].numpy().copy(), self._inverse_std[member, 0].numpy().copy(), _CLIP

    def load_state_dict(self, member: int, tensors: Mapping[str, NDArray[Any]]) -> None:
        """Load one member's statistics; raises KeyError, ValueError."""
        self.statistics.load_state_dict(member, tensors)
        self._cache_statistics()

    def _cache_statistics(self) -> None:
        self._mean = self.statistics.mean.to(DTYPE)[:, None]
        self._inverse_std = (self.statistics.variance + _EPSILON).rsqrt().to(DTYPE)[:, None]


class RewardScaler:
    """Rewards ÷ running standard deviation of the discounted return, which keeps value targets near 1.

    The return accumulates forward in time, R ← γ R + r, as in OpenAI's `VecNormalize`.
    """

    def __init__(self, n_members: int, n_environments: int, *, enabled: bool) -> None:
        self.enabled = enabled
        self.statistics = RunningMeanStd(n_members, 1)
        self.running_returns = torch.zeros(n_members, n_environments)

    def __call__(self, rewards: Tensor, done: Tensor, gamma: Tensor) -> Tensor:
        """Add a rollout to the statistics, then scale its rewards. (T, P, N), (T, P, N), (P, 1) → (T, P, N)"""
        if not self.enabled:
            return rewards
        returns = torch.empty_like(rewards)
        for step in range(rewards.shape[0]):
            self.running_returns = self.running_returns * gamma + rewards[step]
            returns[step] = self.running_returns
            self.running_returns = torch.where(done[step], 0.0, self.running_returns)
        self.statistics.update(returns.transpose(0, 1).reshape(rewards.shape[1], -1, 1))
        return (rewards * self.scale()).clamp(-_CLIP, _CLIP)

    def scale(self) -> Tensor:
        """Factor of the rewards, (P, 1)."""
        return (self.statistics.variance + _EPSILON).rsqrt().to(DTYPE)
