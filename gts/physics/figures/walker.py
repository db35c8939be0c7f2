"""walker: two legs that walk in a plane.

Controls: torques at thigh, leg and foot of the right and the left leg, ±1 (× 100 N·m). Observation (17): height, angles, and
all velocities clipped to ±10.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gts.params.figures import FIGURES
from gts.physics.figure import Figure
from gts.physics.figures.locomotor import ALIVE, CONTROL, Anatomy, travelling_measures, travelling_terms
from gts.physics.figures.observing import limited_planar_motion, root_x, root_z
from gts.physics.frame import Frame
from gts.physics.streams import StartNoise

LOWEST_TORSO = 0.8
"""m."""
HIGHEST_TORSO = 2.0
"""m."""
STEEPEST_TORSO = 1.0
"""rad, to either side."""

# Limits of height and tilt.
HIGH = np.array([HIGHEST_TORSO, STEEPEST_TORSO])
LOW = np.array([LOWEST_TORSO, -STEEPEST_TORSO])


def healthy(frame: Frame) -> NDArray[np.bool_]:
    """Torso between 0.8 m and 2 m, within ±1 rad; (n,)."""
    pose = frame.motion[:, 1:3]
    return np.asarray(((pose > LOW) & (pose < HIGH)).all(axis=1))


ANATOMY = Anatomy(
    actions=6,
    height_index=1,
    height_offset=0.0,
    tilt="hinge",
    feet=("foot_geom", "foot_left_geom"),
    left=(6, 7, 8),
    right=(3, 4, 5),
    left_feet=(1,),
    thighs=(6, 3),
)

FIGURE = Figure(
    declaration=FIGURES["walker"],
    model_file="walker2d_v5.xml",
    frame_skip=4,
    observe=limited_planar_motion,
    position=root_x,
    healthy=healthy,
    noise=StartNoise(position=0.005, velocity=0.005),
    terms=travelling_terms(ANATOMY, ALIVE, CONTROL),
    measures=travelling_measures(ANATOMY),
    info={"x_position": root_x, "z_distance_from_origin": root_z},
)
