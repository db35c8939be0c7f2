"""`gts bench`: how fast this machine learns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from gts.commands.command import Command, Context, Note, Option, Result
from gts.commands.init import example_workspace
from gts.errors import UsageError


@dataclass(frozen=True)
class BenchResult(Result):
    """What was measured."""

    view: ClassVar[str] = "machine:render_bench"
    report: dict[str, Any]
    """As `gts.bench.benchmark` gives it."""

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return self.report


def run(
    context: Context, *, figures: Sequence[str], repetitions: int, peers: bool, quick: bool
) -> Iterator[Note | BenchResult]:
    """Measure; yields notes of what comes next, then the result."""
    from gts.bench.benchmark import Benchmark
    from gts.params.figures import FIGURES
    from gts.params.spec import unknown_name_message
    from gts.system.threads import available_cpus

    for figure in figures:
        if figure not in FIGURES:
            raise UsageError(unknown_name_message("figure", figure, FIGURES))
    threads = context.threads or available_cpus()
    bench = Benchmark(example_workspace(), tuple(figures) or tuple(FIGURES), peers, repetitions, quick, threads)
    for told in bench.run():
        yield Note(told)
    yield BenchResult(bench.report())


COMMAND = Command(
    name="bench",
    summary="Measure the speed of this machine.",
    group="machine",
    run=run,
    needs_torch=True,
    help="Worlds against a plain loop over the simulator, and trainings with a profile of where the time goes.",
    options=(
        Option(
            ("--figure",),
            "Step this figure only; may be given several times.",
            completion="figure",
            multiple=True,
            metavar="FIGURE",
            name="figures",
        ),
        Option(
            ("--repetitions",),
            "How often everything is measured; medians are shown.",
            "integer",
            default=5,
            minimum=1,
            maximum=1000,
            metavar="N",
        ),
        Option(("--peers",), "Also measure other libraries that are installed here.", "flag"),
        Option(("--quick",), "Measure so briefly that it only shows whether it works.", "flag"),
    ),
    threads=True,
)
