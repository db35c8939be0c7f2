"""Trying policies out: deterministic actions, frozen normalisers, exact physics, starts that no training uses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from gts.agents.agent import make_agent
from gts.agents.state import ActionRange, AgentState, fill
from gts.formats.checkpoint import Checkpoint
from gts.params.spec import Spec
from gts.physics.episodes import Episodes
from gts.physics.streams import score_seeds
from gts.physics.worlds import Worlds
from gts.system.threads import available_cpus
from gts.training.score import Score, make_score
from gts.training.trajectory_recorder import Tape


class Evaluation:
    """Worlds in which every member of a cohort plays the same episodes."""

    def __init__(self, specs: Sequence[Spec], *, seeds: Sequence[int], steps: int, threads: int) -> None:
        """`seeds`: one an episode, the same for every member."""
        self.members = len(specs)
        self.episodes = len(seeds)
        self._seeds = list(seeds) * self.members
        self._worlds = Worlds(
            specs[0].figure,
            self.members * self.episodes,
            rewards=[spec.rewards for spec in specs for _ in seeds],
            threads=threads,
            max_episode_length=steps,
            autoreset=False,
            all_measures=True,
        )
        self.observation_size = self._worlds.observation_size
        self.action_size = self._worlds.action_size
        self.tape: Tape | None = None
        """The first episode of each member that played in the last run, in their order; None before the first run."""
        self._range = ActionRange(self._worlds.action_low, self._worlds.action_high, clip=specs[0].params.clip_actions)

    def run(self, state: AgentState, members: Sequence[int] | None = None) -> list[Score]:
        """Scores of the members (all of them if none are named), in order."""
        worlds, playing = self._worlds, list(range(self.members)) if members is None else list(members)
        observations = worlds.reset(self._seeds)
        alive = np.zeros(worlds.n_worlds, dtype=np.bool_)
        for member in playing:
            alive[member * self.episodes : (member + 1) * self.episodes] = True
        record = _Record(worlds)
        tape = self.tape = Tape(worlds, [member * self.episodes for member in playing])
        ids = np.flatnonzero(alive)
        while len(ids):
            unit = state.act(torch.from_numpy(observations.reshape(self.members, self.episodes, -1)))
            actions = self._range(unit)
            transition = worlds.step(actions[ids], ids)
            tape.add(ids, transition)
            observations[ids] = transition.observations
            if transition.episodes is not None:
                record.add(transition.episodes)
                alive[transition.episodes.ids] = False
                ids = np.flatnonzero(alive)
        return [record.score(slice(m * self.episodes, (m + 1) * self.episodes)) for m in playing]


class _Record:
    """What the episodes of all worlds came to, in the order of the worlds."""

    def __init__(self, worlds: Worlds) -> None:
        size = worlds.n_worlds
        self._terms = worlds.term_names
        self._returns = np.zeros(size)
        self._lengths = np.zeros(size, dtype=np.int64)
        self._fell = np.zeros(size, dtype=np.bool_)
        self._sums = np.zeros((len(worlds.term_names), size))
        self._measures: dict[str, NDArray[np.float64]] = {name: np.zeros(size) for name in worlds.measure_names}

    def add(self, episodes: Episodes) -> None:
        """Note the episodes that ended in a step."""
        ids = episodes.ids
        self._returns[ids], self._lengths[ids], self._fell[ids] = episodes.returns, episodes.lengths, episodes.fell
        self._sums[:, ids] = episodes.terms
        for name, values in episodes.measures.items():
            self._measures[name][ids] = values

    def score(self, rows: slice) -> Score:
        """The score of the worlds of one member."""
        return make_score(
            self._returns[rows],
            self._lengths[rows],
            self._fell[rows],
            {name: values[rows] for name, values in self._measures.items()},
            {name: sums[rows] for name, sums in zip(self._terms, self._sums, strict=True)},
        )


def evaluate(
    checkpoint: Checkpoint, *, episodes: int = 100, steps: int = 1000, seed: int = 0, threads: int | None = None
) -> Score:
    """Score a checkpoint on the test episodes of `seed`.

    The same numbers come at any thread count: only the physics is shared out, which it does not mind. Raises FileError for a
    checkpoint whose tensors do not fit its figure.
    """
    spec = checkpoint.spec
    seeds = score_seeds(seed, range(episodes))
    evaluation = Evaluation([spec], seeds=seeds, steps=steps, threads=threads or available_cpus())
    agent = make_agent(spec.technique, [spec.params], evaluation.observation_size, evaluation.action_size)
    fill(agent.state, 0, checkpoint, exactly=False)
    torch_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return evaluation.run(agent.state)[0]
    finally:
        torch.set_num_threads(torch_threads)
