"""A scene of MuJoCo's as the plain renderer needs it: everything in float32 and seen from the camera's place."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from gts.playback.rendering.shapes import INTERSECTORS, Floats, Intersector

ScreenBox = tuple[float, float, float, float]
"""Left, right, top, bottom of a part of the picture, pixels."""

GEOM_SHAPE_NAMES: Mapping[int, str] = {
    int(mujoco.mjtGeom.mjGEOM_SPHERE): "sphere",
    int(mujoco.mjtGeom.mjGEOM_ELLIPSOID): "ellipsoid",
    int(mujoco.mjtGeom.mjGEOM_CAPSULE): "capsule",
    int(mujoco.mjtGeom.mjGEOM_CYLINDER): "cylinder",
    int(mujoco.mjtGeom.mjGEOM_BOX): "box",
}
"""Shapes by MuJoCo's numbers."""
GEOM_INTERSECTORS: Mapping[int, Intersector] = {number: INTERSECTORS[name] for number, name in GEOM_SHAPE_NAMES.items()}
"""How rays meet them. The others are met by MuJoCo's own rays."""
_PLANE = int(mujoco.mjtGeom.mjGEOM_PLANE)
_CAPSULE = int(mujoco.mjtGeom.mjGEOM_CAPSULE)
_CORNERS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float32)


@dataclass(frozen=True)
class CameraView:
    """A camera and its picture."""

    position: NDArray[np.float64]
    """m, (3,); in the scene, as the only thing here."""
    axes: Floats
    """Columns: right, up, forward; (3, 3)."""
    width: int
    height: int
    half_height: float
    """Half the picture's height at a distance of 1."""

    @property
    def right_step(self) -> Floats:
        """What a pixel to the right adds to a ray's direction, (3,)."""
        return np.asarray(self.axes[:, 0] * np.float32(2 * self.half_height / self.height), np.float32)

    @property
    def down_step(self) -> Floats:
        """What a pixel down adds to a ray's direction, (3,)."""
        return np.asarray(self.axes[:, 1] * np.float32(-2 * self.half_height / self.height), np.float32)

    def ray_directions(self, x: Floats, y: Floats) -> Floats:
        """Rays through points of the picture, (N, 3), of length 1 along the camera's axis."""
        aside, down = (x - np.float32(self.width / 2))[:, None], (y - np.float32(self.height / 2))[:, None]
        return np.asarray(self.axes[:, 2] + aside * self.right_step + down * self.down_step)

    def bounding_box(self, points: Floats) -> ScreenBox:
        """The part of the picture that points, (N, 3), and all between them are in; all of it where some are too near."""
        seen = points @ self.axes
        if seen[:, 2].min() < 1e-3:
            return (-math.inf, math.inf, -math.inf, math.inf)
        scale = self.height / (2 * self.half_height) / seen[:, 2]
        x, y = self.width / 2 + seen[:, 0] * scale, self.height / 2 - seen[:, 1] * scale
        return float(x.min()) - 1, float(x.max()) + 1, float(y.min()) - 1, float(y.max()) + 1


@dataclass(frozen=True)
class RenderGeom:
    """A geom."""

    type: int
    """MuJoCo's number of its shape."""
    size: Floats
    """As its shape takes it, (3,)."""
    position: Floats
    """Its middle as seen from the camera, m, (3,)."""
    axes: Floats
    """Columns: its own axes, (3, 3)."""
    camera_position: Floats
    """The camera in its own frame, (3,)."""
    radius: float
    """Of a ball around it, m."""
    corners: Floats
    """Of a box around it, as seen from the camera, (8, 3)."""
    screen_box: ScreenBox
    colour: Floats
    """(3,)."""


@dataclass(frozen=True)
class RenderScene:
    """All that is drawn in one picture."""

    view: CameraView
    geoms: Sequence[RenderGeom]
    mujoco_geoms: Mapping[int, RenderGeom]
    """By number of the geom, those whose shape only MuJoCo knows."""
    floor: RenderGeom | None
    light_direction: Floats
    """Direction towards the light, (3,)."""
    length_scale: float
    """1 where figures are of a person's size, 10 where they are ten times as large."""

    @property
    def checker_size(self) -> float:
        """Side of a square of the ground, m."""
        return self.length_scale

    @property
    def geom_colours(self) -> Floats:
        """Of things, then of foreign ones; (G, 3)."""
        return np.array([thing.colour for thing in (*self.geoms, *self.mujoco_geoms.values())], np.float32).reshape(-1, 3)

    def shadow_box(self, geom: RenderGeom) -> ScreenBox:
        """Where the shadow on the floor is in the picture."""
        assert self.floor is not None
        normal = self.floor.axes[:, 2]
        heights = geom.corners @ normal + self.floor.camera_position[2]
        return self.view.bounding_box(
            geom.corners - (heights / (self.light_direction @ normal))[:, None] * self.light_direction
        )


def build_render_scene(scene: mujoco.MjvScene, size: tuple[int, int]) -> RenderScene:
    """What `mjv_updateScene` has gathered, for a picture of this width and height."""
    left, right = scene.camera
    place = (np.array(left.pos, np.float64) + np.array(right.pos, np.float64)) / 2
    forward, up = np.array(left.forward, np.float64), np.array(left.up, np.float64)
    axes = np.stack([np.cross(forward, up), up, forward], axis=1).astype(np.float32)
    half = (left.frustum_top - left.frustum_bottom) / 2 / left.frustum_near
    view = CameraView(place, axes, *size, float(half))
    things, foreign, floors = [], {}, []
    for geom in scene.geoms[: scene.ngeom]:
        if geom.rgba[3] < 0.05 or geom.category == mujoco.mjtCatBit.mjCAT_DECOR:
            continue
        thing = _make_render_geom(geom, view)
        if geom.type == _PLANE:
            floors.append(thing)
        elif geom.type in GEOM_INTERSECTORS:
            things.append(thing)
        elif geom.objtype == mujoco.mjtObj.mjOBJ_GEOM:
            foreign[int(geom.objid)] = thing
    level = np.array([forward[0], forward[1], 0.0])
    ahead = level / max(float(np.linalg.norm(level)), 1e-6)
    light = 1.7 * np.array([0.0, 0.0, 1.0]) - 0.55 * ahead - 0.65 * axes[:, 0]
    unit = 10.0 ** round(math.log10(max(_measure_largest_geom(things, foreign), 1e-6)))
    floor = floors[0] if floors else None
    return RenderScene(view, things, foreign, floor, (light / np.linalg.norm(light)).astype(np.float32), unit)


def _make_render_geom(geom: mujoco.MjvGeom, view: CameraView) -> RenderGeom:
    axes = np.array(geom.mat, np.float32).reshape(3, 3)
    place = (np.array(geom.pos, np.float64) - view.position).astype(np.float32)
    size = np.maximum(np.array(geom.size, np.float32), 1e-6)
    if geom.type in GEOM_INTERSECTORS:
        reach = size + (np.array([0, 0, size[0]], np.float32) if geom.type == _CAPSULE else 0)
    else:
        reach = np.full(3, max(geom.modelrbound, 1e-6), np.float32)
    corners = place + (_CORNERS * reach) @ axes.T
    box = view.bounding_box(corners) if geom.type != _PLANE else (-math.inf, math.inf, -math.inf, math.inf)
    radius, colour = float(np.linalg.norm(reach)), np.array(geom.rgba[:3], np.float32)
    return RenderGeom(int(geom.type), size, place, axes, (-place) @ axes, radius, corners, box, colour)


def _measure_largest_geom(geoms: Sequence[RenderGeom], mujoco_geoms: Mapping[int, RenderGeom]) -> float:
    """Size of what there is to see, m: twice the largest radius, or 1."""
    return max((2 * thing.radius for thing in (*geoms, *mujoco_geoms.values())), default=1.0)
