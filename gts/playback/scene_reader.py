"""Scene and frame states of a playback, read from MuJoCo's visualisation without GL."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from gts.playback.playback_source import PlaybackFrame, PlaybackSource
from gts.playback.rendering.render_scene import GEOM_SHAPE_NAMES
from gts.playback.stream import FrameState, SceneInfo, SceneShape

Floats = NDArray[np.float64]

_SHAPE_KINDS = {**GEOM_SHAPE_NAMES, int(mujoco.mjtGeom.mjGEOM_MESH): "ellipsoid"}
"""Kinds by geom type; a mesh is drawn as the ellipsoid in its bounding box."""
_MAX_SHAPES = 2000
_MIN_EXTENT = 0.2
"""m"""


class SceneReader:
    """Reads the shapes of one playback."""

    def __init__(self, playback: PlaybackSource) -> None:
        """Read the scene from the current frame."""
        self._playback = playback
        model = playback.model
        self._scene = mujoco.MjvScene(model, _MAX_SHAPES)
        self._camera, self._option = mujoco.MjvCamera(), mujoco.MjvOption()
        self._update_geoms()
        self._geom_indices = [
            number for number in range(self._scene.ngeom) if int(self._scene.geoms[number].type) in _SHAPE_KINDS
        ]
        shapes = tuple(self._make_shape(number) for number in self._geom_indices)
        positions, rotations = self._read_poses()
        low, high = _compute_bounds(shapes, positions, rotations)
        planes = [geom for geom in self._scene.geoms[: self._scene.ngeom] if geom.type == mujoco.mjtGeom.mjGEOM_PLANE]
        free = (model.jnt_type == mujoco.mjtJoint.mjJNT_FREE).any()
        wide = float(np.hypot(*(high - low)[:2])) if free else float(high[0] - low[0])
        middle = (low + high) / 2
        if planes:
            low[2] = min(low[2], 0.0)
        self.info = SceneInfo(
            name=playback.name,
            shapes=shapes,
            fps=playback.fps,
            centre=(float(middle[0]), float(middle[1]), float(low[2] + high[2]) / 2),
            extent=(max(wide, _MIN_EXTENT), max(float(high[2] - low[2]), _MIN_EXTENT)),
            is_planar=not free,
            is_travelling=bool(free or not model.jnt_limited[0]) if model.njnt else False,
            has_ground=bool(planes),
        )

    def read_state(self, frame: PlaybackFrame, *, paused: bool = False, rate: float = 1.0, note: str = "") -> FrameState:
        """Read the poses of the current frame; returns the state to draw."""
        self._update_geoms()
        positions, rotations = self._read_poses()
        data = self._playback.data
        focus = data.subtree_com[1] if self._playback.model.nbody > 1 else np.zeros(3)
        return FrameState(
            positions=positions,
            rotations=rotations,
            centre_of_mass=(float(focus[0]), float(focus[1]), float(focus[2])),
            contacts=frame.contacts,
            loop=frame.loop,
            step=frame.step,
            time=frame.time,
            episode_return=frame.episode_return,
            speed=frame.speed,
            terms=frame.terms,
            fallen=frame.fallen,
            paused=paused,
            keep_on=self._playback.keep_on,
            rate=rate,
            note=note,
        )

    def _update_geoms(self) -> None:
        everything = int(mujoco.mjtCatBit.mjCAT_ALL)
        mujoco.mjv_updateScene(
            self._playback.model, self._playback.data, self._option, None, self._camera, everything, self._scene
        )

    def _make_shape(self, number: int) -> SceneShape:
        geom = self._scene.geoms[number]
        size = geom.size
        if geom.type == mujoco.mjtGeom.mjGEOM_MESH:
            size = self._playback.model.geom_aabb[geom.objid, 3:]
        sizes, colour = [float(value) for value in size], [float(value) for value in geom.rgba]
        return SceneShape(_SHAPE_KINDS[int(geom.type)], (sizes[0], sizes[1], sizes[2]), (colour[0], colour[1], colour[2]))

    def _read_poses(self) -> tuple[Floats, Floats]:
        """Positions, (G, 3), and rotations, (G, 3, 3), of the shapes."""
        geoms = [self._scene.geoms[number] for number in self._geom_indices]
        positions = np.array([geom.pos for geom in geoms], np.float64).reshape(-1, 3)
        rotations = np.array([geom.mat for geom in geoms], np.float64).reshape(-1, 3, 3)
        for row, geom in enumerate(geoms):
            if geom.type == mujoco.mjtGeom.mjGEOM_MESH:
                positions[row] += rotations[row] @ self._playback.model.geom_aabb[geom.objid, :3]
        return positions, rotations


def _compute_bounds(shapes: tuple[SceneShape, ...], positions: Floats, rotations: Floats) -> tuple[Floats, Floats]:
    """Lowest and highest corner of the bounding box of all shapes, m, (3,) each."""
    if not shapes:
        return np.zeros(3), np.ones(3)
    halves = []
    for shape, rotation in zip(shapes, rotations, strict=True):
        if shape.kind == "capsule":
            halves.append(np.abs(rotation[:, 2]) * shape.size[2] + shape.size[0])
        else:
            halves.append(np.abs(rotation) @ np.array(shape.size))
    half = np.array(halves)
    return (positions - half).min(axis=0), (positions + half).max(axis=0)
