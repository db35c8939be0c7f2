"""A run on the disk: created from a request, and read back to be resumed."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gts.errors import FileError
from gts.formats.durable import write_durably
from gts.formats.spec_file import read_spec, write_spec
from gts.jobs.job_lock import STARTING, JobLock
from gts.jobs.job_store import Job, index_missing_runs, write_job
from gts.jobs.requests import Milestones, TrainingRequest
from gts.store.catalogue import Catalogue, RunRecord, utc_now
from gts.store.workspace import RunFolder, Workspace
from gts.system.threads import available_cpus
from gts.training.plan import TrainingPlan

if TYPE_CHECKING:
    from gts.formats.checkpoint import Checkpoint

_FORMAT = 2


def create_run(request: TrainingRequest) -> tuple[Job, JobLock]:
    """Create the folder of a run with everything its worker needs; returns the job and its lock.

    Raises FileError if the workspace cannot be written.
    """
    workspace = request.workspace
    index_missing_runs(workspace)
    folder = workspace.create_run_folder(request.name, datetime.now())
    lock = JobLock.acquire(folder.lock)
    try:
        lock.set_activity("queued", STARTING)
        for member, spec in enumerate(request.specs):
            folder.member_folder(member).mkdir()
            write_spec(folder.spec(member), spec)
        if request.start is not None:
            # Imported late: it loads numpy, and a job that starts from a spec has to start within half a second.
            from gts.formats.checkpoint import write_checkpoint

            write_checkpoint(folder.start_checkpoint, request.start)
        record = initial_run_record(request, folder)
        write_run_file(folder, record)
        job = Job(
            id=folder.id,
            kind="train",
            name=request.name,
            folder=folder.path,
            recorded_state="running",
            created=utc_now(microseconds=True),
            threads=request.threads or available_cpus(),
            queued=request.queued,
            request=_request_document(request),
        )
        written = write_job(workspace, job)
        with suppress(FileError), Catalogue(workspace.catalogue) as catalogue:
            catalogue.put_run(record)
        return written, lock
    except BaseException:
        lock.release()
        raise


def read_training_request(workspace: Workspace, job: Job) -> TrainingRequest:
    """Read the request of a run from its folder; raises FileError if a part is missing or damaged."""
    folder = RunFolder(job.folder)
    members = folder.member_count()
    if members == 0:
        raise FileError(f"{folder.path} has no spec in it", hint="train its spec again")
    specs = tuple(read_spec(folder.spec(member)) for member in range(members))
    stored = job.request
    suffixes = [f"-seed{spec.params.seed}" if members > 1 else "" for spec in specs]
    results = stored.get("results") or [f"{job.name}{suffix}.checkpoint" for suffix in suffixes]
    milestones = stored.get("milestones")
    return TrainingRequest(
        workspace=workspace,
        name=job.name,
        source=stored.get("source", job.name),
        specs=specs,
        results=tuple(workspace.root / path for path in results),
        start=_read_start_checkpoint(folder),
        keep=stored.get("keep", "best"),
        milestones=Milestones(os.path.join(workspace.root, milestones["prefix"]), milestones["interval"])
        if milestones
        else None,
        score=stored.get("score", True),
        save_when_stopped=stored.get("save_when_stopped", True),
        threads=job.threads or None,
        save_every=stored.get("save_every", 30.0),
        queued=job.queued,
    )


def _read_start_checkpoint(folder: RunFolder) -> Checkpoint | None:
    """The checkpoint that a run started from; None if it started from scratch. Raises FileError."""
    if not folder.start_checkpoint.exists():
        return None
    from gts.formats.checkpoint import read_checkpoint

    return read_checkpoint(folder.start_checkpoint)


def initial_run_record(request: TrainingRequest, folder: RunFolder) -> RunRecord:
    """Record of a run before its first step."""
    spec = request.specs[0]
    return RunRecord(
        id=folder.id,
        name=request.name,
        source=request.source,
        figure=spec.figure,
        technique=spec.technique,
        members=len(request.specs),
        total_steps=TrainingPlan.from_params(spec.params).total_steps,
        step=0,
        started=utc_now(),
    )


def write_run_file(folder: RunFolder, record: RunRecord, outcome: tuple[Mapping[str, Any], ...] = ()) -> None:
    """Write `run.json`: the description of the run and its members' results."""
    facts = {"format": _FORMAT, **asdict(record)} | ({"outcome": list(outcome)} if outcome else {})
    write_durably(folder.run_file, (json.dumps(facts, indent=2, ensure_ascii=False) + "\n").encode())


def have_all_members_failed(folder: RunFolder) -> bool:
    """Whether every member has failed, so that a resumed run would fail again."""
    try:
        outcome = json.loads(folder.run_file.read_bytes()).get("outcome", [])
        return bool(outcome) and all(member.get("failed") for member in outcome)
    except (OSError, ValueError, AttributeError):
        return False


def _request_document(request: TrainingRequest) -> dict[str, Any]:
    milestones = request.milestones
    prefix = milestones.prefix if milestones else ""
    if prefix:
        # A prefix that ends in a slash is a folder, which a path forgets.
        prefix = request.workspace.display_path(Path(prefix)) + ("/" if prefix.endswith("/") else "")
    return {
        "source": request.source,
        "results": [request.workspace.display_path(path) for path in request.results],
        "keep": request.keep,
        "score": request.score,
        "save_when_stopped": request.save_when_stopped,
        "save_every": request.save_every,
        "milestones": {"prefix": prefix, "interval": milestones.interval} if milestones else None,
    }
