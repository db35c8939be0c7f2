"""A catalogue that cannot be read any more is put aside and made anew from the folders of the runs."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gts.errors import DamagedError, FileError, reason
from gts.jobs.job_store import index_missing_runs
from gts.store.catalogue import Catalogue
from gts.store.workspace import Workspace

_SQLITE_SUFFIXES = ("-journal", "-wal", "-shm")
"""What SQLite writes beside a database; left there, it would be taken for a part of the new one."""


def repair_catalogue(workspace: Workspace) -> Path | None:
    """Where a damaged catalogue was put, after a new one has been made; None where it is whole or missing.

    What only the catalogue knew is lost with it: the history of commands and the scores that were taken. Raises FileError.
    """
    if not _is_damaged(workspace):
        return None
    with _locked_folder(workspace.root):
        # Another program may have done it meanwhile.
        if not _is_damaged(workspace):
            return None
        aside = _unused_path(workspace.catalogue)
        try:
            workspace.catalogue.rename(aside)
            for ending in _SQLITE_SUFFIXES:
                with suppress(FileNotFoundError):
                    workspace.catalogue.with_name(workspace.catalogue.name + ending).rename(
                        aside.with_name(aside.name + ending)
                    )
        except OSError as error:
            raise FileError(
                f"cannot move `{workspace.catalogue}` aside: {reason(error)}", hint="move it away yourself"
            ) from error
        index_missing_runs(workspace)
        return aside


def _is_damaged(workspace: Workspace) -> bool:
    if not workspace.catalogue.is_file():
        return False
    try:
        with Catalogue(workspace.catalogue, read_only=True) as catalogue:
            return not catalogue.is_intact()
    except DamagedError:
        return True
    except FileError:
        # Somebody else has it for a long time, or it may not be read: that is no damage.
        return False


def _unused_path(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.stem}-damaged-{number}{path.suffix}")).exists():
        number += 1
    return aside


@contextmanager
def _locked_folder(folder: Path) -> Iterator[None]:
    """Held by one program at a time; where a disk has no locks, by good luck."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
