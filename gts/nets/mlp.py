"""Multi-layer perceptrons, P of them at once.

A linear layer of all members is one batched product: (P, B, in) × (P, in, out) + (P, 1, out).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Generator, Tensor

from gts.nets.stack import ParameterStack


class _FastTanh(torch.autograd.Function):
    """tanh x = 2 σ(2x) − 1; on a CPU torch computes σ several times faster than tanh."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        y = torch.sigmoid(x + x).mul_(2.0).sub_(1.0)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (y,) = ctx.saved_tensors
        result: Tensor = torch.ops.aten.tanh_backward(gradients[0], y)
        return result


def fast_tanh(x: Tensor) -> Tensor:
    """Hyperbolic tangent, elementwise; within 2e-7 of the exact value."""
    if not torch.is_grad_enabled():
        return torch.sigmoid(x + x).mul_(2.0).sub_(1.0)
    result: Tensor = _FastTanh.apply(x)  # type: ignore[no-untyped-call]
    return result


ACTIVATIONS: Final[Mapping[str, Callable[[Tensor], Tensor]]] = {
    "tanh": fast_tanh,
    "sigmoid": torch.sigmoid,
    "ReLU": torch.relu,
    "leakyReLU": F.leaky_relu,
    "ELU": F.elu,
    "SiLU": F.silu,
}


@dataclass(frozen=True)
class MlpConfig:
    """Hidden layers of a network, as a spec describes them."""

    n_hidden: int
    hidden_size: int
    activation: str
    initialisation: str


class Mlp:
    """P perceptrons with one or more linear output layers ("heads") on shared hidden layers."""

    def __init__(
        self,
        n_members: int,
        input_size: int,
        config: MlpConfig,
        heads: Mapping[str, int],
        extra_shapes: Mapping[str, tuple[int, ...]] | None = None,
    ) -> None:
        """`heads`: width of each output layer by name; `extra_shapes`: further parameters of the stack by name."""
        self.config = config
        self._activation = ACTIVATIONS[config.activation]
        self._hidden_layers = [f"layer{i}" for i in range(config.n_hidden)]
        widths = [input_size] + [config.hidden_size] * config.n_hidden
        shapes: dict[str, tuple[int, ...]] = {}
        for name, width, out in zip(self._hidden_layers, widths, widths[1:], strict=False):
            shapes |= {f"{name}.weight": (width, out), f"{name}.bias": (out,)}
        for name, out in heads.items():
            shapes |= {f"{name}.weight": (widths[-1], out), f"{name}.bias": (out,)}
        self.stack = ParameterStack(n_members, shapes | dict(extra_shapes or {}))

    def features(self, x: Tensor) -> Tensor:
        """(P, B, in) → (P, B, width of the last hidden layer)"""
        for name in self._hidden_layers:
            x = self._activation(self.linear(x, name))
        return x

    def linear(self, x: Tensor, name: str) -> Tensor:
        """One linear layer. (P, B, in) → (P, B, out)"""
        return torch.baddbmm(self.stack[f"{name}.bias"], x, self.stack[f"{name}.weight"])

    def __call__(self, x: Tensor, head: str = "output") -> Tensor:
        """(P, B, in) → (P, B, out) of one head."""
        return self.linear(self.features(x), head)

    @torch.no_grad()
    def initialise(self, generators: Sequence[Generator], gains: Mapping[str, float]) -> None:
        """Draw the weights of each member from its own generator; biases are 0.

        "orthogonal": gain √2 in hidden layers, `gains` for the heads (Saxe et al. 2014; the gains are PPO's usual ones).
        "uniform": U(−1/√in, 1/√in) in all layers, as in the original programs.
        """
        for name, shape in self.stack.shapes.items():
            layer, _, kind = name.rpartition(".")
            if kind != "weight":
                continue
            for member, generator in enumerate(generators):
                if self.config.initialisation == "orthogonal":
                    weight = _orthogonal_matrix(shape[0], shape[1], generator) * gains.get(layer, math.sqrt(2.0))
                else:
                    weight = (torch.rand(shape, generator=generator) * 2 - 1) / math.sqrt(shape[0])
                self.stack[name][member] = weight

    def state_dict(self, member: int) -> dict[str, NDArray[Any]]:
        """One member's tensors by name."""
        return self.stack.state_dict(member)


def _orthogonal_matrix(rows: int, columns: int, generator: Generator) -> Tensor:
    """A uniformly distributed (rows, columns) matrix with orthonormal rows or columns, whichever are fewer."""
    normal = torch.randn(max(rows, columns), min(rows, columns), generator=generator)
    q, r = torch.linalg.qr(normal)
    basis: Tensor = q * torch.sign(torch.diagonal(r))
    return basis if rows >= columns else basis.T
