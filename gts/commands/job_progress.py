"""Progress of runs and searches, read from their folders while other processes write there, and jobs with their numbers."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gts.errors import FileError, reason
from gts.store.workspace import RunFolder, StudyFolder

if TYPE_CHECKING:
    from gts.jobs.job_store import Job, JobStatus
    from gts.jobs.queue import QueueEntry
    from gts.store.curves import MetricsReader


_ROWS = 200
_RATE_SECONDS = 30.0


@dataclass(frozen=True)
class RunProgress:
    """Progress of a training; unknown values are None."""

    step: int
    """Environment steps per member so far; those of the newest checkpoint if it is not running."""
    total_steps: int
    members: int
    rate: float | None = None
    """Environment steps per second of all members, over the last 30 seconds."""
    mean_return: float | None = None
    """Newest mean return of training episodes, averaged over the members."""
    best: float | None = None
    """Best mean return of an evaluation."""

    @property
    def seconds_left(self) -> float | None:
        """Estimate the seconds until the end; None if the rate is unknown."""
        return (self.total_steps - self.step) * self.members / self.rate if self.rate else None


def read_run_progress(folder: RunFolder, *, is_active: bool) -> RunProgress:
    """Read the progress of a run; newest metrics only if it `is_active`, since those cost milliseconds. Never raises."""
    facts: dict[str, Any] = {}
    with suppress(FileError):
        facts = read_json_object(folder.run_file)
    total, members = int(facts.get("total_steps", 0)), int(facts.get("members", 1))
    if not is_active:
        noted = int(facts.get("step", 0))
        return RunProgress(noted if noted >= total else _saved_step(folder, members) or noted, total, members)
    from gts.store.curves import MetricsReader

    try:
        with MetricsReader(folder.metrics) as reader:
            step, _, _ = reader.newest_position()
            returns = [reader.latest(member).get("return", math.nan) for member in range(members)]
            means = [one.score["mean"] for member in range(members) for one in reader.evaluations(member)]
            return RunProgress(
                step, total, members, steps_per_second(reader, members), finite_mean(returns), max(means, default=None)
            )
    except FileError:
        return RunProgress(_saved_step(folder, members), total, members)


def read_json_object(path: Path) -> dict[str, Any]:
    """Read a JSON object such as `run.json`; raises FileError."""
    try:
        facts = json.loads(path.read_bytes())
    except OSError as error:
        raise FileError(f"cannot read {path}: {reason(error)}") from error
    except ValueError as error:
        raise FileError(f"{path} is damaged: it is not JSON", hint="the metrics beside it may still be intact") from error
    if not isinstance(facts, dict):
        raise FileError(f"{path} is damaged: it is not a JSON object")
    return facts


def seconds_since_update(folder: RunFolder) -> float:
    """Return the seconds since a run wrote a metric or changed its activity."""
    metrics = folder.metrics
    times = []
    for path in (metrics, metrics.with_name(metrics.name + "-wal"), folder.lock):
        with suppress(OSError):
            times.append(path.stat().st_mtime)
    return max(0.0, time.time() - max(times)) if times else 0.0


def _saved_step(folder: RunFolder, members: int) -> int:
    """Return the step of the newest complete checkpoint of any member; 0 if there is none."""
    return max((_step_of_file(path) for member in range(members) for path in folder.last_checkpoints(member)[-1:]), default=0)


def _step_of_file(path: Path) -> int:
    number = path.stem.removeprefix("last-")
    return int(number) if number.isdigit() else 0


def steps_per_second(reader: MetricsReader, members: int) -> float | None:
    """Estimate steps per second of all members from the rows of the last 30 seconds; None if there are too few."""
    # All rows have the metrics that concern no single member, such as the duration of the round.
    name = next(iter(reader.metric_names(-1)), None)
    curve = reader.curve(name, -1, max_rows=_ROWS, columns=_ROWS) if name is not None else None
    if curve is None or not curve.steps:
        return None
    rows = [*([(0, 0.0)] if len(curve.steps) < _ROWS else []), *zip(curve.steps, curve.elapsed, strict=True)]
    step, elapsed = rows[-1]
    first = next(row for row in rows if elapsed - row[1] <= _RATE_SECONDS or row == rows[-2])
    return (step - first[0]) * members / (elapsed - first[1]) if elapsed > first[1] else None


def finite_mean(values: Iterable[Any]) -> float | None:
    """Return the mean of the finite numbers among values; None if there are none."""
    finite = [float(value) for value in values if isinstance(value, (int, float)) and math.isfinite(value)]
    return sum(finite) / len(finite) if finite else None


_RECENT_SECONDS = 600.0


@dataclass(frozen=True)
class StudyProgress:
    """Progress of a search; unknown values are None."""

    ended: int | None = None
    """Finished trials."""
    wanted: int | None = None
    best: float | None = None
    """Best value of the first objective."""
    step: int = 0
    """Environment steps of all trainings so far."""
    rate: float | None = None
    """Environment steps per second of all trainings, over the last 30 seconds."""
    trainings: int = 0
    """Running trainings."""
    seconds_left: float | None = None
    """Estimate until all wanted trials have ended, without their confirmation."""


@dataclass(frozen=True)
class RunningTrainings:
    """Progress of the running trainings of a search, summed."""

    trainings: int
    step: int
    """Environment steps so far."""
    total_steps: int
    """Environment steps at their ends."""
    rate: float | None
    """Environment steps per second; None if there is no metric yet."""


def read_study_progress(folder: StudyFolder, *, is_active: bool) -> StudyProgress:
    """Read the progress of a search; numbers of running trainings only if it `is_active`. Never raises."""
    from gts.search.summary import read_study_summary

    summary = read_study_summary(folder)
    running = read_running_trainings(folder) if is_active else RunningTrainings(0, 0, 0, None)
    if summary is None:
        return StudyProgress(step=running.step, rate=running.rate, trainings=running.trainings)
    left = None
    if running.rate and running.trainings:
        # A trial costs the mean of the finished ones (some pruned); before the first, a whole training.
        each = summary.steps / summary.ended if summary.ended else running.total_steps / running.trainings
        left = max(0.0, (summary.wanted - summary.ended) * each - running.step) / running.rate
    return StudyProgress(
        ended=summary.ended,
        wanted=summary.wanted,
        best=summary.best,
        step=summary.steps + running.step,
        rate=running.rate,
        trainings=running.trainings,
        seconds_left=left,
    )


def read_running_trainings(folder: StudyFolder) -> RunningTrainings:
    """Sum up the running trainings of a search; costs milliseconds per training."""
    from gts.jobs.job_lock import read_lock
    from gts.store.curves import MetricsReader

    count, steps, total, rates = 0, 0, 0, []
    for training in _recent_runs(folder):
        if not read_lock(training.lock)[0]:
            continue
        count += 1
        with suppress(FileError):
            total += int(read_json_object(training.run_file).get("total_steps", 0))
            with MetricsReader(training.metrics) as reader:
                step, _, elapsed = reader.newest_position()
                steps += step
                # A long training writes one row for many rounds, so at first there are too few.
                rates.append(steps_per_second(reader, 1) or (step / elapsed if elapsed else 0.0))
    return RunningTrainings(count, steps, total, sum(rates) if any(rates) else None)


def seconds_since_study_update(folder: StudyFolder) -> float:
    """Return the seconds since any training of a search wrote a metric, or the search changed its activity."""
    return min((seconds_since_update(RunFolder(path)) for path in (folder.path, *_trial_folders(folder))), default=0.0)


def _recent_runs(folder: StudyFolder) -> list[RunFolder]:
    """List the trainings that may be running: those whose folders changed in the last ten minutes."""
    return [run for run in map(RunFolder, _trial_folders(folder)) if seconds_since_update(run) < _RECENT_SECONDS]


def _trial_folders(folder: StudyFolder) -> list[Path]:
    try:
        with os.scandir(folder.path / "trials") as entries:
            return [Path(entry.path) for entry in entries if entry.is_dir()]
    except OSError:
        return []


_SAMPLE_SECONDS = 0.1


@dataclass(frozen=True)
class ListedJob:
    """A job with its state and progress; unknown or inapplicable values are None."""

    id: str
    kind: str
    name: str
    state: str
    """One of `gts.jobs.states.STATE_NAMES`."""
    reason: str
    alive: bool
    """Whether it has a process."""
    since: str
    """Begin of its state; UTC."""
    created: str
    threads: int
    """CPUs that it uses; 0 if unknown."""
    step: int
    """Environment steps per member so far; of a search, of all its trainings."""
    total_steps: int
    """0 if unknown, as for a search."""
    trials: int | None = None
    """Finished trials of a search."""
    trials_wanted: int | None = None
    best: float | None = None
    """Best value of a search."""
    rate: float | None = None
    """Environment steps per second of all members, or of all trainings of a search."""
    seconds_left: float | None = None
    host: str | None = None
    pid: int | None = None
    cpu_percent: float | None = None
    """100 is one CPU."""
    memory: int | None = None
    """Resident bytes."""
    place: int | None = None
    """Position in the queue; 1 is next."""
    quiet_seconds: float | None = None
    """Seconds since its last metric."""


def describe_jobs(statuses: Sequence[JobStatus], entries: Sequence[QueueEntry] = ()) -> list[ListedJob]:
    """Collect state, progress and load of jobs; sampling CPU takes 0.1 s. `entries`: the queue of this machine."""
    loads = _process_loads(statuses)
    waiting = [entry.job for entry in entries if not entry.is_running]
    return [_describe_job(one, loads.get(one.job.id, (None, None)), waiting) for one in statuses]


def _describe_job(status: JobStatus, load: tuple[float | None, int | None], waiting: Sequence[str]) -> ListedJob:
    job, state, lock_info = status.job, status.state, status.lock_info
    is_running = state.name == "running"
    worker = lock_info.worker if lock_info is not None and state.alive else None
    return ListedJob(
        id=job.id,
        kind=job.kind,
        name=job.name,
        state=state.name,
        reason=state.reason,
        alive=state.alive,
        since=lock_info.since if lock_info is not None and state.alive else job.changed or job.created,
        created=job.created,
        threads=job.threads,
        **_progress_fields(job, is_active=state.alive, with_rate=is_running),
        host=worker.host if worker else None,
        pid=worker.pid if worker else None,
        cpu_percent=load[0],
        memory=load[1],
        place=waiting.index(job.id) + 1 if job.id in waiting else None,
    )


def _progress_fields(job: Job, *, is_active: bool, with_rate: bool) -> dict[str, Any]:
    """Return the fields of ListedJob about progress, with rate and remaining time if asked for."""
    numbers: dict[str, Any]
    if job.kind == "search":
        study = StudyFolder(job.folder)
        search = read_study_progress(study, is_active=is_active)
        numbers = {"step": search.step, "total_steps": 0, "trials": search.ended, "trials_wanted": search.wanted}
        pace = {"rate": search.rate, "seconds_left": search.seconds_left}
        return (
            numbers | {"best": search.best} | (pace | {"quiet_seconds": seconds_since_study_update(study)} if with_rate else {})
        )
    run = RunFolder(job.folder)
    progress = read_run_progress(run, is_active=is_active)
    numbers = {"step": progress.step, "total_steps": progress.total_steps}
    pace = {"rate": progress.rate, "seconds_left": progress.seconds_left}
    return numbers | (pace | {"quiet_seconds": seconds_since_update(run)} if with_rate else {})


def _process_loads(statuses: Sequence[JobStatus]) -> dict[str, tuple[float | None, int | None]]:
    """Measure CPU (percent) and memory (bytes) of the jobs with a process on this machine, by job id."""
    from gts.system import is_running

    local = [
        (one.job, one.lock_info.worker)
        for one in statuses
        if one.state.alive and one.lock_info and is_running(one.lock_info.worker)
    ]
    if not local:
        return {}
    try:
        import psutil
    except ImportError:
        return {}
    families = {}
    for job, worker in local:
        with suppress(psutil.Error):
            process = psutil.Process(worker.pid)
            # The workers of a search are its children.
            family = families[job.id] = [process, *(process.children(recursive=True) if job.kind == "search" else ())]
            for one in family:
                one.cpu_percent()
    time.sleep(_SAMPLE_SECONDS)
    loads: dict[str, tuple[float | None, int | None]] = {}
    for name, family in families.items():
        with suppress(psutil.Error):
            loads[name] = sum(one.cpu_percent() for one in family), sum(one.memory_info().rss for one in family)
    return loads
