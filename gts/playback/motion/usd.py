"""Motion as USD, through MuJoCo's own exporter. Metres, z up; a frame is a time code."""

from __future__ import annotations

import copy
import tempfile

import mujoco

from gts.errors import MissingError
from gts.playback.motion.motion_recording import MotionRecording


def write_usd(motion: MotionRecording) -> bytes:
    """The content of a .usda file; raises MissingError where USD's library is not installed."""
    try:
        from mujoco.usd.exporter import USDExporter
        from pxr import UsdGeom
    except ImportError as error:
        raise MissingError(f"USD's library cannot be imported: {error}", hint="pip install 'gts[motion]'") from error
    # Pictures on materials would be files beside this one: without them it stands alone.
    model = copy.copy(motion.model)
    model.mat_texid[:] = -1
    data = mujoco.MjData(model)
    with tempfile.TemporaryDirectory(prefix="gts-usd-") as folder:
        exporter = USDExporter(model, output_directory_root=folder, verbose=False)
        for row in motion.qpos:
            data.qpos[:] = row
            mujoco.mj_kinematics(model, data)
            mujoco.mj_camlight(model, data)
            exporter.update_scene(data)
        stage = exporter.stage
        stage.SetTimeCodesPerSecond(motion.fps)
        stage.SetFramesPerSecond(motion.fps)
        stage.SetEndTimeCode(len(motion.qpos) - 1)
        UsdGeom.SetStageMetersPerUnit(stage, 1.0)
        text: str = exporter.usd
    return text.encode()
