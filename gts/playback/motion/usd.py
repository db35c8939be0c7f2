"""Motion as USD by MuJoCo's own exporter: metres, z up, one time code per frame."""

from __future__ import annotations

import copy
import tempfile

import mujoco

from gts.errors import MissingError
from gts.playback.motion.motion_recording import MotionRecording


def write_usd(motion: MotionRecording) -> bytes:
    """Encode as .usda; raises MissingError if the USD library is not installed."""
    try:
        from mujoco.usd.exporter import USDExporter
        from pxr import UsdGeom
    except ImportError as error:
        raise MissingError(f"USD's library cannot be imported: {error}", hint="pip install 'gts[motion]'") from error
    # Textures would become files beside this one.
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
