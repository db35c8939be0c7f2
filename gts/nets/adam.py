"""Adam for stacked networks with one learning rate per member (Kingma and Ba 2015, algorithm 1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gts.nets.stack import ParameterStack, add_prefix, strip_prefix

_BETA_1 = 0.9
_BETA_2 = 0.999
_EPSILON = 1e-5  # the usual value for PPO; it damps steps along vanishing gradients


class Adam:
    """Moments and step counts of all members, updated in a few operations on (P, D) blocks."""

    def __init__(self, stack: ParameterStack) -> None:
        self.stack = stack
        self.exp_avg = torch.zeros_like(stack.block)
        self.exp_avg_sq = torch.zeros_like(stack.block)
        self.steps = torch.zeros(stack.n_members, 1, dtype=torch.float64, device=stack.block.device)

    @torch.no_grad()
    def step(self, learning_rate: Tensor, max_grad_norm: Tensor, active: Tensor | None = None) -> Tensor:
        """Clip the gradient of each member to its maximum norm, then make one step.

        `learning_rate`, `max_grad_norm` (P, 1), 0 for no clipping; `active` (P, 1) bool: members to update, None for all.
        Returns the gradient norms before clipping, (P,).
        """
        grad_norm: Tensor = torch.linalg.vector_norm(self.stack.gradient, dim=1, keepdim=True)
        scale = torch.where(max_grad_norm > 0, (max_grad_norm / (grad_norm + 1e-6)).clamp_max_(1.0), 1.0)
        gradient = self.stack.gradient * scale
        step_mask = torch.ones_like(grad_norm)
        if active is not None:
            step_mask = active.to(grad_norm.dtype)
            gradient.masked_fill_(~active, 0.0)
        self.steps.add_(step_mask)
        self.exp_avg.lerp_(gradient, step_mask * (1 - _BETA_1))
        self.exp_avg_sq.lerp_(gradient.square_(), step_mask * (1 - _BETA_2))
        # θ ← θ − α m̂ ÷ (√v̂ + ε), with both bias corrections in one factor per member.
        bias_correction2_sqrt = (1 - _BETA_2**self.steps).sqrt_()
        bias_correction = bias_correction2_sqrt / (1 - _BETA_1**self.steps).clamp_min_(1e-12)
        denominator = self.exp_avg_sq.sqrt().add_((bias_correction2_sqrt * _EPSILON).clamp_min_(1e-30).to(grad_norm.dtype))
        step_size = bias_correction.to(grad_norm.dtype).mul_(learning_rate).mul_(step_mask)
        self.stack.block.sub_(self.exp_avg.div(denominator).mul_(step_size))
        return grad_norm.squeeze(1)

    def state_dict(self, member: int) -> dict[str, NDArray[Any]]:
        """One member's state by name: `first.…`, `second.…`, `steps`."""
        first, second = self.stack.state_dict(member, self.exp_avg), self.stack.state_dict(member, self.exp_avg_sq)
        steps = np.array(int(self.steps[member, 0]), dtype=np.int64)
        return add_prefix("first.", first) | add_prefix("second.", second) | {"steps": steps}

    def load_state_dict(self, member: int, arrays: Mapping[str, NDArray[Any]]) -> None:
        """The inverse of `state_dict`; raises KeyError, ValueError."""
        for prefix, block in (("first.", self.exp_avg), ("second.", self.exp_avg_sq)):
            self.stack.load_state_dict(member, strip_prefix(arrays, prefix), block)
        self.steps[member] = float(arrays["steps"])
