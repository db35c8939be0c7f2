"""Many worlds of one figure, stepped in one call."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gts.errors import UsageError
from gts.physics.episode_stats import EpisodeStats, FinishedEpisodes
from gts.physics.figure import Figure
from gts.physics.figures import get_figure
from gts.physics.frame import Floats, Ids, PhysicsFrame
from gts.physics.rewarder import Rewarder
from gts.physics.simulations import MujocoSimulations, Physics
from gts.physics.streams import make_streams, pack_streams, unpack_streams

Bools = NDArray[np.bool_]


class Transition(NamedTuple):
    """One control step of n worlds. All arrays are fresh: they stay as they are when the worlds go on."""

    observations: Floats
    """What the policy sees next, (n, O): where an episode ended and the world was started again, its new start."""
    final_observations: Floats
    """What the step itself led to, (n, O). The same array as `observations` where no world was started again."""
    rewards: Floats
    """(n,)."""
    terminated: Bools
    """The figure fell, or the world diverged, (n,): nothing follows."""
    truncated: Bools
    """The episode reached its length, (n,): more would have followed. Both can be true."""
    diverged: Bools
    """Physics left the finite range, (n,): reward 0, and a final observation that means nothing (but is finite)."""
    episodes: FinishedEpisodes | None
    """The episodes that ended in this step; None where there were none."""


class Worlds:
    """W worlds of a figure.

    Observations, rewards and ends equal those of Gymnasium's v5 environment bit for bit, whatever the number of threads. Not to
    be used from two Python threads at once.
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
        """`rewards`: one mapping a world of parameters by full key (`Hopper/minimumSpeed`); None is Gymnasium's reward.

        `physics`: "exact" is the model's own integrator, "fast" is implicitfast at the same timestep. `autoreset=False` leaves
        finished worlds as they are; the caller starts them again or leaves them out. `fields`: further MjData fields that
        `frame.field` shall give. `all_measures`: also those that training does without, since they read fields.
        Raises UsageError for an unknown figure or reward parameter, MissingError or WorkError for a model that cannot be had.
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
        """The terms whose weight is not 0 in every world (K): bonuses, then costs."""
        self.measure_names = tuple(measure.name for measure in measures)
        """Keys of `FinishedEpisodes.measures`."""
        model = self._simulations.model
        low, high = model.actuator_ctrlrange.astype(np.float32).T
        self.action_low: NDArray[np.float32] = low.copy()
        """Smallest controls that make a difference, (A,)."""
        self.action_high: NDArray[np.float32] = high.copy()
        """Largest controls that make a difference, (A,)."""
        self.action_size = int(model.nu)
        self._episode_stats = EpisodeStats(
            n_worlds, rewarder.n_bonuses, len(rewarder.term_names), measures, self._simulations.dt
        )
        self._term_memory = {name: np.zeros((n_worlds, size)) for name, size in rewarder.memory_sizes.items()}
        self._positions = np.zeros(n_worlds)
        self.streams: list[np.random.Generator] = []
        """The random stream of each world, drawn from at starts; empty before the first reset."""
        self._all_ids = np.arange(n_worlds, dtype=np.int32)
        self._make_frame()
        self.observation_size = self.figure.observe(self.frame).shape[1]

    @property
    def physics(self) -> Physics:
        """Which integrator is at work."""
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
        """What each term gave or took in the last step, (K, n); their sum over K is the reward."""
        return self._episode_stats.reward_terms()

    def reset(self, seeds: Sequence[int]) -> Floats:
        """New random streams, one seed a world, and a new episode in every world: observations, (W, O)."""
        if len(seeds) != self.n_worlds:
            raise UsageError(f"there are {self.n_worlds} worlds and {len(seeds)} seeds")
        self.streams = make_streams(seeds)
        return self._start_episodes(self._all_ids)

    def restart(self, ids: NDArray[np.integer[Any]], seeds: Sequence[int | None] | None = None) -> Floats:
        """New episodes in these worlds (sorted, unique): observations, (n, O). Streams go on where there is no new seed."""
        chosen = self._check_ids(ids)
        if seeds is not None and len(seeds) != len(chosen):
            raise UsageError(f"there are {len(chosen)} worlds to start and {len(seeds)} seeds")
        for world, seed in zip(chosen.tolist(), () if seeds is None else seeds, strict=False):
            if seed is not None:
                self.streams[world] = make_streams([seed])[0]
        return self._start_episodes(chosen)

    def step(self, actions: NDArray[np.float32], ids: NDArray[np.integer[Any]] | None = None) -> Transition:
        """Step all worlds, or those of `ids` (sorted, unique), with actions (n, A).

        Actions are not clipped here: MuJoCo limits what they do, not what they cost. Raises UsageError for wrong shapes.
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
            # A new array: whoever asks the frame for the speed of this step still finds the old one.
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
        """Hand out the episodes that ended and start their worlds again."""
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
        """Let time pass and show the result to the frame. Gives the worlds that left the finite range, (n,), or None."""
        frame = self.frame
        failed = self._simulations.step(actions, chosen)
        frame.select(chosen)
        frame.action = actions
        # One sum over everything is the cheapest question; only where it is not finite each world is asked.
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
        """New episodes in these worlds; gives their first observations, (n, O)."""
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
        """Switch the integrator; running episodes go on from where they are."""
        if physics != self._physics:
            self._simulations.set_physics(physics)
            self._physics = physics
            self._make_frame()

    def get_state(self, ids: NDArray[np.integer[Any]] | None = None) -> dict[str, NDArray[Any]]:
        """All that the future of these worlds (None: all) depends on, every array with a leading n.

        Given to `restore` of worlds with the same figure, rewards and physics, they go on bit for bit as they would have here,
        whatever the number of threads and in whichever rows.
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
        """Put a `state` of n worlds into the worlds `ids` (None: all). Raises UsageError where it does not fit."""
        chosen = self._all_ids if ids is None else self._check_ids(ids)
        places: dict[str, NDArray[Any]] = {
            "rows": self._simulations.state,
            "positions": self._positions,
            "sums": self._episode_stats.sums.T,
            **{f"memory.{name}": memory for name, memory in self._term_memory.items()},
        }
        shapes = {name: (len(chosen), *place.shape[1:]) for name, place in places.items()} | {"streams": (len(chosen), 6)}
        wrong = [name for name, shape in shapes.items() if name not in state or state[name].shape != shape]
        if wrong:
            raise UsageError(f"the state of the worlds does not fit: {', '.join(wrong)}")
        for name, place in places.items():
            place[chosen] = state[name]
        if not self.streams:
            self.streams = make_streams(range(self.n_worlds))
        for world, stream in zip(chosen.tolist(), unpack_streams(state["streams"]), strict=True):
            self.streams[world] = stream

    def _make_frame(self) -> None:
        self.frame = PhysicsFrame(self._simulations.model, self._simulations, self._simulations.dt)
        """What the last step looked like; valid until the next step or start of any world."""
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
