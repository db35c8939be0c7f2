"""Opens SQLite files as the contract of `gts.store` demands."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gts.errors import DamagedError, FileError, FullDiskError, reason

if TYPE_CHECKING:
    from sqlite_utils import Database
    from sqlite_utils.migrations import Migrations

BUSY_SECONDS = 10.0

# The codes of SQLite for ENOSPC, and for a quota or file size limit, which it does not distinguish from other failed writes.
_DAMAGE = ("malformed", "not a database")
_NO_ROOM = frozenset({"SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC", "SQLITE_IOERR_SHMSIZE"})


@dataclass(frozen=True)
class DatabaseSchema:
    """The tables of one kind of database, made by named migrations."""

    name: str
    """Stored in every database: never changed."""
    migrations: Mapping[str, tuple[str, ...]]
    """SQL statements by migration name, oldest first. A released migration is never edited; a new one is added after it."""

    def is_current(self, connection: sqlite3.Connection) -> bool:
        """Whether every migration was applied to a database. Cheap, since it runs at each opening."""
        try:
            query = "SELECT name FROM _sqlite_migrations WHERE migration_set = ?"
            applied = {name for (name,) in connection.execute(query, (self.name,))}
        except sqlite3.OperationalError as error:
            if "no such table" not in str(error):
                raise
            return False
        return applied >= set(self.migrations)

    def sqlite_utils_migrations(self) -> Migrations:
        """The migrations in the form that sqlite-utils applies."""
        from sqlite_utils.migrations import Migrations

        migrations = Migrations(self.name)
        for name, statements in self.migrations.items():
            migrations(name=name)(_executor(statements))
        return migrations


def _executor(statements: Sequence[str]) -> Callable[[Database], None]:
    def execute(database: Database) -> None:
        # One by one: `executescript` would commit the transaction that the migration runs in.
        for statement in statements:
            database.conn.execute(statement)

    return execute


@contextmanager
def translate_sqlite_errors(path: Path) -> Iterator[None]:
    """Raise FileError for errors of SQLite, FullDiskError if there is no room."""
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorname", "") in _NO_ROOM:
            hint = "make room on the disk or within your quota; if there is room, the disk itself may be failing"
            raise FullDiskError(f"cannot write the database `{path}`: {error}", hint=hint) from error
        kind = DamagedError if any(word in str(error) for word in _DAMAGE) else FileError
        raise kind(f"cannot use the database `{path}`: {error}", hint=_remedy(str(error))) from error


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit at the end of the block, roll back after an error. Raises sqlite3.Error; use inside `translate_sqlite_errors`."""
    # The write lock first: a transaction that reads and then writes could be refused half-way.
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def open_writer(path: Path, schema: DatabaseSchema, *, journal: str) -> sqlite3.Connection:
    """Open a database for writing; creates and migrates it if needed. `journal` is `WAL` or `DELETE`.

    Raises sqlite3.Error; use inside `translate_sqlite_errors`.
    """
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS)
    try:
        connection.execute(f"PRAGMA journal_mode={journal}")
        connection.execute("PRAGMA synchronous=FULL")
        if not schema.is_current(connection):
            _migrate(connection, schema)
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """Open a database for reading only. Raises sqlite3.Error; use inside `translate_sqlite_errors`."""
    try:
        return _connect(path, "mode=ro")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname == "SQLITE_READONLY_ROLLBACK":
            # A writer was killed during a transaction, half of which may be in the file: roll it back before reading.
            _connect(path, "mode=rw").close()
            return _connect(path, "mode=ro")
        # A file in WAL mode on a read-only disk: without a log beside it there is no writer, and the file is complete.
        if any(path.with_name(path.name + ending).exists() for ending in ("-wal", "-journal")):
            raise
        return _connect(path, "mode=ro&immutable=1")


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    """Open a connection and read from it, which is when SQLite finds errors."""
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?{mode}", uri=True, timeout=BUSY_SECONDS)
    try:
        connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1")
    except BaseException:
        connection.close()
        raise
    return connection


def query_rows(connection: sqlite3.Connection, query: str, values: Sequence[Any]) -> list[Any]:
    """Rows of a query; empty if a table or column is missing, since readers do not migrate."""
    try:
        return connection.execute(query, values).fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error) or "no such column" in str(error):
            return []
        raise


def move_database_aside(path: Path) -> Path:
    """Rename a database and SQLite's files beside it to `…-damaged-1.db`; returns the new path. Raises FileError."""
    names = (path.with_name(f"{path.stem}-damaged-{number}{path.suffix}") for number in count(1))
    aside = next(name for name in names if not name.exists())
    try:
        # The database comes last: SQLite would apply a log or journal that is left behind to the next database of that name.
        for ending in ("-wal", "-shm", "-journal", ""):
            with suppress(FileNotFoundError):
                path.with_name(path.name + ending).rename(aside.with_name(aside.name + ending))
    except OSError as error:
        raise FileError(f"cannot move `{path}` aside: {reason(error)}", hint="move it away by hand") from error
    return aside


def _migrate(connection: sqlite3.Connection, schema: DatabaseSchema) -> None:
    """Apply missing migrations; several processes may do so at once."""
    # Only here: it takes a tenth of a second to load, and hardly ever has something to do.
    from sqlite_utils import Database

    # The write lock comes first: a process that waited for it finds the migrations applied.
    with transaction(connection):
        schema.sqlite_utils_migrations().apply(Database(connection, execute_plugins=False))


def _remedy(message: str) -> str:
    if "locked" in message:
        return "another process holds it; try again, or see what it is with `gts doctor`"
    if "not a database" in message or "malformed" in message:
        return "it is damaged: move it away, GTS makes a new one"
    return "check the access rights of its folder, or name another workspace with --workspace"
