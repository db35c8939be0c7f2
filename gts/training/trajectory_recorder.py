"""Recorder of the beginning of evaluation episodes, one per member, for playback."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gts.formats.trajectory import Trajectory
from gts.physics.worlds import Transition, Worlds

MAX_STEPS = 300
"""Maximum number of recorded steps."""


class TrajectoryRecorder:
    """Records some worlds from their start on, without changing them."""

    def __init__(self, worlds: Worlds, world_ids: Sequence[int]) -> None:
        """`world_ids`: worlds to record, in rising order, which have just been started."""
        self._worlds = worlds
        self._world_ids = np.array(world_ids, np.int64)
        count, model = len(world_ids), worlds.frame.model
        self._qpos = np.zeros((count, MAX_STEPS + 1, model.nq), np.float32)
        self._speed = np.zeros((count, MAX_STEPS + 1), np.float32)
        self._terms = np.zeros((count, MAX_STEPS + 1, len(worlds.term_names)), np.float32)
        self._fell = np.zeros(count, np.bool_)
        self._lengths = np.ones(count, np.int64)
        self._step = 0
        self._qpos[:, 0] = worlds.frame.qpos[self._world_ids]

    def record_step(self, ids: NDArray[np.int64], transition: Transition) -> None:
        """Record the step that the worlds `ids` have just made."""
        self._step += 1
        if self._step > MAX_STEPS:
            return
        rows = np.searchsorted(ids, self._world_ids)
        is_present = rows < len(ids)
        is_present[is_present] = ids[rows[is_present]] == self._world_ids[is_present]
        if not is_present.any():
            return
        rows, frame = rows[is_present], self._worlds.frame
        self._qpos[is_present, self._step] = frame.qpos[rows]
        self._speed[is_present, self._step] = frame.speed[rows]
        self._terms[is_present, self._step] = self._worlds.reward_terms()[:, rows].T
        self._fell[is_present] = transition.terminated[rows]
        self._lengths[is_present] = self._step + 1

    def trajectory(self, index: int, step: int) -> Trajectory:
        """Trajectory of the recorded world with this index; `step`: training steps of its policy."""
        end = self._lengths[index]
        return Trajectory(
            figure=self._worlds.figure.name,
            step=step,
            dt=self._worlds.dt,
            fell=bool(self._fell[index]),
            term_names=self._worlds.term_names,
            qpos=self._qpos[index, :end].copy(),
            speed=self._speed[index, :end].copy(),
            terms=self._terms[index, :end].copy(),
        )
