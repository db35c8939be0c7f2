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

from gts.errors import FileError, FullDiskError, GtsError
from gts.formats.space_file import read_space, write_space
from gts.jobs.interruption import Interruption
from gts.jobs.job_lock import Life, look
from gts.jobs.job_store import STOPPED, Job, read_job, write_job
from gts.jobs.log import Story
from gts.jobs.searches.request import (
    ConfirmingBegan,
    Remark,
    SearchBegan,
    SearchOutcome,
    SearchRequest,
    TrialConfirmed,
    TrialEnded,
)
from gts.jobs.searches.worker_count import forget_wish, wanted_workers
from gts.jobs.trainings.runs import place_in
from gts.store.workspace import StudyFolder, Workspace

if TYPE_CHECKING:
    from gts.jobs.searches.coordinator import Owner


def begin_search(request: SearchRequest) -> tuple[Job, Life]:
    """Make the folder of a study, or take up the one that is there; whoever gets the lock with it works or passes it on.

    Raises BusyError where somebody searches there now, FileError where the workspace cannot be written to.
    """
    folder = request.folder
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(
            f"cannot make the folder {folder.path}: {(error.strerror or str(error)).lower()}",
            hint="name a workspace that can be written to: --workspace DIR",
        ) from error
    life = Life.take(folder.lock, patience=0.0 if look(folder.lock)[0] else 1.0)
    try:
        life.say("waiting", "it starts")
        before = read_job(folder.path) if folder.job.exists() else None
        # Until the study has accepted what is asked now, what it accepted before must be there to go back to.
        accepted = before.request.get("former", before.request) if before else {}
        if searched(folder).exists() and not _former(folder).exists():
            os.replace(searched(folder), _former(folder))
        write_space(searched(folder), request.space)
        forget_wish(folder)
        job = Job(
            id=folder.name,
            kind="search",
            name=request.space.name,
            folder=folder.path,
            claim="active",
            created=before.created if before else f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
            threads=request.threads,
            queued=request.queued,
            request=_written(request, accepted) | ({"former": accepted} if accepted else {}),
        )
        return write_job(request.workspace, job), life
    except BaseException:
        life.release()
        raise


def request_of(workspace: Workspace, job: Job) -> SearchRequest:
    """What a search was asked to do, from its folder; raises FileError where something of it is missing or damaged."""
    asked, folder = job.request, StudyFolder(job.folder)
    logdir = asked.get("logdir")
    return SearchRequest(
        workspace=workspace,
        space=read_space(searched(folder)),
        source=asked.get("source", job.name),
        storage=asked.get("storage"),
        settings=asked.get("settings", {}),
        workers=wanted_workers(folder, asked.get("workers", 1)),
        cohort=asked.get("cohort", 4),
        threads=job.threads or 1,
        logdir=workspace.root / logdir if logdir else None,
        save_every=asked.get("save_every", 30.0),
        queued=job.queued,
    )


def search(workspace: Workspace, job: Job, life: Life, interruption: Interruption) -> Iterator[Any]:
    """Search from where the study stands to its end, telling what happens; the outcome comes last.

    For the one who holds the lock of the job. Raises what opening the study raises, WorkError where no worker lives.
    """
    request = request_of(workspace, job)
    log = Story(request.folder.log).line
    ended = False
    try:
        owner = _owner(request, life, interruption)
        job = _accepted(job, request.folder)
        life.say("stopping" if interruption.requested else "running")
        with interruption.heard_by(lambda: life.say("stopping")):
            for told in owner.run():
                if line := _line(told):
                    log(line)
                if isinstance(told, SearchOutcome):
                    claim = replace(job, attempts=(), claim="paused" if told.stopped else "done")
                    write_job(workspace, replace(claim, reason=STOPPED if told.stopped else ""))
                    ended = True
                yield told
    except BaseException as error:
        if ended or isinstance(error, FullDiskError):
            raise  # a full disk is no failure of the search: it can go on
        deliberate = isinstance(error, (KeyboardInterrupt, GeneratorExit))
        reason = STOPPED if deliberate else str(error) or type(error).__name__
        log(f"ended: {reason}")
        job = _as_before(job, request.folder)
        if not isinstance(error, (GtsError, KeyboardInterrupt, GeneratorExit)):
            log("".join(traceback.format_exception(error)))
        with suppress(GtsError):
            write_job(workspace, replace(job, claim="paused" if deliberate else "failed", reason=reason, attempts=()))
        raise


def _owner(request: SearchRequest, life: Life, interruption: Interruption) -> Owner:
    """Open the study."""
    # Only here: it loads Optuna.
    from gts.jobs.searches.coordinator import Owner

    return Owner(request, life, interruption)


def _accepted(job: Job, folder: StudyFolder) -> Job:
    """A job whose study has taken what was asked; nothing leads back any more."""
    _former(folder).unlink(missing_ok=True)
    return replace(job, request={key: value for key, value in job.request.items() if key != "former"})


def _as_before(job: Job, folder: StudyFolder) -> Job:
    """A job whose study was asked for something that it does not do: what was asked before stands."""
    if "former" not in job.request or not _former(folder).exists():
        return job
    with suppress(OSError):
        os.replace(_former(folder), searched(folder))
    return replace(job, request=job.request["former"])


def _former(folder: StudyFolder) -> Path:
    return folder.path / "searched-before.space"


def searched(folder: StudyFolder) -> Path:
    """Where a study's folder keeps its space as it was given."""
    return folder.path / "searched.space"


def _line(told: Any) -> str:
    """What the story of a search says of an event; nothing of most."""
    if isinstance(told, Remark):
        return told.text
    if isinstance(told, SearchBegan):
        left = f", going on with {len(told.gone_on)}" if told.gone_on else ""
        return f"searching: {told.ended} of {told.wanted} trials have ended{left}"
    if isinstance(told, TrialEnded):
        what = told.reason or ", ".join(f"{value:.1f}" for value in told.values)
        return f"trial {told.number} {told.state}" + (f": {what}" if what else "")
    if isinstance(told, ConfirmingBegan):
        return f"confirming trials {', '.join(map(str, told.trials))} with {len(told.seeds)} fresh seeds each"
    if isinstance(told, TrialConfirmed):
        interval = f"[{told.low:.1f}, {told.high:.1f}]"
        return f"trial {told.number} confirmed: {told.iqm:.1f} {interval}, searched {told.value:.1f}"
    if isinstance(told, SearchOutcome):
        how = "stopped" if told.stopped else "done"
        return f"{how}: {told.trials} trials, {told.steps} steps in {told.seconds:.0f} s"
    return ""


def _written(request: SearchRequest, before: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "source": request.source,
        "storage": request.storage if request.storage is not None else before.get("storage"),
        "settings": {**before.get("settings", {}), **request.settings},
        "workers": request.workers,
        "cohort": request.cohort,
        "save_every": request.save_every,
        "logdir": place_in(request.workspace, request.logdir) if request.logdir else before.get("logdir"),
    }
