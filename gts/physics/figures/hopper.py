"""hopper: one leg that hops in a plane.

Controls: torques at thigh, leg and foot, ±1 (× 200 N·m). Observation (11): height, angles, and all velocities clipped to ±10.
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

LOWEST_TORSO = 0.7
"""m."""
STEEPEST_TORSO = 0.2
"""rad, to either side."""
LARGEST_STATE = 100.0
"""rad, m/s and rad/s: anything beyond is no longer a movement."""

# Limits of x, height, tilt, and everything else, in the order of positions and velocities.
HIGH = np.array([np.inf, np.inf, STEEPEST_TORSO, *[LARGEST_STATE] * 9])
LOW = np.array([-np.inf, LOWEST_TORSO, -STEEPEST_TORSO, *[-LARGEST_STATE] * 9])


def healthy(frame: Frame) -> NDArray[np.bool_]:
    """Torso above 0.7 m and within ±0.2 rad, all angles and velocities within ±100; (n,)."""
    return np.asarray(((frame.motion > LOW) & (frame.motion < HIGH)).all(axis=1))


ANATOMY = Anatomy(actions=3, height_index=1, height_offset=0.0, tilt="hinge", feet=("foot_geom",))

FIGURE = Figure(
    declaration=FIGURES["hopper"],
    model_file="hopper.xml",
    frame_skip=4,
    observe=limited_planar_motion,
    position=root_x,
    healthy=healthy,
    noise=StartNoise(position=0.005, velocity=0.005),
    terms=travelling_terms(ANATOMY, ALIVE, CONTROL),
    measures=travelling_measures(ANATOMY),
    info={"x_position": root_x, "z_distance_from_origin": root_z},
)
