"""A checkpoint for other programs: its policy as ONNX, and what its figure does as motion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gts.commands.command import Result
from gts.errors import UsageError

if TYPE_CHECKING:
    from gts.formats.checkpoint import Checkpoint
    from gts.playback.motion.recording import Motion

POLICY = ".onnx"
MOTIONS = (".glb", ".usda", ".bvh", ".csv")
SECONDS = 10.0
"""Length of a motion where none is given."""
LONGEST = 600.0


@dataclass(frozen=True)
class ExportedPolicy(Result):
    """A policy that other programs can run."""

    source: str
    path: str
    figure: str
    technique: str
    observations: int
    actions: int


@dataclass(frozen=True)
class ExportedMotion(Result):
    """A stretch of motion that other programs can show."""

    source: str
    path: str
    figure: str
    frames: int
    fps: float
    """Frames a second."""
    seconds: float
    fallen: bool
    """Whether it ends early, with a fall."""


def export_policy(source: Path, file: str) -> ExportedPolicy:
    """Write a checkpoint's policy, from observations to actions."""
    from gts.formats.checkpoint import read_checkpoint
    from gts.formats.durable import write_durably

    checkpoint = read_checkpoint(source)

    from gts.agents.agent import make_agent
    from gts.agents.onnx_policy import onnx_policy
    from gts.agents.restoring import fill
    from gts.physics.worlds import Worlds

    spec = checkpoint.spec
    worlds = Worlds(spec.figure, 1)
    state = make_agent(spec.technique, [spec.params], worlds.observation_size, worlds.action_size).state
    fill(state, 0, checkpoint, exactly=False)
    data = onnx_policy(state, 0, (worlds.action_low, worlds.action_high), _facts(checkpoint, worlds.dt))
    write_durably(file, data)
    return ExportedPolicy(str(source), file, spec.figure, spec.technique, state.observation_size, state.action_size)


def export_motion(source: Path, file: str, seconds: float, seed: int) -> ExportedMotion:
    """Write what a checkpoint's figure does from a start, until it falls or the time is over."""
    from gts.formats.checkpoint import read_checkpoint
    from gts.formats.durable import check_writable, write_durably

    if not 0 < seconds <= LONGEST:
        raise UsageError(f"{seconds:g} s is no length for a motion", hint=f"give a number of seconds up to {LONGEST:g}")
    checkpoint = read_checkpoint(source)
    check_writable(file)

    from gts.playback.motion.recording import record
    from gts.playback.player import Player

    motion = record(Player(checkpoint, seed=seed, frames_per_loop=0, name=source.stem), seconds)
    write_durably(file, _writer(Path(file).suffix.lower())(motion))
    figure = checkpoint.spec.figure
    return ExportedMotion(str(source), file, figure, len(motion.qpos), motion.fps, motion.seconds, motion.fallen)


def _writer(ending: str) -> Callable[[Motion], bytes]:
    from gts.playback.motion.bvh import write_bvh
    from gts.playback.motion.gltf import write_gltf
    from gts.playback.motion.table import write_table
    from gts.playback.motion.usd import write_usd

    return {".glb": write_gltf, ".usda": write_usd, ".bvh": write_bvh, ".csv": write_table}[ending]


def _facts(checkpoint: Checkpoint, dt: float) -> dict[str, str]:
    """What a file of a policy says about where it is from and how it is used."""
    spec = checkpoint.spec
    return {
        "figure": spec.figure,
        "technique": spec.technique,
        "checksum": checkpoint.checksum,
        "step": str(checkpoint.counters.get("step", "")),
        "seconds per action": repr(dt),
        "gts": checkpoint.versions.get("gts", ""),
    }
