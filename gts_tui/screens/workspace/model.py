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
from gts.store.workspace import CATALOGUE, JobFolder, RunFolder, StudyFolder, Workspace
from gts_tui.polling import changed

if TYPE_CHECKING:
    from gts.jobs.job_store import Standing
    from gts.store.catalogue import RunRecord


Kind = Literal["spec", "space", "checkpoint", "run", "study"]

KINDS: tuple[Kind, ...] = ("spec", "space", "checkpoint", "run", "study")
"""In the order in which the tree has them."""

PLURALS = {"spec": "specs", "space": "spaces", "checkpoint": "checkpoints", "run": "runs", "study": "studies"}


@dataclass(frozen=True)
class Thing:
    """A file, a run or a study."""

    kind: Kind
    word: str
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
class Contents:
    """All that a workspace has, files by name, runs and studies newest first."""

    things: tuple[Thing, ...]
    known: bool
    """Whether the folder has been used as a workspace."""
    cut: bool = False
    """Whether it has more folders than anybody looks into."""


@dataclass(frozen=True)
class Pulse:
    """How far something is that is at work."""

    state: str
    share: float | None


MOST_FOLDERS = 2000
"""Folders that are looked into: a home folder that somebody opens by mistake has far more."""

_DEEPEST = 5
_MANY = 1_000_000
_LARGEST = 64_000_000
_ENDINGS: Mapping[str, Kind] = {".spec": "spec", ".space": "space", ".checkpoint": "checkpoint"}
_MADE_BY_USE = ("runs", "studies", CATALOGUE)


@dataclass(frozen=True)
class Head:
    """What the tree says of a file."""

    figure: str = ""
    technique: str = ""
    score: float | None = None


class Reader:
    """Reads one workspace again and again."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._folders: tuple[Path, ...] = ()
        self._alive: tuple[Path, ...] = ()
        self._heads: dict[str, tuple[Hashable, Head]] = {}
        self._cut = False

    def stamp(self) -> Hashable:
        """Differs when a file has come or gone, when a job has said something, or when one has died."""
        from gts.jobs.job_lock import look

        workspace = self._workspace
        folders = changed(workspace.root, workspace.catalogue, workspace.runs, workspace.studies, *self._folders)
        return folders, tuple(look(JobFolder(path).lock)[0] for path in self._alive)

    def read(self) -> Contents:
        """What there is now."""
        files = list(self._files())
        jobs = list(self._jobs())
        known = self._workspace.catalogue.exists() or bool(jobs)
        return Contents((*files, *jobs), known, self._cut)

    def _files(self) -> Iterator[Thing]:
        root, heads = self._workspace.root, {}
        found: list[tuple[str, Kind, Hashable]] = []
        self._folders = tuple(Path(folder) for folder in self._walk(str(root), found))
        for path, kind, stamp in sorted(found):
            old = self._heads.get(path)
            head = old[1] if old and old[0] == stamp else _head(path, kind)
            heads[path] = (stamp, head)
            word = os.path.relpath(path, root)
            yield Thing(kind, word, Path(word).stem, head.figure, head.technique, score=head.score)
        self._heads = heads

    def _walk(self, root: str, found: list[tuple[str, Kind, Hashable]]) -> list[str]:
        """The folders below the workspace; the files in them are added to `found`."""
        folders: list[str] = []
        rest = [(root, 0)]
        self._cut = False
        while rest:
            folder, depth = rest.pop(0)
            if len(folders) >= MOST_FOLDERS:
                self._cut = True
                break
            folders.append(folder)
            with suppress(OSError), os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.startswith(".") or (not depth and entry.name.startswith(_MADE_BY_USE)):
                        continue
                    kind = _ENDINGS.get(os.path.splitext(entry.name)[1])
                    if kind is None and depth < _DEEPEST and entry.is_dir(follow_symlinks=False):
                        rest.append((entry.path, depth + 1))
                    elif kind is not None and entry.is_file():
                        status = entry.stat()
                        found.append((entry.path, kind, (status.st_mtime_ns, status.st_size, status.st_ino)))
        return folders

    def _jobs(self) -> Iterator[Thing]:
        from gts.jobs.job_store import jobs_of
        from gts.store.catalogue import Catalogue

        workspace = self._workspace
        records: dict[str, RunRecord] = {}
        with suppress(GtsError), Catalogue(workspace.catalogue, read_only=True) as catalogue:
            records = {record.id: record for record in catalogue.runs(limit=_MANY)}
        alive = []
        for standing in jobs_of(workspace, limit=_MANY):
            if standing.state.alive:
                alive.append(standing.job.folder)
            yield _study(standing) if standing.job.kind == "search" else _run(standing, records.get(standing.job.id))
        self._alive = tuple(alive)


def read_pulses(workspace: Workspace, things: tuple[Thing, ...]) -> dict[str, Pulse]:
    """How far those are that are at work."""
    from gts.commands.job_progress import headway_of
    from gts.jobs.job_store import standing_of
    from gts.search.summary import glance

    pulses = {}
    for thing in things:
        folder = folder_of(workspace, thing)
        with suppress(GtsError):
            state = standing_of(folder.path).state
            if isinstance(folder, RunFolder):
                headway = headway_of(folder, at_work=state.alive)
                done, whole = headway.step, headway.total_steps
            else:
                seen = glance(StudyFolder(folder.path))
                done, whole = (seen.ended, seen.wanted) if seen else (0, 0)
            pulses[thing.word] = Pulse(state.word, _share(done, whole))
    return pulses


def pulse_stamp(workspace: Workspace, things: tuple[Thing, ...]) -> Hashable:
    """Differs when one of those has written a number or said what it does."""
    return tuple(job_stamp(folder_of(workspace, thing)) for thing in things)


def job_stamp(folder: JobFolder) -> Hashable:
    """Differs when a job has written a number, said what it does, or died."""
    from gts.jobs.job_lock import look

    paths = [folder.job, folder.lock]
    if isinstance(folder, RunFolder):
        metrics = folder.metrics
        paths += [folder.facts, metrics, metrics.with_name(f"{metrics.name}-wal")]
    elif isinstance(folder, StudyFolder):
        paths += [folder.facts, folder.database]
    return changed(*paths), look(folder.lock)[0]


def folder_of(workspace: Workspace, thing: Thing) -> JobFolder:
    """The folder of a run or study."""
    return workspace.study(thing.word) if thing.kind == "study" else workspace.run(thing.word)


def _run(standing: Standing, record: RunRecord | None) -> Thing:
    job = standing.job
    facts: Mapping[str, Any] = record.__dict__ if record else _facts(RunFolder(job.folder).facts)
    share = _share(facts.get("step"), facts.get("total_steps")) if standing.state.word != "done" else None
    return Thing(
        "run",
        job.id,
        _without_time(job.id),
        str(facts.get("figure", "")),
        str(facts.get("technique", "")),
        state=standing.state.word,
        alive=standing.state.alive,
        share=share,
        created=job.created,
    )


def _study(standing: Standing) -> Thing:
    job = standing.job
    space = _facts(StudyFolder(job.folder).facts).get("space")
    space = space if isinstance(space, dict) else {}
    return Thing(
        "study",
        job.id,
        job.id,
        str(space.get("physicalModel", "")),
        str(space.get("technique", "")),
        state=standing.state.word,
        alive=standing.state.alive,
        created=job.created,
    )


def _head(path: str, kind: Kind) -> Head:
    """What a file says of itself; nothing where it cannot be read: the page about it says why."""
    with suppress(OSError, ValueError, RecursionError, AttributeError, TypeError), open(path, "rb") as file:
        if kind == "checkpoint":
            length = int.from_bytes(file.read(8), "little")
            entries = json.loads(file.read(min(length, _LARGEST)))
            said = json.loads(entries["__metadata__"]["gts"])
            spec, score = said["spec"], (said.get("score") or {}).get("score")
            worth = float(score) if isinstance(score, (int, float)) and math.isfinite(score) else None
            return Head(str(spec["physicalModel"]), str(spec["technique"]), worth)
        said = json.loads(file.read(_LARGEST))
        return Head(str(said.get("physicalModel", "")), str(said.get("technique", "")))
    return Head()


def _facts(path: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        said = json.loads(path.read_bytes())
        return said if isinstance(said, dict) else {}
    return {}


def _share(done: Any, whole: Any) -> float | None:
    if not isinstance(done, int) or not isinstance(whole, int) or whole <= 0:
        return None
    return min(1.0, max(0.0, done / whole))


def _without_time(run: str) -> str:
    """`20261122-081530-hopperPPO-k3f` → `hopperPPO-k3f`."""
    parts = run.split("-", 2)
    return parts[2] if len(parts) == 3 and parts[0].isdigit() and parts[1].isdigit() and parts[2] else run
