"""Reads `runs/<id>/metrics.db`, the metrics of a training, during the training or later."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gts.store.database import open_reader, query_rows, translate_sqlite_errors


@dataclass(frozen=True)
class Curve:
    """A metric over the steps, thinned to the requested number of points; all tuples have the same length."""

    steps: tuple[int, ...]
    """Environment steps of the member at the end of each point."""
    elapsed: tuple[float, ...]
    """Seconds of training until then."""
    means: tuple[float, ...]
    lows: tuple[float, ...]
    """Smallest value within each point."""
    highs: tuple[float, ...]
    newest: float = math.nan
    """Value of the newest row; the last point is a mean over several."""


@dataclass(frozen=True)
class EvaluationRecord:
    """An evaluation of a member's deterministic policy during training."""

    step: int
    best: bool
    """Whether it was the best so far."""
    score: Mapping[str, Any]
    """`Score.as_dict()`."""


@dataclass(frozen=True)
class MemberFailure:
    """The failure of a member."""

    member: int
    step: int
    reason: str


class MetricsReader:
    """Reads the metrics of a run. Every method may raise FileError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with translate_sqlite_errors(path):
            self._connection = open_reader(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read one consistent state within the block, regardless of the writer."""
        with translate_sqlite_errors(self._path):
            self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.rollback()

    def member_count(self) -> int:
        """Number of members that have metrics."""
        return len(self._read("SELECT DISTINCT member FROM series WHERE member >= 0"))

    def metric_names(self, member: int = 0) -> tuple[str, ...]:
        """Names of a member's metrics; `member=-1`: those of all members together."""
        return tuple(name for (name,) in self._read("SELECT name FROM series WHERE member = ? ORDER BY name", member))

    def curve(self, name: str, member: int = 0, *, max_rows: int = 10_000, columns: int = 200) -> Curve:
        """The last rows of a metric in at most `columns` points of equally many rows; empty if there are none."""
        found = self._read(
            """
            SELECT points.step, rounds.elapsed, points.value
            FROM points JOIN rounds ON rounds.step = points.step
            WHERE series = (SELECT id FROM series WHERE member = ? AND name = ?)
            ORDER BY points.step DESC LIMIT ?
            """,
            member,
            name,
            max_rows,
        )
        return _decimate(found[::-1], columns)

    def latest(self, member: int = 0) -> dict[str, float]:
        """Newest value of each metric of a member."""
        found = self._read(
            """
            SELECT name, (SELECT value FROM points WHERE series = series.id ORDER BY step DESC LIMIT 1)
            FROM series WHERE member = ? ORDER BY name
            """,
            member,
        )
        return {name: value for name, value in found if value is not None}

    def newest_position(self) -> tuple[int, int, float]:
        """(step, epoch, elapsed seconds) of the newest row, complete or not; zeros before the first."""
        newest = "SELECT step, epoch, elapsed FROM {} ORDER BY step DESC LIMIT 1"
        return max([(0, 0, 0.0), *self._read(newest.format("rounds")), *self._read(newest.format("pending"))])

    def evaluations(self, member: int = 0) -> tuple[EvaluationRecord, ...]:
        """Evaluations of a member, oldest first."""
        found = self._read("SELECT step, best, score FROM evaluations WHERE member = ? ORDER BY step", member)
        return tuple(EvaluationRecord(step, bool(best), json.loads(score)) for step, best, score in found)

    def failures(self) -> tuple[MemberFailure, ...]:
        """Failed members."""
        return tuple(MemberFailure(*row) for row in self._read("SELECT member, step, reason FROM failures ORDER BY member"))

    def table(self, member: int = 0) -> tuple[tuple[str, ...], list[tuple[float | None, ...]]]:
        """All data of a member: column names (step, epoch, elapsed, metrics) and rows, with None for missing values."""
        names = self.metric_names(member)
        values: dict[int, dict[str, float]] = {}
        query = "SELECT step, name, value FROM points JOIN series ON series.id = series WHERE member = ?"
        for step, name, value in self._read(query, member):
            values.setdefault(step, {})[name] = value
        lines = [
            (step, epoch, elapsed, *(values.get(step, {}).get(name) for name in names))
            for step, epoch, elapsed in self._read("SELECT step, epoch, elapsed FROM rounds ORDER BY step")
        ]
        return ("step", "epoch", "elapsed", *names), lines

    def _read(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with translate_sqlite_errors(self._path):
            return query_rows(self._connection, query, values)


def _decimate(found: Sequence[tuple[int, float, float]], columns: int) -> Curve:
    """Combine rows (step, elapsed, value) into at most `columns` points."""
    count = min(len(found), columns)
    cuts = [len(found) * column // count for column in range(count + 1)] if count else [0]
    points = []
    for start, end in pairwise(cuts):
        values = [row[2] for row in found[start:end]]
        step, elapsed, _ = found[end - 1]
        points.append((step, elapsed, sum(values) / len(values), min(values), max(values)))
    steps, elapseds, means, lows, highs = zip(*points, strict=True) if points else ((), (), (), (), ())
    return Curve(steps, elapseds, means, lows, highs, found[-1][2] if found else math.nan)
