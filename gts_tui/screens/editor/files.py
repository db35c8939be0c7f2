"""Files as an editor needs them: lines that end in one way, and everything else of the file kept for the day it is saved."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path

from gts.errors import FileError, FormatError, Problem
from gts.formats.durable import write_durably
from gts.formats.file_checks import MEGABYTE, read_bytes, recognise
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
