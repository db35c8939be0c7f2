"""Random streams of each member, so that a member does not depend on the others of its cohort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

_STREAM_NAMES = ("networks", "actions", "minibatches")


class MemberStreams:
    """Named torch generators of all members, derived from one seed per member."""

    def __init__(self, seeds: Sequence[int]) -> None:
        self._seeds = tuple(seeds)
        self.networks, self.actions, self.minibatches = (
            [torch.Generator().manual_seed(_derive_seed(seed, index)) for seed in seeds] for index in range(len(_STREAM_NAMES))
        )

    def world_seeds(self, worlds: int) -> list[int]:
        """Seeds of the worlds of all members, `worlds` each, member by member."""
        return [
            int(word)
            for seed in self._seeds
            for word in np.random.SeedSequence([seed, len(_STREAM_NAMES)]).generate_state(worlds, np.uint64) >> np.uint64(1)
        ]

    def action_noise(self, steps: int, worlds: int, actions: int) -> Tensor:
        """Standard normal noise for the actions of a rollout. (T, P, N, A)"""
        draws = [torch.randn(steps, worlds, actions, generator=generator) for generator in self.actions]
        return torch.stack(draws, dim=1)

    def minibatch_permutations(self, size: int) -> Tensor:
        """One permutation of `size` samples per member. (P, size)"""
        return torch.stack([torch.randperm(size, generator=generator) for generator in self.minibatches])

    def state_dict(self, member: int) -> dict[str, NDArray[Any]]:
        """States of one member's generators by name."""
        return {name: getattr(self, name)[member].get_state().numpy() for name in _STREAM_NAMES}

    def load_state_dict(self, member: int, arrays: Mapping[str, NDArray[Any]]) -> None:
        """The inverse of `state_dict`."""
        for name in _STREAM_NAMES:
            generator: Generator = getattr(self, name)[member]
            generator.set_state(torch.from_numpy(np.asarray(arrays[name], dtype=np.uint8)))


def _derive_seed(seed: int, index: int) -> int:
    return int(np.random.SeedSequence([seed, index]).generate_state(1, np.uint64)[0] >> np.uint64(1))
