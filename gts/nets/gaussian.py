"""Gaussian policies: a network gives the mean of every action, the deviation comes in three kinds.

Policies act in unit actions: −1 and 1 are the ends of the figure's range.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from gts.nets.device import DEVICE, DTYPE
from gts.nets.mlp import Layers, Mlp

_LOG_2_PI = math.log(2.0 * math.pi)
_MEAN_GAIN = 0.01  # nearly no action at first, whatever the observation
_LOWEST_LOG_DEVIATION = -10.0
_HIGHEST_LOG_DEVIATION = 4.0


def log_probability(actions: Tensor, mean: Tensor, log_deviation: Tensor) -> Tensor:
    """Log density of independent Gaussians, summed over actions.

    log N(u; μ, σ) = −½ ((u − μ)/σ)² − log σ − ½ log 2π.   (…, A) → (…)
    """
    scaled = (actions - mean) * torch.exp(-log_deviation)
    return (-0.5 * scaled.square() - log_deviation).sum(-1) - 0.5 * _LOG_2_PI * actions.shape[-1]


def entropy(log_deviation: Tensor) -> Tensor:
    """Entropy of independent Gaussians in nats, H = Σ (log σ + ½ log 2πe).   (…, A) → (…)"""
    return log_deviation.sum(-1) + 0.5 * (_LOG_2_PI + 1.0) * log_deviation.shape[-1]


class GaussianPolicy:
    """P stochastic policies of one shape."""

    def __init__(
        self, members: int, observation_size: int, action_size: int, layers: Layers, deviation: str, environments: int = 1
    ) -> None:
        """`deviation`: "fixed", "learned" or "stateDependent"; a fixed one may differ between `environments` while acting."""
        self.deviation = deviation
        heads = {"output": action_size}
        extra: dict[str, tuple[int, ...]] = {}
        if deviation == "stateDependent":
            heads["deviation"] = action_size
        elif deviation == "learned":
            extra["log_deviation"] = (action_size,)
        self.net = Mlp(members, observation_size, layers, heads, extra)
        self.fixed = torch.zeros(members, environments, action_size, device=DEVICE, dtype=DTYPE)

    def initialise(self, generators: Sequence[Generator], deviations: Tensor) -> None:
        """Draw weights and set the deviation of unit actions.

        `deviations`: (P,) one a member, or (P, N, A) to tell apart the environments of a fixed one.
        """
        self.net.initialise(generators, {"output": _MEAN_GAIN, "deviation": _MEAN_GAIN})
        log_deviation = deviations.log().to(DTYPE)
        if log_deviation.dim() == 1:
            log_deviation = log_deviation[:, None, None]
        self.fixed.copy_(log_deviation.expand_as(self.fixed))
        with torch.no_grad():
            if self.deviation == "learned":
                self.net.stack["log_deviation"].copy_(log_deviation.expand_as(self.net.stack["log_deviation"]))
            elif self.deviation == "stateDependent":
                self.net.stack["deviation.bias"].copy_(log_deviation.expand_as(self.net.stack["deviation.bias"]))

    def __call__(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log deviation of unit actions. (P, B, O) → (P, B, A), (P, 1 or B, A)"""
        features = self.net.features(observations)
        mean = self.net.head(features, "output")
        if self.deviation == "stateDependent":
            log_deviation = self.net.head(features, "deviation").clamp(_LOWEST_LOG_DEVIATION, _HIGHEST_LOG_DEVIATION)
        elif self.deviation == "learned":
            log_deviation = self.net.stack["log_deviation"]
        else:
            log_deviation = self._fixed(mean.shape[1])
        return mean, log_deviation

    def mean(self, observations: Tensor) -> Tensor:
        """The deterministic action. (P, B, O) → (P, B, A)"""
        return self.net(observations)

    def sample(self, observations: Tensor, noise: Tensor) -> Tensor:
        """Actions u = μ + σ ε from standard normal `noise`. (P, B, O), (P, B, A) → (P, B, A)"""
        mean, log_deviation = self(observations)
        return torch.addcmul(mean, log_deviation.exp(), noise)

    def arrays(self, member: int) -> dict[str, NDArray[Any]]:
        """One member's tensors by name; a fixed deviation is `log_deviation` as well."""
        arrays = self.net.arrays(member)
        if self.deviation == "fixed":
            fixed = self.fixed[member].numpy().copy()
            arrays["log_deviation"] = fixed[0] if (fixed == fixed[0]).all() else fixed
        return arrays

    def load(self, member: int, arrays: Mapping[str, NDArray[Any]]) -> None:
        """The inverse of `arrays`; raises KeyError, ValueError."""
        if self.deviation == "fixed":
            fixed = torch.from_numpy(np.asarray(arrays["log_deviation"], dtype=np.float32))
            rows = (
                fixed if fixed.dim() == 2 and fixed.shape[0] == self.fixed.shape[1] else fixed.reshape(-1, fixed.shape[-1])[:1]
            )
            self.fixed[member] = rows.expand_as(self.fixed[member])
        self.net.stack.load(member, arrays)

    def _fixed(self, batch: int) -> Tensor:
        """The fixed deviations for a batch whose samples run over the environments first. (P, 1 or batch, A)"""
        environments = self.fixed.shape[1]
        return self.fixed if environments in (1, batch) else self.fixed.repeat(1, batch // environments, 1)
