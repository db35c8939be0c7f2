"""Paths within a workspace."""

from __future__ import annotations

import os
import re
import secrets
from collections import deque
from collections.abc import Container
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gts.errors import FileError, reason

CATALOGUE_FILE = "gts.db"
_RUN_FILE = "run.json"
WORKSPACE_VARIABLE = "GTS_WORKSPACE"
"""Environment variable with the workspace to use."""
MAX_FOLDERS = 2000
"""Folders searched for files: a home folder opened by mistake has far more."""
MAX_DEPTH = 5
_GENERATED_FOLDERS = ("runs", "studies")
_RUN_TIME = re.compile(r"^\d{8}-\d{6}-")
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # without l, o, 0, 1, which eyes confuse


@dataclass(frozen=True)
class Workspace:
    """A folder with specs, spaces and checkpoints, and the program's files beside them."""

    root: Path

    @property
    def catalogue(self) -> Path:
        """The index of jobs, runs, studies, checkpoints and scores."""
        return self.root / CATALOGUE_FILE

    @property
    def runs(self) -> Path:
        """Parent of the runs' folders."""
        return self.root / "runs"

    @property
    def studies(self) -> Path:
        """Parent of the studies' folders."""
        return self.root / "studies"

    def run_folder(self, run_id: str) -> RunFolder:
        """Folder of a run, which may not exist."""
        return RunFolder(self.runs / run_id)

    def study_folder(self, name: str) -> StudyFolder:
        """Folder of a study, which may not exist."""
        return StudyFolder(self.studies / name)

    def display_path(self, path: Path) -> str:
        """A path for messages and files: relative to the workspace if it is inside, else absolute."""
        full, root = os.path.abspath(path), os.path.abspath(self.root)
        return os.path.relpath(full, root) if full.startswith(root + os.sep) else full

    def run_ids(self, *, known: Container[str] = ()) -> list[str]:
        """Ids of the runs that have a folder and are not `known`, oldest first."""
        try:
            with os.scandir(self.runs) as entries:
                # One listing, and a look only into the folders that are new: on a network disk each look is a round trip.
                return sorted(
                    entry.name
                    for entry in entries
                    if entry.name not in known and entry.is_dir() and os.path.isfile(os.path.join(entry.path, _RUN_FILE))
                )
        except OSError:
            return []

    def match_runs(self, reference: str) -> list[str]:
        """Ids of the runs that a word matches, oldest first: an exact id, else a prefix or suffix, else any part."""
        return _match_names(reference, self.run_ids())

    def study_names(self) -> list[str]:
        """Names of the studies that have a folder."""
        try:
            return sorted(entry.name for entry in os.scandir(self.studies) if StudyFolder(Path(entry.path)).exists())
        except OSError:
            return []

    def match_jobs(self, reference: str) -> list[Path]:
        """Folders of the runs and studies that a word matches, in the same way."""
        folders = {name: self.study_folder(name).path for name in self.study_names()}
        folders |= {run: self.run_folder(run).path for run in self.run_ids()}
        return [folders[name] for name in _match_names(reference, list(folders))]

    def create_run_folder(self, name: str, now: datetime) -> RunFolder:
        """Create the folder of a new run; raises FileError."""
        try:
            self.runs.mkdir(parents=True, exist_ok=True)
            while True:
                folder = self.runs / make_run_id(name, now)
                try:
                    folder.mkdir()
                except FileExistsError:
                    continue
                return RunFolder(folder)
        except OSError as error:
            raise FileError(
                f"cannot make a folder for the run in `{self.runs}`: {reason(error)}",
                hint="name a workspace that can be written to: --workspace DIR",
            ) from error


@dataclass(frozen=True)
class JobFolder:
    """Paths within the folder of any job."""

    path: Path

    @property
    def job_file(self) -> Path:
        """The job as JSON, with its recorded state."""
        return self.path / "job.json"

    @property
    def lock(self) -> Path:
        """Locked by the process that runs the job."""
        return self.path / "lock"

    @property
    def log(self) -> Path:
        """Log, one line per event."""
        return self.path / "log.txt"


@dataclass(frozen=True)
class RunFolder(JobFolder):
    """Paths within the folder of a run."""

    @property
    def id(self) -> str:
        """`20261122-081530-hopperPPO-k3f`: sorts by time."""
        return self.path.name

    @property
    def run_file(self) -> Path:
        """Description and results of the run as JSON."""
        return self.path / _RUN_FILE

    @property
    def start_checkpoint(self) -> Path:
        """The checkpoint that the training started from, if any."""
        return self.path / "start.checkpoint"

    @property
    def metrics(self) -> Path:
        """Its metrics."""
        return self.path / "metrics.db"

    def member_folder(self, member: int) -> Path:
        """Folder of a member's spec and checkpoints; members count from 0, folders from 1."""
        return self.path / f"member{member + 1}"

    def spec(self, member: int) -> Path:
        """The member's spec."""
        return self.member_folder(member) / "training.spec"

    def last_checkpoint(self, member: int, step: int) -> Path:
        """The member's complete state at a step."""
        return self.member_folder(member) / f"last-{step:013d}.checkpoint"

    def best_checkpoint(self, member: int) -> Path:
        """The member's best policy so far."""
        return self.member_folder(member) / "best.checkpoint"

    def trajectory(self, member: int) -> Path:
        """An episode of the member's policy at the newest evaluation."""
        return self.member_folder(member) / "newest.trajectory"

    def failure_dump(self, member: int, step: int) -> Path:
        """Arrays of a member that failed at a step."""
        return self.member_folder(member) / f"failed-{step:013d}.safetensors"

    def last_checkpoints(self, member: int) -> list[Path]:
        """The complete states on the disk, oldest first."""
        return sorted(self.member_folder(member).glob("last-*.checkpoint"))

    def member_count(self) -> int:
        """Number of members that have a folder."""
        return len(list(self.path.glob("member*/training.spec")))

    def exists(self) -> bool:
        """Whether this is the folder of a run."""
        return self.run_file.is_file()


@dataclass(frozen=True)
class StudyFolder(JobFolder):
    """Paths within the folder of a study."""

    @property
    def name(self) -> str:
        """Name of the study."""
        return self.path.name

    @property
    def study_file(self) -> Path:
        """Settings and description of the study as JSON."""
        return self.path / "study.json"

    @property
    def database(self) -> Path:
        """Its trials, unless another storage was chosen."""
        return self.path / "study.db"

    def exists(self) -> bool:
        """Whether this is the folder of a study."""
        return self.job_file.is_file() or self.study_file.is_file()


def _match_names(reference: str, names: list[str]) -> list[str]:
    ends = [one for one in names if one.startswith(reference) or one.endswith(reference)]
    return [one for one in names if one == reference] or ends or [one for one in names if reference in one]


def find_workspace(given: Path | None = None) -> Workspace:
    """Find the workspace: `given`, $GTS_WORKSPACE, the nearest folder upwards with a catalogue, or the current folder.

    Raises FileError if a named folder does not exist.
    """
    named = given or (Path(os.environ[WORKSPACE_VARIABLE]) if os.environ.get(WORKSPACE_VARIABLE) else None)
    if named is not None:
        if not named.is_dir():
            what = "is not a folder" if named.exists() else "does not exist"
            raise FileError(f"the workspace `{named}` {what}", hint=f"make one: gts init {named}")
        return Workspace(named)
    here = Path.cwd()
    for folder in (here, *here.parents):
        # A catalogue in the home folder is used only there, not in all folders below it.
        if folder == Path.home() and folder != here:
            break
        if (folder / CATALOGUE_FILE).is_file():
            return Workspace(folder)
    return Workspace(here)


@dataclass(frozen=True)
class FileListing:
    """Files found below a folder, and the folders that were searched for them."""

    files: tuple[Path, ...]
    """Sorted folder by folder, by name."""
    folders: tuple[Path, ...]
    """In the order of the search, the root first; a file that comes or goes changes the time of one of them."""


def find_files(root: Path, suffixes: Container[str]) -> FileListing:
    """Find the files with one of the suffixes below a workspace.

    Hidden entries, `runs/` and `studies/` are skipped. At most `MAX_FOLDERS` folders, `MAX_DEPTH` levels deep, are searched.
    Folders that cannot be read are skipped.
    """
    files: list[Path] = []
    folders: list[Path] = []
    queue = deque([(str(root), 0)])
    while queue and len(folders) < MAX_FOLDERS:
        folder, depth = queue.popleft()
        folders.append(Path(folder))
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith(".") or (not depth and entry.name in _GENERATED_FOLDERS):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    if depth < MAX_DEPTH:
                        queue.append((entry.path, depth + 1))
                elif os.path.splitext(entry.name)[1] in suffixes and entry.is_file():
                    files.append(Path(entry.path))
    return FileListing(tuple(sorted(files)), tuple(folders))


def short_run_name(run_id: str) -> str:
    """Strip the time from a run ID: `20261122-081530-hopperPPO-k3f` → `hopperPPO-k3f`. Other names are returned unchanged."""
    return _RUN_TIME.sub("", run_id) or run_id


def make_run_id(name: str, now: datetime) -> str:
    """A run id: time, name, and three random letters that distinguish runs of the same second."""
    word = re.sub(r"[^A-Za-z0-9]+", "-", name)[:32].strip("-") or "run"
    return f"{now:%Y%m%d-%H%M%S}-{word}-{''.join(secrets.choice(_LETTERS) for _ in range(3))}"
