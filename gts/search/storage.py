"""Optuna's storage, opened so that nothing is lost: durable files, and patience with servers that come and go."""

from __future__ import annotations

import logging
import sqlite3
import time
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import optuna
import sqlalchemy
from optuna.exceptions import ExperimentalWarning, StorageInternalError
from optuna.storages import RDBStorage
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, PendingRollbackError, ProgrammingError, SQLAlchemyError

from gts.errors import FileError, MissingError, WorkError
from gts.search.storage_url import StorageLocation
from gts.store.database import open_reader, translate_sqlite_errors

FILE_LOCK_SECONDS = 60.0
"""How long one waits for another who writes into the same file."""
HEARTBEAT_SECONDS = 60
GRACE_SECONDS = 300
"""After so long without a heartbeat the owner of a trial counts as dead."""

_FIRST_RETRY_SECONDS, _MAX_RETRY_SECONDS = 0.25, 20.0
_SERVER_RETRY_SECONDS = 900.0
_CONNECT_ATTEMPTS = 5
_RETRIED_ERRORS = (StorageInternalError, DBAPIError)
_EXPECTED_WARNINGS = ("Heartbeat of storage", "'greenlet' package")

_T = TypeVar("_T")


def open_storage(location: StorageLocation, *, read_only: bool = False, retry: RetryPolicy | None = None) -> RDBStorage:
    """Open a storage; a file is made where there is none, unless `read_only`.

    Raises FileError where that is impossible, MissingError without the driver, WorkError where a server does not answer.
    """
    _silence_optuna()
    if location.path is not None:
        path = location.path
        return _open_or_translate(location, lambda: _open_file(path, read_only=read_only))
    retry = retry or RetryPolicy(location, lambda text: None, seconds=0.0)
    return _open_or_translate(location, lambda: retry(lambda: _open_server(location, read_only=read_only)))


def translate_storage_error(error: Exception, location: StorageLocation) -> FileError | WorkError:
    """What went wrong with a storage, for a person."""
    cause = _find_root_cause(error)
    origin = getattr(cause, "orig", None) or cause
    text = str(origin).strip().partition("\n")[0]
    if "no such table" in text or "does not exist" in text or "not a database" in text:
        return FileError(f"there is no study in {location.display_url}", hint=f"the database said: {text}")
    if location.path is not None:
        try:
            with translate_sqlite_errors(location.path):
                raise origin
        except FileError as explanation:
            return explanation
        except Exception:
            return FileError(f"cannot use {location.display_url}: {text}")
    hint = "see that the server runs; a password belongs into ~/.pgpass or PGPASSWORD"
    return WorkError(f"cannot use {location.display_url}: {text}", hint=hint)


class RetryPolicy:
    """Calls of a storage, made again where a server was away; `say` is told once when that begins and when it is over."""

    def __init__(self, location: StorageLocation, on_note: Callable[[str], None], *, seconds: float | None = None) -> None:
        self.location = location
        self._on_note = on_note
        # Who waits for a lock on a file has waited a minute already.
        self._seconds = seconds if seconds is not None else _SERVER_RETRY_SECONDS if location.is_shared else 0.0

    def __call__(self, call: Callable[[], _T]) -> _T:
        """The value of a call that may be made several times; raises FileError or WorkError when patience ends."""
        deadline, delay, notified = time.monotonic() + self._seconds, _FIRST_RETRY_SECONDS, False
        while True:
            try:
                with _capture_warnings(self._on_note):
                    value = call()
            except _RETRIED_ERRORS as error:
                if time.monotonic() >= deadline or not _is_transient(error):
                    raise translate_storage_error(error, self.location) from error
                if not notified:
                    self._on_note(f"{translate_storage_error(error, self.location).message}; trying again")
                    notified = True
                time.sleep(min(delay, max(0.0, deadline - time.monotonic())))
                delay = min(2 * delay, _MAX_RETRY_SECONDS)
            else:
                if notified:
                    self._on_note(f"{self.location.display_url} answers again")
                return value


@contextmanager
def lock_shared_study(storage: RDBStorage, location: StorageLocation, name: str) -> Iterator[None]:
    """Keep other owners of a shared study waiting; the owner of a file holds a lock already."""
    if not location.is_shared:
        yield
        return
    with storage.engine.connect() as connection, connection.begin():
        lock = sqlalchemy.text("SELECT pg_advisory_xact_lock(:room, :study)")
        # Two 32-bit keys with signs.
        connection.execute(lock, {"room": 0x475453, "study": zlib.crc32(name.encode()) - 2**31})
        yield


def _open_or_translate(location: StorageLocation, open_optuna_storage: Callable[[], RDBStorage]) -> RDBStorage:
    try:
        return open_optuna_storage()
    except ImportError as error:
        hint = "install it: pip install 'gts[postgresql]'"
        raise MissingError("the driver of PostgreSQL, psycopg, is missing", hint=hint) from error
    except (SQLAlchemyError, StorageInternalError, RuntimeError) as error:
        raise translate_storage_error(error, location) from error


def _open_server(location: StorageLocation, *, read_only: bool) -> RDBStorage:
    connect_args: dict[str, object] = {"connect_timeout": 10}
    if location.password:
        connect_args["password"] = location.password
    for left in reversed(range(_CONNECT_ATTEMPTS)):
        try:
            return RDBStorage(
                # Optuna fills in braces, as it does for file names.
                location.url.replace("{", "{{").replace("}", "}}"),
                engine_kwargs={"pool_pre_ping": True, "connect_args": connect_args},
                heartbeat_interval=HEARTBEAT_SECONDS,
                grace_period=GRACE_SECONDS,
                skip_table_creation=read_only,
            )
        except (IntegrityError, ProgrammingError):
            # Two owners that begin at once make the same tables; the second one finds them when it looks again.
            if not left or read_only:
                raise
            time.sleep(_FIRST_RETRY_SECONDS)
    raise AssertionError("there is a last time")


def _open_file(path: Path, *, read_only: bool) -> RDBStorage:
    if read_only:
        if not path.is_file():
            raise FileError(f"no such file: {path}")
        # Undoes what a killed writer left half-way, which a read-only connection cannot.
        with translate_sqlite_errors(path):
            open_reader(path).close()

    def connect() -> sqlite3.Connection:
        if read_only:
            return sqlite3.connect(
                f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=FILE_LOCK_SECONDS, check_same_thread=False
            )
        connection = sqlite3.connect(path, timeout=FILE_LOCK_SECONDS, check_same_thread=False)
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    # The address is a form only: the connections are made above, so that any file name will do.
    return RDBStorage("sqlite:///study.db", engine_kwargs={"creator": connect}, skip_table_creation=read_only)


def _is_transient(error: Exception) -> bool:
    """Whether the same call may work later."""
    cause = _find_root_cause(error)
    return isinstance(cause, OperationalError) or (isinstance(cause, DBAPIError) and cause.connection_invalidated)


def _find_root_cause(error: BaseException) -> BaseException:
    """What the database said first: Optuna wraps it, and asks once more on a connection that is lost when it reads trials."""
    if isinstance(error, StorageInternalError) and error.__cause__:
        return _find_root_cause(error.__cause__)
    if isinstance(error, PendingRollbackError) and error.__context__:
        return _find_root_cause(error.__context__)
    return error


def _silence_optuna() -> None:
    optuna.logging.disable_default_handler()
    optuna.logging.set_verbosity(optuna.logging.WARNING)


class _NoteHandler(logging.Handler):
    """Hands what Optuna logs to somebody who decides what to do with it."""

    def __init__(self, on_note: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._on_note = on_note

    def emit(self, record: logging.LogRecord) -> None:
        if not _is_expected(record.getMessage()):
            self._on_note(record.getMessage())


@contextmanager
def _capture_warnings(on_note: Callable[[str], None]) -> Iterator[None]:
    """Make notes of Optuna's warnings, except those that are usual here."""
    listener, logger = _NoteHandler(on_note), logging.getLogger("optuna")
    logger.addHandler(listener)
    propagate, logger.propagate = logger.propagate, False
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield
    finally:
        logger.removeHandler(listener)
        logger.propagate = propagate
    for warning in caught:
        text = str(warning.message)
        if not issubclass(warning.category, (ExperimentalWarning, FutureWarning)) and not _is_expected(text):
            on_note(text)


def _is_expected(text: str) -> bool:
    return any(one in text for one in _EXPECTED_WARNINGS)
