"""`gts jobs`: what works, waits, was interrupted or is done.

`gts stop`: end a job, now or after its present update.

`gts resume`: go on with jobs that stand still.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gts.commands.command import Argument, Command, Context, Note, Option, Result
from gts.commands.job_progress import ListedJob, describe_jobs
from gts.commands.resolve import resolve_job
from gts.commands.search import run_search_inline
from gts.commands.train import run_training_inline
from gts.errors import FileError, GtsError, UsageError, reason
from gts.jobs.states import STATE_NAMES, Failed, Interrupted, Paused

if TYPE_CHECKING:
    from gts.jobs.job_store import JobStatus
    from gts.jobs.queue import QueueEntry


NO_LIMIT = 1_000_000
"""More jobs than a workspace has."""

_DEFAULT_LIMIT = 10


@dataclass(frozen=True)
class QueueSummary:
    """The jobs of this machine, of all workspaces."""

    working: int
    waiting: int
    elsewhere: int
    """How many of both belong to other workspaces."""
    threads: int
    """CPUs that those at work use."""
    cpus: int
    slots: int | None
    """How many may work at a time; None: as many as there are CPUs for."""


@dataclass(frozen=True)
class JobsResult(Result):
    """Jobs, newest first, and the row that they stand in."""

    workspace: str
    jobs: tuple[ListedJob, ...]
    more: bool
    """Whether there are older ones."""
    row: QueueSummary


def run_jobs(context: Context, *, every: bool, state: str | None, number: int | None, slots: str | None) -> Iterator[Any]:
    """List the jobs of the workspace; those at work first of all, then the newest others."""
    from gts.jobs.job_store import list_jobs
    from gts.jobs.queue import JobQueue

    queue = JobQueue()
    if slots is not None:
        yield _set_slots(queue, slots)
    entries = queue.entries()
    limit = number if number is not None else NO_LIMIT if every else _DEFAULT_LIMIT
    found = list_jobs(context.workspace, alive=True, limit=NO_LIMIT)
    known = {standing.job.id for standing in found}
    more = False
    for standing in list_jobs(context.workspace, limit=NO_LIMIT if state else limit + len(found) + 1):
        if standing.job.id in known or (state and standing.state.name != state):
            continue
        if limit == 0:
            more = True
            break
        found.append(standing)
        limit -= 1
    found = [standing for standing in found if not state or standing.state.name == state]
    found.sort(key=lambda standing: (standing.job.created, standing.job.id), reverse=True)
    yield JobsResult(
        str(context.workspace.root), tuple(describe_jobs(found, entries)), more, summarize_queue(context, queue, entries)
    )


def summarize_queue(context: Context, queue: Any, entries: Sequence[QueueEntry]) -> QueueSummary:
    """The jobs of this machine, as its row has them."""
    from gts.system.threads import available_cpus

    runs, studies = context.workspace.runs, context.workspace.studies
    working = [entry for entry in entries if entry.is_running]
    return QueueSummary(
        working=len(working),
        waiting=len(entries) - len(working),
        elsewhere=sum(not (runs / entry.job).exists() and not (studies / entry.job).exists() for entry in entries),
        threads=sum(entry.threads for entry in working),
        cpus=available_cpus(),
        slots=queue.slots,
    )


def _set_slots(queue: Any, word: str) -> Note:
    """Set how many jobs may work at a time."""
    if word == "auto":
        queue.set_slots(None)
        return Note("from now on as many jobs work at a time as there are CPUs for")
    if not word.isdecimal() or not 1 <= int(word) <= NO_LIMIT:
        raise UsageError(f"`{word[:40]}` is no number of slots", hint="name 1 or more, or auto: as many as there are CPUs for")
    try:
        queue.set_slots(int(word))
    except OSError as error:
        raise FileError(f"cannot write {queue.folder}: {reason(error)}") from error
    return Note(f"from now on at most {int(word)} job{'s' if int(word) > 1 else ''} that wait for a slot work at a time")


JOBS = Command(
    name="jobs",
    summary="List what works, waits, was interrupted or is done.",
    group="jobs",
    run=run_jobs,
    read_only=True,
    help="Those at work or waiting, and the ten newest others. Jobs that were told to wait (`--queue`) begin when the CPUs "
    "that the others use leave room for them, or, where a number of slots is set, when one of those is free; this counts the "
    "jobs of all workspaces on this machine.",
    options=(
        Option(("--all",), "List every job.", "flag", name="every"),
        Option(("--state",), "Only those that stand so.", "choice", choices=STATE_NAMES),
        Option(("-n", "--number"), "How many of those that are not at work.", "integer", minimum=0, metavar="N"),
        Option(
            ("--slots",),
            "Set how many jobs may work at a time; auto: as many as there are CPUs for.",
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
    """How the jobs stand that were asked to stop."""

    jobs: tuple[ListedJob, ...]
    left: bool = False
    """Whether somebody ended the waiting for their ends."""

    @property
    def exit_code(self) -> int:
        """130 where somebody ended the waiting."""
        return 130 if self.left else 0


def run_stop(context: Context, *, jobs: Sequence[str], every: bool, now: bool, no_wait: bool) -> Iterator[Any]:
    """Stop jobs, and wait until they have ended."""
    from gts.jobs.control import kill_job
    from gts.jobs.job_store import list_jobs

    if bool(jobs) == every:
        raise UsageError("name the jobs to stop, or --all", hint="`gts jobs` lists them")
    found = list_jobs(context.workspace, alive=True, limit=NO_LIMIT) if every else [resolve_job(context, word) for word in jobs]
    for standing in found:
        _require_active(standing)
    if not found:
        yield Note("no job is at work")
    with context.stop_request.listening(lambda: None):
        for standing in found:
            if now:
                kill_job(context.workspace, standing)
            else:
                _request_stop(standing)
        left = False
        if not now and not no_wait:
            left = yield from _wait_for_jobs(context, found)
        yield StopResult(tuple(describe_jobs([_reread(one) for one in found])), left)


def _wait_for_jobs(context: Context, standings: Sequence[JobStatus]) -> Generator[Note, None, bool]:
    """Wait for the ends of jobs, saying so where it takes a while; returns whether somebody ended the waiting."""
    from gts.jobs.control import mark_stopped, wait_for_end

    for standing in standings:
        told = False
        while not wait_for_end(standing.job, _STOP_POLL_SECONDS):
            if not told:
                told = True
                yield Note(f"{standing.job.id} is stopping after its present update")
            if context.stop_request.requested:
                yield Note("nobody waits for it any more; it still stops, see `gts jobs`")
                return True
        if _reread(standing).state.name == "interrupted":
            mark_stopped(context.workspace, standing.job)  # it was asked before it could listen, and has nothing to save
    return False


def _request_stop(standing: JobStatus) -> None:
    """Ask a job to stop, once: a second request would cost it what it is about to save."""
    from gts.jobs.control import request_stop

    until = time.monotonic() + _STOP_START_SECONDS
    while standing.state.name != "stopping":
        try:
            request_stop(standing)
            return
        except UsageError:
            # One that has just been started is there and cannot be asked yet.
            standing = _reread(standing)
            _require_active(standing)
            if time.monotonic() > until:
                raise
        time.sleep(_STOP_POLL_SECONDS)


def _reread(standing: JobStatus) -> JobStatus:
    from gts.jobs.job_store import read_job_status

    return read_job_status(standing.job.folder)


def _require_active(standing: JobStatus) -> None:
    state = standing.state
    if not state.alive:
        why = f" ({state.reason})" if state.reason else ""
        raise UsageError(f"{standing.job.id} is not at work, it is {state.name}{why}", hint="`gts jobs` lists those that are")


STOP = Command(
    name="stop",
    summary="End a job after its present update, so that it can go on later.",
    group="jobs",
    run=run_stop,
    help="It saves everything and ends; `gts resume` goes on with it exactly. With --now it is killed, and goes on from what "
    "it saved last. Ctrl-C while it is waited for leaves the request standing.",
    arguments=(
        Argument("jobs", "Their ids, or beginnings or ends of them.", "job", multiple=True, required=False, metavar="ID"),
    ),
    options=(
        Option(("--all",), "Stop every job of the workspace that is at work or waits.", "flag", name="every"),
        Option(("--now",), "Kill it: what it has not saved is lost.", "flag"),
        Option(("--no-wait",), "Ask it to stop, and do not wait until it has.", "flag"),
    ),
    follows=True,
    examples=("gts stop k3f", "gts stop --all"),
)


@dataclass(frozen=True)
class ResumedJob:
    """A job that goes on."""

    id: str
    step: int
    """From where."""
    total_steps: int
    trials: int | None = None
    """Trials of a search that have ended."""
    trials_wanted: int | None = None


@dataclass(frozen=True)
class SkippedJob:
    """A job that stands still as before."""

    id: str
    state: str
    reason: str
    """Why it was left alone."""
    refused: bool
    """Whether somebody wanted it to go on."""


@dataclass(frozen=True)
class ResumeResult(Result):
    """What goes on, and what does not."""

    jobs: tuple[ResumedJob, ...]
    left_alone: tuple[SkippedJob, ...]

    @property
    def exit_code(self) -> int:
        """2 where a job that should go on does not."""
        return 2 if any(one.refused for one in self.left_alone) else 0


def run_resume(context: Context, *, jobs: Sequence[str], every: bool, attach: bool, queue: bool) -> Iterator[Any]:
    """Go on with jobs, each in a process of its own; with `attach` with one, here."""
    if bool(jobs) == every:
        raise UsageError("name the jobs to go on with, or --all", hint="`gts jobs` lists them")
    if attach:
        if queue or every or len(jobs) != 1:
            raise UsageError("--attach goes on with one job, here and at once", hint="name one job, without --all and --queue")
        yield from _resume_here(context, resolve_job(context, jobs[0]))
        return
    if every:
        yield from _resume_all(context, queue)
        return
    standings = [resolve_job(context, word) for word in jobs]
    going: list[ResumedJob] = []
    refused: list[SkippedJob] = []
    for standing in standings:
        try:
            going.append(_resume_job(context, standing, by_name=True, queue=queue))
        except GtsError as error:
            if len(standings) == 1:
                raise
            refused.append(SkippedJob(standing.job.id, standing.state.name, error.message, refused=True))
    yield ResumeResult(tuple(going), tuple(refused))


def _resume_all(context: Context, queue: bool) -> Iterator[Any]:
    """Go on with what was interrupted, and say what is not."""
    from gts.jobs.job_store import STOPPED, list_jobs

    going: list[ResumedJob] = []
    left: list[SkippedJob] = []
    for standing in reversed(list_jobs(context.workspace, limit=NO_LIMIT)):
        job, state = standing.job, standing.state
        if isinstance(state, Interrupted):
            try:
                going.append(_resume_job(context, standing, by_name=False, queue=queue))
            except GtsError as error:
                left.append(SkippedJob(job.id, state.name, error.message, refused=True))
        elif isinstance(state, Paused) and not state.alive:
            reason = "somebody stopped it" if state.reason == STOPPED else state.reason
            left.append(SkippedJob(job.id, state.name, reason, refused=False))
        elif isinstance(state, Failed) and job.recorded_state == "active":
            left.append(SkippedJob(job.id, state.name, state.reason, refused=False))
    if not going:
        yield Note("no job was interrupted: there is nothing to go on with")
    yield ResumeResult(tuple(going), tuple(left))


def _resume_job(context: Context, standing: JobStatus, *, by_name: bool, queue: bool) -> ResumedJob:
    """Go on with a job in a process of its own."""
    from gts.jobs.control import resume_job

    (at,) = describe_jobs([standing])
    job = resume_job(context.workspace, standing.job, by_name=by_name, queued=queue or None, threads=context.threads)
    return ResumedJob(job.id, at.step, at.total_steps, at.trials, at.trials_wanted)


def _resume_here(context: Context, standing: JobStatus) -> Iterator[Any]:
    """Go on with a job in this process, telling what a training or a search tells."""
    from gts.jobs.control import acquire_for_resume

    job, lock = acquire_for_resume(context.workspace, standing.job, by_name=True, queued=False, threads=context.threads)
    yield from (run_search_inline if job.kind == "search" else run_training_inline)(context, job, lock)


RESUME = Command(
    name="resume",
    summary="Go on with jobs that were stopped or interrupted.",
    group="jobs",
    run=run_resume,
    help="From the newest state that is whole, exactly as if nothing had happened, in a process of its own that outlives this "
    "terminal. With --all only what a kill or a reboot interrupted goes on; what somebody stopped stays, and so does what died "
    "three times at the same step.",
    arguments=(
        Argument("jobs", "Their ids, or beginnings or ends of them.", "job", multiple=True, required=False, metavar="ID"),
    ),
    options=(
        Option(("--all",), "Go on with every job that was interrupted.", "flag", name="every"),
        Option(("--attach",), "Go on in this terminal, as `gts train` and `gts search` work.", "flag"),
        Option(("--queue",), "Wait until there is room beside the jobs at work.", "flag"),
    ),
    threads=True,
    streams_events=True,
    examples=("gts resume k3f", "gts resume --all"),
)
