"""What a run leaves on the disk while it trains: log, numbers, checkpoints, and its line in the catalogue."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import safetensors.numpy
from numpy.typing import NDArray

from gts.errors import DamagedError, FileError, FullDiskError
from gts.formats.checkpoint import Checkpoint, write_checkpoint
from gts.formats.durable import write_durably
from gts.formats.trajectory import write_trajectory
from gts.jobs.ledger import Job, write_job
from gts.jobs.runs import place_in, record_of, write_facts
from gts.jobs.training import SCORE_STEPS, Kind, Saved, TrainingRequest
from gts.store.catalogue import Catalogue, CheckpointRecord, Claim, ScoreRecord, now
from gts.store.metrics import MetricsWriter, set_aside
from gts.store.workspace import RunFolder
from gts.training.events import Evaluated, MemberFailed, Progress

KEPT_STATES = 3


class Recorder:
    """Everything that is written for one run, by the one process that has its lock.

    The folder of the run is what counts: where it cannot be written, FileError says so; FullDiskError may be tried again. The
    catalogue is an index: where that cannot be written, `troubles` says so once and the training goes on.
    """

    def __init__(
        self,
        job: Job,
        request: TrainingRequest,
        *,
        rounds: int,
        resume: int | None = None,
        history: Sequence[Sequence[Mapping[str, Any]]] = (),
    ) -> None:
        """`resume`: the step that the run goes on from, with each member's learning curve until there."""
        self.folder = RunFolder(job.folder)
        self.troubles: list[str] = []
        self._job = job
        self._request = request
        self._record = replace(record_of(request, self.folder), started=job.created, step=resume or 0)
        self._history = [list(rows) for rows in history] or [[] for _ in request.specs]
        self._parents = _parents(request)
        self._log = os.open(self.folder.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            self.metrics = self._open_metrics(rounds, resume)
        except BaseException:
            os.close(self._log)
            raise
        self._index(lambda catalogue: catalogue.put_run(self._record))

    def close(self, *, complete: bool) -> None:
        """Bring the last numbers to the disk; `complete` where the training is over and no more will come."""
        try:
            self.metrics.close(complete=complete)
        finally:
            os.close(self._log)

    def log(self, text: str) -> None:
        """A line in the story of the run; a disk that cannot take it does without."""
        with suppress(OSError):
            os.write(self._log, f"{datetime.now():%Y-%m-%d %H:%M:%S}  {text}\n".encode())

    def claim(self, claim: Claim, reason: str = "") -> None:
        """Write down how the run stands from here on."""
        self._job = write_job(self._request.workspace, replace(self._job, claim=claim, reason=reason, attempts=()))

    def outcome(self, members: Sequence[Mapping[str, Any]]) -> None:
        """Write down what the members came to."""
        write_facts(self.folder, self._record, tuple(members))

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
        for member, trajectory in enumerate(event.trajectories):
            if trajectory is not None:
                # It is for looking at: a disk that cannot take it does without.
                with suppress(FileError):
                    write_trajectory(self.folder.trajectory(member), trajectory)
        means = ", ".join("failed" if score is None else f"{score.mean:.1f}" for score in event.scores)
        self.log(f"step {event.step}: evaluated, mean return {means}")

    def failed(self, event: MemberFailed) -> None:
        """Take in the end of a member."""
        self.metrics.failed(event.member, event.step, event.reason)

    def bury(self, event: MemberFailed, arrays: Mapping[str, NDArray[Any]]) -> Path:
        """Keep what a failed member left, for whoever wants to know why; the file."""
        path = self.folder.remains(event.member, event.step)
        spec = self._request.specs[event.member]
        about = {"step": event.step, "reason": event.reason, "spec": spec.document(), "values": spec.values()}
        write_durably(path, safetensors.numpy.save(dict(arrays), metadata={"gts": json.dumps(about, ensure_ascii=False)}))
        return path

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

    def at(self, step: int) -> None:
        """Tell the catalogue how far the run is."""
        self._record = replace(self._record, step=step)
        self._index(lambda catalogue: catalogue.put_run(self._record))

    def scored(self, path: Path, checkpoint: Checkpoint, score: Mapping[str, Any]) -> None:
        """Write down a score over the test episodes, once."""
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
            self._record.figure,
        )

        def add(catalogue: Catalogue) -> None:
            known = catalogue.scores(record.checksum)
            if not any(replace(one, taken=record.taken) == record for one in known):
                catalogue.add_score(record)

        self._index(add)

    def _open_metrics(self, rounds: int, resume: int | None) -> MetricsWriter:
        """The run's numbers until `resume`; where they are damaged, new ones from there on."""
        path = self.folder.metrics
        try:
            return MetricsWriter(path, rounds=rounds, resume=resume)
        except DamagedError as error:
            aside = set_aside(path)
            lost = f"the numbers before step {resume or 0} are lost"
            self.troubles.append(f"{lost}: {error.message}; what is left of them is in {aside.name}")
            self.log(self.troubles[-1])
            return MetricsWriter(path, rounds=rounds, resume=resume)

    def _prune(self, member: int) -> list[Path]:
        """Remove all complete states of a member but the newest."""
        gone = self.folder.lasts(member)[:-KEPT_STATES]
        for path in gone:
            path.unlink(missing_ok=True)
        return gone

    def _place(self, path: Path) -> str:
        return place_in(self._request.workspace, path)

    def _index(self, change: Callable[[Catalogue], None]) -> None:
        if self.troubles:
            return
        try:
            with Catalogue(self._request.workspace.catalogue) as catalogue:
                change(catalogue)
        except FullDiskError:
            raise
        except FileError as error:
            self.troubles.append(f"the catalogue does not know of this run: {error.message}")
            self.log(self.troubles[-1])


def _parents(request: TrainingRequest) -> tuple[Mapping[str, Any], ...]:
    """The checkpoints behind this training, oldest first."""
    if request.start is None:
        return ()
    parent = {"name": Path(request.source).name, "checksum": request.start.checksum}
    return (*request.start.parents, {**parent, "step": int(request.start.counters.get("step", 0))})
