"""Adam for a stack of members, each with its own learning rate (Kingma and Ba 2015, algorithm 1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gts.nets.stack import ParameterStack

_BETA_1 = 0.9
_BETA_2 = 0.999
_EPSILON = 1e-5  # PPO's usual value; it damps steps where gradients have all but vanished


class Adam:
    """Moments and step counts of all members; one step is a handful of operations on (P, D) blocks."""

    def __init__(self, stack: ParameterStack) -> None:
        self.stack = stack
        self.first = torch.zeros_like(stack.block)
        self.second = torch.zeros_like(stack.block)
        self.steps = torch.zeros(stack.members, 1, dtype=torch.float64, device=stack.block.device)

    @torch.no_grad()
    def step(self, learning_rate: Tensor, max_norm: Tensor, active: Tensor | None = None) -> Tensor:
        """Clip each member's gradient to its norm, then move it by one step.

        `learning_rate`, `max_norm` (P, 1), a norm of 0 means no clipping; `active` (P, 1) bool leaves members out.
        Returns the gradient norms before clipping, (P,).
        """
        norm: Tensor = torch.linalg.vector_norm(self.stack.gradient, dim=1, keepdim=True)
        scale = torch.where(max_norm > 0, (max_norm / (norm + 1e-6)).clamp_max_(1.0), 1.0)
        gradient = self.stack.gradient * scale
        moved = torch.ones_like(norm)
        if active is not None:
            moved = active.to(norm.dtype)
            gradient.masked_fill_(~active, 0.0)
        self.steps.add_(moved)
        self.first.lerp_(gradient, moved * (1 - _BETA_1))
        self.second.lerp_(gradient.square_(), moved * (1 - _BETA_2))
        # θ ← θ − α m̂ ÷ (√v̂ + ε), with both corrections gathered in one factor a member.
        unbiased = (1 - _BETA_2**self.steps).sqrt_()
        factor = unbiased / (1 - _BETA_1**self.steps).clamp_min_(1e-12)
        denominator = self.second.sqrt().add_((unbiased * _EPSILON).clamp_min_(1e-30).to(norm.dtype))
        size = factor.to(norm.dtype).mul_(learning_rate).mul_(moved)
        self.stack.block.sub_(self.first.div(denominator).mul_(size))
        return norm.squeeze(1)

    def arrays(self, member: int) -> dict[str, NDArray[Any]]:
        """One member's state by name: `first.…`, `second.…`, `steps`."""
        first, second = self.stack.arrays(member, self.first), self.stack.arrays(member, self.second)
        return (
            {f"first.{name}": array for name, array in first.items()}
            | {f"second.{name}": array for name, array in second.items()}
            | {"steps": np.array(int(self.steps[member, 0]), dtype=np.int64)}
        )

    def load(self, member: int, arrays: Mapping[str, NDArray[Any]]) -> None:
        """The inverse of `arrays`; raises KeyError, ValueError."""
        for prefix, block in (("first.", self.first), ("second.", self.second)):
            part = {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
            self.stack.load(member, part, block)
        self.steps[member] = float(arrays["steps"])
