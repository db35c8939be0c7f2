"""`gts tail`: what a job says and how far it is, while it works."""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    """A job stands otherwise than before."""

    job: str
    state: str
    reason: str


@dataclass(frozen=True)
class TailResult(Result):
    """How a job stands at the end of following it."""

    job: ListedJob
    came_to: TrainResult | SearchResult | None
    """Its outcome; None where there is none yet."""
    left: bool = False
    """Whether somebody stopped following while it was at work."""

    @property
    def exit_code(self) -> int:
        """That of the job: 1 where it failed or was interrupted; 130 where somebody stopped following."""
        if self.left:
            return 130
        return 1 if self.job.state in ("failed", "interrupted") else 0

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self.job) | {"came_to": self.came_to.as_dict() if self.came_to else None}


def run(context: Context, *, job: str, lines: int, no_follow: bool) -> Iterator[Any]:
    """Tell the last lines of a job's log, then what comes; yields lines, states and numbers, then how it ended."""
    standing = resolve_job(context, job)
    # Whoever ends the following ends nothing else.
    with context.stop_request.listening(lambda: None):
        left = False
        if no_follow:
            yield from map(LogLine, _LogReader(standing.job.folder / "log.txt", lines).read_new_lines())
        else:
            standing = yield from _follow(context, standing.job, lines)
            left = standing.state.alive
        if left:
            yield Note(f"the job goes on; follow it again: gts tail {standing.job.id}")
        yield TailResult(describe_jobs([standing])[0], None if standing.state.alive else _read_outcome(standing), left)


def _follow(context: Context, job: Job, lines: int) -> Generator[Any, None, JobStatus]:
    """Tell what happens until the job ends or somebody has enough; returns how it stood last."""
    log = _LogReader(RunFolder(job.folder).log, lines)
    shown_state: Any = None
    numbers_due = 0.0
    while True:
        # The state first: when a job ends, its last line is in the log already.
        standing = _read_status(job)
        yield from map(LogLine, log.read_new_lines())
        if not standing.state.alive:
            if shown_state is not None and not job.lock_path.exists():
                # Its sign of life has not ended, it is gone: perhaps somebody is removing the folder just now.
                time.sleep(TAIL_POLL_SECONDS)
                standing = _read_status(job)
            yield from map(LogLine, log.read_remaining_lines())
            return standing
        if standing.state != shown_state:
            shown_state = standing.state
            yield JobStateChanged(job.id, shown_state.name, shown_state.reason)
        if shown_state.name == "running" and time.monotonic() >= numbers_due:
            headway = _read_progress(job)
            if headway.rate is not None:
                numbers_due = time.monotonic() + NUMBERS_SECONDS
                yield headway
        if context.stop_request.wait(TAIL_POLL_SECONDS):
            return standing


def _read_progress(job: Job) -> RunProgress | StudyProgress:
    """How far a job at work is."""
    if job.kind == "search":
        return read_study_progress(StudyFolder(job.folder), is_active=True)
    return read_run_progress(RunFolder(job.folder), is_active=True)


def _read_status(job: Job) -> JobStatus:
    """How a job stands; raises FileError where its folder is gone."""
    from gts.jobs.job_store import read_job_status

    try:
        return read_job_status(job.folder)
    except FileError as error:
        # A folder that is being removed may have lost this one file so far.
        if JobFolder(job.folder).job_file.exists():
            raise
        raise FileError(
            f"{job.id} is gone: somebody removed its folder", hint="`gts jobs` lists those that are there"
        ) from error


class _LogReader:
    """The end of a log file that grows."""

    def __init__(self, path: Path, lines: int) -> None:
        """The first `news` are the last `lines` whole lines."""
        self._path = path
        self._partial = b""
        self._initial_lines: int | None = lines
        self._offset = max(0, self._size() - lines * _LINE_BYTES)

    def read_new_lines(self) -> list[str]:
        """The whole lines that came since the last call; none where the file cannot be read."""
        size = self._size()
        if size < self._offset:
            self._offset, self._partial = 0, b""  # it was cut: what stands in it now is new
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
        """What is left when no more will come."""
        left = self.read_new_lines()
        return [*left, self._partial.decode(errors="replace")] if self._partial else left

    def _size(self) -> int:
        try:
            return os.stat(self._path).st_size
        except OSError:
            return 0


def _read_outcome(standing: JobStatus) -> TrainResult | SearchResult | None:
    """What a job that ended came to, from its folder; None where its process did not get so far."""
    job = standing.job
    if job.kind != "search":
        return _read_train_result(standing)
    with suppress(GtsError):
        found = read_search_result(StudyFolder(job.folder), str(job.request.get("source", job.name)), None)
        return found if found.best else None
    return None


def _read_train_result(standing: JobStatus) -> TrainResult | None:
    from gts.jobs.job_events import MemberOutcome, TrainingOutcome
    from gts.jobs.trainings.seed_summary import summary_path
    from gts.store.curves import MetricsReader

    folder = RunFolder(standing.job.folder)
    try:
        facts = read_json_object(folder.run_file)
        members = tuple(
            MemberOutcome(**one | {"result": Path(one["result"]) if one["result"] else None}) for one in facts["outcome"]
        )
        seconds = 0.0
        with suppress(FileError), MetricsReader(folder.metrics) as reader:
            seconds = reader.newest_position()[2]
        # An attempt that ended without a word leaves the outcome of the one before it.
        if standing.state.name == "interrupted" or (standing.state.name == "failed") != all(one.failed for one in members):
            return None
        outcome = TrainingOutcome(
            folder=folder,
            figure=facts["figure"],
            technique=facts["technique"],
            step=facts["step"],
            total_steps=facts["total_steps"],
            seconds=seconds,
            stopped=standing.state.name == "paused",
            members=members,
        )
        results = [member.result for member in members if member.result]
        summary = summary_path(results, members[0].seed) if len(members) > 1 and results else None
        return make_train_result(facts["source"], outcome, summary if summary and summary.exists() else None)
    except (FileError, KeyError, TypeError):
        return None


COMMAND = Command(
    name="tail",
    summary="Show what a job says and how far it is, until it ends.",
    group="jobs",
    run=run,
    read_only=True,
    help="The last lines of its log, then what comes, its newest numbers, and in the end what it came to. Ctrl-C ends only the "
    "looking on: the job never notices that somebody follows it. The exit code is the job's: 0 where it is done or was "
    "stopped, 1 where it failed or was interrupted.",
    arguments=(
        Argument(
            "job",
            "Its id, or the beginning or end of it; the newest if it is left out.",
            "job",
            required=False,
            default=LAST_RUN,
            metavar="ID",
        ),
    ),
    options=(
        Option(("-n", "--lines"), "Lines of the log to begin with.", "integer", default=10, minimum=0, metavar="N"),
        Option(("--no-follow",), "Say how it stands, and end.", "flag"),
    ),
    streams_events=True,
    follows=True,
    examples=("gts tail", "gts tail k3f -n 50", "gts tail @last --no-follow --json"),
)
