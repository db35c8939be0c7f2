"""Reads and writes the jobs of a workspace, and determines their states.

`job.json` in a job's folder holds its recorded state; only the process that holds the lock beside it writes there. The state of
a job follows from both: a job recorded as running with a free lock was interrupted. The catalogue is an index, so that a
list of a thousand jobs costs one query; the folder is authoritative.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from gts.errors import FileError, UsageError, reason
from gts.formats.durable import write_durably
from gts.jobs.job_lock import Activity, LockInfo, read_lock
from gts.jobs.states import Done, Failed, Interrupted, JobState, Paused, Queued, Running, Stopping
from gts.store.catalogue import Catalogue, JobRecord, RecordedState, RunRecord, find_unindexed_runs, utc_now
from gts.store.records import parse_record
from gts.store.workspace import JobFolder, Workspace
from gts.system import this_system

MAX_CRASHES_AT_STEP = 3
"""Attempts that may crash at one step before the job counts as failed."""

STOPPED = "stopped"
"""Reason of a paused job that the user stopped."""

_FORMAT = 1
_MANY = 10_000


@dataclass(frozen=True)
class Job:
    """A job as recorded in its folder."""

    id: str
    kind: str
    """`train` or `search`."""
    name: str
    """For display."""
    folder: Path
    recorded_state: RecordedState
    created: str
    reason: str = ""
    changed: str = ""
    threads: int = 0
    """CPUs in use; 0: unknown."""
    queued: bool = False
    """Whether it waits for a slot before it starts."""
    attempts: tuple[int, ...] = ()
    """Start steps of the latest attempts, all equal: those that got no further."""
    request: Mapping[str, Any] = field(default_factory=dict)
    """The request as JSON; its meaning depends on the kind."""

    @property
    def lock_path(self) -> Path:
        """The lock file in its folder."""
        return JobFolder(self.folder).lock

    def catalogue_record(self, workspace: Workspace) -> JobRecord:
        """Its row in the catalogue."""
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
    """A job and its state at one moment."""

    job: Job
    state: JobState
    lock_info: LockInfo | None
    """The latest content of its lock file."""


def read_job(folder: Path) -> Job:
    """Read the job of a folder; raises FileError if there is none or it is damaged."""
    path = JobFolder(folder).job_file
    try:
        data = json.loads(path.read_bytes())
        if not isinstance(data, dict):
            raise ValueError("it is no JSON object")
        if data.get("format", 0) > _FORMAT:
            raise ValueError("its format is newer than this program")
        attempts = tuple(data.get("attempts", ()))
        return parse_record(Job, {**data, "id": folder.name, "folder": folder, "attempts": attempts})
    except FileNotFoundError as error:
        raise FileError(f"{folder} holds no job: no such file or directory") from error
    except OSError as error:
        raise FileError(f"cannot read {path}: {reason(error)}") from error
    except (ValueError, TypeError) as error:
        raise FileError(f"{path} is damaged: {error}", hint="its checkpoints may still be intact: see `gts info`") from error


def write_job(workspace: Workspace, job: Job) -> Job:
    """Record a job in its folder, and in the catalogue if that can be written; only for the holder of the job's lock."""
    dated = replace(job, changed=utc_now())
    data = {"format": _FORMAT, **asdict(dated)} | {"folder": None, "attempts": list(dated.attempts)}
    del data["folder"]
    write_durably(JobFolder(job.folder).job_file, (json.dumps(data, indent=2, ensure_ascii=False) + "\n").encode())
    with suppress(FileError), Catalogue(workspace.catalogue) as catalogue:
        catalogue.put_job(dated.catalogue_record(workspace))
    return dated


def read_job_status(folder: Path) -> JobStatus:
    """Determine the state of a folder's job. Raises FileError if the folder has none."""
    # The lock is read first: a job that ends in between has recorded its end.
    held, lock_info = read_lock(JobFolder(folder).lock)
    job = read_job(folder)
    return JobStatus(job, _current_state(job, held, lock_info), lock_info)


def list_jobs(workspace: Workspace, *, limit: int = 100, offset: int = 0, alive: bool = False) -> list[JobStatus]:
    """A page of the jobs, newest first; `alive`: only those that are queued, running, stopping or paused with a process.

    The catalogue lists them. Folders are read only if it may be outdated: for jobs recorded as running, jobs with a held lock
    and jobs that it does not contain.
    """
    found: list[JobStatus] = []
    for record, folder in _newest_folders(workspace, limit + offset, alive):
        with suppress(FileError):
            status = _status_from_record(record, folder) if record else read_job_status(folder)
            if status is not None and (status.state.alive or not alive):
                found.append(status)
    found.sort(key=lambda status: (status.job.created, status.job.id), reverse=True)
    return found[offset : offset + limit]


def index_missing_runs(workspace: Workspace) -> None:
    """Add the runs that the catalogue lacks; without effect if it cannot be written."""
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
    """Find a job by its id, by any part of it that is unique, or by `@last`. Raises UsageError, FileError."""
    if reference == "@last":
        newest = list_jobs(workspace, limit=1)
        if newest:
            return read_job_status(newest[0].job.folder)
    found = workspace.match_jobs(reference)
    if len(found) > 1:
        shown = ", ".join(folder.name for folder in found[-3:]) + (", …" if len(found) > 3 else "")
        raise UsageError(f"`{reference}` names {len(found)} jobs: {shown}", hint="write a longer part of the name")
    if not found:
        raise UsageError(f"there is no job `{reference}` in `{workspace.root}`", hint="`gts jobs --all` lists them")
    return read_job_status(found[0])


def _newest_folders(workspace: Workspace, limit: int, alive: bool) -> list[tuple[JobRecord | None, Path]]:
    """Folders of the newest jobs, with their rows in the catalogue."""
    try:
        with Catalogue(workspace.catalogue, read_only=True) as catalogue:
            records = catalogue.jobs(recorded_states=("running",) if alive else (), limit=_MANY if alive else limit)
            missing = find_unindexed_runs(workspace, catalogue)
    except FileError:
        records, missing = [], workspace.run_ids()
    known: list[tuple[JobRecord | None, Path]] = [(record, workspace.root / record.folder) for record in records]
    listed = {record.id for record in records}
    known += [(None, workspace.run_folder(run).path) for run in missing if run not in listed]
    return known + [(None, workspace.study_folder(name).path) for name in workspace.study_names() if name not in listed]


def _status_from_record(record: JobRecord, folder: Path) -> JobStatus | None:
    """Determine the state of a job from its row if that is reliable; None if its folder is gone."""
    held, lock_info = read_lock(JobFolder(folder).lock)
    if held or record.recorded_state == "running":
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
    return JobStatus(job, inactive_state(job, lock_info), lock_info)


def _current_state(job: Job, is_locked: bool, lock_info: LockInfo | None) -> JobState:
    if is_locked:
        if lock_info is None:
            return Queued("")
        reason = lock_info.reason
        states: dict[Activity, JobState] = {
            "queued": Queued(reason),
            "running": Running(),
            "stopping": Stopping(),
            "paused": Paused(reason, alive=True),
        }
        return states[lock_info.activity]
    return inactive_state(job, lock_info)


def inactive_state(job: Job, lock_info: LockInfo | None) -> JobState:
    """State of a job with a free lock."""
    if job.recorded_state == "done":
        return Done()
    if job.recorded_state == "failed":
        return Failed(job.reason)
    if job.recorded_state == "paused":
        return Paused(job.reason)
    if len(job.attempts) >= MAX_CRASHES_AT_STEP:
        return Failed(f"it crashed {len(job.attempts)} times at step {job.attempts[-1]}")
    return Interrupted("kill" if lock_info is not None and lock_info.worker.boot == this_system().boot_id() else "reboot")


class JobLog:
    """The log file of a job, one line per event; several processes may append to it. Errors of the disk are ignored."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, text: str) -> None:
        """Append a line with the present time."""
        with suppress(OSError):
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                os.write(descriptor, f"{datetime.now():%Y-%m-%d %H:%M:%S}  {text}\n".encode())
            finally:
                os.close(descriptor)
