"""Many worlds of one figure, stepped in one call."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gts.errors import UsageError
from gts.params.techniques import Physics
from gts.physics.episode_stats import EpisodeStats, FinishedEpisodes
from gts.physics.figure import Figure
from gts.physics.figures import get_figure
from gts.physics.frame import Floats, Ids, PhysicsFrame
from gts.physics.rewarder import Rewarder
from gts.physics.simulations import MujocoSimulations
from gts.physics.streams import make_streams, pack_streams, unpack_streams

Bools = NDArray[np.bool_]


class Transition(NamedTuple):
    """One control step of n worlds. All arrays are copies, which later steps do not change."""

    observations: Floats
    """Next observation of the policy, (n, O): the first of a new episode if the world was restarted."""
    final_observations: Floats
    """Observation after the step, (n, O); the same array as `observations` if no world was restarted."""
    rewards: Floats
    """(n,)."""
    terminated: Bools
    """Whether the figure fell or the world diverged, (n,)."""
    truncated: Bools
    """Whether the episode reached its maximum length, (n,); both can be true."""
    diverged: Bools
    """Whether the physics left the finite range, (n,): reward 0, and a finite but meaningless final observation."""
    episodes: FinishedEpisodes | None
    """The episodes that ended in this step; None if there were none."""


class Worlds:
    """W worlds of a figure.

    Observations, rewards and ends equal those of Gymnasium's v5 environment bit for bit, with any number of threads. Not
    thread-safe.
    """

    def __init__(
        self,
        figure: str | Figure,
        n_worlds: int,
        *,
        rewards: Sequence[Mapping[str, float]] | None = None,
        threads: int = 1,
        physics: Physics = "exact",
        max_episode_length: int = 1000,
        autoreset: bool = True,
        fields: Sequence[str] = (),
        all_measures: bool = False,
    ) -> None:
        """`rewards`: one mapping per world of parameters by full key (`Hopper/minimumSpeed`); None is Gymnasium's reward.

        `physics`: "exact" is the integrator of the model, "fast" is implicitfast at the same timestep. With `autoreset=False`
        the caller restarts finished worlds or leaves them out. `fields`: further MjData fields for `frame.field`.
        `all_measures`: also compute the measures that read fields, which are too slow for training. Raises UsageError for an
        unknown figure or reward parameter, MissingError or WorkError for a model that cannot be loaded.
        """
        self.figure = get_figure(figure) if isinstance(figure, str) else figure
        if n_worlds < 1 or threads < 1 or max_episode_length < 1:
            raise UsageError("the numbers of worlds, threads and steps of an episode must be at least 1")
        self.n_worlds = n_worlds
        self._physics: Physics = physics
        self._autoreset = autoreset
        self._max_episode_length = max_episode_length
        rewarder = Rewarder(self.figure.declaration, self.figure.terms, rewards, n_worlds)
        self._rewarder = rewarder
        measures = tuple(measure for measure in self.figure.measures if all_measures or not measure.fields)
        all_fields = dict.fromkeys((*rewarder.fields, *(field for measure in measures for field in measure.fields), *fields))
        self._simulations = MujocoSimulations(self.figure, n_worlds, threads=threads, physics=physics, fields=tuple(all_fields))
        self.term_names = rewarder.term_names
        """Names of the K terms with a weight other than 0 in some world: bonuses, then costs."""
        self.measure_names = tuple(measure.name for measure in measures)
        """Keys of `FinishedEpisodes.measures`."""
        model = self._simulations.model
        low, high = model.actuator_ctrlrange.astype(np.float32).T
        self.action_low: NDArray[np.float32] = low.copy()
        """Lower ends of the control ranges, (A,)."""
        self.action_high: NDArray[np.float32] = high.copy()
        """Upper ends of the control ranges, (A,)."""
        self.action_size = int(model.nu)
        self._episode_stats = EpisodeStats(
            n_worlds, rewarder.n_bonuses, len(rewarder.term_names), measures, self._simulations.dt
        )
        self._term_memory = {name: np.zeros((n_worlds, size)) for name, size in rewarder.memory_sizes.items()}
        self._positions = np.zeros(n_worlds)
        self.streams: list[np.random.Generator] = []
        """Random stream of each world, used at starts; empty before the first reset."""
        self._all_ids = np.arange(n_worlds, dtype=np.int32)
        self._make_frame()
        self.observation_size = self.figure.observe(self.frame).shape[1]

    @property
    def physics(self) -> Physics:
        """The present integrator."""
        return self._physics

    @property
    def dt(self) -> float:
        """Seconds of one control step."""
        return self._simulations.dt

    @property
    def episode_lengths(self) -> NDArray[np.int64]:
        """Steps of the running episodes, (W,); a copy."""
        return self._episode_stats.lengths.astype(np.int64)

    def reward_terms(self) -> Floats:
        """Reward terms of the last step, costs negative, (K, n); their sum over K is the reward."""
        return self._episode_stats.reward_terms()

    def reset(self, seeds: Sequence[int]) -> Floats:
        """Set new random streams, one seed per world, and start all episodes; returns observations, (W, O)."""
        if len(seeds) != self.n_worlds:
            raise UsageError(f"there are {self.n_worlds} worlds and {len(seeds)} seeds")
        self.streams = make_streams(seeds)
        return self._start_episodes(self._all_ids)

    def restart(self, ids: NDArray[np.integer[Any]], seeds: Sequence[int | None] | None = None) -> Floats:
        """Start new episodes in these worlds (sorted, unique); a seed replaces a stream. Returns observations, (n, O)."""
        chosen = self._check_ids(ids)
        if seeds is not None and len(seeds) != len(chosen):
            raise UsageError(f"there are {len(chosen)} worlds to start and {len(seeds)} seeds")
        for world, seed in zip(chosen.tolist(), () if seeds is None else seeds, strict=False):
            if seed is not None:
                self.streams[world] = make_streams([seed])[0]
        return self._start_episodes(chosen)

    def step(self, actions: NDArray[np.float32], ids: NDArray[np.integer[Any]] | None = None) -> Transition:
        """Step all worlds, or those of `ids` (sorted, unique), with actions (n, A).

        Actions are not clipped here: MuJoCo clips the controls, but not their cost. Raises UsageError for wrong shapes.
        """
        chosen = None if ids is None else self._check_ids(ids)
        actions = self._check_actions(actions, chosen)
        frame = self.frame
        diverged = self._step_physics(actions, chosen)
        before, after = frame.select_rows(self._positions), self.figure.position(frame)
        frame.positions = before, after
        is_healthy = None if self.figure.is_healthy is None else self.figure.is_healthy(frame)
        frame.is_healthy = np.ones(len(actions), np.bool_) if is_healthy is None else is_healthy
        step_values = self._episode_stats.begin_step(frame)
        rewards = self._rewarder.compute(frame, step_values)
        observations = self.figure.observe(frame)
        terminated = ~frame.is_healthy
        if diverged is not None:
            after = np.where(diverged, before, after)
            observations[diverged] = np.nan_to_num(observations[diverged], posinf=0.0, neginf=0.0)
            rewards[diverged] = 0.0
            terminated |= diverged
        self._episode_stats.add_step(frame, step_values, diverged)
        if chosen is None:
            # A new array, since the frame computes the speed of this step from the old one.
            self._positions = after.copy()
        else:
            self._positions[chosen] = after
        truncated = frame.select_rows(self._episode_stats.lengths) >= self._max_episode_length
        return self._finish_episodes(chosen, observations, rewards, terminated, truncated, diverged)

    def _finish_episodes(
        self,
        chosen: Ids | None,
        observations: Floats,
        rewards: Floats,
        terminated: Bools,
        truncated: Bools,
        diverged_or_none: Bools | None,
    ) -> Transition:
        """Make the transition with the episodes that ended, and restart their worlds."""
        diverged = np.zeros(len(rewards), np.bool_) if diverged_or_none is None else diverged_or_none
        ended = (terminated | truncated).nonzero()[0]
        if not len(ended):
            return Transition(observations, observations, rewards, terminated, truncated, diverged, None)
        worlds = self._all_ids[ended] if chosen is None else chosen[ended]
        fell = terminated[ended] if diverged_or_none is None else terminated[ended] & ~diverged_or_none[ended]
        episodes = self._episode_stats.finish_episodes(worlds, self._positions[worlds], fell)
        next_observations = observations
        if self._autoreset:
            next_observations = observations.copy()
            next_observations[ended] = self._start_episodes(worlds)
        return Transition(next_observations, observations, rewards, terminated, truncated, diverged, episodes)

    def _step_physics(self, actions: NDArray[np.float32], chosen: Ids | None) -> Bools | None:
        """Step the simulations and select the worlds in the frame. Returns the diverged worlds, (n,), or None."""
        frame = self.frame
        failed = self._simulations.step(actions, chosen)
        frame.select(chosen)
        frame.action = actions
        # One sum is cheapest; single worlds are checked only if it is not finite.
        if failed is None and math.isfinite(np.add.reduce(frame.motion, axis=None)):
            return None
        diverged: Bools = ~np.asarray(np.isfinite(frame.motion).all(axis=1))
        if failed is not None:
            diverged |= failed
        if not diverged.any():
            return None
        self._simulations.reset_to_default_pose((self._all_ids if chosen is None else chosen)[diverged])
        frame.select(chosen)
        return diverged

    def _start_episodes(self, ids: Ids) -> Floats:
        """Start new episodes in these worlds; returns their first observations, (n, O)."""
        if not self.streams:
            raise UsageError("worlds must be reset with seeds first")
        motion = self._simulations.start_episodes(ids, self.streams)
        for memory in self._term_memory.values():
            memory[ids] = 0.0
        self.frame.select(ids, motion)
        positions = self.figure.position(self.frame)
        self._positions[ids] = positions
        self._episode_stats.begin_episodes(ids, positions)
        return self.figure.observe(self.frame)

    def set_physics(self, physics: Physics) -> None:
        """Change the integrator; running episodes continue."""
        if physics != self._physics:
            self._simulations.set_physics(physics)
            self._physics = physics
            self._make_frame()

    def get_state(self, ids: NDArray[np.integer[Any]] | None = None) -> dict[str, NDArray[Any]]:
        """Complete state of these worlds (None: all), every array with a leading n.

        `set_state` of worlds with the same figure, rewards and physics continues them bit for bit, with any number of threads
        and in any rows.
        """
        chosen = self._all_ids if ids is None else self._check_ids(ids)
        if not self.streams:
            raise UsageError("worlds have no state before they are reset")
        return {
            "rows": self._simulations.state[chosen],
            "positions": self._positions[chosen],
            "sums": self._episode_stats.sums[:, chosen].T.copy(),
            "streams": pack_streams(self.streams[world] for world in chosen.tolist()),
            **{f"memory.{name}": memory[chosen] for name, memory in self._term_memory.items()},
        }

    def set_state(self, ids: NDArray[np.integer[Any]] | None, state: Mapping[str, NDArray[Any]]) -> None:
        """Set the state of the worlds `ids` (None: all). Raises UsageError if it does not fit."""
        chosen = self._all_ids if ids is None else self._check_ids(ids)
        targets: dict[str, NDArray[Any]] = {
            "rows": self._simulations.state,
            "positions": self._positions,
            "sums": self._episode_stats.sums.T,
            **{f"memory.{name}": memory for name, memory in self._term_memory.items()},
        }
        shapes = {name: (len(chosen), *target.shape[1:]) for name, target in targets.items()} | {"streams": (len(chosen), 6)}
        wrong = [name for name, shape in shapes.items() if name not in state or state[name].shape != shape]
        if wrong:
            raise UsageError(f"the state of the worlds does not fit: {', '.join(wrong)}")
        for name, target in targets.items():
            target[chosen] = state[name]
        if not self.streams:
            self.streams = make_streams(range(self.n_worlds))
        for world, stream in zip(chosen.tolist(), unpack_streams(state["streams"]), strict=True):
            self.streams[world] = stream

    def _make_frame(self) -> None:
        self.frame = PhysicsFrame(self._simulations.model, self._simulations, self._simulations.dt)
        """State after the last step; valid until the next step or start of any world."""
        self.frame.term_memory = self._term_memory

    def _check_ids(self, ids: NDArray[np.integer[Any]]) -> Ids:
        chosen = np.ascontiguousarray(ids, np.int32)
        if chosen.ndim != 1 or (len(chosen) and (chosen[0] < 0 or chosen[-1] >= self.n_worlds or (np.diff(chosen) < 1).any())):
            raise UsageError(f"ids of worlds must be sorted, unique and between 0 and {self.n_worlds - 1}")
        return chosen

    def _check_actions(self, actions: NDArray[np.float32], chosen: Ids | None) -> NDArray[np.float32]:
        actions = np.asarray(actions, np.float32)
        expected = (self.n_worlds if chosen is None else len(chosen), self.action_size)
        if actions.shape != expected:
            raise UsageError(f"actions have the shape {actions.shape}, not {expected}")
        if not self.streams:
            raise UsageError("worlds must be reset before they are stepped")
        return actions
