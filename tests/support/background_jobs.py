"""Jobs that are at work while a test does something else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.repository import ROOT


class Jobs:
    """A training and a search at work; what chance starts is kept in bounds."""

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace
        self._environment = os.environ | {"PYTHONPATH": str(ROOT)}
        settings = ("--set", "nSteps=100000000", "--set", "nEpochs=48800", "--threads", "1")
        self.training = self._gts("train", "hopper/hopperPPO.spec", "o.checkpoint", *settings, "--detach")["run"]
        self._gts("search", "inverted/inverted.space", "500", "-n", "1", "--cohort", "1", "--threads", "1", "--detach")

    def _gts(self, *words: str) -> Any:
        command = ["nice", "-n", "19", sys.executable, "-m", "gts", *words, "--json", "--workspace", str(self._workspace)]
        done = subprocess.run(command, capture_output=True, text=True, env=self._environment, cwd=self._workspace)
        assert done.returncode in (0, 1), f"{words}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout)

    def look(self) -> None:
        """End some jobs if there are too many for one machine."""
        active = [one["id"] for one in self._gts("jobs")["jobs"] if one["state"] in ("running", "queued", "stopping")]
        for surplus in [one for one in active if one not in (self.training, "inverted")][2:]:
            self._gts("stop", surplus)

    def harmed(self) -> list[Any]:
        """Those that ended without anybody's order; what was made as a failure is none of them."""
        jobs = self._gts("jobs", "--all")["jobs"]
        mine = [one for one in jobs if one["id"] >= "20261122" and one["state"] in ("failed", "interrupted")]
        return [one for one in mine if "not a number" not in one["reason"] and "come-and-go" not in one["id"]]

    def end(self) -> None:
        """End all."""
        subprocess.run(
            [sys.executable, "-m", "gts", "stop", "--all", "--now", "--workspace", str(self._workspace)],
            env=self._environment,
            capture_output=True,
        )
