"""Rotations as quaternions w x y z, (…, 4), as matrices, (…, 3, 3), and as Euler angles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Y_UP = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
"""From z up to y up: a quarter turn about x, which keeps x and mirrors nothing."""
Y_UP_QUATERNION = np.array([np.sqrt(0.5), -np.sqrt(0.5), 0.0, 0.0])


def multiply_quaternions(one: Floats, other: Floats) -> Floats:
    """Compose two rotations: first `other`, then `one`."""
    w, x, y, z = np.moveaxis(one, -1, 0)
    a, b, c, d = np.moveaxis(other, -1, 0)
    parts = (w * a - x * b - y * c - z * d, w * b + x * a + y * d - z * c)
    return np.stack([*parts, w * c - x * d + y * a + z * b, w * d + x * c - y * b + z * a], axis=-1)


def invert_quaternions(quaternions: Floats) -> Floats:
    """Invert unit quaternions."""
    return np.asarray(quaternions * np.array([1.0, -1.0, -1.0, -1.0]))


def quaternions_to_matrices(quaternions: Floats) -> Floats:
    """Convert unit quaternions, (…, 4), to matrices, (…, 3, 3)."""
    w, x, y, z = np.moveaxis(quaternions, -1, 0)
    rows = (
        (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    )
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def matrices_to_quaternions(matrices: Floats) -> Floats:
    """Convert rotation matrices, (G, 3, 3), to unit quaternions, (G, 4), dividing by the largest of the four parts."""
    m = matrices
    trace = np.einsum("gii->g", m)
    squares = np.stack([trace, *(2 * m[:, axis, axis] - trace for axis in range(3))], axis=1) + 1.0
    outer = np.empty((len(m), 4, 4))
    outer[:, range(4), range(4)] = squares
    outer[:, 0, 1] = outer[:, 1, 0] = m[:, 2, 1] - m[:, 1, 2]
    outer[:, 0, 2] = outer[:, 2, 0] = m[:, 0, 2] - m[:, 2, 0]
    outer[:, 0, 3] = outer[:, 3, 0] = m[:, 1, 0] - m[:, 0, 1]
    outer[:, 1, 2] = outer[:, 2, 1] = m[:, 0, 1] + m[:, 1, 0]
    outer[:, 1, 3] = outer[:, 3, 1] = m[:, 0, 2] + m[:, 2, 0]
    outer[:, 2, 3] = outer[:, 3, 2] = m[:, 1, 2] + m[:, 2, 1]
    chosen = outer[np.arange(len(m)), squares.argmax(axis=1)]
    return np.asarray(chosen / np.maximum(np.linalg.norm(chosen, axis=1, keepdims=True), 1e-12))


def rotate_vectors(quaternions: Floats, vectors: Floats) -> Floats:
    """Rotate vectors, (…, 3), by unit quaternions, (…, 4)."""
    return np.asarray(np.einsum("...ij,...j->...i", quaternions_to_matrices(quaternions), vectors))


def compute_euler_zxy(rotations: Floats) -> Floats:
    """Compute continuous Euler angles z, x, y in rad, (T, 3), with R = Rz Rx Ry, of matrices (T, 3, 3).

    Of the two solutions per frame the one nearer to the frame before is taken, plus whole turns.
    """
    sine = np.clip(rotations[:, 2, 1], -1.0, 1.0)
    x = np.arcsin(sine)
    z = np.arctan2(-rotations[:, 0, 1], rotations[:, 1, 1])
    y = np.arctan2(-rotations[:, 2, 0], rotations[:, 2, 2])
    # Gimbal lock: with x a quarter turn only the sum or difference of z and y is determined; y is set to 0.
    locked = np.abs(sine) > 1 - 1e-12
    z = np.where(locked, np.arctan2(rotations[:, 1, 0], rotations[:, 0, 0]), z)
    y = np.where(locked, 0.0, y)
    angles = np.stack([z, x, y], axis=1)
    for row in range(1, len(angles)):
        before = angles[row - 1]
        z, x, y = angles[row]
        solutions = np.array([[z, x, y], [z + np.pi, np.pi - x, y + np.pi]])
        solutions += 2 * np.pi * np.round((before - solutions) / (2 * np.pi))
        angles[row] = solutions[np.abs(solutions - before).sum(axis=1).argmin()]
    return angles
