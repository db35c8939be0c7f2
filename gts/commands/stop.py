"""`gts stop`: end a job, now or after its present update."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gts.commands.command import Argument, Command, Context, Note, Option, Result
from gts.commands.jobs import EVERY
from gts.commands.listing import ListedJob, describe
from gts.commands.resolve import refer_job
from gts.errors import UsageError

if TYPE_CHECKING:
    from gts.jobs.job_store import Standing

_LOOK_SECONDS = 0.2
_START_SECONDS = 10.0


@dataclass(frozen=True)
class Stopped(Result):
    """How the jobs stand that were asked to stop."""

    jobs: tuple[ListedJob, ...]
    left: bool = False
    """Whether somebody ended the waiting for their ends."""

    @property
    def exit_code(self) -> int:
        """130 where somebody ended the waiting."""
        return 130 if self.left else 0


def run(context: Context, *, jobs: Sequence[str], every: bool, now: bool, no_wait: bool) -> Iterator[Any]:
    """Stop jobs, and wait until they have ended."""
    from gts.jobs.control import kill
    from gts.jobs.job_store import jobs_of

    if bool(jobs) == every:
        raise UsageError("name the jobs to stop, or --all", hint="`gts jobs` lists them")
    found = jobs_of(context.workspace, alive=True, limit=EVERY) if every else [refer_job(context, word) for word in jobs]
    for standing in found:
        _refuse_at_rest(standing)
    if not found:
        yield Note("no job is at work")
    with context.interruption.heard_by(lambda: None):
        for standing in found:
            if now:
                kill(context.workspace, standing)
            else:
                _ask(standing)
        left = False
        if not now and not no_wait:
            left = yield from _wait(context, found)
        yield Stopped(tuple(describe([_again(one) for one in found])), left)


def _wait(context: Context, standings: Sequence[Standing]) -> Generator[Note, None, bool]:
    """Wait for the ends of jobs, saying so where it takes a while; returns whether somebody ended the waiting."""
    from gts.jobs.control import settle, wait_for_end

    for standing in standings:
        told = False
        while not wait_for_end(standing.job, _LOOK_SECONDS):
            if not told:
                told = True
                yield Note(f"{standing.job.id} is stopping after its present update")
            if context.interruption.requested:
                yield Note("nobody waits for it any more; it still stops, see `gts jobs`")
                return True
        if _again(standing).state.word == "interrupted":
            settle(context.workspace, standing.job)  # it was asked before it could listen, and has nothing to save
    return False


def _ask(standing: Standing) -> None:
    """Ask a job to stop, once: a second request would cost it what it is about to save."""
    from gts.jobs.control import ask_to_stop

    until = time.monotonic() + _START_SECONDS
    while standing.state.word != "stopping":
        try:
            ask_to_stop(standing)
            return
        except UsageError:
            # One that has just been started is there and cannot be asked yet.
            standing = _again(standing)
            _refuse_at_rest(standing)
            if time.monotonic() > until:
                raise
        time.sleep(_LOOK_SECONDS)


def _again(standing: Standing) -> Standing:
    from gts.jobs.job_store import standing_of

    return standing_of(standing.job.folder)


def _refuse_at_rest(standing: Standing) -> None:
    state = standing.state
    if not state.alive:
        why = f" ({state.reason})" if state.reason else ""
        raise UsageError(f"{standing.job.id} is not at work, it is {state.word}{why}", hint="`gts jobs` lists those that are")


COMMAND = Command(
    name="stop",
    summary="End a job after its present update, so that it can go on later.",
    group="jobs",
    run=run,
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
    watches=True,
    examples=("gts stop k3f", "gts stop --all"),
)
