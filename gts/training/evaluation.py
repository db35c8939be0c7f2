"""Evaluation of policies: deterministic actions, frozen normalisers, exact physics, starts that no training uses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from gts.agents.agent import make_agent
from gts.agents.state import ActionScaler, AgentState, load_checkpoint
from gts.formats.checkpoint import Checkpoint
from gts.params.spec import Spec
from gts.physics.episode_stats import FinishedEpisodes
from gts.physics.streams import score_seeds
from gts.physics.worlds import Worlds
from gts.system.threads import available_cpus
from gts.training.score import Score, make_score
from gts.training.trajectory_recorder import TrajectoryRecorder


class Evaluator:
    """Worlds in which each member of a cohort plays the same episodes."""

    def __init__(self, specs: Sequence[Spec], *, seeds: Sequence[int], steps: int, threads: int) -> None:
        """`seeds`: one per episode, equal for all members; `steps`: maximum length of an episode."""
        self.n_members = len(specs)
        self.n_episodes = len(seeds)
        self._seeds = list(seeds) * self.n_members
        self._worlds = Worlds(
            specs[0].figure,
            self.n_members * self.n_episodes,
            rewards=[spec.rewards for spec in specs for _ in seeds],
            threads=threads,
            max_episode_length=steps,
            autoreset=False,
            all_measures=True,
        )
        self.observation_size = self._worlds.observation_size
        self.action_size = self._worlds.action_size
        self.recorder: TrajectoryRecorder | None = None
        """Recording of the first episode of each member evaluated last, in order; None before the first evaluation."""
        self._action_scaler = ActionScaler(self._worlds.action_low, self._worlds.action_high, clip=specs[0].params.clip_actions)

    def evaluate(self, state: AgentState, members: Sequence[int] | None = None) -> list[Score]:
        """Scores of `members` in order; None evaluates all."""
        worlds, evaluated = self._worlds, list(range(self.n_members)) if members is None else list(members)
        observations = worlds.reset(self._seeds)
        is_running = np.zeros(worlds.n_worlds, dtype=np.bool_)
        for member in evaluated:
            is_running[member * self.n_episodes : (member + 1) * self.n_episodes] = True
        results = _EpisodeResults(worlds)
        recorder = self.recorder = TrajectoryRecorder(worlds, [member * self.n_episodes for member in evaluated])
        ids = np.flatnonzero(is_running)
        while len(ids):
            unit_actions = state.act(torch.from_numpy(observations.reshape(self.n_members, self.n_episodes, -1)))
            actions = self._action_scaler(unit_actions)
            transition = worlds.step(actions[ids], ids)
            recorder.record_step(ids, transition)
            observations[ids] = transition.observations
            if transition.episodes is not None:
                results.add(transition.episodes)
                is_running[transition.episodes.ids] = False
                ids = np.flatnonzero(is_running)
        return [results.score(slice(m * self.n_episodes, (m + 1) * self.n_episodes)) for m in evaluated]


class _EpisodeResults:
    """Results of the episodes by world."""

    def __init__(self, worlds: Worlds) -> None:
        size = worlds.n_worlds
        self._terms = worlds.term_names
        self._returns = np.zeros(size)
        self._lengths = np.zeros(size, dtype=np.int64)
        self._fell = np.zeros(size, dtype=np.bool_)
        self._term_sums = np.zeros((len(worlds.term_names), size))
        self._measures: dict[str, NDArray[np.float64]] = {name: np.zeros(size) for name in worlds.measure_names}

    def add(self, episodes: FinishedEpisodes) -> None:
        """Record the episodes that ended in a step."""
        ids = episodes.ids
        self._returns[ids], self._lengths[ids], self._fell[ids] = episodes.returns, episodes.lengths, episodes.fell
        self._term_sums[:, ids] = episodes.terms
        for name, values in episodes.measures.items():
            self._measures[name][ids] = values

    def score(self, rows: slice) -> Score:
        """The score of the worlds of one member."""
        return make_score(
            self._returns[rows],
            self._lengths[rows],
            self._fell[rows],
            {name: values[rows] for name, values in self._measures.items()},
            {name: sums[rows] for name, sums in zip(self._terms, self._term_sums, strict=True)},
        )


def evaluate_checkpoint(
    checkpoint: Checkpoint, *, episodes: int = 100, steps: int = 1000, seed: int = 0, threads: int | None = None
) -> Score:
    """Score a checkpoint on the test episodes of `seed`.

    The score does not depend on `threads`, which only the physics uses. Raises FileError if the tensors of the checkpoint do
    not fit its figure.
    """
    spec = checkpoint.spec
    seeds = score_seeds(seed, range(episodes))
    evaluation = Evaluator([spec], seeds=seeds, steps=steps, threads=threads or available_cpus())
    agent = make_agent(spec.technique, [spec.params], evaluation.observation_size, evaluation.action_size)
    load_checkpoint(agent.state, 0, checkpoint, strict=False)
    torch_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return evaluation.evaluate(agent.state)[0]
    finally:
        torch.set_num_threads(torch_threads)
