"""The frames that every viewer shows, and the protocol of their sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import mujoco

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PlaybackFrame:
    """One frame; its arrays are never changed."""

    loop: int
    """Number of the loop, from 0."""
    step: int
    """Control steps since the start."""
    time: float
    """Seconds since the start."""
    qpos: Floats
    """Positions: m, rad, quaternions; (nq,)."""
    qvel: Floats
    """Velocities: m/s, rad/s; (nv,)."""
    reward: float
    """Reward of the last step; 0 at the start."""
    terms: Mapping[str, float]
    """Weighted reward terms of the last step; their sum is `reward` up to rounding."""
    episode_return: float
    """Sum of the rewards since the start."""
    speed: float
    """Forward speed over the last step, m/s."""
    fallen: bool
    """Whether the figure is unhealthy."""
    ended: bool
    """Whether this is the last frame of the loop."""
    contacts: Floats
    """Contact points, m; (C, 3)."""


class PlaybackSource(Protocol):
    """A source of frames. `model` and `data` are copies for viewers, which may change them."""

    name: str
    """A short description."""
    model: mujoco.MjModel
    data: mujoco.MjData
    """The state of the last frame, after `mj_forward`."""
    fps: float
    """Frames per second of simulated time."""
    keep_on: bool
    """Whether loops go on after a fall; may be set during playback."""

    def restart(self) -> PlaybackFrame:
        """Start the next loop; returns its first frame."""
        ...

    def advance(self) -> PlaybackFrame:
        """The next frame; after an `ended` one, the first of the next loop."""
        ...


def read_contact_points(data: mujoco.MjData) -> Floats:
    """Contact points, m; (C, 3)."""
    return np.array(data.contact.pos, np.float64).reshape(-1, 3)
