"""Edits that are not saved yet are kept on this machine's disk, so that no crash, kill or lost connection takes them.

One file for each text and program, in the folder of this user's state: also a file that lies where nobody may write is safe.
A file whose program lives is its own business; one whose program is gone is offered when its text is opened again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from gts.errors import FileError
from gts.formats.durable import write_durably
from gts.system import ProcessIdentity, lives, own_identity, this_system


@dataclass(frozen=True)
class Kept:
    """Edits that were kept."""

    place: Path
    """The file that keeps them."""
    path: Path
    """The file that they are of."""
    text: str
    written: float
    """Seconds since 1970."""
    owner: ProcessIdentity

    @property
    def in_use(self) -> bool:
        """Whether the program that wrote it lives, here or, for all that is known, on another machine."""
        return self.owner.host == os.uname().nodename and lives(self.owner)


def keep(path: Path, text: str) -> None:
    """Keep the edits of a file; raises FileError where that is impossible."""
    owner = own_identity()
    place = _place(path, owner)
    try:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise FileError(f"cannot keep unsaved edits in `{place.parent}`: {(error.strerror or str(error)).lower()}") from error
    content = {"path": str(path), "text": text, "written": time.time(), "owner": asdict(owner)}
    write_durably(place, json.dumps(content).encode())


def let_go(path: Path) -> None:
    """Keep nothing of a file any more; what other programs keep of it stays."""
    with contextlib.suppress(OSError):
        _place(path, own_identity()).unlink()


def kept_of(path: Path) -> list[Kept]:
    """What programs that may be gone have kept of a file, the newest first; this one's own is not among it."""
    try:
        places = list(_folder().glob(f"{_name(path)}.*.json"))
    except OSError:
        return []
    mine = own_identity()
    found = [kept for place in places if (kept := _read(place)) is not None and kept.owner != mine]
    return sorted(found, key=lambda kept: -kept.written)


def forget(kept: Kept) -> None:
    """Nobody wants these edits."""
    with contextlib.suppress(OSError):
        kept.place.unlink()


def _folder() -> Path:
    return this_system().state_folder() / "edits"


def _name(path: Path) -> str:
    return hashlib.sha256(os.path.realpath(path).encode("utf-8", "surrogateescape")).hexdigest()[:24]


def _place(path: Path, owner: ProcessIdentity) -> Path:
    program = hashlib.sha256(f"{owner.host} {owner.boot} {owner.pid} {owner.started}".encode()).hexdigest()[:12]
    return _folder() / f"{_name(path)}.{program}.json"


def _read(place: Path) -> Kept | None:
    try:
        content = json.loads(place.read_bytes())
        owner = ProcessIdentity(**content["owner"])
        return Kept(place, Path(content["path"]), str(content["text"]), float(content["written"]), owner)
    except (OSError, ValueError, KeyError, TypeError):
        return None
