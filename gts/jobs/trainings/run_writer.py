"""What a run leaves on the disk while it trains: log, numbers, checkpoints, and its line in the catalogue."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import safetensors.numpy
from numpy.typing import NDArray

from gts.errors import FileError, FullDiskError
from gts.formats.checkpoint import Checkpoint, write_checkpoint
from gts.formats.durable import write_durably
from gts.formats.trajectory import write_trajectory
from gts.jobs.events import SCORE_STEPS, CheckpointKind, CheckpointSaved
from gts.jobs.job_store import Job, JobLog, write_job
from gts.jobs.requests import TrainingRequest
from gts.jobs.trainings.runs import initial_run_record, stored_path, write_run_file
from gts.params.spec import Spec
from gts.store.catalogue import Catalogue, CheckpointRecord, RecordedState, ScoreRecord, utc_now
from gts.store.metrics import open_metrics_writer
from gts.store.workspace import RunFolder
from gts.training.events import MemberFailed, MembersEvaluated, TrainingProgress
from gts.training.score import Score

KEPT_RUN_STATES = 3


class RunWriter:
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
        self.warnings: list[str] = []
        self._job = job
        self._request = request
        self._record = replace(initial_run_record(request, self.folder), started=job.created, step=resume or 0)
        parents, curves = _parents(request), history or [()] * len(request.specs)
        self._members = [
            MemberFiles(self.folder, member, spec, kept=KEPT_RUN_STATES, history=curve, parents=parents)
            for member, (spec, curve) in enumerate(zip(request.specs, curves, strict=True))
        ]
        self.log = JobLog(self.folder.log).append
        self.metrics, lost = open_metrics_writer(self.folder.metrics, rounds=rounds, resume=resume)
        if lost:
            self._warn(lost)
        self._is_catalogue_usable = True
        self._update_catalogue(lambda catalogue: catalogue.put_run(self._record))

    def close(self, *, complete: bool) -> None:
        """Bring the last numbers to the disk; `complete` where the training is over and no more will come."""
        self.metrics.close(complete=complete)

    def record_state(self, state: RecordedState, reason: str = "") -> None:
        """Write down how the run stands from here on."""
        self._job = write_job(self._request.workspace, replace(self._job, recorded_state=state, reason=reason, attempts=()))

    def write_outcome(self, members: Sequence[Mapping[str, Any]]) -> None:
        """Write down what the members came to."""
        write_run_file(self.folder, self._record, tuple(members))

    def add_round(self, event: TrainingProgress) -> None:
        """Take in the numbers of a round."""
        self.metrics.add_round(event.step, event.epoch, event.metrics, event.seconds)

    def add_evaluation(self, event: MembersEvaluated) -> None:
        """Take in an evaluation."""
        for member, (score, best) in enumerate(zip(event.scores, event.improved, strict=True)):
            if score is None:
                continue
            self.metrics.add_evaluation(member, event.step, score.as_dict(), best=best)
            self._members[member].add_evaluation(event.step, score)
        for member, trajectory in enumerate(event.trajectories):
            if trajectory is not None:
                # It is for looking at: a disk that cannot take it does without.
                with suppress(FileError):
                    write_trajectory(self.folder.trajectory(member), trajectory)
        means = ", ".join("failed" if score is None else f"{score.mean:.1f}" for score in event.scores)
        self.log(f"step {event.step}: evaluated, mean return {means}")

    def add_failure(self, event: MemberFailed) -> None:
        """Take in the end of a member."""
        self.metrics.add_failure(event.member, event.step, event.reason)

    def write_failure_dump(self, event: MemberFailed, arrays: Mapping[str, NDArray[Any]]) -> Path:
        """Keep what a failed member left, for whoever wants to know why; the file."""
        return self._members[event.member].write_failure_dump(event.step, event.reason, arrays)

    def save(self, path: Path, member: int, kind: CheckpointKind, checkpoint: Checkpoint) -> tuple[CheckpointSaved, Checkpoint]:
        """Write a checkpoint with what the run knows about it; the checkpoint as written."""
        files = self._members[member]
        if kind == "last":
            # A state without its numbers could not be gone on from: they reach the disk first.
            self.metrics.flush()
        written = files.save(path, checkpoint)
        step = int(checkpoint.counters.get("step", 0))
        gone = files.prune() if kind == "last" else []
        if kind != "milestone":
            record = CheckpointRecord(self._stored_path(path), self.folder.id, member, kind, step, written.checksum, utc_now())
            self._update_catalogue(
                lambda catalogue: catalogue.put_checkpoint(record, deleted=tuple(map(self._stored_path, gone)))
            )
        return CheckpointSaved(path, member, kind, step), written

    def record_step(self, step: int) -> None:
        """Tell the catalogue how far the run is."""
        self._record = replace(self._record, step=step)
        self._update_catalogue(lambda catalogue: catalogue.put_run(self._record))

    def add_score(self, path: Path, checkpoint: Checkpoint, score: Mapping[str, Any]) -> None:
        """Write down a score over the test episodes, once."""
        self.log(f"{path}: mean {score['mean']:.1f}, cov {score['cov']:.3f}, score {score['score']:.1f}")
        record = ScoreRecord(
            checkpoint.checksum,
            self._stored_path(path),
            0,
            SCORE_STEPS,
            score["episodes"],
            score["mean"],
            score["score"],
            score,
            utc_now(),
            self._record.figure,
        )

        def add(catalogue: Catalogue) -> None:
            known = catalogue.scores(record.checksum)
            if not any(replace(one, taken=record.taken) == record for one in known):
                catalogue.add_score(record)

        self._update_catalogue(add)

    def _stored_path(self, path: Path) -> str:
        return stored_path(self._request.workspace, path)

    def _update_catalogue(self, change: Callable[[Catalogue], None]) -> None:
        if not self._is_catalogue_usable:
            return
        try:
            with Catalogue(self._request.workspace.catalogue) as catalogue:
                change(catalogue)
        except FullDiskError:
            raise
        except FileError as error:
            self._is_catalogue_usable = False
            self._warn(f"the catalogue does not know of this run: {error.message}")

    def _warn(self, text: str) -> None:
        self.warnings.append(text)
        self.log(text)


def _parents(request: TrainingRequest) -> tuple[Mapping[str, Any], ...]:
    """The checkpoints behind this training, oldest first."""
    if request.start is None:
        return ()
    parent = {"name": Path(request.source).name, "checksum": request.start.checksum}
    return (*request.start.parents, {**parent, "step": int(request.start.counters.get("step", 0))})


class MemberFiles:
    """The files of one member; every method that writes may raise FileError."""

    def __init__(
        self,
        folder: RunFolder,
        member: int,
        spec: Spec,
        *,
        kept: int,
        history: Sequence[Mapping[str, Any]] = (),
        parents: tuple[Mapping[str, Any], ...] = (),
    ) -> None:
        """`kept`: how many complete states stay. `history`: its learning curve so far. `parents`: what it was trained from."""
        self._folder = folder
        self._member = member
        self._spec = spec
        self._kept = kept
        self._history = list(history)
        self._parents = parents

    def add_evaluation(self, step: int, score: Score) -> None:
        """Add a point to its learning curve."""
        row = {"step": step, "mean": score.mean, "deviation": score.deviation}
        self._history.append({**row, "score": score.score, "length": score.length})

    def save(self, path: Path, checkpoint: Checkpoint) -> Checkpoint:
        """Write a checkpoint with what is known of the member; the checkpoint as written."""
        full = replace(checkpoint, history=tuple(self._history), parents=self._parents)
        return replace(full, checksum=write_checkpoint(path, full))

    def prune(self) -> list[Path]:
        """Remove all complete states but the newest; which ones are gone."""
        gone = self._folder.last_checkpoints(self._member)[: -self._kept]
        for path in gone:
            path.unlink(missing_ok=True)
        return gone

    def write_failure_dump(self, step: int, reason: str, arrays: Mapping[str, NDArray[Any]]) -> Path:
        """Keep what it left when it failed, for whoever wants to know why; the file."""
        path = self._folder.failure_dump(self._member, step)
        about = {"step": step, "reason": reason, "spec": self._spec.to_document(), "values": self._spec.values()}
        write_durably(path, safetensors.numpy.save(dict(arrays), metadata={"gts": json.dumps(about, ensure_ascii=False)}))
        return path
