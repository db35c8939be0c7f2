"""Beginning a search anew: what there was of it is set aside, where it can still be looked at."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from gts.errors import FileError, UsageError
from gts.formats.durable import write_durably
from gts.jobs.job_lock import Life, look
from gts.store.workspace import StudyFolder, Workspace

TRASH = ".trash"


def in_the_way(folder: StudyFolder, storage: str | None) -> tuple[bool, bool]:
    """What keeps a search from beginning anew: its folder, and a study of its name in the storage that it is to have.

    Raises FileError, WorkError or UsageError where the storage cannot be looked into.
    """
    return folder.path.exists(), storage is not None and _elsewhere(folder, storage)


def set_aside(workspace: Workspace, folder: StudyFolder, storage: str | None) -> list[str]:
    """Move the folder of a study to the trash, and rename a study of its name in the storage that the next one is to have.

    Gives what a person should know. Raises UsageError where somebody works on it, FileError where it cannot be moved.
    """
    here, elsewhere = in_the_way(folder, storage)
    new = f"{folder.name}-{datetime.now():%Y%m%d-%H%M%S}"
    target = workspace.studies / TRASH / new
    said: list[str] = []
    life = Life.take(folder.lock) if here else None
    try:
        _refuse_at_work(folder)
        facts = _facts(folder)
        if elsewhere and storage is not None:
            from gts.search.rename_study import rename_study
            from gts.search.storage_url import place_of

            rename_study(place_of(storage), folder.name, new, owner=str(facts.get("owner", "")))
            said.append(f"the study of old in {storage} is now called {new}")
        elif facts.get("storage"):
            said.append(f"the trials of old stay where they are: {facts['storage']}")
        if here:
            _move(folder.path, target)
            if elsewhere and facts:
                write_durably(StudyFolder(target).facts, json.dumps(facts | {"name": new}, indent=2).encode())
            said.append(f"what there was is in {target}")
    finally:
        if life is not None:
            life.release()
    return said


def _elsewhere(folder: StudyFolder, storage: str) -> bool:
    # Only here: it loads Optuna.
    from gts.search.rename_study import has_study
    from gts.search.storage_url import place_of

    place = place_of(storage)
    return place.path != folder.database and has_study(place, folder.name)


def _facts(folder: StudyFolder) -> dict[str, object]:
    with suppress(OSError, ValueError):
        said = json.loads(folder.facts.read_bytes())
        return said if isinstance(said, dict) else {}
    return {}


def _refuse_at_work(folder: StudyFolder) -> None:
    """Raise UsageError where a worker of an owner that died still saves what it has."""
    if any(look(path)[0] for path in folder.path.glob("trials/*/lock")):
        raise UsageError(f"workers of {folder.name} are still saving what they have", hint="try again in a moment")


def _move(path: Path, target: Path) -> None:
    try:
        target.parent.mkdir(exist_ok=True)
        path.rename(target)
    except OSError as error:
        raise FileError(f"cannot move {path} to {target}: {(error.strerror or str(error)).lower()}") from error
