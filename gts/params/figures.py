"""Figures by name, with the parameters of their rewards, which `gts.physics.rewards` computes.

Default weights give exactly the reward of Gymnasium's environment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gts.params.declaration import Parameter


@dataclass(frozen=True)
class RewardParameter:
    """A weight or a constant of a figure's reward."""

    name: str
    """Spelling after the prefix of the figure: `minimumSpeed` of `Hopper/minimumSpeed`."""
    default: float
    description: str
    unit: str = ""
    minimum: float | None = None
    exclusive_minimum: bool = False


@dataclass(frozen=True)
class FigureDeclaration:
    """Names and reward parameters of a figure."""

    name: str
    """File value of `physicalModel`."""
    prefix: str
    """Prefix of its reward parameters."""
    gymnasium_id: str
    title: str
    rewards: tuple[RewardParameter, ...]

    def parameters(self) -> Iterator[Parameter]:
        """The reward parameters with their full keys."""
        for reward in self.rewards:
            yield Parameter(
                key=f"{self.prefix}/{reward.name}",
                name=reward.name,
                kind="number",
                default=reward.default,
                description=reward.description,
                unit=reward.unit,
                is_shared=False,
                minimum=reward.minimum,
                exclusive_minimum=reward.exclusive_minimum,
            )


_R = RewardParameter


def _forward_rewards(weight: float = 1.0) -> tuple[RewardParameter, ...]:
    return (
        _R(
            "forwardRewardWeight",
            weight,
            "Bonus: this × (v − `minimumSpeed`), v the forward speed in m/s.",
            "s/m",
        ),
        _R("minimumSpeed", 0.0, "Speed with reward 0; slower movement is a cost.", "m/s"),
    )


def _alive_reward(bonus: float) -> RewardParameter:
    return _R("aliveBonus", bonus, "Bonus for every step without a fall.")


def _control_reward(penalty: float) -> RewardParameter:
    return _R("controlPenalty", penalty, "Cost: this × Σ a² over the controls a.", "", 0.0)


def _gait_rewards(height: float, height_margin: float, clearance: float) -> tuple[RewardParameter, ...]:
    """Rewards for the quality of movement, all off by default."""
    return (
        _R(
            "targetSpeedWeight",
            0.0,
            "Bonus: this × 0.1^(((v − `targetSpeed`) ÷ `targetSpeedMargin`)²), 1 at the target and 0.1 at the margin.",
            "",
            0.0,
        ),
        _R("targetSpeed", 1.0, "Forward speed to keep.", "m/s"),
        _R("targetSpeedMargin", 1.0, "Distance from that speed at which a tenth of the bonus is left.", "m/s", 0.0, True),
        _R("uprightWeight", 0.0, "Bonus: this × cosine of the torso's tilt.", "", 0.0),
        _R(
            "heightWeight",
            0.0,
            "Bonus: this × 0.1^(((h − `targetHeight`) ÷ `targetHeightMargin`)²), h the torso's height.",
            "",
            0.0,
        ),
        _R("targetHeight", height, "Height of the torso to keep.", "m"),
        _R(
            "targetHeightMargin",
            height_margin,
            "Distance from that height at which a tenth of the bonus is left.",
            "m",
            0.0,
            True,
        ),
        _R(
            "footClearanceWeight",
            0.0,
            "Bonus: this × clip(v, 0, 1 m/s) × mean over the feet of clip(h ÷ `footClearance`, 0, 1), "
            "h the height of a foot's lowest point.",
            "s/m",
            0.0,
        ),
        _R("footClearance", clearance, "Height to which feet should be lifted.", "m", 0.0, True),
        _R("flightPenalty", 0.0, "Cost: this in every step without a foot on the ground.", "", 0.0),
        _R(
            "smoothnessPenalty",
            0.0,
            "Cost: this × Σ (a − a′)² over the controls, a′ those of the step before.",
            "",
            0.0,
        ),
        _R(
            "energyPenalty",
            0.0,
            "Cost: this × Σ|τ·ω| ÷ max(|v|, 0.1 m/s), the joints' mechanical energy per metre in J/m.",
            "m/J",
            0.0,
        ),
    )


def _symmetry_rewards() -> tuple[RewardParameter, ...]:
    return (
        _R(
            "symmetryPenalty",
            0.0,
            "Cost: this × Σ|L − R| ÷ max(Σ(L + R), 0.1 rad/s) over the legs' joints, L and R the speeds of left and right, "
            "averaged over 1 s.",
            "",
            0.0,
        ),
        _R(
            "balancePenalty",
            0.0,
            "Cost: this × |L − R| ÷ max(L + R, 0.1), L and R the numbers of left and right feet on the ground, "
            "averaged over 1 s.",
            "",
            0.0,
        ),
    )


def _alternation_reward() -> RewardParameter:
    return _R(
        "alternationWeight",
        0.0,
        "Bonus: this × (⟨|d|⟩ − |⟨d⟩|) ÷ max(⟨|d|⟩, 0.5 rad), d the angle between the thighs, ⟨⟩ means over 1 s: the whole "
        "weight for strides with each leg in front in turn, nothing for one leg always in front or both side by side.",
        "",
        0.0,
    )


def _contact_reward(penalty: float, forces: str) -> RewardParameter:
    return _R("contactPenalty", penalty, f"Cost: this × {forces} over all bodies' contact forces f.", "", 0.0)


FIGURES: dict[str, FigureDeclaration] = {
    "invertedPendulum": FigureDeclaration(
        "invertedPendulum",
        "InvertedPendulum",
        "InvertedPendulum-v5",
        "a pole on a cart",
        (
            _alive_reward(1.0),
            _R("speedPenalty", 0.0, "Cost: this × |v|, v the cart's speed in m/s.", "s/m", 0.0),
        ),
    ),
    "hopper": FigureDeclaration(
        "hopper",
        "Hopper",
        "Hopper-v5",
        "one leg that hops",
        (*_forward_rewards(), _alive_reward(1.0), _control_reward(1e-3), *_gait_rewards(1.25, 0.25, 0.1)),
    ),
    "walker": FigureDeclaration(
        "walker",
        "Walker",
        "Walker2d-v5",
        "two legs in a plane",
        (
            *_forward_rewards(),
            _alive_reward(1.0),
            _control_reward(1e-3),
            *_gait_rewards(1.25, 0.25, 0.1),
            *_symmetry_rewards(),
            _alternation_reward(),
        ),
    ),
    "halfCheetah": FigureDeclaration(
        "halfCheetah",
        "HalfCheetah",
        "HalfCheetah-v5",
        "two legs and a back",
        (*_forward_rewards(), _control_reward(0.1), *_gait_rewards(0.7, 0.2, 0.1)),
    ),
    "ant": FigureDeclaration(
        "ant",
        "Ant",
        "Ant-v5",
        "four legs",
        (
            *_forward_rewards(),
            _alive_reward(1.0),
            _control_reward(0.5),
            _contact_reward(5e-4, "Σ clip(f, −1, 1)²"),
            *_gait_rewards(0.55, 0.2, 0.1),
            *_symmetry_rewards(),
        ),
    ),
    "humanoid": FigureDeclaration(
        "humanoid",
        "Humanoid",
        "Humanoid-v5",
        "arms and legs",
        (
            *_forward_rewards(1.25),
            _alive_reward(5.0),
            _control_reward(0.1),
            _contact_reward(5e-7, "Σ f² (the cost being at most 10)"),
            *_gait_rewards(1.4, 0.3, 0.1),
            *_symmetry_rewards(),
            _alternation_reward(),
        ),
    ),
}
"""All figures, in the order of lists and help."""
