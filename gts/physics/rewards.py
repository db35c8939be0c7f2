"""Reward terms: functions of a step, a weight and constants.

A term returns its weighted value as a fresh (n,) array. Bonuses are added, costs are subtracted; both are positive. Weights and
constants are float64 scalars if equal in all worlds, (n,) arrays otherwise. `gts.params.figures` declares the parameters of
each figure with units and bounds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import mujoco
import numpy as np
from numpy.typing import NDArray

from gts.physics.frame import Floats, PhysicsFrame

Weight = Any
"""A float64 scalar or an (n,) array."""

MIN_SPEED = 0.1
"""Lower bound of speeds in denominators, m/s."""
MIN_JOINT_SPEED = 0.1
"""Lower bound of the sum of joint speeds in the denominator of symmetry, rad/s."""
FULL_STRIDE = 0.5
"""Mean angle between thighs that swing through 45 degrees each, rad; smaller strides count proportionally less."""
GAIT_TIME_CONSTANT = 1.0
"""Time constant of the averages of symmetry, balance and alternation, s."""
MAX_GROUND_HEIGHT = 0.01
"""A foot is on the ground if its lowest point is below this, m."""
MIN_FEET_ON_GROUND = 0.1
"""Lower bound of the mean number of feet on the ground in the denominator of balance."""
FOOT_FIELDS = ("geom_xpos", "geom_xmat")
"""MjData fields with the poses of feet."""


@dataclass(frozen=True)
class RewardTerm:
    """One term of a figure's reward."""

    name: str
    kind: Literal["bonus", "cost"]
    function: Callable[..., NDArray[np.floating[Any]]]
    """(frame, weight, *constants) → (n,)."""
    weight_name: str
    """Parameter with its weight; a term with weight 0 in all worlds is neither computed nor reported."""
    constant_names: tuple[str, ...] = ()
    """Further parameters, in the order of the arguments of `function`."""
    is_float32: bool = False
    """Whether its weights are float32; float64 otherwise."""
    fields: tuple[str, ...] = ()
    """MjData fields that it reads besides those of the figure."""
    memory_size: int = 0
    """Width of its memory `frame.term_memory[name]`, (W, memory_size), kept from step to step."""


def tolerance(value: Floats, target: Weight, margin: Weight) -> Floats:
    """Gaussian of the distance to the target: 1 at the target, 0.1 at the margin; (n,) → (n,).

    As `rewards.tolerance` of dm_control (Tassa et al. 2018) with both bounds at the target.
    """
    return np.asarray(np.power(0.1, np.square((value - target) / margin)))


def forward_speed(frame: PhysicsFrame, weight: Weight, minimum: Weight) -> Floats:
    """weight · (v − minimum), v forward speed in m/s: standing still costs weight · minimum."""
    excess_speed = frame.speed - minimum if minimum.ndim or minimum else frame.speed
    return np.asarray(excess_speed * weight)


def alive(frame: PhysicsFrame, weight: Weight) -> Floats:
    """weight while the figure is healthy."""
    return np.asarray(frame.is_healthy * weight)


def control_cost(frame: PhysicsFrame, weight: Weight) -> NDArray[np.float32]:
    """weight · Σ a² in float32, the type of the actions, as in Gymnasium."""
    return np.asarray(frame.sum_squared_controls() * weight)


def control_cost_float64(frame: PhysicsFrame, weight: Weight) -> Floats:
    """weight · Σ a² in float64, as in Gymnasium's humanoid, which reads `data.ctrl`."""
    return np.asarray(np.add.reduce(np.square(frame.action.astype(np.float64)), axis=1) * weight)


def clipped_contact_cost(frame: PhysicsFrame, weight: Weight) -> Floats:
    """weight · Σ clip(f, −1, 1)² over the contact force and torque components of all bodies (N, N·m)."""
    return np.asarray(np.square(np.clip(frame.field("cfrc_ext"), -1.0, 1.0)).sum(axis=(1, 2)) * weight)


def capped_contact_cost(frame: PhysicsFrame, weight: Weight) -> Floats:
    """weight · Σ f² over the contact force and torque components of all bodies (N, N·m), at most 10."""
    return np.asarray(np.minimum(np.square(frame.field("cfrc_ext")).sum(axis=(1, 2)) * weight, 10.0))


def cart_speed(frame: PhysicsFrame, weight: Weight) -> Floats:
    """weight · |v|, v the cart's speed in m/s after the step."""
    return np.asarray(np.abs(frame.qvel[:, 0]) * weight)


def target_speed(frame: PhysicsFrame, weight: Weight, target: Weight, margin: Weight) -> Floats:
    """weight · tolerance(v; target, margin), v forward speed in m/s."""
    return np.asarray(tolerance(frame.speed, target, margin) * weight)


def smoothness(frame: PhysicsFrame, weight: Weight) -> Floats:
    """weight · Σ (a_t − a_{t−1})² over the controls, with a_0 = 0."""
    previous = frame.term_memory["smoothness"]
    action = frame.action.astype(np.float64)
    change = action - frame.select_rows(previous)
    previous[_world_index(frame)] = action
    return np.asarray(np.square(change).sum(axis=1) * weight)


def energy(frame: PhysicsFrame, weight: Weight) -> Floats:
    """weight · Σ|τ·ω| ÷ max(|v|, 0.1 m/s): mechanical energy per metre in J/m.

    τ is the torque of the actuators on a joint (N·m), ω its speed (rad/s), v forward speed. Braking costs as driving does.
    """
    power = np.abs(frame.field("qfrc_actuator") * frame.qvel).sum(axis=1)
    return np.asarray(power / np.maximum(np.abs(frame.speed), MIN_SPEED) * weight)


def upright_hinge(frame: PhysicsFrame, weight: Weight) -> Floats:
    """weight · cos(tilt of the torso), the angle qpos[2]."""
    return np.asarray(np.cos(frame.qpos[:, 2]) * weight)


def upright_quaternion(frame: PhysicsFrame, weight: Weight) -> Floats:
    """weight · cos(angle between the vertical axes of torso and world), from the quaternion qpos[3:7]."""
    w, x, y, z = frame.qpos[:, 3:7].T
    # The quaternion of a start is not normalised.
    return np.asarray((w * w - x * x - y * y + z * z) / (w * w + x * x + y * y + z * z) * weight)


def torso_height(index: int, offset: float) -> Callable[..., Floats]:
    """weight · tolerance(h; target, margin), h = qpos[index] + offset the torso's height in m."""

    def height(frame: PhysicsFrame, weight: Weight, target: Weight, margin: Weight) -> Floats:
        return np.asarray(tolerance(frame.qpos[:, index] + offset, target, margin) * weight)

    return height


def symmetry_cost(left_joints: tuple[int, ...], right_joints: tuple[int, ...]) -> Callable[..., Floats]:
    """weight · Σ|L − R| ÷ max(Σ(L + R), 0.1 rad/s) over mirrored joints, between 0 and weight.

    L and R are absolute joint speeds, averaged exponentially over 1 s; the arguments are their velocity indices, (J,).
    """
    both = np.array([*left_joints, *right_joints])

    def symmetry(frame: PhysicsFrame, weight: Weight) -> Floats:
        now = _update_average(frame, "symmetry", np.abs(frame.qvel[:, both]))
        ours, theirs = now[:, : len(left_joints)], now[:, len(left_joints) :]
        return np.asarray(np.abs(ours - theirs).sum(axis=1) / np.maximum(now.sum(axis=1), MIN_JOINT_SPEED) * weight)

    return symmetry


def balance_cost(feet: tuple[str, ...], left_feet: tuple[int, ...]) -> Callable[..., Floats]:
    """weight · |L − R| ÷ max(L + R, 0.1), between 0 and weight.

    L and R are the numbers of left and right feet on the ground, averaged exponentially over 1 s; `left_feet` are the indices
    in `feet` of the left ones. Hopping on one leg costs the whole weight, walking on two almost nothing.
    """
    standing = count_feet_on_ground(feet, left_feet)

    def balance(frame: PhysicsFrame, weight: Weight) -> Floats:
        now = _update_average(frame, "balance", standing(frame))
        return np.asarray(np.abs(now[:, 0] - now[:, 1]) / np.maximum(now.sum(axis=1), MIN_FEET_ON_GROUND) * weight)

    return balance


def count_feet_on_ground(feet: tuple[str, ...], left_feet: tuple[int, ...]) -> Callable[[PhysicsFrame], Floats]:
    """Function that counts the left and the right feet on the ground, (n, 2)."""
    side_of_foot = np.array([(place in left_feet, place not in left_feet) for place in range(len(feet))], dtype=np.float64)

    def standing(frame: PhysicsFrame) -> Floats:
        return np.asarray(feet_on_ground(frame, feet) @ side_of_foot)

    return standing


def alternation_bonus(thighs: tuple[int, int]) -> Callable[..., Floats]:
    """weight · (⟨|d|⟩ − |⟨d⟩|) ÷ max(⟨|d|⟩, 0.5 rad), ⟨⟩ averaged exponentially over 1 s, between 0 and weight.

    d is the angle between the left and the right thigh, `thighs` their indices in qpos. Walking and running with equal strides
    of both legs earn the whole weight, short alternating strides a part of it; limping with one leg always in front, bounding
    with both side by side and standing earn almost nothing.
    """

    def alternation(frame: PhysicsFrame, weight: Weight) -> Floats:
        return np.asarray(alternation_fraction(_update_average(frame, "alternation", thigh_angles(frame, thighs)).T) * weight)

    return alternation


def thigh_angles(frame: PhysicsFrame, thighs: tuple[int, int]) -> Floats:
    """|d| and d in rad, d the angle between the thighs with these indices in qpos; (n, 2)."""
    between = frame.qpos[:, thighs[0]] - frame.qpos[:, thighs[1]]
    return np.stack([np.abs(between), between], axis=1)


def alternation_fraction(means: Floats) -> Floats:
    """Fraction of alternating strides, 0 to 1, from the means of |d| and d; (2, n) → (n,)."""
    return np.asarray((means[0] - np.abs(means[1])) / np.maximum(means[0], FULL_STRIDE))


def foot_clearance_bonus(feet: tuple[str, ...]) -> Callable[..., Floats]:
    """weight · clip(v, 0, 1 m/s) · mean over the feet of clip(h ÷ clearance, 0, 1), v forward speed.

    h is the height of the lowest point of a foot above the ground, m; standing and shuffling earn nothing.
    """

    def foot_clearance(frame: PhysicsFrame, weight: Weight, height: Weight) -> Floats:
        lifted = np.clip(foot_heights(frame, feet) / np.reshape(height, (-1, 1)), 0.0, 1.0).mean(axis=1)
        return np.asarray(np.clip(frame.speed, 0.0, 1.0) * lifted * weight)

    return foot_clearance


def flight_cost(feet: tuple[str, ...]) -> Callable[..., Floats]:
    """weight if no foot is on the ground, else 0.

    Distinguishes walking from running and bounding.
    """

    def in_flight(frame: PhysicsFrame, weight: Weight) -> Floats:
        return np.asarray(~feet_on_ground(frame, feet).any(axis=1) * weight)

    return in_flight


def feet_on_ground(frame: PhysicsFrame, feet: tuple[str, ...]) -> NDArray[np.bool_]:
    """Whether each foot is on the ground, (n, feet)."""
    return foot_heights(frame, feet) < MAX_GROUND_HEIGHT


def foot_heights(frame: PhysicsFrame, feet: tuple[str, ...]) -> Floats:
    """Height in m of the lowest point of each named capsule or sphere, (n, feet)."""
    geoms = frame.geom_ids(feet)
    size = frame.model.geom_size[geoms]
    capsule = frame.model.geom_type[geoms] == mujoco.mjtGeom.mjGEOM_CAPSULE
    # The axis of a capsule is its local z axis; its rise is the last element of its rotation matrix.
    rise = np.abs(frame.field("geom_xmat")[:, geoms, 8]) * np.where(capsule, size[:, 1], 0.0)
    return np.asarray(frame.field("geom_xpos")[:, geoms, 2] - rise - size[:, 0])


def _update_average(frame: PhysicsFrame, term: str, values: Floats) -> Floats:
    """Update the exponential average over 1 s in the memory of a term with the values of this step; (n, m)."""
    averages = frame.term_memory[term]
    now = frame.select_rows(averages)
    now = np.asarray(now + (1.0 - np.exp(-frame.dt / GAIT_TIME_CONSTANT)) * (values - now))
    averages[_world_index(frame)] = now
    return now


def _world_index(frame: PhysicsFrame) -> Any:
    """Index of the worlds of the frame in a (W, …) array."""
    return slice(None) if frame.ids is None else frame.ids
