"""`gts export` of motion: formats by suffix, and errors."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from gts.formats.checkpoint import read_checkpoint
from gts.playback.policy_player import PolicyPlayer

FIRST = {".glb": b"glTF", ".usda": b"#usda 1.0", ".bvh": b"HIERARCHY", ".csv": b"frame [1/25 s],time [s],slider [m]"}


@pytest.mark.parametrize("ending", sorted(FIRST))
def test_suffix_selects_the_format(gts, trained: Path, workspace: Path, ending: str) -> None:
    checkpoint = trained / "out-seed1.checkpoint"
    data = gts("export", checkpoint, f"swing{ending}", "--seconds", "0.4", "--json").data
    assert Path(f"swing{ending}").read_bytes().startswith(FIRST[ending])
    assert (data["figure"], data["fps"]) == ("invertedPendulum", 25.0)
    assert data["frames"] == 11 or data["fallen"]
    assert data["seconds"] == pytest.approx((data["frames"] - 1) / 25)


def test_motion_equals_playback(gts, trained: Path, workspace: Path) -> None:
    checkpoint = trained / "out-seed1.checkpoint"
    for seed in (0, 7):
        assert gts("export", checkpoint, "swing.csv", "--seconds", "0.2", "-r", str(seed)).code == 0
        player = PolicyPlayer(read_checkpoint(checkpoint), seed=seed)
        frames = [player.restart(), *(player.advance() for _ in range(5))]
        with open("swing.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        angles = [float(row["hinge [rad]"]) for row in rows]
        assert angles == pytest.approx([frame.qpos[1] for frame in frames][: len(rows)], abs=1e-8)
        assert len(set(angles)) == len(rows) > 3


def test_csv_is_the_learning_curve_without_seconds(gts, trained: Path, workspace: Path) -> None:
    checkpoint = trained / "out-seed1.checkpoint"
    assert gts("export", checkpoint, "curve.csv", "--json").data["columns"][:2] == ["step", "mean"]
    assert gts("export", checkpoint, "swing.csv", "--seconds", "1", "--json").data["figure"] == "invertedPendulum"
    assert gts("export", checkpoint, "swing.BVH", "--seconds", "0.2").out.startswith("swing.BVH: ")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("CHECKPOINT", "policy.onnx", "--seconds", "3"), "cannot hold"),
        (("CHECKPOINT", "curve.json", "--seconds", "3"), "cannot hold"),
        (("CHECKPOINT", "board/", "--seconds", "3"), "cannot hold"),
        (("CHECKPOINT", "swing.glb", "--seconds", "0"), "not a valid length"),
        (("CHECKPOINT", "swing.glb", "--seconds", "nan"), "nan"),
        (("CHECKPOINT", "swing.glb", "--seconds", "0.001"), "less than a frame"),
        (("CHECKPOINT", "no/swing.glb"), "does not exist"),
        (("CHECKPOINT", "swing.fbx"), ".glb"),
        (("tiny.spec", "swing.glb"), "only a checkpoint has a motion"),
        (("tiny.spec", "policy.onnx"), "only a checkpoint has a policy"),
    ],
)
def test_what_cannot_be_exported_says_why(gts, trained: Path, workspace: Path, words: tuple[str, ...], complaint: str) -> None:
    given = [str(trained / "out-seed1.checkpoint") if word == "CHECKPOINT" else word for word in words]
    outcome = gts("export", *given)
    assert (outcome.code, outcome.out) == (2, "")
    assert complaint in outcome.err
    assert sorted(path.name for path in workspace.iterdir()) == ["tiny.spec"]
