"""Collection of rollouts: agents act, worlds step, transitions are stored for the update."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gts.agents.state import ActionScaler, AgentState
from gts.data.rollout import Rollout
from gts.nets.stack import add_prefix, strip_prefix
from gts.params.techniques import Physics
from gts.physics.worlds import Transition, Worlds
from gts.training.metrics import PhaseTimer
from gts.training.plan import TrainingPlan

Truncation = tuple[int, NDArray[np.int64], NDArray[np.float32]]
"""Step of the rollout, worlds truncated in it, and the last observations of their episodes."""


class RolloutCollector:
    """Collects rollouts of the agents of a cohort in its worlds."""

    def __init__(self, worlds: Worlds, state: AgentState, plan: TrainingPlan, *, clip: bool) -> None:
        self._worlds = worlds
        self._state = state
        self._plan = plan
        self._action_scaler = ActionScaler(worlds.action_low, worlds.action_high, clip=clip)
        t, p, n = plan.rollout_steps, state.n_members, plan.n_environments
        self._observations = np.zeros((t + 1, p * n, worlds.observation_size), dtype=np.float32)
        self._actions = torch.zeros(t, p, n, worlds.action_size)
        self._rewards = np.zeros((t, p * n), dtype=np.float32)
        self._terminated = np.zeros((t, p * n), dtype=np.bool_)
        self._truncated = np.zeros((t, p * n), dtype=np.bool_)
        self._current_observations = np.zeros((p * n, worlds.observation_size))
        self.healthy_members = torch.ones(p, dtype=torch.bool)
        self._divergences: dict[int, tuple[int, int]] = {}

    def reset(self) -> None:
        """Reset all worlds, those of each member from its own seed."""
        self._current_observations = self._worlds.reset(self._state.random_streams.world_seeds(self._plan.n_environments))

    def collect(self, groups: Sequence[tuple[Physics, Tensor]], timer: PhaseTimer) -> tuple[Rollout, list[dict[str, float]]]:
        """Make T steps in all worlds of the members that act.

        `groups`: the members (P,) bool that act in each physics. Returns the rollout and metrics of the episodes that ended
        (one mapping per member). The rollout is a view of buffers that the next call overwrites.
        """
        t, p, n = self._plan.rollout_steps, self._state.n_members, self._plan.n_environments
        noise = self._state.random_streams.action_noise(t, n, self._worlds.action_size)
        episode_metrics = _EpisodeMetrics(self._worlds, p, n)
        truncations: list[Truncation] = []
        for physics, members in groups:
            self._worlds.set_physics(physics)
            self._collect_group(members, noise, episode_metrics, truncations, timer)
        return self._make_rollout(truncations), episode_metrics.mean_by_member()

    def _collect_group(
        self,
        members: Tensor,
        noise: Tensor,
        episode_metrics: _EpisodeMetrics,
        truncations: list[Truncation],
        timer: PhaseTimer,
    ) -> None:
        """T steps in the worlds of some members."""
        t, p, n = self._plan.rollout_steps, self._state.n_members, self._plan.n_environments
        all_members = bool(members.all())
        ids = None if all_members else np.flatnonzero(np.repeat(members.numpy(), n))
        world_index: Any = slice(None) if ids is None else ids
        member_index: Any = slice(None) if all_members else members
        started, physics_seconds = perf_counter(), 0.0
        for step in range(t):
            self._observations[step, world_index] = self._current_observations[world_index]
            unit_actions = self._state.sample(torch.from_numpy(self._observations[step]).view(p, n, -1), noise[step])
            self._actions[step, member_index] = unit_actions[member_index]
            actions = self._action_scaler(unit_actions)
            physics_started = perf_counter()
            transition = self._worlds.step(actions[world_index], ids)
            physics_seconds += perf_counter() - physics_started
            self._store_transition(step, transition, ids, truncations)
            if transition.episodes is not None:
                episode_metrics.add(transition)
        self._observations[t, world_index] = self._current_observations[world_index]
        timer.add("physics", physics_seconds)
        timer.add("acting", perf_counter() - started - physics_seconds)

    def _store_transition(
        self,
        step: int,
        transition: Transition,
        ids: NDArray[np.int64] | None,
        truncations: list[Truncation],
    ) -> None:
        world_index: Any = slice(None) if ids is None else ids
        self._rewards[step, world_index] = transition.rewards
        self._terminated[step, world_index] = transition.terminated
        self._truncated[step, world_index] = transition.truncated
        self._current_observations[world_index] = transition.observations
        if transition.episodes is None:
            return
        truncated_rows = np.flatnonzero(transition.truncated & ~transition.terminated)
        if len(truncated_rows):
            worlds = truncated_rows if ids is None else ids[truncated_rows]
            truncations.append((step, worlds, transition.final_observations[truncated_rows].astype(np.float32)))
        if transition.diverged.any():
            for row in np.flatnonzero(transition.diverged):
                world = int(row if ids is None else ids[row])
                member = world // self._plan.n_environments
                self.healthy_members[member] = False
                self._divergences.setdefault(member, (world % self._plan.n_environments, step))

    def _make_rollout(self, truncations: list[Truncation]) -> Rollout:
        t, p, n = self._plan.rollout_steps, self._state.n_members, self._plan.n_environments
        observations = torch.from_numpy(self._observations).view(t + 1, p, n, -1)
        terminated = torch.from_numpy(self._terminated).view(t, p, n)
        if truncations:
            indices = [np.stack([np.full(len(w), step), w // n, w % n], axis=1) for step, w, _ in truncations]
            truncation_indices = torch.from_numpy(np.concatenate(indices))
            truncation_observations = torch.from_numpy(np.concatenate([seen for _, _, seen in truncations]))
        else:
            truncation_indices, truncation_observations = (
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
            truncation_indices=truncation_indices,
            truncation_observations=truncation_observations,
        )

    def find_divergence(self, member: int) -> tuple[int, int] | None:
        """(environment, step of the rollout) of the first divergence of a member's physics; None if there was none."""
        return self._divergences.get(member)

    def state_dict(self, member: int) -> dict[str, NDArray[Any]]:
        """Complete state of one member's worlds."""
        ids = self._world_ids(member)
        state = self._worlds.get_state(ids) | {"observations": self._current_observations[ids].copy()}
        return add_prefix("worlds.", state)

    def rollout_arrays(self, member: int) -> dict[str, NDArray[Any]]:
        """One member's part of the last rollout, each (T, N, …); observations (T + 1, N, O)."""
        ids = self._world_ids(member)
        return {
            "observations": self._observations[:, ids].copy(),
            "actions": self._actions[:, member].numpy().copy(),
            "rewards": self._rewards[:, ids].copy(),
            "terminated": self._terminated[:, ids].copy(),
            "truncated": self._truncated[:, ids].copy(),
        }

    def load_state_dict(self, member: int, arrays: Mapping[str, NDArray[Any]]) -> None:
        """The inverse of `state_dict`."""
        ids = self._world_ids(member)
        state = strip_prefix(arrays, "worlds.")
        self._current_observations[ids] = state.pop("observations")
        self._worlds.set_state(ids, state)

    def _world_ids(self, member: int) -> NDArray[np.int64]:
        return np.arange(member * self._plan.n_environments, (member + 1) * self._plan.n_environments)


class _EpisodeMetrics:
    """Metrics of the episodes that ended during a rollout."""

    def __init__(self, worlds: Worlds, members: int, worlds_each: int) -> None:
        self._term_keys = [f"reward/{name}" for name in worlds.term_names]
        self._n_members = members
        self._n_environments = worlds_each
        self._rows: list[tuple[NDArray[np.int64], NDArray[np.float64]]] = []

    def add(self, transition: Transition) -> None:
        """Add the episodes that ended in a step."""
        episodes = transition.episodes
        assert episodes is not None
        rows = [episodes.returns, episodes.lengths, episodes.fell, *episodes.terms]
        if "speed" in episodes.measures:
            rows.append(episodes.measures["speed"])
        self._rows.append((episodes.ids // self._n_environments, np.stack(rows, axis=1).astype(np.float64)))

    def mean_by_member(self) -> list[dict[str, float]]:
        """Means by name, one mapping per member; empty if no episode ended."""
        result: list[dict[str, float]] = [{} for _ in range(self._n_members)]
        if not self._rows:
            return result
        members = np.concatenate([row[0] for row in self._rows])
        table = np.concatenate([row[1] for row in self._rows])
        names = ["return", "length", "falls", *self._term_keys, "speed"][: table.shape[1]]
        for member in np.unique(members):
            own = table[members == member]
            result[member] = dict(zip(names, own.mean(axis=0).tolist(), strict=True)) | {"episodes": float(len(own))}
        return result
