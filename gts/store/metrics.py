"""`runs/<id>/metrics.db`: the numbers of a training, written."""

from __future__ import annotations

import json
import math
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gts.store.database import explained, open_writer
from gts.store.filesystem import file_system
from gts.store.migrations import metrics_migrations

MAX_ROUNDS = 5000
"""Rows that a curve has at most. A training of more rounds is stored in means over several of them: no screen has more
columns, and both the size of the file and the cost of writing stay bounded."""

_FLUSH_SECONDS = 1.0
_WHOLE = -1  # the member of what belongs to all of them


class MetricsWriter:
    """The one writer of a run's numbers; every method may raise FileError.

    Rounds are gathered and written in one transaction a second. `stride` rounds become one row, at the step of the last of
    them, holding the mean of each value over the rounds that had one; the rows therefore depend on the training alone, not
    on the clock.
    """

    def __init__(self, path: Path, *, rounds: int, elapsed: float = 0.0) -> None:
        """`rounds`: how many the whole training has. `elapsed`: seconds that earlier attempts at it took."""
        self._path = path
        self.stride = max(1, math.ceil(rounds / MAX_ROUNDS))
        # WAL needs memory that the processes share, which a network file system does not have.
        journal = "DELETE" if file_system(path.parent).network else "WAL"
        with explained(path):
            self._connection = open_writer(path, metrics_migrations(), journal=journal).conn
            self._series: dict[tuple[int, str], int] = {
                (member, name): number
                for number, member, name in self._connection.execute("SELECT id, member, name FROM series")
            }
        self._begun = time.monotonic() - elapsed
        self._flushed = time.monotonic()
        self._sums: dict[tuple[int, str], tuple[float, int]] = {}
        self._last: tuple[int, int] | None = None
        self._rounds: list[tuple[int, int, float]] = []
        self._points: list[tuple[int, int, float]] = []
        self._others: list[tuple[str, tuple[object, ...]]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def at_boundary(self) -> bool:
        """True where no row is half gathered: a checkpoint taken here loses and doubles no number when it is resumed."""
        return self._last is None

    def round(self, step: int, epoch: int, metrics: Sequence[Mapping[str, float]], seconds: Mapping[str, float]) -> None:
        """Take in one round of collect and update: `metrics` one mapping a member, `seconds` by phase."""
        self._last = (step, epoch)
        self._gather(_WHOLE, {f"seconds/{phase}": value for phase, value in seconds.items()})
        for member, values in enumerate(metrics):
            self._gather(member, values)
        if epoch % self.stride == 0:
            self._complete()
        if time.monotonic() - self._flushed >= _FLUSH_SECONDS:
            self._write()

    def evaluated(self, member: int, step: int, score: Mapping[str, Any], *, best: bool) -> None:
        """Take in a try of a member's policy; `score` is `Score.as_dict()`."""
        self._others.append(
            ("INSERT OR REPLACE INTO evaluations VALUES (?, ?, ?, ?)", (member, step, int(best), json.dumps(dict(score))))
        )

    def failed(self, member: int, step: int, reason: str) -> None:
        """Take in the end of a member."""
        self._others.append(("INSERT OR REPLACE INTO failures VALUES (?, ?, ?)", (member, step, reason)))
        self._write()

    def cut(self, step: int) -> None:
        """Forget everything after a step, before the training goes on from there."""
        with explained(self._path), self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(
                "DELETE FROM points WHERE series = ? AND step > ?", [(number, step) for number in self._series.values()]
            )
            for table in ("rounds", "evaluations", "failures"):
                self._connection.execute(f"DELETE FROM {table} WHERE step > ?", (step,))

    def flush(self) -> None:
        """Bring everything taken in so far to the disk, a half-gathered row too."""
        self._complete()
        self._write()

    def close(self) -> None:
        """Flush, and leave a file that needs nothing beside it."""
        try:
            self.flush()
        finally:
            # Refused while a reader is open; the file then stays in WAL mode, which harms nobody.
            with suppress(sqlite3.OperationalError):
                self._connection.execute("PRAGMA busy_timeout=0")
                self._connection.execute("PRAGMA journal_mode=DELETE").fetchall()
            self._connection.close()

    def _gather(self, member: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            if math.isfinite(value):
                total, count = self._sums.get((member, name), (0.0, 0))
                self._sums[member, name] = (total + value, count + 1)

    def _complete(self) -> None:
        """Turn what was gathered into a row."""
        if self._last is None:
            return
        step, epoch = self._last
        self._rounds.append((step, epoch, time.monotonic() - self._begun))
        for key, (total, count) in self._sums.items():
            self._points.append((self._number(key), step, total / count))
        self._sums.clear()
        self._last = None

    def _number(self, key: tuple[int, str]) -> int:
        """The number of a series; a new one is written in the same transaction as its first point."""
        if key not in self._series:
            self._series[key] = len(self._series) + 1
            self._others.append(("INSERT INTO series VALUES (?, ?, ?)", (self._series[key], *key)))
        return self._series[key]

    def _write(self) -> None:
        self._flushed = time.monotonic()
        if not (self._rounds or self._others):
            return
        with explained(self._path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for statement, values in self._others:
                    self._connection.execute(statement, values)
                self._connection.executemany("INSERT OR REPLACE INTO rounds VALUES (?, ?, ?)", self._rounds)
                self._connection.executemany("INSERT OR REPLACE INTO points VALUES (?, ?, ?)", self._points)
            except BaseException:
                self._connection.rollback()
                raise
            self._connection.commit()
        # Cleared only now: after an error, a full disk say, the next flush tries the same rows again.
        for rows in (self._rounds, self._points, self._others):
            rows.clear()
