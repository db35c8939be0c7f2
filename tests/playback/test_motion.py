"""Motion files, read back by independent libraries: within 1 mm and 0.1° of the simulation."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path

import mujoco
import numpy as np
import pybvh
import pygltflib
import pytest
import trimesh
from pxr import Usd, UsdGeom

from gts.errors import MissingError, UsageError
from gts.params.figures import FIGURES
from gts.playback.motion.bvh import write_bvh
from gts.playback.motion.csv_table import write_table
from gts.playback.motion.gltf import write_gltf
from gts.playback.motion.motion_recording import MotionRecording, record_motion
from gts.playback.motion.usd import write_usd
from tests.support.random_playback import Thrown

FRAMES = 30
MILLIMETRE, TENTH_OF_DEGREE = 1e-3, np.radians(0.1)
Y_UP = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]])
"""Forwards stays x, up becomes y."""
PARTS = {"VEC3": 3, "VEC4": 4, "SCALAR": 1}
KINDS = {5126: np.float32, 5125: np.uint32}

SLIDER = """
<mujoco><worldbody><body name="cart"><joint type="slide" axis="1 0 0"/><geom size=".1"/>
  <body name="lift" pos="0 0 .3" euler="0 30 0">
    <joint name="up" type="slide" axis="0 0 1"/><joint name="about" axis="0 1 0" pos="0 .2 0"/>
    <geom type="box" size=".1 .2 .3"/><body pos=".4 0 0"><joint type="ball"/>
      <geom type="cylinder" size=".05 .2"/><geom type="ellipsoid" size=".1 .2 .3" pos="0 0 .4"/></body></body>
</body></worldbody></mujoco>
"""


@pytest.fixture(params=sorted(FIGURES))
def motion(request: pytest.FixtureRequest) -> MotionRecording:
    return recorded(Thrown(request.param, FRAMES))


def recorded(source: Thrown) -> MotionRecording:
    motion = record_motion(source, FRAMES / source.fps)
    assert motion.qpos.shape[0] == FRAMES + 1
    return motion


def states(motion: MotionRecording):
    """The state of the simulation in every frame."""
    data = mujoco.MjData(motion.model)
    for row, qpos in enumerate(motion.qpos):
        data.qpos[:] = qpos
        mujoco.mj_forward(motion.model, data)
        yield row, data


def angle(one: np.ndarray, other: np.ndarray) -> float:
    """Angle between two rotation matrices, rad."""
    return float(np.linalg.norm(one - other) / np.sqrt(2))


class GltfAnimation:
    """World transforms of the nodes of a file, computed as the specification prescribes."""

    def __init__(self, data: bytes) -> None:
        self.file = pygltflib.GLTF2.load_from_bytes(data)
        self.parents = {child: node for node, one in enumerate(self.file.nodes) for child in one.children or []}
        self.tracks: dict[tuple[int, str], np.ndarray] = {}
        for animation in self.file.animations:
            for channel in animation.channels:
                sampler = animation.samplers[channel.sampler]
                self.times = self.values(sampler.input)[:, 0]
                self.tracks[channel.target.node, channel.target.path] = self.values(sampler.output)

    def values(self, number: int) -> np.ndarray:
        accessor = self.file.accessors[number]
        view = self.file.bufferViews[accessor.bufferView]
        size = accessor.count * PARTS[accessor.type]
        flat = np.frombuffer(self.file.binary_blob(), KINDS[accessor.componentType], size, view.byteOffset)
        return flat.reshape(accessor.count, -1)

    def world(self, node: int, key: int) -> np.ndarray:
        one = self.file.nodes[node]
        place = self.tracks.get((node, "translation"), [one.translation or [0, 0, 0]] * (key + 1))[key]
        x, y, z, w = self.tracks.get((node, "rotation"), [one.rotation or [0, 0, 0, 1]] * (key + 1))[key]
        turn = np.zeros(9)
        mujoco.mju_quat2Mat(turn, np.array([w, x, y, z], float))
        matrix = np.eye(4)
        matrix[:3, :3], matrix[:3, 3] = turn.reshape(3, 3), place
        return self.world(self.parents[node], key) @ matrix if node in self.parents else matrix

    def node(self, name: str) -> int:
        """Index of a geom's node."""
        return [one.name if one.mesh is not None else None for one in self.file.nodes].index(name)


def test_gltf_moves_as_the_simulation(motion: MotionRecording) -> None:
    model = motion.model
    read = GltfAnimation(write_gltf(motion))
    assert read.times == pytest.approx(np.arange(FRAMES + 1) / motion.fps, abs=1e-6)
    geoms = {model.geom(geom).name: geom for geom in range(model.ngeom) if model.geom(geom).name and model.geom_bodyid[geom]}
    assert geoms
    for key, data in states(motion):
        for name, geom in geoms.items():
            found = read.world(read.node(name), key)
            assert np.abs(found[:3, 3] - Y_UP @ data.geom_xpos[geom]).max() < MILLIMETRE
            assert angle(found[:3, :3], Y_UP @ data.geom_xmat[geom].reshape(3, 3)) < TENTH_OF_DEGREE
    travelled = np.ptp([read.world(read.node(next(iter(geoms))), key)[:3, 3] for key in range(FRAMES + 1)], axis=0)
    assert travelled.max() > 0.01


def test_keys_of_gltf_never_turn_the_long_way_round(motion: MotionRecording) -> None:
    read = GltfAnimation(write_gltf(motion))
    turns = [values for (_, path), values in read.tracks.items() if path == "rotation"]
    assert turns
    for values in turns:
        assert (values[1:] * values[:-1]).sum(axis=1).min() > 0
        assert np.linalg.norm(values, axis=1) == pytest.approx(1, abs=1e-5)


def test_meshes_of_gltf_are_the_shapes_of_the_model(motion: MotionRecording) -> None:
    model = motion.model
    scene = trimesh.load(io.BytesIO(write_gltf(motion)), file_type="glb")
    for geom in range(model.ngeom):
        name, (radius, half, _) = model.geom(geom).name, model.geom_size[geom]
        if not name or model.geom_type[geom] not in (mujoco.mjtGeom.mjGEOM_CAPSULE, mujoco.mjtGeom.mjGEOM_SPHERE):
            continue
        mesh = scene.geometry[mesh_of(scene, name)].copy()
        mesh.merge_vertices(merge_tex=True, merge_norm=True)
        half = half if model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_CAPSULE else 0
        assert mesh.is_watertight
        # A polygon of 24 corners is slightly smaller than the circle; inverted faces would give a negative volume.
        assert mesh.volume == pytest.approx(np.pi * radius**2 * (2 * half + 4 / 3 * radius), rel=0.04)
        assert mesh.extents == pytest.approx([2 * radius, 2 * radius, 2 * (half + radius)], rel=0.01)
        assert (mesh.vertex_normals * mesh.vertices)[:, :2].sum(axis=1).min() > -1e-6


def mesh_of(scene: trimesh.Scene, name: str) -> str:
    """The name of a geom's mesh; its node may share its name with a body's."""
    names = [node for node in scene.graph.nodes_geometry if node == name or node.startswith(f"{name}_")]
    return scene.graph[min(names, key=len)][1]


def test_all_shapes_have_meshes() -> None:
    motion = recorded(Thrown(model=mujoco.MjModel.from_xml_string(SLIDER), frames=FRAMES, skip=5))
    scene = trimesh.load(io.BytesIO(write_gltf(motion)), file_type="glb")
    wanted = {"box": 8 * 0.1 * 0.2 * 0.3, "cylinder": np.pi * 0.05**2 * 0.4, "ellipsoid": 4 / 3 * np.pi * 0.1 * 0.2 * 0.3}
    volumes = sorted(mesh.volume for mesh in scene.geometry.values())
    for volume in wanted.values():
        assert min(abs(found / volume - 1) for found in volumes) < 0.04
    for mesh in scene.geometry.values():
        facing = (mesh.face_normals * mesh.vertex_normals[mesh.faces[:, 0]]).sum(axis=1)
        assert facing.min() > 0.8


def test_the_ground_lies_under_the_whole_path() -> None:
    motion = recorded(Thrown("hopper", FRAMES))
    ground = trimesh.load(io.BytesIO(write_gltf(motion)), file_type="glb").geometry
    (floor,) = [mesh for mesh in ground.values() if len(mesh.faces) == 2]
    assert floor.bounds[:, 1] == pytest.approx(0)
    assert (
        floor.bounds[0, 0] < motion.positions[:, 1:, 0].min() - 5 and floor.bounds[1, 0] > motion.positions[:, 1:, 0].max() + 5
    )
    assert floor.face_normals[0] == pytest.approx([0, 1, 0])


@pytest.mark.slow
def test_usd_moves_as_the_simulation(motion: MotionRecording, tmp_path: Path) -> None:
    path = tmp_path / "walk.usda"
    path.write_bytes(write_usd(motion))
    stage = Usd.Stage.Open(str(path))
    assert stage.GetTimeCodesPerSecond() == pytest.approx(motion.fps)
    assert (stage.GetEndTimeCode(), UsdGeom.GetStageMetersPerUnit(stage), UsdGeom.GetStageUpAxis(stage)) == (FRAMES, 1.0, "Z")
    forms = {prim.GetName(): prim for prim in stage.Traverse() if prim.IsA(UsdGeom.Xform)}
    model = motion.model
    compared = 0
    for key, data in states(motion):
        cache = UsdGeom.XformCache(key)
        for geom in range(model.ngeom):
            name = model.geom(geom).name
            if not name or model.geom_bodyid[geom] == 0:
                continue
            (prim,) = [one for label, one in forms.items() if label.endswith(f"_{name}_id{geom}_geom")]
            # USD multiplies rows from the left.
            found = np.array(cache.GetLocalToWorldTransform(prim)).T
            assert np.abs(found[:3, 3] - data.geom_xpos[geom]).max() < MILLIMETRE
            assert angle(found[:3, :3], data.geom_xmat[geom].reshape(3, 3)) < TENTH_OF_DEGREE
            compared += 1
    assert compared > FRAMES


def test_bvh_moves_as_the_simulation(motion: MotionRecording, tmp_path: Path) -> None:
    path = tmp_path / "walk.bvh"
    path.write_bytes(write_bvh(motion))
    read = pybvh.read_bvh_file(str(path))
    model = motion.model
    assert (read.frame_count, read.fps) == (FRAMES + 1, pytest.approx(motion.fps, rel=1e-6))
    assert read.joint_count == model.nbody - 1
    places = read.node_positions() / 100
    _, turns = read.to_rotmat()
    rest = mujoco.MjData(model)
    mujoco.mj_kinematics(model, rest)
    for key, data in states(motion):
        world: dict[str, np.ndarray] = {}
        for number, node in enumerate(node for node in read.nodes if not node.is_end_site()):
            above = world[node.parent.name] if node.parent is not None else np.eye(3)
            world[node.name] = above @ turns[key, number]
            body = body_called(model, node.name)
            wanted = data.xmat[body].reshape(3, 3) @ rest.xmat[body].reshape(3, 3).T
            assert angle(world[node.name], Y_UP @ wanted @ Y_UP.T) < TENTH_OF_DEGREE
            joint = int(model.body_jntadr[body])
            turning = number > 0 and joint >= 0
            anchor = data.xanchor[joint] if turning else data.xpos[body]
            assert np.abs(places[key, read.node_index[node.name]] - Y_UP @ anchor).max() < MILLIMETRE


def body_called(model: mujoco.MjModel, name: str) -> int:
    """Id of a body by its name or that of its joint."""
    try:
        return int(model.body(name).id)
    except KeyError:
        return int(model.jnt_bodyid[model.joint(name).id])


def test_angles_of_bvh_do_not_leap() -> None:
    source = Thrown("ant", 200)
    motion = record_motion(source, 200 / source.fps)
    lines = write_bvh(motion).decode().splitlines()
    rows = np.array([[float(word) for word in line.split()] for line in lines[lines.index("MOTION") + 3 :]])
    assert np.abs(np.diff(rows[:, 6:], axis=0)).max() < 170


def test_sliding_joints_of_bvh_have_positions() -> None:
    motion = recorded(Thrown(model=mujoco.MjModel.from_xml_string(SLIDER), frames=FRAMES, skip=5))
    text = write_bvh(motion).decode()
    assert [line.split()[1] for line in text.splitlines() if "CHANNELS" in line] == ["6", "6", "3"]
    lines = text.splitlines()
    rows = np.array([[float(word) for word in line.split()] for line in lines[lines.index("MOTION") + 3 :]])
    assert rows.shape == (FRAMES + 1, 15)
    between = motion.positions[:, 2] - motion.positions[:, 1]
    assert rows[:, 6:9] / 100 == pytest.approx(between @ Y_UP.T, abs=MILLIMETRE)
    assert np.ptp(rows[:, 6:9], axis=0).max() > 1


def test_two_figures_are_too_many_for_bvh() -> None:
    pair = (
        '<mujoco><worldbody><body><joint/><geom size=".1"/></body><body><joint/><geom size=".1"/></body></worldbody></mujoco>'
    )
    with pytest.raises(UsageError, match="has 2"):
        write_bvh(recorded(Thrown(model=mujoco.MjModel.from_xml_string(pair), frames=FRAMES, skip=5)))


def test_the_table_equals_the_simulation(motion: MotionRecording) -> None:
    model = motion.model
    rows = list(csv.DictReader(io.StringIO(write_table(motion).decode())))
    assert len(rows) == FRAMES + 1
    (unit,) = [name for name in rows[0] if name.startswith("frame ")]
    assert unit == f"frame [1/{motion.fps:.10g} s]"
    touched = 0
    for key, data in states(motion):
        row = rows[key]
        assert float(row["time [s]"]) == pytest.approx(key / motion.fps, abs=1e-9)
        for joint in range(model.njnt):
            name = model.joint(joint).name
            if model.jnt_type[joint] == mujoco.mjtJoint.mjJNT_HINGE:
                assert float(row[f"{name} [rad]"]) == pytest.approx(data.qpos[model.jnt_qposadr[joint]], abs=1e-8)
                assert float(row[f"{name} velocity [rad/s]"]) == pytest.approx(
                    motion.qvel[key, model.jnt_dofadr[joint]], abs=1e-8
                )
        torso = model.body(1).name
        assert [float(row[f"{torso} {axis} [m]"]) for axis in "xyz"] == pytest.approx(data.xpos[1], abs=1e-8)
        contacts = {geom for one in data.contact if one.dist <= 0 for geom in one.geom}
        for geom in range(model.ngeom):
            column = f"{model.geom(geom).name} touches [0 or 1]"
            if column in row:
                assert int(row[column]) == (geom in contacts)
                touched += int(row[column])
    # The pendulum has no contacts, and this ant is in the air in every frame.
    assert touched > 0 or motion.name in ("invertedPendulum", "ant")


def test_a_motion_ends_where_its_loop_ends() -> None:
    source = Thrown("hopper", 10)
    assert len(record_motion(source, 60.0).qpos) == 11
    assert record_motion(source, 4 / source.fps).seconds == pytest.approx(4 / source.fps)
    with pytest.raises(UsageError):
        record_motion(source, 1e-4)


def test_without_its_library_usd_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    motion = recorded(Thrown("hopper", FRAMES))
    monkeypatch.setitem(sys.modules, "pxr", None)
    monkeypatch.delitem(sys.modules, "mujoco.usd.exporter", raising=False)
    with pytest.raises(MissingError) as caught:
        write_usd(motion)
    assert "gts[motion]" in caught.value.hint
