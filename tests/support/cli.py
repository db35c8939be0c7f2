"""The shell command `gts` in tests: its outcome, a process of its own, and a tiny spec."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.trainings import TINY

TINY_SPEC = {"physicalModel": "invertedPendulum", "technique": "ppo", "params": TINY}
"""A training that takes less than a second."""

TINY_SPACE = {
    "physicalModel": "invertedPendulum",
    "technique": "ppo",
    "name": "shared",
    "nSteps": 1200,
    "nEpochs": 10,
    "params": {"nEnvironments": 4, "nEvaluations": 2, "evaluationEpisodes": 2, "actor.hiddenSize": 8, "critic.hiddenSize": 8},
    "paramSpace": {"discountFactor": [0.9, 0.95, 0.99]},
}
"""A search of such trainings."""


@dataclass(frozen=True)
class Outcome:
    """Exit code and output of a command line."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Standard output parsed as JSON; fails if there is anything else on it."""
        return json.loads(self.out)


Gts = Callable[..., Outcome]


def start(folder: Path, *words: str, **environment: str) -> subprocess.Popen[str]:
    """Start `gts` as a process."""
    return subprocess.Popen(
        [sys.executable, "-m", "gts", *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


def run_json(folder: Path, *words: str) -> tuple[int, Any, str]:
    """Run `gts … --json` as a process in a workspace; (exit code, result or None, standard error)."""
    environment = {**os.environ, "GTS_STATE": str(folder / "state")}
    environment.pop("PGPASSWORD", None)
    done = subprocess.run(
        [sys.executable, "-m", "gts", *words, "--json"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
    )
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr
