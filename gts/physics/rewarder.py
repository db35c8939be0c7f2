"""Computation of the reward of a step from the active terms and their weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gts.errors import UsageError
from gts.params.figures import FigureDeclaration
from gts.params.spec import unknown_name_message
from gts.physics.frame import Floats, PhysicsFrame
from gts.physics.rewards import RewardTerm


class Rewarder:
    """Reward of W worlds: (sum of bonuses) − (sum of costs), each summed in the figure's order.

    With Gymnasium's weights it equals Gymnasium's reward, rounding included.
    """

    def __init__(
        self,
        declaration: FigureDeclaration,
        terms: Sequence[RewardTerm],
        weights: Sequence[Mapping[str, float]] | None,
        n_worlds: int,
    ) -> None:
        """`weights`: one mapping per world by full key (`Hopper/minimumSpeed`); missing keys have their defaults.

        Raises UsageError for a key that the figure does not have and for a value out of bounds.
        """
        values = _tabulate_parameters(declaration, weights, n_worlds)
        active_terms = [term for term in terms if np.any(values[term.weight_name])]
        ordered = [term for kind in ("bonus", "cost") for term in active_terms if term.kind == kind]
        self.term_names = tuple(term.name for term in ordered)
        """Names of the active terms, bonuses first."""
        self.n_bonuses = sum(term.kind == "bonus" for term in ordered)
        self.memory_sizes = {term.name: term.memory_size for term in ordered if term.memory_size}
        """Size of the memory per world, by term."""
        self.fields = tuple(dict.fromkeys(field for term in ordered for field in term.fields))
        """MjData fields that the terms read besides those of the figure."""
        self._terms = [(term.function, _term_arguments(term, values)) for term in ordered]

    def compute(self, frame: PhysicsFrame, step_values: Floats) -> Floats:
        """Write the K terms (costs positive) and the reward into the first rows of step_values; returns the reward, (n,)."""
        bonuses: NDArray[np.floating[Any]] | None = None
        costs: NDArray[np.floating[Any]] | None = None
        for row, (function, arguments) in enumerate(self._terms):
            if frame.ids is not None:
                arguments = tuple(argument if argument.ndim == 0 else argument[frame.ids] for argument in arguments)
            term_reward = step_values[row] = function(frame, *arguments)
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
    """Weight and constants of a term: scalars if equal in all worlds, which saves indexing, else (W,)."""
    found = []
    for name in (term.weight_name, *term.constant_names):
        column = values[name].astype(np.float32) if term.is_float32 else values[name]
        found.append(column[0] if (column == column[0]).all() else column)
    return tuple(found)


def _tabulate_parameters(
    declaration: FigureDeclaration, weights: Sequence[Mapping[str, float]] | None, n_worlds: int
) -> dict[str, Floats]:
    """Reward parameters of the figure by short name, (W,) each."""
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
            if not known[key].accepts(value):
                raise UsageError(f"`{key}` must be {known[key].allowed}, not {value}")
            table[known[key].name][world] = value
    return table
