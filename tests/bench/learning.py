"""Trains the recommended specs, seeds 1 to 5 as one cohort each, scores them, and writes the tables.

    python tests/bench/learning.py                          every row, hours
    python tests/bench/learning.py hopperPPO walkerPPO      some rows
    python tests/bench/learning.py hopperPPO --physics fast --set exactTail=0.3

Scores of the best checkpoints are those of `gts score`: 100 deterministic episodes of up to 1000 steps on exact physics, from
starts that no training and no choice of a best checkpoint has seen. Results are added to the JSON file after every row, a row
that is measured again takes the place of the older one, and the Markdown file beside it is written anew.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gts.formats.checkpoint import Checkpoint
from gts.formats.spec_file import read_spec
from gts.params.spec import Spec, parse_assignments, seeded
from gts.threads import available_cpus
from gts.training.evaluation import evaluate
from gts.training.events import Event, MemberFailed, Progress
from gts.training.score import Score
from gts.training.surroundings import machine, versions
from gts.training.trainer import Trainer

WORKSPACE = Path(__file__).parents[2] / "workspace"
LAST_EPISODES = 20
"""The last checkpoints are there for comparison: fewer episodes tell enough."""


@dataclass(frozen=True)
class Row:
    """A recommended spec and what it must reach."""

    name: str
    file: str
    target: float
    peers: str
    """Who stands there."""
    by_score: bool = False
    """The target is a score, mean × (1 − cov); otherwise a mean return."""


ROWS = (
    Row("invertedPPO", "inverted/invertedPPO.spec", 960, "original 959, 927, 940", by_score=True),
    Row("invertedA2C", "inverted/invertedA2C.spec", 960, "original 959, 927, 940", by_score=True),
    Row("invertedReinforce", "inverted/invertedReinforce.spec", 960, "original 959, 927, 940", by_score=True),
    Row("hopperPPO", "hopper/hopperPPO.spec", 2600, "Tianshou 2370 ± 696, rl-zoo3 2410"),
    Row("hopperA2C", "hopper/hopperA2C.spec", 1800, "original 1569, Tianshou 1291"),
    Row("hopperReinforce", "hopper/hopperReinforce.spec", 800, "Spinning Up about 800"),
    Row("hopperReinforceWhite", "hopper/hopperReinforceWhite.spec", 400, "Tianshou 367"),
    Row("walkerPPO", "walker/walkerPPO.spec", 3500, "Tianshou 3494 ± 1025, rl-zoo3 3479"),
    Row("walkerA2C", "walker/walkerA2C.spec", 1900, "original 1867, Tianshou 1658"),
    Row("halfCheetahPPO", "halfCheetah/halfCheetahPPO.spec", 5000, "Tianshou 5780 ± 1268, rl-zoo3 5819"),
)


COLUMNS = (
    "spec", "figure", "technique", "steps", "physics", "means, best checkpoints", "median", "means, last checkpoints", "median",
    "target", "who stands there", "wall-clock",
)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    strangers = set(options.rows) - {row.name for row in ROWS}
    if strangers:
        parser.error(f"unknown rows: {', '.join(sorted(strangers))}; known: {', '.join(row.name for row in ROWS)}")
    rows = [row for row in ROWS if not options.rows or row.name in options.rows]
    results: dict[str, Any] = json.loads(options.out.read_text(encoding="utf-8")) if options.out.is_file() else {}
    for row in rows:
        spec = parse_assignments(read_spec(options.workspace / row.file), _assignments(options))
        result = measure(row, spec.with_seed(options.first_seed), options.seeds, options.threads)
        label = options.label or row.name + ("" if spec.params.physics == "exact" else " fast")
        results[label] = result
        _write(options.out, json.dumps(results, indent=1) + "\n")
        _write(options.out.with_suffix(".md"), table(results))
        print(table({label: result}), flush=True)
    return 0


def measure(row: Row, spec: Spec, seeds: int, threads: int) -> dict[str, Any]:
    """Train a cohort, score the last and the best checkpoint of every member."""
    trainer = Trainer(seeded(spec, seeds), threads=threads)
    began, phases, failed = time.perf_counter(), dict[str, float](), dict[int, str]()
    for event in _told(row.name, trainer):
        if isinstance(event, Progress):
            for phase, spent in event.seconds.items():
                phases[phase] = phases.get(phase, 0.0) + spent
        elif isinstance(event, MemberFailed):
            failed[event.member] = event.reason
    seconds = time.perf_counter() - began
    last = [evaluate(trainer.checkpoint(member), episodes=LAST_EPISODES, threads=threads) for member in range(seeds)]
    kept = [trainer.best(member) for member in range(seeds)]
    best = [evaluate(checkpoint, threads=threads) for checkpoint in kept if checkpoint is not None]
    return {
        "row": asdict(row),
        "figure": spec.figure,
        "technique": spec.technique,
        "steps": trainer.step,
        "physics": spec.params.physics,
        "changed": spec.changed(),
        "seeds": [member.params.seed for member in trainer.specs],
        "last": [_summary(score) for score in last],
        "best": [_summary(score) for score in best],
        "best_steps": [_step_of(checkpoint) for checkpoint in kept],
        "failed": failed,
        "seconds": seconds,
        "phases": phases,
        "threads": threads,
        "machine": machine(),
        "versions": versions(peers=False),
    }


def table(results: dict[str, Any]) -> str:
    """The results as Markdown."""
    lines = [
        "| " + " | ".join(COLUMNS) + " |",
        "|---" * len(COLUMNS) + "|",
    ]
    for label, result in results.items():
        row = Row(**result["row"])
        key = "score" if row.by_score else "mean"
        best, last = ([score[key] for score in result[which]] for which in ("best", "last"))
        target = f"{'score ' if row.by_score else ''}{row.target:g}"
        cells = [
            label, result["figure"], result["technique"], f"{result['steps'] / 1e6:.3g} M", result["physics"],
            _numbers(best), _median(best), _numbers(last), _median(last), target, row.peers, f"{result['seconds']:.0f} s",
        ]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"one of {', '.join(row.name for row in ROWS)}; all if none")
    parser.add_argument("--seeds", type=int, default=5, help="members of the cohort")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=available_cpus())
    parser.add_argument("--physics", choices=["exact", "fast"], help="in place of what the spec says")
    parser.add_argument("--set", action="append", default=[], metavar="key=value", help="change a parameter")
    parser.add_argument("--label", help="name of the result, in place of the row's")
    parser.add_argument("--workspace", type=Path, default=WORKSPACE)
    parser.add_argument("--out", type=Path, default=Path("learning.json"), help="JSON; the tables go beside it as Markdown")
    return parser


def _assignments(options: argparse.Namespace) -> list[str]:
    return [*([f"physics={options.physics}"] if options.physics else []), *options.set]


def _told(name: str, trainer: Trainer) -> Iterator[Event]:
    """The events of a training, with a line on standard error now and then."""
    spoke = began = time.perf_counter()
    for event in trainer.run():
        now = time.perf_counter()
        if isinstance(event, Progress) and now - spoke > 20:
            spoke = now
            returns = " ".join(f"{metrics.get('return', float('nan')):.0f}" for metrics in event.metrics)
            done = event.step / trainer.plan.total_steps
            left = (now - began) * (1 - done) / done
            print(f"{name}: {done:.0%}, returns {returns}, {left:.0f} s left", file=sys.stderr, flush=True)
        yield event


def _summary(score: Score) -> dict[str, Any]:
    return {key: value for key, value in score.as_dict().items() if key != "terms"}


def _step_of(checkpoint: Checkpoint | None) -> int | None:
    return None if checkpoint is None else int(checkpoint.counters["step"])


def _numbers(values: Sequence[float]) -> str:
    return " ".join(f"{value:.0f}" for value in values)


def _median(values: Sequence[float]) -> str:
    return f"**{statistics.median(values):.0f}**" if values else ""


def _write(path: Path, text: str) -> None:
    """Whole or not at all: an interruption must not take earlier rows with it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


if __name__ == "__main__":
    sys.exit(main())
