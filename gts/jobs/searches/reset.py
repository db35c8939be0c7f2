"""Beginning a search anew: what there was of it is set aside, where it can still be looked at."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from gts.errors import FileError, UsageError, reason
from gts.formats.durable import write_durably
from gts.jobs.job_lock import JobLock, read_lock
from gts.store.workspace import StudyFolder, Workspace

TRASH = ".trash"


def find_reset_conflicts(folder: StudyFolder, storage: str | None) -> tuple[bool, bool]:
    """What keeps a search from beginning anew: its folder, and a study of its name in the storage that it is to have.

    Raises FileError, WorkError or UsageError where the storage cannot be looked into.
    """
    return folder.path.exists(), storage is not None and _is_in_storage(folder, storage)


def reset_study(workspace: Workspace, folder: StudyFolder, storage: str | None) -> list[str]:
    """Move the folder of a study to the trash, and rename a study of its name in the storage that the next one is to have.

    Gives what a person should know. Raises UsageError where somebody works on it, FileError where it cannot be moved.
    """
    has_folder, is_in_storage = find_reset_conflicts(folder, storage)
    new = f"{folder.name}-{datetime.now():%Y%m%d-%H%M%S}"
    target = workspace.studies / TRASH / new
    notes: list[str] = []
    lock = JobLock.acquire(folder.lock) if has_folder else None
    try:
        _check_no_active_worker(folder)
        facts = _read_study_file(folder)
        if is_in_storage and storage is not None:
            from gts.search.storage import rename_study
            from gts.search.storage_url import parse_storage_url

            rename_study(parse_storage_url(storage), folder.name, new, owner=str(facts.get("owner", "")))
            notes.append(f"the study of old in {storage} is now called {new}")
        elif facts.get("storage"):
            notes.append(f"the trials of old stay where they are: {facts['storage']}")
        if has_folder:
            _move(folder.path, target)
            if is_in_storage and facts:
                write_durably(StudyFolder(target).study_file, json.dumps(facts | {"name": new}, indent=2).encode())
            notes.append(f"what there was is in {target}")
    finally:
        if lock is not None:
            lock.release()
    return notes


def _is_in_storage(folder: StudyFolder, storage: str) -> bool:
    # Only here: it loads Optuna.
    from gts.search.storage import has_study
    from gts.search.storage_url import parse_storage_url

    place = parse_storage_url(storage)
    return place.path != folder.database and has_study(place, folder.name)


def _read_study_file(folder: StudyFolder) -> dict[str, object]:
    with suppress(OSError, ValueError):
        data = json.loads(folder.study_file.read_bytes())
        return data if isinstance(data, dict) else {}
    return {}


def _check_no_active_worker(folder: StudyFolder) -> None:
    """Raise UsageError where a worker of an owner that died still saves what it has."""
    if any(read_lock(path)[0] for path in folder.path.glob("trials/*/lock")):
        raise UsageError(f"workers of {folder.name} are still saving what they have", hint="try again in a moment")


def _move(path: Path, target: Path) -> None:
    try:
        target.parent.mkdir(exist_ok=True)
        path.rename(target)
    except OSError as error:
        raise FileError(f"cannot move {path} to {target}: {reason(error)}") from error
