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

from gts.errors import FileError, FormatError, GtsError, Problem
from gts.formats.durable import write_durably
from gts.formats.file_checks import MEGABYTE, read_bytes, recognise
from gts.formats.space_file import space_of
from gts.formats.spec_file import spec_of
from gts.formats.strict_json import parse_json
from gts.system import ProcessIdentity, lives, own_identity, this_system
from gts_tui.polling import changed

_MARK = b"\xef\xbb\xbf"
_ENDS = re.compile(r"\r\n|\r|\n")
_ODD = re.compile("[\v\f\x1c-\x1e\x85\u2028\u2029]")
"""What Python takes for the end of a line, and JSON does not."""


@dataclass(frozen=True)
class Saved:
    """What a file holds."""

    text: str
    """Its lines, each ended by a line feed."""
    newline: str = "\n"
    """How its lines end."""
    marked: bool = False
    """Whether it begins with a byte order mark."""
    stamp: Hashable = None
    """When and how large it was; None in it where there is no file."""
    note: str = ""
    """What could not be kept as it was."""

    @property
    def there(self) -> bool:
        """Whether there is a file."""
        return self.stamp != changed_nothing()

    def data(self, text: str) -> bytes:
        """Another text as this file would have it."""
        body = text.replace("\n", self.newline) if self.newline != "\n" else text
        return (_MARK if self.marked else b"") + body.encode()


def changed_nothing() -> Hashable:
    """The stamp of a file that is not there."""
    return (None,)


NOTHING = Saved("", stamp=(None,))
"""A file that is not there."""


def load(path: Path) -> Saved:
    """What a file holds now. Raises FileError where it cannot be read, FormatError where it is no text in UTF-8."""
    stamp = changed(path)
    if stamp == changed_nothing():
        raise FileError(f"no such file: {path}", hint="n makes a new one")
    try:
        empty = path.is_file() and path.stat().st_size == 0
    except OSError:
        empty = False
    data = b"" if empty else read_bytes(path, "spec or space", MEGABYTE)
    marked = data.startswith(_MARK)
    try:
        text = data.removeprefix(_MARK).decode()
    except UnicodeDecodeError as error:
        what = recognise(data[:16]) or f"byte 0x{data[error.start]:02x} is not UTF-8"
        raise FormatError(str(path), [Problem(f"this is no text: {what}")], hint="name a spec or a space") from error
    ends = _ENDS.findall(text)
    newline = max(("\n", "\r\n", "\r"), key=ends.count)
    notes = []
    if len(set(ends)) > 1:
        notes.append("its lines end in different ways; once saved, all end in the same way")
    plain, odd = _ODD.subn(lambda found: f"\\u{ord(found.group()):04x}", _ENDS.sub("\n", text))
    if odd:
        notes.append(f"{odd} odd signs that look like line ends are written as \\u…")
    return Saved(plain, newline, marked, stamp, "; ".join(notes))


def read_again(path: Path) -> Saved:
    """What a file holds now, NOTHING where it is gone; raises as `load`."""
    return load(path) if changed(path) != changed_nothing() else NOTHING


def save(path: Path, text: str, saved: Saved) -> Saved:
    """Write a text durably in the way of the file that it comes from; raises FileError."""
    write_durably(path, saved.data(text))
    return Saved(text, saved.newline, saved.marked, changed(path))


def specs_and_spaces(root: Path, most: int = 500, enough: Callable[[], bool] = lambda: False) -> list[str]:
    """The specs and spaces that a person put into a workspace, relative to it, by name."""
    found: list[str] = []
    for folder, folders, names in os.walk(root):
        here = Path(folder)
        hidden = ("runs", "studies") if here == root else ()
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in hidden)
        found += [str((here / name).relative_to(root)) for name in sorted(names) if name.endswith((".spec", ".space"))]
        if len(found) >= most or enough():
            break
    return found[:most]


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


@dataclass(frozen=True)
class Findings:
    """What was found in a text."""

    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()

    def all(self) -> tuple[tuple[Problem, bool], ...]:
        """Everything from the top to the end, each with whether it is an error."""
        both = [(problem, True) for problem in self.errors] + [(problem, False) for problem in self.warnings]
        return tuple(sorted(both, key=lambda found: (found[0].line, found[0].column, not found[1])))


def kind_of_text(name: str, text: str) -> str:
    """`spec` or `space`: by the ending of the name, else by what the text has."""
    if name.endswith((".spec", ".space")):
        return name.rpartition(".")[2]
    return "space" if '"paramSpace"' in text else "spec"


def check_text(text: str, name: str, kind: str) -> Findings:
    """Everything that is wrong with a text, and what is suspicious where nothing is."""
    if not text.strip():
        return Findings((Problem("there is nothing in it yet; a file begins with {", "", 1, 1),))
    try:
        document = parse_json(text, name)
        return Findings(warnings=(space_of(document) if kind == "space" else spec_of(document)).warnings)
    except FormatError as error:
        return Findings(error.problems)
    except GtsError as error:
        return Findings((Problem(error.message, "", 1, 1),))
