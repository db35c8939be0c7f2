"""What it costs that nothing is lost: a training with checkpoints and metrics against the same one that writes nothing.

    python tests/bench/durability.py                        hopperPPO, one member and a cohort of eight
    python tests/bench/durability.py --rounds 40 --pairs 5

The two take turns in one process, so that whatever else the machine does falls on both; the ratio is that of the medians.
Beside it stands the share of the time that the writing training spent outside of the trainer, which other work disturbs less.
Both are written as JSON to standard output.
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
from gts.jobs import worker
from gts.jobs.interruption import Interruption
from gts.jobs.training import TrainingRequest
from gts.params.spec import Spec, parse_assignments, seeded
from gts.store.workspace import Workspace
from gts.threads import available_cpus
from gts.training.events import Progress
from gts.training.trainer import Trainer

WORKSPACE = Path(__file__).parents[2] / "workspace"


def rate(events: Iterator[Any], members: int) -> tuple[float, float]:
    """(environment steps per second of all members together, seconds) from the first round to the last."""
    first: tuple[float, int] | None = None
    last = (0.0, 0)
    for event in events:
        if isinstance(event, Progress):
            last = (perf_counter(), event.step)
            first = first or last
    assert first is not None
    seconds = last[0] - first[0]
    return members * (last[1] - first[1]) / seconds, seconds


def silent(specs: tuple[Spec, ...], threads: int) -> float:
    """A training that nobody writes down."""
    return rate(iter(Trainer(specs, threads=threads).run()), len(specs))[0]


def written(specs: tuple[Spec, ...], threads: int, every: float) -> tuple[float, float]:
    """A training as `gts train` does it; its rate, and the share of the time that writing took."""
    inside = 0.0

    class Timed(Trainer):
        """A trainer that knows how long it worked."""

        def run(self) -> Iterator[Any]:
            nonlocal inside
            began = perf_counter()
            for number, event in enumerate(super().run()):
                if number > 1:  # after the first round, as the rate is counted
                    inside += perf_counter() - began
                yield event
                began = perf_counter()

    kept, worker.Trainer = worker.Trainer, Timed
    try:
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
            found, whole = rate(worker.training(request, Interruption()), len(specs))
    finally:
        worker.Trainer = kept
    return found, 1.0 - inside / whole


def main() -> None:
    """Run from the shell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spec", default="hopper/hopperPPO.spec")
    parser.add_argument("--members", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--steps", type=int, default=500_000)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--save-every", type=float, default=30.0)
    parser.add_argument("--threads", type=int, default=available_cpus())
    arguments = parser.parse_args()
    found = []
    for members in arguments.members:
        spec = read_spec(WORKSPACE / arguments.spec)
        epochs = max(1, round(spec.params.n_epochs * arguments.steps / spec.params.n_steps))
        spec = parse_assignments(spec, [f"nSteps={arguments.steps}", f"nEpochs={epochs}"])
        specs = seeded(spec, members) if members > 1 else (spec,)
        off, on, shares = [], [], []
        for _ in range(arguments.pairs):
            off.append(silent(specs, arguments.threads))
            speed, share = written(specs, arguments.threads, arguments.save_every)
            on.append(speed)
            shares.append(share)
        row = {"members": members, "off": [round(one) for one in off], "on": [round(one) for one in on]}
        ratio = statistics.median(on) / statistics.median(off)
        found.append(row | {"ratio": round(ratio, 4), "writing": [round(share, 5) for share in shares]})
        print(json.dumps(found[-1]), flush=True)


if __name__ == "__main__":
    main()
