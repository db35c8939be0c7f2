"""Playback of a recorded trajectory: positions only, without a policy or simulation."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import mujoco
import numpy as np

from gts.errors import FileError
from gts.formats.trajectory import Trajectory, read_trajectory
from gts.physics.figures import get_figure
from gts.physics.models import load_model
from gts.playback.playback_source import PlaybackFrame, read_contact_points


class TrajectoryPlayer:
    """Plays a trajectory file; with `follow` each loop plays its newest content."""

    def __init__(self, path: Path, *, follow: bool = False) -> None:
        """Read the file; raises FileError if that fails, UsageError for an unknown figure."""
        self._path, self._follow = path, follow
        self.keep_on = False
        self._file_stamp = _stat_stamp(path)
        self._set_trajectory(read_trajectory(path))
        self.model = load_model(get_figure(self._trajectory.figure).model_file)
        self.data = mujoco.MjData(self.model)
        if self._trajectory.qpos.shape[1] != self.model.nq:
            raise FileError(f"{path} does not fit the {self._trajectory.figure}", hint="its model has changed since")
        self._loop, self._row = -1, 0

    def restart(self) -> PlaybackFrame:
        """Start the next loop, with `follow` of the newest trajectory; returns its first frame."""
        if self._follow and (version := _stat_stamp(self._path)) != self._file_stamp:
            with suppress(FileError):  # a damaged or deleted file leaves the last trajectory playing
                trajectory = read_trajectory(self._path)
                if trajectory.qpos.shape[1] == self.model.nq:
                    self._file_stamp = version
                    self._set_trajectory(trajectory)
        self._loop, self._row = self._loop + 1, 0
        return self._make_frame()

    def advance(self) -> PlaybackFrame:
        """The next frame; after the last one, the first of the next loop."""
        if self._loop < 0 or self._row + 1 >= len(self._trajectory.qpos):
            return self.restart()
        self._row += 1
        return self._make_frame()

    def _set_trajectory(self, trajectory: Trajectory) -> None:
        self._trajectory = trajectory
        self._returns = np.cumsum(trajectory.terms.sum(axis=1), dtype=np.float64)
        self.fps = 1.0 / trajectory.dt
        self.name = f"{trajectory.figure}  step {trajectory.step}"

    def _make_frame(self) -> PlaybackFrame:
        trajectory, row = self._trajectory, self._row
        last = row + 1 == len(trajectory.qpos)
        before = trajectory.qpos[max(row - 1, 0)].astype(np.float64)
        self.data.qpos[:] = trajectory.qpos[row]
        mujoco.mj_differentiatePos(self.model, self.data.qvel, trajectory.dt, before, self.data.qpos)
        mujoco.mj_forward(self.model, self.data)
        return PlaybackFrame(
            loop=self._loop,
            step=row,
            time=row * trajectory.dt,
            qpos=self.data.qpos.copy(),
            qvel=self.data.qvel.copy(),
            reward=float(trajectory.terms[row].sum()),
            terms=dict(zip(trajectory.term_names, map(float, trajectory.terms[row]), strict=True)),
            episode_return=float(self._returns[row]),
            speed=float(trajectory.speed[row]),
            fallen=last and trajectory.fell,
            ended=last,
            contacts=read_contact_points(self.data),
        )


def _stat_stamp(path: Path) -> tuple[int, int]:
    """Modification time and inode, which change when the file is replaced."""
    try:
        status = os.stat(path)
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_ino
