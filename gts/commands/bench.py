"""`gts bench`: how fast this machine learns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gts.commands.declare import Command, Context, Note, Option, Result
from gts.params.figures import FIGURES


@dataclass(frozen=True)
class Benchmarked(Result):
    """What was measured."""

    report: dict[str, Any]
    """As `gts.training.bench.Bench.report` gives it."""

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return self.report


def run(context: Context, *, figures: Sequence[str], peers: bool, repetitions: int, quick: bool) -> Iterator[Any]:
    """Measure; takes minutes, and says what comes next."""
    from gts.commands.init import example_workspace
    from gts.threads import available_cpus
    from gts.training.bench import Bench

    bench = Bench(
        example_workspace(),
        tuple(figures) or tuple(FIGURES),
        peers=peers,
        repetitions=repetitions,
        quick=quick,
        threads=context.threads or available_cpus(),
    )
    for told in bench.run():
        yield Note(told)
    yield Benchmarked(bench.report())


COMMAND = Command(
    name="bench",
    summary="Measure the speed of this machine.",
    group="machine",
    run=run,
    threads=True,
    help="Worlds against a plain loop over the simulator, and trainings with a profile of where the time goes.",
    options=(
        Option(
            ("--figure",),
            "Step this figure (again for another one); otherwise every figure.",
            completion="figure",
            multiple=True,
            name="figures",
        ),
        Option(("--repetitions",), "How often everything is measured.", "integer", default=5, minimum=1),
        Option(("--peers",), "Also measure other libraries that are installed here.", "flag"),
        Option(("--quick",), "Measure shorter, with larger errors.", "flag"),
    ),
)
