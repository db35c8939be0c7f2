"""Motion as CSV: one row per frame, units in the column names."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from gts.playback.motion.motion_recording import Floats, MotionRecording, body_name, geom_name

_POSITION_UNITS = ("x [m]", "y [m]", "z [m]", "qw", "qx", "qy", "qz")
_VELOCITY_UNITS = ("x [m/s]", "y [m/s]", "z [m/s]", "about x [rad/s]", "about y [rad/s]", "about z [rad/s]")


def write_table(motion: MotionRecording) -> bytes:
    """Encode as .csv: frame, time, joint positions and velocities, body positions, contacts (0 or 1)."""
    columns = list(_iterate_columns(motion))
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([name for name, _ in columns])
    writer.writerows(zip(*(values.round(9).tolist() for _, values in columns), strict=True))
    return text.getvalue().encode()


def _iterate_columns(motion: MotionRecording) -> Iterator[tuple[str, NDArray[Any]]]:
    model = motion.model
    # The unit of the first column is the frame time: 125 frames per second give 1/125 s.
    yield f"frame [1/{motion.fps:.10g} s]", np.arange(len(motion.qpos))
    yield "time [s]", motion.times
    for joint in range(model.njnt):
        yield from _iterate_joint_columns(model, joint, motion.qpos, motion.qvel)
    for body in range(1, model.nbody):
        for axis, values in zip("xyz", motion.positions[:, body].T, strict=True):
            yield f"{body_name(model, body)} {axis} [m]", values
    for geom in np.flatnonzero(model.geom_bodyid > 0):
        yield f"{geom_name(model, int(geom))} touches [0 or 1]", motion.has_contact[:, geom].astype(np.int64)


def _iterate_joint_columns(model: mujoco.MjModel, joint: int, qpos: Floats, qvel: Floats) -> Iterator[tuple[str, NDArray[Any]]]:
    name = model.joint(joint).name or f"joint{joint}"
    kinds, kind = mujoco.mjtJoint, int(model.jnt_type[joint])
    units = {
        kinds.mjJNT_FREE: (_POSITION_UNITS, _VELOCITY_UNITS),
        kinds.mjJNT_BALL: (_POSITION_UNITS[3:], _VELOCITY_UNITS[3:]),
        kinds.mjJNT_SLIDE: (("[m]",), ("[m/s]",)),
        kinds.mjJNT_HINGE: (("[rad]",), ("[rad/s]",)),
    }
    positions, velocities = units[kinds(kind)]
    for place, unit in enumerate(positions):
        yield f"{name} {unit}", qpos[:, model.jnt_qposadr[joint] + place]
    for place, unit in enumerate(velocities):
        yield f"{name} {'velocity ' if kind > 1 else ''}{unit}", qvel[:, model.jnt_dofadr[joint] + place]
