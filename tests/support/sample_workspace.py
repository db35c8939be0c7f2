"""A workspace as it is after some evenings: runs that are done, stopped and failed, a study half way. The same every time."""

from __future__ import annotations

import json
import math
import random
import shutil
import sqlite3
from pathlib import Path
from typing import Any

from gts.formats.space_file import read_space
from gts.jobs.job_store import index_missing_runs
from gts.store.metrics import MetricsWriter
from gts.store.workspace import RunFolder, Workspace

EXAMPLES = Path(__file__).with_name("examples")
"""Specs, spaces and checkpoints of three figures, which stay as they are when what GTS ships gets better."""
ROUND = 2048
TERMS = ("alive", "control", "forward")


def furnish(root: Path) -> Workspace:
    """Make it; `root` must not exist."""
    root.mkdir(parents=True)
    for figure in ("hopper", "inverted", "walker"):
        shutil.copytree(EXAMPLES / figure, root / figure)
    workspace = Workspace(root)
    (root / "gts.db").touch()
    run(workspace, "20261118-211502-hopperPPO-k3f", "hopper/hopperPPO.spec", 4, 488, 1.0, "done")
    run(workspace, "20261119-083011-walkerPPO-m2p", "walker/walkerPPO.spec", 2, 290, 0.6, "paused", "stopped by a person")
    run(
        workspace,
        "20261119-220405-hopperA2C-zx7",
        "hopper/hopperA2C.spec",
        1,
        20,
        0.1,
        "failed",
        "step 40960: the loss is not a number",
    )
    run(workspace, "20261120-013000-hopperPPO-w9c", "hopper/hopperPPO.spec", 1, 488, 0.7, "done")
    study(workspace)
    index_missing_runs(workspace)
    return workspace


def run(
    workspace: Workspace, run_id: str, source: str, members: int, rounds: int, strength: float, claim: str, reason: str = ""
) -> RunFolder:
    """A run that has come so far; `strength` scales what it has learned."""
    folder = workspace.run_folder(run_id)
    folder.path.mkdir(parents=True)
    spec = json.loads((workspace.root / source).read_text())
    for member in range(members):
        folder.member_folder(member).mkdir()
        document = spec | {"params": spec["params"] | {"seed": member + 1}}
        folder.spec(member).write_text(json.dumps(document, indent=2))
        if spec["physicalModel"] == "hopper" and spec["technique"] == "ppo":
            shutil.copy(EXAMPLES / "hopper" / "hopperPPO.checkpoint", folder.best_checkpoint(member))
    outcome = [_outcome(member, rounds * ROUND, strength) for member in range(members)] if claim == "done" else []
    folder.run_file.write_text(json.dumps(_facts(run_id, source, spec, members, rounds, outcome)))
    folder.job_file.write_text(json.dumps(_job(workspace, run_id, source, members, claim, reason)))
    folder.lock.touch()
    folder.log.write_text(_log(_day(run_id), source, members, rounds, strength, reason))
    _numbers(folder.metrics, members, rounds, strength)
    return folder


def _day(run_id: str) -> str:
    return f"{run_id[:4]}-{run_id[4:6]}-{run_id[6:8]}"


def _created(run_id: str) -> str:
    return f"{_day(run_id)}T{run_id[9:11]}:{run_id[11:13]}:{run_id[13:15]}.000000Z"


def _facts(
    run_id: str, source: str, spec: dict[str, Any], members: int, rounds: int, outcome: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "format": 2,
        "id": run_id,
        "name": Path(source).stem,
        "source": source,
        "figure": spec["physicalModel"],
        "technique": spec["technique"],
        "members": members,
        "total_steps": 488 * ROUND,
        "step": rounds * ROUND,
        "started": _created(run_id),
        "outcome": outcome,
    }


def _job(workspace: Workspace, run_id: str, source: str, members: int, claim: str, reason: str) -> dict[str, Any]:
    return {
        "format": 1,
        "id": run_id,
        "kind": "train",
        "name": Path(source).stem,
        "recorded_state": claim,
        "created": _created(run_id),
        "reason": reason,
        "changed": f"{_day(run_id)}T23:59:00Z",
        "threads": 2,
        "queued": False,
        "attempts": [],
        "request": {
            "source": source,
            "results": [f"{workspace.root}/out-seed{member + 1}.checkpoint" for member in range(members)],
            "keep": "best",
            "score": True,
            "save_when_stopped": True,
            "save_every": 30.0,
            "milestones": None,
        },
    }


def _log(day: str, source: str, members: int, rounds: int, strength: float, reason: str) -> str:
    step = rounds * ROUND
    tried = [(at, at * step // 10, 3400 * strength * _learned(at / 10)) for at in range(1, 11)]
    story = [
        f"21:15:02  training {source}: {members} × {488 * ROUND} steps in 488 rounds, 32 worlds each, 2 threads",
        *(f"21:{15 + at:02}:40  step {done}: evaluated, mean return {mean:.1f}" for at, done, mean in tried),
        f"23:59:00  {reason or 'done'}",
    ]
    return "".join(f"{day} {line}\n" for line in story)


def _learned(part: float) -> float:
    """How much is learned after a part of a training."""
    return 1 / (1 + math.exp(-9 * (part - 0.45)))


def _outcome(member: int, step: int, strength: float) -> dict[str, Any]:
    return {"seed": member + 1, "result": None, "step": step, "score": _score(3200 * strength - 90 * member), "failed": ""}


def _score(mean: float) -> dict[str, Any]:
    return {
        "episodes": 100,
        "mean": mean,
        "deviation": 0.05 * mean,
        "cov": 0.05,
        "score": 0.95 * mean,
        "iqm": 1.01 * mean,
        "iqm_low": 0.98 * mean,
        "iqm_high": 1.03 * mean,
        "length": 940.0,
        "falls": 6,
        "measures": {"speed": 2.1, "distance": 16.0, "height": 1.2, "effort": 0.4, "fall": 0.06},
        "terms": {"forward": 0.7 * mean, "alive": 0.3 * mean, "control": -3.0},
    }


def _numbers(path: Path, members: int, rounds: int, strength: float) -> None:
    draw = random.Random(rounds * 7 + members)
    with MetricsWriter(path, rounds=488) as writer:
        for at in range(1, rounds + 1):
            values = []
            for member in range(members):
                learned = strength * (1 - 0.07 * member) * _learned(at / 488)
                wild = draw.gauss(0, 0.05)
                gain = 3400 * max(0.005, learned + wild * learned)
                values.append(
                    {
                        "return": gain,
                        "length": min(1000.0, 40 + 980 * learned),
                        "speed": 2.2 * learned,
                        "falls": 30 * (1 - learned),
                        "entropy": 3.2 - 2.0 * at / 488 + wild,
                        "explained_variance": min(0.98, 0.3 + learned * 0.7),
                        "kl": 0.01 + 0.004 * wild,
                        "clip_fraction": 0.12 + wild / 5,
                        "policy_loss": -0.03 + wild / 10,
                        "value_loss": 0.4 * (1 - learned) + 0.05,
                        "learning_rate": 1e-3 * (1 - 0.9 * at / 488),
                        "steps_per_second": 18000 + 900 * wild,
                        "reward/alive": 0.3 * gain,
                        "reward/forward": 0.71 * gain,
                        "reward/control": -0.01 * gain,
                    }
                )
            writer.add_round(at * ROUND, at, values, {"physics": 0.05, "acting": 0.01, "learning": 0.04, "evaluation": 0.0})
            if at % 49 == 0:
                for member in range(members):
                    score = _score(3300 * strength * (1 - 0.07 * member) * _learned(at / 488))
                    writer.add_evaluation(member, at * ROUND, score, best=True)
    # The clock of the writing must not show.
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE rounds SET elapsed = step / 18000.0")
    connection.close()


def study(workspace: Workspace) -> None:
    """A search of the hopper: 24 of 40 trials, some pruned, two failed, three confirmed."""
    from gts.search.study import Study

    space = read_space(workspace.root / "hopper" / "hopper.space")
    folder = workspace.study_folder(space.name)
    folder.path.mkdir(parents=True)
    draw = random.Random(3)
    opened = Study.create_or_load(folder, space, storage=None, settings={"trials": 40, "sampler": "random"})
    try:
        for number in range(24):
            trial = opened.ask()
            assert trial is not None
            if number in (6, 17):
                opened.fail(trial, f"seed 1: step {40960 * (number - 5)}: the loss is not a number")
                continue
            worth = 900 + 2400 * math.exp(-((math.log10(trial.values["actor.learningRate"]) + 3.0) ** 2) * 9)
            worth *= 0.9 + 0.2 * draw.random()
            pruned = number > 4 and worth < 1900
            for at in range(1, 4 if pruned else 11):
                opened.report(trial, at * 100_000, worth * _learned(at / 10))
            details = {"steps": 300_000 if pruned else 1_000_000, "seconds": 61.0, "seedValues": [worth]}
            if pruned:
                opened.prune(trial, details)
            else:
                opened.complete(trial, (worth,), details)
        for row, number in enumerate(_best(folder.database)):
            opened.confirm(
                number, [1_000_001, 1_000_002, 1_000_003], [2900.0 - 200 * row, 3010.0 - 150 * row, 2870.0 - 220 * row]
            )
    finally:
        opened.close()
    with sqlite3.connect(folder.database) as connection:
        connection.execute(
            "UPDATE trials SET datetime_start = datetime('2026-11-20 20:00:00', '+' || (number * 61) || ' seconds'),"
            " datetime_complete = datetime('2026-11-20 20:01:00', '+' || (number * 61) || ' seconds') WHERE number < 24"
        )
    connection.close()


def _best(database: Path) -> list[int]:
    with sqlite3.connect(database) as connection:
        query = (
            "SELECT number FROM trials JOIN trial_values USING (trial_id) WHERE state = 'COMPLETE' ORDER BY value DESC LIMIT 3"
        )
        found = [number for (number,) in connection.execute(query)]
    connection.close()
    return found
