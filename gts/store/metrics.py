"""Writes `runs/<id>/metrics.db`, the metrics of a training."""

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

from gts.errors import DamagedError
from gts.store.database import DatabaseSchema, move_database_aside, open_writer, transaction, translate_sqlite_errors
from gts.system.filesystem import file_system

MAX_ROUNDS = 5000
"""Maximum rows of a curve. Longer trainings are stored as means over several rounds: no screen has more
columns, and the size of the file and the cost of writing stay bounded.
"""

KEPT_FLUSHES = 16
"""Number of steps to keep unfinished sums of: a training is resumed from one of its last few states."""

_FLUSH_SECONDS = 1.0
_ALL_MEMBERS = -1  # the member of what belongs to all of them

_SCHEMA = DatabaseSchema(
    "gts.metrics",
    {
        "first": (
            "CREATE TABLE rounds (step INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, elapsed REAL NOT NULL)",
            # A series number stands for member and metric, so that a point costs about 20 bytes; the primary key keeps the
            # points of a curve together on the disk.
            "CREATE TABLE series (id INTEGER PRIMARY KEY, member INTEGER NOT NULL, name TEXT NOT NULL, UNIQUE (member, name))",
            """
            CREATE TABLE points (
                series INTEGER NOT NULL,
                step INTEGER NOT NULL,
                value REAL NOT NULL,
                PRIMARY KEY (series, step)
            ) WITHOUT ROWID
            """,
            """
            CREATE TABLE evaluations (
                member INTEGER NOT NULL,
                step INTEGER NOT NULL,
                best INTEGER NOT NULL,
                score TEXT NOT NULL,
                PRIMARY KEY (member, step)
            ) WITHOUT ROWID
            """,
            "CREATE TABLE failures (member INTEGER PRIMARY KEY, step INTEGER NOT NULL, reason TEXT NOT NULL)",
            # Sums of an unfinished row. `elapsed` is repeated in each row of a step to save a table.
            """
            CREATE TABLE pending (
                step INTEGER NOT NULL,
                epoch INTEGER NOT NULL,
                elapsed REAL NOT NULL,
                member INTEGER NOT NULL,
                name TEXT NOT NULL,
                total REAL NOT NULL,
                count INTEGER NOT NULL,
                PRIMARY KEY (step, member, name)
            ) WITHOUT ROWID
            """,
        )
    },
)


class MetricsWriter:
    """The only writer of a run's metrics. Every method may raise FileError.

    Rounds are collected and written in one transaction per second. `stride` rounds become one row, at the step of the last of
    them, with the mean of each value over the rounds that had one: the rows depend on the training only, not on the clock. If
    a training stops between two rows, `flush` stores the sums and `resume` restores them, so that the rows equal those of a
    training that never stopped.
    """

    def __init__(self, path: Path, *, rounds: int, elapsed: float = 0.0, resume: int | None = None) -> None:
        """Open the file for a new or resumed training.

        Args:
            path: The file; created if it is missing.
            rounds: Number of rounds of the whole training.
            elapsed: Seconds of training so far, if the file does not contain them.
            resume: Step of a flush to resume from; later rows are deleted. None: the training starts, and all rows are deleted.
                Raises DamagedError if the file is damaged or ends before that step; `database.move_database_aside` makes room
                for a new one.
        """
        self._path = path
        self.stride = max(1, math.ceil(rounds / MAX_ROUNDS))
        self._sums: dict[tuple[int, str], tuple[float, int]] = {}
        self._position: tuple[int, int] | None = None
        self._stored_position: tuple[int, int] | None = None  # the last position whose sums were put aside
        self._rounds: list[tuple[int, int, float]] = []
        self._points: list[tuple[int, int, float]] = []
        self._statements: list[tuple[str, tuple[object, ...]]] = []
        # WAL needs memory that the processes share, which a network file system does not have.
        journal = "DELETE" if file_system(path.parent).is_network else "WAL"
        new = not path.exists()
        with translate_sqlite_errors(path):
            self._connection = open_writer(path, _SCHEMA, journal=journal)
        try:
            with translate_sqlite_errors(path):
                elapsed = max(elapsed, self._resume_at(resume, new))
        except BaseException:
            self._connection.close()
            raise
        self._started_at = time.monotonic() - elapsed
        self._flushed_at = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def add_round(self, step: int, epoch: int, metrics: Sequence[Mapping[str, float]], seconds: Mapping[str, float]) -> None:
        """Add one round of collect and update: `metrics` per member, `seconds` per phase."""
        self._position = (step, epoch)
        self._accumulate(_ALL_MEMBERS, {f"seconds/{phase}": value for phase, value in seconds.items()})
        for member, values in enumerate(metrics):
            self._accumulate(member, values)
        if epoch % self.stride == 0:
            self._finish_row()
        if time.monotonic() - self._flushed_at >= _FLUSH_SECONDS:
            self._commit()

    def add_evaluation(self, member: int, step: int, score: Mapping[str, Any], *, best: bool) -> None:
        """Add an evaluation of a member; `score` is `Score.as_dict()`."""
        self._statements.append(
            ("INSERT OR REPLACE INTO evaluations VALUES (?, ?, ?, ?)", (member, step, int(best), json.dumps(dict(score))))
        )

    def add_failure(self, member: int, step: int, reason: str) -> None:
        """Add the failure of a member."""
        self._statements.append(("INSERT OR REPLACE INTO failures VALUES (?, ?, ?)", (member, step, reason)))
        self._commit()

    def flush(self) -> None:
        """Write everything added so far to the disk, so that the training can be resumed at this step."""
        if self._position is not None and self._position != self._stored_position:
            self._store_pending(*self._position)
        self._commit()

    def close(self, *, complete: bool = False) -> None:
        """Flush, and leave a file without a log beside it; `complete`: the training is over, so its last row is written."""
        try:
            if complete:
                self._finish_row()
            self.flush()
        finally:
            # Refused while a reader is open; the file then stays in WAL mode, which does no harm.
            with suppress(sqlite3.OperationalError):
                self._connection.execute("PRAGMA busy_timeout=0")
                self._connection.execute("PRAGMA journal_mode=DELETE").fetchall()
            self._connection.close()

    def _resume_at(self, resume: int | None, new: bool) -> float:
        """Restore the state of the file at a step; returns the seconds of training until then."""
        connection = self._connection
        if resume is not None and not new:
            self._check_resumable(resume)
        with transaction(connection):
            for table in ("points", "rounds", "evaluations", "failures", "pending"):
                connection.execute(f"DELETE FROM {table} WHERE step > ?", (-1 if resume is None else resume,))
        self._series: dict[tuple[int, str], int] = {
            (member, name): number for number, member, name in connection.execute("SELECT id, member, name FROM series")
        }
        ((elapsed,),) = connection.execute("SELECT COALESCE(MAX(elapsed), 0.0) FROM rounds")
        query = "SELECT epoch, elapsed, member, name, total, count FROM pending WHERE step = ?"
        for epoch, seconds, member, name, total, number in connection.execute(query, (resume,)):
            self._sums[member, name] = (total, number)
            self._position = self._stored_position = (int(resume or 0), epoch)
            elapsed = seconds
        return float(elapsed)

    def _check_resumable(self, step: int) -> None:
        """Raise if the file is damaged or ends before a flushed step."""
        if self._connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("its content is malformed")
        ((newest,),) = self._connection.execute(
            "SELECT MAX(step) FROM (SELECT MAX(step) AS step FROM rounds UNION ALL SELECT MAX(step) FROM pending)"
        )
        if (newest or 0) < step:
            raise DamagedError(
                f"the database `{self._path}` ends at step {newest or 0}, before step {step} that was written to it",
                hint="it was cut short, or copied without the `-wal` file beside it: bring that back, or move this one away",
            )

    def _accumulate(self, member: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            if math.isfinite(value):
                total, number = self._sums.get((member, name), (0.0, 0))
                self._sums[member, name] = (total + value, number + 1)

    def _finish_row(self) -> None:
        """Turn the collected sums into a row."""
        if self._position is None:
            return
        step, epoch = self._position
        self._rounds.append((step, epoch, time.monotonic() - self._started_at))
        for key, (total, number) in self._sums.items():
            if math.isfinite(total):
                self._points.append((self._series_id(key), step, total / number))
        if self._stored_position == self._position:
            self._statements.append(("DELETE FROM pending WHERE step = ?", (step,)))
        self._sums.clear()
        self._position = None

    def _store_pending(self, step: int, epoch: int) -> None:
        """Store the unfinished sums for a training that is resumed at this step."""
        elapsed = time.monotonic() - self._started_at
        for (member, name), (total, number) in self._sums.items():
            row = (step, epoch, elapsed, member, name, total, number)
            self._statements.append(("INSERT OR REPLACE INTO pending VALUES (?, ?, ?, ?, ?, ?, ?)", row))
        self._statements.append(
            (
                "DELETE FROM pending WHERE step NOT IN (SELECT DISTINCT step FROM pending ORDER BY step DESC LIMIT ?)",
                (KEPT_FLUSHES,),
            )
        )
        self._stored_position = (step, epoch)

    def _series_id(self, key: tuple[int, str]) -> int:
        """Number of a series; a new one is written in the same transaction as its first point."""
        if key not in self._series:
            self._series[key] = len(self._series) + 1
            self._statements.append(("INSERT INTO series VALUES (?, ?, ?)", (self._series[key], *key)))
        return self._series[key]

    def _commit(self) -> None:
        self._flushed_at = time.monotonic()
        if not (self._rounds or self._statements):
            return
        with translate_sqlite_errors(self._path), transaction(self._connection):
            for statement, values in self._statements:
                self._connection.execute(statement, values)
            self._connection.executemany("INSERT OR REPLACE INTO rounds VALUES (?, ?, ?)", self._rounds)
            self._connection.executemany("INSERT OR REPLACE INTO points VALUES (?, ?, ?)", self._points)
        # Cleared only now: after an error, such as a full disk, the next flush writes the same rows again.
        for rows in (self._rounds, self._points, self._statements):
            rows.clear()


def open_metrics_writer(path: Path, *, rounds: int, resume: int | None) -> tuple[MetricsWriter, str]:
    """Open a writer, moving a damaged file aside; returns it with a description of the loss. Raises FileError."""
    try:
        return MetricsWriter(path, rounds=rounds, resume=resume), ""
    except DamagedError as error:
        moved = move_database_aside(path).name
        lost = f"the numbers before step {resume or 0} are lost: {error.message}; what is left of them is in {moved}"
        return MetricsWriter(path, rounds=rounds, resume=resume), lost
