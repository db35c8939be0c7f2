"""Command lines as a person types them, and a training that is over in less than a second."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TINY = {
    "physicalModel": "invertedPendulum",
    "technique": "ppo",
    "params": {
        "nSteps": 1200,
        "nEpochs": 10,
        "nEnvironments": 4,
        "nEvaluations": 3,
        "evaluationEpisodes": 2,
        "actor.hiddenSize": 8,
        "critic.hiddenSize": 8,
    },
}
"""A training of less than a second."""


@dataclass(frozen=True)
class Outcome:
    """What a command line did."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Standard output as JSON, and nothing else."""
        return json.loads(self.out)


Gts = Callable[..., Outcome]


def start(folder: Path, *words: str, **environment: str) -> subprocess.Popen[str]:
    """`gts` as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "gts", *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
