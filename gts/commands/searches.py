"""A search that works in this terminal or without it, and what a search came to."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from gts.commands.command import Context, Note, Result
from gts.errors import FileError, WorkError
from gts.jobs.searches.request import Remark, SearchOutcome, SearchRequest
from gts.store.workspace import StudyFolder

if TYPE_CHECKING:
    from gts.formats.space_file import Space
    from gts.jobs.job_lock import Life
    from gts.jobs.job_store import Job
    from gts.search.trial_records import StudyView, TrialRow

SHOWN = 5
"""Trials of a search that was not confirmed that are shown at its end."""

_OPEN_SECONDS = 5.0
_LOOK_SECONDS = 0.05
_DATABASE = b"SQLite format 3\0"


@dataclass(frozen=True)
class BestTrial:
    """One of the best trials of a search."""

    number: int
    values: tuple[float, ...]
    """What the search thought of it, one an objective."""
    confirmed: Mapping[str, Any] | None
    """What came out on fresh seeds: seeds, values, iqm, low, high."""
    params: Mapping[str, Any]
    """What was searched, by file key."""


@dataclass(frozen=True)
class Searched(Result):
    """What a search came to."""

    study: str
    """Name of the study, and id of the job."""
    source: str
    """The space as the person named it."""
    folder: str
    storage: str
    counts: Mapping[str, int]
    """Trials by state."""
    wanted: int
    seconds: float
    """Wall-clock of this attempt."""
    steps: int
    """Environment steps of this attempt, all trainings together."""
    interrupted: bool
    objectives: int
    winner: int | None
    """The best confirmed trial, else the best one of the search."""
    best: tuple[BestTrial, ...]
    """Those that were confirmed, best first; else the best of the search, with two objectives its front."""

    @property
    def exit_code(self) -> int:
        """130 where somebody ended it, 1 where trials have ended and none is complete."""
        if self.interrupted:
            return 130
        return 1 if self.winner is None and self.counts else 0


@dataclass(frozen=True)
class SearchDetached(Result):
    """A search that works in a process of its own."""

    source: str
    study: str
    """Name of the study, and id of the job."""
    folder: str
    queued: bool
    """Whether it waits until there is room for it."""


@dataclass(frozen=True)
class Crew:
    """Who trains for a search."""

    workers: int
    threads: int
    """CPUs of all of them together."""
    notes: tuple[Note, ...] = ()


def crew_of(context: Context, workers: int | None) -> Crew:
    """As many workers as were asked for, one a CPU if nobody asked, and never more than there are CPUs for them."""
    from gts.system.threads import available_cpus

    threads = context.threads or available_cpus()
    if workers is None or workers <= threads:
        return Crew(workers or threads, threads)
    return Crew(threads, threads, (Note(f"{workers} workers would share {threads} CPUs: {threads} work"),))


def kept_storage(word: str) -> tuple[str, list[Note]]:
    """The address of a storage as it may lie in files: a whole path, or a server without its password, which is not kept.

    Raises UsageError for what is no storage, FileError for a file that cannot be one.
    """
    from gts.search.storage_url import place_of

    place = place_of(word)
    if place.path is not None:
        path = place.path.expanduser().absolute()
        _check_database(path)
        return str(path), []
    parts = urlsplit(place.url)
    password = unquote(parts.password or "") or dict(parse_qsl(parts.query)).get("password", "")
    if not password:
        return place.shown, []
    # For this process and those that it starts: what is kept of a search is for everybody to read.
    os.environ["PGPASSWORD"] = password
    return place.shown, [Note("the password is not kept; to go on with the search later, put it into ~/.pgpass")]


def log_folder(logdir: Path, space: Space, content: bytes | None = None) -> Path:
    """The folder for logs as a whole path, with the space in it already; raises FileError where it cannot be written to.

    `content`: of the space's file, where there is one.
    """
    from gts.formats.durable import write_durably
    from gts.formats.space_file import space_text

    root = logdir.expanduser().absolute()
    folder = root / space.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot make the folder {folder}: {(error.strerror or str(error)).lower()}") from error
    write_durably(folder / f"{space.name}.space", content or space_text(space).encode())
    return root


def conduct(context: Context, request: SearchRequest, *, detach: bool) -> Iterator[Any]:
    """Search here, or in a process of its own; yields events, then the result. Raises what beginning and opening raise."""
    from gts.jobs.searches.job import begin_search

    job, life = begin_search(request)
    if detach or request.queued:
        yield _detach(request, job, life)
    else:
        yield from attend_search(context, job, life)


def attend_search(context: Context, job: Job, life: Life) -> Iterator[Any]:
    """Work on a search in this process and terminal, from where it stands; yields events, then the result.

    For the one who holds the job's lock, which is let go at the end.
    """
    from gts.jobs.process import attend

    ended = 0
    try:
        for told in attend(context.workspace, job, life, context.interruption):
            if isinstance(told, SearchOutcome):
                result = searched(told.folder, str(job.request.get("source", job.name)), told)
                if ended == 0 and not told.stopped and told.trials >= result.wanted:
                    yield Note(f"all {result.wanted} trials have ended; for more, name a larger number: gts search … TRIALS")
                yield result
            else:
                ended += getattr(told, "state", None) is not None
                yield Note(told.text) if isinstance(told, Remark) else told
    finally:
        life.release()


def searched(folder: StudyFolder, source: str, outcome: SearchOutcome | None) -> Searched:
    """What the search of a folder came to, from its study; raises FileError or WorkError where that cannot be read."""
    from gts.search.study_reader import read_trials, stored_at
    from gts.search.summary import glance

    view = read_trials(*stored_at(folder))
    winner, seen = view.winner(), glance(folder)
    wanted = seen.wanted if seen else view.settings.trials if view.settings else len(view.trials)
    counts: dict[str, int] = {state: count for state, count in view.counts().items() if count}
    return Searched(
        study=folder.name,
        source=source,
        folder=str(folder.path),
        storage=view.storage,
        counts=counts,
        wanted=wanted,
        seconds=round(outcome.seconds, 3) if outcome else 0.0,
        steps=outcome.steps if outcome else 0,
        interrupted=outcome is not None and outcome.stopped,
        objectives=len(view.maximised),
        winner=winner.number if winner else None,
        best=tuple(_best(trial) for trial in _shown(view)),
    )


def _shown(view: StudyView) -> list[TrialRow]:
    return view.confirmed() or (view.front() if len(view.maximised) > 1 else view.ranked()[:SHOWN])


def _best(trial: TrialRow) -> BestTrial:
    again = trial.confirmed
    return BestTrial(trial.number, trial.values, dict(again.__dict__) if again else None, dict(trial.params))


def _check_database(path: Path) -> None:
    """Make sure that trials can be kept in a file; raises FileError."""
    from gts.formats.durable import check_writable

    check_writable(path)
    try:
        with path.open("rb") as file:
            head = file.read(len(_DATABASE))
    except FileNotFoundError:
        return
    except OSError as error:
        raise FileError(f"cannot read {path}: {(error.strerror or str(error)).lower()}", hint="name another file") from error
    if head and head != _DATABASE:
        raise FileError(f"{path} is no database", hint="name a new file, such as trials.db; it is made")


def _detach(request: SearchRequest, job: Job, life: Life) -> SearchDetached:
    """Leave a search to a process of its own, once it has opened its study; raises WorkError where it cannot."""
    from gts.jobs.job_store import standing_of
    from gts.jobs.launch import launch

    launch(job, life)
    until = time.monotonic() + _OPEN_SECONDS
    while time.monotonic() < until:
        state = standing_of(job.folder).state
        if state.word == "failed":
            raise WorkError(f"{job.id} could not begin: {state.reason}", hint=f"see {request.folder.log}")
        if state.word != "waiting" or state.reason != "it starts":
            break
        time.sleep(_LOOK_SECONDS)
    return SearchDetached(request.source, job.id, str(job.folder), job.queued)
