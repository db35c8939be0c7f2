"""The geoms, camera, floor and light of a MuJoCo scene, in the form that the software renderer needs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np

from gts.playback.camera import CameraView, ScreenBox
from gts.playback.rendering.intersections import INTERSECTORS, Floats
from gts.playback.rendering.ray_casting import RenderGeom, make_render_geom

GEOM_SHAPE_NAMES: Mapping[int, str] = {
    int(mujoco.mjtGeom.mjGEOM_SPHERE): "sphere",
    int(mujoco.mjtGeom.mjGEOM_ELLIPSOID): "ellipsoid",
    int(mujoco.mjtGeom.mjGEOM_CAPSULE): "capsule",
    int(mujoco.mjtGeom.mjGEOM_CYLINDER): "cylinder",
    int(mujoco.mjtGeom.mjGEOM_BOX): "box",
}
"""Kinds of shapes by MuJoCo's geom type."""
_KINDS = {**GEOM_SHAPE_NAMES, int(mujoco.mjtGeom.mjGEOM_PLANE): "plane"}


@dataclass(frozen=True)
class RenderScene:
    """Everything drawn in one picture."""

    view: CameraView
    geoms: Sequence[RenderGeom]
    mujoco_geoms: Mapping[int, RenderGeom]
    """Meshes and height fields, which MuJoCo intersects, by geom id."""
    floor: RenderGeom | None
    light_direction: Floats
    """Unit vector towards the light, (3,)."""
    length_scale: float
    """A power of 10 near the size of the largest geom, m: 1 for figures of human size."""

    @property
    def checker_size(self) -> float:
        """Side of a square of the ground, m."""
        return self.length_scale

    @property
    def geom_colours(self) -> Floats:
        """Colours of `geoms`, then of `mujoco_geoms`, (G, 3)."""
        return np.array([geom.colour for geom in (*self.geoms, *self.mujoco_geoms.values())], np.float32).reshape(-1, 3)

    def shadow_box(self, geom: RenderGeom) -> ScreenBox:
        """The part of the picture that holds a geom's shadow on the floor."""
        assert self.floor is not None
        normal = self.floor.axes[:, 2]
        heights = geom.corners @ normal + self.floor.camera_position[2]
        return self.view.bounding_box(
            geom.corners - (heights / (self.light_direction @ normal))[:, None] * self.light_direction
        )


def build_render_scene(scene: mujoco.MjvScene, size: tuple[int, int]) -> RenderScene:
    """Build the scene that `mjv_updateScene` has filled, for a picture of this width and height."""
    left, right = scene.camera
    position = (np.array(left.pos, np.float64) + np.array(right.pos, np.float64)) / 2
    forward, up = np.array(left.forward, np.float64), np.array(left.up, np.float64)
    axes = np.stack([np.cross(forward, up), up, forward], axis=1).astype(np.float32)
    half = (left.frustum_top - left.frustum_bottom) / 2 / left.frustum_near
    view = CameraView(position, axes, *size, float(half))
    geoms, mujoco_geoms, floors = [], {}, []
    for geom in scene.geoms[: scene.ngeom]:
        if geom.rgba[3] < 0.05 or geom.category == mujoco.mjtCatBit.mjCAT_DECOR:
            continue
        kind = _KINDS.get(int(geom.type), "other")
        made = make_render_geom(
            kind, geom.size, np.array(geom.pos, np.float64), geom.mat, geom.rgba[:3], view, geom.modelrbound
        )
        if kind == "plane":
            floors.append(made)
        elif kind in INTERSECTORS:
            geoms.append(made)
        elif geom.objtype == mujoco.mjtObj.mjOBJ_GEOM:
            mujoco_geoms[int(geom.objid)] = made
    level = np.array([forward[0], forward[1], 0.0])
    ahead = level / max(float(np.linalg.norm(level)), 1e-6)
    light = 1.7 * np.array([0.0, 0.0, 1.0]) - 0.55 * ahead - 0.65 * axes[:, 0]
    largest = max((2 * geom.radius for geom in (*geoms, *mujoco_geoms.values())), default=1.0)
    scale = 10.0 ** round(math.log10(max(largest, 1e-6)))
    floor = floors[0] if floors else None
    return RenderScene(view, geoms, mujoco_geoms, floor, (light / np.linalg.norm(light)).astype(np.float32), scale)
