"""One loop of a playback with the poses, velocities and contacts that motion files hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from gts.errors import UsageError
from gts.playback.playback_source import PlaybackFrame, PlaybackSource

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class MotionRecording:
    """T evenly spaced frames of a playback, the first at time 0. Lengths in m, angles in rad, z up."""

    name: str
    """A short description."""
    model: mujoco.MjModel
    fps: float
    qpos: Floats
    """(T, nq)."""
    qvel: Floats
    """(T, nv)."""
    positions: Floats
    """Positions of bodies in the world, (T, bodies, 3)."""
    rotations: Floats
    """Rotations of bodies in the world, quaternions w x y z with continuous signs; (T, bodies, 4)."""
    has_contact: NDArray[np.bool_]
    """Whether each geom has a contact, (T, geoms)."""
    has_fallen: bool
    """Whether it ends with a fall."""

    @property
    def times(self) -> Floats:
        """Seconds since the start, (T,)."""
        return np.arange(len(self.qpos)) / self.fps

    @property
    def seconds(self) -> float:
        """Duration from the first frame to the last."""
        return (len(self.qpos) - 1) / self.fps


def record_motion(playback: PlaybackSource, seconds: float) -> MotionRecording:
    """Record the next loop of a playback up to `seconds`; raises UsageError for less than one step."""
    steps = round(seconds * playback.fps)
    if steps < 1:
        raise UsageError(f"{seconds:g} s of motion are less than a frame", hint=f"one lasts {1 / playback.fps:g} s")
    model = playback.model
    data = mujoco.MjData(model)
    rows = []
    last = None
    for last in _iterate_loop(playback, steps):
        data.qpos[:] = last.qpos
        mujoco.mj_fwdPosition(model, data)
        touching = np.zeros(model.ngeom, np.bool_)
        touching[data.contact.geom[data.contact.dist <= 0].ravel()] = True
        rows.append((last.qpos, last.qvel, data.xpos.copy(), data.xquat.copy(), touching))
    assert last is not None
    qpos, qvel, places, rotations, contacts = (np.array(column) for column in zip(*rows, strict=True))
    rotations = align_quaternion_signs(rotations)
    return MotionRecording(playback.name, model, playback.fps, qpos, qvel, places, rotations, contacts, last.fallen)


def align_quaternion_signs(rotations: Floats) -> Floats:
    """Choose the sign of each quaternion, (T, …, 4), that is nearer to the one before."""
    same = (rotations[1:] * rotations[:-1]).sum(axis=-1) >= 0
    signs = np.cumprod(np.where(same, 1.0, -1.0), axis=0)
    return np.concatenate([rotations[:1], rotations[1:] * signs[..., None]])


def body_name(model: mujoco.MjModel, body: int) -> str:
    """The name of a body, else that of its first joint, else its number."""
    name = model.body(body).name
    if not name and model.body_jntnum[body]:
        name = model.joint(int(model.body_jntadr[body])).name
    return "_".join(name.split()) or f"body{body}"


def geom_name(model: mujoco.MjModel, geom: int) -> str:
    """The name of a geom, else that of its body with a number."""
    body = int(model.geom_bodyid[geom])
    return model.geom(geom).name or f"{body_name(model, body)}_geom{geom - int(model.body_geomadr[body])}"


def _iterate_loop(playback: PlaybackSource, steps: int) -> Iterator[PlaybackFrame]:
    frame = playback.restart()
    yield frame
    while not frame.ended and frame.step < steps:
        frame = playback.advance()
        yield frame
