"""How good the winners of searches are: the default search against random search at the same budget, several times.

    python tests/bench/quality.py                            hours on two CPUs; an interrupted study is resumed
    python tests/bench/quality.py --steps 50000 --figures hopper --folder /tmp/quality

Every study has 40 trials of PPO over step sizes, network, γ, λ, exploration and the speed that earns nothing; the best trial by
the value of the search is trained again on five new seeds. The output is one line of JSON per study with the winner's
interquartile mean over these seeds, and the optimism: by how much the value of the search of the best trial
was above it.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from statistics import median
from typing import Any

from gts.formats.space_file import read_space
from gts.jobs.process import run_job
from gts.jobs.requests import SearchRequest
from gts.jobs.searches.job import create_search
from gts.jobs.stop_request import StopRequest
from gts.search.study_reader import read_study_by_reference
from gts.store.workspace import Workspace
from gts.system.threads import available_cpus
from gts.system.versions import machine_info, package_versions

ROUND_STEPS = 2048
SPACE: dict[str, Any] = {
    "actor.learningRate": {"min": 1e-4, "max": 3e-3, "log": True},
    "critic.learningRate": {"min": 1e-4, "max": 3e-3, "log": True},
    "actor.hiddenSize": [32, 64, 128],
    "discountFactor": [0.98, 0.99, 0.995],
    "lambda": {"min": 0.9, "max": 0.99},
    "actor.varianceScale": {"min": 0.1, "max": 1.0},
}


def study(folder: Path, figure: str, sampler: str, repetition: int, trials: int, steps: int) -> dict[str, Any]:
    """Run or resume one search to its end."""
    name = f"{figure}-{sampler}-{repetition}"
    document = {
        "physicalModel": figure,
        "technique": "ppo",
        "name": name,
        "nSteps": steps,
        "nEpochs": max(1, steps // ROUND_STEPS),
        "params": {"physics": "fast", "exactTail": 0.1, "nEnvironments": 32},
        "paramSpace": SPACE | {f"{figure[:1].upper()}{figure[1:]}/minimumSpeed": {"min": 0.0, "max": 1.0}},
    }
    workspace = Workspace(folder)
    file = folder / f"{name}.space"
    file.write_text(json.dumps(document))
    space = read_space(file)
    settings = {"trials": trials, "sampler": sampler, "seed": repetition, "confirm": 3, "confirm_seeds": 5}
    request = SearchRequest(workspace, space, file.name, settings=settings, workers=available_cpus(), threads=available_cpus())
    job, life = create_search(request)
    for _ in run_job(workspace, job, life, StopRequest()):
        pass
    view = read_study_by_reference(workspace, name)
    winner, seeming = view.best_trial(), view.ranked_trials()[0]
    again = next((row.confirmed for row in view.confirmed_trials() if row.number == seeming.number), None)
    assert winner is not None and winner.confirmed is not None
    return {
        "study": name,
        "figure": figure,
        "sampler": sampler,
        "confirmed": round(winner.confirmed.iqm, 1),
        "interval": [round(winner.confirmed.low, 1), round(winner.confirmed.high, 1)],
        "search": round(seeming.values[0], 1),
        "optimism": round(seeming.values[0] - again.iqm, 1) if again else None,
        "default": round(first.values[0], 1) if (first := view.get_trial(0)) is not None and first.values else None,
        "states": view.count_states(),
        "steps": sum(trial.steps or 0 for trial in view.trials),
        "winner": dict(winner.params),
    }


def main() -> None:
    """Run from the shell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--figures", nargs="+", default=["hopper", "walker"])
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--steps", type=int, default=200_000, help="of a trial")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path("quality"), help="where the studies are kept")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("GTS_STATE", str(arguments.folder.absolute() / "state"))
    print(
        json.dumps({"machine": machine_info(), "versions": package_versions(peers=False), "steps": arguments.steps}), flush=True
    )
    rows = []
    for repetition in range(1, arguments.repetitions + 1):
        for figure in arguments.figures:
            for sampler in ("tpe", "random"):
                rows.append(study(arguments.folder, figure, sampler, repetition, arguments.trials, arguments.steps))
                print(json.dumps(rows[-1]), flush=True)
    for figure in arguments.figures:
        told: dict[str, Any] = {"figure": figure}
        for sampler in ("tpe", "random"):
            mine = [row for row in rows if row["figure"] == figure and row["sampler"] == sampler]
            told[sampler] = {
                "confirmed": median(row["confirmed"] for row in mine),
                "optimism": median([row["optimism"] for row in mine if row["optimism"] is not None] or [0.0]),
            }
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
