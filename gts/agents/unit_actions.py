"""From the unit actions of policies to the actions of worlds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor


class ActionRange:
    """u ∈ [−1, 1] → middle + half range · u, clipped to the range or left to the physics."""

    def __init__(self, low: NDArray[np.float32], high: NDArray[np.float32], *, clip: bool) -> None:
        """`low` and `high` are the ends of the range, (A,)."""
        self._middle = (low + high) / np.float32(2)
        self._half = (high - low) / np.float32(2)
        self._clip = clip

    def __call__(self, unit: Tensor) -> NDArray[np.float32]:
        """(P, N, A) unit actions → (P·N, A) float32 actions for all worlds."""
        actions: NDArray[np.float32] = unit.clamp(-1.0, 1.0).numpy() if self._clip else unit.numpy()
        return (self._middle + self._half * actions).reshape(-1, actions.shape[-1])
