"""`runs/<id>/metrics.db`: the numbers of a training, written."""

from __future__ import annotations

import json
import math
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gts.errors import DamagedError, FileError, reason
from gts.store.database import open_writer, transaction, translate_sqlite_errors
from gts.store.filesystem import file_system
from gts.store.migrations import METRICS_SCHEMA

MAX_ROUNDS = 5000
"""Rows that a curve has at most. A training of more rounds is stored in means over several of them: no screen has more
columns, and both the size of the file and the cost of writing stay bounded."""

KEPT_FLUSHES = 16
"""Steps of which the half-gathered sums are kept: a training goes on from one of its last few states."""

_FLUSH_SECONDS = 1.0
_ALL_MEMBERS = -1  # the member of what belongs to all of them


class MetricsWriter:
    """The one writer of a run's numbers; every method may raise FileError.

    Rounds are gathered and written in one transaction a second. `stride` rounds become one row, at the step of the last of
    them, holding the mean of each value over the rounds that had one; the rows therefore depend on the training alone, not
    on the clock. Where a training stops between two rows, `flush` puts the sums aside and `resume` takes them up again: the
    rows are those of a training that never stopped.
    """

    def __init__(self, path: Path, *, rounds: int, elapsed: float = 0.0, resume: int | None = None) -> None:
        """Begin or go on.

        Args:
            path: The file; made where it is missing.
            rounds: How many the whole training has.
            elapsed: Seconds that the training has taken so far, where the file does not know.
            resume: The step of a flush that the training goes on from: what came after it is forgotten. None: it begins, and
                what an earlier attempt has left is forgotten. Raises DamagedError where the file is damaged or ends before the
                step; `move_damaged_metrics` makes way for a new one.
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
            self._connection = open_writer(path, METRICS_SCHEMA, journal=journal)
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
        """Take in one round of collect and update: `metrics` one mapping a member, `seconds` by phase."""
        self._position = (step, epoch)
        self._accumulate(_ALL_MEMBERS, {f"seconds/{phase}": value for phase, value in seconds.items()})
        for member, values in enumerate(metrics):
            self._accumulate(member, values)
        if epoch % self.stride == 0:
            self._finish_row()
        if time.monotonic() - self._flushed_at >= _FLUSH_SECONDS:
            self._commit()

    def add_evaluation(self, member: int, step: int, score: Mapping[str, Any], *, best: bool) -> None:
        """Take in a try of a member's policy; `score` is `Score.as_dict()`."""
        self._statements.append(
            ("INSERT OR REPLACE INTO evaluations VALUES (?, ?, ?, ?)", (member, step, int(best), json.dumps(dict(score))))
        )

    def add_failure(self, member: int, step: int, reason: str) -> None:
        """Take in the end of a member."""
        self._statements.append(("INSERT OR REPLACE INTO failures VALUES (?, ?, ?)", (member, step, reason)))
        self._commit()

    def flush(self) -> None:
        """Bring everything taken in so far to the disk, so that the training can be resumed at this step."""
        if self._position is not None and self._position != self._stored_position:
            self._store_pending(*self._position)
        self._commit()

    def close(self, *, complete: bool = False) -> None:
        """Flush, and leave a file that needs nothing beside it.

        `complete`: the training is over, and what is half gathered is its last row.
        """
        try:
            if complete:
                self._finish_row()
            self.flush()
        finally:
            # Refused while a reader is open; the file then stays in WAL mode, which harms nobody.
            with suppress(sqlite3.OperationalError):
                self._connection.execute("PRAGMA busy_timeout=0")
                self._connection.execute("PRAGMA journal_mode=DELETE").fetchall()
            self._connection.close()

    def _resume_at(self, resume: int | None, new: bool) -> float:
        """Go back to how the file was at a step; the seconds that the training had taken then."""
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
        """Make sure that the file is whole and has what was flushed at a step."""
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
        """Turn what was gathered into a row."""
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
        """Keep what is half gathered for whoever goes on from this step."""
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
        """The number of a series; a new one is written in the same transaction as its first point."""
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
        # Cleared only now: after an error, a full disk say, the next flush tries the same rows again.
        for rows in (self._rounds, self._points, self._statements):
            rows.clear()


def open_metrics_writer(path: Path, *, rounds: int, resume: int | None) -> tuple[MetricsWriter, str]:
    """A writer that goes on at a step; where the file is damaged, of a new one, and what was lost. Raises FileError."""
    try:
        return MetricsWriter(path, rounds=rounds, resume=resume), ""
    except DamagedError as error:
        moved = move_damaged_metrics(path).name
        lost = f"the numbers before step {resume or 0} are lost: {error.message}; what is left of them is in {moved}"
        return MetricsWriter(path, rounds=rounds, resume=resume), lost


def move_damaged_metrics(path: Path) -> Path:
    """Move a damaged database and what lies beside it out of the way, to `metrics-damaged-1.db`; raises FileError."""
    names = (path.with_name(f"{path.stem}-damaged-{number}{path.suffix}") for number in count(1))
    aside = next(name for name in names if not name.exists())
    try:
        # The file itself comes last: a log that stays behind alone is thrown away when a new file is made.
        for ending in ("-wal", "-shm", "-journal", ""):
            with suppress(FileNotFoundError):
                path.with_name(path.name + ending).rename(aside.with_name(aside.name + ending))
    except OSError as error:
        raise FileError(f"cannot move `{path}` out of the way: {reason(error)}", hint="move it away by hand") from error
    return aside
