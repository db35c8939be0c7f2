"""Arithmetic of rotations. Quaternions are w x y z with a leading …, matrices (…, 3, 3)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Y_UP = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
"""From z up to y up: a quarter turn about x, so that forwards stays forwards and nothing is mirrored."""
Y_UP_QUATERNION = np.array([np.sqrt(0.5), -np.sqrt(0.5), 0.0, 0.0])


def multiply_quaternions(one: Floats, other: Floats) -> Floats:
    """First `other`, then `one`."""
    w, x, y, z = np.moveaxis(one, -1, 0)
    a, b, c, d = np.moveaxis(other, -1, 0)
    parts = (w * a - x * b - y * c - z * d, w * b + x * a + y * d - z * c)
    return np.stack([*parts, w * c - x * d + y * a + z * b, w * d + x * c - y * b + z * a], axis=-1)


def invert_quaternions(one: Floats) -> Floats:
    """Back again."""
    return np.asarray(one * np.array([1.0, -1.0, -1.0, -1.0]))


def quaternions_to_matrices(one: Floats) -> Floats:
    """The same rotations as matrices."""
    w, x, y, z = np.moveaxis(one, -1, 0)
    rows = (
        (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    )
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def rotate_vectors(one: Floats, vectors: Floats) -> Floats:
    """Vectors, (…, 3), after these rotations."""
    return np.asarray(np.einsum("...ij,...j->...i", quaternions_to_matrices(one), vectors))


def compute_euler_zxy(rotations: Floats) -> Floats:
    """Angles z, x, y in rad with R = Rz Rx Ry, (T, 3) of matrices (T, 3, 3), each row as near to the one before as can be.

    Of the two ways to write a rotation the nearer one is taken, and full turns are added where an angle would leap.
    """
    sine = np.clip(rotations[:, 2, 1], -1.0, 1.0)
    x = np.arcsin(sine)
    z = np.arctan2(-rotations[:, 0, 1], rotations[:, 1, 1])
    y = np.arctan2(-rotations[:, 2, 0], rotations[:, 2, 2])
    # With x a quarter turn only the sum or difference of the others is known: y is taken to be 0.
    locked = np.abs(sine) > 1 - 1e-12
    z = np.where(locked, np.arctan2(rotations[:, 1, 0], rotations[:, 0, 0]), z)
    y = np.where(locked, 0.0, y)
    angles = np.stack([z, x, y], axis=1)
    for row in range(1, len(angles)):
        before = angles[row - 1]
        z, x, y = angles[row]
        ways = np.array([[z, x, y], [z + np.pi, np.pi - x, y + np.pi]])
        ways += 2 * np.pi * np.round((before - ways) / (2 * np.pi))
        angles[row] = ways[np.abs(ways - before).sum(axis=1).argmin()]
    return angles
