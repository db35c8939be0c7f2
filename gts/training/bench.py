"""How fast this machine trains: worlds against the physical limit, learning against the worlds, both against other libraries.

What is compared takes turns in one process, again and again, so that whatever slows the machine down slows all of it down.
Ratios are taken within each repetition; medians are reported, with the smallest and the largest.
"""

from __future__ import annotations

import json
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import psutil

from gts.errors import MissingError, UsageError, WorkError
from gts.formats.spec_file import read_spec
from gts.params.figures import FIGURES
from gts.params.spec import Spec, unknown
from gts.threads import available_cpus
from gts.training import contenders
from gts.training.contenders import Contender, Learning

Listener = Callable[[str], None]
"""Hears what is measured next."""

WORLDS = (64, 256)
"""Worlds that are stepped side by side: where others are measured too, and what a cohort of 8 has."""

COHORT = 8

HOPPER = Path("hopper", "hopperPPO.spec")
PENDULUM = Path("inverted", "invertedPPO.spec")
"""The recommended specs that are measured, in the workspace that comes with GTS."""

PROGRAM = (sys.executable, "-c", "import sys; from gts.cli import main; sys.exit(main())")
"""`gts` of this very installation."""

_PHYSICS: tuple[Literal["exact", "fast"], ...] = ("exact", "fast")


def run_bench(
    workspace: Path,
    *,
    figures: Sequence[str] = (),
    peers: bool = False,
    repetitions: int = 5,
    quick: bool = False,
    threads: int | None = None,
    listener: Listener | None = None,
) -> dict[str, Any]:
    """Measure this machine: stepping, learning, and the program as a whole.

    `workspace` holds the recommended specs. `figures`: those to step, all of them if none are named. `peers`: also measure
    Stable-Baselines3 and EnvPool; what is not installed is listed under `missing`. `quick`: brief measurements, good for finding
    out whether it works, not for numbers. Raises UsageError for an unknown figure or a repetition count below 1, FileError where a
    recommended spec is missing, WorkError where `gts` itself fails.
    """
    for figure in figures:
        if figure not in FIGURES:
            raise UsageError(unknown("figure", figure, FIGURES))
    if repetitions < 1:
        raise UsageError("a measurement needs at least one repetition")
    bench = Bench(workspace, tuple(figures) or tuple(FIGURES), peers, repetitions, quick, threads or available_cpus())
    if listener is not None:
        bench.listener = listener
    return bench.run()


@dataclass
class Bench:
    """What is measured, and how patiently."""

    workspace: Path
    """A workspace with the recommended specs."""
    figures: tuple[str, ...]
    peers: bool
    repetitions: int
    quick: bool
    threads: int
    listener: Listener = lambda _: None
    missing: dict[str, str] = field(default_factory=dict)
    """Contenders that could not be had, and why."""

    @property
    def seconds(self) -> float:
        """Least duration of one measurement."""
        return 0.05 if self.quick else 0.5

    def run(self) -> dict[str, Any]:
        """Measure everything."""
        report: dict[str, Any] = {
            "command": self.command(),
            "machine": machine(),
            "threads": self.threads,
            "repetitions": self.repetitions,
            "stepping": {figure: self.stepping(figure) for figure in self.figures},
        }
        report["learning"] = self.learning(read_spec(self.workspace / HOPPER))
        report["program"] = {"help": self.program(["--help"]), "pendulum": self.pendulum()}
        return report | {"missing": self.missing, "versions": versions(self.peers)}

    def command(self) -> str:
        """The command that measures this again."""
        words = ["gts bench"]
        if self.figures != tuple(FIGURES):
            words += [f"--figure {figure}" for figure in self.figures]
        words += ["--peers"] * self.peers + ["--quick"] * self.quick
        return " ".join(words)

    def stepping(self, figure: str) -> dict[str, Any]:
        """Control steps per second of a figure under random actions, and how they compare."""
        runners: dict[str, Contender] = {}
        pairs: list[tuple[str, str]] = []
        for physics in _PHYSICS:
            runners[f"limit {physics}"] = contenders.limit(figure, physics, self.threads)
            for count in WORLDS:
                name = f"worlds {count} {physics}"
                runners[name] = contenders.worlds(figure, count, physics, self.threads)
                pairs.append((name, f"limit {physics}"))
        few = WORLDS[0]
        runners[f"gymnasium {few}"] = contenders.gymnasium_sync(figure, few)
        if self.peers:
            self._invite(runners, f"envpool {few}", lambda: contenders.envpool(figure, few, self.threads))
        pairs += [(f"worlds {few} {physics}", f"{peer} {few}") for physics in _PHYSICS for peer in ("gymnasium", "envpool")]
        return self._compare(figure, runners, pairs)

    def learning(self, spec: Spec) -> dict[str, Any]:
        """Environment steps per second of PPO, updates included, alone and as a cohort, and where the time goes."""
        runners: dict[str, Contender] = {}
        trainings: dict[str, Learning] = {}
        pairs: list[tuple[str, str]] = []
        for physics in _PHYSICS:
            for members in (1, COHORT):
                name = f"cohort of {members}, {physics}"
                trainings[name] = Learning(spec, members, physics, self.threads)
                runners[name] = trainings[name]
                count = members * spec.params.n_environments
                runners[f"worlds {count} {physics}"] = contenders.worlds(spec.figure, count, physics, self.threads)
                pairs += [(name, "sb3"), (name, f"worlds {count} {physics}")]
        if self.peers:
            self._invite(runners, "sb3", lambda: contenders.sb3_ppo(spec.figure))
        result = self._compare(f"{spec.figure} {spec.technique}", runners, pairs)
        return result | {"profile": {name: training.profile() for name, training in trainings.items()}}

    def program(self, arguments: Sequence[str]) -> dict[str, float]:
        """Seconds of a whole `gts` process."""
        self.listener(f"gts {' '.join(arguments)}")
        return spread(_run(arguments)[0] for _ in range(self.repetitions))

    def pendulum(self) -> dict[str, Any]:
        """Seconds of `gts train` with 100 000 steps, from the start of the process to the score."""
        steps = 2_000 if self.quick else 100_000
        spec = str((self.workspace / PENDULUM).resolve())
        seconds, score = [], 0.0
        for _ in range(self.repetitions):
            self.listener(f"gts train {PENDULUM} -s {steps}")
            with tempfile.TemporaryDirectory() as folder:
                words = ["train", spec, str(Path(folder, "out.checkpoint")), "-s", str(steps), "--workspace", folder, "--json"]
                spent, output = _run(words)
            seconds.append(spent)
            score = json.loads(output)["members"][0]["score"]["score"]
        return spread(seconds) | {"steps": steps, "score": score}

    def _invite(self, runners: dict[str, Contender], name: str, make: Callable[[], Contender]) -> None:
        try:
            runners[name] = make()
        except MissingError as error:
            self.missing[name] = error.message

    def _compare(self, subject: str, runners: dict[str, Contender], pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
        """Let the contenders take turns; steps per second of each, and the ratios of the pairs that are there."""
        rates: dict[str, list[float]] = {name: [] for name in runners}
        for name, work in runners.items():
            self.listener(f"{subject}: {name}, warming up")
            work()
        for turn in range(self.repetitions):
            for name, work in runners.items():
                self.listener(f"{subject}: {name}, {turn + 1} of {self.repetitions}")
                rates[name].append(rate(work, self.seconds))
        ratios = {
            f"{own} ÷ {other}": spread(a / b for a, b in zip(rates[own], rates[other], strict=True))
            for own, other in pairs
            if own in rates and other in rates
        }
        return {"rates": {name: spread(values) for name, values in rates.items()}, "ratios": ratios}


def rate(work: Contender, seconds: float) -> float:
    """Steps per second of work that is repeated for at least so many seconds."""
    steps, began = 0, perf_counter()
    while (spent := perf_counter() - began) < seconds:
        steps += work()
    return steps / spent


def spread(values: Iterable[float]) -> dict[str, float]:
    """Median, smallest and largest."""
    every = list(values)
    return {"median": statistics.median(every), "min": min(every), "max": max(every)}


def machine() -> dict[str, Any]:
    """What the numbers were taken on."""
    return {
        "processor": _processor(),
        "cores": psutil.cpu_count(logical=True),
        "usable": available_cpus(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": platform.platform(),
        "load": psutil.getloadavg()[0],
    }


def versions(peers: bool) -> dict[str, str]:
    """What the numbers were taken with."""
    packages = ["gts", "torch", "mujoco", "numpy", "gymnasium"] + ["stable-baselines3", "envpool"] * peers
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    """The processor's name as a person knows it."""
    listing = Path("/proc/cpuinfo")
    if listing.is_file():
        for line in listing.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _run(arguments: Sequence[str]) -> tuple[float, str]:
    """Seconds and standard output of a `gts` process; raises WorkError where it fails."""
    began = perf_counter()
    done = subprocess.run([*PROGRAM, *arguments], capture_output=True, text=True, check=False)
    spent = perf_counter() - began
    if done.returncode:
        raise WorkError(f"`gts {' '.join(arguments)}` ended with {done.returncode}: {done.stderr.strip()[-400:]}")
    return spent, done.stdout
