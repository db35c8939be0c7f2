"""Kills trainings at random moments, resumes them, and compares them with undisturbed trainings.

    python tests/bench/chaos.py --kills 100

Every training is started detached with `gts train`, killed with SIGKILL as a whole process group (while it starts, while it
learns, in the middle of a write of a checkpoint, while it is scored), and resumed by `gts resume`. At the end everything
must be as in the undisturbed one: the result, the best and the last checkpoints byte for byte, every row of every metric, the
outcome; and no process may be left. The result is written as JSON to standard output.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from gts.jobs.job_store import JobStatus, read_job_status
from gts.store.workspace import Workspace
from gts.system.versions import machine_info, package_versions

PHASES = ("start", "update", "write", "update", "write", "score")
MOST_SECONDS = 300.0
CLOCKED = ("seconds/%", "steps_per_second")
"""Metrics of durations, which differ between runs."""


@dataclass(frozen=True)
class Subject:
    """A training to kill."""

    figure: str
    technique: str
    seeds: int
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """For files and messages."""
        return f"{self.figure}-{self.technique}" + (f"-{self.seeds}" if self.seeds > 1 else "")

    def document(self, rounds: int) -> dict[str, Any]:
        """Its spec: `rounds` of a few hundred steps each."""
        steps = {"nSteps": 256 * rounds, "nEpochs": rounds, "nEnvironments": 4, "nEvaluations": 3, "evaluationEpisodes": 2}
        return {"physicalModel": self.figure, "technique": self.technique, "params": steps | self.params}


SUBJECTS = (
    Subject("hopper", "ppo", 1),
    Subject("walker", "a2c", 1),
    Subject("invertedPendulum", "reinforce", 1, {"baseline": "learned"}),
    Subject("ant", "ppo", 1, {"physics": "fast", "exactTail": 0.5}),
    Subject("hopper", "a2c", 8),
    Subject("humanoid", "reinforce", 2),
    Subject("halfCheetah", "ppo", 8),
)


@dataclass
class Tally:
    """What came of it all."""

    kills: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    differences: list[str] = field(default_factory=list)
    orphans: int = 0


class Chaos:
    """One workspace full of trainings that are killed."""

    def __init__(self, folder: Path, *, seed: int, rounds: int = 40) -> None:
        self.folder = folder
        self.workspace = Workspace(folder)
        self.tally = Tally()
        self._draw = random.Random(seed)
        self._rounds = rounds
        self._environment = {**os.environ, "GTS_STATE": str(folder / "state"), "OMP_NUM_THREADS": "1"}

    def gts(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command line."""
        command = [sys.executable, "-m", "gts", *words, "--workspace", str(self.folder)]
        return subprocess.run(command, capture_output=True, text=True, env=self._environment, check=False)

    def started(self, subject: Subject, out: Path) -> Path:
        """Start a training that saves after every round; the folder of its run."""
        spec = self.folder / f"{subject.name}.spec"
        spec.write_text(json.dumps(subject.document(self._rounds)))
        words = ["train", str(spec), str(out), "--seeds", str(subject.seeds), "--save-every", "0", "--threads", "1"]
        done = self.gts(*words, "--detach", "--json")
        assert done.returncode == 0, done.stderr
        return self.workspace.run_folder(json.loads(done.stdout)["run"]).path

    def undisturbed(self, subject: Subject) -> Path:
        """Train without kills; returns the folder of the run."""
        folder = self.started(subject, self._out(subject, "calm"))
        standing = _wait(folder)
        assert standing.state.name == "done", f"{subject.name}: {standing.state}\n{(folder / 'log.txt').read_text()}"
        return folder

    def disturbed(self, subject: Subject, kills: int) -> Path:
        """A training that is killed that many times, in all phases in turn; the folder of its run."""
        folder = self.started(subject, self._out(subject, "killed"))
        for number in range(kills):
            phase = PHASES[number * len(PHASES) // kills] if kills >= len(PHASES) else self._draw.choice(PHASES)
            if not self._kill_in(phase, folder):
                break  # it was quicker than we were
            self.tally.kills[phase] += 1
            resumed = self.gts("resume", folder.name)
            assert resumed.returncode == 0, resumed.stderr
        standing = _wait(folder)
        if standing.state.name != "done":
            self.tally.differences.append(f"{subject.name}: ended as {standing.state}")
        return folder

    def compare(self, subject: Subject, calm: Path, killed: Path) -> None:
        """Note everything that differs between two runs of one training."""
        self.tally.runs += 1
        pairs = [(self._out(subject, "calm", seed), self._out(subject, "killed", seed)) for seed in range(1, subject.seeds + 1)]
        kept = [path.relative_to(calm) for path in sorted(calm.glob("member*/*.checkpoint"))]
        pairs += [(calm / path, killed / path) for path in kept]
        for one, other in pairs:
            if not other.exists() or one.read_bytes() != other.read_bytes():
                self.tally.differences.append(f"{subject.name}: {other.name} differs from the undisturbed one")
        extra = {path.relative_to(killed) for path in killed.glob("member*/*")} - {
            path.relative_to(calm) for path in calm.glob("member*/*")
        }
        self.tally.differences += [f"{subject.name}: {path} should not be there" for path in sorted(extra)]
        for table, (told, again) in _tables(calm, killed).items():
            if told != again:
                lost, more = len(set(told) - set(again)), len(set(again) - set(told))
                doubled = len(again) - len(set(again))
                self.tally.differences.append(f"{subject.name}: {table}: {lost} rows lost, {more} new, {doubled} doubled")
        ends = [json.loads((folder / "run.json").read_text())["outcome"] for folder in (calm, killed)]
        for one, other in zip(*ends, strict=True):
            if one | {"result": ""} != other | {"result": ""}:
                self.tally.differences.append(f"{subject.name}: the outcome differs")

    def orphans(self) -> list[psutil.Process]:
        """Processes of this workspace's jobs that still live."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.status() != psutil.STATUS_ZOMBIE and any(str(self.folder) in word for word in process.cmdline()):
                    found.append(process)
        return [process for process in found if process.pid != os.getpid()]

    def finish(self) -> None:
        """Count the processes that are left, and end them."""
        until = time.monotonic() + 60
        while (left := self.orphans()) and time.monotonic() < until:
            time.sleep(0.1)  # one that has let go of its lock is about to end
        self.tally.orphans += len(left)
        for process in left:
            with suppress(psutil.Error):
                process.kill()

    def _out(self, subject: Subject, which: str, seed: int = 0) -> Path:
        ending = f"-seed{seed}" if seed and subject.seeds > 1 else ""
        return self.folder / which / f"{subject.name}{ending}.checkpoint"

    def _kill_in(self, phase: str, folder: Path) -> bool:
        """Wait for a moment in a phase and kill the worker with its group; False where the run ended before."""
        until = time.monotonic() + MOST_SECONDS
        wait = {
            "start": self._draw.uniform(0.0, 2.5),
            "update": self._draw.uniform(0.0, 0.6),
            "score": self._draw.random() * 0.2,
        }
        log = folder / "log.txt"
        while time.monotonic() < until:
            standing = read_job_status(folder)
            if not standing.state.alive:
                return False
            due = {
                "start": True,
                "update": standing.state.name == "running",
                "write": any(folder.glob("member*/.*.part")),
                "score": log.exists() and "scoring" in log.read_text(),
            }
            if due[phase]:
                time.sleep(wait.get(phase, 0.0))
                return _kill(folder)
            time.sleep(0.0 if phase == "write" else 0.01)
        raise AssertionError(f"{folder.name} does not reach phase {phase}")


def run(folder: Path, subjects: Sequence[Subject], kills: int, seed: int, *, rounds: int = 40) -> Tally:
    """Kill that many times, shared out among the subjects, and compare."""
    chaos = Chaos(folder, seed=seed, rounds=rounds)
    for which in ("calm", "killed"):
        (folder / which).mkdir(parents=True)
    calm = {}
    turn = 0
    try:
        while sum(chaos.tally.kills.values()) < kills:
            subject = subjects[turn % len(subjects)]
            left = kills - sum(chaos.tally.kills.values())
            if subject.name not in calm:
                calm[subject.name] = chaos.undisturbed(subject)
            share = min(left, max(len(PHASES), -(-kills // len(subjects)) // 2))
            killed = chaos.disturbed(subject, share)
            chaos.compare(subject, calm[subject.name], killed)
            print(f"{subject.name}: {dict(chaos.tally.kills)} {chaos.tally.differences}", file=sys.stderr, flush=True)
            for path in (folder / "killed").iterdir():
                path.unlink()
            shutil.rmtree(killed)
            turn += 1
    finally:
        chaos.finish()
    return chaos.tally


def _kill(folder: Path) -> bool:
    """SIGKILL the worker with all its processes; False if it has ended by itself."""
    standing = read_job_status(folder)
    if not standing.state.alive or standing.lock_info is None:
        return False
    if not standing.lock_info.group:
        # The launcher still holds the lock for it.
        time.sleep(0.05)
        return _kill(folder)
    with suppress(ProcessLookupError):
        os.killpg(standing.lock_info.worker.pid, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while read_job_status(folder).state.alive:
        assert time.monotonic() < deadline, "the lock outlives the process"
        time.sleep(0.005)
    return read_job_status(folder).state.name == "interrupted"


def _wait(folder: Path) -> JobStatus:
    """Wait until no process works on a run."""
    until = time.monotonic() + MOST_SECONDS
    while (standing := read_job_status(folder)).state.alive:
        assert time.monotonic() < until, f"{folder.name} does not end"
        time.sleep(0.05)
    return standing


def _tables(one: Path, other: Path) -> dict[str, tuple[list[Any], list[Any]]]:
    """The rows of both runs by table, without what a clock has measured."""
    clocked = " AND ".join(f"name NOT LIKE '{name}'" for name in CLOCKED)
    points = "SELECT member, name, step, value FROM points JOIN series ON series.id = series"
    queries = {
        "rounds": "SELECT step, epoch FROM rounds ORDER BY step",
        "points": f"{points} WHERE {clocked} ORDER BY 1, 2, 3",
        "evaluations": "SELECT * FROM evaluations ORDER BY member, step",
        "failures": "SELECT * FROM failures ORDER BY member",
    }
    found: dict[str, tuple[list[Any], list[Any]]] = {}
    for table, query in queries.items():
        rows = []
        for folder in (one, other):
            connection = sqlite3.connect(folder / "metrics.db")
            rows.append(connection.execute(query).fetchall())
            connection.close()
        found[table] = (rows[0], rows[1])
    return found


def main() -> int:
    """Run from the shell; 0 if nothing differed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--only", help="subjects with this word in their names")
    arguments = parser.parse_args()
    subjects = [subject for subject in SUBJECTS if not arguments.only or arguments.only in subject.name]
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        tally = run(Path(folder), subjects, arguments.kills, arguments.seed)
    found = {
        "seed": arguments.seed,
        "kills": dict(tally.kills),
        "runs": tally.runs,
        "differences": tally.differences,
        "orphans": tally.orphans,
        "seconds": round(time.monotonic() - began, 1),
    }
    print(json.dumps(found | {"machine": machine_info(), "versions": package_versions(peers=False)}, indent=2))
    return 1 if tally.differences or tally.orphans else 0


if __name__ == "__main__":
    sys.exit(main())
