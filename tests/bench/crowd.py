"""Number of machines that one study serves: owners on a PostgreSQL server make the calls of a search without training.

    python -m tests.bench.crowd --owners 1 2 4 8 --trials 400      needs a PostgreSQL installation (initdb, pg_ctl) and psycopg

Every owner is a process with the calls that an owner makes: ask, ten reports, each with the question whether to prune, a
heartbeat, complete. All of its time is the storage's, the sampler's and the pruner's, so that trials per second is how fast
trainings may end, wherever they are trained. The server is on this machine and shares its CPUs with the owners; its own
CPU time per trial gives the load of a separate server. A line of JSON for every number of owners, with times by how many
trials the study had by then.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from gts.formats.space_file import read_space
from gts.search.study import Study
from gts.store.workspace import Workspace
from gts.system.versions import machine_info, package_versions

ROOT = Path(__file__).parents[2]
SPACE = ROOT / "workspace" / "hopper" / "hopper.space"
REPORTS = 10


def own(folder: Path, url: str, trials: int, sampler: str) -> list[dict[str, float]]:
    """Run an owner to the end of the study; returns one row per trial with the seconds of each kind of call."""
    space = read_space(SPACE)
    settings = {"trials": trials, "sampler": sampler, "confirm": 0}
    study = Study.create_or_load(Workspace(folder).study_folder(space.name), space, storage=url, settings=settings)
    rows: list[dict[str, float]] = []
    try:
        while True:
            began = time.perf_counter()
            trial = study.ask()
            asked = time.perf_counter()
            if trial is None:
                return rows
            worth = 3000 * math.exp(-((math.log10(trial.values["actor.learningRate"]) + 3) ** 2))
            pruned = False
            for at in range(1, REPORTS + 1):
                study.report(trial, at * trial.spec.params.n_steps // REPORTS, worth * at / REPORTS)
                pruned = pruned or study.should_prune(trial)
            study.send_heartbeat()
            reported = time.perf_counter()
            study.prune(trial) if pruned else study.complete(trial, (worth,), {"steps": 1_000_000})
            rows.append(
                {
                    "number": trial.number,
                    "ask": asked - began,
                    "report": (reported - asked) / REPORTS,
                    "tell": time.perf_counter() - reported,
                }
            )
    finally:
        study.close()


def crowd(owners: int, trials: int, sampler: str) -> dict[str, Any]:
    """A study of its own on a server of its own; how it went."""
    from tests.support.postgresql import Server, programs

    found = programs()
    if found is None:
        raise SystemExit("PostgreSQL is not installed: initdb and pg_ctl are missing")
    server = Server(found)
    try:
        server.start()
        server_process = psutil.Process(int((server.folder / "data" / "postmaster.pid").read_text().split()[0]))
        with tempfile.TemporaryDirectory() as folder:
            own(Path(folder) / "first", server.url, 1, sampler)
            words = [sys.executable, "-m", "tests.bench.crowd", "--one", server.url, str(trials), sampler]
            before, began = _spent(server_process), time.perf_counter()
            started = [
                subprocess.Popen([*words, str(Path(folder) / str(number))], stdout=subprocess.PIPE, text=True)
                for number in range(owners)
            ]
            said = [json.loads(process.communicate()[0]) for process in started]
            seconds = time.perf_counter() - began
            spent = _spent(server_process) - before
    finally:
        server.remove()
    rows = sorted((row for one in said for row in one["rows"]), key=lambda row: row["number"])
    assert len({row["number"] for row in rows}) == len(rows) == trials - 1, "a trial was lost or had twice"
    return {
        "owners": owners,
        "trials": trials,
        "sampler": sampler,
        "trials_per_second": len(rows) / seconds,
        "server_cpu_per_trial": spent / len(rows),
        "owner_cpu_per_trial": sum(one["cpu"] for one in said) / len(rows),
        "seconds_by_trials": {
            str(part[-1]["number"]): {key: statistics.median(row[key] for row in part) for key in ("ask", "report", "tell")}
            for part in _quarters(rows)
        },
    }


def _quarters(rows: Sequence[dict[str, float]]) -> list[Sequence[dict[str, float]]]:
    size = -(-len(rows) // 4)
    return [rows[at : at + size] for at in range(0, len(rows), size)]


def _spent(server: psutil.Process) -> float:
    """CPU seconds of a server so far, its ended connections too."""
    times = [server.cpu_times(), *(child.cpu_times() for child in server.children(recursive=True))]
    ended = times[0].children_user + times[0].children_system
    return float(sum(one.user + one.system for one in times) + ended)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--owners", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--trials", type=int, default=400)
    parser.add_argument("--samplers", nargs="+", default=["random", "tpe"])
    parser.add_argument("--out", type=Path, help="lines of JSON are added to it")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        url, trials, sampler, folder = arguments.one
        began = time.process_time()
        rows = own(Path(folder), url, int(trials), sampler)
        print(json.dumps({"rows": rows, "cpu": time.process_time() - began}))
        return 0
    around = {"machine": machine_info(), "versions": package_versions(peers=False), "cpus": os.cpu_count()}
    for sampler in arguments.samplers:
        for owners in arguments.owners:
            row = json.dumps(crowd(owners, arguments.trials, sampler) | around)
            print(row, flush=True)
            if arguments.out:
                with arguments.out.open("a", encoding="utf-8") as file:
                    file.write(row + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
