"""Playback of a checkpoint: its policy acts in one world on exact physics, one frame per control step."""

from __future__ import annotations

import secrets

import mujoco
import numpy as np
import torch
from numpy.typing import NDArray

from gts.agents.agent import make_agent
from gts.agents.state import ActionScaler, load_checkpoint
from gts.formats.checkpoint import Checkpoint
from gts.physics.models import load_model
from gts.physics.streams import score_seeds
from gts.physics.worlds import Transition, Worlds
from gts.playback.playback_source import PlaybackFrame, read_contact_points

_SCORE_ROWS = 100
"""Episodes that a score evaluates in one batch."""
_ENDLESS = 2**31 - 1


class PolicyPlayer:
    """Plays a checkpoint. Loop k is episode k of `gts score --seed SEED`, bit for bit, unless it is stochastic."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        *,
        seed: int | None = None,
        stochastic: bool = False,
        keep_on: bool = False,
        frames_per_loop: int = 500,
        name: str = "",
    ) -> None:
        """`seed` None draws a random one; `stochastic` explores as in training.

        A loop ends after `frames_per_loop` steps (0: no limit) and, without `keep_on`, with a fall.
        Raises UsageError for an unknown figure, FileError for tensors that do not fit it.
        """
        spec = checkpoint.spec
        self.name = name or f"{spec.figure}, {spec.technique}"
        self.seed = secrets.randbelow(2**31) if seed is None else seed
        """Seed of the random starts."""
        self.keep_on = keep_on
        self._max_steps = frames_per_loop or _ENDLESS
        self._worlds = Worlds(spec.figure, 1, rewards=[spec.rewards], max_episode_length=_ENDLESS, autoreset=False)
        agent = make_agent(spec.technique, [spec.params], self._worlds.observation_size, self._worlds.action_size)
        self._state = agent.state
        load_checkpoint(self._state, 0, checkpoint, strict=False)
        self._action_range = ActionScaler(self._worlds.action_low, self._worlds.action_high, clip=spec.params.clip_actions)
        self._noise = torch.Generator().manual_seed(self.seed) if stochastic else None
        self.fps = 1.0 / self._worlds.dt
        # A copy, since a window may change its model.
        self.model = load_model(self._worlds.figure.model_file)
        self.data = mujoco.MjData(self.model)
        self._signature = int(mujoco.mjtState.mjSTATE_INTEGRATION)
        # The last bits of an action depend on its row in the batch, so it is computed in the row that a score uses.
        self._observation_rows = np.zeros((1, _SCORE_ROWS, self._worlds.observation_size))
        self._loop = -1
        self._last_frame: PlaybackFrame | None = None

    def restart(self) -> PlaybackFrame:
        """Start the next loop from a new random start; returns its first frame."""
        self._loop += 1
        observations = self._worlds.reset(score_seeds(self.seed, [self._loop]))
        self._observation_rows[:] = 0.0
        self._observation_rows[0, self._score_row] = observations[0]
        return self._make_frame(None)

    def advance(self) -> PlaybackFrame:
        """The next frame; after an `ended` one, the first of the next loop."""
        if self._last_frame is None or self._last_frame.ended:
            return self.restart()
        transition = self._worlds.step(self._compute_action())
        self._observation_rows[0, self._score_row] = transition.observations[0]
        return self._make_frame(transition)

    @property
    def _score_row(self) -> int:
        return self._loop % _SCORE_ROWS

    def _compute_action(self) -> NDArray[np.float32]:
        """The policy's action, (1, A)."""
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            observations = torch.from_numpy(self._observation_rows)
            if self._noise is None:
                unit = self._state.act(observations)
            else:
                drawn = torch.randn(1, _SCORE_ROWS, self._worlds.action_size, generator=self._noise)
                unit = self._state.sample(observations, drawn)
            return self._action_range(unit)[self._score_row : self._score_row + 1]
        finally:
            torch.set_num_threads(threads)

    def _make_frame(self, transition: Transition | None) -> PlaybackFrame:
        worlds, last = self._worlds, self._last_frame
        mujoco.mj_setState(self.model, self.data, worlds.get_state()["rows"][0], self._signature)
        mujoco.mj_forward(self.model, self.data)
        names = worlds.term_names
        terms, reward, step, total, speed = np.zeros(len(names)), 0.0, 0, 0.0, 0.0
        fallen = lost = False
        if transition is not None and last is not None:
            terms, reward = worlds.reward_terms()[:, 0], float(transition.rewards[0])
            step, total, speed = last.step + 1, last.episode_return + reward, float(worlds.frame.speed[0])
            fallen, lost = bool(transition.terminated[0]), bool(transition.diverged[0])
        self._last_frame = PlaybackFrame(
            loop=self._loop,
            step=step,
            time=step * worlds.dt,
            qpos=self.data.qpos.copy(),
            qvel=self.data.qvel.copy(),
            reward=reward,
            terms=dict(zip(names, map(float, terms), strict=True)),
            episode_return=total,
            speed=speed,
            fallen=fallen,
            ended=lost or step >= self._max_steps or (fallen and not self.keep_on),
            contacts=read_contact_points(self.data),
        )
        return self._last_frame
