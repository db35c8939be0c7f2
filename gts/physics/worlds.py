"""Many worlds of one figure, stepped in one call."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gts.errors import UsageError
from gts.physics.episodes import Episodes, Ledger
from gts.physics.figure import Figure
from gts.physics.figures import figure_named
from gts.physics.frame import Floats, Frame, Ids
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
    episodes: Episodes | None
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
        self.figure = figure_named(figure) if isinstance(figure, str) else figure
        if n_worlds < 1 or threads < 1 or max_episode_length < 1:
            raise UsageError("the numbers of worlds, threads and steps of an episode must be at least 1")
        self.n_worlds = n_worlds
        self._physics: Physics = physics
        self._autoreset = autoreset
        self._limit = max_episode_length
        rewarder = Rewarder(self.figure.declaration, self.figure.terms, rewards, n_worlds)
        self._rewarder = rewarder
        taken = tuple(measure for measure in self.figure.measures if all_measures or not measure.fields)
        kept = dict.fromkeys((*rewarder.fields, *(field for measure in taken for field in measure.fields), *fields))
        self._sims = MujocoSimulations(self.figure, n_worlds, threads=threads, physics=physics, fields=tuple(kept))
        self.term_names = rewarder.names
        """The terms whose weight is not 0 in every world (K): bonuses, then costs."""
        self.measure_names = tuple(measure.name for measure in taken)
        """Keys of `Episodes.measures`."""
        model = self._sims.model
        low, high = model.actuator_ctrlrange.astype(np.float32).T
        self.action_low: NDArray[np.float32] = low.copy()
        """Smallest controls that make a difference, (A,)."""
        self.action_high: NDArray[np.float32] = high.copy()
        """Largest controls that make a difference, (A,)."""
        self.action_size = int(model.nu)
        self._ledger = Ledger(n_worlds, rewarder.n_bonuses, len(rewarder.names), taken, self._sims.dt)
        self._memory = {name: np.zeros((n_worlds, size)) for name, size in rewarder.memory.items()}
        self._positions = np.zeros(n_worlds)
        self.streams: list[np.random.Generator] = []
        """The random stream of each world, drawn from at starts; empty before the first reset."""
        self._all = np.arange(n_worlds, dtype=np.int32)
        self._show()
        self.observation_size = self.figure.observe(self.frame).shape[1]

    @property
    def physics(self) -> Physics:
        """Which integrator is at work."""
        return self._physics

    @property
    def dt(self) -> float:
        """Seconds of one control step."""
        return self._sims.dt

    @property
    def elapsed(self) -> NDArray[np.int64]:
        """Steps of the running episodes, (W,); a copy."""
        return self._ledger.lengths.astype(np.int64)

    def contributions(self) -> Floats:
        """What each term gave or took in the last step, (K, n); their sum over K is the reward."""
        return self._ledger.contributions()

    def reset(self, seeds: Sequence[int]) -> Floats:
        """New random streams, one seed a world, and a new episode in every world: observations, (W, O)."""
        if len(seeds) != self.n_worlds:
            raise UsageError(f"there are {self.n_worlds} worlds and {len(seeds)} seeds")
        self.streams = make_streams(seeds)
        return self._start(self._all)

    def restart(self, ids: NDArray[np.integer[Any]], seeds: Sequence[int | None] | None = None) -> Floats:
        """New episodes in these worlds (sorted, unique): observations, (n, O). Streams go on where there is no new seed."""
        chosen = self._checked(ids)
        if seeds is not None and len(seeds) != len(chosen):
            raise UsageError(f"there are {len(chosen)} worlds to start and {len(seeds)} seeds")
        for world, seed in zip(chosen.tolist(), () if seeds is None else seeds, strict=False):
            if seed is not None:
                self.streams[world] = make_streams([seed])[0]
        return self._start(chosen)

    def step(self, actions: NDArray[np.float32], ids: NDArray[np.integer[Any]] | None = None) -> Transition:
        """Step all worlds, or those of `ids` (sorted, unique), with actions (n, A).

        Actions are not clipped here: MuJoCo limits what they do, not what they cost. Raises UsageError for wrong shapes.
        """
        chosen = None if ids is None else self._checked(ids)
        actions = self._checked_actions(actions, chosen)
        frame = self.frame
        lost = self._advance(actions, chosen)
        before, after = frame.take(self._positions), self.figure.position(frame)
        frame.way = before, after
        healthy = None if self.figure.healthy is None else self.figure.healthy(frame)
        frame.healthy = np.ones(len(actions), np.bool_) if healthy is None else healthy
        page = self._ledger.page(frame)
        rewards = self._rewarder.evaluate(frame, page)
        observations = self.figure.observe(frame)
        terminated = ~frame.healthy
        if lost is not None:
            after = np.where(lost, before, after)
            observations[lost] = np.nan_to_num(observations[lost], posinf=0.0, neginf=0.0)
            rewards[lost] = 0.0
            terminated |= lost
        self._ledger.add(frame, page, lost)
        if chosen is None:
            # A new array: whoever asks the frame for the speed of this step still finds the old one.
            self._positions = after.copy()
        else:
            self._positions[chosen] = after
        truncated = frame.take(self._ledger.lengths) >= self._limit
        return self._conclude(chosen, observations, rewards, terminated, truncated, lost)

    def _conclude(
        self,
        chosen: Ids | None,
        observations: Floats,
        rewards: Floats,
        terminated: Bools,
        truncated: Bools,
        lost: Bools | None,
    ) -> Transition:
        """Hand out the episodes that ended and start their worlds again."""
        diverged = np.zeros(len(rewards), np.bool_) if lost is None else lost
        ended = (terminated | truncated).nonzero()[0]
        if not len(ended):
            return Transition(observations, observations, rewards, terminated, truncated, diverged, None)
        worlds = self._all[ended] if chosen is None else chosen[ended]
        fell = terminated[ended] if lost is None else terminated[ended] & ~lost[ended]
        episodes = self._ledger.close(worlds, self._positions[worlds], fell)
        following = observations
        if self._autoreset:
            following = observations.copy()
            following[ended] = self._start(worlds)
        return Transition(following, observations, rewards, terminated, truncated, diverged, episodes)

    def _advance(self, actions: NDArray[np.float32], chosen: Ids | None) -> Bools | None:
        """Let time pass and show the result to the frame. Gives the worlds that left the finite range, (n,), or None."""
        frame = self.frame
        lost = self._sims.advance(actions, chosen)
        frame.show(chosen)
        frame.action = actions
        # One sum over everything is the cheapest question; only where it is not finite each world is asked.
        if lost is None and math.isfinite(np.add.reduce(frame.motion, axis=None)):
            return None
        bad: Bools = ~np.asarray(np.isfinite(frame.motion).all(axis=1))
        if lost is not None:
            bad |= lost
        if not bad.any():
            return None
        self._sims.rest((self._all if chosen is None else chosen)[bad])
        frame.show(chosen)
        return bad

    def _start(self, ids: Ids) -> Floats:
        """New episodes in these worlds; gives their first observations, (n, O)."""
        if not self.streams:
            raise UsageError("worlds must be reset with seeds first")
        motion = self._sims.start(ids, self.streams)
        for memory in self._memory.values():
            memory[ids] = 0.0
        self.frame.show(ids, motion)
        positions = self.figure.position(self.frame)
        self._positions[ids] = positions
        self._ledger.start(ids, positions)
        return self.figure.observe(self.frame)

    def set_physics(self, physics: Physics) -> None:
        """Switch the integrator; running episodes go on from where they are."""
        if physics != self._physics:
            self._sims.set_physics(physics)
            self._physics = physics
            self._show()

    def state(self, ids: NDArray[np.integer[Any]] | None = None) -> dict[str, NDArray[Any]]:
        """All that the future of these worlds (None: all) depends on, every array with a leading n.

        Given to `restore` of worlds with the same figure, rewards and physics, they go on bit for bit as they would have here,
        whatever the number of threads and in whichever rows.
        """
        chosen = self._all if ids is None else self._checked(ids)
        if not self.streams:
            raise UsageError("worlds have no state before they are reset")
        return {
            "rows": self._sims.state[chosen],
            "positions": self._positions[chosen],
            "sums": self._ledger.sums[:, chosen].T.copy(),
            "streams": pack_streams(self.streams[world] for world in chosen.tolist()),
            **{f"memory.{name}": memory[chosen] for name, memory in self._memory.items()},
        }

    def restore(self, ids: NDArray[np.integer[Any]] | None, state: Mapping[str, NDArray[Any]]) -> None:
        """Put a `state` of n worlds into the worlds `ids` (None: all). Raises UsageError where it does not fit."""
        chosen = self._all if ids is None else self._checked(ids)
        places: dict[str, NDArray[Any]] = {
            "rows": self._sims.state,
            "positions": self._positions,
            "sums": self._ledger.sums.T,
            **{f"memory.{name}": memory for name, memory in self._memory.items()},
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

    def _show(self) -> None:
        self.frame = Frame(self._sims.model, self._sims, self._sims.dt)
        """What the last step looked like; valid until the next step or start of any world."""
        self.frame.memory = self._memory

    def _checked(self, ids: NDArray[np.integer[Any]]) -> Ids:
        chosen = np.ascontiguousarray(ids, np.int32)
        if chosen.ndim != 1 or (len(chosen) and (chosen[0] < 0 or chosen[-1] >= self.n_worlds or (np.diff(chosen) < 1).any())):
            raise UsageError(f"ids of worlds must be sorted, unique and between 0 and {self.n_worlds - 1}")
        return chosen

    def _checked_actions(self, actions: NDArray[np.float32], chosen: Ids | None) -> NDArray[np.float32]:
        actions = np.asarray(actions, np.float32)
        expected = (self.n_worlds if chosen is None else len(chosen), self.action_size)
        if actions.shape != expected:
            raise UsageError(f"actions have the shape {actions.shape}, not {expected}")
        if not self.streams:
            raise UsageError("worlds must be reset before they are stepped")
        return actions
