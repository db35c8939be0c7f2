"""Which trainings there are, and the end of what one has said."""

from __future__ import annotations

import time
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gts.store.workspace import JobFolder, RunFolder, Workspace
from gts_tui.polling import changed
from gts_tui.screens.training.data import short_name

MOST_RUNS = 500
_AGAIN_SECONDS = 5.0
_TAIL_BYTES = 16_384
_LINES = 200


@dataclass(frozen=True)
class Listed:
    """A training in the list."""

    id: str
    folder: Path
    name: str
    state: str
    alive: bool


def listing_stamp(workspace: Workspace) -> Hashable:
    """Differs when the list may."""
    return changed(workspace.catalogue, workspace.runs), time.monotonic() // _AGAIN_SECONDS


def list_runs(workspace: Workspace) -> tuple[Listed, ...]:
    """The trainings of a workspace, newest first."""
    from gts.jobs.job_store import jobs_of

    return tuple(
        Listed(one.job.id, one.job.folder, short_name(one.job.folder), one.state.word, one.state.alive)
        for one in jobs_of(workspace, limit=MOST_RUNS)
        if one.job.kind != "search"
    )


def log_stamp(folder: Path) -> Hashable:
    """Differs when the log may."""
    return changed(JobFolder(folder).log)


def log_end(folder: Path) -> tuple[str, ...]:
    """The last lines of what a training has said, as far as the end of the file holds them."""
    path = JobFolder(folder).log
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL_BYTES))
            data = file.read(_TAIL_BYTES)
    except OSError as error:
        return (f"cannot read its log: {(error.strerror or str(error)).lower()}",)
    lines = data.decode(errors="replace").splitlines()
    # The first one was cut where the file is longer.
    return tuple(lines[1 if size > _TAIL_BYTES else 0 :][-_LINES:])


def folder_of(workspace: Workspace, word: str) -> Path | None:
    """The folder of the training that a word names: an id or a part of one that no other has, `@last`, or a path."""
    from gts.commands.resolve import find_run
    from gts.errors import GtsError

    with suppress(OSError):
        for path in (Path(word).expanduser(), workspace.root / word):
            if RunFolder(path).exists():
                return path.absolute()
            # A file of a run, a checkpoint say, stands for it.
            if path.is_file():
                return next((above for above in path.absolute().parents if RunFolder(above).exists()), None)
    with suppress(GtsError):
        found = find_run(workspace, word)
        return found.path if found is not None else None
    return None
