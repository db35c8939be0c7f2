"""How far a search is and how fast it goes, read from its folder while other processes write there."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gts.commands.job_progress import quiet_seconds, rate_of, read_facts
from gts.errors import FileError
from gts.store.workspace import RunFolder, StudyFolder

_RECENT_SECONDS = 600.0


@dataclass(frozen=True)
class SearchHeadway:
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
class Pulse:
    """The trainings of a search that are at work."""

    trainings: int
    step: int
    """Environment steps that they have made so far."""
    total_steps: int
    """What they will have made."""
    rate: float | None
    """Environment steps per second, all together; None where there is no number yet."""


def search_headway_of(folder: StudyFolder, *, at_work: bool) -> SearchHeadway:
    """How far a search is; the numbers of its trainings only where it is `at_work`. Whatever cannot be read is not known."""
    from gts.search.summary import glance

    seen = glance(folder)
    pulse = pulse_of(folder) if at_work else Pulse(0, 0, 0, None)
    if seen is None:
        return SearchHeadway(step=pulse.step, rate=pulse.rate, trainings=pulse.trainings)
    left = None
    if pulse.rate and pulse.trainings:
        # A trial costs what those did that have ended; before there are any, what one that comes to its end will cost.
        each = seen.steps / seen.ended if seen.ended else pulse.total_steps / pulse.trainings
        left = max(0.0, (seen.wanted - seen.ended) * each - pulse.step) / pulse.rate
    return SearchHeadway(
        ended=seen.ended,
        wanted=seen.wanted,
        best=seen.best,
        step=seen.steps + pulse.step,
        rate=pulse.rate,
        trainings=pulse.trainings,
        seconds_left=left,
    )


def pulse_of(folder: StudyFolder) -> Pulse:
    """What the trainings of a search that are at work have done and do; costs milliseconds for each of them."""
    from gts.jobs.job_lock import look
    from gts.store.curves import MetricsReader

    count, steps, total, rates = 0, 0, 0, []
    for training in _lately(folder):
        if not look(training.lock)[0]:
            continue
        count += 1
        with suppress(FileError):
            total += int(read_facts(training.facts).get("total_steps", 0))
            with MetricsReader(training.metrics) as reader:
                step, _, elapsed = reader.position()
                steps += step
                # A long training has one row for many rounds, so at first there are too few.
                rates.append(rate_of(reader, 1) or (step / elapsed if elapsed else 0.0))
    return Pulse(count, steps, total, sum(rates) if any(rates) else None)


def search_quiet_seconds(folder: StudyFolder) -> float:
    """How long ago any training of a search wrote a number, or the search said what it does."""
    return min((quiet_seconds(RunFolder(path)) for path in (folder.path, *_folders(folder))), default=0.0)


def _lately(folder: StudyFolder) -> list[RunFolder]:
    """The trainings that may be at work: the folders of many have not changed for long."""
    return [run for run in map(RunFolder, _folders(folder)) if quiet_seconds(run) < _RECENT_SECONDS]


def _folders(folder: StudyFolder) -> list[Path]:
    try:
        with os.scandir(folder.path / "trials") as entries:
            return [Path(entry.path) for entry in entries if entry.is_dir()]
    except OSError:
        return []
