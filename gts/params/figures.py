"""The figures by name, and the parameters of their rewards.

What the terms compute stands in `gts.physics.rewards`; here is what a person may set. Default weights give exactly the reward of
Gymnasium's environment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gts.params.declare import Parameter


@dataclass(frozen=True)
class RewardParameter:
    """A weight or a constant of a figure's reward."""

    name: str
    """Spelling behind the figure's prefix: `minimumSpeed` of `Hopper/minimumSpeed`."""
    default: float
    meaning: str
    unit: str = ""
    minimum: float | None = None
    exclusive_minimum: bool = False


@dataclass(frozen=True)
class FigureDeclaration:
    """A figure as files and front ends know it."""

    name: str
    """File value of `physicalModel`."""
    prefix: str
    """Prefix of its reward parameters."""
    gymnasium_id: str
    title: str
    rewards: tuple[RewardParameter, ...]

    def parameters(self) -> Iterator[Parameter]:
        """The reward parameters as declarations with their full keys."""
        for reward in self.rewards:
            yield Parameter(
                key=f"{self.prefix}/{reward.name}",
                name=reward.name,
                kind="number",
                default=reward.default,
                meaning=reward.meaning,
                unit=reward.unit,
                shape=False,
                minimum=reward.minimum,
                exclusive_minimum=reward.exclusive_minimum,
            )


def _forward(weight: float = 1.0) -> tuple[RewardParameter, ...]:
    return (
        RewardParameter("forwardRewardWeight", weight, "Reward for each m/s of forward speed beyond `minimumSpeed`.", "s/m"),
        RewardParameter("minimumSpeed", 0.0, "Speed that earns nothing; slower is punished.", "m/s"),
    )


FIGURES: dict[str, FigureDeclaration] = {
    "invertedPendulum": FigureDeclaration(
        "invertedPendulum",
        "InvertedPendulum",
        "InvertedPendulum-v5",
        "a pole on a cart",
        (RewardParameter("speedPenalty", 0.0, "Punishment for each m/s of the cart's speed.", "s/m", 0.0),),
    ),
    "hopper": FigureDeclaration(
        "hopper",
        "Hopper",
        "Hopper-v5",
        "one leg that hops",
        (*_forward(), RewardParameter("controlPenalty", 0.001, "Punishment for the squared control, summed.", "", 0.0)),
    ),
    "walker": FigureDeclaration("walker", "Walker", "Walker2d-v5", "two legs in a plane", _forward()),
    "halfCheetah": FigureDeclaration("halfCheetah", "HalfCheetah", "HalfCheetah-v5", "two legs and a back", _forward()),
    "ant": FigureDeclaration("ant", "Ant", "Ant-v5", "four legs", _forward()),
    "humanoid": FigureDeclaration("humanoid", "Humanoid", "Humanoid-v5", "arms and legs", _forward(1.25)),
}
"""Every figure, in the order in which a person meets them."""
