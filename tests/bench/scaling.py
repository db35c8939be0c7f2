"""How a training's time grows, fitted on this machine, and what that predicts for others.

    python tests/bench/scaling.py measure --out scaling.jsonl     times the phases of many short trainings, some minutes
    python tests/bench/scaling.py fit scaling.jsonl               the model, its errors, its predictions, as Markdown

A round of training is `L` steps of `P·N` worlds, each with an act of the policy, then `U` minibatches of `B` samples a member.
With T threads, and F the multiplications of one sample's way through actor and critic, it takes

    physics   L · (c₀ + c₁ P N) / s(T)
    acting    L · (a₀ + a₁ P + a₂ P N F) / s(T)
    learning  U · (l₀ + l₁ P + l₂ P B F) / s(T)          s(T) = 1 / (q + (1 − q) / T), Amdahl's law (1967)

with a part q for each phase that threads do not share. Coefficients are not negative; the fit minimises the relative
error, since a training of one member matters as much as one of sixteen.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from gts.params.spec import make_spec, specs_with_seeds
from gts.system.threads import available_cpus
from gts.system.versions import machine_info, package_versions
from gts.training.events import TrainingProgress
from gts.training.trainer import Trainer

Phase = Literal["physics", "acting", "learning"]
PHASES: tuple[Phase, ...] = ("physics", "acting", "learning")
SIZES = {"hopper": (11, 3), "walker": (17, 6), "halfCheetah": (17, 6), "ant": (105, 8), "humanoid": (348, 17)}
"""Numbers that a figure observes, and controls that it has."""
ROUNDS = 5
"""Rounds that are timed; the first one is not among them."""
ROLLOUT = 32
UNCERTAIN = np.linspace(0.0, 1.0, 101)


@dataclass(frozen=True)
class Shape:
    """What a round of training is made of."""

    figure: str
    physics: str
    members: int
    worlds: int
    hidden: int
    minibatch: int
    threads: int
    passes: int = 5

    @property
    def minibatches(self) -> int:
        """Of a round."""
        return self.passes * max(1, round(ROLLOUT * self.worlds / self.minibatch))

    @property
    def products(self) -> float:
        """Multiplications of one sample's way through actor and critic, in millions."""
        observed, controls = SIZES[self.figure]
        return (2 * observed * self.hidden + 2 * self.hidden**2 + self.hidden * (controls + 1)) / 1e6

    @property
    def steps(self) -> int:
        """Environment steps of a round, all members together."""
        return ROLLOUT * self.members * self.worlds

    def costs(self, phase: Phase) -> tuple[float, ...]:
        """What the coefficients of a phase are multiplied by, for one thread."""
        if phase == "physics":
            return ROLLOUT, ROLLOUT * self.members * self.worlds
        if phase == "acting":
            return ROLLOUT, ROLLOUT * self.members, ROLLOUT * self.members * self.worlds * self.products
        batch = min(self.minibatch, ROLLOUT * self.worlds)
        return self.minibatches, self.minibatches * self.members, self.minibatches * self.members * batch * self.products


@dataclass(frozen=True)
class Fit:
    """A phase as a law."""

    coefficients: tuple[float, ...]
    """Seconds."""
    alone: float
    """The part q that threads do not share."""
    error: float
    """Median of |predicted ÷ measured − 1|."""
    worst: float

    def seconds(self, costs: Sequence[float], threads: int) -> float:
        """Of a round on that many threads."""
        return float(np.dot(self.coefficients, costs)) * (self.alone + (1 - self.alone) / threads)


def shapes(figures: Sequence[str], threads: Sequence[int]) -> Iterator[Shape]:
    """The shapes to measure: every figure a little, one in depth."""
    for figure, physics, count in product(figures, ("exact", "fast"), threads):
        for members, worlds in ((1, 32), (1, 256), (4, 64), (8, 32), (8, 128)):
            yield Shape(figure, physics, members, worlds, 64, 256, count)
    for members, worlds, hidden, minibatch, count in product((1, 2, 8, 16), (32, 128), (32, 128, 256), (128, 1024), threads):
        if members * worlds * hidden <= 16 * 128 * 128:
            yield Shape("hopper", "fast", members, worlds, hidden, minibatch, count)


def measured(shape: Shape) -> dict[str, float]:
    """Median seconds of a round by phase."""
    params: dict[str, Any] = {
        "nSteps": (ROUNDS + 1) * ROLLOUT * shape.worlds, "nEpochs": ROUNDS + 1, "nEnvironments": shape.worlds,
        "physics": shape.physics, "exactTail": 0.0, "minibatchSize": shape.minibatch, "updateEpochs": shape.passes,
        "actor.hiddenSize": shape.hidden, "critic.hiddenSize": shape.hidden, "nEvaluations": 0,
    }  # fmt: skip
    spec = make_spec(shape.figure, "ppo", params)
    specs = specs_with_seeds(spec, shape.members) if shape.members > 1 else (spec,)
    rounds = [event.seconds for event in Trainer(specs, threads=shape.threads).run() if isinstance(event, TrainingProgress)]
    return {phase: statistics.median(seconds.get(phase, 0.0) for seconds in rounds[1:]) for phase in PHASES}


def fitted(rows: Sequence[tuple[Shape, float]], phase: Phase) -> Fit:
    """Fit the law of a phase by the relative error."""
    times = np.array([seconds for _, seconds in rows])
    costs = np.array([shape.costs(phase) for shape, _ in rows], dtype=np.float64)
    counts = np.array([shape.threads for shape, _ in rows], dtype=np.float64)
    best: tuple[float, NDArray[np.float64], float] | None = None
    for alone in UNCERTAIN:
        design = costs * (alone + (1 - alone) / counts)[:, None] / times[:, None]
        found, rest = nnls(design, np.ones(len(times)))
        if best is None or rest < best[0]:
            best = float(rest), found, float(alone)
    assert best is not None
    _, coefficients, alone = best
    errors = np.abs((costs * (alone + (1 - alone) / counts)[:, None]) @ coefficients / times - 1)
    return Fit(tuple(map(float, coefficients)), alone, float(np.median(errors)), float(errors.max()))


class Model:
    """Physics of every figure, acting and learning of all."""

    def __init__(self, rows: Sequence[dict[str, Any]]) -> None:
        found = [(Shape(**row["shape"]), row["seconds"]) for row in rows]
        self.figures = list(dict.fromkeys((shape.figure, shape.physics) for shape, _ in found))
        self.physics = {
            key: fitted([(shape, each["physics"]) for shape, each in found if (shape.figure, shape.physics) == key], "physics")
            for key in self.figures
        }
        self.acting = fitted([(shape, each["acting"]) for shape, each in found], "acting")
        self.learning = fitted([(shape, each["learning"]) for shape, each in found], "learning")
        whole = [self.round(shape) / sum(each.values()) - 1 for shape, each in found]
        self.error, self.worst = float(np.median(np.abs(whole))), float(np.abs(whole).max())

    def law(self, shape: Shape, phase: Phase) -> Fit:
        """That of a phase."""
        return {"physics": self.physics[shape.figure, shape.physics], "acting": self.acting, "learning": self.learning}[phase]

    def phases(self, shape: Shape) -> dict[str, float]:
        """Seconds of a round by phase."""
        return {phase: self.law(shape, phase).seconds(shape.costs(phase), shape.threads) for phase in PHASES}

    def round(self, shape: Shape) -> float:
        """Seconds of a round."""
        return sum(self.phases(shape).values())

    def rate(self, shape: Shape, processes: int = 1) -> float:
        """Environment steps per second, of several processes with their own threads each."""
        return processes * shape.steps / self.round(shape)


def report(model: Model) -> str:
    """The laws and what they predict, as Markdown."""
    lines = [
        "| phase | fixed, µs | a member, µs | a world or sample, µs | not shared by threads | error: median, worst |",
        "|---" * 6 + "|",
    ]
    for (figure, physics), fit in model.physics.items():
        fixed, world = fit.coefficients
        lines.append(_law(f"physics of the {figure}, {physics}, a step", fixed, None, world, fit, ""))
    for name, fit in (("acting, a step", model.acting), ("learning, a minibatch", model.learning)):
        fixed, member, sample = fit.coefficients
        lines.append(_law(name, fixed, member, sample, fit, " · F/10⁶"))
    lines += ["", f"A whole round: median error {model.error:.0%}, worst {model.worst:.0%}.", ""]
    lines += ["| cores | one process: steps/s, physics, acting, learning | a process a core: steps/s |", "|---" * 3 + "|"]
    for figure, cores in product(("hopper", "humanoid"), (1, 2, 4, 16, 64)):
        shape = Shape(figure, "fast", 8, 64, 64, 256, cores)
        parts, whole = model.phases(shape), model.round(shape)
        share = ", ".join(f"{parts[phase] / whole:.0%}" for phase in PHASES)
        apart = model.rate(Shape(figure, "fast", 8, 64, 64, 256, 1), cores)
        lines.append(f"| {figure}, {cores} | {model.rate(shape):,.0f}, {share} | {apart:,.0f} |")
    return "\n".join(lines)


def _law(name: str, fixed: float, member: float | None, sample: float, fit: Fit, unit: str) -> str:
    members = "–" if member is None else f"{member * 1e6:.1f}"
    cells = [name, f"{fixed * 1e6:.1f}", members, f"{sample * 1e6:.3g}{unit}", f"{fit.alone:.0%}"]
    return "| " + " | ".join([*cells, f"{fit.error:.0%}, {fit.worst:.0%}"]) + " |"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("what", choices=["measure", "fit"])
    parser.add_argument("file", nargs="?", type=Path, default=Path("scaling.jsonl"))
    parser.add_argument("--out", type=Path, help="rows of `measure`, one per line; rows in it are not measured again")
    parser.add_argument("--figures", nargs="*", default=list(SIZES), choices=list(SIZES))
    arguments = parser.parse_args()
    path = arguments.out or arguments.file
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []
    if arguments.what == "fit":
        print(report(Model(rows)))
        return 0
    known = {Shape(**row["shape"]) for row in rows}
    threads = sorted({1, max(1, available_cpus() // 2), available_cpus()})
    around = {"machine": machine_info(), "versions": package_versions(peers=False)}
    for shape in shapes(arguments.figures, threads):
        if shape not in known:
            row = {"shape": shape.__dict__, "seconds": measured(shape)} | around
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            print(shape, {name: round(value, 4) for name, value in row["seconds"].items()}, file=sys.stderr, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
