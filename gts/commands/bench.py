"""`gts bench`: speed of physics and training on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from gts.commands.command import Command, Context, Note, Option, Result
from gts.commands.init import example_workspace
from gts.errors import UsageError


@dataclass(frozen=True)
class BenchResult(Result):
    """Measurements of one benchmark."""

    view: ClassVar[str] = "machine:render_bench"
    report: dict[str, Any]
    """Report of `gts.bench.benchmark`."""

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return self.report


def run_bench(
    context: Context, *, figures: Sequence[str], repetitions: int, peers: bool, quick: bool
) -> Iterator[Note | BenchResult]:
    """Measure; yields a note before each measurement, then the result."""
    from gts.bench.benchmark import Benchmark
    from gts.params.figures import FIGURES
    from gts.params.spec import unknown_name_message
    from gts.system.threads import available_cpus

    for figure in figures:
        if figure not in FIGURES:
            raise UsageError(unknown_name_message("figure", figure, FIGURES))
    threads = context.threads or available_cpus()
    bench = Benchmark(example_workspace(), tuple(figures) or tuple(FIGURES), peers, repetitions, quick, threads)
    for text in bench.run():
        yield Note(text)
    yield BenchResult(bench.report())


COMMAND = Command(
    name="bench",
    summary="Measure the speed of this machine.",
    group="machine",
    run=run_bench,
    needs_torch=True,
    help="Measures worlds against a plain loop over MuJoCo, and trainings with a profile of their phases.",
    options=(
        Option(
            ("--figure",),
            "Measure the physics of this figure only; can be repeated.",
            completion="figure",
            multiple=True,
            metavar="FIGURE",
            name="figures",
        ),
        Option(
            ("--repetitions",),
            "Repetitions of each measurement; medians are shown.",
            "integer",
            default=5,
            minimum=1,
            maximum=1000,
            metavar="N",
        ),
        Option(("--peers",), "Also measure other libraries that are installed here.", "flag"),
        Option(("--quick",), "Measure for a moment only, to test the benchmark itself.", "flag"),
    ),
    threads=True,
)
