"""`gts resume`: go on with jobs that stand still."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gts.commands.attending import attend
from gts.commands.command import Argument, Command, Context, Note, Option, Result
from gts.commands.jobs import EVERY
from gts.commands.listing import describe
from gts.commands.resolve import refer_job
from gts.commands.searches import attend_search
from gts.errors import GtsError, UsageError
from gts.jobs.states import Failed, Interrupted, Paused

if TYPE_CHECKING:
    from gts.jobs.job_store import Standing


@dataclass(frozen=True)
class Going:
    """A job that goes on."""

    id: str
    step: int
    """From where."""
    total_steps: int
    trials: int | None = None
    """Trials of a search that have ended."""
    trials_wanted: int | None = None


@dataclass(frozen=True)
class LeftAlone:
    """A job that stands still as before."""

    id: str
    state: str
    reason: str
    """Why it was left alone."""
    refused: bool
    """Whether somebody wanted it to go on."""


@dataclass(frozen=True)
class Resumed(Result):
    """What goes on, and what does not."""

    jobs: tuple[Going, ...]
    left_alone: tuple[LeftAlone, ...]

    @property
    def exit_code(self) -> int:
        """2 where a job that should go on does not."""
        return 2 if any(one.refused for one in self.left_alone) else 0


def run(context: Context, *, jobs: Sequence[str], every: bool, attach: bool, queue: bool) -> Iterator[Any]:
    """Go on with jobs, each in a process of its own; with `attach` with one, here."""
    if bool(jobs) == every:
        raise UsageError("name the jobs to go on with, or --all", hint="`gts jobs` lists them")
    if attach:
        if queue or every or len(jobs) != 1:
            raise UsageError("--attach goes on with one job, here and at once", hint="name one job, without --all and --queue")
        yield from _attach(context, refer_job(context, jobs[0]))
        return
    if every:
        yield from _resume_all(context, queue)
        return
    standings = [refer_job(context, word) for word in jobs]
    going: list[Going] = []
    refused: list[LeftAlone] = []
    for standing in standings:
        try:
            going.append(_resume(context, standing, by_name=True, queue=queue))
        except GtsError as error:
            if len(standings) == 1:
                raise
            refused.append(LeftAlone(standing.job.id, standing.state.word, error.message, refused=True))
    yield Resumed(tuple(going), tuple(refused))


def _resume_all(context: Context, queue: bool) -> Iterator[Any]:
    """Go on with what was interrupted, and say what is not."""
    from gts.jobs.job_store import STOPPED, jobs_of

    going: list[Going] = []
    left: list[LeftAlone] = []
    for standing in reversed(jobs_of(context.workspace, limit=EVERY)):
        job, state = standing.job, standing.state
        if isinstance(state, Interrupted):
            try:
                going.append(_resume(context, standing, by_name=False, queue=queue))
            except GtsError as error:
                left.append(LeftAlone(job.id, state.word, error.message, refused=True))
        elif isinstance(state, Paused) and not state.alive:
            reason = "somebody stopped it" if state.reason == STOPPED else state.reason
            left.append(LeftAlone(job.id, state.word, reason, refused=False))
        elif isinstance(state, Failed) and job.claim == "active":
            left.append(LeftAlone(job.id, state.word, state.reason, refused=False))
    if not going:
        yield Note("no job was interrupted: there is nothing to go on with")
    yield Resumed(tuple(going), tuple(left))


def _resume(context: Context, standing: Standing, *, by_name: bool, queue: bool) -> Going:
    """Go on with a job in a process of its own."""
    from gts.jobs.control import resume

    (at,) = describe([standing])
    job = resume(context.workspace, standing.job, by_name=by_name, queued=queue or None, threads=context.threads)
    return Going(job.id, at.step, at.total_steps, at.trials, at.trials_wanted)


def _attach(context: Context, standing: Standing) -> Iterator[Any]:
    """Go on with a job in this process, telling what a training or a search tells."""
    from gts.jobs.control import claim_to_resume

    job, life = claim_to_resume(context.workspace, standing.job, by_name=True, queued=False, threads=context.threads)
    yield from (attend_search if job.kind == "search" else attend)(context, job, life)


COMMAND = Command(
    name="resume",
    summary="Go on with jobs that were stopped or interrupted.",
    group="jobs",
    run=run,
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
    long=True,
    examples=("gts resume k3f", "gts resume --all"),
)
