"""What a run leaves on the disk while it trains: facts, log, numbers, checkpoints, and its line in the catalogue."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from gts.errors import FileError
from gts.formats.checkpoint import Checkpoint, write_checkpoint
from gts.formats.durable import write_durably
from gts.formats.spec_file import write_spec
from gts.jobs.training import SCORE_STEPS, Kind, Saved, TrainingRequest
from gts.store.catalogue import Catalogue, CheckpointRecord, RunRecord, RunState, ScoreRecord, now
from gts.store.metrics import MetricsWriter
from gts.store.workspace import RunFolder
from gts.training.events import Evaluated, Progress

KEPT_STATES = 3


@dataclass(frozen=True)
class Standing:
    """How a run stands."""

    state: RunState
    step: int
    reason: str = ""


class Recorder:
    """Everything that is written for one run.

    The folder of the run is what counts: where it cannot be written, FileError ends the training. The catalogue is an index:
    where that cannot be written, `troubles` says so once and the training goes on.
    """

    def __init__(self, request: TrainingRequest, *, total_steps: int, rounds: int) -> None:
        """Make the folder of the run and write down what is going to happen."""
        self.folder: RunFolder = request.workspace.make_run(request.name, datetime.now())
        self.troubles: list[str] = []
        self._request = request
        self._history: list[list[dict[str, float]]] = [[] for _ in request.specs]
        self._parents = _parents(request)
        spec = request.specs[0]
        self._record = RunRecord(
            id=self.folder.id,
            name=request.name,
            source=request.source,
            figure=spec.figure,
            technique=spec.technique,
            members=len(request.specs),
            total_steps=total_steps,
            step=0,
            state="running",
            started=now(),
        )
        for member, spec in enumerate(request.specs):
            self.folder.member(member).mkdir()
            write_spec(self.folder.spec(member), spec)
        self.metrics = MetricsWriter(self.folder.metrics, rounds=rounds)
        self._log = self.folder.log.open("a", encoding="utf-8", buffering=1)
        self.stand(Standing("running", 0))

    def close(self) -> None:
        """Bring the last numbers to the disk."""
        try:
            self.metrics.close()
        finally:
            self._log.close()

    def log(self, text: str) -> None:
        """A line in the story of the run."""
        self._log.write(f"{datetime.now():%Y-%m-%d %H:%M:%S}  {text}\n")

    def stand(self, standing: Standing, outcome: Sequence[Mapping[str, Any]] = ()) -> None:
        """Write down how the run stands; `outcome` is what its members came to."""
        ended = "" if standing.state == "running" else now()
        self._record = replace(self._record, state=standing.state, step=standing.step, reason=standing.reason, finished=ended)
        facts = {"format": 1, **self._record.__dict__, "results": [str(path) for path in self._request.results]}
        if outcome:
            facts["outcome"] = list(outcome)
        write_durably(self.folder.facts, (json.dumps(facts, indent=2, ensure_ascii=False) + "\n").encode())
        self._index(lambda catalogue: catalogue.put_run(self._record))

    def round(self, event: Progress) -> None:
        """Take in the numbers of a round."""
        self.metrics.round(event.step, event.epoch, event.metrics, event.seconds)

    def evaluated(self, event: Evaluated) -> None:
        """Take in an evaluation."""
        for member, (score, best) in enumerate(zip(event.scores, event.best, strict=True)):
            if score is None:
                continue
            self.metrics.evaluated(member, event.step, score.as_dict(), best=best)
            row = {"step": event.step, "mean": score.mean, "deviation": score.deviation}
            self._history[member].append({**row, "score": score.score, "length": score.length})
        means = ", ".join("failed" if score is None else f"{score.mean:.1f}" for score in event.scores)
        self.log(f"step {event.step}: evaluated, mean return {means}")

    def save(self, path: Path, member: int, kind: Kind, checkpoint: Checkpoint) -> tuple[Saved, Checkpoint]:
        """Write a checkpoint with what the run knows about it; the checkpoint as written."""
        full = replace(checkpoint, history=tuple(self._history[member]), parents=self._parents)
        if kind == "last":
            # A state without its numbers could not be gone on from: they reach the disk first.
            self.metrics.flush()
        checksum = write_checkpoint(path, full)
        step = int(checkpoint.counters.get("step", 0))
        gone = self._prune(member) if kind == "last" else []
        if kind != "milestone":
            record = CheckpointRecord(self._place(path), self.folder.id, member, kind, step, checksum, now())
            self._index(lambda catalogue: catalogue.put_checkpoint(record, gone=tuple(map(self._place, gone))))
        return Saved(path, member, kind, step), replace(full, checksum=checksum)

    def scored(self, path: Path, checkpoint: Checkpoint, score: Mapping[str, Any]) -> None:
        """Write down a score over the test episodes."""
        self.log(f"{path}: mean {score['mean']:.1f}, cov {score['cov']:.3f}, score {score['score']:.1f}")
        record = ScoreRecord(
            checkpoint.checksum,
            self._place(path),
            0,
            SCORE_STEPS,
            score["episodes"],
            score["mean"],
            score["score"],
            score,
            now(),
        )
        self._index(lambda catalogue: catalogue.add_score(record))

    def _prune(self, member: int) -> list[Path]:
        """Remove all complete states of a member but the newest."""
        gone = self.folder.lasts(member)[:-KEPT_STATES]
        for path in gone:
            path.unlink(missing_ok=True)
        return gone

    def _place(self, path: Path) -> str:
        """A path as the catalogue has it: relative where it is inside the workspace."""
        full, root = os.path.abspath(path), os.path.abspath(self._request.workspace.root)
        return os.path.relpath(full, root) if full.startswith(root + os.sep) else full

    def _index(self, change: Callable[[Catalogue], None]) -> None:
        if self.troubles:
            return
        try:
            with Catalogue(self._request.workspace.catalogue) as catalogue:
                change(catalogue)
        except FileError as error:
            self.troubles.append(f"the catalogue does not know of this run: {error.message}")
            self.log(self.troubles[-1])


def _parents(request: TrainingRequest) -> tuple[Mapping[str, Any], ...]:
    """The checkpoints behind this training, oldest first."""
    if request.start is None:
        return ()
    parent = {"name": Path(request.source).name, "checksum": request.start.checksum}
    return (*request.start.parents, {**parent, "step": int(request.start.counters.get("step", 0))})
