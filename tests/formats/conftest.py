"""Fixtures of the file format tests: files of the original program and a small checkpoint."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gts.formats.checkpoint import Checkpoint
from gts.params.spec import make_spec
from tests.support.random_networks import network_tensors

LEGACY = Path(__file__).parent / "legacy"


@pytest.fixture(scope="session")
def legacy() -> Path:
    """Folder with files of the original program."""
    return LEGACY


@pytest.fixture(scope="session")
def checkpoint() -> Checkpoint:
    """A small complete checkpoint with tensors of every dtype."""
    spec = make_spec("hopper", "ppo", {"actor.hiddenSize": 8, "critic.hiddenSize": 4, "critic.nHidden": 1, "seed": 7})
    tensors = network_tensors(spec, {"actor": 3, "critic": 1}) | {
        "actor.adam.steps": np.array(12, dtype=np.int64),
        "observations.mean": np.linspace(-1, 1, 11),
        "streams.networks": np.arange(16, dtype=np.uint8),
        "worlds.generator": np.array([2**64 - 1, 5], dtype=np.uint64),
        "worlds.state": np.array([[0.1, -np.inf], [np.nan, 4.0]]),
        "worlds.fell": np.array([True, False]),
        "empty": np.zeros((0, 3), dtype=np.float32),
    }
    history = tuple({"step": step, "mean": 10.0 * step, "deviation": 1.5} for step in range(3))
    return Checkpoint(
        spec=spec,
        tensors=tensors,
        counters={"step": 4096, "epoch": 2, "active": True, "names": ["a", "b"]},
        score={"mean": 12.5, "score": 11.0, "measures": {"speed": 0.25}},
        history=history,
        parents=({"name": "older.checkpoint", "checksum": "ab" * 32, "step": 100},),
        versions={"gts": "0.1.0", "threads": "2"},
    )
