"""The trash of a workspace: deleted files lie in `.trash/` until they are restored or the user empties that folder.

Each deleted file or folder has a folder of its own there, named by time and name, with `from.json`: its former path, the time,
the command's batch number, and its rows in the catalogue.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from gts.errors import FileError, UsageError, reason
from gts.formats.durable import write_durably
from gts.store.catalogue import Catalogue, CheckpointRecord, JobRecord, RunRecord, StudyRecord, utc_now
from gts.store.records import parse_record
from gts.store.transfer import move_path, refuse_existing
from gts.store.workspace import Workspace

_FORMAT = 1
_INFO_FILE = "from.json"
_LONGEST = 150


@dataclass(frozen=True)
class TrashEntry:
    """A deleted file or folder."""

    name: str
    """Name of its folder in the trash, `20261122-081530-hopperPPO.spec`."""
    kind: str
    """spec, space, checkpoint, trajectory, run or study."""
    origin: str
    """Former path, relative to the workspace if it was inside."""
    deleted: str
    """Time of deletion; UTC."""
    batch: int
    """Equal for everything deleted by one command; larger for later commands."""
    folder: Path
    records: Mapping[str, Any]
    """Its rows in the catalogue."""

    @property
    def content(self) -> Path:
        """Path of the deleted file or folder."""
        return self.folder / Path(self.origin).name


class Trash:
    """The trash of a workspace. Every method may raise FileError."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.folder = workspace.root / ".trash"

    def discard(self, path: Path, kind: str, *, batch: int) -> TrashEntry:
        """Move a file, or the folder of a job that is not running, to the trash."""
        where = path.parent.resolve() / path.name
        root = self._workspace.root.resolve()
        origin = str(where.relative_to(root) if where.is_relative_to(root) else where)
        records = _read_records(self._workspace, path.name) if kind in ("run", "study") else {}
        folder = self._make_folder(path.name)
        one = TrashEntry(folder.name, kind, origin, utc_now(), batch, folder, records)
        said = {"format": _FORMAT, **asdict(one)}
        del said["folder"], said["name"]
        try:
            # The label comes first: whatever lies in the trash can be brought back.
            write_durably(folder / _INFO_FILE, (json.dumps(said, indent=2) + "\n").encode())
            move_path(where, one.content)
        except BaseException:
            _remove_entry(folder)
            raise
        if kind in ("run", "study"):
            with suppress(FileError), Catalogue(self._workspace.catalogue) as catalogue:
                catalogue.delete(path.name)
        return one

    def entries(self) -> list[TrashEntry]:
        """All entries, newest first."""
        try:
            folders = sorted(self.folder.iterdir(), reverse=True)
        except OSError:
            return []
        found = [one for one in map(_read_entry, folders) if one is not None]
        return sorted(found, key=lambda one: -one.batch)

    def last_batch(self) -> list[TrashEntry]:
        """Everything that the latest deleting command deleted."""
        entries = self.entries()
        return [one for one in entries if one.batch == entries[0].batch]

    def find(self, reference: str) -> TrashEntry:
        """Find an entry by its name, its former path or a unique part of either; raises UsageError."""
        entries = self.entries()
        exact = [one for one in entries if reference in (one.name, one.origin, Path(one.origin).name, str(one.content))]
        found = exact[:1] or [one for one in entries if reference in one.name or reference in one.origin]
        if not found:
            raise UsageError(f"there is no `{reference}` in the trash", hint="`gts restore --list` lists it")
        if len(found) > 1:
            shown = ", ".join(one.name for one in found[:3]) + (", …" if len(found) > 3 else "")
            raise UsageError(f"`{reference}` names {len(found)} deleted files: {shown}", hint="write a longer part of the name")
        return found[0]

    def check_restorable(self, several: Iterable[TrashEntry]) -> None:
        """Raise FileError if the former path of one of these is taken."""
        for one in several:
            check_target_free(one, self.original_path(one))

    def restore(self, entry: TrashEntry) -> Path:
        """Move an entry back to its former path and restore its rows in the catalogue; returns the path."""
        target = self.original_path(entry)
        check_target_free(entry, target)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileError(f"cannot make {target.parent}: {reason(error)}") from error
        move_path(entry.content, target)
        _remove_entry(entry.folder)
        _restore_records(self._workspace, entry.records)
        return target

    def original_path(self, entry: TrashEntry) -> Path:
        """Former path of an entry."""
        return self._workspace.root / entry.origin

    def _make_folder(self, name: str) -> Path:
        stem = f"{datetime.now():%Y%m%d-%H%M%S}-{name}"[:_LONGEST]
        try:
            self.folder.mkdir(exist_ok=True)
            for number in range(1, 10_000):
                folder = self.folder / (stem if number == 1 else f"{stem}-{number}")
                with suppress(FileExistsError):
                    folder.mkdir()
                    return folder
        except OSError as error:
            raise FileError(
                f"cannot make a trash in `{self._workspace.root}`: {reason(error)}", hint="nothing was deleted"
            ) from error
        raise FileError(f"the trash in `{self._workspace.root}` is full", hint=f"empty it: rm -r {self.folder}")


def check_target_free(entry: TrashEntry, target: Path) -> None:
    """Raise FileError if the former path of an entry is taken."""
    try:
        refuse_existing(target)
    except FileError as error:
        raise FileError(error.message, hint=f"rename it, then: gts restore {entry.name}") from error


def _read_entry(folder: Path) -> TrashEntry | None:
    """Read a folder of the trash; None if it is incomplete."""
    try:
        data = json.loads((folder / _INFO_FILE).read_bytes())
        one = TrashEntry(
            name=folder.name,
            kind=str(data["kind"]),
            origin=str(data["origin"]),
            deleted=str(data["deleted"]),
            batch=int(data["batch"]),
            folder=folder,
            records=dict(data["records"]),
        )
        one.content.lstat()
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return one


def _remove_entry(folder: Path) -> None:
    with suppress(OSError):
        (folder / _INFO_FILE).unlink(missing_ok=True)
        folder.rmdir()


def _read_records(workspace: Workspace, name: str) -> dict[str, Any]:
    """Rows of a run or study in the catalogue."""
    with suppress(FileError), Catalogue(workspace.catalogue, read_only=True) as catalogue:
        run, job, study = catalogue.get_run(name), catalogue.get_job(name), catalogue.get_study(name)
        records = {"run": run, "job": job, "study": study}
        known: dict[str, Any] = {key: asdict(record) for key, record in records.items() if record is not None}
        return known | {"checkpoints": [asdict(one) for one in catalogue.checkpoints(name)]}
    return {}


def _restore_records(workspace: Workspace, records: Mapping[str, Any]) -> None:
    """Put rows back into the catalogue; if it cannot be written, a run is indexed later from its folder."""
    # One by one: a record that cannot be read must not keep the others out.
    with suppress(FileError), Catalogue(workspace.catalogue) as catalogue:
        with suppress(ValueError):
            catalogue.put_run(parse_record(RunRecord, records.get("run")))
        with suppress(ValueError):
            catalogue.put_job(parse_record(JobRecord, records.get("job")))
        with suppress(ValueError, TypeError):
            study = dict(records.get("study") or {})
            catalogue.put_study(parse_record(StudyRecord, study | {"directions": tuple(study.get("directions", ()))}))
        for one in records.get("checkpoints", ()):
            with suppress(ValueError):
                catalogue.put_checkpoint(parse_record(CheckpointRecord, one))
