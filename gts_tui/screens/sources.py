"""Sources for playing and comparing: the specs, checkpoints and runs of a workspace, with figure, step and score."""

from __future__ import annotations

import os
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gts.errors import GtsError
from gts.store.workspace import RunFolder, Workspace, find_files
from gts_tui.polling import stat_stamp

MAX_RUNS = 200
_MAX_FILES = 2000
_POLLED_RUNS = 8
"""Newest runs whose folders are polled, since they may be active."""


@dataclass(frozen=True)
class SourceInfo:
    """A spec, checkpoint or run."""

    reference: str
    """Path relative to the workspace, or ID of a run."""
    kind: Literal["run", "checkpoint", "spec"]
    figure: str
    step: int | None = None
    score: float | None = None
    """For a run, the best of its members."""
    playable: bool = True
    members: int = 1


class SourceReader:
    """Reads the sources of a workspace; unchanged files are not read again."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._folders: list[Path] = [workspace.root]
        self._headers: dict[Path, tuple[Hashable, Any]] = {}

    def stamp(self) -> Hashable:
        """Return a stamp that changes with the sources."""
        newest = [folder for run in self._newest_runs()[:_POLLED_RUNS] for folder in (run, *_member_folders(RunFolder(run)))]
        return stat_stamp(self._workspace.runs, *self._folders, *newest)

    def read(self) -> tuple[SourceInfo, ...]:
        """Return runs, newest first, then files by folder and name."""
        runs = [choice for path in self._newest_runs() if (choice := self._read_run(RunFolder(path))) is not None]
        files = [self._read_file(path) for path in self._find_files()]
        return (*runs, *(choice for choice in files if choice is not None))

    def _newest_runs(self) -> list[Path]:
        try:
            names = sorted((entry.name for entry in os.scandir(self._workspace.runs)), reverse=True)
        except OSError:
            return []
        return [self._workspace.runs / name for name in names[:MAX_RUNS]]

    def _read_run(self, folder: RunFolder) -> SourceInfo | None:
        if not folder.exists():
            return None
        members = max(1, len(_member_folders(folder)))
        files = [
            path
            for member in range(members)
            for path in (folder.best_checkpoint(member), *folder.last_checkpoints(member)[-1:])
        ]
        found = [header for path in files if (header := self._cached_header(path)) is not None]
        scores = [score for header in found if (score := _best_known_score(header)) is not None]
        steps = [int(header.counters.get("step", 0)) for header in found]
        recorded = any(folder.trajectory(member).is_file() for member in range(members))
        figure = found[0].spec.figure if found else ""
        return SourceInfo(
            folder.id, "run", figure, max(steps, default=None), max(scores, default=None), bool(found) or recorded, members
        )

    def _read_file(self, path: Path) -> SourceInfo | None:
        word = str(path.relative_to(self._workspace.root))
        header = self._cached_header(path)
        if header is None:
            # Listed anyway: an attempt to play it shows the error.
            return SourceInfo(word, "spec" if path.suffix == ".spec" else "checkpoint", "")
        if path.suffix == ".spec":
            return SourceInfo(word, "spec", header.figure, playable=False)
        return SourceInfo(
            word, "checkpoint", header.spec.figure, int(header.counters.get("step", 0)), _best_known_score(header)
        )

    def _find_files(self) -> list[Path]:
        found = find_files(self._workspace.root, (".checkpoint", ".spec"))
        self._folders = list(found.folders)
        return list(found.files)[:_MAX_FILES]

    def _cached_header(self, path: Path) -> Any:
        """Return the header of a file; None if it does not exist or cannot be read."""
        stamp = stat_stamp(path)
        if stamp == (None,):
            return None
        known = self._headers.get(path)
        if known is None or known[0] != stamp:
            known = self._headers[path] = (stamp, _read_header(path))
        return known[1]


def _read_header(path: Path) -> Any:
    from gts.formats.checkpoint import read_checkpoint_header
    from gts.formats.spec_file import read_spec

    try:
        return read_spec(path) if path.suffix == ".spec" else read_checkpoint_header(path)
    except GtsError:
        return None


def _member_folders(folder: RunFolder) -> list[Path]:
    try:
        return sorted(Path(entry.path) for entry in os.scandir(folder.path) if entry.name.startswith("member"))
    except OSError:
        return []


def _best_known_score(header: Any) -> float | None:
    """Return the score of a checkpoint, else its best evaluation; None without either."""
    if header.score is not None:
        return _as_float(header.score.get("score"))
    return max((value for row in header.history if (value := _as_float(row.get("score"))) is not None), default=None)


def _as_float(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None
