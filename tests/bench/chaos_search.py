"""Kills the owner of a search, its workers, or all of them at random moments, and resumes it each time.

    python tests/bench/chaos_search.py --kills 30

At the end the table of trials must have no gap and nothing twice: as many trials as were wanted, numbered without a hole, every
one of them ended, each value the mean of the values in the folders of its trainings, each training with all of its evaluations
and no number doubled; and no process may be left. The result is written as JSON to standard output.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil

from gts.errors import GtsError
from gts.formats.objectives import compute_trial_values
from gts.formats.space_file import read_space
from gts.jobs import control
from gts.jobs.job_store import read_job_status
from gts.jobs.launch import launch
from gts.jobs.requests import SearchRequest
from gts.jobs.searches.active_trials import read_training_end
from gts.jobs.searches.job import create_search
from gts.search.study import Study
from gts.store.curves import MetricsReader
from gts.store.workspace import RunFolder, StudyFolder, Workspace
from gts.system.versions import machine_info, package_versions

VICTIMS = ("owner", "worker", "all", "worker", "owner", "two workers")
MOST_SECONDS = 900.0

SPACE: dict[str, Any] = {
    "physicalModel": "hopper",
    "technique": "ppo",
    "name": "chaos",
    "params": {"nSteps": 20480, "nEpochs": 40, "nEnvironments": 8, "nEvaluations": 4, "evaluationEpisodes": 2},
    "paramSpace": {
        "actor.learningRate": {"min": 1e-4, "max": 1e-2, "log": True},
        "actor.hiddenSize": [16, 32],
        "discountFactor": [0.98, 0.99],
    },
}


def search(folder: Path, *, trials: int, kills: int, seed: int, space: dict[str, Any] = SPACE) -> dict[str, Any]:
    """Search with that many kills; returns problems and statistics."""
    folder.mkdir(exist_ok=True)
    draw = random.Random(seed)
    workspace = Workspace(folder)
    path = folder / "chaos.space"
    path.write_text(json.dumps(space))
    settings = {"trials": trials, "seeds": 2, "confirm": 2, "confirm_seeds": 2, "last_evaluations": 2}
    request = SearchRequest(
        workspace, read_space(path), "chaos.space", settings=settings, workers=2, cohort=3, threads=2, save_every=0.2
    )
    job, life = create_search(request)
    launch(job, life)
    done: Counter[str] = Counter()
    until = time.monotonic() + MOST_SECONDS
    while sum(done.values()) < kills and time.monotonic() < until:
        time.sleep(draw.uniform(0.1, 8.0))
        victim = draw.choice(VICTIMS)
        standing = read_job_status(job.folder)
        if not standing.state.alive:
            break
        if standing.lock_info is None or not _kill(victim, standing.lock_info.worker.pid, draw):
            continue
        done[victim] += 1
        if victim in ("owner", "all"):
            while read_job_status(job.folder).state.alive:
                time.sleep(0.01)
            control.resume_job(workspace, job, by_name=True)
    while read_job_status(job.folder).state.alive:
        assert time.monotonic() < until, f"the search does not end\n{request.folder.log.read_text()[-3000:]}"
        time.sleep(0.1)
    state = read_job_status(job.folder).state.name
    problems = [] if state == "done" else [f"it ended {read_job_status(job.folder).state}"]
    problems += _wrong(request.folder, request, trials)
    # The lock is free a moment before the process ends: Optuna's teardown comes after it.
    deadline = time.monotonic() + 60
    while (left := _processes_of(folder)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return {"kills": dict(done), "problems": problems, "orphans": len(left)}


def _processes_of(folder: Path) -> list[int]:
    """Pids of the running processes that work on a folder, without this one and zombies."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            is_zombie = process.status() == psutil.STATUS_ZOMBIE
            if process.pid != os.getpid() and not is_zombie and str(folder) in " ".join(process.cmdline()):
                found.append(process.pid)
    return found


def _kill(victim: str, owner: int, draw: random.Random) -> bool:
    """SIGKILL processes of a search; False if there were none."""
    with suppress(psutil.Error, ProcessLookupError):
        process = psutil.Process(owner)
        workers = process.children()
        if victim == "all":
            os.killpg(owner, signal.SIGKILL)
            return True
        if victim == "owner":
            process.kill()
            return True
        chosen = draw.sample(workers, min(len(workers), 2 if victim == "two workers" else 1))
        for one in chosen:
            one.kill()
        return bool(chosen)
    return False


def _wrong(folder: StudyFolder, request: SearchRequest, wanted: int) -> list[str]:
    """Everything that is not as it must be after a search."""
    study = Study.create_or_load(folder, request.space, storage=None, settings={})
    try:
        view, settings = study.read_view(), study.settings
    finally:
        study.close()
    problems = []
    if [row.number for row in view.trials] != list(range(wanted)):
        problems.append(f"the trials are {[row.number for row in view.trials]}")
    for row in view.trials:
        if row.state not in ("complete", "pruned"):
            problems.append(f"trial {row.number} is {row.state}: {row.reason}")
        folders = [RunFolder(path) for path in sorted((folder.path / "trials").glob(f"{row.number:04d}-seed*"))]
        if row.state != "complete":
            continue
        curves = []
        for one in folders:
            ended = read_training_end(one)
            if ended is None or ended["state"] != "done":
                problems.append(f"{one.id} is {ended}")
            with MetricsReader(one.metrics) as reader:
                curves.append([evaluation.score for evaluation in reader.evaluations()])
            problems += _doubled(one)
            if len(curves[-1]) != request.space.params["nEvaluations"]:
                problems.append(f"{one.id} has {len(curves[-1])} evaluations")
        with suppress(GtsError):
            expected = compute_trial_values(request.space.objective, curves, settings.last_evaluations)
            if [round(value, 6) for value in expected] != [round(value, 6) for value in row.values]:
                problems.append(f"trial {row.number} has the value {row.values}, its trainings have {expected}")
    confirmed = [row.number for row in view.trials if row.confirmed is not None]
    if len(confirmed) != settings.confirm:
        problems.append(f"confirmed are {confirmed}")
    return problems


def _doubled(folder: RunFolder) -> list[str]:
    """Problems in the rows of a training."""
    connection = sqlite3.connect(folder.metrics)
    try:
        steps = [step for (step,) in connection.execute("SELECT step FROM rounds ORDER BY step")]
        ((points,),) = connection.execute(
            "SELECT COUNT(*) FROM points JOIN series ON series.id = series WHERE name = 'policy_loss'"
        )
    finally:
        connection.close()
    distances = {later - earlier for earlier, later in pairwise(steps)}
    wrong = len(distances) > 1 or points != len(steps)
    return [f"{folder.id}: rounds {steps[:3]}…{steps[-1:]}, {points} points of {len(steps)}"] if wrong else []


def main() -> int:
    """Run from the shell; 0 without problems."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GTS_STATE"] = str(Path(folder) / "state")
        found = search(Path(folder), trials=arguments.trials, kills=arguments.kills, seed=arguments.seed)
    around = {"machine": machine_info(), "versions": package_versions(peers=False)}
    print(json.dumps({"seed": arguments.seed, **found, "seconds": round(time.monotonic() - began, 1), **around}, indent=2))
    return 1 if found["problems"] or found["orphans"] else 0


if __name__ == "__main__":
    sys.exit(main())
