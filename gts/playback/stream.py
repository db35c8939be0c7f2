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
from gts.playback.frame_protocol import KINDS, Moment, Shape, Stage

FORMAT = 1
WORDS = ("pause", "step", "restart", "keep", "next", "faster", "slower", "quit")

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Failure:
    """The player could not go on."""

    message: str
    hint: str
    exit_code: int


@dataclass(frozen=True)
class End:
    """Everything was played."""


Line = Stage | Moment | Failure | End


def encode(line: Line | GtsError) -> bytes:
    """One line, with its end."""
    if isinstance(line, Stage):
        document = _stage(line)
    elif isinstance(line, Moment):
        document = _frame(line)
    elif isinstance(line, End):
        document = {"kind": "end"}
    else:
        document = {"kind": "error", "message": line.message, "hint": line.hint, "exitCode": line.exit_code}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> Line:
    """The inverse of `encode`; raises FormatError for a line that is none of the format."""
    try:
        document = json.loads(line)
        kind = document["kind"]
        if kind == "stage":
            return _read_stage(document)
        if kind == "frame":
            return _read_frame(document)
        if kind == "error":
            return Failure(str(document["message"]), str(document["hint"]), int(document["exitCode"]))
        if kind == "end":
            return End()
        raise ValueError(f"a line of the kind {kind!r}")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FormatError("frames", [Problem(f"this is no line of a stream of frames: {error}")]) from error


def _stage(stage: Stage) -> dict[str, Any]:
    shapes = [{"kind": shape.kind, "size": _rounded(shape.size), "colour": _rounded(shape.colour)} for shape in stage.shapes]
    return {
        "kind": "stage",
        "format": FORMAT,
        "name": stage.name,
        "fps": round(stage.fps, 6),
        "shapes": shapes,
        "centre": _rounded(stage.centre),
        "extent": _rounded(stage.extent),
        "planar": stage.planar,
        "travels": stage.travels,
        "ground": stage.ground,
    }


def _read_stage(document: dict[str, Any]) -> Stage:
    if document["format"] != FORMAT:
        raise ValueError(f"the format {document['format']}, not {FORMAT}")
    shapes = tuple(Shape(one["kind"], tuple(one["size"]), tuple(one["colour"])) for one in document["shapes"])
    strange = [shape.kind for shape in shapes if shape.kind not in KINDS]
    if strange:
        raise ValueError(f"a shape of the kind {strange[0]!r}")
    extent = document["extent"]
    return Stage(
        name=document["name"],
        shapes=shapes,
        fps=float(document["fps"]),
        centre=tuple(document["centre"]),
        extent=(float(extent[0]), float(extent[1])),
        planar=bool(document["planar"]),
        travels=bool(document["travels"]),
        ground=bool(document["ground"]),
    )


def _frame(moment: Moment) -> dict[str, Any]:
    poses = np.concatenate([moment.positions, _quaternions(moment.rotations)], axis=1)
    return {
        "kind": "frame",
        "poses": np.round(poses, 5).tolist(),
        "focus": _rounded(moment.focus),
        "contacts": np.round(moment.contacts, 4).tolist(),
        "loop": moment.loop,
        "step": moment.step,
        "time": round(moment.time, 6),
        "return": round(moment.total, 4),
        "speed": round(moment.speed, 4),
        "terms": {name: round(value, 5) for name, value in moment.terms.items()},
        "fallen": moment.fallen,
        "paused": moment.paused,
        "keepOn": moment.keep_on,
        "rate": moment.rate,
        "note": moment.note,
    }


def _read_frame(document: dict[str, Any]) -> Moment:
    poses = np.array(document["poses"], np.float64).reshape(-1, 7)
    return Moment(
        positions=poses[:, :3],
        rotations=_rotations(poses[:, 3:]),
        focus=tuple(document["focus"]),
        contacts=np.array(document["contacts"], np.float64).reshape(-1, 3),
        loop=document["loop"],
        step=document["step"],
        time=document["time"],
        total=document["return"],
        speed=document["speed"],
        terms=document["terms"],
        fallen=document["fallen"],
        paused=document["paused"],
        keep_on=document["keepOn"],
        rate=document["rate"],
        note=document["note"],
    )


def _rounded(values: tuple[float, ...]) -> list[float]:
    return [round(value, 5) for value in values]


def _quaternions(rotations: Floats) -> Floats:
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


def _rotations(quaternions: Floats) -> Floats:
    """The inverse of `_quaternions`; (G, 4) → (G, 3, 3)."""
    unit = quaternions / np.maximum(np.linalg.norm(quaternions, axis=1, keepdims=True), 1e-12)
    w, x, y, z = unit.T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.asarray(np.array(rows).transpose(2, 0, 1))
