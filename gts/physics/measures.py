"""Measures of a finished episode, independent of its reward."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gts.physics.frame import Floats, PhysicsFrame
from gts.physics.rewards import FOOT_FIELDS, alternation_fraction, count_feet_on_ground, thigh_angles


class EpisodeSummary(NamedTuple):
    """Data of E finished episodes."""

    means: Floats
    """Means over the steps of what the measure accumulated, (R, E)."""
    lengths: Floats
    """Steps, (E,)."""
    distance: Floats
    """Forward distance between start and end, m; (E,)."""
    fell: NDArray[np.bool_]
    """Whether the health rule ended them, (E,)."""
    dt: float
    """Seconds of a step."""


@dataclass(frozen=True)
class Measure:
    """A number for every finished episode."""

    name: str
    unit: str
    description: str
    compute: Callable[[EpisodeSummary], Floats]
    """(E,)."""
    n_means: int = 0
    """Number of means, R."""
    accumulate: Callable[[PhysicsFrame, Floats], None] | None = None
    """Writes the values of this step into the given (R, n) array."""
    fields: tuple[str, ...] = ()
    """MjData fields that it reads; measures with fields are too slow for training and computed in test episodes only."""


def first_mean(ended: EpisodeSummary) -> Floats:
    """The first mean, (E,)."""
    return np.asarray(ended.means[0])


def speed() -> Measure:
    """Distance ÷ time."""
    return Measure(
        "speed",
        "m/s",
        "Mean forward speed: distance ÷ time.",
        lambda ended: np.asarray(ended.distance / (ended.lengths * ended.dt)),
    )


def distance() -> Measure:
    """Forward distance."""
    return Measure("distance", "m", "Forward distance from start to end.", lambda ended: ended.distance)


def fall() -> Measure:
    """Whether the health rule ended the episode."""
    return Measure(
        "fall",
        "fraction",
        "Part of the episodes that the health rule ended; 1 for an episode that it ended.",
        lambda ended: ended.fell.astype(np.float64),
    )


def effort(n_actions: int) -> Measure:
    """Mean squared control; `n_actions` is the number of controls."""

    def add(frame: PhysicsFrame, out: Floats) -> None:
        out[0] = frame.sum_squared_controls()

    def finish(ended: EpisodeSummary) -> Floats:
        return np.asarray(ended.means[0] / n_actions)

    return Measure("effort", "", "Mean over steps and joints of the squared control.", finish, 1, add)


def height(index: int, offset: float) -> Measure:
    """Mean height of the torso; `offset` is its height at qpos[index] = 0."""

    def add(frame: PhysicsFrame, out: Floats) -> None:
        out[0] = frame.qpos[:, index]

    return Measure("height", "m", "Mean height of the torso.", lambda ended: np.asarray(ended.means[0] + offset), 1, add)


def mean_absolute(name: str, unit: str, description: str, column: int) -> Measure:
    """Mean of |motion[column]|, a position or a velocity."""

    def add(frame: PhysicsFrame, out: Floats) -> None:
        np.abs(frame.motion[:, column], out=out[0])

    return Measure(name, unit, description, first_mean, 1, add)


def symmetry(left_joints: tuple[int, ...], right_joints: tuple[int, ...]) -> Measure:
    """Similarity of the movements of left and right, from velocity indices of mirrored joints, (J,) each."""
    both = np.array([*left_joints, *right_joints])
    count = len(left_joints)

    def add(frame: PhysicsFrame, out: Floats) -> None:
        np.abs(frame.qvel[:, both].T, out=out)

    def finish(ended: EpisodeSummary) -> Floats:
        ours, theirs = ended.means[:count], ended.means[count:]
        total = np.maximum((ours + theirs).sum(axis=0), 1e-9)
        return np.asarray(1.0 - np.abs(ours - theirs).sum(axis=0) / total)

    return Measure(
        "symmetry",
        "fraction",
        "1 − Σ|L − R| ÷ Σ(L + R) over the mirrored leg joints, L and R their mean absolute speeds: 1 = equal.",
        finish,
        2 * count,
        add,
    )


def balance(feet: tuple[str, ...], left_feet: tuple[int, ...]) -> Measure:
    """Equality of the ground contact of left and right; `left_feet` are the indices in `feet` of the left ones."""
    standing = count_feet_on_ground(feet, left_feet)

    def add(frame: PhysicsFrame, out: Floats) -> None:
        out[:] = standing(frame).T

    def finish(ended: EpisodeSummary) -> Floats:
        both = np.maximum(ended.means.sum(axis=0), 1e-9)
        return np.asarray(1.0 - np.abs(ended.means[0] - ended.means[1]) / both)

    return Measure(
        "balance",
        "fraction",
        "1 − |L − R| ÷ (L + R), L and R the times of left and right feet on the ground: 1 = equal.",
        finish,
        2,
        add,
        FOOT_FIELDS,
    )


def alternation(thighs: tuple[int, int]) -> Measure:
    """Alternation of two legs; `thighs` are the indices in qpos of the left and the right one."""

    def add(frame: PhysicsFrame, out: Floats) -> None:
        out[:] = thigh_angles(frame, thighs).T

    def finish(ended: EpisodeSummary) -> Floats:
        return alternation_fraction(ended.means)

    return Measure(
        "alternation",
        "fraction",
        "(⟨|d|⟩ − |⟨d⟩|) ÷ max(⟨|d|⟩, 0.5 rad), d the angle between the thighs, ⟨⟩ means: 1 = strides with each leg in turn, "
        "0 = one leg always in front, or both side by side; short strides count for less.",
        finish,
        2,
        add,
    )
