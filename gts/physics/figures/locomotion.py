"""What the five figures that travel share: the terms of their rewards and the measures of their episodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gts.physics import measures, rewards
from gts.physics.measures import Measure
from gts.physics.rewards import RewardTerm


@dataclass(frozen=True)
class Anatomy:
    """What terms and measures must know of a figure's build."""

    n_actions: int
    """Number of its controls."""
    height_index: int
    """The coordinate in qpos that is its torso's height …"""
    height_offset: float
    """… over this, in m."""
    tilt: Literal["hinge", "quaternion"]
    """How its torso's tilt is stored: the angle qpos[2], or the quaternion qpos[3:7]."""
    feet: tuple[str, ...]
    """Geoms that are its feet: capsules or spheres."""
    left_joints: tuple[int, ...] = ()
    """Velocity indices of the left legs' joints; empty where there is no left and right …"""
    right_joints: tuple[int, ...] = ()
    """… and of the right legs' joints that mirror them, in the same order."""
    left_feet: tuple[int, ...] = ()
    """Places among the feet of those of the left legs."""
    thighs: tuple[int, int] | None = None
    """Places in qpos of the angles at which the left and the right thigh of a figure on two legs swing forwards and back."""


ALIVE = RewardTerm("alive", "bonus", rewards.alive, "aliveBonus")
CONTROL = RewardTerm("control", "cost", rewards.control_cost, "controlPenalty", is_float32=True)


def locomotion_terms(anatomy: Anatomy, *figure_terms: RewardTerm) -> tuple[RewardTerm, ...]:
    """Forward speed, then the terms of the figure's own Gymnasium reward, then those that Gymnasium does not have."""
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
    """What a person looks at in a figure that travels."""
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
