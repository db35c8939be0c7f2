"""Training speed: worlds against the physical limit, training against worlds, both against other libraries.

Workloads take turns in one process, so that a slow machine slows all of them down. Ratios are computed within each repetition;
the results are medians with minimum and maximum.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

from gts.bench import cases
from gts.bench.cases import TrainingWorkload, Workload
from gts.errors import MissingError, UsageError, WorkError
from gts.formats.spec_file import read_spec
from gts.params.figures import FIGURES
from gts.params.spec import Spec, unknown_name_message
from gts.params.techniques import Physics
from gts.system.threads import available_cpus
from gts.system.versions import machine_info, package_versions

BenchRow = dict[str, Any]

WORLD_COUNTS = (64, 256)
"""Numbers of worlds: those of the other libraries, and those of a cohort of 8."""
SB3_WORLD_COUNTS = (8, 64)
"""Numbers of GTS worlds for Stable-Baselines3: its default number of environments, and a better one for worlds."""

COHORT_SIZE = 8
EXACT_TAIL = 0.1
"""Exact tail of the recommended specs with fast physics."""
REPETITIONS = 5

HOPPER_SPEC = Path("hopper", "hopperPPO.spec")
PENDULUM_SPEC = Path("inverted", "invertedPPO.spec")
"""The recommended specs to measure, in the example workspace."""

GTS_COMMAND = (sys.executable, "-m", "gts")
"""Command line of this installation of `gts`."""

RATIO_GOALS = {
    "worlds 256 exact ÷ limit exact": 0.9,
    "worlds 64 exact ÷ gymnasium 64": 2.5,
    "worlds 64 exact ÷ envpool 64": 1.1,
    "1 exact ÷ sb3": 5.0,
    "1 exact ÷ worlds of 1 exact": 0.5,
    "1 fast ÷ sb3": 8.0,
    "8 exact ÷ sb3": 6.5,
    "8 exact ÷ worlds of 8 exact": 0.7,
    "8 fast ÷ sb3": 12.0,
}
"""Goals of ratios on two cores; that against Gymnasium holds for the hopper only."""

_PHYSICS: tuple[Physics, ...] = ("exact", "fast")


@dataclass
class Benchmark:
    """A benchmark: settings and resulting rows.

    Raises UsageError for an unknown figure or a number below 1.
    """

    workspace: Path
    """Folder of the recommended specs."""
    figures: tuple[str, ...] = tuple(FIGURES)
    """Figures to step."""
    peers: bool = False
    """Whether to measure Gymnasium's AsyncVectorEnv, EnvPool, and Stable-Baselines3 in its environments and in worlds."""
    repetitions: int = REPETITIONS
    quick: bool = False
    """Whether to measure briefly, as a test without meaningful numbers."""
    threads: int = field(default_factory=available_cpus)
    rates: list[BenchRow] = field(default_factory=list)
    """Steps per second."""
    ratios: list[BenchRow] = field(default_factory=list)
    profile: list[BenchRow] = field(default_factory=list)
    """Parts of a training's wall-clock by phase."""
    times: list[BenchRow] = field(default_factory=list)
    """Seconds of whole processes."""
    missing: dict[str, str] = field(default_factory=dict)
    """Missing workloads, with reasons."""

    def __post_init__(self) -> None:
        for figure in self.figures:
            if figure not in FIGURES:
                raise UsageError(unknown_name_message("figure", figure, FIGURES))
        if min(self.repetitions, self.threads) < 1:
            raise UsageError("a measurement needs at least one repetition and one thread")

    def run(self) -> Iterator[str]:
        """Measure everything; yields the name of each part before it starts.

        Raises FileError if a recommended spec is missing, WorkError if `gts` fails.
        """
        spec = read_spec(self.workspace / HOPPER_SPEC)
        for figure in self.figures:
            yield f"stepping: {figure}"
            self.measure_stepping(figure)
        yield f"learning: {spec.figure}, {spec.technique}"
        self.measure_learning(spec)
        yield "gts --help"
        self.times.append(
            {"command": "gts --help", **median_and_range(_run_gts(["--help"])[0] for _ in range(self.repetitions)), "goal": 0.3}
        )
        yield f"gts train {PENDULUM_SPEC}"
        self.times.append(self.measure_whole_training())

    def report(self) -> dict[str, Any]:
        """The results as plain data."""
        words = ["gts bench"] + ["--peers"] * self.peers + ["--quick"] * self.quick
        if self.repetitions != REPETITIONS:
            words.append(f"--repetitions {self.repetitions}")
        if self.figures != tuple(FIGURES):
            words += [f"--figure {figure}" for figure in self.figures]
        rows = {"rates": self.rates, "ratios": self.ratios, "profile": self.profile, "times": self.times}
        return {
            "command": " ".join(words),
            "machine": machine_info(),
            "versions": package_versions(self.peers),
            "threads": self.threads,
            "repetitions": self.repetitions,
            **rows,
            "missing": self.missing,
        }

    def measure_stepping(self, figure: str) -> None:
        """Measure the control steps per second of a figure with random actions."""
        runners: dict[str, Workload] = {}
        pairs: list[tuple[str, str]] = []
        for physics in _PHYSICS:
            runners[f"limit {physics}"] = cases.mujoco_workload(figure, physics, self.threads)
            for count in WORLD_COUNTS:
                name = f"worlds {count} {physics}"
                runners[name] = cases.worlds_workload(figure, count, physics, self.threads)
                pairs.append((name, f"limit {physics}"))
        few = WORLD_COUNTS[0]
        others = ("gymnasium", "gymnasium async", "envpool")
        pairs += [(f"worlds {few} {physics}", f"{other} {few}") for physics in _PHYSICS for other in others]
        with ExitStack() as stack:
            runners[f"gymnasium {few}"] = stack.enter_context(cases.gymnasium_workload(figure, few, "sync"))
            if self.peers:
                parallel = cases.gymnasium_workload(figure, few, "async")
                runners[f"gymnasium async {few}"] = stack.enter_context(parallel)
                self._add_if_installed(runners, f"envpool {few}", lambda: cases.envpool_workload(figure, few, self.threads))
            measured = self._measure_rates(runners)
        self._record(figure, measured, pairs)

    def measure_learning(self, spec: Spec) -> None:
        """Measure the environment steps per second of a training, updates included, of one member and of a cohort, by phase."""
        runners: dict[str, Workload] = {}
        pairs: list[tuple[str, str]] = []
        subject = f"{spec.figure} {spec.technique}"
        for members in (1, COHORT_SIZE):
            for physics in _PHYSICS:
                count = members * spec.params.n_environments
                runners[f"{members} {physics}"] = TrainingWorkload(spec, members, physics, self.threads)
                runners[f"worlds of {members} {physics}"] = cases.worlds_workload(spec.figure, count, physics, self.threads)
                pairs += [(f"{members} {physics}", "sb3"), (f"{members} {physics}", f"worlds of {members} {physics}")]
            pairs.append((f"{members} fast, exact tail", "sb3"))
        if self.peers:
            self._add_if_installed(runners, "sb3", lambda: cases.sb3_workload(spec.figure))
            if spec.figure in cases.ZOO_PARAMS:
                self._add_if_installed(runners, "sb3 zoo", lambda: cases.sb3_zoo_workload(spec.figure))
                pairs += [("1 exact", "sb3 zoo"), ("1 fast", "sb3 zoo")]
            for count in SB3_WORLD_COUNTS:
                name = f"sb3 in {count} worlds"
                self._add_if_installed(runners, name, lambda count=count: cases.sb3_workload(spec.figure, count, self.threads))  # type: ignore[misc]
                pairs.append((name, "sb3"))
        measured = self._measure_rates(runners)
        for members in (1, COHORT_SIZE):
            both = zip(measured[f"{members} exact"], measured[f"{members} fast"], strict=True)
            measured[f"{members} fast, exact tail"] = [
                1 / (EXACT_TAIL / exact + (1 - EXACT_TAIL) / fast) for exact, fast in both
            ]
        self._record(subject, measured, pairs)
        for name, work in runners.items():
            if isinstance(work, TrainingWorkload):
                self.profile.append({"subject": subject, "training": name, **work.profile()})

    def measure_whole_training(self) -> BenchRow:
        """Measure the seconds of `gts train` with 100 000 steps, from the start of the process to the score."""
        steps = 2_000 if self.quick else 100_000
        spec = str((self.workspace / PENDULUM_SPEC).resolve())
        seconds, score = [], 0.0
        for _ in range(self.repetitions):
            with tempfile.TemporaryDirectory() as folder:
                words = ["train", spec, str(Path(folder, "out.checkpoint")), "-s", str(steps), "--workspace", folder, "--json"]
                spent, output = _run_gts(words)
            seconds.append(spent)
            score = float(json.loads(output)["members"][0]["score"]["score"])
        return {"command": f"gts train {PENDULUM_SPEC} -s {steps}", **median_and_range(seconds), "goal": 30.0, "score": score}

    def _add_if_installed(self, runners: dict[str, Workload], name: str, make: Callable[[], Workload]) -> None:
        try:
            runners[name] = make()
        except MissingError as error:
            self.missing[name] = error.message

    def _measure_rates(self, runners: dict[str, Workload]) -> dict[str, list[float]]:
        """Steps per second of each workload in each repetition, after one warm-up."""
        rates: dict[str, list[float]] = {name: [] for name in runners}
        for work in runners.values():
            work()
        for _ in range(self.repetitions):
            for name, work in runners.items():
                rates[name].append(rate(work, 0.05 if self.quick else 0.5))
        return rates

    def _record(self, subject: str, measured: dict[str, list[float]], pairs: Iterable[tuple[str, str]]) -> None:
        """Record the rates, and the ratios of the measured pairs."""
        for name, values in measured.items():
            self.rates.append({"subject": subject, "what": name, **median_and_range(values), "unit": "steps/s"})
        for numerator, denominator in pairs:
            if numerator in measured and denominator in measured:
                name = f"{numerator} ÷ {denominator}"
                quotients = median_and_range(a / b for a, b in zip(measured[numerator], measured[denominator], strict=True))
                goal = None if "gymnasium" in denominator and subject != "hopper" else RATIO_GOALS.get(name)
                self.ratios.append({"subject": subject, "what": name, **quotients, "goal": goal})


def rate(work: Workload, seconds: float) -> float:
    """Steps per second of a workload, repeated for at least `seconds`."""
    steps, started = 0, perf_counter()
    while (spent := perf_counter() - started) < seconds:
        steps += work()
    return steps / spent


def median_and_range(values: Iterable[float]) -> dict[str, float]:
    """Median, minimum and maximum."""
    every = list(values)
    return {"median": statistics.median(every), "min": min(every), "max": max(every)}


def _run_gts(arguments: Sequence[str]) -> tuple[float, str]:
    """Seconds and standard output of a `gts` process; raises WorkError if it fails."""
    started = perf_counter()
    done = subprocess.run([*GTS_COMMAND, *arguments], capture_output=True, text=True, check=False)
    spent = perf_counter() - started
    if done.returncode:
        raise WorkError(f"`gts {' '.join(arguments)}` ended with {done.returncode}: {done.stderr.strip()[-400:]}")
    return spent, done.stdout
