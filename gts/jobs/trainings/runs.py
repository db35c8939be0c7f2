"""A run on the disk: made from what was asked, and read back by whoever goes on with it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gts.errors import FileError
from gts.formats.durable import write_durably
from gts.formats.spec_file import read_spec, write_spec
from gts.jobs.job_lock import Life
from gts.jobs.job_store import Job, reindex, write_job
from gts.jobs.trainings.request import Milestones, TrainingRequest
from gts.store.catalogue import Catalogue, RunRecord, now
from gts.store.workspace import RunFolder, Workspace
from gts.system.threads import available_cpus
from gts.training.plan import Plan

if TYPE_CHECKING:
    from gts.formats.checkpoint import Checkpoint

_FORMAT = 2


def begin(request: TrainingRequest) -> tuple[Job, Life]:
    """Make the folder of a run with all that its worker needs; whoever gets the lock with it works or passes it on.

    Raises FileError where the workspace cannot be written to.
    """
    workspace = request.workspace
    reindex(workspace)
    folder = workspace.make_run(request.name, datetime.now())
    life = Life.take(folder.lock)
    try:
        life.say("waiting", "it starts")
        for member, spec in enumerate(request.specs):
            folder.member(member).mkdir()
            write_spec(folder.spec(member), spec)
        if request.start is not None:
            # Only here: it loads numpy, and a job that starts from a spec shall be on its way in half a second.
            from gts.formats.checkpoint import write_checkpoint

            write_checkpoint(folder.start, request.start)
        record = record_of(request, folder)
        write_facts(folder, record)
        job = Job(
            id=folder.id,
            kind="train",
            name=request.name,
            folder=folder.path,
            claim="active",
            created=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
            threads=request.threads or available_cpus(),
            queued=request.queued,
            request=_written(request),
        )
        written = write_job(workspace, job)
        with suppress(FileError), Catalogue(workspace.catalogue) as catalogue:
            catalogue.put_run(record)
        return written, life
    except BaseException:
        life.release()
        raise


def request_of(workspace: Workspace, job: Job) -> TrainingRequest:
    """What a run was asked to do, from its folder; raises FileError where something of it is missing or damaged."""
    folder = RunFolder(job.folder)
    members = folder.members()
    if members == 0:
        raise FileError(f"{folder.path} has no spec in it", hint="train its spec anew")
    specs = tuple(read_spec(folder.spec(member)) for member in range(members))
    asked = job.request
    suffixes = [f"-seed{spec.params.seed}" if members > 1 else "" for spec in specs]
    results = asked.get("results") or [f"{job.name}{suffix}.checkpoint" for suffix in suffixes]
    way = asked.get("milestones")
    return TrainingRequest(
        workspace=workspace,
        name=job.name,
        source=asked.get("source", job.name),
        specs=specs,
        results=tuple(workspace.root / path for path in results),
        start=_start_of(folder),
        keep=asked.get("keep", "best"),
        milestones=Milestones(os.path.join(workspace.root, way["prefix"]), way["interval"]) if way else None,
        score=asked.get("score", True),
        save_when_stopped=asked.get("save_when_stopped", True),
        threads=job.threads or None,
        save_every=asked.get("save_every", 30.0),
        queued=job.queued,
    )


def _start_of(folder: RunFolder) -> Checkpoint | None:
    """The checkpoint that a run began from; None where it began from scratch. Raises FileError."""
    if not folder.start.exists():
        return None
    from gts.formats.checkpoint import read_checkpoint

    return read_checkpoint(folder.start)


def record_of(request: TrainingRequest, folder: RunFolder) -> RunRecord:
    """What a run is, before its first step."""
    spec = request.specs[0]
    return RunRecord(
        id=folder.id,
        name=request.name,
        source=request.source,
        figure=spec.figure,
        technique=spec.technique,
        members=len(request.specs),
        total_steps=Plan.of(spec.params).total_steps,
        step=0,
        started=now(),
    )


def write_facts(folder: RunFolder, record: RunRecord, outcome: tuple[Mapping[str, Any], ...] = ()) -> None:
    """Write `run.json`: what the run is, and what its members came to."""
    facts = {"format": _FORMAT, **asdict(record)} | ({"outcome": list(outcome)} if outcome else {})
    write_durably(folder.facts, (json.dumps(facts, indent=2, ensure_ascii=False) + "\n").encode())


def ends_in_failure(folder: RunFolder) -> bool:
    """Whether every member has failed, so that going on would only end there again."""
    try:
        outcome = json.loads(folder.facts.read_bytes()).get("outcome", [])
        return bool(outcome) and all(member.get("failed") for member in outcome)
    except (OSError, ValueError, AttributeError):
        return False


def place_in(workspace: Workspace, path: Path) -> str:
    """A path as a workspace remembers it: relative where it is inside, so that the workspace can be moved."""
    full, root = os.path.abspath(path), os.path.abspath(workspace.root)
    return os.path.relpath(full, root) if full.startswith(root + os.sep) else full


def _written(request: TrainingRequest) -> dict[str, Any]:
    milestones = request.milestones
    prefix = milestones.prefix if milestones else ""
    if prefix:
        # A prefix that ends in a slash is a folder, which a path forgets.
        prefix = place_in(request.workspace, Path(prefix)) + ("/" if prefix.endswith("/") else "")
    return {
        "source": request.source,
        "results": [place_in(request.workspace, path) for path in request.results],
        "keep": request.keep,
        "score": request.score,
        "save_when_stopped": request.save_when_stopped,
        "save_every": request.save_every,
        "milestones": {"prefix": prefix, "interval": milestones.interval} if milestones else None,
    }
