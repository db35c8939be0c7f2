"""What makes a figure: its model, what it observes, when it has fallen, how it starts, what rewards and measures it has.

A figure of any MJCF file is a `Figure` with a path as its `model_file`, given to `gts.physics.figures.register`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gts.params.figures import FigureDeclaration
from gts.physics.frame import PhysicsFrame
from gts.physics.measures import Measure
from gts.physics.rewards import RewardTerm
from gts.physics.streams import ResetNoise

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Figure:
    """A physical model that can be trained. Functions take a Frame of n worlds and give a row for each of them."""

    declaration: FigureDeclaration
    """Its names and reward parameters, as files know them."""
    model_file: str
    """A path, or the bare name of a model that Gymnasium ships."""
    frame_skip: int
    """Physics substeps of one control step."""
    observe: Callable[[PhysicsFrame], Floats]
    """What a policy sees: a fresh (n, O) array."""
    position: Callable[[PhysicsFrame], Floats]
    """Where it is along its way, m; (n,). A step's speed is the difference of two of these."""
    reset_noise: ResetNoise
    terms: tuple[RewardTerm, ...]
    """The terms of its reward. Bonuses are summed in this order, then costs, then the costs are taken away."""
    measures: tuple[Measure, ...]
    is_healthy: Callable[[PhysicsFrame], NDArray[np.bool_]] | None = None
    """False ends the episode: the figure has fallen; (n,). None: it cannot fall."""
    fields: tuple[str, ...] = ()
    """MjData fields, beyond positions and velocities, that `observe` and `position` read."""
    needs_contact_forces: bool = False
    """Whether `cfrc_ext` must be right after every step (it costs a second pass)."""
    lateral_position: Callable[[PhysicsFrame], Floats] | None = None
    """Where it is across its way, m; (n,). None where it moves in a plane."""
    info: Mapping[str, Callable[[PhysicsFrame], NDArray[Any]]] = field(default_factory=dict)
    """What Gymnasium's environment reports at starts and after steps, by its key; (n, …)."""

    @property
    def name(self) -> str:
        """The file value of `physicalModel`."""
        return self.declaration.name
