"""Random streams of worlds: seeds, draws of starts, storage.

Seeds of scores, of evaluations and of training worlds are disjoint.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gts.physics.frame import Floats

_MASK_64 = (1 << 64) - 1


def make_streams(seeds: Sequence[int]) -> list[np.random.Generator]:
    """One stream per seed, equal to `gymnasium.utils.seeding.np_random(seed)`."""
    return [np.random.Generator(np.random.PCG64(np.random.SeedSequence(int(seed)))) for seed in seeds]


def pack_streams(streams: Iterable[np.random.Generator]) -> NDArray[np.uint64]:
    """States of streams, (n, 6): state and increment in two halves each, and the buffered half draw."""
    rows = []
    for stream in streams:
        state = stream.bit_generator.state
        inner = state["state"]
        rows.append(
            (
                inner["state"] >> 64,
                inner["state"] & _MASK_64,
                inner["inc"] >> 64,
                inner["inc"] & _MASK_64,
                state["has_uint32"],
                state["uinteger"],
            )
        )
    return np.array(rows, np.uint64).reshape(-1, 6)


def unpack_streams(packed: NDArray[np.uint64]) -> list[np.random.Generator]:
    """The inverse of `pack_streams`."""
    streams = make_streams([0] * len(packed))
    for stream, row in zip(streams, packed.tolist(), strict=True):
        stream.bit_generator.state = {
            "bit_generator": "PCG64",
            "state": {"state": row[0] << 64 | row[1], "inc": row[2] << 64 | row[3]},
            "has_uint32": row[4],
            "uinteger": row[5],
        }
    return streams


@dataclass(frozen=True)
class ResetNoise:
    """Noise of starts around the default pose, drawn for each position and velocity."""

    position: float
    """Positions: uniform in ± this, metres and radians."""
    velocity: float
    """Velocities: uniform in ± this, or normal with this standard deviation, m/s and rad/s."""
    velocity_kind: Literal["uniform", "normal"] = "uniform"


class ResetSampler:
    """Draws starts in the order of Gymnasium: noise of all positions, then of all velocities."""

    def __init__(self, noise: ResetNoise, nq: int, nv: int) -> None:
        self._noise, self._nq, self._nv = noise, nq, nv
        self._normal = noise.velocity_kind == "normal"
        widths = np.repeat([noise.position, noise.velocity], [nq, nv])
        self._low, self._span = -widths, widths - -widths
        self._scales_random = not self._normal and _can_scale_random(noise)

    def sample(self, streams: Sequence[np.random.Generator]) -> Floats:
        """Draw one row per stream, (n, nq + nv)."""
        nq = self._nq
        samples = np.empty((len(streams), nq + self._nv))
        if self._scales_random:
            for stream, row in zip(streams, samples, strict=True):
                stream.random(out=row)
            samples *= self._span
            samples += self._low
            return samples
        position, velocity = self._noise.position, self._noise.velocity
        for stream, row in zip(streams, samples, strict=True):
            row[:nq] = stream.uniform(-position, position, nq)
            if self._normal:
                row[nq:] = velocity * stream.standard_normal(self._nv)
            else:
                row[nq:] = stream.uniform(-velocity, velocity, self._nv)
        return samples


def _can_scale_random(noise: ResetNoise) -> bool:
    """Whether `uniform` equals low + width · random(), which is three times as fast for small rows.

    It does unless NumPy was compiled with fused multiplication and addition, as on some processors.
    """
    for width in (noise.position, noise.velocity):
        drawn, plain = make_streams([0])[0].uniform(-width, width, 1000), make_streams([0])[0].random(1000)
        if not np.array_equal(drawn, -width + (width - -width) * plain):
            return False
    return True


_TEST_SEED_BASE = 0x7E57_0000_0000
_VALIDATION_SEED_BASE = 0x7A11_0000_0000
_SEED_STRIDE = 1_000_003


def score_seeds(seed: int, episodes: Iterable[int]) -> list[int]:
    """Seeds of the starts of `gts score --seed SEED` for these episodes."""
    return [_TEST_SEED_BASE + seed * _SEED_STRIDE + episode for episode in episodes]


def evaluation_seeds(episodes: int) -> list[int]:
    """Seeds of the starts of evaluations, which choose the best checkpoint; disjoint from those of scores."""
    return [_VALIDATION_SEED_BASE + episode for episode in range(episodes)]
