"""A search as a job: begun in the folder of its study, gone on with from there."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gts.errors import FileError, FullDiskError, GtsError, reason
from gts.formats.space_file import read_space, write_space
from gts.jobs.interruption import StopRequest
from gts.jobs.job_lock import JobLock, read_lock
from gts.jobs.job_store import STOPPED, Job, read_job, write_job
from gts.jobs.log import JobLog
from gts.jobs.searches.request import (
    ConfirmationStarted,
    JobNote,
    SearchOutcome,
    SearchRequest,
    SearchStarted,
    TrialConfirmed,
    TrialEnded,
)
from gts.jobs.searches.worker_count import clear_worker_count, read_worker_count
from gts.jobs.trainings.runs import stored_path
from gts.store.workspace import StudyFolder, Workspace

if TYPE_CHECKING:
    from gts.jobs.searches.coordinator import SearchCoordinator


def create_search(request: SearchRequest) -> tuple[Job, JobLock]:
    """Make the folder of a study, or take up the one that is there; whoever gets the lock with it works or passes it on.

    Raises BusyError where somebody searches there now, FileError where the workspace cannot be written to.
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
        lock.set_activity("waiting", "it starts")
        previous = read_job(folder.path) if folder.job_file.exists() else None
        # Until the study has accepted what is asked now, what it accepted before must be there to go back to.
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
            recorded_state="active",
            created=previous.created if previous else f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
            threads=request.threads,
            queued=request.queued,
            request=_request_document(request, accepted) | ({"former": accepted} if accepted else {}),
        )
        return write_job(request.workspace, job), lock
    except BaseException:
        lock.release()
        raise


def read_search_request(workspace: Workspace, job: Job) -> SearchRequest:
    """What a search was asked to do, from its folder; raises FileError where something of it is missing or damaged."""
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
    """Search from where the study stands to its end, telling what happens; the outcome comes last.

    For the one who holds the lock of the job. Raises what opening the study raises, WorkError where no worker lives.
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
            raise  # a full disk is no failure of the search: it can go on
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
    # Only here: it loads Optuna.
    from gts.jobs.searches.coordinator import SearchCoordinator

    return SearchCoordinator(request, lock, stop_request)


def _commit_request(job: Job, folder: StudyFolder) -> Job:
    """A job whose study has taken what was asked; nothing leads back any more."""
    _previous_space_file(folder).unlink(missing_ok=True)
    return replace(job, request={key: value for key, value in job.request.items() if key != "former"})


def _restore_request(job: Job, folder: StudyFolder) -> Job:
    """A job whose study was asked for something that it does not do: what was asked before stands."""
    if "former" not in job.request or not _previous_space_file(folder).exists():
        return job
    with suppress(OSError):
        os.replace(_previous_space_file(folder), study_space_file(folder))
    return replace(job, request=job.request["former"])


def _previous_space_file(folder: StudyFolder) -> Path:
    return folder.path / "searched-before.space"


def study_space_file(folder: StudyFolder) -> Path:
    """Where a study's folder keeps its space as it was given."""
    return folder.path / "searched.space"


def _log_line(event: Any) -> str:
    """What the story of a search says of an event; nothing of most."""
    if isinstance(event, JobNote):
        return event.text
    if isinstance(event, SearchStarted):
        left = f", going on with {len(event.resumed)}" if event.resumed else ""
        return f"searching: {event.ended} of {event.wanted} trials have ended{left}"
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
        "logdir": stored_path(request.workspace, request.logdir) if request.logdir else before.get("logdir"),
    }
