"""Gaussian policies: a network computes the mean of each action; the standard deviation is of one of three kinds.

Policies act in unit actions: −1 and 1 are the ends of the figure's action range.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from gts.nets.mlp import Mlp, MlpConfig
from gts.nets.stack import DEVICE, DTYPE

_LOG_2_PI = math.log(2.0 * math.pi)
_OUTPUT_GAIN = 0.01  # initial mean actions near 0
_MIN_LOG_STD = -10.0
_MAX_LOG_STD = 4.0


def gaussian_log_prob(actions: Tensor, mean: Tensor, log_std: Tensor) -> Tensor:
    """Log density of independent Gaussians, summed over actions.

    log N(u; μ, σ) = −½ ((u − μ)/σ)² − log σ − ½ log 2π.   (…, A) → (…)
    """
    scaled = (actions - mean) * torch.exp(-log_std)
    return (-0.5 * scaled.square() - log_std).sum(-1) - 0.5 * _LOG_2_PI * actions.shape[-1]


def gaussian_entropy(log_std: Tensor) -> Tensor:
    """Entropy of independent Gaussians in nats, H = Σ (log σ + ½ log 2πe).   (…, A) → (…)"""
    return log_std.sum(-1) + 0.5 * (_LOG_2_PI + 1.0) * log_std.shape[-1]


class GaussianPolicy:
    """P Gaussian policies of one shape."""

    def __init__(
        self, n_members: int, observation_size: int, action_size: int, config: MlpConfig, std_kind: str, n_environments: int = 1
    ) -> None:
        """`std_kind`: "fixed", "learned" or "stateDependent"; `n_environments` > 1 gives each environment its own fixed one."""
        self.std_kind = std_kind
        heads = {"output": action_size}
        extra_shapes: dict[str, tuple[int, ...]] = {}
        if std_kind == "stateDependent":
            heads["deviation"] = action_size
        elif std_kind == "learned":
            extra_shapes["log_deviation"] = (action_size,)
        self.net = Mlp(n_members, observation_size, config, heads, extra_shapes)
        self.fixed_log_std = torch.zeros(n_members, n_environments, action_size, device=DEVICE, dtype=DTYPE)

    def initialise(self, generators: Sequence[Generator], std: Tensor) -> None:
        """Draw the weights and set the standard deviation of unit actions.

        `std`: (P,), or (P, N, A) for a fixed one per environment.
        """
        self.net.initialise(generators, {"output": _OUTPUT_GAIN, "deviation": _OUTPUT_GAIN})
        log_std = std.log().to(DTYPE)
        if log_std.dim() == 1:
            log_std = log_std[:, None, None]
        self.fixed_log_std.copy_(log_std.expand_as(self.fixed_log_std))
        with torch.no_grad():
            if self.std_kind == "learned":
                self.net.stack["log_deviation"].copy_(log_std.expand_as(self.net.stack["log_deviation"]))
            elif self.std_kind == "stateDependent":
                self.net.stack["deviation.bias"].copy_(log_std.expand_as(self.net.stack["deviation.bias"]))

    def __call__(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log standard deviation of unit actions. (P, B, O) → (P, B, A), (P, 1 or B, A)"""
        features = self.net.features(observations)
        mean = self.net.linear(features, "output")
        if self.std_kind == "stateDependent":
            log_std = self.net.linear(features, "deviation").clamp(_MIN_LOG_STD, _MAX_LOG_STD)
        elif self.std_kind == "learned":
            log_std = self.net.stack["log_deviation"]
        else:
            log_std = self._expand_fixed_log_std(mean.shape[1])
        return mean, log_std

    def mean(self, observations: Tensor) -> Tensor:
        """The deterministic action. (P, B, O) → (P, B, A)"""
        return self.net(observations)

    def sample(self, observations: Tensor, noise: Tensor) -> Tensor:
        """Actions u = μ + σ ε from standard normal `noise`. (P, B, O), (P, B, A) → (P, B, A)"""
        mean, log_std = self(observations)
        return torch.addcmul(mean, log_std.exp(), noise)

    def state_dict(self, member: int) -> dict[str, NDArray[Any]]:
        """One member's tensors by name, with a fixed standard deviation as `log_deviation`."""
        arrays = self.net.state_dict(member)
        if self.std_kind == "fixed":
            fixed = self.fixed_log_std[member].numpy().copy()
            arrays["log_deviation"] = fixed[0] if (fixed == fixed[0]).all() else fixed
        return arrays

    def load_state_dict(self, member: int, arrays: Mapping[str, NDArray[Any]]) -> None:
        """The inverse of `state_dict`; raises KeyError, ValueError."""
        if self.std_kind == "fixed":
            fixed = torch.from_numpy(np.asarray(arrays["log_deviation"], dtype=np.float32))
            rows = (
                fixed
                if fixed.dim() == 2 and fixed.shape[0] == self.fixed_log_std.shape[1]
                else fixed.reshape(-1, fixed.shape[-1])[:1]
            )
            self.fixed_log_std[member] = rows.expand_as(self.fixed_log_std[member])
        self.net.stack.load_state_dict(member, arrays)

    def _expand_fixed_log_std(self, batch_size: int) -> Tensor:
        """Fixed log standard deviations of a batch ordered step by step, environment by environment. (P, 1 or batch, A)"""
        n_environments = self.fixed_log_std.shape[1]
        return (
            self.fixed_log_std
            if n_environments in (1, batch_size)
            else self.fixed_log_std.repeat(1, batch_size // n_environments, 1)
        )
