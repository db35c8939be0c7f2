"""The trash of a workspace: what was deleted lies in `.trash/` until a person brings it back, or empties that folder.

Each thing has a folder of its own there, named by time and name, with the thing itself and `from.json`: where it was, when it
was deleted and what else with it, and what the catalogue knew of it.
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
from gts.store.transfer import move_path, refuse_existing
from gts.store.workspace import Workspace

_FORMAT = 1
_INFO_FILE = "from.json"
_LONGEST = 150


@dataclass(frozen=True)
class TrashEntry:
    """One thing in the trash."""

    name: str
    """Of its folder there, `20261122-081530-hopperPPO.spec`."""
    kind: str
    """spec, space, checkpoint, trajectory, run or study."""
    origin: str
    """Where it was, relative to the workspace where that is inside."""
    deleted: str
    """When; UTC."""
    batch: int
    """The same for all that one command deleted; larger for later ones."""
    folder: Path
    records: Mapping[str, Any]
    """What the catalogue knew of it."""

    @property
    def content(self) -> Path:
        """The thing itself."""
        return self.folder / Path(self.origin).name


class Trash:
    """What was deleted in a workspace; every method may raise FileError."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.folder = workspace.root / ".trash"

    def discard(self, path: Path, kind: str, *, batch: int) -> TrashEntry:
        """Move a file, or the folder of a job on which nobody works, to the trash."""
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
        """All that is there, newest first."""
        try:
            folders = sorted(self.folder.iterdir(), reverse=True)
        except OSError:
            return []
        found = [one for one in map(_read_entry, folders) if one is not None]
        return sorted(found, key=lambda one: -one.batch)

    def last_batch(self) -> list[TrashEntry]:
        """What was deleted last: everything that one command deleted."""
        entries = self.entries()
        return [one for one in entries if one.batch == entries[0].batch]

    def find(self, reference: str) -> TrashEntry:
        """What a word names: its name there, where it was, or a part of one; raises UsageError."""
        entries = self.entries()
        exact = [one for one in entries if reference in (one.name, one.origin, Path(one.origin).name, str(one.content))]
        found = exact[:1] or [one for one in entries if reference in one.name or reference in one.origin]
        if not found:
            raise UsageError(f"there is no `{reference}` in the trash", hint="`gts restore --list` shows what is there")
        if len(found) > 1:
            shown = ", ".join(one.name for one in found[:3]) + (", …" if len(found) > 3 else "")
            raise UsageError(f"`{reference}` names {len(found)} things: {shown}", hint="write more of it")
        return found[0]

    def check_restorable(self, several: Iterable[TrashEntry]) -> None:
        """Raise FileError where one of these cannot go back because something else is there."""
        for one in several:
            check_target_free(one, self.original_path(one))

    def restore(self, entry: TrashEntry) -> Path:
        """Bring something back to where it was, and the catalogue's knowledge of it; the place."""
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
        """Where something goes back to."""
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
    """Raise FileError where something is at the place that a thing from the trash had."""
    try:
        refuse_existing(target)
    except FileError as error:
        raise FileError(error.message, hint=f"rename it, then: gts restore {entry.name}") from error


def _read_entry(folder: Path) -> TrashEntry | None:
    """What lies in a folder of the trash; None where that is nothing whole."""
    try:
        data = json.loads((folder / _INFO_FILE).read_bytes())
        one = TrashEntry(
            name=folder.name,
            kind=str(data["kind"]),
            origin=str(data["origin"]),
            deleted=str(data["deleted"]),
            batch=int(data["together"]),
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
    """What the catalogue has of a run or study."""
    with suppress(FileError), Catalogue(workspace.catalogue, read_only=True) as catalogue:
        run, job, study = catalogue.get_run(name), catalogue.get_job(name), catalogue.get_study(name)
        records = {"run": run, "job": job, "study": study}
        known: dict[str, Any] = {key: asdict(record) for key, record in records.items() if record is not None}
        return known | {"checkpoints": [asdict(one) for one in catalogue.checkpoints(name)]}
    return {}


def _restore_records(workspace: Workspace, records: Mapping[str, Any]) -> None:
    """Tell the catalogue again; where it cannot be written, it learns of a run from its folder later."""
    with suppress(FileError, TypeError, KeyError), Catalogue(workspace.catalogue) as catalogue:
        runs = [RunRecord(**records["run"])] if "run" in records else []
        jobs = [JobRecord(**records["job"])] if "job" in records else []
        catalogue.put_many(runs, jobs)
        if "study" in records:
            study = dict(records["study"])
            catalogue.put_study(StudyRecord(**study | {"directions": tuple(study["directions"])}))
        for one in records.get("checkpoints", ()):
            catalogue.put_checkpoint(CheckpointRecord(**one))
