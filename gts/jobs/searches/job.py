"""A search as a job: created, run, resumed and reset in the folder of its study."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gts.errors import FileError, FullDiskError, GtsError, UsageError, reason
from gts.formats.durable import write_durably
from gts.formats.space_file import read_space, write_space
from gts.jobs.job_events import ConfirmationStarted, JobNote, SearchOutcome, SearchStarted, TrialConfirmed, TrialEnded
from gts.jobs.job_lock import STARTING, JobLock, read_lock
from gts.jobs.job_store import STOPPED, Job, JobLog, read_job, write_job
from gts.jobs.requests import SearchRequest
from gts.jobs.searches.workers import clear_worker_count, read_worker_count
from gts.jobs.stop_request import StopRequest
from gts.store.catalogue import utc_now
from gts.store.workspace import StudyFolder, Workspace

if TYPE_CHECKING:
    from gts.jobs.searches.coordinator import SearchCoordinator


def create_search(request: SearchRequest) -> tuple[Job, JobLock]:
    """Create the folder of a study, or continue in the existing one; returns the job and its lock.

    Raises BusyError if a search is running there, FileError if the workspace cannot be written.
    """
    folder = request.folder
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(
            f"cannot make the folder {folder.path}: {reason(error)}",
            hint="name a workspace that can be written to: --workspace DIR",
        ) from error
    lock = JobLock.acquire(folder.lock, timeout=0.0 if read_lock(folder.lock)[0] else 1.0)
    try:
        lock.set_activity("queued", STARTING)
        previous = read_job(folder.path) if folder.job_file.exists() else None
        # Kept until the study has accepted the new request: it may refuse it.
        accepted = previous.request.get("former", previous.request) if previous else {}
        if study_space_file(folder).exists() and not _previous_space_file(folder).exists():
            os.replace(study_space_file(folder), _previous_space_file(folder))
        write_space(study_space_file(folder), request.space)
        clear_worker_count(folder)
        job = Job(
            id=folder.name,
            kind="search",
            name=request.space.name,
            folder=folder.path,
            recorded_state="running",
            created=previous.created if previous else utc_now(microseconds=True),
            threads=request.threads,
            queued=request.queued,
            request=_request_document(request, accepted) | ({"former": accepted} if accepted else {}),
        )
        return write_job(request.workspace, job), lock
    except BaseException:
        lock.release()
        raise


def read_search_request(workspace: Workspace, job: Job) -> SearchRequest:
    """Read the request of a search from its folder; raises FileError if a part is missing or damaged."""
    stored, folder = job.request, StudyFolder(job.folder)
    logdir = stored.get("logdir")
    return SearchRequest(
        workspace=workspace,
        space=read_space(study_space_file(folder)),
        source=stored.get("source", job.name),
        storage=stored.get("storage"),
        settings=stored.get("settings", {}),
        workers=read_worker_count(folder, stored.get("workers", 1)),
        cohort=stored.get("cohort", 4),
        threads=job.threads or 1,
        logdir=workspace.root / logdir if logdir else None,
        save_every=stored.get("save_every", 30.0),
        queued=job.queued,
    )


def run_search_job(workspace: Workspace, job: Job, lock: JobLock, stop_request: StopRequest) -> Iterator[Any]:
    """Run a search from the study's present state to its end, yielding events; the outcome comes last.

    The caller holds the lock of the job. Raises what opening the study raises, WorkError if workers keep crashing.
    """
    request = read_search_request(workspace, job)
    log = JobLog(request.folder.log).append
    is_end_recorded = False
    try:
        coordinator = _make_coordinator(request, lock, stop_request)
        job = _commit_request(job, request.folder)
        lock.set_activity("stopping" if stop_request.requested else "running")
        with stop_request.listening(lambda: lock.set_activity("stopping")):
            for event in coordinator.run():
                if line := _log_line(event):
                    log(line)
                if isinstance(event, SearchOutcome):
                    claim = replace(job, attempts=(), recorded_state="paused" if event.stopped else "done")
                    write_job(workspace, replace(claim, reason=STOPPED if event.stopped else ""))
                    is_end_recorded = True
                yield event
    except BaseException as error:
        if is_end_recorded or isinstance(error, FullDiskError):
            raise  # after a full disk the search can be resumed
        deliberate = isinstance(error, (KeyboardInterrupt, GeneratorExit))
        reason = STOPPED if deliberate else str(error) or type(error).__name__
        log(f"ended: {reason}")
        job = _restore_request(job, request.folder)
        if not isinstance(error, (GtsError, KeyboardInterrupt, GeneratorExit)):
            log("".join(traceback.format_exception(error)))
        with suppress(GtsError):
            write_job(workspace, replace(job, recorded_state="paused" if deliberate else "failed", reason=reason, attempts=()))
        raise


def _make_coordinator(request: SearchRequest, lock: JobLock, stop_request: StopRequest) -> SearchCoordinator:
    """Open the study."""
    # Imported late: it loads Optuna.
    from gts.jobs.searches.coordinator import SearchCoordinator

    return SearchCoordinator(request, lock, stop_request)


def _commit_request(job: Job, folder: StudyFolder) -> Job:
    """Drop the former request, after the study has accepted the new one."""
    _previous_space_file(folder).unlink(missing_ok=True)
    return replace(job, request={key: value for key, value in job.request.items() if key != "former"})


def _restore_request(job: Job, folder: StudyFolder) -> Job:
    """Return to the former request, after the study has refused the new one."""
    if "former" not in job.request or not _previous_space_file(folder).exists():
        return job
    with suppress(OSError):
        os.replace(_previous_space_file(folder), study_space_file(folder))
    return replace(job, request=job.request["former"])


def _previous_space_file(folder: StudyFolder) -> Path:
    return folder.path / "searched-before.space"


def study_space_file(folder: StudyFolder) -> Path:
    """The space of a study as it was given, in the study's folder."""
    return folder.path / "searched.space"


def _log_line(event: Any) -> str:
    """Log line of an event; empty for most."""
    if isinstance(event, JobNote):
        return event.text
    if isinstance(event, SearchStarted):
        left = f", resuming {len(event.resumed)}" if event.resumed else ""
        return f"started: {event.ended} of {event.wanted} trials have ended{left}"
    if isinstance(event, TrialEnded):
        what = event.reason or ", ".join(f"{value:.1f}" for value in event.values)
        return f"trial {event.number} {event.state}" + (f": {what}" if what else "")
    if isinstance(event, ConfirmationStarted):
        return f"confirming trials {', '.join(map(str, event.trials))} with {len(event.seeds)} fresh seeds each"
    if isinstance(event, TrialConfirmed):
        interval = f"[{event.low:.1f}, {event.high:.1f}]"
        return f"trial {event.number} confirmed: {event.iqm:.1f} {interval}, searched {event.value:.1f}"
    if isinstance(event, SearchOutcome):
        how = "stopped" if event.stopped else "done"
        return f"{how}: {event.trials} trials, {event.steps} steps in {event.seconds:.0f} s"
    return ""


def _request_document(request: SearchRequest, before: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "source": request.source,
        "storage": request.storage if request.storage is not None else before.get("storage"),
        "settings": {**before.get("settings", {}), **request.settings},
        "workers": request.workers,
        "cohort": request.cohort,
        "save_every": request.save_every,
        "logdir": request.workspace.display_path(request.logdir) if request.logdir else before.get("logdir"),
    }


TRASH = ".trash"


def find_reset_conflicts(folder: StudyFolder, storage: str | None) -> tuple[bool, bool]:
    """Whether (the study's folder exists, the storage contains a study of that name).

    Raises FileError, WorkError or UsageError if the storage cannot be read.
    """
    return folder.path.exists(), storage is not None and _is_in_storage(folder, storage)


def reset_study(workspace: Workspace, folder: StudyFolder, storage: str | None) -> list[str]:
    """Move the folder of a study to the trash, and rename the study of that name in the storage.

    Returns notes for the user. Raises UsageError if the search is running, FileError if the folder cannot be moved.
    """
    has_folder, is_in_storage = find_reset_conflicts(folder, storage)
    new = f"{folder.name}-{datetime.now():%Y%m%d-%H%M%S}"
    target = workspace.studies / TRASH / new
    notes: list[str] = []
    lock = JobLock.acquire(folder.lock) if has_folder else None
    try:
        _check_no_active_worker(folder)
        facts = _read_study_file(folder)
        if is_in_storage and storage is not None:
            from gts.search.storage import rename_study
            from gts.search.storage_url import parse_storage_url

            rename_study(parse_storage_url(storage), folder.name, new, owner=str(facts.get("owner", "")))
            notes.append(f"the old study in {storage} is now called {new}")
        elif facts.get("storage"):
            notes.append(f"the old trials stay in {facts['storage']}")
        if has_folder:
            _move(folder.path, target)
            if is_in_storage and facts:
                write_durably(StudyFolder(target).study_file, json.dumps(facts | {"name": new}, indent=2).encode())
            notes.append(f"the old study is in {target}")
    finally:
        if lock is not None:
            lock.release()
    return notes


def _is_in_storage(folder: StudyFolder, storage: str) -> bool:
    # Imported late: it loads Optuna.
    from gts.search.storage import has_study
    from gts.search.storage_url import parse_storage_url

    place = parse_storage_url(storage)
    return place.path != folder.database and has_study(place, folder.name)


def _read_study_file(folder: StudyFolder) -> dict[str, object]:
    with suppress(OSError, ValueError):
        data = json.loads(folder.study_file.read_bytes())
        return data if isinstance(data, dict) else {}
    return {}


def _check_no_active_worker(folder: StudyFolder) -> None:
    """Raise UsageError if workers of a killed coordinator are still saving."""
    if any(read_lock(path)[0] for path in folder.path.glob("trials/*/lock")):
        raise UsageError(f"workers of {folder.name} are still saving", hint="try again in a moment")


def _move(path: Path, target: Path) -> None:
    try:
        target.parent.mkdir(exist_ok=True)
        path.rename(target)
    except OSError as error:
        raise FileError(f"cannot move {path} to {target}: {reason(error)}") from error
