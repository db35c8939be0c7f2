"""The shapes that the databases have had, in order.

A migration that was released is never edited; a new one is added below it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database
    from sqlite_utils.migrations import Migrations


@cache
def catalogue_migrations() -> Migrations:
    """The shapes of `gts.db`."""
    from sqlite_utils.migrations import Migrations

    migrations = Migrations("gts.catalogue")
    for step in (_runs, _checkpoints, _scores):
        migrations(name=step.__name__.strip("_"))(step)
    return migrations


@cache
def metrics_migrations() -> Migrations:
    """The shapes of a run's `metrics.db`."""
    from sqlite_utils.migrations import Migrations

    migrations = Migrations("gts.metrics")
    for step in (_rounds, _points, _evaluations):
        migrations(name=step.__name__.strip("_"))(step)
    return migrations


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
