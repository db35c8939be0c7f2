"""Jobs as lists show them: how each stands, how far it is, what its process takes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gts.commands.headway import headway_of, quiet_seconds
from gts.store.workspace import RunFolder

if TYPE_CHECKING:
    from gts.jobs.ledger import Standing
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
    total_steps: int
    rate: float | None = None
    """Environment steps per second of all its members."""
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
    folder = RunFolder(job.folder)
    headway = headway_of(folder, at_work=state.alive)
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
        step=headway.step,
        total_steps=headway.total_steps,
        rate=headway.rate if runs else None,
        seconds_left=headway.seconds_left if runs else None,
        host=worker.host if worker else None,
        pid=worker.pid if worker else None,
        cpu_percent=load[0],
        memory=load[1],
        place=waiting.index(job.id) + 1 if job.id in waiting else None,
        quiet_seconds=quiet_seconds(folder) if runs else None,
    )


def _loads(standings: Sequence[Standing]) -> dict[str, tuple[float | None, int | None]]:
    """CPU in percent and memory in bytes of the processes that can be seen from here, by job."""
    from gts.system import lives

    seen = {one.job.id: one.sign.worker for one in standings if one.state.alive and one.sign and lives(one.sign.worker)}
    if not seen:
        return {}
    try:
        import psutil
    except ImportError:
        return {}
    processes = {}
    for job, worker in seen.items():
        with suppress(psutil.Error):
            process = processes[job] = psutil.Process(worker.pid)
            process.cpu_percent()
    time.sleep(_SAMPLE_SECONDS)
    loads: dict[str, tuple[float | None, int | None]] = {}
    for job, process in processes.items():
        with suppress(psutil.Error):
            loads[job] = process.cpu_percent(), process.memory_info().rss
    return loads
