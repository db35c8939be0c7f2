"""How far a training is and how fast it goes, read from its folder while another process writes there."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gts.errors import FileError
from gts.store.workspace import RunFolder

if TYPE_CHECKING:
    from gts.store.curves import MetricsReader

_ROWS = 200
_WINDOW_SECONDS = 30.0


@dataclass(frozen=True)
class Headway:
    """A training at one moment; what is not known is None."""

    step: int
    """Environment steps of each member so far; of one that stands still, those that it goes on from."""
    total_steps: int
    members: int
    rate: float | None = None
    """Environment steps per second of all members, over the last seconds."""
    earned: float | None = None
    """Newest mean return of the episodes, over the members."""
    best: float | None = None
    """Best mean return of an evaluation."""

    @property
    def seconds_left(self) -> float | None:
        """Until the end of the training, if it goes on so."""
        return (self.total_steps - self.step) * self.members / self.rate if self.rate else None


def headway_of(folder: RunFolder, *, at_work: bool) -> Headway:
    """How far a run is; its newest numbers only where it is `at_work`, since reading those costs milliseconds.

    Whatever cannot be read counts as not there.
    """
    facts: dict[str, Any] = {}
    with suppress(FileError):
        facts = read_facts(folder.facts)
    total, members = int(facts.get("total_steps", 0)), int(facts.get("members", 1))
    if not at_work:
        noted = int(facts.get("step", 0))
        return Headway(noted if noted >= total else _saved_step(folder, members) or noted, total, members)
    from gts.store.curves import MetricsReader

    try:
        with MetricsReader(folder.metrics) as reader:
            step, _, _ = reader.position()
            earned = [reader.latest(member).get("return", math.nan) for member in range(members)]
            means = [one.score["mean"] for member in range(members) for one in reader.evaluations(member)]
            return Headway(step, total, members, rate_of(reader, members), _mean(earned), max(means, default=None))
    except FileError:
        return Headway(_saved_step(folder, members), total, members)


def read_facts(path: Path) -> dict[str, Any]:
    """The `run.json` of a run; raises FileError."""
    try:
        facts = json.loads(path.read_bytes())
    except OSError as error:
        raise FileError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error
    except ValueError as error:
        raise FileError(f"{path} is damaged: it is not JSON", hint="the numbers beside it may still be whole") from error
    if not isinstance(facts, dict):
        raise FileError(f"{path} is damaged: it is no JSON object")
    return facts


def quiet_seconds(folder: RunFolder) -> float:
    """How long ago the process of a run wrote a number, or said what it does."""
    metrics = folder.metrics
    times = []
    for path in (metrics, metrics.with_name(metrics.name + "-wal"), folder.lock):
        with suppress(OSError):
            times.append(path.stat().st_mtime)
    return max(0.0, time.time() - max(times)) if times else 0.0


def _saved_step(folder: RunFolder, members: int) -> int:
    """The newest step at which a member has a complete state."""
    return max((_step(path) for member in range(members) for path in folder.lasts(member)[-1:]), default=0)


def _step(path: Path) -> int:
    number = path.stem.removeprefix("last-")
    return int(number) if number.isdigit() else 0


def rate_of(reader: MetricsReader, members: int) -> float | None:
    """Steps per second of all members, over the rows of the last seconds; None where there are too few."""
    # What a round cost is a number that every row has.
    name = next(iter(reader.names(-1)), None)
    curve = reader.curve(name, -1, last=_ROWS, columns=_ROWS) if name is not None else None
    if curve is None or not curve.steps:
        return None
    rows = [*([(0, 0.0)] if len(curve.steps) < _ROWS else []), *zip(curve.steps, curve.elapsed, strict=True)]
    step, elapsed = rows[-1]
    first = next(row for row in rows if elapsed - row[1] <= _WINDOW_SECONDS or row == rows[-2])
    return (step - first[0]) * members / (elapsed - first[1]) if elapsed > first[1] else None


def _mean(values: Iterable[float]) -> float | None:
    finite = [value for value in values if math.isfinite(value)]
    return sum(finite) / len(finite) if finite else None
