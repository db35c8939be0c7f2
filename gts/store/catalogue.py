"""`gts.db`, the index of a workspace: jobs, runs, studies, checkpoints, scores and the history of commands."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

from gts.store.database import DatabaseSchema, open_reader, open_writer, query_rows, transaction, translate_sqlite_errors
from gts.store.workspace import Workspace

RecordedState = Literal["running", "paused", "done", "failed"]
"""The state that a job recorded last. A job recorded as running may be queued, stopping or interrupted: its lock decides."""

MAX_COMMANDS = 10_000

_Record = TypeVar("_Record")

_SCHEMA = DatabaseSchema(
    "gts.catalogue",
    {
        "first": (
            """
            CREATE TABLE runs (
                id TEXT PRIMARY KEY,
                name TEXT NOT NULL,
                source TEXT NOT NULL,
                figure TEXT NOT NULL,
                technique TEXT NOT NULL,
                members INTEGER NOT NULL,
                total_steps INTEGER NOT NULL,
                step INTEGER NOT NULL,
                started TEXT NOT NULL
            )
            """,
            "CREATE INDEX runs_by_figure ON runs (figure, id)",
            "CREATE INDEX runs_by_technique ON runs (technique, id)",
            """
            CREATE TABLE jobs (
                id TEXT PRIMARY KEY,
                kind TEXT NOT NULL,
                name TEXT NOT NULL,
                folder TEXT NOT NULL,
                recorded_state TEXT NOT NULL,
                reason TEXT NOT NULL,
                threads INTEGER NOT NULL,
                created TEXT NOT NULL,
                changed TEXT NOT NULL
            )
            """,
            "CREATE INDEX jobs_by_age ON jobs (created, id)",
            "CREATE INDEX jobs_by_recorded_state ON jobs (recorded_state, created, id)",
            "CREATE INDEX jobs_by_kind ON jobs (kind, created, id)",
            """
            CREATE TABLE studies (
                name TEXT PRIMARY KEY,
                space TEXT NOT NULL,
                figure TEXT NOT NULL,
                technique TEXT NOT NULL,
                storage TEXT NOT NULL,
                directions TEXT NOT NULL,
                trials INTEGER NOT NULL,
                created TEXT NOT NULL
            )
            """,
            "CREATE INDEX studies_by_age ON studies (created, name)",
            """
            CREATE TABLE checkpoints (
                path TEXT PRIMARY KEY,
                run TEXT NOT NULL,
                member INTEGER NOT NULL,
                kind TEXT NOT NULL,
                step INTEGER NOT NULL,
                checksum TEXT NOT NULL,
                written TEXT NOT NULL
            )
            """,
            "CREATE INDEX checkpoints_by_run ON checkpoints (run, member, step)",
            """
            CREATE TABLE scores (
                id INTEGER PRIMARY KEY,
                checksum TEXT NOT NULL,
                path TEXT NOT NULL,
                seed INTEGER NOT NULL,
                steps INTEGER NOT NULL,
                episodes INTEGER NOT NULL,
                mean REAL NOT NULL,
                score REAL NOT NULL,
                details TEXT NOT NULL,
                taken TEXT NOT NULL,
                figure TEXT NOT NULL
            )
            """,
            "CREATE INDEX scores_by_checksum ON scores (checksum, id)",
            "CREATE INDEX scores_by_rank ON scores (score)",
            "CREATE INDEX scores_by_figure ON scores (figure, score)",
            "CREATE TABLE history (id INTEGER PRIMARY KEY, line TEXT NOT NULL, at TEXT NOT NULL, exit_code INTEGER NOT NULL)",
            "CREATE INDEX history_by_line ON history (line, id)",
        )
    },
)


@dataclass(frozen=True)
class RunRecord:
    """A run."""

    id: str
    name: str
    """For display."""
    source: str
    """The spec or checkpoint as the user named it."""
    figure: str
    technique: str
    members: int
    total_steps: int
    """Environment steps of each member in the whole training."""
    step: int
    """Environment steps of each member so far."""
    started: str


@dataclass(frozen=True)
class JobRecord:
    """A job."""

    id: str
    kind: str
    """`train` or `search`."""
    name: str
    """For display."""
    folder: str
    """Relative to the workspace if it is inside."""
    recorded_state: RecordedState
    reason: str
    """Why it is paused or failed."""
    threads: int
    """CPUs in use; 0: unknown."""
    created: str
    changed: str


@dataclass(frozen=True)
class StudyRecord:
    """A study."""

    name: str
    space: str
    """Its space as the user named it."""
    figure: str
    technique: str
    storage: str
    """URL of its trials' storage; empty if it is in the study's folder."""
    directions: tuple[str, ...]
    """`maximize` or `minimize` per objective."""
    trials: int
    created: str


@dataclass(frozen=True)
class CheckpointRecord:
    """A checkpoint written by a run."""

    path: str
    """Relative to the workspace if it is inside, so that a workspace can be moved."""
    run: str
    member: int
    kind: Literal["last", "best", "result"]
    step: int
    checksum: str
    written: str


@dataclass(frozen=True)
class ScoreRecord:
    """A score of a checkpoint."""

    checksum: str
    """Of the checkpoint's tensors."""
    path: str
    seed: int
    steps: int
    """Maximum length of an episode."""
    episodes: int
    mean: float
    score: float
    details: Mapping[str, Any]
    """`Score.as_dict()`."""
    taken: str
    figure: str = ""
    """Empty if unknown."""


class Catalogue:
    """The index of a workspace. Every method is one short transaction and raises FileError if the file cannot be used."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open the catalogue; for writing, create it if it is missing and migrate it."""
        self._path = path
        with translate_sqlite_errors(path):
            if read_only:
                self._connection = open_reader(path)
            else:
                self._connection = open_writer(path, _SCHEMA, journal="DELETE")
        self._connection.row_factory = sqlite3.Row

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def is_intact(self) -> bool:
        """Whether SQLite finds the file consistent; raises DamagedError if it cannot even check that."""
        return [row["quick_check"] for row in self._read("PRAGMA quick_check(1)")] == ["ok"]

    def put_run(self, run: RunRecord) -> None:
        """Insert or replace a run."""
        self.put_many(runs=(run,))

    def put_job(self, job: JobRecord) -> None:
        """Insert or replace a job."""
        self.put_many(jobs=(job,))

    def put_many(self, runs: Iterable[RunRecord] = (), jobs: Iterable[JobRecord] = ()) -> None:
        """Insert or replace runs and jobs, all or none."""
        with self._transaction():
            for run in runs:
                self._insert("runs", asdict(run))
            for job in jobs:
                self._insert("jobs", asdict(job))

    def put_study(self, study: StudyRecord) -> None:
        """Insert or replace a study."""
        with self._transaction():
            self._insert("studies", asdict(study) | {"directions": json.dumps(study.directions)})

    def put_checkpoint(self, checkpoint: CheckpointRecord, *, deleted: tuple[str, ...] = ()) -> None:
        """Insert or replace a checkpoint, and delete those of removed files."""
        with self._transaction():
            self._insert("checkpoints", asdict(checkpoint))
            self._connection.executemany("DELETE FROM checkpoints WHERE path = ?", [(path,) for path in deleted])

    def delete(self, name: str) -> None:
        """Delete the run or study of this name, its job and its checkpoints, but not its scores."""
        with self._transaction():
            for table, column in (("runs", "id"), ("jobs", "id"), ("studies", "name"), ("checkpoints", "run")):
                self._connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (name,))

    def add_score(self, score: ScoreRecord) -> None:
        """Add a score."""
        with self._transaction():
            self._insert("scores", asdict(score) | {"details": json.dumps(dict(score.details))})

    def add_command(self, command: str, exit_code: int) -> None:
        """Add a command to the history, and delete those before the newest 10 000."""
        # A name on a disk need not be Unicode, a text in a database must.
        text = command.encode(errors="replace").decode()
        with self._transaction():
            self._insert("history", {"line": text, "at": utc_now(), "exit_code": exit_code})
            self._connection.execute("DELETE FROM history WHERE id <= (SELECT MAX(id) FROM history) - ?", (MAX_COMMANDS,))

    def runs(
        self, *, figure: str | None = None, technique: str | None = None, limit: int = 100, offset: int = 0
    ) -> list[RunRecord]:
        """A page of the runs, newest first, optionally of one figure or technique."""
        return self._page(RunRecord, "runs", {"figure": figure, "technique": technique}, ("id",), limit, offset)

    def get_run(self, run_id: str) -> RunRecord | None:
        """The run with this id; None if there is none."""
        return next(iter(self._page(RunRecord, "runs", {"id": run_id})), None)

    def run_ids(self) -> set[str]:
        """Ids of all runs."""
        return {row["id"] for row in self._read("SELECT id FROM runs")}

    def jobs(
        self, *, recorded_states: Sequence[RecordedState] = (), kind: str | None = None, limit: int = 100, offset: int = 0
    ) -> list[JobRecord]:
        """A page of the jobs, newest first, optionally with some recorded states or of one kind."""
        return self._page(
            JobRecord, "jobs", {"recorded_state": recorded_states or None, "kind": kind}, ("created", "id"), limit, offset
        )

    def get_job(self, job_id: str) -> JobRecord | None:
        """The job with this id; None if there is none."""
        return next(iter(self._page(JobRecord, "jobs", {"id": job_id})), None)

    def studies(self, *, limit: int = 100, offset: int = 0) -> list[StudyRecord]:
        """A page of the studies, newest first."""
        return self._page(StudyRecord, "studies", {}, ("created", "name"), limit, offset)

    def get_study(self, name: str) -> StudyRecord | None:
        """The study of this name; None if there is none."""
        return next(iter(self._page(StudyRecord, "studies", {"name": name})), None)

    def checkpoints(self, run_id: str) -> list[CheckpointRecord]:
        """The checkpoints of a run by member and step."""
        found = self._read("SELECT * FROM checkpoints WHERE run = ? ORDER BY member, step, path", run_id)
        return [_record_from_row(CheckpointRecord, row) for row in found]

    def scores(self, checksum: str) -> list[ScoreRecord]:
        """The scores of a checkpoint, oldest first."""
        found = self._read("SELECT * FROM scores WHERE checksum = ? ORDER BY id", checksum)
        return [_record_from_row(ScoreRecord, row) for row in found]

    def best_scores(self, *, figure: str | None = None, limit: int = 100, offset: int = 0) -> list[ScoreRecord]:
        """A page of the scores, best first, optionally of one figure."""
        return self._page(ScoreRecord, "scores", {"figure": figure}, ("score",), limit, offset)

    def commands(self, prefix: str = "", *, limit: int = 100) -> list[str]:
        """Commands of the history that begin with `prefix`, newest first, without repetitions."""
        found = self._read(
            "SELECT line FROM history WHERE line >= ? AND line < ? GROUP BY line ORDER BY MAX(id) DESC LIMIT ?",
            prefix,
            prefix + "\U0010ffff",
            limit,
        )
        return [row["line"] for row in found]

    def _insert(self, table: str, values: Mapping[str, Any]) -> None:
        columns, marks = ", ".join(values), ", ".join("?" * len(values))
        self._connection.execute(f"INSERT OR REPLACE INTO {table} ({columns}) VALUES ({marks})", tuple(values.values()))

    def _page(
        self,
        kind: type[_Record],
        table: str,
        filters: Mapping[str, str | Sequence[str] | None],
        order: tuple[str, ...] = (),
        limit: int = 1,
        offset: int = 0,
    ) -> list[_Record]:
        """A page of records, largest first. A filter is a value, a sequence of allowed values, or None for any."""
        chosen = {
            column: (value,) if isinstance(value, str) else value for column, value in filters.items() if value is not None
        }
        conditions = " AND ".join(f"{column} IN ({', '.join('?' * len(values))})" for column, values in chosen.items())
        where = f" WHERE {conditions}" if conditions else ""
        by = f" ORDER BY {', '.join(f'{column} DESC' for column in order)}" if order else ""
        values = [value for several in chosen.values() for value in several]
        found = self._read(f"SELECT * FROM {table}{where}{by} LIMIT ? OFFSET ?", *values, limit, offset)
        return [_record_from_row(kind, row) for row in found]

    def _read(self, query: str, *values: Any) -> list[dict[str, Any]]:
        with translate_sqlite_errors(self._path):
            return [dict(row) for row in query_rows(self._connection, query, values)]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with translate_sqlite_errors(self._path), transaction(self._connection):
            yield


def utc_now(*, microseconds: bool = False) -> str:
    """The present time in the format of records, `2026-11-22T08:15:30Z`."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ" if microseconds else "%Y-%m-%dT%H:%M:%SZ")


def _record_from_row(kind: type[_Record], row: Mapping[str, Any]) -> _Record:
    """Convert a row to a record, ignoring unknown columns."""
    values = {field.name: row[field.name] for field in fields(kind) if field.name in row}  # type: ignore[arg-type]
    for name in ("details", "directions"):
        if name in values:
            values[name] = json.loads(values[name])
    if "directions" in values:
        values["directions"] = tuple(values["directions"])
    return kind(**values)


def find_unindexed_runs(workspace: Workspace, catalogue: Catalogue) -> list[str]:
    """Ids of the runs that have a folder but no row, oldest first; raises FileError.

    They were created while the catalogue could not be written, or copied from elsewhere. `Catalogue.put_many` adds them.
    """
    return workspace.run_ids(known=catalogue.run_ids())
