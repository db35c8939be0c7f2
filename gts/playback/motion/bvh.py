"""Motion as BVH, the motion capture format.

Centimetres and degrees, y up. The joints are the bodies, each at its centre of rotation; all angles 0 give the rest pose of
the model. Rotation channels are Z, X, Y: R = Rz Rx Ry. The root has position channels too, as have joints that slide or turn
about several points.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import mujoco
import numpy as np

from gts.errors import UsageError
from gts.playback.motion.motion_recording import Floats, MotionRecording, body_name
from gts.playback.rotations import Y_UP, compute_euler_zxy, quaternions_to_matrices

_CENTIMETRES_PER_METRE = 100.0
_SAME_PLACE = 1e-9
"""m."""


@dataclass(frozen=True)
class _Joint:
    """A joint of the file: a body that turns about `anchor`, (3,), m in its own frame."""

    body: int
    parent: int
    children: tuple[int, ...]
    anchor: Floats
    has_position_channels: bool
    """Whether it has position channels."""


def write_bvh(motion: MotionRecording) -> bytes:
    """Encode as .bvh; raises UsageError for a model with several figures, which the format cannot hold."""
    model = motion.model
    joints = {body: _make_joint(model, body) for body in range(1, model.nbody)}
    roots = [joint for joint in joints.values() if joint.parent == 0 and _has_motion(model, joint, joints)]
    if len(roots) != 1:
        raise UsageError(f"a .bvh file holds one figure, and this model has {len(roots)}", hint="write a .glb file instead")
    rest = mujoco.MjData(model)
    mujoco.mj_kinematics(model, rest)
    lines = ["HIERARCHY", *_format_hierarchy(model, rest, joints, roots[0])]
    columns = np.concatenate(list(_compute_channels(motion, rest, joints, roots[0])), axis=1)
    lines += ["MOTION", f"Frames: {len(columns)}", f"Frame Time: {1 / motion.fps:.9g}"]
    lines += [" ".join(f"{value:.6f}" for value in row) for row in columns]
    return ("\n".join(lines) + "\n").encode()


def _make_joint(model: mujoco.MjModel, body: int) -> _Joint:
    first, count = int(model.body_jntadr[body]), int(model.body_jntnum[body])
    anchors = model.jnt_pos[first : first + count] if count else np.zeros((1, 3))
    kinds = model.jnt_type[first : first + count]
    turning = np.isin(kinds, (mujoco.mjtJoint.mjJNT_HINGE, mujoco.mjtJoint.mjJNT_BALL)).all()
    parent = int(model.body_parentid[body])
    return _Joint(
        body=body,
        parent=parent,
        children=tuple(int(child) for child in np.flatnonzero(model.body_parentid == body) if child != body),
        anchor=anchors[-1].copy() if turning else np.zeros(3),
        has_position_channels=parent == 0 or not turning or bool(np.abs(anchors - anchors[0]).max() > _SAME_PLACE),
    )


def _has_motion(model: mujoco.MjModel, joint: _Joint, joints: dict[int, _Joint]) -> bool:
    """Whether it or a joint below it moves."""
    return model.body_jntnum[joint.body] > 0 or any(_has_motion(model, joints[child], joints) for child in joint.children)


def _format_hierarchy(
    model: mujoco.MjModel, rest: mujoco.MjData, joints: dict[int, _Joint], joint: _Joint, depth: int = 0
) -> Iterator[str]:
    indent, inside = "  " * depth, "  " * (depth + 1)
    offset = _compute_rest_position(rest, joint) - (_compute_rest_position(rest, joints[joint.parent]) if joint.parent else 0)
    yield f"{indent}{'JOINT' if depth else 'ROOT'} {body_name(model, joint.body)}"
    yield f"{indent}{{"
    # The root's channels say where it is, so it has no offset of its own; programs differ in whether they would add one.
    yield f"{inside}OFFSET {_format_point(offset if depth else np.zeros(3))}"
    position = "Xposition Yposition Zposition " if joint.has_position_channels else ""
    yield f"{inside}CHANNELS {6 if joint.has_position_channels else 3} {position}Zrotation Xrotation Yrotation"
    for child in joint.children:
        yield from _format_hierarchy(model, rest, joints, joints[child], depth + 1)
    if not joint.children:
        yield f"{inside}End Site"
        yield f"{inside}{{"
        yield f"{inside}  OFFSET {_format_point(_find_end_point(model, rest, joint))}"
        yield f"{inside}}}"
    yield f"{indent}}}"


def _compute_channels(
    motion: MotionRecording, rest: mujoco.MjData, joints: dict[int, _Joint], joint: _Joint
) -> Iterator[Floats]:
    """Columns of a joint and of all below it, in hierarchy order; (T, channels) each."""
    turn, place = _compute_world_pose(motion, rest, joint)
    if joint.parent:
        carrier_turn, carrier = _compute_world_pose(motion, rest, joints[joint.parent])
        back = np.swapaxes(carrier_turn, 1, 2)
        turn, place = back @ turn, np.einsum("tij,tj->ti", back, place - carrier)
    if joint.has_position_channels:
        yield place @ Y_UP.T * _CENTIMETRES_PER_METRE
    yield np.degrees(compute_euler_zxy(Y_UP @ turn @ Y_UP.T))
    for child in joint.children:
        yield from _compute_channels(motion, rest, joints, joints[child])


def _compute_world_pose(motion: MotionRecording, rest: mujoco.MjData, joint: _Joint) -> tuple[Floats, Floats]:
    """Rotation from the rest pose, (T, 3, 3), and position, (T, 3), of a joint in the world."""
    now = quaternions_to_matrices(motion.rotations[:, joint.body])
    return now @ rest.xmat[joint.body].reshape(3, 3).T, motion.positions[:, joint.body] + now @ joint.anchor


def _compute_rest_position(rest: mujoco.MjData, joint: _Joint) -> Floats:
    """Position of a joint in the rest pose, (3,), m in the world."""
    return np.asarray(rest.xpos[joint.body] + rest.xmat[joint.body].reshape(3, 3) @ joint.anchor)


def _find_end_point(model: mujoco.MjModel, rest: mujoco.MjData, joint: _Joint) -> Floats:
    """Far end of the last body of a limb relative to its joint at rest, (3,), m."""
    here = _compute_rest_position(rest, joint)
    ends = [np.zeros(3)]
    for geom in np.flatnonzero(model.geom_bodyid == joint.body):
        half = model.geom_size[geom][1] if model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_CAPSULE else 0.0
        middle, axis = rest.geom_xpos[geom] - here, rest.geom_xmat[geom].reshape(3, 3)[:, 2] * half
        ends += [middle + axis, middle - axis]
    return max(ends, key=lambda end: float(np.linalg.norm(end)))


def _format_point(point: Floats) -> str:
    """Format a point in cm with y up."""
    return " ".join(f"{value:.6f}" for value in Y_UP @ point * _CENTIMETRES_PER_METRE)
