"""Filling rollouts: agents act, worlds step, and what happened is kept for the update."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gts.agents.state import ActionRange, AgentState
from gts.data.rollout import Rollout
from gts.physics.simulations import Physics
from gts.physics.worlds import Transition, Worlds
from gts.training.plan import Plan

Cut = tuple[int, NDArray[np.int64], NDArray[np.float32]]
"""Step of the rollout, worlds whose episodes were truncated there, and their last observations."""


class Collector:
    """The worlds of a cohort with the agents in them."""

    def __init__(self, worlds: Worlds, state: AgentState, plan: Plan, *, clip: bool) -> None:
        self._worlds = worlds
        self._state = state
        self._plan = plan
        self._range = ActionRange(worlds.action_low, worlds.action_high, clip=clip)
        t, p, n = plan.rollout_steps, state.members, plan.worlds
        self._observations = np.zeros((t + 1, p * n, worlds.observation_size), dtype=np.float32)
        self._actions = torch.zeros(t, p, n, worlds.action_size)
        self._rewards = np.zeros((t, p * n), dtype=np.float32)
        self._terminated = np.zeros((t, p * n), dtype=np.bool_)
        self._truncated = np.zeros((t, p * n), dtype=np.bool_)
        self._current = np.zeros((p * n, worlds.observation_size))
        self.healthy = torch.ones(p, dtype=torch.bool)
        self._diverged: dict[int, tuple[int, int]] = {}

    def reset(self) -> None:
        """Start every world anew, each member's from its own seed."""
        self._current = self._worlds.reset(self._state.streams.world_seeds(self._plan.worlds))

    def collect(self, phases: Sequence[tuple[Physics, Tensor]]) -> tuple[Rollout, list[dict[str, float]], dict[str, float]]:
        """T steps in all worlds of the members that act.

        `phases` are the members (P,) bool that act in one physics, then those that act in the other. Returns the rollout,
        numbers about the episodes that ended (one mapping a member), and seconds by phase.
        """
        t, p, n = self._plan.rollout_steps, self._state.members, self._plan.worlds
        noise = self._state.streams.normal(t, n, self._worlds.action_size)
        tally = _Tally(self._worlds, p, n)
        cuts: list[Cut] = []
        seconds = {"physics": 0.0, "acting": 0.0}
        for physics, members in phases:
            self._worlds.set_physics(physics)
            self._act(members, noise, tally, cuts, seconds)
        return self._rollout(cuts), tally.numbers(), seconds

    def _act(self, members: Tensor, noise: Tensor, tally: _Tally, cuts: list[Cut], seconds: dict[str, float]) -> None:
        """T steps in the worlds of some members."""
        t, p, n = self._plan.rollout_steps, self._state.members, self._plan.worlds
        everybody = bool(members.all())
        ids = None if everybody else np.flatnonzero(np.repeat(members.numpy(), n))
        rows: Any = slice(None) if ids is None else ids
        own: Any = slice(None) if everybody else members
        began, in_physics = perf_counter(), 0.0
        for step in range(t):
            self._observations[step, rows] = self._current[rows]
            unit = self._state.sample(torch.from_numpy(self._observations[step]).view(p, n, -1), noise[step])
            self._actions[step, own] = unit[own]
            actions = self._range(unit)
            before = perf_counter()
            transition = self._worlds.step(actions[rows], ids)
            in_physics += perf_counter() - before
            self._keep(step, transition, ids, cuts)
            if transition.episodes is not None:
                tally.add(transition)
        self._observations[t, rows] = self._current[rows]
        seconds["physics"] += in_physics
        seconds["acting"] += perf_counter() - began - in_physics

    def _keep(
        self,
        step: int,
        transition: Transition,
        ids: NDArray[np.int64] | None,
        cuts: list[Cut],
    ) -> None:
        rows: Any = slice(None) if ids is None else ids
        self._rewards[step, rows] = transition.rewards
        self._terminated[step, rows] = transition.terminated
        self._truncated[step, rows] = transition.truncated
        self._current[rows] = transition.observations
        if transition.episodes is None:
            return
        cut = np.flatnonzero(transition.truncated & ~transition.terminated)
        if len(cut):
            worlds = cut if ids is None else ids[cut]
            cuts.append((step, worlds, transition.final_observations[cut].astype(np.float32)))
        if transition.diverged.any():
            for row in np.flatnonzero(transition.diverged):
                world = int(row if ids is None else ids[row])
                member = world // self._plan.worlds
                self.healthy[member] = False
                self._diverged.setdefault(member, (world % self._plan.worlds, step))

    def _rollout(self, cuts: list[Cut]) -> Rollout:
        t, p, n = self._plan.rollout_steps, self._state.members, self._plan.worlds
        observations = torch.from_numpy(self._observations).view(t + 1, p, n, -1)
        terminated = torch.from_numpy(self._terminated).view(t, p, n)
        if cuts:
            places = [np.stack([np.full(len(w), step), w // n, w % n], axis=1) for step, w, _ in cuts]
            cut_steps = torch.from_numpy(np.concatenate(places))
            cut_observations = torch.from_numpy(np.concatenate([seen for _, _, seen in cuts]))
        else:
            cut_steps, cut_observations = (
                torch.zeros(0, 3, dtype=torch.int64),
                observations.new_zeros(0, observations.shape[-1]),
            )
        return Rollout(
            observations=observations[:-1],
            actions=self._actions,
            rewards=torch.from_numpy(self._rewards).view(t, p, n),
            terminated=terminated,
            truncated=torch.from_numpy(self._truncated).view(t, p, n) & ~terminated,
            last_observations=observations[-1],
            cut_steps=cut_steps,
            cut_observations=cut_observations,
        )

    def divergence(self, member: int) -> tuple[int, int] | None:
        """The environment of a member whose physics diverged and the step of the rollout at which it did, if any."""
        return self._diverged.get(member)

    def arrays(self, member: int) -> dict[str, NDArray[Any]]:
        """One member's worlds, complete."""
        ids = self._ids(member)
        arrays = {f"worlds.{name}": array for name, array in self._worlds.state(ids).items()}
        return arrays | {"worlds.observations": self._current[ids].copy()}

    def rollout_arrays(self, member: int) -> dict[str, NDArray[Any]]:
        """One member's part of the last rollout; each (T, N, …), observations (T + 1, N, O)."""
        ids = self._ids(member)
        return {
            "observations": self._observations[:, ids].copy(),
            "actions": self._actions[:, member].numpy().copy(),
            "rewards": self._rewards[:, ids].copy(),
            "terminated": self._terminated[:, ids].copy(),
            "truncated": self._truncated[:, ids].copy(),
        }

    def load(self, member: int, arrays: Mapping[str, NDArray[Any]]) -> None:
        """The inverse of `arrays`."""
        ids = self._ids(member)
        state = {name.removeprefix("worlds."): array for name, array in arrays.items() if name.startswith("worlds.")}
        self._current[ids] = state.pop("observations")
        self._worlds.restore(ids, state)

    def _ids(self, member: int) -> NDArray[np.int64]:
        return np.arange(member * self._plan.worlds, (member + 1) * self._plan.worlds)


class _Tally:
    """The episodes that ended during a rollout, by member."""

    def __init__(self, worlds: Worlds, members: int, worlds_each: int) -> None:
        self._names = [f"reward/{name}" for name in worlds.term_names]
        self._members = members
        self._worlds_each = worlds_each
        self._rows: list[tuple[NDArray[np.int64], NDArray[np.float64]]] = []

    def add(self, transition: Transition) -> None:
        """Note what ended in a step."""
        ended = transition.episodes
        assert ended is not None
        rows = [ended.returns, ended.lengths, ended.fell, *ended.terms]
        if "speed" in ended.measures:
            rows.append(ended.measures["speed"])
        self._rows.append((ended.ids // self._worlds_each, np.stack(rows, axis=1).astype(np.float64)))

    def numbers(self) -> list[dict[str, float]]:
        """Means by name, one mapping a member; empty where no episode ended."""
        result: list[dict[str, float]] = [{} for _ in range(self._members)]
        if not self._rows:
            return result
        members = np.concatenate([row[0] for row in self._rows])
        table = np.concatenate([row[1] for row in self._rows])
        names = ["return", "length", "falls", *self._names, "speed"][: table.shape[1]]
        for member in np.unique(members):
            own = table[members == member]
            result[member] = dict(zip(names, own.mean(axis=0).tolist(), strict=True)) | {"episodes": float(len(own))}
        return result
