"""`gts.db`: which jobs, runs, studies, checkpoints and scores a workspace has, and which commands were given in it.

Which work of a workspace its catalogue does not know of.
"""

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
    started: str


@dataclass(frozen=True)
class JobRecord:
    """How a piece of work stands that has a folder."""

    id: str
    kind: str
    """What is done: `train`, `search`, `score`."""
    name: str
    """What is worked on, for a person."""
    folder: str
    """Relative to the workspace where it is inside."""
    recorded_state: RecordedState
    reason: str
    """Why it failed or paused."""
    threads: int
    """CPUs that it uses; 0: not known."""
    created: str
    changed: str


@dataclass(frozen=True)
class StudyRecord:
    """One search."""

    name: str
    space: str
    """The space that it searches, as given."""
    figure: str
    technique: str
    storage: str
    """Where its trials are, as a URL; empty where they are in its folder."""
    directions: tuple[str, ...]
    """`maximize` or `minimize`, one an objective."""
    trials: int
    created: str


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
    figure: str = ""
    """Empty where it was not known."""


class Catalogue:
    """The index of a workspace; every method is one short transaction and raises FileError where the file cannot be used."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open the catalogue at `path`; for writing it is made where it is missing and brought to today's shape."""
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
        """Let go of the file."""
        self._connection.close()

    def is_intact(self) -> bool:
        """Whether the file holds together; raises DamagedError where not even that can be found out."""
        return [row["quick_check"] for row in self._read("PRAGMA quick_check(1)")] == ["ok"]

    def put_run(self, run: RunRecord) -> None:
        """Record a run, in place of what was recorded under its id."""
        self.put_many(runs=(run,))

    def put_job(self, job: JobRecord) -> None:
        """Record a job, in place of what was recorded under its id."""
        self.put_many(jobs=(job,))

    def put_many(self, runs: Iterable[RunRecord] = (), jobs: Iterable[JobRecord] = ()) -> None:
        """Record runs and jobs, all of them or none."""
        with self._transaction():
            for run in runs:
                self._insert("runs", asdict(run))
            for job in jobs:
                self._insert("jobs", asdict(job))

    def put_study(self, study: StudyRecord) -> None:
        """Record a study, in place of what was recorded under its name."""
        with self._transaction():
            self._insert("studies", asdict(study) | {"directions": json.dumps(study.directions)})

    def put_checkpoint(self, checkpoint: CheckpointRecord, *, deleted: tuple[str, ...] = ()) -> None:
        """Record a checkpoint, and forget those whose files are gone."""
        with self._transaction():
            self._insert("checkpoints", asdict(checkpoint))
            self._connection.executemany("DELETE FROM checkpoints WHERE path = ?", [(path,) for path in deleted])

    def delete(self, name: str) -> None:
        """Forget the run or study of this name, its job and its checkpoints; scores stay."""
        with self._transaction():
            for table, column in (("runs", "id"), ("jobs", "id"), ("studies", "name"), ("checkpoints", "run")):
                self._connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (name,))

    def add_score(self, score: ScoreRecord) -> None:
        """Record a score; earlier ones of the same checkpoint stay."""
        with self._transaction():
            self._insert("scores", asdict(score) | {"details": json.dumps(dict(score.details))})

    def add_command(self, command: str, exit_code: int) -> None:
        """Record a command that was given, and forget those before the newest 10 000."""
        # A name on a disk need not be Unicode, a text in a database must.
        text = command.encode(errors="replace").decode()
        with self._transaction():
            self._insert("history", {"line": text, "at": utc_now(), "exit_code": exit_code})
            self._connection.execute("DELETE FROM history WHERE id <= (SELECT MAX(id) FROM history) - ?", (MAX_COMMANDS,))

    def runs(
        self, *, figure: str | None = None, technique: str | None = None, limit: int = 100, offset: int = 0
    ) -> list[RunRecord]:
        """A page of the runs, newest first; those of a figure, of a technique, or all."""
        return self._page(RunRecord, "runs", {"figure": figure, "technique": technique}, ("id",), limit, offset)

    def get_run(self, run_id: str) -> RunRecord | None:
        """The run of this id."""
        return next(iter(self._page(RunRecord, "runs", {"id": run_id})), None)

    def run_ids(self) -> set[str]:
        """The ids of all runs."""
        return {row["id"] for row in self._read("SELECT id FROM runs")}

    def jobs(
        self, *, recorded_states: Sequence[RecordedState] = (), kind: str | None = None, limit: int = 100, offset: int = 0
    ) -> list[JobRecord]:
        """A page of the jobs, newest first; those with one of some recorded states, of a kind, or all."""
        return self._page(
            JobRecord, "jobs", {"recorded_state": recorded_states or None, "kind": kind}, ("created", "id"), limit, offset
        )

    def get_job(self, job_id: str) -> JobRecord | None:
        """The job of this id."""
        return next(iter(self._page(JobRecord, "jobs", {"id": job_id})), None)

    def studies(self, *, limit: int = 100, offset: int = 0) -> list[StudyRecord]:
        """A page of the studies, newest first."""
        return self._page(StudyRecord, "studies", {}, ("created", "name"), limit, offset)

    def get_study(self, name: str) -> StudyRecord | None:
        """The study of this name."""
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
        """A page of the scores, best first; those of a figure, or all."""
        return self._page(ScoreRecord, "scores", {"figure": figure}, ("score",), limit, offset)

    def commands(self, prefix: str = "", *, limit: int = 100) -> list[str]:
        """The commands that were given and begin with `prefix`, newest first, each once."""
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
        """A page of the records with the wanted values, largest first; a value of None is any, a sequence any of these."""
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


def utc_now() -> str:
    """The time as records have it, `2026-11-22T08:15:30Z`."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _record_from_row(kind: type[_Record], row: Mapping[str, Any]) -> _Record:
    """A row as a record; a file of an older shape has columns that no record has any more, and lacks others."""
    values = {field.name: row[field.name] for field in fields(kind) if field.name in row}  # type: ignore[arg-type]
    for name in ("details", "directions"):
        if name in values:
            values[name] = json.loads(values[name])
    if "directions" in values:
        values["directions"] = tuple(values["directions"])
    return kind(**values)


def find_unindexed_runs(workspace: Workspace, catalogue: Catalogue) -> list[str]:
    """The ids of the runs that have a folder and no row, oldest first; raises FileError.

    They were made while the catalogue could not be written, or brought from elsewhere; `Catalogue.put_many` takes them in.
    """
    return workspace.run_ids(known=catalogue.run_ids())
