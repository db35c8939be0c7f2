"""Replaces a damaged catalogue by one made from the folders of the runs."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gts.errors import DamagedError, FileError, reason
from gts.jobs.job_store import index_missing_runs
from gts.store.catalogue import Catalogue
from gts.store.database import move_database_aside
from gts.store.workspace import Workspace


def repair_catalogue(workspace: Workspace) -> Path | None:
    """Move a damaged catalogue aside and make a new one; returns the old file's new path, None if it is intact or missing.

    The history of commands and the scores are lost with it. Raises FileError.
    """
    if not _is_damaged(workspace):
        return None
    with _locked_folder(workspace.root):
        # Another program may have repaired it in the meantime.
        if not _is_damaged(workspace):
            return None
        aside = move_database_aside(workspace.catalogue)
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
        # Locked for a long time, or not readable: that is no damage.
        return False


@contextmanager
def _locked_folder(folder: Path) -> Iterator[None]:
    """Lock a folder for one program at a time; without effect on a disk that has no locks. Raises FileError."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise FileError(f"cannot open the folder {folder}: {reason(error)}", hint="check its access rights") from error
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
