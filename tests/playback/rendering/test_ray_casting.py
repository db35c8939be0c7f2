"""Ray casting for the terminal, compared with MuJoCo's own rays."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from gts.physics.models import load_model
from gts.playback.camera import CameraView, make_camera
from gts.playback.playback_source import PlaybackFrame
from gts.playback.rendering.ray_casting import NO_SHAPE, make_pixel_centres, rasterise_shapes
from gts.playback.scene_reader import SceneReader
from gts.playback.stream import SHAPE_KINDS, FrameState, SceneInfo, SceneShape

EVERY_KIND = """<mujoco><worldbody>
<geom type="plane" size="5 5 .1"/>
<body pos="0 0 1"><joint type="free"/>
<geom type="sphere" size=".3" pos="-.9 0 0"/>
<geom type="capsule" size=".1 .3" pos="-.3 .1 0" euler="20 40 0"/>
<geom type="ellipsoid" size=".1 .2 .4" pos=".2 0 0" euler="30 10 50"/>
<geom type="cylinder" size=".15 .3" pos=".6 0 .1" euler="50 20 0"/>
<geom type="box" size=".1 .2 .3" pos="1.1 0 0" euler="10 40 70"/>
</body></worldbody></mujoco>"""


class Still:
    """A figure at rest."""

    name, fps, keep_on = "still", 50.0, False

    def __init__(self, model: mujoco.MjModel) -> None:
        self.model, self.data = model, mujoco.MjData(model)
        mujoco.mj_forward(model, self.data)

    def restart(self) -> PlaybackFrame:
        qpos, qvel = self.data.qpos.copy(), self.data.qvel.copy()
        return PlaybackFrame(0, 0, 0.0, qpos, qvel, 0.0, {}, 0.0, 0.0, False, False, np.zeros((0, 3)))

    advance = restart


def model_named(name: str) -> mujoco.MjModel:
    return mujoco.MjModel.from_xml_string(EVERY_KIND) if name == "every kind" else load_model(name)


@pytest.mark.parametrize("name", ["every kind", "ant.xml", "humanoid.xml", "hopper.xml", "inverted_pendulum.xml"])
def test_rays_hit_the_same_geoms_as_rays_of_mujoco(name: str) -> None:
    playback = Still(model_named(name))
    scene = SceneReader(playback)
    state = scene.read_state(playback.restart())
    view = make_camera(scene.info, state, 160, 88)
    raster = rasterise_shapes(scene.info, state, view)
    centres = make_pixel_centres(view.width, view.height)
    directions = view.ray_directions(centres.x, centres.y).astype(float).reshape(view.height, view.width, 3)
    solid = np.flatnonzero(playback.model.geom_type != mujoco.mjtGeom.mjGEOM_PLANE)
    seen = set()
    for row, column in np.random.default_rng(0).integers((0, 0), (view.height, view.width), (1500, 2)).tolist():
        direction = directions[row, column]
        met = np.zeros(1, np.int32)
        distance = mujoco.mj_ray(playback.model, playback.data, view.position, direction, None, 1, -1, met, None)
        shape, depth = int(raster.shape_indices[row, column]), raster.depth[row, column]
        if met[0] in solid:
            assert solid[shape] == met[0] or abs(depth - distance) < 1e-3
            assert depth == pytest.approx(distance, abs=1e-3)
            seen.add(shape)
        elif distance < 0:
            assert shape == NO_SHAPE
    assert len(seen) >= min(4, len(solid))


def test_every_kind_of_shape_is_drawn() -> None:
    scene = SceneReader(Still(model_named("every kind")))
    assert {shape.kind for shape in scene.info.shapes} == set(SHAPE_KINDS)


def test_a_ball_is_round_and_lit_in_its_middle() -> None:
    info = SceneInfo("ball", (SceneShape("sphere", (1.0, 1.0, 1.0), (1, 0, 0)),), 50.0, (0, 0, 0), (2, 2), True, False, False)
    state = FrameState(np.zeros((1, 3)), np.eye(3)[None], (0, 0, 0))
    # Right x, up z, forward y.
    axes = np.array([[1.0, 0, 0], [0, 0, 1], [0, 1, 0]]).T
    view = CameraView(np.array([0.0, -10, 0]), axes, 201, 201, np.tan(np.radians(15)))
    raster = rasterise_shapes(info, state, view)
    assert raster.depth[100, 100] == pytest.approx(9.0, abs=1e-3)
    assert raster.shading[100, 100] == pytest.approx(1.0, abs=1e-3)
    seen = raster.shape_indices == 0
    assert np.array_equal(seen, seen.T) and np.array_equal(seen, seen[::-1])
    # A ball of radius 1 at a distance of 10 has an angular radius of asin(1/10).
    assert seen[100].sum() == pytest.approx(2 * np.tan(np.arcsin(0.1)) / view.pixel_height, abs=2)


def test_dots_that_are_higher_than_wide_show_the_same_shape() -> None:
    playback = Still(load_model("ant.xml"))
    scene = SceneReader(playback)
    state = scene.read_state(playback.restart())
    square, high = make_camera(scene.info, state, 80, 44), make_camera(scene.info, state, 80, 22, 2.0)
    dense, sparse = (rasterise_shapes(scene.info, state, view).shape_indices != NO_SHAPE for view in (square, high))
    assert sparse.sum() == pytest.approx(dense.sum() / 2, rel=0.1)
