"""How long a seed takes to reach a score: GTS against Stable-Baselines3's PPO, as its user has it, on one machine in one run.

    python tests/bench/race.py --out race.jsonl             needs stable-baselines3 beside GTS; a day on two CPUs
    python tests/bench/race.py --figures hopper --seeds 2 --peers defaults
    python tests/bench/race.py --figures hopper --name "gts, fast" --set physics=fast --set exactTail=0.1

A seed arrives with its first evaluation that has the score as its mean return: ten deterministic episodes on Gymnasium's
physics, as often on both sides, their time included. GTS trains the recommended spec of the example workspace, all seeds as
one cohort, and each seed's time is that of the whole cohort so far. The peer trains as many seeds at a time as there are CPUs,
a process and a thread each, from the parameters that rl-zoo3 found or from its defaults with eight environments; a seed's time
begins with its own process. The ratio is that of the medians of time × CPUs a seed. A peer's seed gives up after a million
steps, the budget that rl-zoo3 tuned for, or when it has taken `--patience` times as long as GTS: what it has spent then is a
bound from below, and so is a ratio that hangs on it, written with a >.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from math import inf
from pathlib import Path
from statistics import median
from typing import Any

from gts.bench.cases import ZOO_PARAMS
from gts.formats.spec_file import read_spec
from gts.params.figures import FIGURES
from gts.params.spec import parse_assignments, specs_with_seeds
from gts.system.threads import available_cpus
from gts.system.versions import machine_info, package_versions
from gts.training.events import MembersEvaluated
from gts.training.trainer import Trainer

WORKSPACE = Path(__file__).parents[2] / "workspace"
TARGETS = {"hopper": 2400.0, "walker": 3400.0, "halfCheetah": 5000.0}
EVERY = 25_000
"""Environment steps of a seed between two evaluations."""
EPISODES = 10
PEER_STEPS = 1_000_000
PATIENCE = 20.0

Arrival = dict[str, Any]
"""A seed: `seconds` since its start and environment `steps` at its arrival, None if it did not arrive; `best` mean so far, and
the seconds that it has `spent` in all."""


def ours(figure: str, seeds: Sequence[int], threads: int, steps: int | None, changes: Sequence[str]) -> list[Arrival]:
    """The recommended spec with changes; ends when all seeds have arrived."""
    spec = read_spec(WORKSPACE / figure / f"{figure}PPO.spec")
    budget = spec.params.n_steps
    watching = [f"nEvaluations={max(1, round(budget / EVERY))}", f"evaluationEpisodes={EPISODES}"]
    spec = parse_assignments(spec, [*watching, *changes]).with_seed(seeds[0])
    arrivals: list[Arrival] = [{"seed": seed, "seconds": None, "steps": None, "best": -inf} for seed in seeds]
    began = time.perf_counter()
    for event in Trainer(specs_with_seeds(spec, len(seeds)), threads=threads).run():
        if not isinstance(event, MembersEvaluated):
            continue
        for arrival, score in zip(arrivals, event.scores, strict=True):
            if score is not None:
                _note(arrival, score.mean, TARGETS[figure], time.perf_counter() - began, event.step)
        if all(one["seconds"] is not None for one in arrivals) or (steps is not None and event.step >= steps):
            break
    return [arrival | {"spent": time.perf_counter() - began} for arrival in arrivals]


def peer(figure: str, seed: int, tuned: bool, steps: int, patience: float) -> Arrival:
    """One seed of Stable-Baselines3, in this process, with limits of steps and seconds."""
    import gymnasium
    import torch
    from stable_baselines3 import PPO
    from stable_baselines3.common.callbacks import EvalCallback
    from stable_baselines3.common.env_util import make_vec_env
    from stable_baselines3.common.vec_env import VecEnv, VecNormalize

    torch.set_num_threads(1)
    arrival: Arrival = {"seed": seed, "seconds": None, "steps": None, "best": -inf}
    began = time.perf_counter()

    def worlds(count: int, first: int, training: bool) -> VecEnv:
        made = make_vec_env(lambda: gymnasium.make(FIGURES[figure].gymnasium_id), n_envs=count, seed=first)
        return VecNormalize(made, training=training, norm_reward=training, gamma=ZOO_PARAMS[figure]["gamma"]) if tuned else made

    class Finish(EvalCallback):
        """Stops the training at its arrival."""

        def _on_step(self) -> bool:
            goes_on = super()._on_step()
            if self.n_calls % self.eval_freq == 0:
                _note(arrival, self.last_mean_reward, TARGETS[figure], time.perf_counter() - began, self.num_timesteps)
            arrival["spent"] = time.perf_counter() - began
            return goes_on and arrival["seconds"] is None and arrival["spent"] < patience

    several = 1 if tuned else 8
    more = ZOO_PARAMS[figure] if tuned else {}
    model = PPO("MlpPolicy", worlds(several, 1000 * seed, True), seed=seed, device="cpu", **more)
    callback = Finish(
        worlds(1, 500_000 + seed, False), n_eval_episodes=EPISODES, eval_freq=EVERY // several, verbose=0, warn=False
    )
    model.learn(steps, callback=callback)
    return arrival


def _note(arrival: Arrival, mean: float, target: float, seconds: float, steps: int) -> None:
    arrival["best"] = max(arrival["best"], float(mean))
    if mean >= target and arrival["seconds"] is None:
        arrival["seconds"], arrival["steps"] = seconds, steps


def peers(figure: str, runners: Sequence[tuple[str, int]], steps: int, patience: float) -> Iterator[tuple[str, Arrival]]:
    """Kinds and seeds of the peer as they end, a process each, as many at a time as there are CPUs."""

    def one(kind: str, seed: int) -> tuple[str, Arrival]:
        words = [sys.executable, __file__, "--one", figure, str(seed), kind, str(steps), str(patience)]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        found: Arrival = json.loads(done.stdout.splitlines()[-1])
        return kind, found

    with ThreadPoolExecutor(available_cpus()) as pool:
        for ended in as_completed([pool.submit(one, *runner) for runner in runners]):
            yield ended.result()


class Record:
    """The seeds that are there, in a file of lines: one that is known is not run again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows = [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []

    def of(self, figure: str, who: str) -> list[Arrival]:
        """Those of a figure, by seed."""
        found = [row["arrival"] for row in self._rows if (row["figure"], row["who"]) == (figure, who)]
        return sorted(found, key=lambda arrival: int(arrival["seed"]))

    def add(self, figure: str, who: str, arrival: Arrival) -> None:
        """One more."""
        row = {"figure": figure, "who": who, "target": TARGETS[figure], "cpus": available_cpus(), "arrival": arrival}
        self._rows.append(row)
        with self._path.open("a") as file:
            file.write(json.dumps(row | {"machine": machine_info(), "versions": package_versions(peers=True)}) + "\n")


def _cost(arrivals: Sequence[Arrival], *, together: bool) -> tuple[float, str]:
    """Median over seeds of the CPU seconds to arrival, and ">" if it is a lower bound."""
    share = available_cpus() / len(arrivals) if together else 1.0
    times = sorted((one["seconds"] or one["spent"], one["seconds"] is None) for one in arrivals)
    middle = median(seconds for seconds, _ in times)
    return share * middle, ">" if any(late for seconds, late in times if seconds <= middle) else ""


def main() -> None:
    """Run from the shell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--figures", nargs="+", default=list(TARGETS), choices=list(TARGETS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--peers", nargs="*", default=["tuned", "defaults"], choices=["tuned", "defaults"])
    parser.add_argument("--peer-steps", type=int, default=PEER_STEPS)
    parser.add_argument(
        "--patience", type=float, default=PATIENCE, help="times GTS's median after which a peer's seed gives up"
    )
    parser.add_argument("--steps", type=int, help="after which GTS gives up; by default the budget of the spec")
    parser.add_argument("--set", action="append", default=[], metavar="key=value", help="change a parameter of GTS's spec")
    parser.add_argument("--name", default="gts", help="how GTS's seeds are called in the file, where the spec is changed")
    parser.add_argument("--out", type=Path, default=Path("race.jsonl"), help="one line per seed; seeds in it are not run again")
    parser.add_argument("--one", nargs=5, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        figure, seed, kind, steps, patience = arguments.one
        print(json.dumps(peer(figure, int(seed), kind == "tuned", int(steps), float(patience))))
        return
    record, seeds = Record(arguments.out), range(1, arguments.seeds + 1)
    for figure in arguments.figures:
        if len(record.of(figure, arguments.name)) < arguments.seeds:
            for arrival in ours(figure, seeds, available_cpus(), arguments.steps, arguments.set):
                record.add(figure, arguments.name, arrival)
        found = record.of(figure, arguments.name)
        own, short = _cost(found, together=True)
        print(f"{figure}, {arguments.name}: median {short}{own:.0f} CPU s a seed; {_told(found)}", flush=True)
        if short:
            continue
        known = {(kind, arrival["seed"]) for kind in arguments.peers for arrival in record.of(figure, kind)}
        missing = [(kind, seed) for kind in arguments.peers for seed in seeds if (kind, seed) not in known]
        for kind, arrival in peers(figure, missing, arguments.peer_steps, arguments.patience * own):
            record.add(figure, kind, arrival)
        for kind in arguments.peers:
            found = record.of(figure, kind)
            cost, bound = _cost(found, together=False)
            told = f"median {bound}{cost:.0f} CPU s a seed, {bound}{cost / own:.1f} × GTS; {_told(found)}"
            print(f"{figure}, {kind}: {told}", flush=True)


def _told(arrivals: Sequence[Arrival]) -> str:
    return ", ".join(
        f"{one['seed']}: {one['seconds']:.0f} s at {one['steps'] / 1000:.0f}k" if one["seconds"] is not None
        else f"{one['seed']}: not in {one['spent']:.0f} s, {one['best']:.0f} at best"
        for one in arrivals
    )  # fmt: skip


if __name__ == "__main__":
    main()
