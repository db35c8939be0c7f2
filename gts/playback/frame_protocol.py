"""What a drawing needs to know of a figure, without the simulator: solid shapes, where they are, and numbers to show.

A `SceneInfo` stays the same while a checkpoint plays, a `FrameState` is one frame of it. Streams carry both
(`gts.playback.stream`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SHAPE_KINDS = ("sphere", "capsule", "ellipsoid", "cylinder", "box")


@dataclass(frozen=True)
class SceneShape:
    """One solid part."""

    kind: str
    """One of `SHAPE_KINDS`; capsules and cylinders lie along their own z."""
    size: tuple[float, float, float]
    """Half extents along its own axes, m; of capsules (without caps) and cylinders: radius, radius, half length."""
    colour: tuple[float, float, float]
    """Red, green, blue, 0 to 1."""

    @property
    def bounding_radius(self) -> float:
        """Radius of a ball around its centre that holds it, m."""
        across, _, along = self.size
        if self.kind == "capsule":
            return across + along
        return max(self.size) if self.kind in ("sphere", "ellipsoid") else float(np.linalg.norm(self.size))


@dataclass(frozen=True)
class SceneInfo:
    """What plays, and how it is best looked at."""

    name: str
    """What is played, in a few words."""
    shapes: tuple[SceneShape, ...]
    """G of them."""
    fps: float
    """Frames a second of the figure's own time."""
    centre: tuple[float, float, float]
    """The middle of what is to be seen at the first moment, m."""
    extent: tuple[float, float]
    """How wide and how high that is, m."""
    is_planar: bool
    """It moves in the plane y = 0."""
    is_travelling: bool
    """It leaves its place, and a camera should follow."""
    has_ground: bool
    """There is a floor at z = 0."""


@dataclass(frozen=True)
class FrameState:
    """One frame."""

    positions: Floats
    """Centres of the shapes, m; (G, 3)."""
    rotations: Floats
    """From each shape's own axes to the world's; (G, 3, 3)."""
    centre_of_mass: tuple[float, float, float]
    """The figure's centre of mass, m."""
    contacts: Floats = field(default_factory=lambda: np.zeros((0, 3)))
    """Where something touches, m; (C, 3)."""
    loop: int = 0
    step: int = 0
    time: float = 0.0
    """Seconds since the start of the loop."""
    episode_return: float = 0.0
    """Rewards since then."""
    speed: float = 0.0
    """Forwards, m/s."""
    terms: Mapping[str, float] = field(default_factory=dict)
    """What each reward term gave or took in the last step."""
    fallen: bool = False
    paused: bool = False
    keep_on: bool = False
    rate: float = 1.0
    """How fast it plays: 1 is real time."""
    note: str = ""
    """What else is to be said, in a few words."""
