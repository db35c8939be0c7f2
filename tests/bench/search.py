"""How many environment steps a search makes in a second: GTS against Optuna with Stable-Baselines3, in one run.

    python tests/bench/search.py                            needs stable-baselines3 beside GTS; about half an hour on two CPUs
    python tests/bench/search.py --steps 50000 --trials 8   sooner, rougher

Every row is a whole study of the hopper with PPO, from its first process to its last: learning rate and discount are searched,
nothing is pruned or trained again. `one process a trial` is GTS with cohorts of one. The peer does what rl-zoo3 does with two
jobs: two processes, each with eight environments and a trial at a time, Optuna's TPE between them. The result is written as
JSON, one line per row.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from gts.formats.space_file import read_space
from gts.formats.spec_file import read_spec
from gts.jobs.job_events import SearchOutcome
from gts.jobs.process import run_job
from gts.jobs.requests import SearchRequest
from gts.jobs.searches.job import create_search
from gts.jobs.stop_request import StopRequest
from gts.store.workspace import Workspace
from gts.system.threads import available_cpus
from gts.system.versions import machine_info, package_versions

SPEC = Path(__file__).parents[2] / "workspace" / "hopper" / "hopperPPO.spec"


def ours(trials: int, steps: int, *, workers: int, cohort: int, physics: str) -> dict[str, Any]:
    """A search by GTS."""
    spec = read_spec(SPEC)
    params = dict(spec.to_document()["params"])
    epochs = max(1, round(spec.params.n_epochs * steps / spec.params.n_steps))
    params |= {"nSteps": steps, "nEpochs": epochs, "physics": physics, "exactTail": 0.0 if physics == "exact" else 0.1}
    for searched in ("actor.learningRate", "discountFactor"):
        params.pop(searched, None)
    space = {
        "physicalModel": "hopper",
        "technique": "ppo",
        "name": "bench",
        "params": params,
        "paramSpace": {"actor.learningRate": {"min": 1e-4, "max": 1e-3, "log": True}, "discountFactor": [0.99, 0.995]},
    }
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        os.environ["GTS_STATE"] = str(folder / "state")
        (folder / "bench.space").write_text(json.dumps(space))
        settings = {"trials": trials, "pruner": "none", "confirm": 0}
        request = SearchRequest(
            Workspace(folder),
            read_space(folder / "bench.space"),
            "bench.space",
            settings=settings,
            workers=workers,
            cohort=cohort,
            threads=available_cpus(),
        )
        job, life = create_search(request)
        began, most, outcome = time.perf_counter(), 0, None
        for told in run_job(request.workspace, job, life, StopRequest()):
            outcome = told if isinstance(told, SearchOutcome) else outcome
            most = max(most, sum(child.memory_info().rss for child in psutil.Process().children(recursive=True)))
        seconds = time.perf_counter() - began
    assert outcome is not None and outcome.trials == trials
    return {"steps": outcome.steps, "seconds": seconds, "rate": outcome.steps / seconds, "megabytes": round(most / 1e6)}


def _peer_trials(storage: str, trials: int, steps: int) -> None:
    """One of the peer's processes."""
    import gymnasium
    import optuna
    import torch
    from stable_baselines3 import PPO
    from stable_baselines3.common.env_util import make_vec_env

    torch.set_num_threads(1)
    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def objective(trial: optuna.Trial) -> float:
        rate = trial.suggest_float("learning_rate", 1e-4, 1e-3, log=True)
        discount = trial.suggest_categorical("gamma", [0.99, 0.995])
        environments = make_vec_env(lambda: gymnasium.make("Hopper-v5"), n_envs=8)
        # Rollouts and minibatches as GTS's spec has them would be unusual there: these are the library's own.
        model = PPO("MlpPolicy", environments, learning_rate=rate, gamma=discount, n_steps=256, device="cpu")
        model.learn(steps)
        return float(model.ep_info_buffer[-1]["r"]) if model.ep_info_buffer else 0.0

    study = optuna.load_study(study_name="peer", storage=storage, sampler=optuna.samplers.TPESampler())
    study.optimize(objective, n_trials=trials)


def peer(trials: int, steps: int) -> dict[str, Any]:
    """A search by Optuna and Stable-Baselines3 in two processes."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        storage = f"sqlite:///{folder}/study.db"
        optuna.create_study(study_name="peer", storage=storage, direction="maximize")
        context = multiprocessing.get_context("spawn")
        began = time.perf_counter()
        processes = [context.Process(target=_peer_trials, args=(storage, trials // 2, steps)) for _ in range(2)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        seconds = time.perf_counter() - began
    made = 2 * (trials // 2) * steps
    return {"steps": made, "seconds": seconds, "rate": made / seconds}


def main() -> None:
    """Run from the shell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=16)
    parser.add_argument("--steps", type=int, default=200_000)
    parser.add_argument("--peer-trials", type=int, default=4, help="the peer's rate does not need all of them")
    parser.add_argument("--peer-steps", type=int, default=100_000)
    parser.add_argument("--cohorts", type=int, nargs="+", default=[1, 4, 8])
    parser.add_argument("--physics", nargs="+", default=["exact", "fast"], choices=["exact", "fast"])
    arguments = parser.parse_args()
    workers = available_cpus()
    print(json.dumps({"machine": machine_info(), "versions": package_versions(peers=True)}), flush=True)
    rates: dict[str, float] = {}

    def row(name: str, found: dict[str, Any]) -> None:
        rates[name] = found["rate"]
        print(json.dumps({"row": name} | {key: round(value, 1) for key, value in found.items()}), flush=True)

    row("optuna + stable-baselines3", peer(arguments.peer_trials, arguments.peer_steps))
    for physics in arguments.physics:
        for cohort in arguments.cohorts:
            found = ours(arguments.trials, arguments.steps, workers=workers, cohort=cohort, physics=physics)
            row(f"gts {physics}, " + ("one process a trial" if cohort == 1 else f"cohorts of {cohort}"), found)
    base = rates["optuna + stable-baselines3"]
    print(json.dumps({"times the peer": {name: round(rate / base, 2) for name, rate in rates.items()}}))


if __name__ == "__main__":
    main()
