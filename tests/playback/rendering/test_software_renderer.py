"""The software renderer, compared with MuJoCo's own rays and with GL."""

from __future__ import annotations

import os

import mujoco
import numpy as np
import pytest

from gts.params.figures import FIGURES
from gts.playback.rendering.gl_renderer import start_gl
from gts.playback.rendering.render_scene import build_render_scene
from gts.playback.rendering.software_renderer import ImagePoints, SoftwareRenderer
from gts.playback.rendering.tracking_camera import TrackingCamera
from tests.support.random_playback import Thrown

WIDTH, HEIGHT = 200, 150
SHAPES = """
<mujoco>
<asset><mesh name="wedge" vertex="0 0 0  .5 0 0  0 .5 0  0 0 .5" scale="1 1 1"/></asset>
<worldbody>
  <geom type="plane" size="5 5 1"/>
  <body pos="-1.2 0 .6" euler="20 30 40"><freejoint/><geom type="box" size=".2 .3 .4" rgba="1 0 0 1"/></body>
  <body pos="-.4 0 .6" euler="50 10 0"><freejoint/><geom type="cylinder" size=".2 .3" rgba="0 1 0 1"/></body>
  <body pos=".4 0 .6" euler="0 60 10"><freejoint/><geom type="ellipsoid" size=".1 .2 .4" rgba="0 0 1 1"/></body>
  <body pos="1.2 0 .6" euler="70 0 0"><freejoint/><geom type="capsule" size=".15 .3" rgba="1 1 0 1"/></body>
  <body pos="0 1 .5"><freejoint/><geom type="mesh" mesh="wedge" rgba="1 0 1 1"/></body>
  <body pos="0 -1 .3"><freejoint/><geom size=".25" rgba="0 1 1 1"/></body>
</worldbody></mujoco>
"""


def model_of(name: str) -> mujoco.MjModel:
    return mujoco.MjModel.from_xml_string(SHAPES) if name == "shapes" else Thrown(name).model


@pytest.mark.parametrize("name", ["shapes", *sorted(FIGURES)])
def test_pixels_show_the_geoms_that_rays_of_mujoco_hit(name: str) -> None:
    model = model_of(name)
    data = mujoco.MjData(model)
    data.qpos[:] += np.random.default_rng(1).normal(0, 0.05, model.nq)
    mujoco.mj_forward(model, data)
    camera = TrackingCamera(model, 50).follow(data, 0)
    camera.azimuth, camera.elevation = 110, -20
    scene = mujoco.MjvScene(model, 100)
    mujoco.mjv_updateScene(model, data, mujoco.MjvOption(), None, camera, mujoco.mjtCatBit.mjCAT_ALL, scene)
    read = build_render_scene(scene, (WIDTH, HEIGHT))
    rows, columns = np.mgrid[0:HEIGHT:3, 0:WIDTH:3]
    directions = read.view.ray_directions(columns.ravel() + np.float32(0.5), rows.ravel() + np.float32(0.5)).astype(float)
    met = np.zeros(len(directions), np.int32)
    distances = np.zeros(len(directions))
    flat = directions.ravel()
    mujoco.mj_multiRay(model, data, read.view.position, flat, None, True, -1, met, distances, None, len(directions), 1e6)
    wanted = (met >= 0) & (model.geom_bodyid[met] > 0) if name != "invertedPendulum" else met >= 0
    renderer = SoftwareRenderer(model, WIDTH, HEIGHT)
    picture = renderer.draw(data, camera)
    bare = mujoco.MjData(model)
    bare.qpos[:] = data.qpos
    mujoco.mj_forward(model, bare)
    found = labels(renderer, bare, camera)[::3, ::3].ravel() >= 2
    assert wanted.sum() > 15
    assert (found != wanted).mean() < 0.002
    assert picture.shape == (HEIGHT, WIDTH, 3)


def labels(renderer: SoftwareRenderer, data: mujoco.MjData, camera: mujoco.MjvCamera) -> np.ndarray:
    """Labels of the pixels of the last picture, (H, W)."""
    scene = build_render_scene(renderer._scene, (WIDTH, HEIGHT))
    _, found = renderer._trace_rays(scene, data, renderer._background)
    return found.reshape(HEIGHT, WIDTH)


def test_each_shape_has_its_own_colour() -> None:
    model = model_of("shapes")
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    picture = SoftwareRenderer(model, 400, 300).draw(data, TrackingCamera(model, 50).follow(data, 0)).astype(int)
    for colour in ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 0, 1), (0, 1, 1)):
        on, off = picture[..., np.array(colour) == 1].min(axis=2), picture[..., np.array(colour) == 0].max(axis=2)
        assert ((on - off) > 80).sum() > 100, colour


def test_the_ground_goes_by_and_the_figure_stays_in_the_picture() -> None:
    source = Thrown("hopper", 500)
    follower, renderer = TrackingCamera(source.model, 125), SoftwareRenderer(source.model, WIDTH, HEIGHT)
    source.restart()
    pictures = []
    for step in range(200):
        source.advance()
        # Moves at 6 m/s.
        source.data.qpos[0], source.data.qpos[1] = step / 125 * 6, 1.25
        mujoco.mj_forward(source.model, source.data)
        camera = follower.follow(source.data, 0)
        if step in (0, 190, 199):
            picture = renderer.draw(source.data, camera)
            brown = (picture[..., 0].astype(int) - picture[..., 2]) > 30
            assert brown.any(axis=0).nonzero()[0].mean() == pytest.approx(WIDTH / 2, abs=WIDTH / 12)
            pictures.append(picture.astype(int))
    ground = slice(int(HEIGHT * 0.8), HEIGHT)
    assert np.abs(pictures[1][ground] - pictures[2][ground]).max() > 20


def test_the_camera_jumps_to_each_start() -> None:
    source = Thrown("hopper", 5)
    follower = TrackingCamera(source.model, 125)
    source.restart()
    source.data.qpos[0] = 100.0
    mujoco.mj_forward(source.model, source.data)
    assert follower.follow(source.data, 0).lookat[0] == pytest.approx(100, abs=0.1)
    source.restart()
    assert follower.follow(source.data, 1).lookat[0] == pytest.approx(0, abs=0.1)


def test_points_of_a_part_of_the_picture_are_found_either_way() -> None:
    rows, columns = np.mgrid[0:20, 0:30]
    x, y = columns.ravel() + np.float32(0.5), rows.ravel() + np.float32(0.5)
    for box in ((3.0, 9.0, 2.0, 7.0), (-50.0, 4.0, 18.0, 99.0), (40.0, 50.0, 3.0, 5.0), (-np.inf, np.inf, -np.inf, np.inf)):
        assert ImagePoints(x, y, (30, 20)).indices_in_box(box).tolist() == ImagePoints(x, y).indices_in_box(box).tolist()


@pytest.mark.process
def test_gl_draws_the_figure_in_the_same_place() -> None:
    source = Thrown("hopper", 5)
    source.restart()
    camera = TrackingCamera(source.model, 125).follow(source.data, 0)
    renderer, why = start_gl(source.model, source.data, camera, (600, 450), max_seconds=60.0)
    if renderer is None:
        if os.environ.get("GTS_TEST_GL"):
            pytest.fail(why)
        pytest.skip(f"no GL here: {why}")
    try:
        drawn = renderer.draw(source.data, camera).astype(int)
    finally:
        renderer.close()
    plain = SoftwareRenderer(source.model, 600, 450).draw(source.data, camera).astype(int)
    # Above the horizon only the figure is brown.
    upper = slice(0, 150)
    brown = [picture[upper, :, 0] - picture[upper, :, 2] > 15 for picture in (drawn, plain)]
    assert (brown[0] & brown[1]).sum() / (brown[0] | brown[1]).sum() > 0.9
