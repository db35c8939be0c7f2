"""From the unit actions of policies to the actions of worlds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gts.physics.worlds import Worlds


class ActionRange:
    """u ∈ [−1, 1] → middle + half range · u, clipped to the range or left to the physics."""

    def __init__(self, worlds: Worlds, *, clip: bool) -> None:
        self._middle = (worlds.action_low + worlds.action_high) / np.float32(2)
        self._half = (worlds.action_high - worlds.action_low) / np.float32(2)
        self._clip = clip

    def __call__(self, unit: Tensor) -> NDArray[np.float32]:
        """(P, N, A) unit actions → (P·N, A) float32 actions for all worlds."""
        actions: NDArray[np.float32] = unit.clamp(-1.0, 1.0).numpy() if self._clip else unit.numpy()
        return (self._middle + self._half * actions).reshape(-1, actions.shape[-1])
