"""Reading what a workspace has; in the watcher's thread, and as little as the change since the last time allows.

What is in a workspace, as frozen values.
"""

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
from gts.store.workspace import CATALOGUE_FILE, JobFolder, RunFolder, StudyFolder, Workspace
from gts_tui.polling import stat_stamp

if TYPE_CHECKING:
    from gts.jobs.job_store import JobStatus
    from gts.store.catalogue import RunRecord


ItemKind = Literal["spec", "space", "checkpoint", "run", "study"]

ITEM_KINDS: tuple[ItemKind, ...] = ("spec", "space", "checkpoint", "run", "study")
"""In the order in which the tree has them."""

KIND_PLURALS = {"spec": "specs", "space": "spaces", "checkpoint": "checkpoints", "run": "runs", "study": "studies"}


@dataclass(frozen=True)
class WorkspaceItem:
    """A file, a run or a study."""

    kind: ItemKind
    reference: str
    """What names it on a command line: a path relative to the workspace, an id, a name."""
    name: str
    """What the tree calls it."""
    figure: str
    """Empty where it cannot be read."""
    technique: str = ""
    state: str = ""
    """How a run or study stands; one of `gts.jobs.states.WORDS`."""
    alive: bool = False
    share: float | None = None
    """How much of a run or study is done, from 0 to 1; None where that is not known."""
    created: str = ""
    """When a run or study began; UTC."""
    score: float | None = None
    """Of a checkpoint."""

    @property
    def is_file(self) -> bool:
        """Whether it is a file that a person made."""
        return self.kind in ("spec", "space", "checkpoint")


@dataclass(frozen=True)
class WorkspaceListing:
    """All that a workspace has, files by name, runs and studies newest first."""

    items: tuple[WorkspaceItem, ...]
    is_workspace: bool
    """Whether the folder has been used as a workspace."""
    is_truncated: bool = False
    """Whether it has more folders than anybody looks into."""


@dataclass(frozen=True)
class ItemProgress:
    """How far something is that is at work."""

    state: str
    share: float | None


MAX_FOLDERS = 2000
"""Folders that are looked into: a home folder that somebody opens by mistake has far more."""

_MAX_DEPTH = 5
_MAX_JOBS = 1_000_000
_MAX_HEADER_BYTES = 64_000_000
_KIND_BY_SUFFIX: Mapping[str, ItemKind] = {".spec": "spec", ".space": "space", ".checkpoint": "checkpoint"}
_GENERATED_NAMES = ("runs", "studies", CATALOGUE_FILE)


@dataclass(frozen=True)
class FileSummary:
    """What the tree says of a file."""

    figure: str = ""
    technique: str = ""
    score: float | None = None


class WorkspaceReader:
    """Reads one workspace again and again."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._folders: tuple[Path, ...] = ()
        self._live_folders: tuple[Path, ...] = ()
        self._summary_cache: dict[str, tuple[Hashable, FileSummary]] = {}
        self._is_truncated = False

    def stamp(self) -> Hashable:
        """Differs when a file has come or gone, when a job has said something, or when one has died."""
        from gts.jobs.job_lock import read_lock

        workspace = self._workspace
        folders = stat_stamp(workspace.root, workspace.catalogue, workspace.runs, workspace.studies, *self._folders)
        return folders, tuple(read_lock(JobFolder(path).lock)[0] for path in self._live_folders)

    def read(self) -> WorkspaceListing:
        """What there is now."""
        files = list(self._read_files())
        jobs = list(self._read_jobs())
        known = self._workspace.catalogue.exists() or bool(jobs)
        return WorkspaceListing((*files, *jobs), known, self._is_truncated)

    def _read_files(self) -> Iterator[WorkspaceItem]:
        root, heads = self._workspace.root, {}
        found: list[tuple[str, ItemKind, Hashable]] = []
        self._folders = tuple(Path(folder) for folder in self._walk_folders(str(root), found))
        for path, kind, stamp in sorted(found):
            old = self._summary_cache.get(path)
            head = old[1] if old and old[0] == stamp else _read_file_summary(path, kind)
            heads[path] = (stamp, head)
            word = os.path.relpath(path, root)
            yield WorkspaceItem(kind, word, Path(word).stem, head.figure, head.technique, score=head.score)
        self._summary_cache = heads

    def _walk_folders(self, root: str, found: list[tuple[str, ItemKind, Hashable]]) -> list[str]:
        """The folders below the workspace; the files in them are added to `found`."""
        folders: list[str] = []
        rest = [(root, 0)]
        self._is_truncated = False
        while rest:
            folder, depth = rest.pop(0)
            if len(folders) >= MAX_FOLDERS:
                self._is_truncated = True
                break
            folders.append(folder)
            with suppress(OSError), os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.startswith(".") or (not depth and entry.name.startswith(_GENERATED_NAMES)):
                        continue
                    kind = _KIND_BY_SUFFIX.get(os.path.splitext(entry.name)[1])
                    if kind is None and depth < _MAX_DEPTH and entry.is_dir(follow_symlinks=False):
                        rest.append((entry.path, depth + 1))
                    elif kind is not None and entry.is_file():
                        status = entry.stat()
                        found.append((entry.path, kind, (status.st_mtime_ns, status.st_size, status.st_ino)))
        return folders

    def _read_jobs(self) -> Iterator[WorkspaceItem]:
        from gts.jobs.job_store import list_jobs
        from gts.store.catalogue import Catalogue

        workspace = self._workspace
        records: dict[str, RunRecord] = {}
        with suppress(GtsError), Catalogue(workspace.catalogue, read_only=True) as catalogue:
            records = {record.id: record for record in catalogue.runs(limit=_MAX_JOBS)}
        alive = []
        for standing in list_jobs(workspace, limit=_MAX_JOBS):
            if standing.state.alive:
                alive.append(standing.job.folder)
            yield _study_item(standing) if standing.job.kind == "search" else _run_item(standing, records.get(standing.job.id))
        self._live_folders = tuple(alive)


def read_progress(workspace: Workspace, items: tuple[WorkspaceItem, ...]) -> dict[str, ItemProgress]:
    """How far those are that are at work."""
    from gts.commands.job_progress import read_run_progress
    from gts.jobs.job_store import read_job_status
    from gts.search.summary import read_study_summary

    pulses = {}
    for thing in items:
        folder = item_folder(workspace, thing)
        with suppress(GtsError):
            state = read_job_status(folder.path).state
            if isinstance(folder, RunFolder):
                headway = read_run_progress(folder, is_active=state.alive)
                done, whole = headway.step, headway.total_steps
            else:
                seen = read_study_summary(StudyFolder(folder.path))
                done, whole = (seen.ended, seen.wanted) if seen else (0, 0)
            pulses[thing.reference] = ItemProgress(state.name, _fraction(done, whole))
    return pulses


def progress_stamp(workspace: Workspace, items: tuple[WorkspaceItem, ...]) -> Hashable:
    """Differs when one of those has written a number or said what it does."""
    return tuple(job_stamp(item_folder(workspace, thing)) for thing in items)


def job_stamp(folder: JobFolder) -> Hashable:
    """Differs when a job has written a number, said what it does, or died."""
    from gts.jobs.job_lock import read_lock

    paths = [folder.job_file, folder.lock]
    if isinstance(folder, RunFolder):
        metrics = folder.metrics
        paths += [folder.run_file, metrics, metrics.with_name(f"{metrics.name}-wal")]
    elif isinstance(folder, StudyFolder):
        paths += [folder.study_file, folder.database]
    return stat_stamp(*paths), read_lock(folder.lock)[0]


def item_folder(workspace: Workspace, item: WorkspaceItem) -> JobFolder:
    """The folder of a run or study."""
    return workspace.study_folder(item.reference) if item.kind == "study" else workspace.run_folder(item.reference)


def _run_item(standing: JobStatus, record: RunRecord | None) -> WorkspaceItem:
    job = standing.job
    facts: Mapping[str, Any] = record.__dict__ if record else _read_facts(RunFolder(job.folder).run_file)
    share = _fraction(facts.get("step"), facts.get("total_steps")) if standing.state.name != "done" else None
    return WorkspaceItem(
        "run",
        job.id,
        _strip_timestamp(job.id),
        str(facts.get("figure", "")),
        str(facts.get("technique", "")),
        state=standing.state.name,
        alive=standing.state.alive,
        share=share,
        created=job.created,
    )


def _study_item(standing: JobStatus) -> WorkspaceItem:
    job = standing.job
    space = _read_facts(StudyFolder(job.folder).study_file).get("space")
    space = space if isinstance(space, dict) else {}
    return WorkspaceItem(
        "study",
        job.id,
        job.id,
        str(space.get("physicalModel", "")),
        str(space.get("technique", "")),
        state=standing.state.name,
        alive=standing.state.alive,
        created=job.created,
    )


def _read_file_summary(path: str, kind: ItemKind) -> FileSummary:
    """What a file says of itself; nothing where it cannot be read: the page about it says why."""
    with suppress(OSError, ValueError, RecursionError, AttributeError, TypeError), open(path, "rb") as file:
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


def _read_facts(path: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        facts = json.loads(path.read_bytes())
        return facts if isinstance(facts, dict) else {}
    return {}


def _fraction(done: Any, total: Any) -> float | None:
    if not isinstance(done, int) or not isinstance(total, int) or total <= 0:
        return None
    return min(1.0, max(0.0, done / total))


def _strip_timestamp(run: str) -> str:
    """`20261122-081530-hopperPPO-k3f` → `hopperPPO-k3f`."""
    parts = run.split("-", 2)
    return parts[2] if len(parts) == 3 and parts[0].isdigit() and parts[1].isdigit() and parts[2] else run
