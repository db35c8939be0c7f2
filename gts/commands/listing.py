"""Jobs as lists show them: how each stands, how far it is, what its process takes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gts.commands.job_progress import headway_of, quiet_seconds
from gts.commands.search_headway import search_headway_of, search_quiet_seconds
from gts.store.workspace import RunFolder, StudyFolder

if TYPE_CHECKING:
    from gts.jobs.job_store import Job, Standing
    from gts.jobs.queue import Entry

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


def describe(standings: Sequence[Standing], entries: Sequence[Entry] = ()) -> list[ListedJob]:
    """Jobs with their numbers; those of their processes take a tenth of a second. `entries`: the row of this machine."""
    loads = _loads(standings)
    waiting = [entry.job for entry in entries if not entry.working]
    return [_describe(one, loads.get(one.job.id, (None, None)), waiting) for one in standings]


def _describe(standing: Standing, load: tuple[float | None, int | None], waiting: Sequence[str]) -> ListedJob:
    job, state, sign = standing.job, standing.state, standing.sign
    runs = state.word == "running"
    worker = sign.worker if sign is not None and state.alive else None
    return ListedJob(
        id=job.id,
        kind=job.kind,
        name=job.name,
        state=state.word,
        reason=state.reason,
        alive=state.alive,
        since=sign.since if sign is not None and state.alive else job.changed or job.created,
        created=job.created,
        threads=job.threads,
        **_numbers(job, at_work=state.alive, runs=runs),
        host=worker.host if worker else None,
        pid=worker.pid if worker else None,
        cpu_percent=load[0],
        memory=load[1],
        place=waiting.index(job.id) + 1 if job.id in waiting else None,
    )


def _numbers(job: Job, *, at_work: bool, runs: bool) -> dict[str, Any]:
    """How far a job is, and where it runs how fast it goes."""
    numbers: dict[str, Any]
    if job.kind == "search":
        study = StudyFolder(job.folder)
        search = search_headway_of(study, at_work=at_work)
        numbers = {"step": search.step, "total_steps": 0, "trials": search.ended, "trials_wanted": search.wanted}
        pace = {"rate": search.rate, "seconds_left": search.seconds_left}
        return numbers | {"best": search.best} | (pace | {"quiet_seconds": search_quiet_seconds(study)} if runs else {})
    run = RunFolder(job.folder)
    headway = headway_of(run, at_work=at_work)
    numbers = {"step": headway.step, "total_steps": headway.total_steps}
    pace = {"rate": headway.rate, "seconds_left": headway.seconds_left}
    return numbers | (pace | {"quiet_seconds": quiet_seconds(run)} if runs else {})


def _loads(standings: Sequence[Standing]) -> dict[str, tuple[float | None, int | None]]:
    """CPU in percent and memory in bytes of the processes that can be seen from here, by job."""
    from gts.system import lives

    seen = [(one.job, one.sign.worker) for one in standings if one.state.alive and one.sign and lives(one.sign.worker)]
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
