"""The random stream of each world, and how it is stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

_LOW = (1 << 64) - 1


def make_streams(seeds: Sequence[int]) -> list[np.random.Generator]:
    """A stream a seed: the one that `gymnasium.utils.seeding.np_random(seed)` gives."""
    return [np.random.Generator(np.random.PCG64(np.random.SeedSequence(int(seed)))) for seed in seeds]


def pack_streams(streams: Iterable[np.random.Generator]) -> NDArray[np.uint64]:
    """Everything that makes streams go on alike, (n, 6): state and increment in two halves each, and the buffered half draw."""
    rows = []
    for stream in streams:
        state = stream.bit_generator.state
        inner = state["state"]
        rows.append(
            (
                inner["state"] >> 64,
                inner["state"] & _LOW,
                inner["inc"] >> 64,
                inner["inc"] & _LOW,
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
