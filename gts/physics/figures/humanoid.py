"""humanoid: torso, two arms and two legs, free in space.

Controls: torques at 17 joints, ±0.4 (× 25 to 300 N·m). Observation (348): height, orientation, joint angles, all velocities,
and for every body inertia, velocity and contact forces, and the torque at every joint.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gts.params.figures import FIGURES
from gts.physics import rewards
from gts.physics.figure import Figure
from gts.physics.figures.locomotor import ALIVE, Anatomy, travelling_measures, travelling_terms
from gts.physics.figures.observing import root_distance, root_x, root_y
from gts.physics.frame import Frame
from gts.physics.rewards import Term
from gts.physics.streams import StartNoise

LOWEST_TORSO = 1.0
"""m."""
HIGHEST_TORSO = 2.0
"""m."""
ROOT_VELOCITIES = 6
"""The free joint's part of qvel, which no actuator drives."""


def observe(frame: Frame) -> NDArray[np.float64]:
    """qpos[2:], qvel, then cinert, cvel, qfrc_actuator and cfrc_ext without what belongs to the world or the root; (n, 348)."""
    count = len(frame.motion)
    return np.concatenate(
        (
            frame.motion[:, 2:],
            frame.field("cinert")[:, 1:].reshape(count, -1),
            frame.field("cvel")[:, 1:].reshape(count, -1),
            frame.field("qfrc_actuator")[:, ROOT_VELOCITIES:],
            frame.field("cfrc_ext")[:, 1:].reshape(count, -1),
        ),
        axis=1,
    )


def position(frame: Frame) -> NDArray[np.float64]:
    """x of the centre of mass in m, as the last substep found it: one substep behind the state, like Gymnasium's; (n,)."""
    return _mass_centre(frame)[:, 0]


def sideways(frame: Frame) -> NDArray[np.float64]:
    """y of the centre of mass in m, one substep behind; (n,)."""
    return _mass_centre(frame)[:, 1]


def healthy(frame: Frame) -> NDArray[np.bool_]:
    """Torso between 1 m and 2 m; (n,)."""
    height = frame.qpos[:, 2]
    return (height > LOWEST_TORSO) & (height < HIGHEST_TORSO)


def tendon_lengths(frame: Frame) -> NDArray[np.float64]:
    """Lengths of the two tendons between hip and knee, m; (n, 2)."""
    return frame.field("ten_length")


def tendon_velocities(frame: Frame) -> NDArray[np.float64]:
    """Velocities of the two tendons between hip and knee, m/s; (n, 2)."""
    return frame.field("ten_velocity")


def _mass_centre(frame: Frame) -> NDArray[np.float64]:
    masses = frame.model.body_mass
    # einsum sums in the order that Gymnasium's does; a matrix product would round differently.
    return np.asarray(np.einsum("b,nbj->nj", masses, frame.field("xipos")) / masses.sum())


ANATOMY = Anatomy(
    actions=17,
    height_index=2,
    height_offset=0.0,
    tilt="quaternion",
    feet=("right_foot", "left_foot"),
    left=(13, 14, 15, 16),
    right=(9, 10, 11, 12),
    left_feet=(1,),
    thighs=(16, 12),
)

CONTROL = Term("control", "cost", rewards.control_double, "controlPenalty")
CONTACT = Term("contact", "cost", rewards.capped_contact, "contactPenalty")

FIGURE = Figure(
    declaration=FIGURES["humanoid"],
    model_file="humanoid.xml",
    frame_skip=5,
    observe=observe,
    position=position,
    sideways=sideways,
    healthy=healthy,
    noise=StartNoise(position=0.01, velocity=0.01),
    terms=travelling_terms(ANATOMY, ALIVE, CONTROL, CONTACT),
    measures=travelling_measures(ANATOMY),
    fields=("xipos", "cinert", "cvel", "qfrc_actuator", "cfrc_ext"),
    contact_forces=True,
    info={
        "x_position": root_x,
        "y_position": root_y,
        "tendon_length": tendon_lengths,
        "tendon_velocity": tendon_velocities,
        "distance_from_origin": root_distance,
    },
)
