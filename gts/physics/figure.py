"""Definition of a figure: model, observation, health rule, starts, rewards and measures.

A figure of any MJCF file is a `Figure` with a path as its `model_file`, passed to `gts.physics.figures.register_figure`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gts.params.figures import FigureDeclaration
from gts.physics.frame import Floats, PhysicsFrame
from gts.physics.measures import Measure
from gts.physics.rewards import RewardTerm
from gts.physics.streams import ResetNoise


@dataclass(frozen=True)
class Figure:
    """A physical model to train. Functions map a PhysicsFrame of n worlds to one row per world."""

    declaration: FigureDeclaration
    """Names and reward parameters, as in files."""
    model_file: str
    """A path, or the bare name of a model in Gymnasium."""
    frame_skip: int
    """Physics substeps of one control step."""
    observe: Callable[[PhysicsFrame], Floats]
    """Observation: a fresh (n, O) array."""
    position: Callable[[PhysicsFrame], Floats]
    """Forward position, m; (n,). Its change during a step is the speed."""
    reset_noise: ResetNoise
    terms: tuple[RewardTerm, ...]
    """Terms of the reward, (sum of bonuses) − (sum of costs), each summed in this order."""
    measures: tuple[Measure, ...]
    is_healthy: Callable[[PhysicsFrame], NDArray[np.bool_]] | None = None
    """Health rule, (n,): False ends the episode. None: the figure cannot fall."""
    fields: tuple[str, ...] = ()
    """MjData fields, besides positions and velocities, that `observe` and `position` read."""
    needs_contact_forces: bool = False
    """Whether `cfrc_ext` must be up to date after every step, which costs a second pass."""
    lateral_position: Callable[[PhysicsFrame], Floats] | None = None
    """Lateral position, m; (n,). None for a planar figure."""
    info: Mapping[str, Callable[[PhysicsFrame], NDArray[Any]]] = field(default_factory=dict)
    """Infos of Gymnasium's environment at starts and after steps, by key; (n, …)."""

    @property
    def name(self) -> str:
        """The file value of `physicalModel`."""
        return self.declaration.name
