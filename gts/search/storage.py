"""Optuna storages: open them durably, retry while a server is unreachable, lock and rename studies."""

from __future__ import annotations

import fcntl
import logging
import os
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
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, PendingRollbackError, ProgrammingError, SQLAlchemyError

from gts.errors import FileError, MissingError, UsageError, WorkError, reason
from gts.search.optuna_internals import get_trial_id, list_stale_trial_ids
from gts.search.storage_url import StorageLocation
from gts.search.study_file import OWNER_ATTRIBUTE
from gts.store.database import open_reader, translate_sqlite_errors

FILE_LOCK_SECONDS = 60.0
"""Longest wait for another process that writes to the same file."""
HEARTBEAT_SECONDS = 60
GRACE_SECONDS = 300
"""Time without a heartbeat after which the owner of a trial counts as dead."""

_FIRST_RETRY_SECONDS, _MAX_RETRY_SECONDS = 0.25, 20.0
_SERVER_RETRY_SECONDS = 900.0
_CONNECT_ATTEMPTS = 5
_RETRIED_ERRORS = (StorageInternalError, DBAPIError)
_EXPECTED_WARNINGS = ("Heartbeat of storage", "'greenlet' package")

_T = TypeVar("_T")


def open_storage(location: StorageLocation, *, read_only: bool = False, retry: RetryPolicy | None = None) -> RDBStorage:
    """Open a storage; creates a missing file unless `read_only`.

    Raises FileError if the file cannot be opened, MissingError without the driver, WorkError if the server does not answer.
    """
    _silence_optuna()
    if location.path is not None:
        path = location.path
        return _open_or_translate(location, lambda: _open_file(path, read_only=read_only))
    retry = retry or RetryPolicy(location, lambda text: None, seconds=0.0)
    return _open_or_translate(location, lambda: retry(lambda: _open_server(location, read_only=read_only)))


@contextmanager
def opened_storage(location: StorageLocation, *, read_only: bool = False) -> Iterator[RDBStorage]:
    """A storage for the length of a `with` block. Raises as `open_storage`."""
    storage = open_storage(location, read_only=read_only)
    try:
        yield storage
    finally:
        close_storage(storage)


def close_storage(storage: RDBStorage) -> None:
    """Close all connections of a storage."""
    storage.remove_session()
    storage.engine.dispose()


def find_study_id(storage: RDBStorage, name: str) -> int | None:
    """Database key of a study; None if there is no study of this name."""
    try:
        return storage.get_study_id_from_name(name)
    except KeyError:
        return None


def has_study(location: StorageLocation, name: str) -> bool:
    """Whether a storage holds a study of this name. Raises FileError or WorkError if it cannot be read."""
    if location.path is not None and not location.path.exists():
        return False
    with opened_storage(location) as storage:
        return find_study_id(storage, name) is not None


def rename_study(location: StorageLocation, name: str, new_name: str, *, owner: str) -> None:
    """Rename a study in its storage, which frees its name; `owner` is the token of the study folder that asks for it.

    Raises UsageError if another owner works on the study, FileError or WorkError if the storage cannot be used.
    """
    lock = lock_database_file(location) if location.path is not None else None
    try:
        with opened_storage(location) as storage:
            retry = RetryPolicy(location, lambda text: None, seconds=0.0)
            retry(lambda: _rename_locked(storage, location, name, new_name, owner))
    finally:
        if lock is not None:
            os.close(lock)


def translate_storage_error(error: Exception, location: StorageLocation) -> FileError | WorkError:
    """The error of a storage as an error with a message for the user."""
    cause = _find_root_cause(error)
    origin = getattr(cause, "orig", None) or cause
    text = str(origin).strip().partition("\n")[0]
    if "no such table" in text or "does not exist" in text or "not a database" in text:
        return FileError(f"there is no study in {location.display_url}", hint=f"the database reported: {text}")
    if location.path is not None:
        try:
            with translate_sqlite_errors(location.path):
                raise origin
        except FileError as explanation:
            return explanation
        except Exception:
            return FileError(f"cannot use {location.display_url}: {text}")
    hint = "check that the server is running; put a password into ~/.pgpass or PGPASSWORD"
    return WorkError(f"cannot use {location.display_url}: {text}", hint=hint)


class RetryPolicy:
    """Repeats storage calls while a server is unreachable; `on_note` gets one line when that begins and one when it ends."""

    def __init__(self, location: StorageLocation, on_note: Callable[[str], None], *, seconds: float | None = None) -> None:
        self.location = location
        self._on_note = on_note
        # SQLite itself waits FILE_LOCK_SECONDS for the lock of a file.
        self._seconds = seconds if seconds is not None else _SERVER_RETRY_SECONDS if location.is_shared else 0.0

    def __call__(self, call: Callable[[], _T]) -> _T:
        """Return the value of `call`, which may run several times. Raises FileError or WorkError when the time is over."""
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
    """Exclude other owners of a shared study; the owner of a file holds its lock already."""
    if not location.is_shared:
        yield
        return
    with storage.engine.connect() as connection, connection.begin():
        lock = sqlalchemy.text("SELECT pg_advisory_xact_lock(:room, :study)")
        # PostgreSQL takes two signed 32-bit keys.
        connection.execute(lock, {"room": 0x475453, "study": zlib.crc32(name.encode()) - 2**31})
        yield


def lock_database_file(location: StorageLocation) -> int:
    """Lock a database file that several study folders could name; the lock ends with the process.

    Returns the lock's file descriptor. Raises UsageError if another process holds the lock.
    """
    path = f"{location.path}.lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise FileError(f"cannot lock {path}: {reason(error)}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        hint = "several searches need one on a server: postgresql+psycopg://USER@HOST/DATABASE"
        raise UsageError(f"another search works with {location.path} already", hint=hint) from None
    except OSError:
        # A file system without locks; the lock of the study's folder is held in any case.
        pass
    return descriptor


def _rename_locked(storage: RDBStorage, location: StorageLocation, name: str, new_name: str, owner: str) -> None:
    with lock_shared_study(storage, location, name):
        study_id = storage.get_study_id_from_name(name)
        if location.is_shared and (count := _count_foreign_trials(storage, study_id, owner)):
            hint = "stop the searches on the other machines first, or give the space another name"
            raise UsageError(f"others work on {count} trials of `{name}` in {location.display_url}", hint=hint)
        with storage.engine.begin() as connection:
            query = sqlalchemy.text("UPDATE studies SET study_name = :new WHERE study_id = :study")
            connection.execute(query, {"new": new_name, "study": study_id})


def _count_foreign_trials(storage: RDBStorage, study_id: int, owner: str) -> int:
    """Number of running trials of other owners whose heartbeat is recent."""
    stale = list_stale_trial_ids(storage, study_id)
    running: list[FrozenTrial] = storage.get_all_trials(study_id, deepcopy=False, states=(TrialState.RUNNING,))
    return sum(get_trial_id(trial) not in stale and trial.user_attrs.get(OWNER_ATTRIBUTE) != owner for trial in running)


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
                # Optuna formats the URL with str.format.
                location.url.replace("{", "{{").replace("}", "}}"),
                engine_kwargs={"pool_pre_ping": True, "connect_args": connect_args},
                heartbeat_interval=HEARTBEAT_SECONDS,
                grace_period=GRACE_SECONDS,
                skip_table_creation=read_only,
            )
        except (IntegrityError, ProgrammingError):
            # Two owners that start at once create the same tables; the second one finds them at its next attempt.
            if not left or read_only:
                raise
            time.sleep(_FIRST_RETRY_SECONDS)
    raise AssertionError("unreachable: the last attempt returns or raises")


def _open_file(path: Path, *, read_only: bool) -> RDBStorage:
    if read_only:
        if not path.is_file():
            raise FileError(f"no such file: {path}")
        # Rolls back the journal of a killed writer, which a read-only connection cannot.
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

    # The URL is a placeholder: `connect` opens the file, so that its name may hold any characters.
    return RDBStorage("sqlite:///study.db", engine_kwargs={"creator": connect}, skip_table_creation=read_only)


def _is_transient(error: Exception) -> bool:
    """Whether the same call may succeed later."""
    cause = _find_root_cause(error)
    return isinstance(cause, OperationalError) or (isinstance(cause, DBAPIError) and cause.connection_invalidated)


def _find_root_cause(error: BaseException) -> BaseException:
    """The database's own error: Optuna wraps it, and repeats a read on a connection that is already lost."""
    if isinstance(error, StorageInternalError) and error.__cause__:
        return _find_root_cause(error.__cause__)
    if isinstance(error, PendingRollbackError) and error.__context__:
        return _find_root_cause(error.__context__)
    return error


def _silence_optuna() -> None:
    optuna.logging.disable_default_handler()
    optuna.logging.set_verbosity(optuna.logging.WARNING)


class _NoteHandler(logging.Handler):
    """Passes Optuna's log messages to a callback."""

    def __init__(self, on_note: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._on_note = on_note

    def emit(self, record: logging.LogRecord) -> None:
        if not _is_expected(record.getMessage()):
            self._on_note(record.getMessage())


@contextmanager
def _capture_warnings(on_note: Callable[[str], None]) -> Iterator[None]:
    """Pass Optuna's warnings to `on_note`, except the expected ones."""
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
