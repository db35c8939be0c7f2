"""Playing a trajectory that a run has recorded: no policy, no physics, only positions one after another."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import mujoco
import numpy as np

from gts.errors import FileError
from gts.formats.trajectory import Trajectory, read_trajectory
from gts.physics.figures import figure_named
from gts.physics.models import load_model
from gts.playback.frame import Frame, contact_points


class Recording:
    """A trajectory that is played, every loop the same; or, following, the newest one that the file holds."""

    def __init__(self, path: Path, *, follow: bool = False) -> None:
        """Raises FileError for a file that cannot be read, UsageError for an unknown figure."""
        self._path, self._follow = path, follow
        self.keep_on = False
        self._version = _version(path)
        self._take(read_trajectory(path))
        self.model = load_model(figure_named(self._trajectory.figure).model_file)
        self.data = mujoco.MjData(self.model)
        if self._trajectory.qpos.shape[1] != self.model.nq:
            raise FileError(f"{path} does not fit the {self._trajectory.figure}", hint="its model has changed since")
        self._loop, self._row = -1, 0

    def restart(self) -> Frame:
        """The first frame of the next loop: where it follows, of the newest trajectory."""
        if self._follow and (version := _version(self._path)) != self._version:
            with suppress(FileError):  # what is damaged or gone is not followed; the last one plays on
                trajectory = read_trajectory(self._path)
                if trajectory.qpos.shape[1] == self.model.nq:
                    self._version = version
                    self._take(trajectory)
        self._loop, self._row = self._loop + 1, 0
        return self._frame()

    def advance(self) -> Frame:
        """The next frame; after the last one the first one of the next loop."""
        if self._loop < 0 or self._row + 1 >= len(self._trajectory.qpos):
            return self.restart()
        self._row += 1
        return self._frame()

    def _take(self, trajectory: Trajectory) -> None:
        self._trajectory = trajectory
        self._totals = np.cumsum(trajectory.terms.sum(axis=1), dtype=np.float64)
        self.fps = 1.0 / trajectory.dt
        self.name = f"{trajectory.figure}  step {trajectory.step}"

    def _frame(self) -> Frame:
        trajectory, row = self._trajectory, self._row
        last = row + 1 == len(trajectory.qpos)
        before = trajectory.qpos[max(row - 1, 0)].astype(np.float64)
        self.data.qpos[:] = trajectory.qpos[row]
        mujoco.mj_differentiatePos(self.model, self.data.qvel, trajectory.dt, before, self.data.qpos)
        mujoco.mj_forward(self.model, self.data)
        return Frame(
            loop=self._loop,
            step=row,
            time=row * trajectory.dt,
            qpos=self.data.qpos.copy(),
            qvel=self.data.qvel.copy(),
            reward=float(trajectory.terms[row].sum()),
            terms=dict(zip(trajectory.term_names, map(float, trajectory.terms[row]), strict=True)),
            total=float(self._totals[row]),
            speed=float(trajectory.speed[row]),
            fallen=last and trajectory.fell,
            ended=last,
            contacts=contact_points(self.data),
        )


def _version(path: Path) -> tuple[int, int]:
    """Changes whenever the file is replaced."""
    try:
        status = os.stat(path)
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_ino
