"""A scene of MuJoCo's as the plain renderer needs it: everything in float32 and seen from the camera's place."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from gts.playback.rendering.shapes import SHAPES, Floats, Shape

Box = tuple[float, float, float, float]
"""Left, right, top, bottom of a part of the picture, pixels."""

NAMES: Mapping[int, str] = {
    int(mujoco.mjtGeom.mjGEOM_SPHERE): "sphere",
    int(mujoco.mjtGeom.mjGEOM_ELLIPSOID): "ellipsoid",
    int(mujoco.mjtGeom.mjGEOM_CAPSULE): "capsule",
    int(mujoco.mjtGeom.mjGEOM_CYLINDER): "cylinder",
    int(mujoco.mjtGeom.mjGEOM_BOX): "box",
}
"""Shapes by MuJoCo's numbers."""
MET: Mapping[int, Shape] = {number: SHAPES[name] for number, name in NAMES.items()}
"""How rays meet them. The others are met by MuJoCo's own rays."""
_PLANE = int(mujoco.mjtGeom.mjGEOM_PLANE)
_CAPSULE = int(mujoco.mjtGeom.mjGEOM_CAPSULE)
_CORNERS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float32)


@dataclass(frozen=True)
class View:
    """A camera and its picture."""

    place: NDArray[np.float64]
    """m, (3,); in the scene, as the only thing here."""
    axes: Floats
    """Columns: right, up, forward; (3, 3)."""
    width: int
    height: int
    half: float
    """Half the picture's height at a distance of 1."""

    @property
    def right_step(self) -> Floats:
        """What a pixel to the right adds to a ray's direction, (3,)."""
        return np.asarray(self.axes[:, 0] * np.float32(2 * self.half / self.height), np.float32)

    @property
    def down_step(self) -> Floats:
        """What a pixel down adds to a ray's direction, (3,)."""
        return np.asarray(self.axes[:, 1] * np.float32(-2 * self.half / self.height), np.float32)

    def directions(self, x: Floats, y: Floats) -> Floats:
        """Rays through points of the picture, (N, 3), of length 1 along the camera's axis."""
        aside, down = (x - np.float32(self.width / 2))[:, None], (y - np.float32(self.height / 2))[:, None]
        return np.asarray(self.axes[:, 2] + aside * self.right_step + down * self.down_step)

    def box(self, points: Floats) -> Box:
        """The part of the picture that points, (N, 3), and all between them are in; all of it where some are too near."""
        seen = points @ self.axes
        if seen[:, 2].min() < 1e-3:
            return (-math.inf, math.inf, -math.inf, math.inf)
        scale = self.height / (2 * self.half) / seen[:, 2]
        x, y = self.width / 2 + seen[:, 0] * scale, self.height / 2 - seen[:, 1] * scale
        return float(x.min()) - 1, float(x.max()) + 1, float(y.min()) - 1, float(y.max()) + 1


@dataclass(frozen=True)
class Thing:
    """A geom."""

    type: int
    """MuJoCo's number of its shape."""
    size: Floats
    """As its shape takes it, (3,)."""
    place: Floats
    """Its middle as seen from the camera, m, (3,)."""
    axes: Floats
    """Columns: its own axes, (3, 3)."""
    eye: Floats
    """The camera in its own frame, (3,)."""
    radius: float
    """Of a ball around it, m."""
    corners: Floats
    """Of a box around it, as seen from the camera, (8, 3)."""
    box: Box
    colour: Floats
    """(3,)."""


@dataclass(frozen=True)
class Scene:
    """All that is drawn in one picture."""

    view: View
    things: Sequence[Thing]
    foreign: Mapping[int, Thing]
    """By number of the geom, those whose shape only MuJoCo knows."""
    floor: Thing | None
    light: Floats
    """Direction towards the light, (3,)."""
    unit: float
    """1 where figures are of a person's size, 10 where they are ten times as large."""

    @property
    def square(self) -> float:
        """Side of a square of the ground, m."""
        return self.unit

    @property
    def colours(self) -> Floats:
        """Of things, then of foreign ones; (G, 3)."""
        return np.array([thing.colour for thing in (*self.things, *self.foreign.values())], np.float32).reshape(-1, 3)

    def shadow_box(self, thing: Thing) -> Box:
        """Where the shadow on the floor is in the picture."""
        assert self.floor is not None
        normal = self.floor.axes[:, 2]
        heights = thing.corners @ normal + self.floor.eye[2]
        return self.view.box(thing.corners - (heights / (self.light @ normal))[:, None] * self.light)


def read_scene(scene: mujoco.MjvScene, size: tuple[int, int]) -> Scene:
    """What `mjv_updateScene` has gathered, for a picture of this width and height."""
    left, right = scene.camera
    place = (np.array(left.pos, np.float64) + np.array(right.pos, np.float64)) / 2
    forward, up = np.array(left.forward, np.float64), np.array(left.up, np.float64)
    axes = np.stack([np.cross(forward, up), up, forward], axis=1).astype(np.float32)
    half = (left.frustum_top - left.frustum_bottom) / 2 / left.frustum_near
    view = View(place, axes, *size, float(half))
    things, foreign, floors = [], {}, []
    for geom in scene.geoms[: scene.ngeom]:
        if geom.rgba[3] < 0.05 or geom.category == mujoco.mjtCatBit.mjCAT_DECOR:
            continue
        thing = _thing(geom, view)
        if geom.type == _PLANE:
            floors.append(thing)
        elif geom.type in MET:
            things.append(thing)
        elif geom.objtype == mujoco.mjtObj.mjOBJ_GEOM:
            foreign[int(geom.objid)] = thing
    level = np.array([forward[0], forward[1], 0.0])
    ahead = level / max(float(np.linalg.norm(level)), 1e-6)
    light = 1.7 * np.array([0.0, 0.0, 1.0]) - 0.55 * ahead - 0.65 * axes[:, 0]
    unit = 10.0 ** round(math.log10(max(_width(things, foreign), 1e-6)))
    floor = floors[0] if floors else None
    return Scene(view, things, foreign, floor, (light / np.linalg.norm(light)).astype(np.float32), unit)


def _thing(geom: mujoco.MjvGeom, view: View) -> Thing:
    axes = np.array(geom.mat, np.float32).reshape(3, 3)
    place = (np.array(geom.pos, np.float64) - view.place).astype(np.float32)
    size = np.maximum(np.array(geom.size, np.float32), 1e-6)
    if geom.type in MET:
        reach = size + (np.array([0, 0, size[0]], np.float32) if geom.type == _CAPSULE else 0)
    else:
        reach = np.full(3, max(geom.modelrbound, 1e-6), np.float32)
    corners = place + (_CORNERS * reach) @ axes.T
    box = view.box(corners) if geom.type != _PLANE else (-math.inf, math.inf, -math.inf, math.inf)
    radius, colour = float(np.linalg.norm(reach)), np.array(geom.rgba[:3], np.float32)
    return Thing(int(geom.type), size, place, axes, (-place) @ axes, radius, corners, box, colour)


def _width(things: Sequence[Thing], foreign: Mapping[int, Thing]) -> float:
    """Size of what there is to see, m: twice the largest radius, or 1."""
    return max((2 * thing.radius for thing in (*things, *foreign.values())), default=1.0)
