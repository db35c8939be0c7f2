"""Motion as BVH, the file of motion capture.

Centimetres and degrees, y up. The joints are the bodies, each at the place about which it turns; with all angles 0 the figure
stands as its model describes it. Channels of a rotation are Z, X, Y in this order: R = Rz Rx Ry. The first joint has its
position as channels too, as has any other one that does more than turn about one place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import mujoco
import numpy as np

from gts.errors import UsageError
from gts.playback.motion.recording import Floats, Motion, body_name
from gts.playback.motion.rotations import Y_UP, euler_zxy, matrices

_PER_METRE = 100.0
_SAME_PLACE = 1e-9
"""m."""


@dataclass(frozen=True)
class _Joint:
    """A joint of the file: a body of the figure, turning about `anchor`, (3,), m in its own frame."""

    body: int
    parent: int
    children: tuple[int, ...]
    anchor: Floats
    moves: bool
    """Whether it needs channels for its position."""


def write_bvh(motion: Motion) -> bytes:
    """The content of a .bvh file; raises UsageError for a model with several figures, which the format cannot hold."""
    model = motion.model
    joints = {body: _joint(model, body) for body in range(1, model.nbody)}
    roots = [joint for joint in joints.values() if joint.parent == 0 and _moves(model, joint, joints)]
    if len(roots) != 1:
        raise UsageError(f"a .bvh file holds one figure, and this model has {len(roots)}", hint="write a .glb file instead")
    rest = mujoco.MjData(model)
    mujoco.mj_kinematics(model, rest)
    lines = ["HIERARCHY", *_hierarchy(model, rest, joints, roots[0])]
    columns = np.concatenate(list(_channels(motion, rest, joints, roots[0])), axis=1)
    lines += ["MOTION", f"Frames: {len(columns)}", f"Frame Time: {1 / motion.fps:.9g}"]
    lines += [" ".join(f"{value:.6f}" for value in row) for row in columns]
    return ("\n".join(lines) + "\n").encode()


def _joint(model: mujoco.MjModel, body: int) -> _Joint:
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
        moves=parent == 0 or not turning or bool(np.abs(anchors - anchors[0]).max() > _SAME_PLACE),
    )


def _moves(model: mujoco.MjModel, joint: _Joint, joints: dict[int, _Joint]) -> bool:
    """Whether anything turns or slides in it or below it."""
    return model.body_jntnum[joint.body] > 0 or any(_moves(model, joints[child], joints) for child in joint.children)


def _hierarchy(
    model: mujoco.MjModel, rest: mujoco.MjData, joints: dict[int, _Joint], joint: _Joint, depth: int = 0
) -> Iterator[str]:
    indent, inside = "  " * depth, "  " * (depth + 1)
    offset = _place(rest, joint) - (_place(rest, joints[joint.parent]) if joint.parent else 0)
    yield f"{indent}{'JOINT' if depth else 'ROOT'} {body_name(model, joint.body)}"
    yield f"{indent}{{"
    # The root's channels say where it is, so it has no offset of its own; programs differ in whether they would add one.
    yield f"{inside}OFFSET {_numbers(offset if depth else np.zeros(3))}"
    position = "Xposition Yposition Zposition " if joint.moves else ""
    yield f"{inside}CHANNELS {6 if joint.moves else 3} {position}Zrotation Xrotation Yrotation"
    for child in joint.children:
        yield from _hierarchy(model, rest, joints, joints[child], depth + 1)
    if not joint.children:
        yield f"{inside}End Site"
        yield f"{inside}{{"
        yield f"{inside}  OFFSET {_numbers(_end(model, rest, joint))}"
        yield f"{inside}}}"
    yield f"{indent}}}"


def _channels(motion: Motion, rest: mujoco.MjData, joints: dict[int, _Joint], joint: _Joint) -> Iterator[Floats]:
    """The columns of a joint and of all below it, in the order of the hierarchy; (T, channels) each."""
    turn, place = _world(motion, rest, joint)
    if joint.parent:
        carrier_turn, carrier = _world(motion, rest, joints[joint.parent])
        back = np.swapaxes(carrier_turn, 1, 2)
        turn, place = back @ turn, np.einsum("tij,tj->ti", back, place - carrier)
    if joint.moves:
        yield place @ Y_UP.T * _PER_METRE
    yield np.degrees(euler_zxy(Y_UP @ turn @ Y_UP.T))
    for child in joint.children:
        yield from _channels(motion, rest, joints, joints[child])


def _world(motion: Motion, rest: mujoco.MjData, joint: _Joint) -> tuple[Floats, Floats]:
    """How far a joint is turned from rest, (T, 3, 3), and where it is, (T, 3), in the world."""
    now = matrices(motion.rotations[:, joint.body])
    return now @ rest.xmat[joint.body].reshape(3, 3).T, motion.places[:, joint.body] + now @ joint.anchor


def _place(rest: mujoco.MjData, joint: _Joint) -> Floats:
    """Where a joint is at rest, (3,), m in the world."""
    return np.asarray(rest.xpos[joint.body] + rest.xmat[joint.body].reshape(3, 3) @ joint.anchor)


def _end(model: mujoco.MjModel, rest: mujoco.MjData, joint: _Joint) -> Floats:
    """The far end of the last body of a limb, seen from its joint at rest, (3,), m."""
    here = _place(rest, joint)
    ends = [np.zeros(3)]
    for geom in np.flatnonzero(model.geom_bodyid == joint.body):
        half = model.geom_size[geom][1] if model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_CAPSULE else 0.0
        middle, axis = rest.geom_xpos[geom] - here, rest.geom_xmat[geom].reshape(3, 3)[:, 2] * half
        ends += [middle + axis, middle - axis]
    return max(ends, key=lambda end: float(np.linalg.norm(end)))


def _numbers(point: Floats) -> str:
    """A point as the file has it, with y up."""
    return " ".join(f"{value:.6f}" for value in Y_UP @ point * _PER_METRE)
