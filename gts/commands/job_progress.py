"""How far a training is and how fast it goes, read from its folder while another process writes there.

How far a search is and how fast it goes, read from its folder while other processes write there.

Jobs as lists show them: how each stands, how far it is, what its process takes.
"""

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
    """A training at one moment; what is not known is None."""

    step: int
    """Environment steps of each member so far; of one that stands still, those that it goes on from."""
    total_steps: int
    members: int
    rate: float | None = None
    """Environment steps per second of all members, over the last seconds."""
    mean_return: float | None = None
    """Newest mean return of the episodes, over the members."""
    best: float | None = None
    """Best mean return of an evaluation."""

    @property
    def seconds_left(self) -> float | None:
        """Until the end of the training, if it goes on so."""
        return (self.total_steps - self.step) * self.members / self.rate if self.rate else None


def read_run_progress(folder: RunFolder, *, is_active: bool) -> RunProgress:
    """How far a run is; its newest numbers only where it is `at_work`, since reading those costs milliseconds.

    Whatever cannot be read counts as not there.
    """
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
            earned = [reader.latest(member).get("return", math.nan) for member in range(members)]
            means = [one.score["mean"] for member in range(members) for one in reader.evaluations(member)]
            return RunProgress(step, total, members, steps_per_second(reader, members), _mean(earned), max(means, default=None))
    except FileError:
        return RunProgress(_saved_step(folder, members), total, members)


def read_json_object(path: Path) -> dict[str, Any]:
    """The `run.json` of a run; raises FileError."""
    try:
        facts = json.loads(path.read_bytes())
    except OSError as error:
        raise FileError(f"cannot read {path}: {reason(error)}") from error
    except ValueError as error:
        raise FileError(f"{path} is damaged: it is not JSON", hint="the numbers beside it may still be whole") from error
    if not isinstance(facts, dict):
        raise FileError(f"{path} is damaged: it is no JSON object")
    return facts


def seconds_since_update(folder: RunFolder) -> float:
    """How long ago the process of a run wrote a number, or said what it does."""
    metrics = folder.metrics
    times = []
    for path in (metrics, metrics.with_name(metrics.name + "-wal"), folder.lock):
        with suppress(OSError):
            times.append(path.stat().st_mtime)
    return max(0.0, time.time() - max(times)) if times else 0.0


def _saved_step(folder: RunFolder, members: int) -> int:
    """The newest step at which a member has a complete state."""
    return max((_step_of_file(path) for member in range(members) for path in folder.last_checkpoints(member)[-1:]), default=0)


def _step_of_file(path: Path) -> int:
    number = path.stem.removeprefix("last-")
    return int(number) if number.isdigit() else 0


def steps_per_second(reader: MetricsReader, members: int) -> float | None:
    """Steps per second of all members, over the rows of the last seconds; None where there are too few."""
    # What a round cost is a number that every row has.
    name = next(iter(reader.metric_names(-1)), None)
    curve = reader.curve(name, -1, max_rows=_ROWS, columns=_ROWS) if name is not None else None
    if curve is None or not curve.steps:
        return None
    rows = [*([(0, 0.0)] if len(curve.steps) < _ROWS else []), *zip(curve.steps, curve.elapsed, strict=True)]
    step, elapsed = rows[-1]
    first = next(row for row in rows if elapsed - row[1] <= _RATE_SECONDS or row == rows[-2])
    return (step - first[0]) * members / (elapsed - first[1]) if elapsed > first[1] else None


def _mean(values: Iterable[float]) -> float | None:
    finite = [value for value in values if math.isfinite(value)]
    return sum(finite) / len(finite) if finite else None


_RECENT_SECONDS = 600.0


@dataclass(frozen=True)
class StudyProgress:
    """A search at one moment; what is not known is None."""

    ended: int | None = None
    """Trials that have ended."""
    wanted: int | None = None
    best: float | None = None
    """Best value of the search, of the first objective."""
    step: int = 0
    """Environment steps so far, all trainings together."""
    rate: float | None = None
    """Environment steps per second of all trainings, over the last seconds."""
    trainings: int = 0
    """How many are at work."""
    seconds_left: float | None = None
    """Until as many trials as wanted have ended, if it goes on so; their confirming is not in it."""


@dataclass(frozen=True)
class RunningTrainings:
    """The trainings of a search that are at work."""

    trainings: int
    step: int
    """Environment steps that they have made so far."""
    total_steps: int
    """What they will have made."""
    rate: float | None
    """Environment steps per second, all together; None where there is no number yet."""


def read_study_progress(folder: StudyFolder, *, is_active: bool) -> StudyProgress:
    """How far a search is; the numbers of its trainings only where it is `at_work`. Whatever cannot be read is not known."""
    from gts.search.summary import read_study_summary

    seen = read_study_summary(folder)
    pulse = read_running_trainings(folder) if is_active else RunningTrainings(0, 0, 0, None)
    if seen is None:
        return StudyProgress(step=pulse.step, rate=pulse.rate, trainings=pulse.trainings)
    left = None
    if pulse.rate and pulse.trainings:
        # A trial costs what those did that have ended; before there are any, what one that comes to its end will cost.
        each = seen.steps / seen.ended if seen.ended else pulse.total_steps / pulse.trainings
        left = max(0.0, (seen.wanted - seen.ended) * each - pulse.step) / pulse.rate
    return StudyProgress(
        ended=seen.ended,
        wanted=seen.wanted,
        best=seen.best,
        step=seen.steps + pulse.step,
        rate=pulse.rate,
        trainings=pulse.trainings,
        seconds_left=left,
    )


def read_running_trainings(folder: StudyFolder) -> RunningTrainings:
    """What the trainings of a search that are at work have done and do; costs milliseconds for each of them."""
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
                # A long training has one row for many rounds, so at first there are too few.
                rates.append(steps_per_second(reader, 1) or (step / elapsed if elapsed else 0.0))
    return RunningTrainings(count, steps, total, sum(rates) if any(rates) else None)


def seconds_since_study_update(folder: StudyFolder) -> float:
    """How long ago any training of a search wrote a number, or the search said what it does."""
    return min((seconds_since_update(RunFolder(path)) for path in (folder.path, *_trial_folders(folder))), default=0.0)


def _recent_runs(folder: StudyFolder) -> list[RunFolder]:
    """The trainings that may be at work: the folders of many have not changed for long."""
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
    """A job and how it stands; what is not known, or makes no sense in its state, is None."""

    id: str
    kind: str
    name: str
    state: str
    """One of `gts.jobs.states.WORDS`."""
    reason: str
    alive: bool
    """Whether a process works on it or waits."""
    since: str
    """When it came into its state; UTC."""
    created: str
    threads: int
    """CPUs that it uses; 0: not known."""
    step: int
    """Environment steps of each member so far; of a search, of all its trainings together."""
    total_steps: int
    """0 where it is not known, as in a search."""
    trials: int | None = None
    """Trials of a search that have ended."""
    trials_wanted: int | None = None
    best: float | None = None
    """Best value of a search."""
    rate: float | None = None
    """Environment steps per second of all its members, or of all trainings of a search."""
    seconds_left: float | None = None
    host: str | None = None
    pid: int | None = None
    cpu_percent: float | None = None
    """100 is one CPU."""
    memory: int | None = None
    """Bytes in memory."""
    place: int | None = None
    """Its place in the row of those that wait; 1 is next."""
    quiet_seconds: float | None = None
    """How long it has written no number."""


def describe_jobs(standings: Sequence[JobStatus], entries: Sequence[QueueEntry] = ()) -> list[ListedJob]:
    """Jobs with their numbers; those of their processes take a tenth of a second. `entries`: the row of this machine."""
    loads = _process_loads(standings)
    waiting = [entry.job for entry in entries if not entry.is_running]
    return [_describe_job(one, loads.get(one.job.id, (None, None)), waiting) for one in standings]


def _describe_job(standing: JobStatus, load: tuple[float | None, int | None], waiting: Sequence[str]) -> ListedJob:
    job, state, sign = standing.job, standing.state, standing.lock_info
    is_running = state.name == "running"
    worker = sign.worker if sign is not None and state.alive else None
    return ListedJob(
        id=job.id,
        kind=job.kind,
        name=job.name,
        state=state.name,
        reason=state.reason,
        alive=state.alive,
        since=sign.since if sign is not None and state.alive else job.changed or job.created,
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
    """How far a job is, and where it runs how fast it goes."""
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
    headway = read_run_progress(run, is_active=is_active)
    numbers = {"step": headway.step, "total_steps": headway.total_steps}
    pace = {"rate": headway.rate, "seconds_left": headway.seconds_left}
    return numbers | (pace | {"quiet_seconds": seconds_since_update(run)} if with_rate else {})


def _process_loads(standings: Sequence[JobStatus]) -> dict[str, tuple[float | None, int | None]]:
    """CPU in percent and memory in bytes of the processes that can be seen from here, by job."""
    from gts.system import is_running

    seen = [
        (one.job, one.lock_info.worker)
        for one in standings
        if one.state.alive and one.lock_info and is_running(one.lock_info.worker)
    ]
    if not seen:
        return {}
    try:
        import psutil
    except ImportError:
        return {}
    families = {}
    for job, worker in seen:
        with suppress(psutil.Error):
            process = psutil.Process(worker.pid)
            # The workers of a search are its children.
            family = families[job.id] = [process, *(process.children(recursive=True) if job.kind == "search" else ())]
            for each in family:
                each.cpu_percent()
    time.sleep(_SAMPLE_SECONDS)
    loads: dict[str, tuple[float | None, int | None]] = {}
    for name, family in families.items():
        with suppress(psutil.Error):
            loads[name] = sum(each.cpu_percent() for each in family), sum(each.memory_info().rss for each in family)
    return loads
