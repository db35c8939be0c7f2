"""Frames as lines of JSON: what one process plays, others draw.

Every line is one object. `kind` says what it is:

- `stage`: what plays from here on, the first line and one for every further checkpoint. `format` (1), `name`, `fps` (frames a
  second of the figure's own time), `shapes` (a list of `kind`, `size` in m, `colour`), `centre` and `extent` in m, `planar`,
  `travels`, `ground`; see `gts.playback.frame_protocol`.
- `frame`: `poses` (for each shape x, y, z in m and the quaternion w, x, y, z), `focus` and `contacts` in m, `loop`, `step`,
  `time` in s, `return`, `speed` in m/s, `terms`, `fallen`, `paused`, `keepOn`, `rate`, `note`.
- `error`: `message`, `hint`, `exitCode`. Nothing follows.
- `end`: everything was played. Nothing follows.

Whoever reads may answer with words, a line each: `pause`, `step`, `restart`, `keep`, `next`, `faster`, `slower`, `quit`; or may
close the pipe.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gts.errors import FormatError, GtsError, Problem
from gts.playback.frame_protocol import SHAPE_KINDS, FrameState, SceneInfo, SceneShape

STREAM_FORMAT = 1
PLAYBACK_COMMANDS = ("pause", "step", "restart", "keep", "next", "faster", "slower", "quit")

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PlaybackFailure:
    """The player could not go on."""

    message: str
    hint: str
    exit_code: int


@dataclass(frozen=True)
class StreamEnd:
    """Everything was played."""


StreamMessage = SceneInfo | FrameState | PlaybackFailure | StreamEnd


def encode_message(message: StreamMessage | GtsError) -> bytes:
    """One line, with its end."""
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
    """The inverse of `encode_message`; raises FormatError for a line that is none of the format."""
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
        raise ValueError(f"a line of the kind {kind!r}")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FormatError("frames", [Problem(f"this is no line of a stream of frames: {error}")]) from error


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
        raise ValueError(f"the format {document['format']}, not {STREAM_FORMAT}")
    shapes = tuple(SceneShape(one["kind"], tuple(one["size"]), tuple(one["colour"])) for one in document["shapes"])
    strange = [shape.kind for shape in shapes if shape.kind not in SHAPE_KINDS]
    if strange:
        raise ValueError(f"a shape of the kind {strange[0]!r}")
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
    poses = np.concatenate([state.positions, _to_quaternions(state.rotations)], axis=1)
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
    return FrameState(
        positions=poses[:, :3],
        rotations=_to_matrices(poses[:, 3:]),
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


def _to_quaternions(rotations: Floats) -> Floats:
    """Unit quaternions w, x, y, z of rotation matrices, (G, 3, 3) → (G, 4), by the largest of the four parts."""
    m = rotations
    trace = np.einsum("gii->g", m)
    squares = np.stack([trace, *(2 * m[:, axis, axis] - trace for axis in range(3))], axis=1) + 1.0
    outer = np.empty((len(m), 4, 4))
    outer[:, range(4), range(4)] = squares
    outer[:, 0, 1] = outer[:, 1, 0] = m[:, 2, 1] - m[:, 1, 2]
    outer[:, 0, 2] = outer[:, 2, 0] = m[:, 0, 2] - m[:, 2, 0]
    outer[:, 0, 3] = outer[:, 3, 0] = m[:, 1, 0] - m[:, 0, 1]
    outer[:, 1, 2] = outer[:, 2, 1] = m[:, 0, 1] + m[:, 1, 0]
    outer[:, 1, 3] = outer[:, 3, 1] = m[:, 0, 2] + m[:, 2, 0]
    outer[:, 2, 3] = outer[:, 3, 2] = m[:, 1, 2] + m[:, 2, 1]
    chosen = outer[np.arange(len(m)), squares.argmax(axis=1)]
    return np.asarray(chosen / np.maximum(np.linalg.norm(chosen, axis=1, keepdims=True), 1e-12))


def _to_matrices(quaternions: Floats) -> Floats:
    """The inverse of `_to_quaternions`; (G, 4) → (G, 3, 3)."""
    unit = quaternions / np.maximum(np.linalg.norm(quaternions, axis=1, keepdims=True), 1e-12)
    w, x, y, z = unit.T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.asarray(np.array(rows).transpose(2, 0, 1))
