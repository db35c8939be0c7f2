"""Writes the tables of the model card, `workspace/README.md`: the checkpoints beside it, and what `learning.py` has measured.

python -m tests.bench.card             writes them
python -m tests.bench.card --check     exit code 1 if they are not up to date
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gts.formats.checkpoint import Checkpoint, read_checkpoint
from gts.training.score import bootstrap_interval, interquartile_mean
from tests.support.repository import WORKSPACE, shipped_files

CARD = WORKSPACE / "README.md"
RESULTS = Path(__file__).parent / "results" / "learning.json"


def checkpoints() -> str:
    """Table of the shipped checkpoints: origin, score, gait."""
    head = (
        *("checkpoint", "technique, steps, seed", "score", "mean return, IQM [95 %]", "m/s", "falls"),
        *("symmetry", "balance", "alternation"),
    )
    rows = [(path, read_checkpoint(path)) for path in shipped_files("*.checkpoint")]
    return _table(head, (_shipped(path, checkpoint) for path, checkpoint in rows))


def _shipped(path: Path, checkpoint: Checkpoint) -> tuple[str, ...]:
    score = checkpoint.score or {}
    measures = score["measures"]
    step, params = int(checkpoint.counters["step"]), checkpoint.spec.params
    return (
        f"`{path.parent.name}/{path.stem}`",
        f"{checkpoint.spec.technique}, {step / 1e6:.3g} M, {params.seed}",
        f"{score['score']:.0f}",
        f"{score['mean']:.0f}, {score['iqm']:.0f} [{score['iqm_low']:.0f}, {score['iqm_high']:.0f}]",
        _number(measures.get("speed")),
        f"{score['falls']} of {score['episodes']}",
        _number(measures.get("symmetry")),
        _number(measures.get("balance")),
        _number(measures.get("alternation")),
    )


def seeds() -> str:
    """What specs came to, over their seeds."""
    head = ("spec", "steps", "seeds' best checkpoints", "median", "IQM [95 %]", "median of the last", "balance", "published")
    results: Mapping[str, Mapping[str, Any]] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return _table(head, (_measured(label, result) for label, result in results.items()))


def _measured(label: str, result: Mapping[str, Any]) -> tuple[str, ...]:
    best, last = ([score["mean"] for score in result[which]] for which in ("best", "last"))
    low, high = bootstrap_interval(np.array(best))
    return (
        label,
        f"{result['steps'] / 1e6:.3g} M, {result['physics']}",
        " ".join(f"{mean:.0f}" for mean in best),
        f"**{statistics.median(best):.0f}**",
        f"{interquartile_mean(np.array(best)):.0f} [{low:.0f}, {high:.0f}]",
        f"{statistics.median(last):.0f}",
        _balances(result["best"]),
        str(result["peers"]),
    )


def _balances(scores: Iterable[Mapping[str, Any]]) -> str:
    """Balance of each seed; empty without left and right, or without a measurement."""
    measured = [score["measures"].get("balance") for score in scores]
    return "–" if None in measured else " ".join(f"{balance:.2f}" for balance in measured)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, *rows)]
    return "\n".join([lines[0], "| " + " | ".join("---" for _ in head) + " |", *lines[1:]])


BLOCKS: Mapping[str, Callable[[], str]] = {"checkpoints": checkpoints, "seeds": seeds}
"""The text between `<!-- name -->` and `<!-- /name -->`."""


def rewritten(text: str) -> str:
    """The card with its tables brought up to date."""
    for name, write in BLOCKS.items():
        before, _, rest = text.partition(f"<!-- {name} -->")
        _, _, after = rest.partition(f"<!-- /{name} -->")
        text = f"{before}<!-- {name} -->\n\n{write()}\n\n<!-- /{name} -->{after}"
    return text


def main() -> int:
    old = CARD.read_text(encoding="utf-8")
    new = rewritten(old)
    if "--check" in sys.argv[1:]:
        return int(old != new)
    CARD.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
