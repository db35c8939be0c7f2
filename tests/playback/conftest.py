"""Checkpoints for the tests of playback: a trained hopper and untrained figures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gts.formats.checkpoint import Checkpoint, read_checkpoint
from gts.params.spec import make_spec


@pytest.fixture(scope="session")
def hopper_file(repository: Path) -> Path:
    return repository / "workspace" / "hopper" / "hopperPPO.checkpoint"


@pytest.fixture(scope="session")
def hopper(hopper_file: Path) -> Checkpoint:
    return read_checkpoint(hopper_file)


@pytest.fixture(scope="session")
def untrained() -> Callable[[str], Checkpoint]:
    """Make the checkpoint of an untrained policy for a figure."""

    def make(figure: str) -> Checkpoint:
        from gts.training.trainer import Trainer

        spec = make_spec(figure, "ppo", {"nSteps": 1000, "nEpochs": 1, "nEnvironments": 1})
        return Trainer([spec], threads=1).cohort.checkpoint(0)

    return make
