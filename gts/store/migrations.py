"""The shapes that the databases have had, in order.

A migration that was released is never edited; a new one is added below it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database
    from sqlite_utils.migrations import Migrations


@dataclass(frozen=True)
class DatabaseSchema:
    """The shapes of one kind of database."""

    name: str
    steps: tuple[Callable[[Database], None], ...]
    """From each shape to the next, oldest first."""

    def is_current(self, connection: sqlite3.Connection) -> bool:
        """Whether a database has today's shape; a glance, since nearly every database has."""
        try:
            query = "SELECT name FROM _sqlite_migrations WHERE migration_set = ?"
            made = {name for (name,) in connection.execute(query, (self.name,))}
        except sqlite3.OperationalError as error:
            if "no such table" not in str(error):
                raise
            return False
        return made >= {_name(step) for step in self.steps}

    def migrations(self) -> Migrations:
        """The steps as sqlite-utils takes them."""
        from sqlite_utils.migrations import Migrations

        migrations = Migrations(self.name)
        for step in self.steps:
            migrations(name=_name(step))(step)
        return migrations


def _name(step: Callable[[Database], None]) -> str:
    return step.__name__.strip("_")


def _runs(database: Database) -> None:
    database.conn.execute(
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
            state TEXT NOT NULL,
            reason TEXT NOT NULL,
            started TEXT NOT NULL,
            finished TEXT NOT NULL
        )
        """
    )
    database.conn.execute("CREATE INDEX runs_by_state ON runs (state, id)")


def _checkpoints(database: Database) -> None:
    database.conn.execute(
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
        """
    )
    database.conn.execute("CREATE INDEX checkpoints_by_run ON checkpoints (run, member, step)")


def _scores(database: Database) -> None:
    database.conn.execute(
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
            taken TEXT NOT NULL
        )
        """
    )
    database.conn.execute("CREATE INDEX scores_by_checksum ON scores (checksum, id)")


def _jobs(database: Database) -> None:
    """How a run stands is the affair of its job, as it is for searches and scores."""
    database.conn.execute(
        """
        CREATE TABLE jobs (
            id TEXT PRIMARY KEY,
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            folder TEXT NOT NULL,
            claim TEXT NOT NULL,
            reason TEXT NOT NULL,
            threads INTEGER NOT NULL,
            created TEXT NOT NULL,
            changed TEXT NOT NULL
        )
        """
    )
    database.conn.execute(
        """
        INSERT INTO jobs
        SELECT
            id, 'train', name, 'runs/' || id,
            CASE state WHEN 'running' THEN 'active' WHEN 'interrupted' THEN 'paused' ELSE state END,
            CASE state WHEN 'interrupted' THEN 'stopped' ELSE reason END,
            0, started, CASE finished WHEN '' THEN started ELSE finished END
        FROM runs
        """
    )
    database.conn.execute("DROP INDEX runs_by_state")
    for column in ("state", "reason", "finished"):
        database.conn.execute(f"ALTER TABLE runs DROP COLUMN {column}")
    database.conn.execute("CREATE INDEX runs_by_figure ON runs (figure, id)")
    database.conn.execute("CREATE INDEX runs_by_technique ON runs (technique, id)")
    database.conn.execute("CREATE INDEX jobs_by_age ON jobs (created, id)")
    database.conn.execute("CREATE INDEX jobs_by_claim ON jobs (claim, created, id)")
    database.conn.execute("CREATE INDEX jobs_by_kind ON jobs (kind, created, id)")


def _studies(database: Database) -> None:
    database.conn.execute(
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
        """
    )
    database.conn.execute("CREATE INDEX studies_by_age ON studies (created, name)")


def _history(database: Database) -> None:
    database.conn.execute(
        "CREATE TABLE history (id INTEGER PRIMARY KEY, line TEXT NOT NULL, at TEXT NOT NULL, exit_code INTEGER NOT NULL)"
    )
    database.conn.execute("CREATE INDEX history_by_line ON history (line, id)")


def _score_figures(database: Database) -> None:
    """Scores of one figure can be ranked; of those that are there, the figure is known where a run made the checkpoint."""
    database.conn.execute("ALTER TABLE scores ADD COLUMN figure TEXT NOT NULL DEFAULT ''")
    database.conn.execute(
        """
        UPDATE scores SET figure = COALESCE((
            SELECT runs.figure FROM checkpoints JOIN runs ON runs.id = checkpoints.run
            WHERE checkpoints.checksum = scores.checksum
        ), '')
        """
    )
    database.conn.execute("CREATE INDEX scores_by_rank ON scores (score)")
    database.conn.execute("CREATE INDEX scores_by_figure ON scores (figure, score)")


def _rounds(database: Database) -> None:
    database.conn.execute(
        """
        CREATE TABLE rounds (
            step INTEGER PRIMARY KEY,
            epoch INTEGER NOT NULL,
            elapsed REAL NOT NULL
        )
        """
    )


def _points(database: Database) -> None:
    # A metric of a member is one number here, so that a row of its curve costs about 20 bytes; the key keeps a curve
    # together on the disk, so that reading it does not touch the others.
    database.conn.execute(
        "CREATE TABLE series (id INTEGER PRIMARY KEY, member INTEGER NOT NULL, name TEXT NOT NULL, UNIQUE (member, name))"
    )
    database.conn.execute(
        """
        CREATE TABLE points (
            series INTEGER NOT NULL,
            step INTEGER NOT NULL,
            value REAL NOT NULL,
            PRIMARY KEY (series, step)
        ) WITHOUT ROWID
        """
    )


def _evaluations(database: Database) -> None:
    database.conn.execute(
        """
        CREATE TABLE evaluations (
            member INTEGER NOT NULL,
            step INTEGER NOT NULL,
            best INTEGER NOT NULL,
            score TEXT NOT NULL,
            PRIMARY KEY (member, step)
        ) WITHOUT ROWID
        """
    )
    database.conn.execute("CREATE TABLE failures (member INTEGER PRIMARY KEY, step INTEGER NOT NULL, reason TEXT NOT NULL)")


def _pending(database: Database) -> None:
    # A step has as many rows as there are metrics; `elapsed` stands in each so that it needs no table of its own.
    database.conn.execute(
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
        """
    )


CATALOGUE_SCHEMA = DatabaseSchema("gts.catalogue", (_runs, _checkpoints, _scores, _jobs, _studies, _history, _score_figures))
"""Of `gts.db`."""

METRICS_SCHEMA = DatabaseSchema("gts.metrics", (_rounds, _points, _evaluations, _pending))
"""Of a run's `metrics.db`."""
