"""ant: four legs, free in space.

Controls: torques at hip and ankle of four legs, ±1 (× 150 N·m). Observation (105): height, orientation, joint angles, all
velocities, and the contact forces on every body, clipped to ±1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gts.params.figures import FIGURES
from gts.physics import rewards
from gts.physics.figure import Figure
from gts.physics.figures.locomotion import ALIVE, CONTROL, Anatomy, locomotion_measures, locomotion_terms
from gts.physics.figures.observations import root_distance, root_x, root_y
from gts.physics.frame import PhysicsFrame
from gts.physics.rewards import RewardTerm
from gts.physics.streams import ResetNoise

MIN_TORSO_HEIGHT = 0.2
"""m."""
MAX_TORSO_HEIGHT = 1.0
"""m."""
TORSO_BODY = 1
"""Body number."""


def _observe(frame: PhysicsFrame) -> NDArray[np.float64]:
    """qpos[2:], qvel, clip(cfrc_ext, −1, 1) without the world's row; (n, 105)."""
    forces = frame.field("cfrc_ext")[:, 1:].reshape(len(frame.motion), -1)
    motion = frame.motion[:, 2:]
    width = motion.shape[1]
    observation = np.empty((len(motion), width + forces.shape[1]))
    observation[:, :width] = motion
    np.clip(forces, -1.0, 1.0, out=observation[:, width:])
    return observation


def _position(frame: PhysicsFrame) -> NDArray[np.float64]:
    """x of the torso in m, as the last substep found it: one substep behind the state, like Gymnasium's; (n,)."""
    return np.asarray(frame.field("xpos")[:, TORSO_BODY, 0])


def _lateral_position(frame: PhysicsFrame) -> NDArray[np.float64]:
    """y of the torso in m, one substep behind; (n,)."""
    return np.asarray(frame.field("xpos")[:, TORSO_BODY, 1])


def _is_healthy(frame: PhysicsFrame) -> NDArray[np.bool_]:
    """Torso between 0.2 m and 1 m, everything finite; (n,)."""
    height = frame.qpos[:, 2]
    return (height >= MIN_TORSO_HEIGHT) & (height <= MAX_TORSO_HEIGHT) & np.isfinite(frame.motion).all(axis=1)


# Seen along its way, +x, legs 1 and 2 are the left ones (front, hind), 4 and 3 the right ones.
ANATOMY = Anatomy(
    n_actions=8,
    height_index=2,
    height_offset=0.0,
    tilt="quaternion",
    feet=("left_ankle_geom", "right_ankle_geom", "third_ankle_geom", "fourth_ankle_geom"),
    left_joints=(6, 7, 8, 9),
    right_joints=(12, 13, 10, 11),
    left_feet=(0, 1),
)

CONTACT = RewardTerm("contact", "cost", rewards.clipped_contact_cost, "contactPenalty")

FIGURE = Figure(
    declaration=FIGURES["ant"],
    model_file="ant.xml",
    frame_skip=5,
    observe=_observe,
    position=_position,
    lateral_position=_lateral_position,
    is_healthy=_is_healthy,
    reset_noise=ResetNoise(position=0.1, velocity=0.1, velocity_kind="normal"),
    terms=locomotion_terms(ANATOMY, ALIVE, CONTROL, CONTACT),
    measures=locomotion_measures(ANATOMY),
    fields=("xpos", "cfrc_ext"),
    needs_contact_forces=True,
    info={"x_position": root_x, "y_position": root_y, "distance_from_origin": root_distance},
)
