"""invertedPendulum: a pole that a cart must keep upright.

Control: force on the cart, ±3 (× 100 N). Observation (4): cart position, pole angle, cart speed, pole speed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gts.params.figures import FIGURES
from gts.physics import measures, rewards
from gts.physics.figure import Figure
from gts.physics.figures.observations import root_x
from gts.physics.frame import PhysicsFrame
from gts.physics.rewards import RewardTerm
from gts.physics.streams import ResetNoise

MAX_POLE_ANGLE = 0.2
"""rad: a pole that leans further has fallen."""


def _observe(frame: PhysicsFrame) -> NDArray[np.float64]:
    """qpos, qvel; (n, 4)."""
    return frame.motion.copy()


def _is_healthy(frame: PhysicsFrame) -> NDArray[np.bool_]:
    """The pole leans by at most 0.2 rad; (n,)."""
    return np.asarray(np.abs(frame.qpos[:, 1]) <= MAX_POLE_ANGLE)


FIGURE = Figure(
    declaration=FIGURES["invertedPendulum"],
    model_file="inverted_pendulum.xml",
    frame_skip=2,
    observe=_observe,
    position=root_x,
    is_healthy=_is_healthy,
    reset_noise=ResetNoise(position=0.01, velocity=0.01),
    terms=(
        RewardTerm("alive", "bonus", rewards.alive, "aliveBonus"),
        RewardTerm("speed", "cost", rewards.cart_speed, "speedPenalty"),
    ),
    measures=(
        measures.mean_absolute("angle", "rad", "Mean of the pole's |angle|.", 1),
        measures.mean_absolute("cartSpeed", "m/s", "Mean of the cart's |speed|.", 2),
        measures.effort(1),
        measures.fall(),
    ),
)
