"""Everything a run writes while it trains: log, metrics, checkpoints, its row in the catalogue."""

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
from gts.jobs.job_events import SCORE_STEPS, CheckpointKind, CheckpointSaved
from gts.jobs.job_store import Job, JobLog, write_job
from gts.jobs.requests import TrainingRequest
from gts.jobs.trainings.runs import initial_run_record, write_run_file
from gts.params.spec import Spec
from gts.store.catalogue import Catalogue, CheckpointRecord, RecordedState, ScoreRecord, utc_now
from gts.store.metrics import open_metrics_writer
from gts.store.workspace import RunFolder
from gts.training.events import MemberFailed, MembersEvaluated, TrainingProgress
from gts.training.score import Score

KEPT_RUN_STATES = 3


class RunWriter:
    """Writes the files of one run, for the process that holds its lock.

    Raises FileError if the run's folder cannot be written; after FullDiskError the same call can be repeated. If the catalogue,
    which is only an index, cannot be written, `warnings` gets one entry and the training continues.
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
        """`resume`: the step to resume from, with each member's learning curve until then."""
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
        """Write the last metrics to the disk; `complete`: the training is over."""
        self.metrics.close(complete=complete)

    def record_state(self, state: RecordedState, reason: str = "") -> None:
        """Record a new state of the run."""
        self._job = write_job(self._request.workspace, replace(self._job, recorded_state=state, reason=reason, attempts=()))

    def write_outcome(self, members: Sequence[Mapping[str, Any]]) -> None:
        """Record the members' results."""
        write_run_file(self.folder, self._record, tuple(members))

    def add_round(self, event: TrainingProgress) -> None:
        """Record the metrics of a round."""
        self.metrics.add_round(event.step, event.epoch, event.metrics, event.seconds)

    def add_evaluation(self, event: MembersEvaluated) -> None:
        """Record an evaluation."""
        for member, (score, best) in enumerate(zip(event.scores, event.improved, strict=True)):
            if score is None:
                continue
            self.metrics.add_evaluation(member, event.step, score.as_dict(), best=best)
            self._members[member].add_evaluation(event.step, score)
        for member, trajectory in enumerate(event.trajectories):
            if trajectory is not None:
                # Only for display: not worth failing on a full disk.
                with suppress(FileError):
                    write_trajectory(self.folder.trajectory(member), trajectory)
        means = ", ".join("failed" if score is None else f"{score.mean:.1f}" for score in event.scores)
        self.log(f"step {event.step}: evaluated, mean return {means}")

    def add_failure(self, event: MemberFailed) -> None:
        """Record the failure of a member."""
        self.metrics.add_failure(event.member, event.step, event.reason)

    def write_failure_dump(self, event: MemberFailed, arrays: Mapping[str, NDArray[Any]]) -> Path:
        """Keep the arrays of a failed member for diagnosis; returns the file."""
        return self._members[event.member].write_failure_dump(event.step, event.reason, arrays)

    def save(self, path: Path, member: int, kind: CheckpointKind, checkpoint: Checkpoint) -> tuple[CheckpointSaved, Checkpoint]:
        """Write a checkpoint with the run's learning curve and parents; returns it as written."""
        files = self._members[member]
        if kind == "last":
            # A state cannot be resumed without its metrics: they are written first.
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
        """Record the progress of the run in the catalogue."""
        self._record = replace(self._record, step=step)
        self._update_catalogue(lambda catalogue: catalogue.put_run(self._record))

    def add_score(self, path: Path, checkpoint: Checkpoint, score: Mapping[str, Any]) -> None:
        """Record a score over the test episodes, once."""
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
        return self._request.workspace.display_path(path)

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
            self._warn(f"this run is missing in the catalogue: {error.message}")

    def _warn(self, text: str) -> None:
        self.warnings.append(text)
        self.log(text)


def _parents(request: TrainingRequest) -> tuple[Mapping[str, Any], ...]:
    """The ancestors of this training's checkpoint, oldest first."""
    if request.start is None:
        return ()
    parent = {"name": Path(request.source).name, "checksum": request.start.checksum}
    return (*request.start.parents, {**parent, "step": int(request.start.counters.get("step", 0))})


class MemberFiles:
    """The files of one member: states, best policy, learning curve, failure dump. Methods that write may raise FileError."""

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
        """`kept`: complete states to keep. `history`: its learning curve so far. `parents`: ancestors of its checkpoint."""
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
        """Write a checkpoint with learning curve and parents; returns it as written."""
        full = replace(checkpoint, history=tuple(self._history), parents=self._parents)
        return replace(full, checksum=write_checkpoint(path, full))

    def prune(self) -> list[Path]:
        """Remove all complete states but the newest; returns the removed files."""
        gone = self._folder.last_checkpoints(self._member)[: -self._kept]
        for path in gone:
            path.unlink(missing_ok=True)
        return gone

    def write_failure_dump(self, step: int, reason: str, arrays: Mapping[str, NDArray[Any]]) -> Path:
        """Keep the arrays of a failure for diagnosis; returns the file."""
        path = self._folder.failure_dump(self._member, step)
        about = {"step": step, "reason": reason, "spec": self._spec.to_document(), "values": self._spec.values()}
        write_durably(path, safetensors.numpy.save(dict(arrays), metadata={"gts": json.dumps(about, ensure_ascii=False)}))
        return path
