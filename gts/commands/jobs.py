"""`gts jobs`, `gts stop` and `gts resume`: list, stop and resume jobs."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from gts.commands.command import Argument, Command, Context, Note, Option, Result
from gts.commands.job_progress import ListedJob, describe_jobs
from gts.commands.resolve import resolve_job
from gts.commands.search import run_search_inline
from gts.commands.train import run_training_inline
from gts.errors import GtsError, UsageError
from gts.jobs.states import STATE_NAMES, Failed, Interrupted, Paused

if TYPE_CHECKING:
    from gts.jobs.job_store import JobStatus
    from gts.jobs.queue import QueueEntry


NO_LIMIT = 1_000_000
"""A limit above the number of jobs in any workspace."""

_DEFAULT_LIMIT = 10


@dataclass(frozen=True)
class QueueSummary:
    """Running and queued jobs of this machine, of all workspaces."""

    running: int
    queued: int
    elsewhere: int
    """Jobs of other workspaces among both."""
    threads: int
    """CPUs that the running ones use."""
    cpus: int
    slots: int | None
    """Jobs that may run at a time; None if limited by CPUs only."""


@dataclass(frozen=True)
class JobsResult(Result):
    """Jobs, newest first, and a summary of the queue."""

    view: ClassVar[str] = "jobs:render_jobs"
    workspace: str
    jobs: tuple[ListedJob, ...]
    more: bool
    """Whether older jobs were left out."""
    row: QueueSummary


def run_jobs(context: Context, *, every: bool, state: str | None, number: int | None, slots: str | None) -> Iterator[Any]:
    """List the jobs of the workspace: all with a process, and the newest others."""
    from gts.jobs.job_store import list_jobs
    from gts.jobs.queue import JobQueue

    queue = JobQueue()
    if slots is not None:
        yield _set_slots(queue, slots)
    entries = queue.entries()
    limit = number if number is not None else NO_LIMIT if every else _DEFAULT_LIMIT
    found = list_jobs(context.workspace, alive=True, limit=NO_LIMIT)
    known = {status.job.id for status in found}
    more = False
    for status in list_jobs(context.workspace, limit=NO_LIMIT if state else limit + len(found) + 1):
        if status.job.id in known or (state and status.state.name != state):
            continue
        if limit == 0:
            more = True
            break
        found.append(status)
        limit -= 1
    found = [status for status in found if not state or status.state.name == state]
    found.sort(key=lambda status: (status.job.created, status.job.id), reverse=True)
    yield JobsResult(
        str(context.workspace.root), tuple(describe_jobs(found, entries)), more, summarize_queue(context, queue, entries)
    )


def summarize_queue(context: Context, queue: Any, entries: Sequence[QueueEntry]) -> QueueSummary:
    """Summarize the queue of this machine."""
    from gts.system.threads import available_cpus

    runs, studies = context.workspace.runs, context.workspace.studies
    running = [entry for entry in entries if entry.is_running]
    return QueueSummary(
        running=len(running),
        queued=len(entries) - len(running),
        elsewhere=sum(not (runs / entry.job).exists() and not (studies / entry.job).exists() for entry in entries),
        threads=sum(entry.threads for entry in running),
        cpus=available_cpus(),
        slots=queue.slots,
    )


def _set_slots(queue: Any, word: str) -> Note:
    """Set the number of queued jobs that may run at a time; raises UsageError or FileError."""
    if word == "auto":
        queue.set_slots(None)
        return Note("queued jobs now start when enough CPUs are free")
    if not word.isdecimal() or not 1 <= int(word) <= NO_LIMIT:
        raise UsageError(f"`{word[:40]}` is not a number of slots", hint="give 1 or more, or auto: limited by CPUs only")
    queue.set_slots(int(word))
    return Note(f"queued jobs now start while fewer than {int(word)} job{'s' if int(word) > 1 else ''} run")


JOBS = Command(
    name="jobs",
    summary="List jobs: queued, running, paused, interrupted, done or failed.",
    group="jobs",
    run=run_jobs,
    read_only=True,
    help="Lists the running and queued jobs and the ten newest others. A queued job (`--queue`) starts when the running jobs "
    "leave enough CPUs free or, if a number of slots is set, when a slot is free; this counts the jobs of all workspaces on "
    "this machine.",
    options=(
        Option(("--all",), "List every job.", "flag", name="every"),
        Option(("--state",), "List only jobs in this state.", "choice", choices=STATE_NAMES),
        Option(("-n", "--number"), "Number of other jobs to list.", "integer", minimum=0, metavar="N"),
        Option(
            ("--slots",),
            "Set how many jobs may run at a time; auto: limited by CPUs only.",
            writes=True,
            metavar="N|auto",
        ),
    ),
    examples=("gts jobs", "gts jobs --all --state interrupted", "gts jobs --slots 2"),
)


_STOP_POLL_SECONDS = 0.2
_STOP_START_SECONDS = 10.0


@dataclass(frozen=True)
class StopResult(Result):
    """States of the jobs that were asked to stop."""

    view: ClassVar[str] = "jobs:render_stop"
    jobs: tuple[ListedJob, ...]
    left: bool = False
    """Whether the user interrupted the waiting."""

    @property
    def exit_code(self) -> int:
        """Return 130 if the waiting was interrupted."""
        return 130 if self.left else 0


def run_stop(context: Context, *, jobs: Sequence[str], every: bool, now: bool, no_wait: bool) -> Iterator[Any]:
    """Stop jobs, and wait until they have stopped."""
    from gts.jobs.control import kill_job
    from gts.jobs.job_store import list_jobs

    if bool(jobs) == every:
        raise UsageError("name the jobs to stop, or --all", hint="`gts jobs` lists them")
    found = list_jobs(context.workspace, alive=True, limit=NO_LIMIT) if every else [resolve_job(context, word) for word in jobs]
    for status in found:
        _require_active(status)
    if not found:
        yield Note("no job is running")
    with context.stop_request.listening(lambda: None):
        for status in found:
            if now:
                kill_job(context.workspace, status)
            else:
                _request_stop(status)
        left = False
        if not now and not no_wait:
            left = yield from _wait_for_jobs(context, found)
        yield StopResult(tuple(describe_jobs([_reread(one) for one in found])), left)


def _wait_for_jobs(context: Context, statuses: Sequence[JobStatus]) -> Generator[Note, None, bool]:
    """Wait until jobs have stopped, with a note if that takes long; returns whether the user interrupted the waiting."""
    from gts.jobs.control import mark_stopped, wait_for_end

    for status in statuses:
        noted = False
        while not wait_for_end(status.job, _STOP_POLL_SECONDS):
            if not noted:
                noted = True
                yield Note(f"{status.job.id} is stopping after its current update")
            if context.stop_request.requested:
                yield Note("no longer waiting; the job still stops, see `gts jobs`")
                return True
        if _reread(status).state.name == "interrupted":
            # Asked before it installed its signal handler: it ended without saving, and had nothing to save.
            mark_stopped(context.workspace, status.job)
    return False


def _request_stop(status: JobStatus) -> None:
    """Ask a job to stop, once: a second request would kill it before it has saved."""
    from gts.jobs.control import request_stop

    until = time.monotonic() + _STOP_START_SECONDS
    while status.state.name != "stopping":
        try:
            request_stop(status)
            return
        except UsageError:
            # A job that has just been started does not handle the signal yet.
            status = _reread(status)
            _require_active(status)
            if time.monotonic() > until:
                raise
        time.sleep(_STOP_POLL_SECONDS)


def _reread(status: JobStatus) -> JobStatus:
    from gts.jobs.job_store import read_job_status

    return read_job_status(status.job.folder)


def _require_active(status: JobStatus) -> None:
    state = status.state
    if not state.alive:
        why = f" ({state.reason})" if state.reason else ""
        raise UsageError(f"{status.job.id} is not running, it is {state.name}{why}", hint="`gts jobs` lists running jobs")


STOP = Command(
    name="stop",
    summary="Stop jobs after their current update; they can be resumed.",
    group="jobs",
    run=run_stop,
    help="A stopped job saves everything; `gts resume` continues it exactly. With --now it is killed, and resumes from its "
    "last checkpoint. Ctrl-C ends only the waiting, the job still stops.",
    arguments=(
        Argument("jobs", "Their ids, or beginnings or ends of them.", "job", multiple=True, required=False, metavar="ID"),
    ),
    options=(
        Option(("--all",), "Stop every running or queued job of the workspace.", "flag", name="every"),
        Option(("--now",), "Kill the process; work since the last checkpoint is lost.", "flag"),
        Option(("--no-wait",), "Do not wait until the jobs have stopped.", "flag"),
    ),
    follows=True,
    examples=("gts stop k3f", "gts stop --all"),
)


@dataclass(frozen=True)
class ResumedJob:
    """A resumed job."""

    id: str
    step: int
    """Step from which it continues."""
    total_steps: int
    trials: int | None = None
    """Finished trials of a search."""
    trials_wanted: int | None = None


@dataclass(frozen=True)
class SkippedJob:
    """A job that was not resumed."""

    id: str
    state: str
    reason: str
    """Reason for skipping it."""
    refused: bool
    """Whether it should have been resumed."""


@dataclass(frozen=True)
class ResumeResult(Result):
    """Resumed and skipped jobs."""

    view: ClassVar[str] = "jobs:render_resume"
    jobs: tuple[ResumedJob, ...]
    left_alone: tuple[SkippedJob, ...]

    @property
    def exit_code(self) -> int:
        """Return 2 if a job that should have been resumed was not."""
        return 2 if any(one.refused for one in self.left_alone) else 0


def run_resume(context: Context, *, jobs: Sequence[str], every: bool, attach: bool, queue: bool) -> Iterator[Any]:
    """Resume jobs in the background; with `attach` one job in this process."""
    if bool(jobs) == every:
        raise UsageError("name the jobs to resume, or --all", hint="`gts jobs` lists them")
    if attach:
        if queue or every or len(jobs) != 1:
            raise UsageError("--attach resumes one job, here and at once", hint="name one job, without --all and --queue")
        yield from _resume_here(context, resolve_job(context, jobs[0]))
        return
    if every:
        yield from _resume_all(context, queue)
        return
    statuses = [resolve_job(context, word) for word in jobs]
    going: list[ResumedJob] = []
    refused: list[SkippedJob] = []
    for status in statuses:
        try:
            going.append(_resume_job(context, status, by_name=True, queue=queue))
        except GtsError as error:
            if len(statuses) == 1:
                raise
            refused.append(SkippedJob(status.job.id, status.state.name, error.message, refused=True))
    yield ResumeResult(tuple(going), tuple(refused))


def _resume_all(context: Context, queue: bool) -> Iterator[Any]:
    """Resume all interrupted jobs, and list those that are skipped."""
    from gts.jobs.job_store import STOPPED, list_jobs

    going: list[ResumedJob] = []
    left: list[SkippedJob] = []
    for status in reversed(list_jobs(context.workspace, limit=NO_LIMIT)):
        job, state = status.job, status.state
        if isinstance(state, Interrupted):
            try:
                going.append(_resume_job(context, status, by_name=False, queue=queue))
            except GtsError as error:
                left.append(SkippedJob(job.id, state.name, error.message, refused=True))
        elif isinstance(state, Paused) and not state.alive:
            reason = "stopped on request" if state.reason == STOPPED else state.reason
            left.append(SkippedJob(job.id, state.name, reason, refused=False))
        elif isinstance(state, Failed) and job.recorded_state == "running":
            left.append(SkippedJob(job.id, state.name, state.reason, refused=False))
    if not going:
        yield Note("there is no interrupted job to resume")
    yield ResumeResult(tuple(going), tuple(left))


def _resume_job(context: Context, status: JobStatus, *, by_name: bool, queue: bool) -> ResumedJob:
    """Resume a job in the background."""
    from gts.jobs.control import resume_job

    (at,) = describe_jobs([status])
    job = resume_job(context.workspace, status.job, by_name=by_name, queued=queue or None, threads=context.threads)
    return ResumedJob(job.id, at.step, at.total_steps, at.trials, at.trials_wanted)


def _resume_here(context: Context, status: JobStatus) -> Iterator[Any]:
    """Resume a job in this process; yields its events, then its result."""
    from gts.jobs.control import acquire_for_resume

    job, lock = acquire_for_resume(context.workspace, status.job, by_name=True, queued=False, threads=context.threads)
    yield from (run_search_inline if job.kind == "search" else run_training_inline)(context, job, lock)


RESUME = Command(
    name="resume",
    summary="Resume jobs that were stopped or interrupted.",
    group="jobs",
    run=run_resume,
    help="Continues in the background from the newest complete checkpoint, exactly as without the interruption. --all resumes "
    "only jobs that a kill or a reboot interrupted: not those that were stopped on request, nor those that died three times "
    "at the same step.",
    arguments=(
        Argument("jobs", "Their ids, or beginnings or ends of them.", "job", multiple=True, required=False, metavar="ID"),
    ),
    options=(
        Option(("--all",), "Resume every interrupted job.", "flag", name="every"),
        Option(("--attach",), "Resume one job in this terminal, like `gts train` or `gts search`.", "flag"),
        Option(("--queue",), "Start as soon as the running jobs leave room.", "flag"),
    ),
    threads=True,
    streams_events=True,
    examples=("gts resume k3f", "gts resume --all"),
)
