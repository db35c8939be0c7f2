"""Frames as lines of JSON, from the process that plays to the ones that draw.

Every line is one object with a key `kind`:

- `stage`: the scene of the frames that follow; the first line, and one for every further checkpoint. `format` (1), `name`,
  `fps` (frames per second of simulated time), `shapes` (a list of `kind`, `size` in m, `colour`), `centre` and `extent` in m,
  `planar`, `travels`, `ground`; see `SceneInfo`.
- `frame`: `poses` (for each shape x, y, z in m and the quaternion w, x, y, z), `focus` and `contacts` in m, `loop`, `step`,
  `time` in s, `return`, `speed` in m/s, `terms`, `fallen`, `paused`, `keepOn`, `rate`, `note`; see `FrameState`.
- `error`: `message`, `hint`, `exitCode`. The last line.
- `end`: everything has been played. The last line.

The reader may send commands, one per line: `pause`, `step`, `restart`, `keep`, `next`, `faster`, `slower`, `quit`. Closing the
pipe ends the playback.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gts.errors import FormatError, GtsError, Problem
from gts.playback.rotations import matrices_to_quaternions, quaternions_to_matrices

STREAM_FORMAT = 1
PLAYBACK_COMMANDS = ("pause", "step", "restart", "keep", "next", "faster", "slower", "quit")
SHAPE_KINDS = ("sphere", "capsule", "ellipsoid", "cylinder", "box")

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SceneShape:
    """A solid part of a figure."""

    kind: str
    """One of `SHAPE_KINDS`; capsules and cylinders lie along their own z."""
    size: tuple[float, float, float]
    """Half extents along its own axes, m; of capsules (without caps) and cylinders: radius, radius, half length."""
    colour: tuple[float, float, float]
    """Red, green, blue, 0 to 1."""


@dataclass(frozen=True)
class SceneInfo:
    """The constant part of the frames of one checkpoint."""

    name: str
    """A short description of the checkpoint or trajectory."""
    shapes: tuple[SceneShape, ...]
    """G shapes."""
    fps: float
    """Frames per second of simulated time."""
    centre: tuple[float, float, float]
    """Centre of the bounding box of all shapes in the first frame, m."""
    extent: tuple[float, float]
    """Width and height of that box, m."""
    is_planar: bool
    """Whether the figure moves in the plane y = 0."""
    is_travelling: bool
    """Whether the figure moves away from its start, so that a camera should follow it."""
    has_ground: bool
    """Whether there is a floor at z = 0."""


@dataclass(frozen=True)
class FrameState:
    """One frame: poses, contacts and the numbers to show."""

    positions: Floats
    """Centres of the shapes, m; (G, 3)."""
    rotations: Floats
    """From each shape's own axes to the world's; (G, 3, 3)."""
    centre_of_mass: tuple[float, float, float]
    """The figure's centre of mass, m."""
    contacts: Floats = field(default_factory=lambda: np.zeros((0, 3)))
    """Contact points, m; (C, 3)."""
    loop: int = 0
    step: int = 0
    time: float = 0.0
    """Seconds since the start of the loop."""
    episode_return: float = 0.0
    """Sum of the rewards since the start of the loop."""
    speed: float = 0.0
    """Forward speed, m/s."""
    terms: Mapping[str, float] = field(default_factory=dict)
    """Weighted reward terms of the last step."""
    fallen: bool = False
    paused: bool = False
    keep_on: bool = False
    rate: float = 1.0
    """Playback speed; 1 is real time."""
    note: str = ""
    """A remark to show with the numbers."""


@dataclass(frozen=True)
class PlaybackFailure:
    """The reason why a playback ended with an error."""

    message: str
    hint: str
    exit_code: int


@dataclass(frozen=True)
class StreamEnd:
    """The end of a stream in which everything was played."""


StreamMessage = SceneInfo | FrameState | PlaybackFailure | StreamEnd


def encode_message(message: StreamMessage | GtsError) -> bytes:
    """Encode a message as one line, line feed included."""
    if isinstance(message, SceneInfo):
        document = _encode_scene(message)
    elif isinstance(message, FrameState):
        document = _encode_state(message)
    elif isinstance(message, StreamEnd):
        document = {"kind": "end"}
    else:
        document = {"kind": "error", "message": message.message, "hint": message.hint, "exitCode": message.exit_code}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def decode_message(line: bytes) -> StreamMessage:
    """Decode a line of `encode_message`; raises FormatError for any other line."""
    try:
        document = json.loads(line)
        kind = document["kind"]
        if kind == "stage":
            return _decode_scene(document)
        if kind == "frame":
            return _decode_state(document)
        if kind == "error":
            return PlaybackFailure(str(document["message"]), str(document["hint"]), int(document["exitCode"]))
        if kind == "end":
            return StreamEnd()
        raise ValueError(f"unknown kind {kind!r}")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FormatError("frames", [Problem(f"not a line of a frame stream: {error}")]) from error


def _encode_scene(scene: SceneInfo) -> dict[str, Any]:
    shapes = [
        {"kind": shape.kind, "size": _round_values(shape.size), "colour": _round_values(shape.colour)} for shape in scene.shapes
    ]
    return {
        "kind": "stage",
        "format": STREAM_FORMAT,
        "name": scene.name,
        "fps": round(scene.fps, 6),
        "shapes": shapes,
        "centre": _round_values(scene.centre),
        "extent": _round_values(scene.extent),
        "planar": scene.is_planar,
        "travels": scene.is_travelling,
        "ground": scene.has_ground,
    }


def _decode_scene(document: dict[str, Any]) -> SceneInfo:
    if document["format"] != STREAM_FORMAT:
        raise ValueError(f"format {document['format']} instead of {STREAM_FORMAT}")
    shapes = tuple(SceneShape(one["kind"], tuple(one["size"]), tuple(one["colour"])) for one in document["shapes"])
    unknown = [shape.kind for shape in shapes if shape.kind not in SHAPE_KINDS]
    if unknown:
        raise ValueError(f"unknown kind of shape {unknown[0]!r}")
    extent = document["extent"]
    return SceneInfo(
        name=document["name"],
        shapes=shapes,
        fps=float(document["fps"]),
        centre=tuple(document["centre"]),
        extent=(float(extent[0]), float(extent[1])),
        is_planar=bool(document["planar"]),
        is_travelling=bool(document["travels"]),
        has_ground=bool(document["ground"]),
    )


def _encode_state(state: FrameState) -> dict[str, Any]:
    poses = np.concatenate([state.positions, matrices_to_quaternions(state.rotations)], axis=1)
    return {
        "kind": "frame",
        "poses": np.round(poses, 5).tolist(),
        "focus": _round_values(state.centre_of_mass),
        "contacts": np.round(state.contacts, 4).tolist(),
        "loop": state.loop,
        "step": state.step,
        "time": round(state.time, 6),
        "return": round(state.episode_return, 4),
        "speed": round(state.speed, 4),
        "terms": {name: round(value, 5) for name, value in state.terms.items()},
        "fallen": state.fallen,
        "paused": state.paused,
        "keepOn": state.keep_on,
        "rate": state.rate,
        "note": state.note,
    }


def _decode_state(document: dict[str, Any]) -> FrameState:
    poses = np.array(document["poses"], np.float64).reshape(-1, 7)
    # Rounding to five digits leaves the quaternions slightly off unit length.
    quaternions = poses[:, 3:] / np.maximum(np.linalg.norm(poses[:, 3:], axis=1, keepdims=True), 1e-12)
    return FrameState(
        positions=poses[:, :3],
        rotations=quaternions_to_matrices(quaternions),
        centre_of_mass=tuple(document["focus"]),
        contacts=np.array(document["contacts"], np.float64).reshape(-1, 3),
        loop=document["loop"],
        step=document["step"],
        time=document["time"],
        episode_return=document["return"],
        speed=document["speed"],
        terms=document["terms"],
        fallen=document["fallen"],
        paused=document["paused"],
        keep_on=document["keepOn"],
        rate=document["rate"],
        note=document["note"],
    )


def _round_values(values: tuple[float, ...]) -> list[float]:
    return [round(value, 5) for value in values]
