"""Opening SQLite files the way the contract of this room says."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gts.errors import FileError

if TYPE_CHECKING:
    from sqlite_utils import Database
    from sqlite_utils.migrations import Migrations

BUSY_SECONDS = 10.0


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite says about a file into a FileError for a person."""
    try:
        yield
    except sqlite3.Error as error:
        raise FileError(f"cannot use the database `{path}`: {error}", hint=_remedy(str(error))) from error


def open_writer(path: Path, migrations: Migrations, *, journal: str) -> Database:
    """Open a database for writing, made and brought to today's shape where needed; `journal` is `WAL` or `DELETE`.

    Raises sqlite3.Error; use inside `explained`.
    """
    from sqlite_utils import Database

    connection = sqlite3.connect(path, timeout=BUSY_SECONDS)
    try:
        connection.execute(f"PRAGMA journal_mode={journal}")
        connection.execute("PRAGMA synchronous=FULL")
        database = Database(connection, execute_plugins=False)
        migrate(database, migrations)
    except BaseException:
        connection.close()
        raise
    return database


def open_reader(path: Path) -> sqlite3.Connection:
    """Open a database for reading only. Raises sqlite3.Error; use inside `explained`."""
    uri = path.resolve().as_uri()
    connection = sqlite3.connect(f"{uri}?mode=ro", uri=True, timeout=BUSY_SECONDS)
    try:
        connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1")
    except sqlite3.OperationalError:
        # A file that was in WAL mode on a disk that is now read-only: without a log beside it nobody writes to it, and what
        # stands in the file is all there is.
        connection.close()
        if path.with_name(path.name + "-wal").exists():
            raise
        connection = sqlite3.connect(f"{uri}?mode=ro&immutable=1", uri=True)
        connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1")
    return connection


def rows(connection: sqlite3.Connection, query: str, values: Sequence[Any]) -> list[Any]:
    """The rows of a query; none where its table is not there.

    A reader does not migrate: in a file of an older shape a table may be missing, and so is everything that would be in it.
    """
    try:
        return connection.execute(query, values).fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return []
        raise


def migrate(database: Database, migrations: Migrations) -> None:
    """Apply what is pending; several processes may do so at once."""
    if not migrations.pending(database):
        return
    # The write lock is taken before the second look: whoever waited for it finds the work done.
    database.conn.execute("BEGIN IMMEDIATE")
    try:
        migrations.apply(database)
    except BaseException:
        database.conn.rollback()
        raise
    database.conn.commit()


def _remedy(message: str) -> str:
    if "locked" in message:
        return "another process holds it; try again, or see what it is with `gts doctor`"
    if "not a database" in message or "malformed" in message:
        return "it is damaged: move it away, GTS makes a new one"
    if "full" in message:
        return "make room on the disk"
    return "look at the rights of its folder, or name another workspace with --workspace"
