"""What the five figures that travel share: the terms of their rewards and the measures of their episodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gts.physics import measures, rewards
from gts.physics.measures import Measure
from gts.physics.rewards import Term


@dataclass(frozen=True)
class Anatomy:
    """What terms and measures must know of a figure's build."""

    actions: int
    """Number of its controls."""
    height_index: int
    """The coordinate in qpos that is its torso's height …"""
    height_offset: float
    """… over this, in m."""
    tilt: Literal["hinge", "quaternion"]
    """How its torso's tilt is stored: the angle qpos[2], or the quaternion qpos[3:7]."""
    feet: tuple[str, ...]
    """Geoms that are its feet: capsules or spheres."""
    left: tuple[int, ...] = ()
    """Velocity indices of the left legs' joints; empty where there is no left and right …"""
    right: tuple[int, ...] = ()
    """… and of the right legs' joints that mirror them, in the same order."""
    left_feet: tuple[int, ...] = ()
    """Places among the feet of those of the left legs."""
    thighs: tuple[int, int] | None = None
    """Places in qpos of the angles at which the left and the right thigh of a figure on two legs swing forwards and back."""


ALIVE = Term("alive", "bonus", rewards.alive, "aliveBonus")
CONTROL = Term("control", "cost", rewards.control, "controlPenalty", single=True)


def travelling_terms(anatomy: Anatomy, *own: Term) -> tuple[Term, ...]:
    """Forward speed, then the terms of the figure's own Gymnasium reward, then those that Gymnasium does not have."""
    upright = rewards.upright_hinge if anatomy.tilt == "hinge" else rewards.upright_quaternion
    height = rewards.torso_height(anatomy.height_index, anatomy.height_offset)
    terms = [
        Term("forward", "bonus", rewards.forward, "forwardRewardWeight", ("minimumSpeed",)),
        *own,
        Term("targetSpeed", "bonus", rewards.target_speed, "targetSpeedWeight", ("targetSpeed", "targetSpeedMargin")),
        Term("upright", "bonus", upright, "uprightWeight"),
        Term("height", "bonus", height, "heightWeight", ("targetHeight", "targetHeightMargin")),
        Term(
            "footClearance",
            "bonus",
            rewards.clearance(anatomy.feet),
            "footClearanceWeight",
            ("footClearance",),
            fields=rewards.FEET,
        ),
        Term("flight", "cost", rewards.flight(anatomy.feet), "flightPenalty", fields=rewards.FEET),
        Term("smoothness", "cost", rewards.smoothness, "smoothnessPenalty", memory=anatomy.actions),
        Term("energy", "cost", rewards.energy, "energyPenalty", fields=("qfrc_actuator",)),
    ]
    if anatomy.left:
        symmetry = rewards.asymmetry(anatomy.left, anatomy.right)
        terms.append(Term("symmetry", "cost", symmetry, "symmetryPenalty", memory=2 * len(anatomy.left)))
        balance = rewards.imbalance(anatomy.feet, anatomy.left_feet)
        terms.append(Term("balance", "cost", balance, "balancePenalty", fields=rewards.FEET, memory=2))
    if anatomy.thighs:
        terms.append(Term("alternation", "bonus", rewards.in_turn(anatomy.thighs), "alternationWeight", memory=2))
    return tuple(terms)


def travelling_measures(anatomy: Anatomy) -> tuple[Measure, ...]:
    """What a person looks at in a figure that travels."""
    found = [
        measures.speed(),
        measures.distance(),
        measures.height(anatomy.height_index, anatomy.height_offset),
        measures.effort(anatomy.actions),
        measures.fall(),
    ]
    if anatomy.left:
        found.append(measures.symmetry(anatomy.left, anatomy.right))
        found.append(measures.balance(anatomy.feet, anatomy.left_feet))
    if anatomy.thighs:
        found.append(measures.alternation(anatomy.thighs))
    return tuple(found)
