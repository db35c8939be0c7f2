"""Trajectory files: the recording of one episode, small enough to be written at every evaluation.

A safetensors file with `qpos` (T, nq), `speed` (T,) and `terms` (T, K) in float32; the first row is the initial state. One
string in the metadata, under the key `gts-trajectory`, holds the rest as JSON.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError

from gts.errors import FormatError, Problem
from gts.formats.durable import write_durably
from gts.formats.file_checks import read_bytes

TRAJECTORY_FORMAT = 1
MAX_TRAJECTORY_BYTES = 50_000_000

_KEY = "gts-trajectory"
_HINT = "a run writes a new one at its next evaluation"


@dataclass(frozen=True)
class Trajectory:
    """Recording of one episode, one row per control step."""

    figure: str
    step: int
    """Environment steps that the policy was trained for."""
    dt: float
    """Seconds between rows."""
    fell: bool
    """Whether the episode ended with a fall."""
    term_names: tuple[str, ...]
    qpos: NDArray[np.float32]
    """Positions, (T, nq)."""
    speed: NDArray[np.float32]
    """Forward speed in m/s, (T,); 0 in the first row."""
    terms: NDArray[np.float32]
    """Reward terms, (T, K); 0 in the first row."""


def write_trajectory(path: str | os.PathLike[str], trajectory: Trajectory) -> None:
    """Write a trajectory durably. Raises FileError."""
    about = {
        "format": TRAJECTORY_FORMAT,
        "figure": trajectory.figure,
        "step": trajectory.step,
        "dt": trajectory.dt,
        "fell": trajectory.fell,
        "terms": trajectory.term_names,
    }
    arrays = {name: np.ascontiguousarray(getattr(trajectory, name), "<f4") for name in ("qpos", "speed", "terms")}
    write_durably(path, safetensors.numpy.save(arrays, metadata={_KEY: json.dumps(about)}))


def read_trajectory(path: str | os.PathLike[str]) -> Trajectory:
    """Read a trajectory. Raises FileError if the file cannot be read, FormatError if it is not a trajectory or damaged."""
    name = os.fspath(path)
    data = read_bytes(path, "trajectory", MAX_TRAJECTORY_BYTES)
    try:
        length = int.from_bytes(data[:8], "little")
        metadata: dict[str, Any] = json.loads(json.loads(data[8 : 8 + length])["__metadata__"][_KEY])
        if metadata["format"] > TRAJECTORY_FORMAT:
            raise FormatError(name, [Problem("it was written by a newer GTS")], hint="update GTS")
        arrays = safetensors.numpy.load(data)
        read = Trajectory(
            figure=str(metadata["figure"]),
            step=int(metadata["step"]),
            dt=float(metadata["dt"]),
            fell=bool(metadata["fell"]),
            term_names=tuple(map(str, metadata["terms"])),
            qpos=arrays["qpos"],
            speed=arrays["speed"],
            terms=arrays["terms"],
        )
    except (SafetensorError, ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise FormatError(name, [Problem("not a trajectory, or a damaged one")], hint=_HINT) from error
    rows = len(read.qpos)
    shapes = read.qpos.ndim == 2 and read.speed.shape == (rows,) and read.terms.shape == (rows, len(read.term_names))
    finite = all(np.isfinite(array).all() for array in (read.qpos, read.speed, read.terms))
    if not (shapes and finite and rows and read.dt > 0):
        raise FormatError(name, [Problem("its arrays have wrong shapes or numbers that are not finite")], hint=_HINT)
    return read
