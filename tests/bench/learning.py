"""Trains the recommended specs, seeds 1 to 5 as one cohort each, scores them, and writes the tables.

    python tests/bench/learning.py --folder DIR                          every row, a night or two
    python tests/bench/learning.py --folder DIR hopperPPO walkerPPO      some rows
    python tests/bench/learning.py --folder DIR hopperPPO --set physics=exact --label hopperPPO-exact

Every row is a job in the workspace DIR, started as by `gts train SPEC --seeds 5`: it is resumed when this is started
again, after a kill too, and leaves DIR/ROW/ROW-seed1.checkpoint and so on. Their scores are those of `gts score`: 100
deterministic episodes of up to 1000 steps on exact physics, from starts that no training and no choice of a best checkpoint has
seen. Results with their learning curves are added to `results/learning.json`; `curves.py` draws them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gts.formats.checkpoint import read_checkpoint
from gts.formats.spec_file import read_spec
from gts.jobs.job_store import read_job_status
from gts.store.curves import MetricsReader
from gts.store.workspace import RunFolder, Workspace
from gts.system.threads import available_cpus
from gts.system.versions import machine_info, package_versions
from gts.training.evaluation import evaluate_checkpoint
from gts.training.score import Score

WORKSPACE = Path(__file__).parents[2] / "workspace"
RESULTS = Path(__file__).parent / "results" / "learning.json"
LAST_EPISODES = 20
"""Fewer episodes for the last checkpoints, which are for comparison only."""
TOLD_SECONDS = 60.0


@dataclass(frozen=True)
class Row:
    """A recommended spec and what it must reach."""

    name: str
    file: str
    target: float | None
    """None without a target."""
    peers: str
    """Source of the target."""
    by_score: bool = False
    """The target is a score, mean × (1 − cov); otherwise a mean return."""


ROWS = (
    Row("invertedPPO", "inverted/invertedPPO.spec", 960, "original 959, 927, 940", by_score=True),
    Row("invertedA2C", "inverted/invertedA2C.spec", 960, "original 959, 927, 940", by_score=True),
    Row("invertedReinforce", "inverted/invertedReinforce.spec", 960, "original 959, 927, 940", by_score=True),
    Row("hopperPPO", "hopper/hopperPPO.spec", 3400, "Tianshou 2535 at 3 M, Sample Factory 2793 at 10 M"),
    Row("hopperA2C", "hopper/hopperA2C.spec", 1800, "original 2084 (score 1569), Tianshou 1291 at 3 M"),
    Row("hopperReinforce", "hopper/hopperReinforce.spec", 800, "Spinning Up about 800 at 3 M"),
    Row("hopperReinforceWhite", "hopper/hopperReinforceWhite.spec", 400, "Tianshou 390 at 1 M, 387 at 10 M"),
    Row("walkerPPO", "walker/walkerPPO.spec", 5000, "Tianshou 4564 at 3 M, Sample Factory 5488 at 10 M"),
    Row("walkerA2C", "walker/walkerA2C.spec", 1900, "original 1885 (score 1867), Tianshou 1658 at 3 M"),
    Row("walkerReinforce", "walker/walkerReinforce.spec", None, "Spinning Up about 460, Tianshou 377 at 3 M"),
    Row("halfCheetahPPO", "halfCheetah/halfCheetahPPO.spec", 6000, "Tianshou 5780 at 1 M, Sample Factory 6263 at 10 M"),
    Row("halfCheetahA2C", "halfCheetah/halfCheetahA2C.spec", None, "Tianshou 1936, rl-zoo3 3041 at 1 M"),
    Row("halfCheetahReinforce", "halfCheetah/halfCheetahReinforce.spec", None, "Tianshou 883, Spinning Up about 600 at 3 M"),
    Row("antPPO", "ant/antPPO.spec", 5000, "Tianshou 3877 at 3 M, Sample Factory 5876 at 10 M"),
    Row("antA2C", "ant/antA2C.spec", None, "Tianshou 5064 at 3 M"),
    Row("antReinforce", "ant/antReinforce.spec", None, "Tianshou 383 at 3 M, Spinning Up about 5"),
    Row("humanoidPPO", "humanoid/humanoidPPO.spec", 5000, "Tianshou 1347 at 3 M, Sample Factory 5439 at 10 M"),
    Row("humanoidA2C", "humanoid/humanoidA2C.spec", None, "Tianshou 5138 at 3 M"),
    Row("humanoidReinforce", "humanoid/humanoidReinforce.spec", None, "Tianshou 399 at 3 M"),
)

COLUMNS = (
    "spec", "figure", "technique", "steps", "physics", "means, best checkpoints", "median", "means, last checkpoints", "median",
    "target", "who stands there", "symmetry", "balance", "wall-clock",
)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    strangers = set(options.rows) - {row.name for row in ROWS}
    if strangers:
        parser.error(f"unknown rows: {', '.join(sorted(strangers))}; known: {', '.join(row.name for row in ROWS)}")
    rows = [row for row in ROWS if not options.rows or row.name in options.rows]
    options.folder.mkdir(parents=True, exist_ok=True)
    results: dict[str, Any] = json.loads(options.out.read_text(encoding="utf-8")) if options.out.is_file() else {}
    for row in rows:
        label = options.label or row.name
        folder = trained(row, label, options)
        outcomes = sorted((options.folder / label).glob("*.checkpoint"))
        results[label] = asdict(row) | measured(folder, outcomes, options.threads) | {"threads": options.threads}
        results = dict(sorted(results.items(), key=lambda item: _place(*item)))
        _write(options.out, json.dumps(results, indent=1) + "\n")
        _write(options.out.with_suffix(".md"), table(results))
        print(table({label: results[label]}), flush=True)
    return 0


def trained(row: Row, label: str, options: argparse.Namespace) -> RunFolder:
    """The run of a row, which is done: begun, gone on with, or found."""
    workspace = Workspace(options.folder)
    noted = options.folder / "rows.json"
    known: dict[str, str] = json.loads(noted.read_text(encoding="utf-8")) if noted.is_file() else {}
    if label not in known:
        out = options.folder / label / f"{label}.checkpoint"
        out.parent.mkdir(exist_ok=True)
        words = ["train", str(WORKSPACE / row.file), str(out), "--seeds", str(options.seeds), "--detach"]
        changes = [f"seed={options.first_seed}", *options.set]
        words += [word for change in changes for word in ("--set", change)]
        known[label] = str(json.loads(_gts(options, *words, "--json"))["run"])
        _write(noted, json.dumps(known, indent=1) + "\n")
    folder, told = workspace.run_folder(known[label]), time.monotonic()
    while (state := read_job_status(folder.path).state).name != "done":
        if state.name in ("interrupted", "paused"):
            _gts(options, "resume", folder.id)
        elif state.name == "failed":
            raise SystemExit(f"{label} failed: {folder.path / 'log.txt'} has the reason")
        if time.monotonic() - told > TOLD_SECONDS:
            told = time.monotonic()
            print(f"{label}: {_gts(options, 'tail', folder.id, '--no-follow', '-n', '0').strip()}", file=sys.stderr, flush=True)
        time.sleep(1.0)
    return folder


def measured(folder: RunFolder, outcomes: Sequence[Path], threads: int) -> dict[str, Any]:
    """What a finished run came to: scores of the best (its outcomes) and the last checkpoint of every member, its curves."""
    members = range(folder.member_count())
    with MetricsReader(folder.metrics) as reader:
        step, _, seconds = reader.newest_position()
        tries = [reader.evaluations(member) for member in members]
        failed = {failure.member: failure.reason for failure in reader.failures()}
    spec = read_spec(folder.spec(0))
    best = [read_checkpoint(path) for path in outcomes]
    last = [read_checkpoint(folder.last_checkpoints(member)[-1]) for member in members if folder.last_checkpoints(member)]
    return {
        "figure": spec.figure,
        "technique": spec.technique,
        "steps": step,
        "physics": spec.params.physics,
        "changed": spec.non_default_values(),
        "seeds": [read_spec(folder.spec(member)).params.seed for member in members],
        "last": [_summary(evaluate_checkpoint(checkpoint, episodes=LAST_EPISODES, threads=threads)) for checkpoint in last],
        "best": [_summary(Score.from_dict(checkpoint.score)) for checkpoint in best if checkpoint.score is not None],
        "best_steps": [int(checkpoint.counters["step"]) for checkpoint in best],
        "curves": [[(one.step, one.score["mean"]) for one in each] for each in tries],
        "failed": failed,
        "seconds": seconds,
        "machine": machine_info(),
        "versions": package_versions(peers=False),
    }


def table(results: dict[str, Any]) -> str:
    """The results as Markdown."""
    lines = [
        "| " + " | ".join(COLUMNS) + " |",
        "|---" * len(COLUMNS) + "|",
    ]
    for label, result in results.items():
        key = "score" if result["by_score"] else "mean"
        best, last = ([score[key] for score in result[which]] for which in ("best", "last"))
        target = "" if result["target"] is None else f"{'score ' if result['by_score'] else ''}{result['target']:g}"
        cells = [
            label, result["figure"], result["technique"], f"{result['steps'] / 1e6:.3g} M", result["physics"],
            _numbers(best), _median(best), _numbers(last), _median(last), target, result["peers"],
            _gait(result, "symmetry"), _gait(result, "balance"), f"{result['seconds']:.0f} s",
        ]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _place(label: str, result: dict[str, Any]) -> tuple[int, bool, str]:
    """Rows in their order, each followed by its variants."""
    return [row.name for row in ROWS].index(result["name"]), label != result["name"], label


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"one of {', '.join(row.name for row in ROWS)}; all if none")
    parser.add_argument("--folder", type=Path, required=True, help="workspace of the trainings; created if missing")
    parser.add_argument("--seeds", type=int, default=5, help="members of the cohort")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=available_cpus())
    parser.add_argument("--set", action="append", default=[], metavar="key=value", help="change a parameter")
    parser.add_argument("--label", help="name of the result, in place of the row's")
    parser.add_argument("--out", type=Path, default=RESULTS, help="JSON; the tables go beside it as Markdown")
    return parser


def _gts(options: argparse.Namespace, *words: str) -> str:
    """Standard output of a command."""
    command = [sys.executable, "-m", "gts", *words, "--workspace", str(options.folder)]
    if words[0] in ("train", "resume"):
        command += ["--threads", str(options.threads)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout


def _summary(score: Score) -> dict[str, Any]:
    return {key: value for key, value in score.as_dict().items() if key != "terms"}


def _numbers(values: Sequence[float]) -> str:
    return " ".join(f"{value:.0f}" for value in values)


def _gait(result: dict[str, Any], measure: str) -> str:
    found = [score["measures"].get(measure) for score in result["best"]]
    return " ".join(f"{value:.2f}" for value in found if value is not None)


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
