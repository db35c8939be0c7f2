"""What is known of jobs: what each claims in its folder, and how it really stands.

`job.json` in the folder of a job holds the claim, and only the process that has the lock beside it writes there. How the job
stands is the claim *and* the lock: one that claims to be at work while nobody holds its lock was interrupted. The catalogue
lists jobs, so that a list of a thousand costs one query; the folder decides.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from gts.errors import FileError, UsageError, reason
from gts.formats.durable import write_durably
from gts.jobs.job_lock import LockInfo, read_lock
from gts.jobs.states import Done, Failed, Interrupted, JobState, Paused, Queued, Running, Stopping
from gts.store.catalogue import Catalogue, JobRecord, RecordedState, RunRecord, find_unindexed_runs, utc_now
from gts.store.records import parse_record
from gts.store.workspace import JobFolder, RunFolder, Workspace
from gts.system import this_system

MAX_CRASHES_AT_STEP = 3
"""Attempts that may die at the same step; what dies there once more would do so for ever."""

STOPPED = "stopped"
"""Why a job is paused that a person has stopped."""

_FORMAT = 1
_MANY = 10_000
_LEGACY_STATES: Mapping[str, RecordedState] = {"running": "active", "interrupted": "paused", "done": "done", "failed": "failed"}


@dataclass(frozen=True)
class Job:
    """A job as its folder has it."""

    id: str
    kind: str
    """What is done: `train`."""
    name: str
    """For a person."""
    folder: Path
    recorded_state: RecordedState
    created: str
    reason: str = ""
    changed: str = ""
    threads: int = 0
    """CPUs that it uses; 0: not known."""
    queued: bool = False
    """Whether it waits for a slot before it begins."""
    attempts: tuple[int, ...] = ()
    """The steps at which the attempts began that came no further: all of them the same step."""
    request: Mapping[str, Any] = field(default_factory=dict)
    """What it was asked to do; what this means is the affair of its kind."""

    @property
    def lock_path(self) -> Path:
        """Its sign of life."""
        return JobFolder(self.folder).lock

    def catalogue_record(self, workspace: Workspace) -> JobRecord:
        """Its line in the catalogue."""
        return JobRecord(
            id=self.id,
            kind=self.kind,
            name=self.name,
            folder=str(self.folder.relative_to(workspace.root)),
            recorded_state=self.recorded_state,
            reason=self.reason,
            threads=self.threads,
            created=self.created,
            changed=self.changed,
        )


@dataclass(frozen=True)
class JobStatus:
    """A job and how it stands at one moment."""

    job: Job
    state: JobState
    lock_info: LockInfo | None
    """What its process said last."""


def read_job(folder: Path) -> Job:
    """The job of a folder; raises FileError where it is none or cannot be read."""
    path = JobFolder(folder).job_file
    try:
        data = json.loads(path.read_bytes())
        if not isinstance(data, dict):
            raise ValueError("it is no JSON object")
        if data.get("format", 0) > _FORMAT:
            raise ValueError("its format is newer than this program")
        attempts = tuple(data.get("attempts", ()))
        return parse_record(Job, {**data, "id": folder.name, "folder": folder, "attempts": attempts})
    except FileNotFoundError:
        return _read_legacy_run(folder)
    except OSError as error:
        raise FileError(f"cannot read {path}: {reason(error)}") from error
    except (ValueError, TypeError) as error:
        raise FileError(f"{path} is damaged: {error}", hint="its checkpoints may still be whole: see `gts info`") from error


def write_job(workspace: Workspace, job: Job) -> Job:
    """Write down a claim, and index it where the catalogue can be written; only for who holds the lock of the job."""
    dated = replace(job, changed=utc_now())
    data = {"format": _FORMAT, **asdict(dated)} | {"folder": None, "attempts": list(dated.attempts)}
    del data["folder"]
    write_durably(JobFolder(job.folder).job_file, (json.dumps(data, indent=2, ensure_ascii=False) + "\n").encode())
    with suppress(FileError), Catalogue(workspace.catalogue) as catalogue:
        catalogue.put_job(dated.catalogue_record(workspace))
    return dated


def read_job_status(folder: Path) -> JobStatus:
    """How the job of a folder stands now. Raises FileError where the folder holds none."""
    # The lock is looked at first: what ends between the two looks has written down how.
    held, sign = read_lock(JobFolder(folder).lock)
    job = read_job(folder)
    return JobStatus(job, _current_state(job, held, sign), sign)


def list_jobs(workspace: Workspace, *, limit: int = 100, offset: int = 0, alive: bool = False) -> list[JobStatus]:
    """A page of the jobs, newest first; only those that work or wait where `alive`.

    The catalogue says which there are; folders are read only where it may be behind: of jobs that claim to be at work or whose
    lock is held, and of those that it does not know.
    """
    found: list[JobStatus] = []
    for record, folder in _newest_folders(workspace, limit + offset, alive):
        with suppress(FileError):
            standing = _status_from_record(record, folder) if record else read_job_status(folder)
            if standing is not None and (standing.state.alive or not alive):
                found.append(standing)
    found.sort(key=lambda standing: (standing.job.created, standing.job.id), reverse=True)
    return found[offset : offset + limit]


def index_missing_runs(workspace: Workspace) -> None:
    """Tell the catalogue of the runs that it does not know; nothing happens where it cannot be written."""
    with suppress(FileError), Catalogue(workspace.catalogue) as catalogue:
        jobs, runs = [], []
        for run in find_unindexed_runs(workspace, catalogue):
            with suppress(FileError, OSError, ValueError):
                folder = workspace.run_folder(run)
                record = replace(parse_record(RunRecord, json.loads(folder.run_file.read_bytes())), id=run)
                jobs.append(read_job(folder.path).catalogue_record(workspace))
                runs.append(record)
        if runs:
            catalogue.put_many(runs, jobs)


def find_job(workspace: Workspace, reference: str) -> JobStatus:
    """The job that a word names: its id, any part of it that no other has, or `@last`; raises UsageError, FileError."""
    if reference == "@last":
        newest = list_jobs(workspace, limit=1)
        if newest:
            return read_job_status(newest[0].job.folder)
    found = workspace.match_jobs(reference)
    if len(found) > 1:
        shown = ", ".join(folder.name for folder in found[-3:]) + (", …" if len(found) > 3 else "")
        raise UsageError(f"`{reference}` names {len(found)} jobs: {shown}", hint="write more of it")
    if not found:
        raise UsageError(f"there is no job `{reference}` in `{workspace.root}`", hint="`gts jobs --all` lists them")
    return read_job_status(found[0])


def _newest_folders(workspace: Workspace, limit: int, alive: bool) -> list[tuple[JobRecord | None, Path]]:
    """The folders of the newest jobs, with what the catalogue knows of them."""
    try:
        with Catalogue(workspace.catalogue, read_only=True) as catalogue:
            records = catalogue.jobs(recorded_states=("active",) if alive else (), limit=_MANY if alive else limit)
            missing = find_unindexed_runs(workspace, catalogue)
    except FileError:
        records, missing = [], workspace.run_ids()
    known: list[tuple[JobRecord | None, Path]] = [(record, workspace.root / record.folder) for record in records]
    listed = {record.id for record in records}
    known += [(None, workspace.run_folder(run).path) for run in missing if run not in listed]
    return known + [(None, workspace.study_folder(name).path) for name in workspace.study_names() if name not in listed]


def _status_from_record(record: JobRecord, folder: Path) -> JobStatus | None:
    """How a job stands by its line in the catalogue, where that must be true; None where its folder is gone."""
    held, sign = read_lock(JobFolder(folder).lock)
    if held or record.recorded_state == "active":
        return read_job_status(folder)
    if not folder.is_dir():
        return None
    job = Job(
        id=record.id,
        kind=record.kind,
        name=record.name,
        folder=folder,
        recorded_state=record.recorded_state,
        created=record.created,
        reason=record.reason,
        changed=record.changed,
        threads=record.threads,
    )
    return JobStatus(job, inactive_state(job, sign), sign)


def _current_state(job: Job, is_locked: bool, lock_info: LockInfo | None) -> JobState:
    if is_locked:
        activity = lock_info.activity if lock_info else "waiting"
        reason = lock_info.reason if lock_info else ""
        states: dict[str, JobState] = {"running": Running(), "stopping": Stopping(), "paused": Paused(reason, alive=True)}
        return states.get(activity, Queued(reason))
    return inactive_state(job, lock_info)


def inactive_state(job: Job, lock_info: LockInfo | None) -> JobState:
    """How a job stands on which nobody works."""
    if job.recorded_state == "done":
        return Done()
    if job.recorded_state == "failed":
        return Failed(job.reason)
    if job.recorded_state == "paused":
        return Paused(job.reason)
    if len(job.attempts) >= MAX_CRASHES_AT_STEP:
        return Failed(f"it died {len(job.attempts)} times at step {job.attempts[-1]}")
    return Interrupted("kill" if lock_info is not None and lock_info.worker.boot == this_system().boot_id() else "reboot")


def _read_legacy_run(folder: Path) -> Job:
    """A run that was made before there were jobs."""
    path = RunFolder(folder).run_file
    try:
        facts = json.loads(path.read_bytes())
        data = {
            "id": folder.name,
            "kind": "train",
            "name": facts["name"],
            "folder": folder,
            "claim": _LEGACY_STATES[facts["state"]],
            "created": facts["started"],
            "reason": facts.get("reason", "") or (STOPPED if facts["state"] == "interrupted" else ""),
            "changed": facts.get("finished", ""),
            "request": {"results": facts.get("results", [])},
        }
        return parse_record(Job, data)
    except OSError as error:
        raise FileError(f"{folder} holds no job: {reason(error)}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise FileError(f"{path} is damaged", hint="its checkpoints may still be whole: see `gts info`") from error
