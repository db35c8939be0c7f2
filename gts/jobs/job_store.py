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

from gts.errors import FileError, UsageError
from gts.formats.durable import write_durably
from gts.jobs.job_lock import Sign, look
from gts.jobs.states import Done, Failed, Interrupted, Paused, Running, State, Stopping, Waiting
from gts.store.catalogue import Catalogue, Claim, JobRecord, RunRecord, now, unindexed
from gts.store.records import record_of
from gts.store.workspace import JobFolder, RunFolder, Workspace
from gts.system import this_system

MOST_DEATHS = 3
"""Attempts that may die at the same step; what dies there once more would do so for ever."""

STOPPED = "stopped"
"""Why a job is paused that a person has stopped."""

_FORMAT = 1
_MANY = 10_000
_CLAIMS_OF_OLD: Mapping[str, Claim] = {"running": "active", "interrupted": "paused", "done": "done", "failed": "failed"}


@dataclass(frozen=True)
class Job:
    """A job as its folder has it."""

    id: str
    kind: str
    """What is done: `train`."""
    name: str
    """For a person."""
    folder: Path
    claim: Claim
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
    def lock(self) -> Path:
        """Its sign of life."""
        return JobFolder(self.folder).lock

    def record(self, workspace: Workspace) -> JobRecord:
        """Its line in the catalogue."""
        return JobRecord(
            id=self.id,
            kind=self.kind,
            name=self.name,
            folder=str(self.folder.relative_to(workspace.root)),
            claim=self.claim,
            reason=self.reason,
            threads=self.threads,
            created=self.created,
            changed=self.changed,
        )


@dataclass(frozen=True)
class Standing:
    """A job and how it stands at one moment."""

    job: Job
    state: State
    sign: Sign | None
    """What its process said last."""


def read_job(folder: Path) -> Job:
    """The job of a folder; raises FileError where it is none or cannot be read."""
    path = JobFolder(folder).job
    try:
        said = json.loads(path.read_bytes())
        if not isinstance(said, dict):
            raise ValueError("it is no JSON object")
        if said.get("format", 0) > _FORMAT:
            raise ValueError("its format is newer than this program")
        attempts = tuple(said.get("attempts", ()))
        return record_of(Job, {**said, "id": folder.name, "folder": folder, "attempts": attempts})
    except FileNotFoundError:
        return _of_old(folder)
    except OSError as error:
        raise FileError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error
    except (ValueError, TypeError) as error:
        raise FileError(f"{path} is damaged: {error}", hint="its checkpoints may still be whole: see `gts info`") from error


def write_job(workspace: Workspace, job: Job) -> Job:
    """Write down a claim, and index it where the catalogue can be written; only for who holds the lock of the job."""
    dated = replace(job, changed=now())
    said = {"format": _FORMAT, **asdict(dated)} | {"folder": None, "attempts": list(dated.attempts)}
    del said["folder"]
    write_durably(JobFolder(job.folder).job, (json.dumps(said, indent=2, ensure_ascii=False) + "\n").encode())
    with suppress(FileError), Catalogue(workspace.catalogue) as catalogue:
        catalogue.put_job(dated.record(workspace))
    return dated


def standing_of(folder: Path) -> Standing:
    """How the job of a folder stands now. Raises FileError where the folder holds none."""
    # The lock is looked at first: what ends between the two looks has written down how.
    held, sign = look(JobFolder(folder).lock)
    job = read_job(folder)
    return Standing(job, _state(job, held, sign), sign)


def jobs_of(workspace: Workspace, *, limit: int = 100, offset: int = 0, alive: bool = False) -> list[Standing]:
    """A page of the jobs, newest first; only those that work or wait where `alive`.

    The catalogue says which there are; folders are read only where it may be behind: of jobs that claim to be at work or whose
    lock is held, and of those that it does not know.
    """
    found: list[Standing] = []
    for record, folder in _newest(workspace, limit + offset, alive):
        with suppress(FileError):
            standing = _glance(record, folder) if record else standing_of(folder)
            if standing is not None and (standing.state.alive or not alive):
                found.append(standing)
    found.sort(key=lambda standing: (standing.job.created, standing.job.id), reverse=True)
    return found[offset : offset + limit]


def reindex(workspace: Workspace) -> None:
    """Tell the catalogue of the runs that it does not know; nothing happens where it cannot be written."""
    with suppress(FileError), Catalogue(workspace.catalogue) as catalogue:
        jobs, runs = [], []
        for run in unindexed(workspace, catalogue):
            with suppress(FileError, OSError, ValueError):
                folder = workspace.run(run)
                record = replace(record_of(RunRecord, json.loads(folder.facts.read_bytes())), id=run)
                jobs.append(read_job(folder.path).record(workspace))
                runs.append(record)
        if runs:
            catalogue.put_many(runs, jobs)


def find_job(workspace: Workspace, word: str) -> Standing:
    """The job that a word names: its id, any part of it that no other has, or `@last`; raises UsageError, FileError."""
    if word == "@last":
        newest = jobs_of(workspace, limit=1)
        if newest:
            return standing_of(newest[0].job.folder)
    found = workspace.jobs_like(word)
    if len(found) > 1:
        shown = ", ".join(folder.name for folder in found[-3:]) + (", …" if len(found) > 3 else "")
        raise UsageError(f"`{word}` names {len(found)} jobs: {shown}", hint="write more of it")
    if not found:
        raise UsageError(f"there is no job `{word}` in `{workspace.root}`", hint="`gts jobs --all` lists them")
    return standing_of(found[0])


def _newest(workspace: Workspace, limit: int, alive: bool) -> list[tuple[JobRecord | None, Path]]:
    """The folders of the newest jobs, with what the catalogue knows of them."""
    try:
        with Catalogue(workspace.catalogue, read_only=True) as catalogue:
            records = catalogue.jobs(claims=("active",) if alive else (), limit=_MANY if alive else limit)
            strangers = unindexed(workspace, catalogue)
    except FileError:
        records, strangers = [], workspace.run_ids()
    known: list[tuple[JobRecord | None, Path]] = [(record, workspace.root / record.folder) for record in records]
    listed = {record.id for record in records}
    known += [(None, workspace.run(run).path) for run in strangers if run not in listed]
    return known + [(None, workspace.study(name).path) for name in workspace.study_names() if name not in listed]


def _glance(record: JobRecord, folder: Path) -> Standing | None:
    """How a job stands by its line in the catalogue, where that must be true; None where its folder is gone."""
    held, sign = look(JobFolder(folder).lock)
    if held or record.claim == "active":
        return standing_of(folder)
    if not folder.is_dir():
        return None
    job = Job(
        id=record.id,
        kind=record.kind,
        name=record.name,
        folder=folder,
        claim=record.claim,
        created=record.created,
        reason=record.reason,
        changed=record.changed,
        threads=record.threads,
    )
    return Standing(job, at_rest(job, sign), sign)


def _state(job: Job, held: bool, sign: Sign | None) -> State:
    if held:
        doing = sign.doing if sign else "waiting"
        reason = sign.reason if sign else ""
        states: dict[str, State] = {"running": Running(), "stopping": Stopping(), "paused": Paused(reason, alive=True)}
        return states.get(doing, Waiting(reason))
    return at_rest(job, sign)


def at_rest(job: Job, sign: Sign | None) -> State:
    """How a job stands on which nobody works."""
    if job.claim == "done":
        return Done()
    if job.claim == "failed":
        return Failed(job.reason)
    if job.claim == "paused":
        return Paused(job.reason)
    if len(job.attempts) >= MOST_DEATHS:
        return Failed(f"it died {len(job.attempts)} times at step {job.attempts[-1]}")
    return Interrupted("kill" if sign is not None and sign.worker.boot == this_system().boot_id() else "reboot")


def _of_old(folder: Path) -> Job:
    """A run that was made before there were jobs."""
    path = RunFolder(folder).facts
    try:
        facts = json.loads(path.read_bytes())
        said = {
            "id": folder.name,
            "kind": "train",
            "name": facts["name"],
            "folder": folder,
            "claim": _CLAIMS_OF_OLD[facts["state"]],
            "created": facts["started"],
            "reason": facts.get("reason", "") or (STOPPED if facts["state"] == "interrupted" else ""),
            "changed": facts.get("finished", ""),
            "request": {"results": facts.get("results", [])},
        }
        return record_of(Job, said)
    except OSError as error:
        raise FileError(f"{folder} holds no job: {(error.strerror or str(error)).lower()}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise FileError(f"{path} is damaged", hint="its checkpoints may still be whole: see `gts info`") from error
