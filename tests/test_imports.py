"""Which modules may load what: the shell and the terminal program start fast because these hold."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.process

HEAVY = ("torch", "mujoco", "gymnasium", "optuna", "scipy", "matplotlib")

LIGHT_MODULES = (
    "gts",
    "gts.cli",
    "gts.commands",
    "gts.errors",
    "gts.formats",
    "gts.formats.checkpoint",
    "gts.formats.legacy",
    "gts.formats.space_file",
    "gts.formats.spec_file",
    "gts.jobs",
    "gts.params",
    "gts.params.figures",
    "gts.params.spec",
    "gts.params.techniques",
    "gts.playback.display",
    "gts.playback.drawing",
    "gts.playback.frame_source",
    "gts.playback.stream",
    "gts.search",
    "gts.search.study_file",
    "gts.search.storage_url",
    "gts.search.trial_records",
    "gts.search.settings",
    "gts.store",
    "gts.training.events",
    "gts.training.score",
)

HELP_SECONDS = 0.3
"""Processor time that `gts --help` may take on an idle machine."""


def loaded_by(statement: str) -> set[str]:
    """The names of all modules that a new interpreter holds after `statement`."""
    program = f"{statement}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("module", LIGHT_MODULES)
def test_module_is_light(module: str) -> None:
    assert loaded_by(f"import {module}").isdisjoint(HEAVY)


def test_engine_loads_no_screen() -> None:
    loaded = loaded_by("import gts.cli, gts.commands, gts.jobs, gts.envs, gts.training.trainer, gts.training.evaluation")
    assert "torch" in loaded and "mujoco" in loaded
    assert loaded.isdisjoint({"textual", "plotext", "gts_tui", "optuna"})


def test_importing_prints_and_writes_nothing(tmp_path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import gts.cli, gts.envs, gts.training.trainer"], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


def test_help_is_fast_and_light() -> None:
    command = [sys.executable, "-X", "importtime", "-c", "from gts.cli import main; main(['--help'])"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0
    assert "train" in done.stdout
    imported = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "click" in imported
    assert imported.isdisjoint(HEAVY)


def test_help_time() -> None:
    command = [sys.executable, "-c", "from gts.cli import main; main(['--help'])"]
    seconds = []
    for _ in range(5):
        before = os.times()
        subprocess.run(command, capture_output=True, check=True)
        after = os.times()
        seconds.append(sum(after[2:4]) - sum(before[2:4]))
    # Processor time, in the best of five: other work on the machine makes it more, and nothing makes it less.
    patience = 4 if os.environ.get("CI") else 2
    assert min(seconds) < HELP_SECONDS * patience
