"""`gts tail`: log and progress of a job, until it ends."""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from gts.commands.command import Argument, Command, Context, Note, Option, Result
from gts.commands.job_progress import (
    ListedJob,
    StudyProgress,
    describe_jobs,
    read_json_object,
    read_run_progress,
    read_study_progress,
)
from gts.commands.resolve import LAST_RUN, resolve_job
from gts.commands.search import SearchResult, read_search_result
from gts.commands.train import TrainResult, make_train_result
from gts.errors import FileError, GtsError
from gts.store.workspace import JobFolder, RunFolder, StudyFolder

if TYPE_CHECKING:
    from gts.commands.job_progress import RunProgress
    from gts.jobs.job_store import Job, JobStatus

TAIL_POLL_SECONDS = 0.25
NUMBERS_SECONDS = 2.0

_LINE_BYTES = 500
_CHUNK = 1 << 20


@dataclass(frozen=True)
class LogLine:
    """A line of a job's log."""

    text: str


@dataclass(frozen=True)
class JobStateChanged:
    """Event: a job has changed its state."""

    job: str
    state: str
    reason: str


@dataclass(frozen=True)
class TailResult(Result):
    """State of a job at the end of `gts tail`."""

    view: ClassVar[str] = "jobs:render_tail"
    job: ListedJob
    came_to: TrainResult | SearchResult | None
    """Its result; None if there is none yet."""
    left: bool = False
    """Whether the user interrupted `gts tail` while the job was running."""

    @property
    def exit_code(self) -> int:
        """Return 1 if the job failed or was interrupted, 130 if the user interrupted `gts tail`."""
        if self.left:
            return 130
        return 1 if self.job.state in ("failed", "interrupted") else 0

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return asdict(self.job) | {"came_to": self.came_to.as_dict() if self.came_to else None}


def run_tail(context: Context, *, job: str, lines: int, no_follow: bool) -> Iterator[Any]:
    """Follow a job: yields the last lines of its log, new lines, changes of state and progress, then the result."""
    status = resolve_job(context, job)
    # A listener, even an empty one, makes Ctrl-C end this loop instead of raising KeyboardInterrupt.
    with context.stop_request.listening(lambda: None):
        left = False
        if no_follow:
            yield from map(LogLine, _LogReader(status.job.folder / "log.txt", lines).read_new_lines())
        else:
            status = yield from _follow(context, status.job, lines)
            left = status.state.alive
        if left:
            yield Note(f"the job is still running; follow it again: gts tail {status.job.id}")
        yield TailResult(describe_jobs([status])[0], None if status.state.alive else _read_outcome(status), left)


def _follow(context: Context, job: Job, lines: int) -> Generator[Any, None, JobStatus]:
    """Yield events until the job ends or the user interrupts; returns the last state."""
    log = _LogReader(RunFolder(job.folder).log, lines)
    shown_state: Any = None
    numbers_due = 0.0
    while True:
        # Read the state before the log: a job that has ended has written its last line.
        status = _read_status(job)
        yield from map(LogLine, log.read_new_lines())
        if not status.state.alive:
            if shown_state is not None and not job.lock_path.exists():
                # The lock file is gone, not just unlocked: the folder is perhaps being removed right now.
                time.sleep(TAIL_POLL_SECONDS)
                status = _read_status(job)
            yield from map(LogLine, log.read_remaining_lines())
            return status
        if status.state != shown_state:
            shown_state = status.state
            yield JobStateChanged(job.id, shown_state.name, shown_state.reason)
        if shown_state.name == "running" and time.monotonic() >= numbers_due:
            progress = _read_progress(job)
            if progress.rate is not None:
                numbers_due = time.monotonic() + NUMBERS_SECONDS
                yield progress
        if context.stop_request.wait(TAIL_POLL_SECONDS):
            return status


def _read_progress(job: Job) -> RunProgress | StudyProgress:
    """Read the progress of a running job."""
    if job.kind == "search":
        return read_study_progress(StudyFolder(job.folder), is_active=True)
    return read_run_progress(RunFolder(job.folder), is_active=True)


def _read_status(job: Job) -> JobStatus:
    """Read the state of a job; raises FileError if its folder was removed."""
    from gts.jobs.job_store import read_job_status

    try:
        return read_job_status(job.folder)
    except FileError as error:
        # While a folder is being removed, this file may be the first to go.
        if JobFolder(job.folder).job_file.exists():
            raise
        raise FileError(f"the folder of {job.id} was removed", hint="`gts jobs` lists the others") from error


class _LogReader:
    """Reads a growing log file from near its end."""

    def __init__(self, path: Path, lines: int) -> None:
        """`lines`: number of last lines that the first call of `read_new_lines` returns."""
        self._path = path
        self._partial = b""
        self._initial_lines: int | None = lines
        self._offset = max(0, self._size() - lines * _LINE_BYTES)

    def read_new_lines(self) -> list[str]:
        """Read the complete lines since the last call; none if the file cannot be read."""
        size = self._size()
        if size < self._offset:
            self._offset, self._partial = 0, b""  # the file was truncated: all of it is new
        data = self._partial
        with suppress(OSError), self._path.open("rb") as file:
            file.seek(self._offset)
            data += file.read(_CHUNK)
            self._offset = file.tell()
        *whole, self._partial = data.split(b"\n")
        if self._initial_lines is not None:
            whole = whole[len(whole) - min(self._initial_lines, len(whole)) :]
            self._initial_lines = None
        return [line.decode(errors="replace") for line in whole]

    def read_remaining_lines(self) -> list[str]:
        """Read the rest at the end of the job, including an incomplete last line."""
        left = self.read_new_lines()
        return [*left, self._partial.decode(errors="replace")] if self._partial else left

    def _size(self) -> int:
        try:
            return os.stat(self._path).st_size
        except OSError:
            return 0


def _read_outcome(status: JobStatus) -> TrainResult | SearchResult | None:
    """Read the result of a job that has ended; None if it has none."""
    job = status.job
    if job.kind != "search":
        return _read_train_result(status)
    with suppress(GtsError):
        found = read_search_result(StudyFolder(job.folder), str(job.request.get("source", job.name)), None)
        return found if found.best else None
    return None


def _read_train_result(status: JobStatus) -> TrainResult | None:
    from gts.jobs.job_events import MemberOutcome, TrainingOutcome
    from gts.jobs.trainings.seed_summary import summary_path
    from gts.store.curves import MetricsReader

    folder = RunFolder(status.job.folder)
    try:
        facts = read_json_object(folder.run_file)
        members = tuple(
            MemberOutcome(**one | {"result": Path(one["result"]) if one["result"] else None}) for one in facts["outcome"]
        )
        seconds = 0.0
        with suppress(FileError), MetricsReader(folder.metrics) as reader:
            seconds = reader.newest_position()[2]
        # A killed attempt leaves the result of the attempt before it.
        if status.state.name == "interrupted" or (status.state.name == "failed") != all(one.failed for one in members):
            return None
        outcome = TrainingOutcome(
            folder=folder,
            figure=facts["figure"],
            technique=facts["technique"],
            step=facts["step"],
            total_steps=facts["total_steps"],
            seconds=seconds,
            stopped=status.state.name == "paused",
            members=members,
        )
        results = [member.result for member in members if member.result]
        summary = summary_path(results, members[0].seed) if len(members) > 1 and results else None
        return make_train_result(facts["source"], outcome, summary if summary and summary.exists() else None)
    except (FileError, KeyError, TypeError):
        return None


COMMAND = Command(
    name="tail",
    summary="Follow the log and the progress of a job.",
    group="jobs",
    run=run_tail,
    read_only=True,
    help="Shows the last lines of its log, then new lines and numbers, and its result at the end. Ctrl-C ends only this "
    "command, the job keeps running. The exit code is 0 if the job is done or was stopped, 1 if it failed or was interrupted.",
    arguments=(
        Argument(
            "job",
            "Its id, or the beginning or end of it; default: the newest.",
            "job",
            required=False,
            default=LAST_RUN,
            metavar="ID",
        ),
    ),
    options=(
        Option(("-n", "--lines"), "Number of last lines to show first.", "integer", default=10, minimum=0, metavar="N"),
        Option(("--no-follow",), "Show the state and exit.", "flag"),
    ),
    streams_events=True,
    follows=True,
    examples=("gts tail", "gts tail k3f -n 50", "gts tail @last --no-follow --json"),
)
