"""What it costs that nothing is lost: a training with checkpoints and metrics against the same one that writes nothing.

    python tests/bench/durability.py                        hopperPPO, one member and a cohort of eight
    python tests/bench/durability.py --save-every 10

Both run in one process and take turns, a second each, so that whatever else the machine does falls on both alike: the ratio is
that of their steps per second over all their turns, its spread that of pairs of turns. Output: a line of JSON per cohort size.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

from gts.formats.spec_file import read_spec
from gts.jobs.process import run_job
from gts.jobs.requests import TrainingRequest
from gts.jobs.stop_request import StopRequest
from gts.jobs.trainings.runs import create_run
from gts.params.spec import Spec, parse_assignments, specs_with_seeds
from gts.store.workspace import Workspace
from gts.system.threads import available_cpus
from gts.system.versions import machine_info, package_versions
from gts.training.events import TrainingProgress
from gts.training.trainer import Trainer

TURN_SECONDS = 1.0
WORKSPACE = Path(__file__).parents[2] / "workspace"


class Turns:
    """A training that makes rounds when it is called."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self.seconds: list[float] = []
        self.steps: list[int] = []
        self._step = 0
        self.over = False

    def take(self, seconds: float) -> None:
        """Work for that long, in whole rounds."""
        began, made = perf_counter(), 0
        for event in self._events:
            if isinstance(event, TrainingProgress):
                made += event.step - self._step
                self._step = event.step
                if perf_counter() - began >= seconds:
                    break
        else:
            self.over = True
            return
        self.seconds.append(perf_counter() - began)
        self.steps.append(made)

    def rate(self) -> float:
        """Environment steps per second over all turns but the first, which finds everything cold."""
        return sum(self.steps[1:]) / sum(self.seconds[1:])


def compared(specs: tuple[Spec, ...], threads: int, every: float) -> dict[str, Any]:
    """Both trainings to the end of the shorter one."""
    with tempfile.TemporaryDirectory() as folder:
        request = TrainingRequest(
            workspace=Workspace(Path(folder)),
            name="cost",
            source="cost.spec",
            specs=specs,
            results=tuple(Path(folder) / f"out{number}.checkpoint" for number in range(len(specs))),
            score=False,
            threads=threads,
            save_every=every,
        )
        off = Turns(Trainer(specs, threads=threads).run())
        on = Turns(run_job(request.workspace, *create_run(request), StopRequest(), request=request))
        while not off.over and not on.over:
            for one in (off, on) if len(on.steps) % 2 else (on, off):
                one.take(TURN_SECONDS)
        saved = len(list(Path(folder).glob("runs/*/member1/last-*")))
    rates = [
        (made / spent, others / theirs)
        for made, spent, others, theirs in zip(on.steps, on.seconds, off.steps, off.seconds, strict=False)
    ]
    pairs = sorted(one / other for one, other in rates[1:])
    return {
        "members": len(specs),
        "off": round(off.rate() * len(specs)),
        "on": round(on.rate() * len(specs)),
        "ratio": round(on.rate() / off.rate(), 4),
        "median of pairs": round(statistics.median(pairs), 4),
        "quartiles": [round(pairs[len(pairs) // 4], 3), round(pairs[3 * len(pairs) // 4], 3)],
        "turns": len(pairs),
        "states kept": saved,
    }


def main() -> None:
    """Run from the shell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spec", default="hopper/hopperPPO.spec")
    parser.add_argument("--members", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--steps", type=int, default=500_000)
    parser.add_argument("--save-every", type=float, default=30.0)
    parser.add_argument("--threads", type=int, default=available_cpus())
    arguments = parser.parse_args()
    print(json.dumps({"machine": machine_info(), "versions": package_versions(peers=False)}), flush=True)
    for members in arguments.members:
        spec = read_spec(WORKSPACE / arguments.spec)
        epochs = max(1, round(spec.params.n_epochs * arguments.steps / spec.params.n_steps))
        spec = parse_assignments(spec, [f"nSteps={arguments.steps}", f"nEpochs={epochs}"])
        specs = specs_with_seeds(spec, members) if members > 1 else (spec,)
        print(json.dumps(compared(specs, arguments.threads, arguments.save_every)), flush=True)


if __name__ == "__main__":
    main()
