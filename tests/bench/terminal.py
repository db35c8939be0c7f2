"""Cost of the terminal program: time to the first paint and from a key to its effect, CPU and bytes at rest and in use.

    python tests/bench/terminal.py                    about five minutes
    python tests/bench/terminal.py --runs 50 --trials 200 --seconds 5 --no-jobs

The program works in a pseudo-terminal, in a workspace with many runs, one of them of ten million steps, and a study with many
trials; two trainings run meanwhile. Every row is printed as a line of JSON. Times are measured at the terminal: from a
key's last byte going in to the first byte of the answer coming out, and to the last byte of it.
"""

from __future__ import annotations

import argparse
import json
import os
import pty
import select
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
import zlib
from fcntl import ioctl
from pathlib import Path
from typing import Any

import psutil

from gts.system.versions import machine_info, package_versions

ROOT = Path(__file__).parents[2]
QUIET_SECONDS = 0.08
"""Without a byte for so long, an answer is over."""
KEYS = (b"\x1b[B", b"\x1b[B", b"\x1b[A", b"3", b"5", b"\x1b[B", b"4", b"1", b":", b"t", b"r", b"\x7f", b"\x1b")
"""Down, down, up, training, jobs, down, search, workspace, and the beginning of a command that is left again."""


class Person:
    """A pseudo-terminal in which the program runs."""

    def __init__(
        self, workspace: Path, columns: int = 80, rows: int = 24, *, environment: dict[str, str] | None = None
    ) -> None:
        self.began = time.perf_counter()
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            settings = os.environ | {"TERM": "xterm-256color", "PYTHONPATH": str(ROOT)} | (environment or {})
            os.execvpe(sys.executable, [sys.executable, "-m", "gts", "--workspace", str(workspace)], settings)
        ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.seen = bytearray()

    def read(self, seconds: float) -> bytes:
        """What comes within some time."""
        end, found = time.perf_counter() + seconds, bytearray()
        while (left := end - time.perf_counter()) > 0:
            if select.select([self.terminal], [], [], left)[0]:
                try:
                    found += os.read(self.terminal, 1 << 16)
                except OSError:
                    break
        self.seen += found
        return bytes(found)

    def until(self, text: bytes, seconds: float = 20.0) -> float:
        """Seconds from the start of the program until a text has come."""
        end = time.perf_counter() + seconds
        while text not in self.seen:
            if time.perf_counter() > end:
                raise SystemExit(f"the program did not show {text!r}; it showed {bytes(self.seen[-2000:])!r}")
            self.read(0.005)
        return time.perf_counter() - self.began

    def settle(self, quiet: float = 1.0, seconds: float = 20.0) -> None:
        """Wait until nothing comes any more."""
        end = time.perf_counter() + seconds
        while self.read(quiet) and time.perf_counter() < end:
            pass

    def press(self, key: bytes) -> tuple[float, float]:
        """Seconds from a key to the first and the last byte of what it does; infinite without an answer."""
        while select.select([self.terminal], [], [], 0)[0]:
            self.seen += os.read(self.terminal, 1 << 16)
        began = time.perf_counter()
        os.write(self.terminal, key)
        first, last = float("inf"), float("inf")
        while select.select([self.terminal], [], [], QUIET_SECONDS if first < float("inf") else 2.0)[0]:
            self.seen += os.read(self.terminal, 1 << 16)
            last = time.perf_counter() - began
            first = min(first, last)
            if last > 2.0:
                break
        return first, last

    def load(self, seconds: float) -> dict[str, float]:
        """CPU in percent, and bytes a second, raw and as `ssh -C` would send them, without a key."""
        process = psutil.Process(self.pid)
        before = sum(process.cpu_times()[:2])
        squeeze, raw, sent, end = zlib.compressobj(6), 0, 0, time.perf_counter() + seconds
        while time.perf_counter() < end:
            came = self.read(0.1)
            raw += len(came)
            sent += len(squeeze.compress(came) + squeeze.flush(zlib.Z_SYNC_FLUSH)) if came else 0
        used = sum(process.cpu_times()[:2]) - before
        return {
            "cpu_percent": round(100 * used / seconds, 2),
            "bytes_per_second": round(raw / seconds),
            "compressed_per_second": round(sent / seconds),
            "memory_mb": round(process.memory_info().rss / 1e6),
        }

    def end(self) -> None:
        """Leave."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)


def gts(workspace: Path, *words: str) -> str:
    """A command at the shell; its standard output."""
    command = [sys.executable, "-m", "gts", *words, "--workspace", str(workspace)]
    found = subprocess.run(command, cwd=workspace, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)})
    if found.returncode:
        raise SystemExit(f"{' '.join(words)}: {found.stderr}")
    return found.stdout


def furnish(workspace: Path, runs: int, steps: int, trials: int) -> None:
    """A workspace that has seen much use: `runs` runs, one of them of `steps` steps, a study of `trials` trials."""
    shutil.copytree(ROOT / "workspace", workspace, dirs_exist_ok=True)
    short = ("--set", "nSteps=4096", "--set", "nEpochs=2", "--no-score")
    gts(workspace, "train", "inverted/invertedPPO.spec", "first.checkpoint", *short)
    (first,) = (workspace / "runs").iterdir()
    for at in range(runs - 1):
        copy = workspace / "runs" / f"20260101-{at // 3600 % 24:02}{at // 60 % 60:02}{at % 60:02}-old-{at:03x}"
        shutil.copytree(first, copy)
        for name in ("run.json", "job.json"):
            text = (copy / name).read_text().replace(first.name, copy.name)
            (copy / name).write_text(text)
    from gts.store.metrics import MetricsWriter

    long = sorted((workspace / "runs").iterdir())[-1]
    (long / "metrics.db").unlink()
    rounds = steps // 2048
    with MetricsWriter(long / "metrics.db", rounds=rounds) as writer:
        for at in range(1, rounds + 1):
            writer.add_round(at * 2048, at, [{"return": at % 97, "length": at % 89, "loss/actor": 1 / at}], {"physics": 0.1})
    space = json.loads((workspace / "inverted" / "inverted.space").read_text()) | {
        "name": "large",
        "nSteps": 4096,
        "nEpochs": 2,
    }
    (workspace / "large.space").write_text(json.dumps(space))
    gts(workspace, "search", "large.space", "2", "--confirm", "0", "--pruner", "none")
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.load_study(study_name=None, storage=f"sqlite:///{workspace}/studies/large/study.db")
    pattern = study.trials[0]
    study.add_trials([pattern for _ in range(trials - 2)])


def tell(row: str, **found: Any) -> None:
    """A row of the results."""
    print(json.dumps({"row": row} | found), flush=True)


def first_paints(workspace: Path) -> None:
    """From the start of the process until there is something to see."""
    paints = []
    for _ in range(7):
        person = Person(workspace)
        paints.append(person.until(b"command"))
        person.end()
    tell("first paint", median=round(statistics.median(paints), 3), all=[round(paint, 3) for paint in paints])


def at_rest(workspace: Path, seconds: float) -> None:
    """Measure the cost of the idle program."""
    person = Person(workspace)
    person.until(b"command")
    person.settle()
    tell("at rest", **person.load(seconds))
    person.end()


def train_beside(workspace: Path) -> list[str]:
    """Begin two long trainings; the names of their runs."""
    jobs = []
    for seed in ("1", "2"):
        settings = ("--set", f"seed={seed}", "--set", "nSteps=100000000", "--set", "nEpochs=48800", "--threads", "1")
        found = gts(workspace, "train", "hopper/hopperPPO.spec", f"o{seed}.checkpoint", *settings, "--detach", "--json")
        jobs.append(json.loads(found)["run"])
    time.sleep(10)
    return jobs


def keys_to_effects(person: Person, row: str) -> None:
    """Press the most used keys and measure their times."""
    firsts, lasts = [], []
    for _ in range(12):
        for key in KEYS:
            first, last = person.press(key)
            if first < float("inf"):
                firsts.append(first)
                lasts.append(last)
            time.sleep(0.05)
    lasts.sort()
    firsts.sort()
    tell(
        row,
        keys=len(firsts),
        first_median_ms=round(1e3 * statistics.median(firsts), 1),
        first_99_ms=round(1e3 * firsts[int(0.99 * (len(firsts) - 1))], 1),
        whole_median_ms=round(1e3 * statistics.median(lasts), 1),
        whole_99_ms=round(1e3 * lasts[int(0.99 * (len(lasts) - 1))], 1),
    )


def at_work(workspace: Path, columns: int, rows: int, seconds: float, beside: str) -> None:
    """Keys, and each screen watched for a while."""
    person = Person(workspace, columns, rows)
    person.until(b"command")
    person.settle(seconds=5)
    keys_to_effects(person, f"key to effect, {columns}×{rows}{beside}")
    for key, name in ((b"3", "training"), (b"5", "jobs"), (b"4", "search"), (b"1", "workspace")):
        person.press(key)
        person.settle(seconds=5)
        tell(f"{name} screen, {columns}×{rows}", **person.load(seconds))
    person.end()


def main() -> None:
    """Run from the shell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=10_000_000)
    parser.add_argument("--trials", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=20.0, help="of watching each screen")
    parser.add_argument("--no-jobs", action="store_true", help="measure without the two trainings beside")
    parser.add_argument("--folder", type=Path, help="keep the workspace there, and use it if it exists")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp())
    os.environ["GTS_STATE"] = str(folder / "state")
    workspace = folder / "w"
    if not workspace.exists():
        furnish(workspace, arguments.runs, arguments.steps, arguments.trials)
    tell("machine", **machine_info(), versions=package_versions(peers=False))
    first_paints(workspace)
    at_rest(workspace, arguments.seconds)
    jobs = [] if arguments.no_jobs else train_beside(workspace)
    try:
        for columns, rows in ((80, 24), (120, 40)):
            at_work(workspace, columns, rows, arguments.seconds, "" if arguments.no_jobs else ", two jobs train")
    finally:
        for job in jobs:
            gts(workspace, "stop", job, "--now")
        if arguments.folder is None:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
