"""Files as an editor needs them: lines that end in one way, and everything else of the file kept for the day it is saved.

Edits that are not saved yet are kept on this machine's disk, so that no crash, kill or lost connection takes them.

One file for each text and program, in the folder of this user's state: also a file that lies where nobody may write is safe.
A file whose program lives is its own business; one whose program is gone is offered when its text is opened again.

What `gts check` says about a text that is not saved yet.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Hashable
from dataclasses import asdict, dataclass
from pathlib import Path

from gts.errors import FileError, FormatError, GtsError, Problem, reason
from gts.formats.durable import write_durably
from gts.formats.file_checks import MEGABYTE, identify_file_type, read_bytes
from gts.formats.space_file import parse_space
from gts.formats.spec_file import parse_spec
from gts.formats.strict_json import parse_json
from gts.system import ProcessIdentity, is_running, own_identity, this_system
from gts_tui.polling import stat_stamp

_BOM = b"\xef\xbb\xbf"
_LINE_ENDS = re.compile(r"\r\n|\r|\n")
_UNICODE_LINE_ENDS = re.compile("[\v\f\x1c-\x1e\x85\u2028\u2029]")
"""What Python takes for the end of a line, and JSON does not."""


@dataclass(frozen=True)
class DiskVersion:
    """What a file holds."""

    text: str
    """Its lines, each ended by a line feed."""
    newline: str = "\n"
    """How its lines end."""
    has_bom: bool = False
    """Whether it begins with a byte order mark."""
    stamp: Hashable = None
    """When and how large it was; None in it where there is no file."""
    note: str = ""
    """What could not be kept as it was."""

    @property
    def exists(self) -> bool:
        """Whether there is a file."""
        return self.stamp != missing_stamp()

    def encode(self, text: str) -> bytes:
        """Another text as this file would have it."""
        body = text.replace("\n", self.newline) if self.newline != "\n" else text
        return (_BOM if self.has_bom else b"") + body.encode()


def missing_stamp() -> Hashable:
    """The stamp of a file that is not there."""
    return (None,)


MISSING_FILE = DiskVersion("", stamp=(None,))
"""A file that is not there."""


def load_file(path: Path) -> DiskVersion:
    """What a file holds now. Raises FileError where it cannot be read, FormatError where it is no text in UTF-8."""
    stamp = stat_stamp(path)
    if stamp == missing_stamp():
        raise FileError(f"no such file: {path}", hint="n makes a new one")
    try:
        is_empty = path.is_file() and path.stat().st_size == 0
    except OSError:
        is_empty = False
    data = b"" if is_empty else read_bytes(path, "spec or space", MEGABYTE)
    has_bom = data.startswith(_BOM)
    try:
        text = data.removeprefix(_BOM).decode()
    except UnicodeDecodeError as error:
        what = identify_file_type(data[:16]) or f"byte 0x{data[error.start]:02x} is not UTF-8"
        raise FormatError(str(path), [Problem(f"this is no text: {what}")], hint="name a spec or a space") from error
    line_ends = _LINE_ENDS.findall(text)
    newline = max(("\n", "\r\n", "\r"), key=line_ends.count)
    notes = []
    if len(set(line_ends)) > 1:
        notes.append("its lines end in different ways; once saved, all end in the same way")
    normalized, replaced_count = _UNICODE_LINE_ENDS.subn(
        lambda found: f"\\u{ord(found.group()):04x}", _LINE_ENDS.sub("\n", text)
    )
    if replaced_count:
        notes.append(f"{replaced_count} odd signs that look like line ends are written as \\u…")
    return DiskVersion(normalized, newline, has_bom, stamp, "; ".join(notes))


def load_file_or_missing(path: Path) -> DiskVersion:
    """What a file holds now, NOTHING where it is gone; raises as `load_file`."""
    return load_file(path) if stat_stamp(path) != missing_stamp() else MISSING_FILE


def save_file(path: Path, text: str, original: DiskVersion) -> DiskVersion:
    """Write a text durably in the way of the file that it comes from; raises FileError."""
    write_durably(path, original.encode(text))
    return DiskVersion(text, original.newline, original.has_bom, stat_stamp(path))


def find_specs_and_spaces(root: Path, limit: int = 500, should_stop: Callable[[], bool] = lambda: False) -> list[str]:
    """The specs and spaces that a person put into a workspace, relative to it, by name."""
    found: list[str] = []
    for folder, folders, names in os.walk(root):
        folder_path = Path(folder)
        hidden = ("runs", "studies") if folder_path == root else ()
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in hidden)
        found += [str((folder_path / name).relative_to(root)) for name in sorted(names) if name.endswith((".spec", ".space"))]
        if len(found) >= limit or should_stop():
            break
    return found[:limit]


@dataclass(frozen=True)
class Draft:
    """Edits that were kept."""

    draft_path: Path
    """The file that keeps them."""
    document_path: Path
    """The file that they are of."""
    text: str
    written_at: float
    """Seconds since 1970."""
    owner: ProcessIdentity

    @property
    def is_in_use(self) -> bool:
        """Whether the program that wrote it lives, here or, for all that is known, on another machine."""
        return self.owner.host == os.uname().nodename and is_running(self.owner)


def write_draft(path: Path, text: str) -> None:
    """Keep the edits of a file; raises FileError where that is impossible."""
    owner = own_identity()
    draft_path = _draft_path(path, owner)
    try:
        draft_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise FileError(f"cannot keep unsaved edits in `{draft_path.parent}`: {reason(error)}") from error
    content = {"path": str(path), "text": text, "written": time.time(), "owner": asdict(owner)}
    write_durably(draft_path, json.dumps(content).encode())


def delete_own_draft(path: Path) -> None:
    """Keep nothing of a file any more; what other programs keep of it stays."""
    with contextlib.suppress(OSError):
        _draft_path(path, own_identity()).unlink()


def find_drafts(path: Path) -> list[Draft]:
    """What programs that may be gone have kept of a file, the newest first; this one's own is not among it."""
    try:
        draft_paths = list(_drafts_folder().glob(f"{_document_hash(path)}.*.json"))
    except OSError:
        return []
    own = own_identity()
    found = [draft for place in draft_paths if (draft := _read_draft(place)) is not None and draft.owner != own]
    return sorted(found, key=lambda draft: -draft.written_at)


def delete_draft(draft: Draft) -> None:
    """Nobody wants these edits."""
    with contextlib.suppress(OSError):
        draft.draft_path.unlink()


def _drafts_folder() -> Path:
    return this_system().state_folder() / "edits"


def _document_hash(path: Path) -> str:
    return hashlib.sha256(os.path.realpath(path).encode("utf-8", "surrogateescape")).hexdigest()[:24]


def _draft_path(path: Path, owner: ProcessIdentity) -> Path:
    owner_hash = hashlib.sha256(f"{owner.host} {owner.boot} {owner.pid} {owner.started}".encode()).hexdigest()[:12]
    return _drafts_folder() / f"{_document_hash(path)}.{owner_hash}.json"


def _read_draft(draft_path: Path) -> Draft | None:
    try:
        content = json.loads(draft_path.read_bytes())
        owner = ProcessIdentity(**content["owner"])
        return Draft(draft_path, Path(content["path"]), str(content["text"]), float(content["written"]), owner)
    except (OSError, ValueError, KeyError, TypeError):
        return None


@dataclass(frozen=True)
class Diagnostics:
    """What was found in a text."""

    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()

    def in_order(self) -> tuple[tuple[Problem, bool], ...]:
        """Everything from the top to the end, each with whether it is an error."""
        both = [(problem, True) for problem in self.errors] + [(problem, False) for problem in self.warnings]
        return tuple(sorted(both, key=lambda found: (found[0].line, found[0].column, not found[1])))


def detect_kind(name: str, text: str) -> str:
    """`spec` or `space`: by the ending of the name, else by what the text has."""
    if name.endswith((".spec", ".space")):
        return name.rpartition(".")[2]
    return "space" if '"paramSpace"' in text else "spec"


def check_text(text: str, name: str, kind: str) -> Diagnostics:
    """Everything that is wrong with a text, and what is suspicious where nothing is."""
    if not text.strip():
        return Diagnostics((Problem("there is nothing in it yet; a file begins with {", "", 1, 1),))
    try:
        document = parse_json(text, name)
        return Diagnostics(warnings=(parse_space(document) if kind == "space" else parse_spec(document)).warnings)
    except FormatError as error:
        return Diagnostics(error.problems)
    except GtsError as error:
        return Diagnostics((Problem(error.message, "", 1, 1),))
