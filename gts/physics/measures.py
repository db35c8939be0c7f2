"""What a person looks at in a finished episode, whatever its reward was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gts.physics.frame import PhysicsFrame
from gts.physics.rewards import FOOT_FIELDS, alternation_fraction, count_feet_on_ground, thigh_angles

Floats = NDArray[np.float64]


class EpisodeSummary(NamedTuple):
    """What is known of E episodes when they end."""

    means: Floats
    """Means over the episode of what the measure added at every step, (R, E)."""
    lengths: Floats
    """Steps, (E,)."""
    distance: Floats
    """Metres between start and end along the figure's way, (E,)."""
    fell: NDArray[np.bool_]
    """(E,)."""
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
    """How many means it needs (R)."""
    accumulate: Callable[[PhysicsFrame, Floats], None] | None = None
    """Writes what this step adds into the given (R, n)."""
    fields: tuple[str, ...] = ()
    """MjData fields that it reads: what reads any costs more than training would pay, and is taken of test episodes only."""


def first_mean(ended: EpisodeSummary) -> Floats:
    """The one mean, (E,)."""
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
    """Way made forwards."""
    return Measure("distance", "m", "Way from start to end, forwards.", lambda ended: ended.distance)


def fall() -> Measure:
    """Whether the health rule ended the episode."""
    return Measure(
        "fall",
        "fraction",
        "Part of the episodes that the health rule ended; 1 for an episode that it ended.",
        lambda ended: ended.fell.astype(np.float64),
    )


def effort(n_actions: int) -> Measure:
    """Mean squared control; `actions` is the number of controls."""

    def add(frame: PhysicsFrame, out: Floats) -> None:
        out[0] = frame.sum_squared_controls()

    def finish(ended: EpisodeSummary) -> Floats:
        return np.asarray(ended.means[0] / n_actions)

    return Measure("effort", "", "Mean over steps and joints of the squared control.", finish, 1, add)


def height(index: int, offset: float) -> Measure:
    """Mean height of the torso; `offset` is its height where qpos[index] is 0."""

    def add(frame: PhysicsFrame, out: Floats) -> None:
        out[0] = frame.qpos[:, index]

    return Measure("height", "m", "Mean height of the torso.", lambda ended: np.asarray(ended.means[0] + offset), 1, add)


def mean_absolute(name: str, unit: str, description: str, column: int) -> Measure:
    """Mean of |motion[column]|, a position or a velocity."""

    def add(frame: PhysicsFrame, out: Floats) -> None:
        np.abs(frame.motion[:, column], out=out[0])

    return Measure(name, unit, description, first_mean, 1, add)


def symmetry(left_joints: tuple[int, ...], right_joints: tuple[int, ...]) -> Measure:
    """How alike left and right move; `left` and `right` are velocity indices of mirrored joints, (J,) each."""
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
        "1 − Σ|L − R| ÷ Σ(L + R) over the mirrored leg joints, L and R their mean absolute speeds: 1 = both sides move alike.",
        finish,
        2 * count,
        add,
    )


def balance(feet: tuple[str, ...], left_feet: tuple[int, ...]) -> Measure:
    """How evenly both sides carry; `left` are the places among the `feet` of those of the left side, the others are right."""
    standing = count_feet_on_ground(feet, left_feet)

    def add(frame: PhysicsFrame, out: Floats) -> None:
        out[:] = standing(frame).T

    def finish(ended: EpisodeSummary) -> Floats:
        both = np.maximum(ended.means.sum(axis=0), 1e-9)
        return np.asarray(1.0 - np.abs(ended.means[0] - ended.means[1]) / both)

    return Measure(
        "balance",
        "fraction",
        "1 − |L − R| ÷ (L + R), L and R the times that left and right feet stand on the ground: 1 = both carry alike.",
        finish,
        2,
        add,
        FOOT_FIELDS,
    )


def alternation(thighs: tuple[int, int]) -> Measure:
    """Whether two legs stride in turn; `thighs` are the places in qpos of the left and the right one."""

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
