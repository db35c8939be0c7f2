"""Statistics over several seeds of one spec, written beside their checkpoints."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from gts.errors import FileError, FullDiskError
from gts.jobs.job_events import TrainingOutcome
from gts.jobs.requests import TrainingRequest


@dataclass(frozen=True)
class SeedStatistics:
    """Statistics of a quantity over several seeds."""

    median: float
    iqm: float
    """Mean of the middle half (Agarwal et al. 2021)."""
    lowest: float
    highest: float


def seed_statistics(outcome: TrainingOutcome) -> dict[str, SeedStatistics]:
    """Statistics of mean return, score and length over the members' scores; empty for one member or without scores."""
    scores = [member.score for member in outcome.members if member.score is not None]
    if len(outcome.members) < 2 or not scores:
        return {}
    import numpy as np

    from gts.training.score import interquartile_mean

    found = {}
    for quantity in ("mean", "score", "length"):
        values = [float(score[quantity]) for score in scores]
        middle = float(interquartile_mean(np.array(values)))
        found[quantity] = SeedStatistics(median(values), middle, min(values), max(values))
    return found


def summary_path(results: Sequence[Path], first_seed: int) -> Path:
    """File of the summary: `out-seed1.checkpoint`, … → `out-summary.json`."""
    stem = results[0].stem.removesuffix(f"-seed{first_seed}")
    return results[0].with_name(f"{stem}-summary.json")


def write_summary(request: TrainingRequest, outcome: TrainingOutcome) -> Path | None:
    """Write the summary; returns None if there is one member or no result. Raises FileError."""
    from gts.formats.durable import write_durably

    if len(outcome.members) < 2 or not any(member.result for member in outcome.members):
        return None
    path = summary_path(request.results, outcome.members[0].seed)
    try:
        text = json.dumps(_summary_document(request, outcome), indent=2, ensure_ascii=False)
        write_durably(path, (text + "\n").encode())
    except FullDiskError:
        raise
    except FileError as error:
        raise FileError(error.message, hint=f"the checkpoints are written; the numbers are in {outcome.folder.path}") from error
    return path


def _summary_document(request: TrainingRequest, outcome: TrainingOutcome) -> Mapping[str, Any]:
    members = [asdict(member) | {"result": str(member.result) if member.result else None} for member in outcome.members]
    return {
        "source": request.source,
        "run": outcome.folder.id,
        "figure": outcome.figure,
        "technique": outcome.technique,
        "steps": outcome.step,
        "total_steps": outcome.total_steps,
        "seconds": round(outcome.seconds, 3),
        "interrupted": outcome.stopped,
        "members": members,
        "over_seeds": {quantity: asdict(over) for quantity, over in seed_statistics(outcome).items()},
    }
