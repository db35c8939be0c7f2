"""walker: two legs that walk in a plane.

Controls: torques at thigh, leg and foot of the right and the left leg, ±1 (× 100 N·m). Observation (17): height, angles, and
all velocities clipped to ±10.
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

MIN_TORSO_HEIGHT = 0.8
"""m."""
MAX_TORSO_HEIGHT = 2.0
"""m."""
MAX_TORSO_TILT = 1.0
"""rad, to either side."""

# Limits of height and tilt.
UPPER_LIMITS = np.array([MAX_TORSO_HEIGHT, MAX_TORSO_TILT])
LOWER_LIMITS = np.array([MIN_TORSO_HEIGHT, -MAX_TORSO_TILT])


def _is_healthy(frame: PhysicsFrame) -> NDArray[np.bool_]:
    """Torso between 0.8 m and 2 m, within ±1 rad; (n,)."""
    pose = frame.motion[:, 1:3]
    return np.asarray(((pose > LOWER_LIMITS) & (pose < UPPER_LIMITS)).all(axis=1))


ANATOMY = Anatomy(
    n_actions=6,
    height_index=1,
    height_offset=0.0,
    tilt="hinge",
    feet=("foot_geom", "foot_left_geom"),
    left_joints=(6, 7, 8),
    right_joints=(3, 4, 5),
    left_feet=(1,),
    thighs=(6, 3),
)

FIGURE = Figure(
    declaration=FIGURES["walker"],
    model_file="walker2d_v5.xml",
    frame_skip=4,
    observe=clipped_planar_observation,
    position=root_x,
    is_healthy=_is_healthy,
    reset_noise=ResetNoise(position=0.005, velocity=0.005),
    terms=locomotion_terms(ANATOMY, ALIVE, CONTROL),
    measures=locomotion_measures(ANATOMY),
    info={"x_position": root_x, "z_distance_from_origin": root_z},
)
