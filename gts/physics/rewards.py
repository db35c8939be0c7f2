"""Reward terms: each a small function of a step and its weights.

A term gives what it is worth, weight included, as a fresh row of n numbers. Bonuses are added, costs are taken away; both are
written as positive numbers. Weights and constants are float64 scalars where all worlds agree and (n,) arrays where they differ.
What a figure's parameters mean, with units and bounds, stands in `gts.params.figures`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import mujoco
import numpy as np
from numpy.typing import NDArray

from gts.physics.frame import PhysicsFrame

Floats = NDArray[np.float64]
Weight = Any
"""A float64 scalar or an (n,) array."""

MIN_SPEED = 0.1
"""m/s: a figure that is slower counts as this fast where something is divided by its speed."""
MIN_JOINT_SPEED = 0.1
"""rad/s: joints that are slower together say nothing about symmetry."""
FULL_STRIDE = 0.5
"""rad: the mean angle between thighs that swing through 45 degrees each; smaller strides count for less in proportion."""
GAIT_TIME_CONSTANT = 1.0
"""Time constant of what symmetry, balance and alternation average."""
MAX_GROUND_HEIGHT = 0.01
"""m: a foot whose lowest point is under this stands on the ground."""
MIN_FEET_ON_GROUND = 0.1
"""Feet on the ground, on average: a figure with fewer says nothing about balance."""
FOOT_FIELDS = ("geom_xpos", "geom_xmat")
"""Where feet are found."""


@dataclass(frozen=True)
class RewardTerm:
    """One term of a figure's reward."""

    name: str
    kind: Literal["bonus", "cost"]
    function: Callable[..., NDArray[np.floating[Any]]]
    """(frame, weight, *constants) → (n,)."""
    weight_name: str
    """The parameter that switches it: where it is 0 in every world, the term is not computed and not reported."""
    constant_names: tuple[str, ...] = ()
    """Further parameters, in the order of `value`'s arguments."""
    is_float32: bool = False
    """Whether its weights are float32; float64 otherwise."""
    fields: tuple[str, ...] = ()
    """MjData fields that it reads beyond those of the figure."""
    memory_size: int = 0
    """Numbers per world that it carries from step to step, in `frame.memory[name]`, (W, memory)."""


def tolerance(value: Floats, target: Weight, margin: Weight) -> Floats:
    """1 at the target, 0.1 at a margin's distance from it, a Gaussian between and beyond; (n,) → (n,).

    The shape of dm_control's `rewards.tolerance` (Tassa et al. 2018) with bounds that meet in one point.
    """
    return np.asarray(np.power(0.1, np.square((value - target) / margin)))


def forward_speed(frame: PhysicsFrame, weight: Weight, minimum: Weight) -> Floats:
    """weight · (v − minimum), v forward speed in m/s: standing still costs weight · minimum."""
    excess_speed = frame.speed - minimum if minimum.ndim or minimum else frame.speed
    return np.asarray(excess_speed * weight)


def alive(frame: PhysicsFrame, weight: Weight) -> Floats:
    """weight while the health rule holds."""
    return np.asarray(frame.is_healthy * weight)


def control_cost(frame: PhysicsFrame, weight: Weight) -> NDArray[np.float32]:
    """weight · Σ a², in float32 like its weight, as Gymnasium computes it: its actions are float32 and NumPy keeps the type."""
    return np.asarray(frame.sum_squared_controls() * weight)


def control_cost_float64(frame: PhysicsFrame, weight: Weight) -> Floats:
    """weight · Σ a² in float64, as Gymnasium's humanoid computes it: from `data.ctrl`."""
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
    """weight · Σ (a_t − a_{t−1})² over the controls; before the first step they are 0."""
    previous = frame.term_memory["smoothness"]
    action = frame.action.astype(np.float64)
    change = action - frame.select_rows(previous)
    previous[_world_index(frame)] = action
    return np.asarray(np.square(change).sum(axis=1) * weight)


def energy(frame: PhysicsFrame, weight: Weight) -> Floats:
    """weight · Σ|τ·ω| ÷ max(|v|, 0.1 m/s): mechanical energy per metre in J/m.

    τ is the actuators' torque on each joint (N·m), ω the joint's speed (rad/s), v forward speed. Braking counts like driving.
    """
    power = np.abs(frame.field("qfrc_actuator") * frame.qvel).sum(axis=1)
    return np.asarray(power / np.maximum(np.abs(frame.speed), MIN_SPEED) * weight)


def upright_hinge(frame: PhysicsFrame, weight: Weight) -> Floats:
    """weight · cos(angle of the torso against its upright pose), the angle being qpos[2]."""
    return np.asarray(np.cos(frame.qpos[:, 2]) * weight)


def upright_quaternion(frame: PhysicsFrame, weight: Weight) -> Floats:
    """weight · cos(angle between the torso's own vertical and the world's), from the quaternion qpos[3:7]."""
    w, x, y, z = frame.qpos[:, 3:7].T
    # The quaternion of a start is not normalised, so its own length divides.
    return np.asarray((w * w - x * x - y * y + z * z) / (w * w + x * x + y * y + z * z) * weight)


def torso_height(index: int, offset: float) -> Callable[..., Floats]:
    """weight · tolerance(h; target, margin), h = qpos[index] + offset the torso's height in m."""

    def height(frame: PhysicsFrame, weight: Weight, target: Weight, margin: Weight) -> Floats:
        return np.asarray(tolerance(frame.qpos[:, index] + offset, target, margin) * weight)

    return height


def symmetry_cost(left_joints: tuple[int, ...], right_joints: tuple[int, ...]) -> Callable[..., Floats]:
    """weight · Σ|L − R| ÷ max(Σ(L + R), 0.1 rad/s) over mirrored joints, between 0 and weight.

    L and R are the joints' absolute speeds, averaged exponentially over 1 s; `left`, `right` are their velocity indices, (J,).
    """
    both = np.array([*left_joints, *right_joints])

    def symmetry(frame: PhysicsFrame, weight: Weight) -> Floats:
        now = _update_average(frame, "symmetry", np.abs(frame.qvel[:, both]))
        ours, theirs = now[:, : len(left_joints)], now[:, len(left_joints) :]
        return np.asarray(np.abs(ours - theirs).sum(axis=1) / np.maximum(now.sum(axis=1), MIN_JOINT_SPEED) * weight)

    return symmetry


def balance_cost(feet: tuple[str, ...], left_feet: tuple[int, ...]) -> Callable[..., Floats]:
    """weight · |L − R| ÷ max(L + R, 0.1), between 0 and weight.

    L and R are the numbers of left and right feet that stand on the ground, averaged exponentially over 1 s; `left` are the
    places among the `feet` of those of the left side. Who hops on one leg pays all of it, who strides on two next to nothing.
    """
    standing = count_feet_on_ground(feet, left_feet)

    def balance(frame: PhysicsFrame, weight: Weight) -> Floats:
        now = _update_average(frame, "balance", standing(frame))
        return np.asarray(np.abs(now[:, 0] - now[:, 1]) / np.maximum(now.sum(axis=1), MIN_FEET_ON_GROUND) * weight)

    return balance


def count_feet_on_ground(feet: tuple[str, ...], left_feet: tuple[int, ...]) -> Callable[[PhysicsFrame], Floats]:
    """How many left and how many right feet stand on the ground, (n, 2)."""
    side_of_foot = np.array([(place in left_feet, place not in left_feet) for place in range(len(feet))], dtype=np.float64)

    def standing(frame: PhysicsFrame) -> Floats:
        return np.asarray(feet_on_ground(frame, feet) @ side_of_foot)

    return standing


def alternation_bonus(thighs: tuple[int, int]) -> Callable[..., Floats]:
    """weight · (⟨|d|⟩ − |⟨d⟩|) ÷ max(⟨|d|⟩, 0.5 rad), ⟨⟩ averaged exponentially over 1 s, between 0 and weight.

    d is the angle between the left and the right thigh, `thighs` their places in qpos: who takes strides with each leg in
    front as long and as far as the other, as in a walk or a run, earns all of it; who limps with one leg always in front, who
    bounds with both side by side, and who stands earn next to nothing; who takes short strides in turn earns a part.
    """

    def alternation(frame: PhysicsFrame, weight: Weight) -> Floats:
        return np.asarray(alternation_fraction(_update_average(frame, "alternation", thigh_angles(frame, thighs)).T) * weight)

    return alternation


def thigh_angles(frame: PhysicsFrame, thighs: tuple[int, int]) -> Floats:
    """|d| and d in rad, d the angle between the thighs with these places in qpos; (n, 2)."""
    between = frame.qpos[:, thighs[0]] - frame.qpos[:, thighs[1]]
    return np.stack([np.abs(between), between], axis=1)


def alternation_fraction(means: Floats) -> Floats:
    """How much of the strides both legs take in turn, 0 to 1, of the means of |d| and d; (2, n) → (n,)."""
    return np.asarray((means[0] - np.abs(means[1])) / np.maximum(means[0], FULL_STRIDE))


def foot_clearance_bonus(feet: tuple[str, ...]) -> Callable[..., Floats]:
    """weight · clip(v, 0, 1 m/s) · mean over the feet of clip(h ÷ clearance, 0, 1), v forward speed.

    h is the height in m of a foot's lowest point over the ground; standing and shuffling earn nothing.
    """

    def foot_clearance(frame: PhysicsFrame, weight: Weight, height: Weight) -> Floats:
        lifted = np.clip(foot_heights(frame, feet) / np.reshape(height, (-1, 1)), 0.0, 1.0).mean(axis=1)
        return np.asarray(np.clip(frame.speed, 0.0, 1.0) * lifted * weight)

    return foot_clearance


def flight_cost(feet: tuple[str, ...]) -> Callable[..., Floats]:
    """weight where no foot stands on the ground, else 0.

    What tells a walk from a run, and from bounds with both legs at once.
    """

    def in_flight(frame: PhysicsFrame, weight: Weight) -> Floats:
        return np.asarray(~feet_on_ground(frame, feet).any(axis=1) * weight)

    return in_flight


def feet_on_ground(frame: PhysicsFrame, feet: tuple[str, ...]) -> NDArray[np.bool_]:
    """Which feet stand on the ground, (n, feet)."""
    return foot_heights(frame, feet) < MAX_GROUND_HEIGHT


def foot_heights(frame: PhysicsFrame, feet: tuple[str, ...]) -> Floats:
    """Height in m of the lowest point of each named capsule or sphere, (n, feet)."""
    geoms = frame.geom_ids(feet)
    size = frame.model.geom_size[geoms]
    capsule = frame.model.geom_type[geoms] == mujoco.mjtGeom.mjGEOM_CAPSULE
    # A capsule's ends lie half its length along its own z axis; the last number of its rotation is that axis's rise.
    rise = np.abs(frame.field("geom_xmat")[:, geoms, 8]) * np.where(capsule, size[:, 1], 0.0)
    return np.asarray(frame.field("geom_xpos")[:, geoms, 2] - rise - size[:, 0])


def _update_average(frame: PhysicsFrame, term: str, values: Floats) -> Floats:
    """What a term remembers: its values averaged exponentially over 1 s, this step's among them; (n, m)."""
    averages = frame.term_memory[term]
    now = frame.select_rows(averages)
    now = np.asarray(now + (1.0 - np.exp(-frame.dt / GAIT_TIME_CONSTANT)) * (values - now))
    averages[_world_index(frame)] = now
    return now


def _world_index(frame: PhysicsFrame) -> Any:
    """Index of the frame's worlds in an array of all of them."""
    return slice(None) if frame.ids is None else frame.ids
