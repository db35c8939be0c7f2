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
from gts.physics.figures.locomotion import ALIVE, Anatomy, locomotion_measures, locomotion_terms
from gts.physics.figures.observations import root_distance, root_x, root_y
from gts.physics.frame import PhysicsFrame
from gts.physics.rewards import RewardTerm
from gts.physics.streams import ResetNoise

MIN_TORSO_HEIGHT = 1.0
"""m."""
MAX_TORSO_HEIGHT = 2.0
"""m."""
N_ROOT_VELOCITIES = 6
"""The free joint's part of qvel, which no actuator drives."""


def _observe(frame: PhysicsFrame) -> NDArray[np.float64]:
    """qpos[2:], qvel, then cinert, cvel, qfrc_actuator and cfrc_ext without what belongs to the world or the root; (n, 348)."""
    count = len(frame.motion)
    return np.concatenate(
        (
            frame.motion[:, 2:],
            frame.field("cinert")[:, 1:].reshape(count, -1),
            frame.field("cvel")[:, 1:].reshape(count, -1),
            frame.field("qfrc_actuator")[:, N_ROOT_VELOCITIES:],
            frame.field("cfrc_ext")[:, 1:].reshape(count, -1),
        ),
        axis=1,
    )


def _position(frame: PhysicsFrame) -> NDArray[np.float64]:
    """x of the centre of mass in m, as the last substep found it: one substep behind the state, like Gymnasium's; (n,)."""
    return _centre_of_mass(frame)[:, 0]


def _lateral_position(frame: PhysicsFrame) -> NDArray[np.float64]:
    """y of the centre of mass in m, one substep behind; (n,)."""
    return _centre_of_mass(frame)[:, 1]


def _is_healthy(frame: PhysicsFrame) -> NDArray[np.bool_]:
    """Torso between 1 m and 2 m; (n,)."""
    height = frame.qpos[:, 2]
    return (height > MIN_TORSO_HEIGHT) & (height < MAX_TORSO_HEIGHT)


def tendon_lengths(frame: PhysicsFrame) -> NDArray[np.float64]:
    """Lengths of the two tendons between hip and knee, m; (n, 2)."""
    return frame.field("ten_length")


def tendon_velocities(frame: PhysicsFrame) -> NDArray[np.float64]:
    """Velocities of the two tendons between hip and knee, m/s; (n, 2)."""
    return frame.field("ten_velocity")


def _centre_of_mass(frame: PhysicsFrame) -> NDArray[np.float64]:
    masses = frame.model.body_mass
    # einsum sums in the order that Gymnasium's does; a matrix product would round differently.
    return np.asarray(np.einsum("b,nbj->nj", masses, frame.field("xipos")) / masses.sum())


ANATOMY = Anatomy(
    n_actions=17,
    height_index=2,
    height_offset=0.0,
    tilt="quaternion",
    feet=("right_foot", "left_foot"),
    left_joints=(13, 14, 15, 16),
    right_joints=(9, 10, 11, 12),
    left_feet=(1,),
    thighs=(16, 12),
)

CONTROL = RewardTerm("control", "cost", rewards.control_cost_float64, "controlPenalty")
CONTACT = RewardTerm("contact", "cost", rewards.capped_contact_cost, "contactPenalty")

FIGURE = Figure(
    declaration=FIGURES["humanoid"],
    model_file="humanoid.xml",
    frame_skip=5,
    observe=_observe,
    position=_position,
    lateral_position=_lateral_position,
    is_healthy=_is_healthy,
    reset_noise=ResetNoise(position=0.01, velocity=0.01),
    terms=locomotion_terms(ANATOMY, ALIVE, CONTROL, CONTACT),
    measures=locomotion_measures(ANATOMY),
    fields=("xipos", "cinert", "cvel", "qfrc_actuator", "cfrc_ext"),
    needs_contact_forces=True,
    info={
        "x_position": root_x,
        "y_position": root_y,
        "tendon_length": tendon_lengths,
        "tendon_velocity": tendon_velocities,
        "distance_from_origin": root_distance,
    },
)
