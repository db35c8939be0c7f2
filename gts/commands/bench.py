"""`gts bench`: how fast this machine learns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gts.commands.declare import Command, Context, Option, Result


@dataclass(frozen=True)
class Benchmarked(Result):
    """What was measured."""

    report: dict[str, Any]
    """As `gts.training.bench.run_bench` gives it."""

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return self.report


def run(context: Context, *, peers: bool, quick: bool) -> Benchmarked:
    """Measure; takes minutes."""
    from gts.training.bench import run_bench

    return Benchmarked(run_bench(peers=peers, quick=quick))


COMMAND = Command(
    name="bench",
    summary="Measure the speed of this machine.",
    group="machine",
    run=run,
    help="Worlds against a plain loop over the simulator, and trainings with a profile of where the time goes.",
    options=(
        Option(("--peers",), "Also measure other libraries that are installed here.", "flag"),
        Option(("--quick",), "Measure shorter, with larger errors.", "flag"),
    ),
)
