"""Triangle meshes of geoms."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_CIRCLE_SEGMENTS = 24
"""Segments of a circle."""
_ARC_SEGMENTS = 8
"""Segments from the equator to a pole."""


@dataclass(frozen=True)
class TriangleMesh:
    """Triangles in the frame of the geom, m; counter-clockwise from outside."""

    points: Floats
    """(V, 3)."""
    normals: Floats
    """(V, 3)."""
    triangles: NDArray[np.uint32]
    """(F, 3)."""


def make_geom_mesh(model: mujoco.MjModel, geom: int) -> TriangleMesh | None:
    """Make the surface of a geom; None for planes and height fields."""
    kind, size = int(model.geom_type[geom]), model.geom_size[geom]
    shapes = mujoco.mjtGeom
    if kind == shapes.mjGEOM_MESH:
        return _read_model_mesh(model, int(model.geom_dataid[geom]))
    if kind == shapes.mjGEOM_BOX:
        return _make_box(size)
    if kind == shapes.mjGEOM_CYLINDER:
        return _make_cylinder(size[0], size[1])
    if kind == shapes.mjGEOM_CAPSULE:
        return _make_ellipsoid(np.array([size[0]] * 3), size[1])
    if kind == shapes.mjGEOM_SPHERE:
        return _make_ellipsoid(np.array([size[0]] * 3), 0.0)
    if kind == shapes.mjGEOM_ELLIPSOID:
        return _make_ellipsoid(size, 0.0)
    return None


def _make_ellipsoid(axes: NDArray[np.float64], half: float) -> TriangleMesh:
    """Make an ellipsoid whose halves are moved apart by `half` up and down: with equal axes a capsule."""
    bow = np.linspace(-np.pi / 2, 0, _ARC_SEGMENTS + 1)
    heights = np.concatenate([bow, bow + np.pi / 2]) if half else np.concatenate([bow, bow[1:] + np.pi / 2])
    lifted = np.where(np.arange(len(heights)) <= _ARC_SEGMENTS, -half, half) if half else np.zeros(len(heights))
    around = np.linspace(0, 2 * np.pi, _CIRCLE_SEGMENTS + 1)
    level = np.cos(heights)[:, None]
    unit = np.stack(np.broadcast_arrays(level * np.cos(around), level * np.sin(around), np.sin(heights)[:, None]), axis=-1)
    points = unit * axes
    points[..., 2] += lifted[:, None]
    normals = unit / axes
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    return _make_grid_mesh(points, normals)


def _make_cylinder(radius: float, half: float) -> TriangleMesh:
    around = np.linspace(0, 2 * np.pi, _CIRCLE_SEGMENTS + 1)
    circle = np.stack([np.cos(around), np.sin(around), np.zeros_like(around)], axis=1)
    rings, normals = [], []
    # Rings on an edge occur twice, with the normals of both surfaces.
    for share, height, normal in ((0, -1, -1), (1, -1, -1), (1, -1, 0), (1, 1, 0), (1, 1, 1), (0, 1, 1)):
        rings.append(circle * radius * share + np.array([0, 0, half * height]))
        normals.append(circle if normal == 0 else np.broadcast_to([0.0, 0.0, normal], circle.shape))
    return _make_grid_mesh(np.array(rings), np.array(normals))


def _make_box(size: NDArray[np.float64]) -> TriangleMesh:
    points: list[NDArray[np.float64]] = []
    normals: list[NDArray[np.float64]] = []
    triangles: list[list[int]] = []
    for axis in range(3):
        for side in (-1.0, 1.0):
            normal = np.zeros(3)
            normal[axis] = side
            across, along = np.roll([1.0, 0, 0], axis + 1), np.roll([side, 0, 0], axis + 2)
            first = len(points)
            points += [(normal + a * across + b * along) * size for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
            normals += [normal] * 4
            triangles += [[first, first + 1, first + 2], [first, first + 2, first + 3]]
    return TriangleMesh(_as_rows(np.array(points)), _as_rows(np.array(normals)), np.array(triangles, np.uint32))


def _read_model_mesh(model: mujoco.MjModel, mesh: int) -> TriangleMesh:
    """Read a mesh of the model with one normal per triangle."""
    first, count = int(model.mesh_vertadr[mesh]), int(model.mesh_vertnum[mesh])
    faces = model.mesh_face[model.mesh_faceadr[mesh] : model.mesh_faceadr[mesh] + model.mesh_facenum[mesh]]
    points = model.mesh_vert[first : first + count][faces]
    normals = np.cross(points[:, 1] - points[:, 0], points[:, 2] - points[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    triangles = np.arange(3 * len(faces), dtype=np.uint32).reshape(-1, 3)
    return TriangleMesh(_as_rows(points), _as_rows(np.repeat(normals, 3, axis=0)), triangles)


def _make_grid_mesh(points: NDArray[np.float64], normals: NDArray[np.float64]) -> TriangleMesh:
    """Make triangles between grid points, (rows, columns, 3), from bottom to top, each row counter-clockwise from above."""
    rows, columns, _ = points.shape
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    right, above = corner + 1, corner + columns
    both = np.stack([corner, right, above + 1, corner, above + 1, above], axis=1).reshape(-1, 3)
    # Poles and double rings give triangles without area, which are dropped.
    first, second, third = np.moveaxis(points.reshape(-1, 3)[both], 1, 0)
    surface = np.linalg.norm(np.cross(second - first, third - first), axis=1)
    return TriangleMesh(_as_rows(points), _as_rows(normals), both[surface > 1e-6 * surface.max()].astype(np.uint32))


def _as_rows(values: NDArray[np.float64]) -> Floats:
    return np.ascontiguousarray(values.reshape(-1, 3), np.float32)
