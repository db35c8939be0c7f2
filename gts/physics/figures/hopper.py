"""hopper: one leg that hops in a plane.

Controls: torques at thigh, leg and foot, ±1 (× 200 N·m). Observation (11): height, angles, and all velocities clipped to ±10.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gts.params.figures import FIGURES
from gts.physics.figure import Figure
from gts.physics.figures.locomotion import ALIVE, CONTROL, Anatomy, locomotion_measures, locomotion_terms
from gts.physics.figures.observations import clipped_planar_observation, root_x, root_z
from gts.physics.frame import PhysicsFrame
from gts.physics.streams import ResetNoise

MIN_TORSO_HEIGHT = 0.7
"""m."""
MAX_TORSO_TILT = 0.2
"""rad, to either side."""
MAX_ABS_STATE = 100.0
"""rad, m/s and rad/s."""

# Limits of x, height, tilt, and everything else, in the order of positions and velocities.
UPPER_LIMITS = np.array([np.inf, np.inf, MAX_TORSO_TILT, *[MAX_ABS_STATE] * 9])
LOWER_LIMITS = np.array([-np.inf, MIN_TORSO_HEIGHT, -MAX_TORSO_TILT, *[-MAX_ABS_STATE] * 9])


def _is_healthy(frame: PhysicsFrame) -> NDArray[np.bool_]:
    """Torso above 0.7 m and within ±0.2 rad, all angles and velocities within ±100; (n,)."""
    return np.asarray(((frame.motion > LOWER_LIMITS) & (frame.motion < UPPER_LIMITS)).all(axis=1))


ANATOMY = Anatomy(n_actions=3, height_index=1, height_offset=0.0, tilt="hinge", feet=("foot_geom",))

FIGURE = Figure(
    declaration=FIGURES["hopper"],
    model_file="hopper.xml",
    frame_skip=4,
    observe=clipped_planar_observation,
    position=root_x,
    is_healthy=_is_healthy,
    reset_noise=ResetNoise(position=0.005, velocity=0.005),
    terms=locomotion_terms(ANATOMY, ALIVE, CONTROL),
    measures=locomotion_measures(ANATOMY),
    info={"x_position": root_x, "z_distance_from_origin": root_z},
)
