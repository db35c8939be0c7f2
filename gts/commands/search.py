"""`gts search`: search a space, in this process or in the background."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from gts.commands.command import DETACH_OPTIONS, Argument, Command, Context, Note, Option, Result
from gts.commands.resolve import detect_path_kind, resolve_path
from gts.errors import FileError, UsageError, WorkError, reason
from gts.jobs.job_events import JobNote, SearchOutcome, TrialEnded
from gts.jobs.requests import SearchRequest
from gts.store.workspace import StudyFolder

if TYPE_CHECKING:
    from gts.formats.space_file import SearchSpace
    from gts.jobs.job_lock import JobLock
    from gts.jobs.job_store import Job
    from gts.search.trial_records import StudyView, TrialRecord


MAX_BEST_TRIALS = 5
"""Trials shown at the end of a search without confirmation."""

_START_TIMEOUT_SECONDS = 5.0
_START_POLL_SECONDS = 0.05
_SQLITE_HEADER = b"SQLite format 3\0"


@dataclass(frozen=True)
class BestTrial:
    """One of the best trials of a search."""

    number: int
    values: tuple[float, ...]
    """Value of each objective in the search."""
    confirmed: Mapping[str, Any] | None
    """Confirmation on fresh seeds: seeds, values, iqm, low, high; None if not confirmed."""
    params: Mapping[str, Any]
    """Searched parameters by file key."""


@dataclass(frozen=True)
class SearchResult(Result):
    """Result of a search."""

    view: ClassVar[str] = "jobs:render_search"
    study: str
    """Name of the study, and id of the job."""
    source: str
    """The space as given on the command line."""
    folder: str
    storage: str
    counts: Mapping[str, int]
    """Trials by state."""
    wanted: int
    seconds: float
    """Wall-clock time of this attempt."""
    steps: int
    """Environment steps of all trainings of this attempt."""
    interrupted: bool
    objectives: int
    winner: int | None
    """The best confirmed trial, else the best one of the search."""
    best: tuple[BestTrial, ...]
    """Confirmed trials, best first; else the best of the search, for two objectives the Pareto front."""

    @property
    def exit_code(self) -> int:
        """Return 130 if the search was interrupted, 1 if trials have ended and none is complete."""
        if self.interrupted:
            return 130
        return 1 if self.winner is None and self.counts else 0


@dataclass(frozen=True)
class DetachedSearch(Result):
    """A search in the background."""

    view: ClassVar[str] = "jobs:render_detached_search"
    source: str
    study: str
    """Name of the study, and id of the job."""
    folder: str
    queued: bool
    """Whether it waits in the queue."""


@dataclass(frozen=True)
class WorkerAllocation:
    """Workers and CPUs of a search."""

    workers: int
    threads: int
    """CPUs of all workers together."""
    notes: tuple[Note, ...] = ()


def allocate_workers(context: Context, workers: int | None) -> WorkerAllocation:
    """Choose the number of workers: as requested, by default one per CPU, never more than CPUs."""
    from gts.system.threads import available_cpus

    threads = context.threads or available_cpus()
    if workers is None or workers <= threads:
        return WorkerAllocation(workers or threads, threads)
    return WorkerAllocation(threads, threads, (Note(f"{workers} workers for {threads} CPUs: using {threads} workers"),))


def storage_without_password(word: str) -> tuple[str, list[Note]]:
    """Make the address of a storage safe to store: an absolute path, or a server's URL without its password.

    The password is remembered by this process only. Raises UsageError for an invalid address, FileError for an unusable file.
    """
    from gts.search.storage_url import parse_storage_url

    place = parse_storage_url(word)
    if place.path is not None:
        path = place.path.expanduser().absolute()
        _check_database_file(path)
        return str(path), []
    if not place.password:
        return place.display_url, []
    place.remember_password()
    return place.display_url, [Note("the password is not stored; to resume the search later, put it into ~/.pgpass")]


def create_log_folder(logdir: Path, space: SearchSpace, content: bytes | None = None) -> Path:
    """Create the log folder with a copy of the space; returns its absolute path, raises FileError.

    `content`: bytes of the space's file, if it has one.
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


def start_search(context: Context, request: SearchRequest, *, detach: bool) -> Iterator[Any]:
    """Search in this process or in the background; yields events, then the result. Raises GtsError."""
    from gts.jobs.searches.job import create_search

    job, lock = create_search(request)
    if detach or request.queued:
        yield _detach_search(request, job, lock)
    else:
        yield from run_search_inline(context, job, lock)


def run_search_inline(context: Context, job: Job, lock: JobLock) -> Iterator[Any]:
    """Continue a search in this process; yields events, then the result. Releases `lock`, the held lock of the job."""
    from gts.jobs.process import run_job

    ended = 0
    try:
        for event in run_job(context.workspace, job, lock, context.stop_request):
            if isinstance(event, SearchOutcome):
                result = read_search_result(event.folder, str(job.request.get("source", job.name)), event)
                if ended == 0 and not event.stopped and event.trials >= result.wanted:
                    yield Note(f"all {result.wanted} trials are done; for more, give a larger number: gts search … TRIALS")
                yield result
            else:
                ended += isinstance(event, TrialEnded)
                yield Note(event.text) if isinstance(event, JobNote) else event
    finally:
        lock.release()


def read_search_result(folder: StudyFolder, source: str, outcome: SearchOutcome | None) -> SearchResult:
    """Read the result of a search from its study; raises FileError or WorkError if it cannot be read."""
    from gts.search.study_reader import locate_study_storage, read_study
    from gts.search.summary import read_study_summary

    view = read_study(*locate_study_storage(folder))
    winner, summary = view.best_trial(), read_study_summary(folder)
    wanted = summary.wanted if summary else view.settings.trials if view.settings else len(view.trials)
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
    confirmed = trial.confirmed
    return BestTrial(trial.number, trial.values, dict(confirmed.__dict__) if confirmed else None, dict(trial.params))


def _check_database_file(path: Path) -> None:
    """Check that a file can store trials; raises FileError."""
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
        raise FileError(f"{path} is not an SQLite database", hint="name a new file, such as trials.db")


def _detach_search(request: SearchRequest, job: Job, lock: JobLock) -> DetachedSearch:
    """Start a search in the background, and wait until it has opened its study; raises WorkError if it fails to."""
    from gts.jobs.job_lock import STARTING
    from gts.jobs.job_store import read_job_status
    from gts.jobs.launch import launch

    launch(job, lock)
    until = time.monotonic() + _START_TIMEOUT_SECONDS
    while time.monotonic() < until:
        state = read_job_status(job.folder).state
        if state.name == "failed":
            raise WorkError(f"{job.id} could not start: {state.reason}", hint=f"see {request.folder.log}")
        if state.name != "queued" or state.reason != STARTING:
            break
        time.sleep(_START_POLL_SECONDS)
    return DetachedSearch(request.source, job.id, str(job.folder), job.queued)


def run_search(
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
    """Search a space in this process or in the background, continuing its study; yields events, then the result."""
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
    yield from start_search(context, request, detach=detach)


def _storage_and_trials(storage: str | None, trials: str | None) -> tuple[str | None, int | None]:
    """Separate storage and number of trials; a single number is the number of trials, as in `gts search hopper.space 14`."""
    if storage is not None and trials is None and storage.lstrip("-").isdecimal():
        storage, trials = None, storage
    if trials is None:
        return storage, None
    if not trials.isascii() or not trials.isdecimal() or int(trials) < 1:
        raise UsageError(f"`{trials[:40]}` is not a number of trials", hint="give 1 or more")
    return storage, int(trials)


def _read_space(context: Context, word: str) -> tuple[Path, SearchSpace]:
    """Read a space; raises FormatError with all its errors, UsageError for another kind of file."""
    from gts.formats.space_file import read_space

    path = resolve_path(context, word)
    kind = detect_path_kind(path, context.workspace)
    if kind != "space":
        raise UsageError(f"{path} is a {kind}, not a space", hint="name a space; `gts new space` makes one")
    return path, read_space(path)


def _check_settings(space: SearchSpace, settings: Mapping[str, Any]) -> None:
    """Check the settings before anything is written; raises UsageError, MissingError if a library is missing."""
    from gts.search.settings import SearchSettings

    checked = SearchSettings(**settings)
    if "sampler" in settings:
        # Imported late: it loads Optuna.
        from gts.search.samplers import check_sampler

        check_sampler(checked, space)


def _reset_study(context: Context, request: SearchRequest, confirmed: bool) -> Iterator[Note]:
    """Move an existing study aside after confirmation by the user or `--yes`; raises UsageError without it."""
    from gts.jobs.searches.job import find_reset_conflicts, reset_study
    from gts.search.summary import read_study_summary

    name, folder = request.space.name, request.folder
    if not any(find_reset_conflicts(folder, request.storage)):
        return
    if not confirmed:
        if context.confirm is None:
            raise UsageError(f"--reset moves the study {name} aside; there is no terminal to confirm that", hint="add --yes")
        summary = read_study_summary(folder)
        trials = f" with its {summary.ended} trials" if summary and summary.ended else ""
        if not context.confirm(f"Move the study {name}{trials} aside and start a new one?"):
            raise UsageError(f"the study {name} was not changed", hint="without --reset the search continues it")
    yield from map(Note, reset_study(context.workspace, folder, request.storage))


COMMAND = Command(
    name="search",
    summary="Search a space for the best parameters, or continue a search.",
    group="training",
    run=run_search,
    help="Every search makes a study: the folder `studies/NAME` of the workspace with its trials, its log and a checkpoint of "
    "every training. At the end the best trials are trained again on fresh seeds, and the best of those is the winner. The "
    "same command continues a search that was stopped, killed or interrupted by a reboot; options that are not given keep "
    "their values. The first Ctrl-C saves and stops. Every search is also a job: see `gts jobs`, `gts tail`, `gts stop`.",
    arguments=(
        Argument("space", "The space to search.", "space"),
        Argument(
            "storage",
            "Storage of the trials: a file, or postgresql+psycopg://USER@HOST/DATABASE; default: a file in the study's folder.",
            "file",
            required=False,
        ),
        Argument("trials", "Total number of trials; default: the number given before, or 100.", required=False),
    ),
    options=(
        Option(
            ("-n", "--workers"),
            "Processes that train; default: one per CPU.",
            "integer",
            minimum=1,
            metavar="N",
        ),
        Option(("--cohort",), "Trainings per worker at a time.", "integer", default=4, minimum=1, maximum=256, metavar="M"),
        Option(
            ("-l", "--logdir"),
            "Copy spec, log and best checkpoint of every trial into LOGDIR/NAME, NAME being that of the space.",
            "path",
            "folder",
        ),
        Option(("-s", "--sampler"), "Sampler: tpe (default), random, grid, qmc, gp or cmaes."),
        Option(("--pruner",), "Pruner, which ends poor trials early: median (default), asha, hyperband or none."),
        Option(("--seeds",), "Seeds per promising trial (default 1).", "integer", minimum=1, metavar="K"),
        Option(
            ("--last",),
            "The value of a training is the mean of its last K evaluations (default 3).",
            "integer",
            minimum=1,
            metavar="K",
            name="last_evaluations",
        ),
        Option(
            ("--confirm",),
            "Best trials to train again at the end (default 5).",
            "integer",
            minimum=0,
            metavar="N",
        ),
        Option(("--confirm-seeds",), "Fresh seeds for each of them (default 5).", "integer", minimum=1, metavar="K"),
        Option(("--seed",), "Seed of the sampler (default 1).", "integer", minimum=0),
        Option(("--reset",), "Move the existing study aside and start a new one, after confirmation.", "flag"),
        Option(("--yes",), "Confirm --reset without a question.", "flag"),
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
