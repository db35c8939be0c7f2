"""From a step to its reward: the terms in force, each with its weights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gts.errors import UsageError
from gts.params.declaration import Parameter
from gts.params.figures import FigureDeclaration
from gts.params.spec import unknown_name_message
from gts.physics.frame import PhysicsFrame
from gts.physics.rewards import RewardTerm

Floats = NDArray[np.float64]


class Rewarder:
    """Reward of W worlds: (sum of bonuses) − (sum of costs), each summed in the figure's order.

    That is Gymnasium's arithmetic, rounding included, while the weights are its own.
    """

    def __init__(
        self,
        declaration: FigureDeclaration,
        terms: Sequence[RewardTerm],
        weights: Sequence[Mapping[str, float]] | None,
        n_worlds: int,
    ) -> None:
        """`weights`: one mapping a world by full key (`Hopper/minimumSpeed`), what it leaves out being the default.

        Raises UsageError for a key that the figure does not have.
        """
        values = _tabulate_parameters(declaration, weights, n_worlds)
        active_terms = [term for term in terms if np.any(values[term.weight_name])]
        ordered = [term for kind in ("bonus", "cost") for term in active_terms if term.kind == kind]
        self.term_names = tuple(term.name for term in ordered)
        """The terms in force, bonuses first."""
        self.n_bonuses = sum(term.kind == "bonus" for term in ordered)
        self.memory_sizes = {term.name: term.memory_size for term in ordered if term.memory_size}
        """Numbers per world that terms carry from step to step, by term."""
        self.fields = tuple(dict.fromkeys(field for term in ordered for field in term.fields))
        """MjData fields that the terms read beyond those of the figure."""
        self._terms = [(term.function, _term_arguments(term, values)) for term in ordered]

    def compute(self, frame: PhysicsFrame, step_values: Floats) -> Floats:
        """Write what each term is worth into page[:K] (costs positive), the reward into page[K]; gives a fresh (n,) reward."""
        bonuses: NDArray[np.floating[Any]] | None = None
        costs: NDArray[np.floating[Any]] | None = None
        for row, (value, arguments) in enumerate(self._terms):
            if frame.ids is not None:
                arguments = tuple(argument if argument.ndim == 0 else argument[frame.ids] for argument in arguments)
            term_reward = step_values[row] = value(frame, *arguments)
            if row < self.n_bonuses:
                bonuses = term_reward if bonuses is None else bonuses + term_reward
            else:
                costs = term_reward if costs is None else costs + term_reward
        if bonuses is None:
            bonuses = np.zeros(step_values.shape[1])
        reward = np.asarray(bonuses if costs is None else bonuses - costs, np.float64)
        step_values[len(self._terms)] = reward
        return reward


def _term_arguments(term: RewardTerm, values: Mapping[str, Floats]) -> tuple[Any, ...]:
    """The weight and constants of a term: scalars where all worlds agree, since it saves every step the indexing."""
    found = []
    for name in (term.weight_name, *term.constant_names):
        column = values[name].astype(np.float32) if term.is_float32 else values[name]
        found.append(column[0] if (column == column[0]).all() else column)
    return tuple(found)


def _tabulate_parameters(
    declaration: FigureDeclaration, weights: Sequence[Mapping[str, float]] | None, n_worlds: int
) -> dict[str, Floats]:
    """Every reward parameter of the figure by its short name, (W,)."""
    table = {reward.name: np.full(n_worlds, float(reward.default)) for reward in declaration.rewards}
    if weights is None:
        return table
    if len(weights) != n_worlds:
        raise UsageError(f"there are {n_worlds} worlds and rewards for {len(weights)}")
    known = {parameter.key: parameter for parameter in declaration.parameters()}
    for world, mapping in enumerate(weights):
        for key, value in mapping.items():
            if key not in known:
                raise UsageError(unknown_name_message("reward parameter", key, known))
            if not _is_allowed(known[key], value):
                raise UsageError(f"`{key}` must be {known[key].allowed}, not {value}")
            table[known[key].name][world] = value
    return table


def _is_allowed(parameter: Parameter, value: float) -> bool:
    low = -math.inf if parameter.minimum is None else parameter.minimum
    return math.isfinite(value) and (value > low if parameter.exclusive_minimum else value >= low)
