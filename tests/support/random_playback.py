"""A playback that needs no checkpoint: a figure thrown about by random controls."""

from __future__ import annotations

import mujoco
import numpy as np

from gts.physics.figures import get_figure
from gts.physics.models import load_model
from gts.playback.playback_source import PlaybackFrame, read_contact_points


class Thrown:
    """A figure, or any model, under random controls; `frames` steps a loop, of `skip` substeps each."""

    def __init__(self, figure: str = "", frames: int = 30, model: mujoco.MjModel | None = None, skip: int = 0) -> None:
        self.name = figure or "made up"
        self.model = model or load_model(get_figure(figure).model_file)
        self.data = mujoco.MjData(self.model)
        self._skip = skip or get_figure(figure).frame_skip
        self.fps = 1.0 / (self.model.opt.timestep * self._skip)
        self.keep_on = True
        self._frames, self._loop, self._step = frames, -1, 0
        self._random = np.random.default_rng(3)

    def restart(self) -> PlaybackFrame:
        self._loop, self._step = self._loop + 1, 0
        mujoco.mj_resetData(self.model, self.data)
        self.data.qvel[:] = self._random.normal(0, 1.5, self.model.nv)
        return self._frame()

    def advance(self) -> PlaybackFrame:
        self._step += 1
        self.data.ctrl[:] = self._random.uniform(-1, 1, self.model.nu)
        mujoco.mj_step(self.model, self.data, self._skip)
        return self._frame()

    def _frame(self) -> PlaybackFrame:
        mujoco.mj_forward(self.model, self.data)
        time, ended = self._step / self.fps, self._step >= self._frames
        qpos, qvel = self.data.qpos.copy(), self.data.qvel.copy()
        touching = read_contact_points(self.data)
        return PlaybackFrame(self._loop, self._step, time, qpos, qvel, 0.0, {}, 0.0, 0.0, False, ended, touching)
