"""Read the bytes of a file, with a clear error for every way in which that can fail."""

from __future__ import annotations

import difflib
import os
import stat
from pathlib import Path

from gts.errors import FileError, reason

MEGABYTE = 1_000_000


def read_bytes(path: str | os.PathLike[str], kind: str, limit: int) -> bytes:
    """Read a file of at most `limit` bytes; `kind` ("spec", "checkpoint") appears in messages.

    The size is checked first. Raises FileError for a missing, unreadable, too large or empty file, a folder or a device.
    """
    check_file(path, kind, limit)
    try:
        with open(path, "rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise _make_read_error(path, error) from error
    if len(data) > limit:
        raise _make_size_error(path, kind, limit, len(data))
    return data


def check_file(path: str | os.PathLike[str], kind: str, limit: int) -> int:
    """Check a file as `read_bytes` does. Returns its size in bytes."""
    name = os.fspath(path)
    if "\0" in name or not name:
        raise FileError(f"{name!r} is not a file name", hint=f"name a {kind}")
    try:
        status = os.stat(path)
    except FileNotFoundError as error:
        raise FileError(f"no such file: {name}", hint=_suggest_file(Path(name), kind)) from error
    except OSError as error:
        raise _make_read_error(path, error) from error
    if stat.S_ISDIR(status.st_mode):
        raise FileError(f"{name} is a folder, not a {kind}", hint=_suggest_file_in_folder(Path(name), kind))
    if not stat.S_ISREG(status.st_mode):
        raise FileError(f"{name} is a device or a pipe, not a {kind}", hint=f"save the {kind} as a file first")
    if status.st_size > limit:
        raise _make_size_error(path, kind, limit, status.st_size)
    if status.st_size == 0:
        raise FileError(f"{name} is empty", hint="it may have been cut off while it was copied; copy it again")
    return status.st_size


def identify_file_type(head: bytes) -> str:
    """Guess the type of a file from its first bytes; empty if unknown."""
    if head[:4] == b"PK\x03\x04":
        return "a zip file, perhaps a checkpoint of the original program"
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return "a Python pickle"
    if head[:15] == b"SQLite format 3":
        return "an SQLite database"
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 2**32:
        return "a checkpoint"
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "text in UTF-16"
    return ""


def _make_read_error(path: str | os.PathLike[str], error: OSError) -> FileError:
    if isinstance(error, PermissionError):
        return FileError(f"cannot read {os.fspath(path)}: permission denied", hint="ask its owner, or change its permissions")
    return FileError(f"cannot read {os.fspath(path)}: {reason(error)}")


def _make_size_error(path: str | os.PathLike[str], kind: str, limit: int, size: int) -> FileError:
    return FileError(
        f"{os.fspath(path)} has {size / MEGABYTE:.1f} MB; a {kind} has at most {limit / MEGABYTE:g} MB",
        hint=f"check that it is a {kind}",
    )


def find_similar_file(path: Path) -> Path | None:
    """Find a file that a missing path may mean: the same name one folder below, or the most similar name in its folder.

    If the folder is missing too, the most similar folder is searched. None if nothing is similar.
    """
    parent = path.parent
    if not parent.is_dir():
        folders = difflib.get_close_matches(parent.name, _list_names(parent.parent), n=1)
        if not folders:
            return None
        parent = parent.with_name(folders[0])
    names = sorted(_list_names(parent))
    below = (parent / name / path.name for name in names)
    close = difflib.get_close_matches(path.name, names, n=1)
    return next(filter(Path.is_file, below), parent / close[0] if close else None)


def _suggest_file(path: Path, kind: str) -> str:
    """A hint that names the most similar file, or the missing folder."""
    found = find_similar_file(path)
    if found is not None:
        return f"did you mean {found}?"
    return f"name a {kind} that exists" if path.parent.exists() else f"there is no folder {path.parent}"


def _list_names(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in os.scandir(folder)]
    except OSError:
        return []


def _suggest_file_in_folder(path: Path, kind: str) -> str:
    try:
        names = sorted(entry.name for entry in os.scandir(path) if entry.name.endswith("." + kind))
    except OSError:
        names = []
    return f"name a file in it, such as {path / names[0]}" if names else f"name a {kind}"
