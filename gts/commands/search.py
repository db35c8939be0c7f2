"""`gts search`: from a space to a winner.

A search that works in this terminal or without it, and what a search came to.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from gts.commands.command import DETACH_OPTIONS, Argument, Command, Context, Note, Option, Result
from gts.commands.resolve import detect_path_kind, resolve_path
from gts.errors import FileError, UsageError, WorkError, reason
from gts.jobs.searches.request import JobNote, SearchOutcome, SearchRequest
from gts.store.workspace import StudyFolder

if TYPE_CHECKING:
    from gts.formats.space_file import SearchSpace
    from gts.jobs.job_lock import JobLock
    from gts.jobs.job_store import Job
    from gts.search.trial_records import StudyView, TrialRecord


MAX_BEST_TRIALS = 5
"""Trials of a search that was not confirmed that are shown at its end."""

_START_TIMEOUT_SECONDS = 5.0
_START_POLL_SECONDS = 0.05
_SQLITE_HEADER = b"SQLite format 3\0"


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
class SearchResult(Result):
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
class DetachedSearch(Result):
    """A search that works in a process of its own."""

    source: str
    study: str
    """Name of the study, and id of the job."""
    folder: str
    queued: bool
    """Whether it waits until there is room for it."""


@dataclass(frozen=True)
class WorkerAllocation:
    """Who trains for a search."""

    workers: int
    threads: int
    """CPUs of all of them together."""
    notes: tuple[Note, ...] = ()


def allocate_workers(context: Context, workers: int | None) -> WorkerAllocation:
    """As many workers as were asked for, one a CPU if nobody asked, and never more than there are CPUs for them."""
    from gts.system.threads import available_cpus

    threads = context.threads or available_cpus()
    if workers is None or workers <= threads:
        return WorkerAllocation(workers or threads, threads)
    return WorkerAllocation(threads, threads, (Note(f"{workers} workers would share {threads} CPUs: {threads} work"),))


def storage_without_password(word: str) -> tuple[str, list[Note]]:
    """The address of a storage as it may lie in files: a whole path, or a server without its password, which is not kept.

    Raises UsageError for what is no storage, FileError for a file that cannot be one.
    """
    from gts.search.storage_url import parse_storage_url

    place = parse_storage_url(word)
    if place.path is not None:
        path = place.path.expanduser().absolute()
        _check_database_file(path)
        return str(path), []
    parts = urlsplit(place.url)
    password = unquote(parts.password or "") or dict(parse_qsl(parts.query)).get("password", "")
    if not password:
        return place.display_url, []
    # For this process and those that it starts: what is kept of a search is for everybody to read.
    os.environ["PGPASSWORD"] = password
    return place.display_url, [Note("the password is not kept; to go on with the search later, put it into ~/.pgpass")]


def create_log_folder(logdir: Path, space: SearchSpace, content: bytes | None = None) -> Path:
    """The folder for logs as a whole path, with the space in it already; raises FileError where it cannot be written to.

    `content`: of the space's file, where there is one.
    """
    from gts.formats.durable import write_durably
    from gts.formats.space_file import format_space

    root = logdir.expanduser().absolute()
    folder = root / space.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot make the folder {folder}: {reason(error)}") from error
    write_durably(folder / f"{space.name}.space", content or format_space(space).encode())
    return root


def run_search(context: Context, request: SearchRequest, *, detach: bool) -> Iterator[Any]:
    """Search here, or in a process of its own; yields events, then the result. Raises what beginning and opening raise."""
    from gts.jobs.searches.job import create_search

    job, lock = create_search(request)
    if detach or request.queued:
        yield _detach_search(request, job, lock)
    else:
        yield from run_search_inline(context, job, lock)


def run_search_inline(context: Context, job: Job, lock: JobLock) -> Iterator[Any]:
    """Work on a search in this process and terminal, from where it stands; yields events, then the result.

    For the one who holds the job's lock, which is let go at the end.
    """
    from gts.jobs.process import run_job

    ended = 0
    try:
        for told in run_job(context.workspace, job, lock, context.stop_request):
            if isinstance(told, SearchOutcome):
                result = read_search_result(told.folder, str(job.request.get("source", job.name)), told)
                if ended == 0 and not told.stopped and told.trials >= result.wanted:
                    yield Note(f"all {result.wanted} trials have ended; for more, name a larger number: gts search … TRIALS")
                yield result
            else:
                ended += getattr(told, "state", None) is not None
                yield Note(told.text) if isinstance(told, JobNote) else told
    finally:
        lock.release()


def read_search_result(folder: StudyFolder, source: str, outcome: SearchOutcome | None) -> SearchResult:
    """What the search of a folder came to, from its study; raises FileError or WorkError where that cannot be read."""
    from gts.search.study_reader import locate_study_storage, read_study
    from gts.search.summary import read_study_summary

    view = read_study(*locate_study_storage(folder))
    winner, seen = view.best_trial(), read_study_summary(folder)
    wanted = seen.wanted if seen else view.settings.trials if view.settings else len(view.trials)
    counts: dict[str, int] = {state: count for state, count in view.count_states().items() if count}
    return SearchResult(
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
        best=tuple(_best_trial(trial) for trial in _best_rows(view)),
    )


def _best_rows(view: StudyView) -> list[TrialRecord]:
    return view.confirmed_trials() or (
        view.pareto_front() if len(view.maximised) > 1 else view.ranked_trials()[:MAX_BEST_TRIALS]
    )


def _best_trial(trial: TrialRecord) -> BestTrial:
    again = trial.confirmed
    return BestTrial(trial.number, trial.values, dict(again.__dict__) if again else None, dict(trial.params))


def _check_database_file(path: Path) -> None:
    """Make sure that trials can be kept in a file; raises FileError."""
    from gts.formats.durable import check_writable

    check_writable(path)
    try:
        with path.open("rb") as file:
            head = file.read(len(_SQLITE_HEADER))
    except FileNotFoundError:
        return
    except OSError as error:
        raise FileError(f"cannot read {path}: {reason(error)}", hint="name another file") from error
    if head and head != _SQLITE_HEADER:
        raise FileError(f"{path} is no database", hint="name a new file, such as trials.db; it is made")


def _detach_search(request: SearchRequest, job: Job, lock: JobLock) -> DetachedSearch:
    """Leave a search to a process of its own, once it has opened its study; raises WorkError where it cannot."""
    from gts.jobs.job_store import read_job_status
    from gts.jobs.launch import launch

    launch(job, lock)
    until = time.monotonic() + _START_TIMEOUT_SECONDS
    while time.monotonic() < until:
        state = read_job_status(job.folder).state
        if state.name == "failed":
            raise WorkError(f"{job.id} could not begin: {state.reason}", hint=f"see {request.folder.log}")
        if state.name != "waiting" or state.reason != "it starts":
            break
        time.sleep(_START_POLL_SECONDS)
    return DetachedSearch(request.source, job.id, str(job.folder), job.queued)


def run(
    context: Context,
    *,
    space: str,
    storage: str | None,
    trials: str | None,
    workers: int | None,
    cohort: int,
    logdir: Path | None,
    save_every: float,
    reset: bool,
    yes: bool,
    detach: bool,
    queue: bool,
    sampler: str | None,
    pruner: str | None,
    seeds: int | None,
    last_evaluations: int | None,
    confirm: int | None,
    confirm_seeds: int | None,
    seed: int | None,
) -> Iterator[Any]:
    """Search a space, here or in a process of its own, from where its study stands; yields events, then the result."""
    storage, wanted = _storage_and_trials(storage, trials)
    path, content = _read_space(context, space)
    yield from (Note(problem.format_at(str(path))) for problem in content.warnings)
    asked = {"sampler": sampler, "pruner": pruner, "seeds": seeds, "last_evaluations": last_evaluations}
    asked |= {"trials": wanted, "confirm": confirm, "confirm_seeds": confirm_seeds, "seed": seed}
    settings = {key: value for key, value in asked.items() if value is not None}
    _check_settings(content, settings)
    if storage is not None:
        storage, secret = storage_without_password(storage)
        yield from secret
    allocation = allocate_workers(context, workers)
    yield from allocation.notes
    request = SearchRequest(
        workspace=context.workspace,
        space=content,
        source=space,
        storage=storage,
        settings=settings,
        workers=allocation.workers,
        cohort=cohort,
        threads=allocation.threads,
        logdir=create_log_folder(logdir, content, path.read_bytes()) if logdir is not None else None,
        save_every=save_every,
        queued=queue,
    )
    if reset:
        yield from _reset_study(context, request, yes)
    yield from run_search(context, request, detach=detach)


def _storage_and_trials(storage: str | None, trials: str | None) -> tuple[str | None, int | None]:
    """A number alone is that of the trials, as `gts search hopper.space 14` means it."""
    if storage is not None and trials is None and storage.lstrip("-").isdecimal():
        storage, trials = None, storage
    if trials is None:
        return storage, None
    if not trials.isascii() or not trials.isdecimal() or int(trials) < 1:
        raise UsageError(f"`{trials[:40]}` is no number of trials", hint="name 1 or more")
    return storage, int(trials)


def _read_space(context: Context, word: str) -> tuple[Path, SearchSpace]:
    """The space that a word names; raises FileError with everything that is wrong in it, UsageError for another file."""
    from gts.formats.space_file import read_space

    path = resolve_path(context, word)
    kind = detect_path_kind(path, context.workspace)
    if kind != "space":
        what = "describes one training" if kind == "spec" else "is nothing to search"
        raise UsageError(f"{path} is a {kind}, which {what}", hint="name a space; `gts new space` makes one")
    return path, read_space(path)


def _check_settings(space: SearchSpace, settings: Mapping[str, Any]) -> None:
    """Refuse, before anything is written, what cannot be searched so; raises UsageError, MissingError without a library."""
    from gts.search.settings import SearchSettings

    checked = SearchSettings(**settings)
    if "sampler" in settings:
        # Only here: it loads Optuna.
        from gts.search.samplers import check_sampler

        check_sampler(checked, space)


def _reset_study(context: Context, request: SearchRequest, confirmed: bool) -> Iterator[Note]:
    """Set aside what there is of a study, if a person agrees."""
    from gts.jobs.searches.reset import find_reset_conflicts, reset_study
    from gts.search.summary import read_study_summary

    name, folder = request.space.name, request.folder
    if not any(find_reset_conflicts(folder, request.storage)):
        return
    if not confirmed:
        if context.confirm is None:
            raise UsageError(f"--reset sets the study {name} aside, and nobody can be asked here", hint="add --yes")
        seen = read_study_summary(folder)
        with_them = f" with its {seen.ended} trials" if seen and seen.ended else ""
        if not context.confirm(f"Set the study {name}{with_them} aside and begin anew?"):
            raise UsageError(f"the study {name} stays as it is; nothing was done", hint="without --reset it goes on")
    yield from map(Note, reset_study(context.workspace, folder, request.storage))


COMMAND = Command(
    name="search",
    summary="Search a space for the parameters that learn best; again: go on.",
    group="learning",
    run=run,
    help="Every search makes a study: the folder `studies/NAME` of the workspace with its trials, its log and a checkpoint of "
    "every training. In the end the best trials are trained again on fresh seeds, and the best of those wins. The same command "
    "goes on with a search that was stopped, killed or ended by a reboot; what it does not say stays as it was. The first "
    "Ctrl-C saves and ends. Every search is also a job: see `gts jobs`, `gts tail`, `gts stop`.",
    arguments=(
        Argument("space", "The space to search.", "space"),
        Argument(
            "storage",
            "Where the trials are kept: a file, or postgresql+psycopg://USER@HOST/DATABASE; in the study's folder if it is "
            "left out.",
            "file",
            required=False,
        ),
        Argument("trials", "How many trials in all; 100 if nobody has said so yet.", required=False),
    ),
    options=(
        Option(
            ("-n", "--workers"),
            "Processes that train; as many as there are CPUs if it is left out.",
            "integer",
            minimum=1,
            metavar="N",
        ),
        Option(("--cohort",), "Trainings that each has at a time.", "integer", default=4, minimum=1, maximum=256, metavar="M"),
        Option(
            ("-l", "--logdir"),
            "Copy spec, log and best checkpoint of every trial into a folder there that is named after the space.",
            "path",
            "folder",
        ),
        Option(("-s", "--sampler"), "What chooses the points: tpe (default), random, grid, qmc, gp, cmaes."),
        Option(("--pruner",), "What ends trials early: median (default), asha, hyperband, none."),
        Option(("--seeds",), "Train what looks good with that many seeds (default 1).", "integer", minimum=1, metavar="K"),
        Option(
            ("--last",),
            "A training counts by the mean of its last K evaluations (default 3).",
            "integer",
            minimum=1,
            metavar="K",
            name="last_evaluations",
        ),
        Option(
            ("--confirm",), "How many of the best are trained again at the end (default 5).", "integer", minimum=0, metavar="N"
        ),
        Option(("--confirm-seeds",), "Fresh seeds that each of them gets (default 5).", "integer", minimum=1, metavar="K"),
        Option(("--seed",), "Of the sampler (default 1).", "integer", minimum=0),
        Option(("--reset",), "Set aside what there is of the study, and begin anew; asks first.", "flag"),
        Option(("--yes",), "Do not ask.", "flag"),
        *DETACH_OPTIONS,
    ),
    threads=True,
    streams_events=True,
    examples=(
        "gts search hopper/hopperA2C.space hopper.db 14 -n 2 -l logs",
        "gts search hopper/hopper.space 40 --seeds 3 --detach",
        "gts search hopper/hopper.space 60",
    ),
)
