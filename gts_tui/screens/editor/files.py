"""Files of the editor: reading and writing with line endings preserved, drafts of unsaved edits, and checks.

A draft is one file per document and process in the user's state folder, so that a crash, a kill or a lost connection loses no
edits, also of documents in read-only folders. When a document is opened, drafts of processes that have ended are offered.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import time
from collections.abc import Hashable
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
"""Line separators of `str.splitlines` that are not line breaks in JSON."""


MISSING_STAMP: Hashable = (None,)
"""Stamp of a file that does not exist."""


@dataclass(frozen=True)
class DiskVersion:
    """Contents of a file at one time."""

    text: str
    """Text with `\
    ` line endings.
    """
    newline: str = "\n"
    """Most frequent line ending of the file."""
    has_bom: bool = False
    """Whether the file begins with a byte order mark."""
    stamp: Hashable = None
    """`stat_stamp` of the file; `MISSING_STAMP` if it does not exist."""
    note: str = ""
    """Changes that saving makes beside the edits, as a message; empty if there are none."""

    @property
    def exists(self) -> bool:
        """Whether the file exists."""
        return self.stamp != MISSING_STAMP

    def encode(self, text: str) -> bytes:
        """Encode a text with the line endings and byte order mark of this file."""
        body = text.replace("\n", self.newline) if self.newline != "\n" else text
        return (_BOM if self.has_bom else b"") + body.encode()


MISSING_FILE = DiskVersion("", stamp=MISSING_STAMP)


def load_file(path: Path) -> DiskVersion:
    """Read a file. Raises FileError if it cannot be read, FormatError if it is not UTF-8."""
    stamp = stat_stamp(path)
    if stamp == MISSING_STAMP:
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
        reason = identify_file_type(data[:16]) or f"byte 0x{data[error.start]:02x} is not UTF-8"
        raise FormatError(str(path), [Problem(f"not a text file: {reason}")], hint="name a spec or a space") from error
    line_ends = _LINE_ENDS.findall(text)
    newline = max(("\n", "\r\n", "\r"), key=line_ends.count)
    notes = []
    if len(set(line_ends)) > 1:
        notes.append("it mixes line endings; saving makes them the same")
    normalized, replaced_count = _UNICODE_LINE_ENDS.subn(
        lambda found: f"\\u{ord(found.group()):04x}", _LINE_ENDS.sub("\n", text)
    )
    if replaced_count:
        notes.append(f"{replaced_count} Unicode line separators are written as \\u…")
    return DiskVersion(normalized, newline, has_bom, stamp, "; ".join(notes))


def load_file_or_missing(path: Path) -> DiskVersion:
    """Read a file, or return MISSING_FILE. Raises as `load_file`."""
    return load_file(path) if stat_stamp(path) != MISSING_STAMP else MISSING_FILE


def save_file(path: Path, text: str, original: DiskVersion) -> DiskVersion:
    """Write a text durably in the encoding of `original`. Raises FileError."""
    write_durably(path, original.encode(text))
    return DiskVersion(text, original.newline, original.has_bom, stat_stamp(path))


def find_specs_and_spaces(root: Path, limit: int = 500) -> list[str]:
    """Return the sorted paths of specs and spaces, relative to the workspace; runs and studies are skipped."""
    found: list[str] = []
    for folder, folders, names in os.walk(root):
        folder_path = Path(folder)
        hidden = ("runs", "studies") if folder_path == root else ()
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in hidden)
        found += [str((folder_path / name).relative_to(root)) for name in sorted(names) if name.endswith((".spec", ".space"))]
        if len(found) >= limit:
            break
    return found[:limit]


@dataclass(frozen=True)
class Draft:
    """Unsaved edits that a process has written to disk."""

    draft_path: Path
    """File that holds the draft."""
    document_path: Path
    """File that was edited."""
    text: str
    written_at: float
    """Unix time in seconds."""
    owner: ProcessIdentity

    @property
    def is_in_use(self) -> bool:
        """Whether the process that wrote the draft is running; one on another host is assumed to have ended."""
        return self.owner.host == os.uname().nodename and is_running(self.owner)


def write_draft(path: Path, text: str) -> None:
    """Write unsaved edits to this process's draft of a file. Raises FileError."""
    owner = own_identity()
    draft_path = _draft_path(path, owner)
    try:
        draft_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise FileError(f"cannot keep unsaved edits in `{draft_path.parent}`: {reason(error)}") from error
    content = {"path": str(path), "text": text, "written": time.time(), "owner": asdict(owner)}
    write_durably(draft_path, json.dumps(content).encode())


def delete_own_draft(path: Path) -> None:
    """Delete this process's draft of a file; drafts of other processes stay."""
    with contextlib.suppress(OSError):
        _draft_path(path, own_identity()).unlink()


def find_drafts(path: Path) -> list[Draft]:
    """Return drafts of a file by other processes, newest first."""
    try:
        draft_paths = list(_drafts_folder().glob(f"{_document_hash(path)}.*.json"))
    except OSError:
        return []
    own = own_identity()
    found = [draft for place in draft_paths if (draft := _read_draft(place)) is not None and draft.owner != own]
    return sorted(found, key=lambda draft: -draft.written_at)


def delete_draft(draft: Draft) -> None:
    """Delete a draft."""
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
    """Errors and warnings of a text."""

    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()

    def in_order(self) -> tuple[tuple[Problem, bool], ...]:
        """Return (problem, is_error) pairs by position."""
        both = [(problem, True) for problem in self.errors] + [(problem, False) for problem in self.warnings]
        return tuple(sorted(both, key=lambda found: (found[0].line, found[0].column, not found[1])))


def detect_kind(name: str, text: str) -> str:
    """Return `spec` or `space`, by the file name's suffix, else by the text."""
    if name.endswith((".spec", ".space")):
        return name.rpartition(".")[2]
    return "space" if '"paramSpace"' in text else "spec"


def check_text(text: str, name: str, kind: str) -> Diagnostics:
    """Check a text; warnings are reported only if there are no errors."""
    if not text.strip():
        return Diagnostics((Problem("the file is empty; it must begin with {", "", 1, 1),))
    try:
        document = parse_json(text, name)
        return Diagnostics(warnings=(parse_space(document) if kind == "space" else parse_spec(document)).warnings)
    except FormatError as error:
        return Diagnostics(error.problems)
    except GtsError as error:
        return Diagnostics((Problem(error.message, "", 1, 1),))
