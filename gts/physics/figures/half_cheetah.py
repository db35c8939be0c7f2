"""halfCheetah: a back, a hind leg and a front leg that run in a plane. It cannot fall: every episode runs to its time limit.

Controls: torques at thigh, shin and foot of the hind and the front leg, ±1 (× 120, 90, 60, 120, 60, 30 N·m). Observation (17):
height, angles and all velocities. Fast physics makes no difference to it: its own integrator, Euler, already treats damping
implicitly, which is all that implicitfast would do.
"""

from __future__ import annotations

from gts.params.figures import FIGURES
from gts.physics.figure import Figure
from gts.physics.figures.locomotion import CONTROL, Anatomy, locomotion_measures, locomotion_terms
from gts.physics.figures.observations import planar_observation, root_x
from gts.physics.streams import ResetNoise

# Its root starts at 0, which is 0.7 m above the ground. Front and hind leg differ, so there are no symmetry terms.
ANATOMY = Anatomy(n_actions=6, height_index=1, height_offset=0.7, tilt="hinge", feet=("bfoot", "ffoot"))

FIGURE = Figure(
    declaration=FIGURES["halfCheetah"],
    model_file="half_cheetah.xml",
    frame_skip=5,
    observe=planar_observation,
    position=root_x,
    reset_noise=ResetNoise(position=0.1, velocity=0.1, velocity_kind="normal"),
    terms=locomotion_terms(ANATOMY, CONTROL),
    measures=locomotion_measures(ANATOMY),
    info={"x_position": root_x},
)
