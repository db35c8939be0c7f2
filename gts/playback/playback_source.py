"""What every viewer shows: a figure, moment by moment, whoever moves it."""

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
    """One moment. Its arrays are its own and stay as they are."""

    loop: int
    """Which start this is, from 0."""
    step: int
    """Control steps since the start."""
    time: float
    """Seconds since the start."""
    qpos: Floats
    """Positions: m, rad, quaternions; (nq,)."""
    qvel: Floats
    """Velocities: m/s, rad/s; (nv,)."""
    reward: float
    """Of the step that led here; 0 at the start."""
    terms: Mapping[str, float]
    """What each reward term gave or took in that step, weights included; their sum is `reward` up to rounding."""
    episode_return: float
    """Rewards since the start."""
    speed: float
    """Forwards over that step, m/s."""
    fallen: bool
    """The health rule is broken."""
    ended: bool
    """Nothing follows but another start."""
    contacts: Floats
    """Where something touches, m; (C, 3)."""


class PlaybackSource(Protocol):
    """A source of frames. `model` and `data` are for viewers: nothing that they do to them changes what is played."""

    name: str
    """What is played, in a few words."""
    model: mujoco.MjModel
    data: mujoco.MjData
    """In the state of the last frame, with all that follows from it."""
    fps: float
    """Frames a second of the figure's own time."""
    keep_on: bool
    """Whether a fall does not end a loop; may be set while it plays."""

    def restart(self) -> PlaybackFrame:
        """The first frame of the next loop."""
        ...

    def advance(self) -> PlaybackFrame:
        """The next frame; where the last one `ended`, that is the first one of the next loop."""
        ...


def read_contact_points(data: mujoco.MjData) -> Floats:
    """Where something touches, m; (C, 3)."""
    return np.array(data.contact.pos, np.float64).reshape(-1, 3)
