"""Intersections of rays with shapes.

Rays are given in the frame of the shape: origin at its centre, axis along z. Origins are (3,) or (N, 3), directions (N, 3) or
(3,) and of any length. Each function returns distances in lengths of the directions, (N,), infinite for a miss, and outward
normals, (N, 3), undefined for a miss.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
"""float32 for rays."""
RayHits = tuple[Floats, Floats]
Intersector = Callable[[Floats, Floats, Floats], RayHits]
"""(origins, directions, half sizes (3,)) → hits"""

_FAR = np.float32(np.inf)


def intersect_ellipsoid(origins: Floats, directions: Floats, size: Floats) -> RayHits:
    """Intersect an ellipsoid with half axes `size`."""
    origins, directions = origins / size, directions / size
    distances = _intersect_sphere(origins, directions, np.float32(1))
    normals = _compute_points(origins, directions, distances) / size
    return distances, normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)


def intersect_capsule(origins: Floats, directions: Floats, size: Floats) -> RayHits:
    """Intersect a capsule; `size`: radius, unused, half the length without caps."""
    radius, half = size[0], size[2]
    distances = _intersect_tube(origins, directions, radius)
    heights = origins[..., 2] + distances * directions[..., 2]
    with np.errstate(invalid="ignore"):
        distances = np.where(np.abs(heights) <= half, distances, _FAR)
    end = np.zeros(3, np.float32)
    for end[2] in (half, -half):
        distances = np.minimum(distances, _intersect_sphere(origins - end, directions, radius))
    normals = _compute_points(origins, directions, distances)
    normals[:, 2] -= np.clip(normals[:, 2], -half, half)
    return distances, normals / radius


def intersect_cylinder(origins: Floats, directions: Floats, size: Floats) -> RayHits:
    """Intersect a cylinder; `size`: radius, unused, half the length."""
    radius, half = size[0], size[2]
    distances = _intersect_tube(origins, directions, radius)
    heights = origins[..., 2] + distances * directions[..., 2]
    with np.errstate(invalid="ignore"):
        distances = np.where(np.abs(heights) <= half, distances, _FAR)
    rise = _avoid_zero(directions[..., 2])
    lids = (-np.sign(rise) * half - origins[..., 2]) / rise
    places = _compute_points(origins, directions, lids)
    on_lid = (places[:, 0] ** 2 + places[:, 1] ** 2 <= radius**2) & (lids > 0) & (lids < distances)
    distances = np.where(on_lid, lids, distances)
    normals = _compute_points(origins, directions, distances) / radius
    normals[:, 2] = 0.0
    normals[on_lid] = 0.0
    normals[on_lid, 2] = np.broadcast_to(-np.sign(rise), on_lid.shape)[on_lid]
    return distances, normals


def intersect_box(origins: Floats, directions: Floats, size: Floats) -> RayHits:
    """Intersect a box with half sides `size`."""
    safe = _avoid_zero(directions)
    near = (-np.sign(safe) * size - origins) / safe
    far = (np.sign(safe) * size - origins) / safe
    side = near.argmax(axis=1)
    rows = np.arange(len(near))
    distances = near[rows, side]
    distances = np.where((distances <= far.min(axis=1)) & (distances > 0), distances, _FAR)
    normals = np.zeros_like(near)
    normals[rows, side] = -np.broadcast_to(np.sign(safe), near.shape)[rows, side]
    return distances, normals


INTERSECTORS: Mapping[str, Intersector] = {
    "sphere": intersect_ellipsoid,
    "ellipsoid": intersect_ellipsoid,
    "capsule": intersect_capsule,
    "cylinder": intersect_cylinder,
    "box": intersect_box,
}


def compute_dot_products(one: Floats, other: Floats) -> Floats:
    """Dot products along the last axis; on short axes several times faster than a sum."""
    return np.asarray(np.einsum("...i,...i->...", one, other))


def _intersect_sphere(origins: Floats, directions: Floats, radius: np.float32) -> Floats:
    return _first_root(
        compute_dot_products(directions, directions),
        compute_dot_products(origins, directions),
        compute_dot_products(origins, origins) - radius**2,
    )


def _intersect_tube(origins: Floats, directions: Floats, radius: np.float32) -> Floats:
    """Distances to an infinite tube along z."""
    o, d = origins[..., :2], directions[..., :2]
    return _first_root(
        np.maximum(compute_dot_products(d, d), 1e-12), compute_dot_products(o, d), compute_dot_products(o, o) - radius**2
    )


def _first_root(a: Floats, b: Floats, c: Floats) -> Floats:
    """Smaller root of a t² + 2 b t + c if real and positive, else infinity."""
    under = b * b - a * c
    roots = (-b - np.sqrt(np.maximum(under, 0))) / a
    return np.where((under >= 0) & (roots > 0), roots, _FAR).astype(np.float32)


def _compute_points(origins: Floats, directions: Floats, distances: Floats) -> Floats:
    reached = np.where(np.isfinite(distances), distances, 0)[:, None]
    return np.asarray(origins + reached * directions, np.float32)


def _avoid_zero(values: Floats) -> Floats:
    return np.where(np.abs(values) < 1e-9, np.float32(1e-9), values)
