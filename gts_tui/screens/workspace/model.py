"""Items of a workspace: files, runs and studies as frozen values, read in the polling thread."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Hashable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gts.errors import GtsError
from gts.store.workspace import JobFolder, RunFolder, StudyFolder, Workspace, find_files, short_run_name
from gts_tui.polling import stat_stamp

if TYPE_CHECKING:
    from gts.jobs.job_store import JobStatus
    from gts.store.catalogue import RunRecord


ItemKind = Literal["spec", "space", "checkpoint", "run", "study"]

ITEM_KINDS: tuple[ItemKind, ...] = ("spec", "space", "checkpoint", "run", "study")
"""In the order of the tree."""

KIND_PLURALS = {"spec": "specs", "space": "spaces", "checkpoint": "checkpoints", "run": "runs", "study": "studies"}

_MAX_JOBS = 1_000_000
_MAX_HEADER_BYTES = 64_000_000
_KIND_BY_SUFFIX: Mapping[str, ItemKind] = {".spec": "spec", ".space": "space", ".checkpoint": "checkpoint"}


@dataclass(frozen=True)
class WorkspaceItem:
    """A file, a run or a study."""

    kind: ItemKind
    reference: str
    """Argument for commands: a path relative to the workspace, a run ID or a study name."""
    name: str
    """Label in the tree."""
    figure: str
    """Empty if unknown."""
    technique: str = ""
    state: str = ""
    """Job state of a run or study, one of `gts.jobs.states.STATE_NAMES`; empty for files."""
    alive: bool = False
    progress: float | None = None
    """Completed fraction of a run or study, 0 to 1; None if unknown."""
    created: str = ""
    """Creation time of a run or study, UTC."""
    score: float | None = None
    """Score of a checkpoint."""

    @property
    def is_file(self) -> bool:
        """Whether this is a spec, a space or a checkpoint."""
        return self.kind in ("spec", "space", "checkpoint")


@dataclass(frozen=True)
class WorkspaceListing:
    """Everything in a workspace: files by name, then runs and studies, newest first."""

    items: tuple[WorkspaceItem, ...]
    is_workspace: bool
    """Whether the folder has a catalogue or jobs."""


@dataclass(frozen=True)
class ItemProgress:
    """State and progress of an active run or study."""

    state: str
    progress: float | None


@dataclass(frozen=True)
class FileSummary:
    """Columns of a file in the tree."""

    figure: str = ""
    technique: str = ""
    score: float | None = None


class WorkspaceReader:
    """Lists a workspace repeatedly; reads only files that changed since the last time."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._folders: tuple[Path, ...] = ()
        self._active_folders: tuple[Path, ...] = ()
        self._summary_cache: dict[Path, tuple[Hashable, FileSummary]] = {}

    def stamp(self) -> Hashable:
        """Stamp of all folders and locks: changes when files appear or vanish, or when a job changes state or dies."""
        from gts.jobs.job_lock import read_lock

        workspace = self._workspace
        folders = stat_stamp(workspace.root, workspace.catalogue, workspace.runs, workspace.studies, *self._folders)
        return folders, tuple(read_lock(JobFolder(path).lock)[0] for path in self._active_folders)

    def read(self) -> WorkspaceListing:
        """List the workspace."""
        files = list(self._read_files())
        jobs = list(self._read_jobs())
        return WorkspaceListing((*files, *jobs), is_workspace=self._workspace.catalogue.exists() or bool(jobs))

    def _read_files(self) -> Iterator[WorkspaceItem]:
        root, summaries = self._workspace.root, {}
        found = find_files(root, _KIND_BY_SUFFIX)
        self._folders = found.folders
        for path in sorted(found.files, key=str):
            kind, stamp = _KIND_BY_SUFFIX[path.suffix], stat_stamp(path)
            cached = self._summary_cache.get(path)
            summary = cached[1] if cached and cached[0] == stamp else _read_file_summary(path, kind)
            summaries[path] = (stamp, summary)
            reference = os.path.relpath(path, root)
            yield WorkspaceItem(kind, reference, path.stem, summary.figure, summary.technique, score=summary.score)
        self._summary_cache = summaries

    def _read_jobs(self) -> Iterator[WorkspaceItem]:
        from gts.jobs.job_store import list_jobs
        from gts.store.catalogue import Catalogue

        workspace = self._workspace
        records: dict[str, RunRecord] = {}
        with suppress(GtsError), Catalogue(workspace.catalogue, read_only=True) as catalogue:
            records = {record.id: record for record in catalogue.runs(limit=_MAX_JOBS)}
        active = []
        for status in list_jobs(workspace, limit=_MAX_JOBS):
            if status.state.alive:
                active.append(status.job.folder)
            yield _study_item(status) if status.job.kind == "search" else _run_item(status, records.get(status.job.id))
        self._active_folders = tuple(active)


def read_progress(workspace: Workspace, items: tuple[WorkspaceItem, ...]) -> dict[str, ItemProgress]:
    """Read state and progress of active items, by reference; items that cannot be read are left out."""
    from gts.commands.job_progress import read_run_progress
    from gts.jobs.job_store import read_job_status
    from gts.search.summary import read_study_summary

    found = {}
    for item in items:
        folder = item_folder(workspace, item)
        with suppress(GtsError):
            state = read_job_status(folder.path).state
            if isinstance(folder, RunFolder):
                run = read_run_progress(folder, is_active=state.alive)
                progress = _fraction(run.step, run.total_steps)
            else:
                study = read_study_summary(StudyFolder(folder.path))
                progress = _fraction(study.ended, study.wanted) if study else None
            found[item.reference] = ItemProgress(state.name, progress)
    return found


def progress_stamp(workspace: Workspace, items: tuple[WorkspaceItem, ...]) -> Hashable:
    """Stamp for `read_progress`."""
    return tuple(job_stamp(item_folder(workspace, item)) for item in items)


def job_stamp(folder: JobFolder) -> Hashable:
    """Stamp of a job: changes when it writes metrics, changes state or dies."""
    from gts.jobs.job_lock import read_lock

    paths = [folder.job_file, folder.lock]
    if isinstance(folder, RunFolder):
        metrics = folder.metrics
        paths += [folder.run_file, metrics, metrics.with_name(f"{metrics.name}-wal")]
    elif isinstance(folder, StudyFolder):
        paths += [folder.study_file, folder.database]
    return stat_stamp(*paths), read_lock(folder.lock)[0]


def item_folder(workspace: Workspace, item: WorkspaceItem) -> JobFolder:
    """Folder of a run or study."""
    return workspace.study_folder(item.reference) if item.kind == "study" else workspace.run_folder(item.reference)


def _run_item(status: JobStatus, record: RunRecord | None) -> WorkspaceItem:
    job = status.job
    run: Mapping[str, Any] = record.__dict__ if record else _read_json_or_empty(RunFolder(job.folder).run_file)
    return WorkspaceItem(
        "run",
        job.id,
        short_run_name(job.id),
        str(run.get("figure", "")),
        str(run.get("technique", "")),
        state=status.state.name,
        alive=status.state.alive,
        progress=_fraction(run.get("step"), run.get("total_steps")) if status.state.name != "done" else None,
        created=job.created,
    )


def _study_item(status: JobStatus) -> WorkspaceItem:
    job = status.job
    space = _read_json_or_empty(StudyFolder(job.folder).study_file).get("space")
    space = space if isinstance(space, dict) else {}
    return WorkspaceItem(
        "study",
        job.id,
        job.id,
        str(space.get("physicalModel", "")),
        str(space.get("technique", "")),
        state=status.state.name,
        alive=status.state.alive,
        created=job.created,
    )


def _read_file_summary(path: Path, kind: ItemKind) -> FileSummary:
    """Read figure, technique and score from a file; empty if it is unreadable: the details pane shows the error."""
    with suppress(OSError, ValueError, LookupError, RecursionError, AttributeError, TypeError), path.open("rb") as file:
        if kind == "checkpoint":
            length = int.from_bytes(file.read(8), "little")
            entries = json.loads(file.read(min(length, _MAX_HEADER_BYTES)))
            content = json.loads(entries["__metadata__"]["gts"])
            spec, score = content["spec"], (content.get("score") or {}).get("score")
            value = float(score) if isinstance(score, (int, float)) and math.isfinite(score) else None
            return FileSummary(str(spec["physicalModel"]), str(spec["technique"]), value)
        content = json.loads(file.read(_MAX_HEADER_BYTES))
        return FileSummary(str(content.get("physicalModel", "")), str(content.get("technique", "")))
    return FileSummary()


def _read_json_or_empty(path: Path) -> dict[str, Any]:
    from gts.commands.job_progress import read_json_object

    with suppress(GtsError):
        return read_json_object(path)
    return {}


def _fraction(done: Any, total: Any) -> float | None:
    if not isinstance(done, int) or not isinstance(total, int) or total <= 0:
        return None
    return min(1.0, max(0.0, done / total))
