"""The example workspace: valid files, reproducible scores of checkpoints, a current model card."""

from __future__ import annotations

import runpy
import sys
from math import sqrt
from pathlib import Path

import pytest

from gts.formats.checkpoint import read_checkpoint
from gts.params.figures import FIGURES
from gts.params.techniques import TECHNIQUES
from gts.training.evaluation import evaluate_checkpoint
from tests.support.repository import ROOT, WORKSPACE, shipped_files

CHECKPOINTS = shipped_files("*.checkpoint")
FOLDERS = {"invertedPendulum": "inverted"}


@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_has_specs_of_all_techniques_and_a_space(figure: str, gts_check) -> None:
    folder = WORKSPACE / FOLDERS.get(figure, figure)
    endings = {"ppo": "PPO", "a2c": "A2C", "reinforce": "Reinforce"}
    files = [folder / f"{folder.name}{endings[technique]}.spec" for technique in TECHNIQUES] + [folder / f"{folder.name}.space"]
    assert all(path.is_file() for path in files)
    assert gts_check([path for path in shipped_files("*.sp*c*") if path.parent == folder]) == 0


@pytest.fixture
def gts_check():
    from gts.cli import main

    return lambda paths: main(["check", *map(str, paths)])


@pytest.mark.slow
@pytest.mark.parametrize("path", CHECKPOINTS, ids=lambda path: path.stem)
def test_checkpoint_reproduces_its_score(path: Path) -> None:
    """Score some of the test episodes, within three standard errors: other processors round sums differently."""
    assert path.stat().st_size < 1_000_000
    checkpoint = read_checkpoint(path)
    assert checkpoint.score is not None and checkpoint.score["episodes"] == 100
    again = evaluate_checkpoint(checkpoint, episodes=20)
    noise = 3 * max(again.deviation, checkpoint.score["deviation"]) / sqrt(again.episodes)
    assert again.mean == pytest.approx(checkpoint.score["mean"], abs=noise + 0.01 * abs(again.mean))


@pytest.mark.parametrize("script", ["card.py", "published.py"])
def test_pages_of_results_are_current(script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [script, "--check"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(ROOT / "tests" / "bench" / script), run_name="__main__")
    assert ended.value.code == 0, f"run: python -m tests.bench.{Path(script).stem}"
