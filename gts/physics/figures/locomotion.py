"""Reward terms and measures shared by the five figures that move forward."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gts.physics import measures, rewards
from gts.physics.measures import Measure
from gts.physics.rewards import RewardTerm


@dataclass(frozen=True)
class Anatomy:
    """Indices and names in the model of a figure, as terms and measures need them."""

    n_actions: int
    """Number of its controls."""
    height_index: int
    """Index in qpos of the height of the torso, without `height_offset`."""
    height_offset: float
    """Height of the torso at qpos 0, m."""
    tilt: Literal["hinge", "quaternion"]
    """Form of the tilt of the torso: angle qpos[2], or quaternion qpos[3:7]."""
    feet: tuple[str, ...]
    """Names of the geoms of the feet: capsules or spheres."""
    left_joints: tuple[int, ...] = ()
    """Velocity indices of the joints of the left legs; empty without left and right legs."""
    right_joints: tuple[int, ...] = ()
    """Velocity indices of the mirrored joints of the right legs, in the same order."""
    left_feet: tuple[int, ...] = ()
    """Indices in `feet` of the left feet."""
    thighs: tuple[int, int] | None = None
    """Indices in qpos of the swing angles of the left and the right thigh; None unless the figure has two legs."""


ALIVE = RewardTerm("alive", "bonus", rewards.alive, "aliveBonus")
CONTROL = RewardTerm("control", "cost", rewards.control_cost, "controlPenalty", is_float32=True)


def locomotion_terms(anatomy: Anatomy, *figure_terms: RewardTerm) -> tuple[RewardTerm, ...]:
    """Forward speed, then the other terms of Gymnasium's reward of the figure, then the terms of GTS."""
    upright = rewards.upright_hinge if anatomy.tilt == "hinge" else rewards.upright_quaternion
    height = rewards.torso_height(anatomy.height_index, anatomy.height_offset)
    terms = [
        RewardTerm("forward", "bonus", rewards.forward_speed, "forwardRewardWeight", ("minimumSpeed",)),
        *figure_terms,
        RewardTerm("targetSpeed", "bonus", rewards.target_speed, "targetSpeedWeight", ("targetSpeed", "targetSpeedMargin")),
        RewardTerm("upright", "bonus", upright, "uprightWeight"),
        RewardTerm("height", "bonus", height, "heightWeight", ("targetHeight", "targetHeightMargin")),
        RewardTerm(
            "footClearance",
            "bonus",
            rewards.foot_clearance_bonus(anatomy.feet),
            "footClearanceWeight",
            ("footClearance",),
            fields=rewards.FOOT_FIELDS,
        ),
        RewardTerm("flight", "cost", rewards.flight_cost(anatomy.feet), "flightPenalty", fields=rewards.FOOT_FIELDS),
        RewardTerm("smoothness", "cost", rewards.smoothness, "smoothnessPenalty", memory_size=anatomy.n_actions),
        RewardTerm("energy", "cost", rewards.energy, "energyPenalty", fields=("qfrc_actuator",)),
    ]
    if anatomy.left_joints:
        symmetry = rewards.symmetry_cost(anatomy.left_joints, anatomy.right_joints)
        terms.append(RewardTerm("symmetry", "cost", symmetry, "symmetryPenalty", memory_size=2 * len(anatomy.left_joints)))
        balance = rewards.balance_cost(anatomy.feet, anatomy.left_feet)
        terms.append(RewardTerm("balance", "cost", balance, "balancePenalty", fields=rewards.FOOT_FIELDS, memory_size=2))
    if anatomy.thighs:
        terms.append(
            RewardTerm("alternation", "bonus", rewards.alternation_bonus(anatomy.thighs), "alternationWeight", memory_size=2)
        )
    return tuple(terms)


def locomotion_measures(anatomy: Anatomy) -> tuple[Measure, ...]:
    """Measures of a figure that moves forward."""
    result = [
        measures.speed(),
        measures.distance(),
        measures.height(anatomy.height_index, anatomy.height_offset),
        measures.effort(anatomy.n_actions),
        measures.fall(),
    ]
    if anatomy.left_joints:
        result.append(measures.symmetry(anatomy.left_joints, anatomy.right_joints))
        result.append(measures.balance(anatomy.feet, anatomy.left_feet))
    if anatomy.thighs:
        result.append(measures.alternation(anatomy.thighs))
    return tuple(result)
