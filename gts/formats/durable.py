"""Durable writes: after a crash, a full disk or a power cut either the old file or the new one exists, whole."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from pathlib import Path

from gts.errors import FileError, FullDiskError, reason

WRITE_ERRORS = {
    errno.ENOENT: ("the folder does not exist", "make it first, or name another place"),
    errno.ENOTDIR: ("a part of its path is a file, not a folder", "name another place"),
    errno.EISDIR: ("it is a folder", "name a file inside it"),
    errno.EACCES: ("permission denied", "name a place that you may write to"),
    errno.EPERM: ("permission denied", "name a place that you may write to"),
    errno.EROFS: ("the file system is read-only", "name another place"),
    errno.ENOSPC: ("the disk is full", "free some space and try again"),
    errno.EDQUOT: ("your quota on this disk is used up", "free some space and try again"),
    errno.EFBIG: ("the file is larger than this system allows", "name a place on another disk"),
    errno.ENAMETOOLONG: ("the name is too long", "choose a shorter name"),
}
"""(reason, hint) of a failed write, by errno."""
DISK_FULL_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Errors that mean that there is no space left."""

PARTIAL_SUFFIX = ".part"
"""Suffix of a file while it is written."""


def write_durably(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file through a temporary one in the same folder; on return the bytes are on the disk.

    Follows links and keeps the permissions of a replaced file. Raises FileError, or FullDiskError without space; the old file
    is then unchanged and no temporary file remains.
    """
    target = _resolve_target(path)
    try:
        temporary, descriptor = _create_temporary(target)
        try:
            with open(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                _fsync_file(file.fileno())
            os.replace(temporary, target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        _fsync_folder(target.parent)
    except OSError as error:
        raise _make_write_error(path, error) from error


def check_writable(path: str | os.PathLike[str]) -> None:
    """Check before long work that `path` can be written later; leaves no file behind. Raises FileError."""
    target = _resolve_target(path)
    try:
        temporary, descriptor = _create_temporary(target)
        os.close(descriptor)
        os.unlink(temporary)
    except OSError as error:
        raise _make_write_error(path, error) from error


def remove_partial_files(path: str | os.PathLike[str]) -> None:
    """Remove temporary files of killed writes; call it only if no other process writes this file."""
    target = Path(os.path.realpath(path))
    with contextlib.suppress(OSError):
        for name in os.listdir(target.parent):
            if name.startswith(f".{target.name[:200]}.") and name.endswith(PARTIAL_SUFFIX):
                os.unlink(target.parent / name)


def _resolve_target(path: str | os.PathLike[str]) -> Path:
    """File behind a path, links resolved. Raises FileError if it may not be replaced."""
    if "\0" in os.fspath(path) or not os.fspath(path):
        raise FileError(f"{os.fspath(path)!r} is not a file name", hint="name a file")
    target = Path(os.path.realpath(path))
    try:
        if target.is_dir() or os.fspath(path).endswith(os.sep):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if target.exists() and not target.is_file():
            raise FileError(f"cannot write {path}: it is a device or a pipe, not a file", hint="name another place")
        if target.exists() and not os.access(target, os.W_OK):
            raise FileError(
                f"cannot write {path}: the file is write-protected", hint="allow writing to it, or name another file"
            )
    except OSError as error:
        raise _make_write_error(path, error) from error
    return target


def _create_temporary(target: Path) -> tuple[Path, int]:
    """Create an empty file beside `target` with its permissions, or those of a new file. Returns its path and descriptor."""
    temporary = target.with_name(f".{target.name[:200]}.{secrets.token_hex(4)}{PARTIAL_SUFFIX}")
    descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_CLOEXEC", 0), 0o666)
    with contextlib.suppress(OSError):
        os.fchmod(descriptor, target.stat().st_mode & 0o777)
    return temporary, descriptor


def _fsync_file(descriptor: int) -> None:
    """fsync; F_FULLFSYNC on macOS, as fsync leaves the bytes in the drive's cache there."""
    import fcntl

    full = getattr(fcntl, "F_FULLFSYNC", None)
    if full is not None:
        with contextlib.suppress(OSError):
            fcntl.fcntl(descriptor, full)
            return
    os.fsync(descriptor)


def _fsync_folder(folder: Path) -> None:
    """Make a rename durable; ignored by file systems that cannot sync folders."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make_write_error(path: str | os.PathLike[str], error: OSError) -> FileError:
    cause, hint = WRITE_ERRORS.get(error.errno or 0, (reason(error), "name another place"))
    kind = FullDiskError if error.errno in DISK_FULL_ERRNOS else FileError
    return kind(f"cannot write {os.fspath(path)}: {cause}", hint=hint)
