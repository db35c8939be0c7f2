"""`gts.db`: which runs, checkpoints and scores a workspace has."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from gts.store.database import explained, open_reader, open_writer, rows
from gts.store.migrations import catalogue_migrations

RunState = Literal["running", "done", "interrupted", "failed"]


@dataclass(frozen=True)
class RunRecord:
    """One training that was started."""

    id: str
    name: str
    """What was trained, for a person."""
    source: str
    """The spec or checkpoint it began with, as given."""
    figure: str
    technique: str
    members: int
    total_steps: int
    """Environment steps of each member at the end."""
    step: int
    """Environment steps of each member so far."""
    state: RunState
    started: str
    reason: str = ""
    """Why it failed."""
    finished: str = ""


@dataclass(frozen=True)
class CheckpointRecord:
    """One checkpoint that a run has written."""

    path: str
    """Relative to the workspace where it is inside, so that a workspace can be moved."""
    run: str
    member: int
    kind: Literal["last", "best", "result"]
    step: int
    checksum: str
    written: str


@dataclass(frozen=True)
class ScoreRecord:
    """One score that was taken."""

    checksum: str
    """Of the checkpoint's tensors."""
    path: str
    seed: int
    steps: int
    """Longest episode allowed."""
    episodes: int
    mean: float
    score: float
    details: Mapping[str, Any]
    """`Score.as_dict()`."""
    taken: str


class Catalogue:
    """The index of a workspace; every method is one short transaction and raises FileError where the file cannot be used."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open the catalogue at `path`; for writing it is made where it is missing and brought to today's shape."""
        self._path = path
        with explained(path):
            if read_only:
                self._connection = open_reader(path)
            else:
                self._connection = open_writer(path, catalogue_migrations(), journal="DELETE").conn
        self._connection.row_factory = sqlite3.Row

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def put_run(self, run: RunRecord) -> None:
        """Record a run, in place of what was recorded under its id."""
        self._put("runs", asdict(run))

    def put_checkpoint(self, checkpoint: CheckpointRecord, *, gone: tuple[str, ...] = ()) -> None:
        """Record a checkpoint, and forget those whose files are gone."""
        with self._transaction():
            self._insert("checkpoints", asdict(checkpoint))
            self._connection.executemany("DELETE FROM checkpoints WHERE path = ?", [(path,) for path in gone])

    def add_score(self, score: ScoreRecord) -> None:
        """Record a score; earlier ones of the same checkpoint stay."""
        self._put("scores", asdict(score) | {"details": json.dumps(dict(score.details))})

    def runs(self, *, limit: int = 100, offset: int = 0) -> list[RunRecord]:
        """A page of the runs, newest first."""
        return [_run(row) for row in self._read("SELECT * FROM runs ORDER BY id DESC LIMIT ? OFFSET ?", limit, offset)]

    def run(self, run_id: str) -> RunRecord | None:
        """The run of this id."""
        found = self._read("SELECT * FROM runs WHERE id = ?", run_id)
        return _run(found[0]) if found else None

    def checkpoints(self, run_id: str) -> list[CheckpointRecord]:
        """The checkpoints of a run by member and step."""
        return [
            CheckpointRecord(**row)
            for row in self._read("SELECT * FROM checkpoints WHERE run = ? ORDER BY member, step, path", run_id)
        ]

    def scores(self, checksum: str) -> list[ScoreRecord]:
        """The scores of a checkpoint, oldest first."""
        return [_score(row) for row in self._read("SELECT * FROM scores WHERE checksum = ? ORDER BY id", checksum)]

    def _put(self, table: str, values: Mapping[str, Any]) -> None:
        with self._transaction():
            self._insert(table, values)

    def _insert(self, table: str, values: Mapping[str, Any]) -> None:
        columns, marks = ", ".join(values), ", ".join("?" * len(values))
        self._connection.execute(f"INSERT OR REPLACE INTO {table} ({columns}) VALUES ({marks})", tuple(values.values()))

    def _read(self, query: str, *values: Any) -> list[dict[str, Any]]:
        with explained(self._path):
            return [dict(row) for row in rows(self._connection, query, values)]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with explained(self._path):
            # The write lock first: a transaction that reads and then writes could be refused half-way.
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.rollback()
                raise
            self._connection.commit()


def now() -> str:
    """The time as records have it, `2026-11-22T08:15:30Z`."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _run(row: Mapping[str, Any]) -> RunRecord:
    return RunRecord(**{field.name: row[field.name] for field in fields(RunRecord)})


def _score(row: Mapping[str, Any]) -> ScoreRecord:
    return ScoreRecord(
        **{field.name: row[field.name] for field in fields(ScoreRecord)} | {"details": json.loads(row["details"])}
    )
