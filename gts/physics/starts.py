"""Which starts are whose: those of scores and of evaluations are used by no training."""

from __future__ import annotations

from collections.abc import Iterable

_TEST_SEEDS = 0x7E57_0000_0000
_VALIDATION_SEEDS = 0x7A11_0000_0000
_APART = 1_000_003


def score_seeds(seed: int, episodes: Iterable[int]) -> list[int]:
    """Seeds of the starts of `gts score --seed SEED`, for these of its episodes; training worlds draw theirs from a hash."""
    return [_TEST_SEEDS + seed * _APART + episode for episode in episodes]


def evaluation_seeds(episodes: int) -> list[int]:
    """Seeds of the evaluations during a training, which choose the best checkpoint; disjoint from the test seeds."""
    return [_VALIDATION_SEEDS + episode for episode in range(episodes)]
