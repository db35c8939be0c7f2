"""The learnable tensors of P networks of one shape, in one block of memory.

Row p of the (P, D) block holds all parameters of member p. The named tensors that layers use are views into it, and gradients
are a block of the same layout: an operation on whole members (gradient norm, Adam step, copy) is one operation on the block.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

DEVICE = torch.device("cpu")
DTYPE = torch.float32
"""Device and precision of all tensors of agents."""


def add_prefix(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The arrays with `prefix` before their names."""
    return {prefix + name: array for name, array in arrays.items()}


def strip_prefix(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    """The arrays with names that start with `prefix`, without it."""
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


class ParameterStack:
    """Named tensors that share one block; `stack["output.weight"]` is a leaf of autograd.

    A tensor of shape (m, n) is viewed as (P, m, n); a vector (n,), such as a bias, as (P, 1, n), to broadcast over a batch.
    """

    def __init__(self, n_members: int, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self.n_members = n_members
        self.shapes = dict(shapes)
        width = sum(math.prod(shape) for shape in shapes.values())
        self.block = torch.zeros(n_members, width, device=DEVICE, dtype=DTYPE)
        self.gradient = torch.zeros_like(self.block)
        self._leaves: dict[str, Tensor] = {}
        start = 0
        for name, shape in shapes.items():
            stop = start + math.prod(shape)
            view_shape = shape if len(shape) > 1 else (1, *shape)
            self._leaves[name] = self.block[:, start:stop].view(n_members, *view_shape).requires_grad_()
            start = stop

    def __getitem__(self, name: str) -> Tensor:
        return self._leaves[name]

    def __contains__(self, name: str) -> bool:
        return name in self._leaves

    def compute_gradients(self, losses: Tensor) -> Tensor:
        """Compute the gradient of each member's loss, (P,) → (P, D), and store it in `gradient`."""
        parts = torch.autograd.grad(losses.sum(), list(self._leaves.values()))
        return torch.cat([part.reshape(self.n_members, -1) for part in parts], dim=1, out=self.gradient)

    def finite_members(self) -> Tensor:
        """Members with only finite numbers, (P,) bool."""
        return torch.isfinite(self.block).all(dim=1)

    def state_dict(self, member: int, block: Tensor | None = None) -> dict[str, NDArray[Any]]:
        """Copies of one member's tensors by name; of another block of the same layout if one is given."""
        row = (self.block if block is None else block)[member].detach().cpu().numpy()
        arrays: dict[str, NDArray[Any]] = {}
        start = 0
        for name, shape in self.shapes.items():
            size = math.prod(shape)
            arrays[name] = row[start : start + size].reshape(shape).copy()
            start += size
        return arrays

    @torch.no_grad()
    def load_state_dict(self, member: int, arrays: Mapping[str, NDArray[Any]], block: Tensor | None = None) -> None:
        """The inverse of `state_dict`; raises KeyError for a missing tensor, ValueError for another shape."""
        rows = []
        for name, shape in self.shapes.items():
            array = np.asarray(arrays[name], dtype=np.float32)
            if array.shape != shape:
                raise ValueError(f"`{name}` has shape {array.shape}, not {shape}")
            rows.append(array.reshape(-1))
        target = self.block if block is None else block
        target[member] = torch.from_numpy(np.concatenate(rows)).to(target)
